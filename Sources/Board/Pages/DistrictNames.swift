import Localization
import TipModel

/// Finds the names that people know for zones, posts and units.
struct DistrictNames {
    private let zones: [ZoneID: String]
    private let posts: [PostID: String]
    private let units: [UnitID: String]

    init(zones: [Zone], posts: [BoardPost], units: [PatrolUnit], language: Language) {
        func named<ID: Hashable>(_ pairs: [(ID, String)]) -> [ID: String] {
            Dictionary(pairs.map { ($0.0, localName($0.1, language)) }, uniquingKeysWith: { first, _ in first })
        }
        self.zones = named(zones.map { ($0.id, $0.name) })
        self.posts = named(posts.map { ($0.post.id, $0.post.name) })
        self.units = named(units.map { ($0.id, $0.name) })
    }

    init(_ overview: BoardOverview, language: Language) {
        self.init(zones: overview.zones, posts: overview.posts, units: overview.units, language: language)
    }

    subscript(zone: ZoneID) -> String { zones[zone] ?? zone.rawValue }
    subscript(post: PostID) -> String { posts[post] ?? post.rawValue }
    subscript(unit: UnitID) -> String { units[unit] ?? unit.rawValue }

    /// Who did something, by the name that people know.
    func name(_ who: Operator, _ words: Words) -> String {
        switch who.role {
        case .unit: UnitID(who.name).map { self[$0] } ?? who.name
        case .post: PostID(who.name).map { self[$0] } ?? who.name
        case .desk, .officer: words.catalogue.name(who.role) + (who.name.isEmpty ? "" : " " + who.name)
        }
    }
}

import Localization
import TipModel

/// Finds the names that people know for zones, posts and units.
struct DistrictNames {
    private let zones: [ZoneID: String]
    private let posts: [PostID: String]
    private let units: [UnitID: String]

    init(zones: [Zone], posts: [BoardPost], units: [PatrolUnit], language: Language) {
        func named<ID: Hashable>(_ pairs: [(ID, String)]) -> [ID: String] {
            Dictionary(pairs.map { ($0.0, Self.local($0.1, language)) }, uniquingKeysWith: { first, _ in first })
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

    /// One side of a name in two languages, `东苑片区 (Dongyuan)`: the part in brackets is the English one if it alone is plain
    /// ASCII. Any other name stays whole.
    static func local(_ name: String, _ language: Language) -> String {
        guard name.hasSuffix(")"), let open = name.firstIndex(of: "("), open > name.startIndex else { return name }
        let before = name[..<open].reversed().drop { $0 == " " }.reversed()
        let inside = name[name.index(after: open)...].dropLast()
        guard !inside.isEmpty, inside.allSatisfy(\.isASCII), !before.allSatisfy(\.isASCII) else { return name }
        return language == .zh ? String(before) : String(inside)
    }
}

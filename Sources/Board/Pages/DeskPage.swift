import Hummingbird
import Localization
import TipModel

/// Which incidents the board shows; the address of the page says it, so that it can be kept and shared.
struct BoardFilter: Hashable {
    enum Standing: String, CaseIterable {
        /// Everything that is not cleared.
        case anyOpen = ""
        case open
        case claimed
        case enRoute = "en_route"
        case onScene = "on_scene"
        case cleared
    }

    var zone: ZoneID?
    var category: String?
    /// Exactly this level.
    var level: UrgencyLevel?
    var standing = Standing.anyOpen
    /// How many incidents before the first that is shown.
    var from = 0

    init() {}

    /// What is not known is not filtered by.
    init(_ query: some Collection<(key: Substring, value: Substring)>) {
        for (key, value) in query {
            switch key {
            case "zone": zone = ZoneID(String(value))
            case "category" where !value.isEmpty: category = String(value)
            case "level": level = UrgencyLevel(name: String(value))
            case "phase": standing = Standing(rawValue: String(value)) ?? .anyOpen
            case "from": from = min(max(0, Int(value) ?? 0), BoardLimits.openIncidents)
            default: continue
            }
        }
    }

    var isActive: Bool { zone != nil || category != nil || level != nil || standing != .anyOpen }

    func admits(_ incident: Incident) -> Bool {
        if let zone, incident.zone != zone { return false }
        if let category, incident.category != category { return false }
        if let level, incident.urgency.level != level { return false }
        switch standing {
        case .anyOpen: return incident.phase != .cleared
        default: return incident.phase.name == standing.rawValue
        }
    }

    /// The page's address with it.
    func address(from start: Int = 0) -> String {
        var pairs: [String] = []
        if let zone { pairs.append("zone=\(zone)") }
        if let category { pairs.append("category=\(queryEncoded(category))") }
        if let level { pairs.append("level=\(level.name)") }
        if standing != .anyOpen { pairs.append("phase=\(standing.rawValue)") }
        if start > 0 { pairs.append("from=\(start)") }
        return pairs.isEmpty ? "/" : "/?" + pairs.joined(separator: "&")
    }
}

/// One choice of a list.
struct Choice {
    let value: String
    let label: String
    let isChosen: Bool
}

/// The desk's board.
struct DeskPage {
    /// Rows on one page: more are not read at a glance, and the page stays quick on a slow machine.
    static let rows = 60

    struct Count {
        let level: LevelView
        let count: String
    }

    struct SilentPost {
        let name: String
        let zone: String
        let since: String
    }

    let total: String
    let counts: [Count]
    let drills: String?
    let unclaimed: String
    let overdue: String?
    /// How many ring, and the level that rings: of all that is open, whatever the filter shows.
    let unseen: String?
    let alarm: String?
    let rows: [IncidentRow]
    let isEmpty: Bool
    let emptyText: String
    let more: String?
    let moreAddress: String
    let firstAddress: String?
    let zoneChoices: [Choice]
    let categoryChoices: [Choice]
    let levelChoices: [Choice]
    let phaseChoices: [Choice]
    let isFiltered: Bool
    let map: DistrictMap
    let silent: [SilentPost]
    let neverHeard: String?
    let online: String

    init(_ scope: PageScope, filter: BoardFilter) {
        let (words, overview) = (scope.words, scope.overview)
        let real = overview.open.filter { !$0.drill }
        total = "\(overview.openTotal)"
        counts = UrgencyLevel.allCases.reversed().map { level in
            Count(level: scope.level(level), count: "\(real.filter { $0.urgency.level == level }.count)")
        }
        drills = overview.open.count == real.count ? nil : "\(overview.open.count - real.count)"
        unclaimed = "\(real.filter { $0.phase == .open }.count)"
        let late = real.filter { scope.age($0)?.isOverdue == true }.count
        overdue = late > 0 ? "\(late)" : nil
        let ringing = overview.open.filter { IncidentRow.rings($0, now: scope.now) }
        unseen = ringing.isEmpty ? nil : "\(ringing.count)"
        alarm = ringing.map(\.urgency.level).max()?.name

        let source = filter.standing == .cleared ? overview.cleared : overview.open.inBoardOrder()
        let matching = source.filter(filter.admits)
        let start = filter.from < matching.count ? filter.from : 0
        let shown = matching.dropFirst(start).prefix(Self.rows)
        rows = shown.map { IncidentRow($0, scope) }
        isEmpty = rows.isEmpty
        emptyText = words(filter.isActive ? .nothingMatches : .nothingOpen)
        let left = matching.count - start - shown.count
        more = left > 0 ? words(.moreRows, "\(left)") : nil
        moreAddress = filter.address(from: start + shown.count)
        firstAddress = start > 0 ? filter.address() : nil

        func choices(_ values: [(String, String)], chosen: String, any: PageText = .any) -> [Choice] {
            [Choice(value: "", label: words(any), isChosen: chosen.isEmpty)]
                + values.map { Choice(value: $0.0, label: $0.1, isChosen: $0.0 == chosen) }
        }
        zoneChoices = choices(overview.zones.map { ($0.id.rawValue, scope.names[$0.id]) }, chosen: filter.zone?.rawValue ?? "")
        categoryChoices = choices(overview.categories.map { ($0, words.catalogue.category($0)) }, chosen: filter.category ?? "")
        levelChoices = choices(
            UrgencyLevel.allCases.reversed().map { ($0.name, scope.level($0).word) }, chosen: filter.level?.name ?? "")
        phaseChoices = choices(
            Phase.allCases.map { ($0.name, words.catalogue.name($0)) }, chosen: filter.standing.rawValue, any: .anyOpen)
        isFiltered = filter.isActive

        map = DistrictMap(scope, incidents: matching.filter { $0.phase != .cleared })
        silent = Self.silentPosts(scope)
        let never = overview.posts.filter { $0.condition == .neverHeard }.count
        neverHeard = never > 0 ? "\(never)" : nil
        online = words(.onlineCount, "\(overview.posts.filter { $0.condition == .online }.count)", "\(overview.posts.count)")
    }
    static func silentPosts(_ scope: PageScope) -> [SilentPost] {
        scope.overview.posts.filter { $0.condition == .silent }.map { post in
            SilentPost(
                name: scope.names[post.post.id], zone: scope.names[post.post.zone],
                since: post.lastHeardAt.map { scope.words(.silentSince, scope.span(since: $0)) } ?? scope.words(.mapSilent))
        }
    }
}

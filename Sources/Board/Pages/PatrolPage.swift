import Localization
import TipModel

/// A unit's page: what it has, what is new, what is near.
struct PatrolPage {
    struct Card {
        let row: IncidentRow
        let key: String
        let cardTitle: String
        let distance: String?
        /// The step that comes next, large.
        let next: [OfferForm]
        /// The others, folded.
        let others: [OfferForm]
        let hasOthers: Bool
        let isMine: Bool
        let crewText: String?
    }

    struct Group {
        let id: String
        let title: String
        let count: String
        let cards: [Card]
        let isEmpty: Bool
        let emptyText: String
        /// That there are more than are shown.
        let rest: String?
    }

    /// Cards in a group: a phone shows three at a time.
    static let cards = 40

    let groups: [Group]
    let unitName: String?
    let zoneNames: String
    let alarmText: String?
    let alarmAddress: String?

    init(_ scope: PageScope) {
        let (words, unit) = (scope.words, scope.user.unit)
        let sorted = scope.overview.open.inBoardOrder()
        let active = unit.flatMap { scope.overview.active($0) }
        let here = active.flatMap { id in sorted.first { $0.id == id } }

        let mine = sorted.filter { incident in unit.map { incident.assignment(of: $0) != nil } ?? false }
        let rest = sorted.filter { incident in unit.map { incident.assignment(of: $0) == nil } ?? true }
        let new = rest.filter(IncidentRow.isUnseen)
        var near = rest.filter { !IncidentRow.isUnseen($0) }
        if let from = here?.position {
            // What waits for somebody stays before what somebody has; of each kind the nearest first.
            func metres(_ incident: Incident) -> Double { incident.position.map { $0.distance(to: from) } ?? .infinity }
            near = near.enumerated().sorted { left, right in
                let (leftWaits, rightWaits) = (left.element.phase == .open, right.element.phase == .open)
                if leftWaits != rightWaits { return leftWaits }
                let (leftAway, rightAway) = (metres(left.element), metres(right.element))
                return leftAway == rightAway ? left.offset < right.offset : leftAway < rightAway
            }.map(\.element)
        }
        func group(_ id: String, _ title: PageText, _ empty: PageText, _ incidents: [Incident]) -> Group {
            Group(
                id: id, title: words(title), count: "\(incidents.count)",
                cards: incidents.prefix(Self.cards).map { Self.card($0, scope, active: active, here: here) },
                isEmpty: incidents.isEmpty, emptyText: words(empty),
                rest: incidents.count > Self.cards ? words(.moreRows, "\(incidents.count - Self.cards)") : nil)
        }
        groups = [
            group("mine", .mine, .noneMine, mine), group("new", .new, .noneNew, new), group("near", .near, .noneNear, near),
        ]
        unitName = unit.map { scope.names[$0] }
        let zones: [ZoneID]
        switch scope.user.sight {
        case .all: zones = []
        case .zones(let own), .unit(_, let own): zones = own.sorted()
        }
        zoneNames = zones.map { scope.names[$0] }.joined(separator: words.language == .zh ? "、" : ", ")
        let ringing = rest.filter { IncidentRow.rings($0, now: scope.now) }
        alarmText = ringing.first.map { first in
            let spoken = IncidentRow(first, scope).spoken
            return ringing.count == 1 ? words(.alarmOne, spoken) : words(.alarmMany, "\(ringing.count)", spoken)
        }
        alarmAddress = ringing.first.map { "#i\($0.id.rawValue)" }
    }

    private static func card(_ incident: Incident, _ scope: PageScope, active: IncidentID?, here: Incident?) -> Card {
        let words = scope.words
        let offers = Offer.all(for: scope.user, on: incident, active: active, units: scope.overview.units, now: scope.now)
            .map { (offer: $0, form: OfferForm($0, incident, scope)) }
        func isOther(_ offer: Offer) -> Bool {
            switch offer {
            case .release, .handOver: true
            default: false
            }
        }
        var distance: String?
        if let here, here.id != incident.id, let from = here.position, let to = incident.position {
            distance = words(.distance, Self.metres(to.distance(to: from), words), "\(here.id.rawValue)")
        }
        let row = IncidentRow(incident, scope)
        let crew = incident.crew.map { "\(scope.names[$0.unit]) \(words.catalogue.name($0.phase))" }
        let others = offers.filter { isOther($0.offer) }.map(\.form)
        return Card(
            row: row, key: row.key, cardTitle: row.title, distance: distance,
            next: offers.filter { !isOther($0.offer) }.map(\.form), others: others, hasOthers: !others.isEmpty,
            isMine: scope.user.unit.map { incident.assignment(of: $0) != nil } ?? false,
            crewText: crew.isEmpty ? nil : crew.joined(separator: words.language == .zh ? "，" : ", "))
    }

    private static func metres(_ metres: Double, _ words: Words) -> String {
        let zh = words.language == .zh
        // Beyond a thousand kilometres a position is wrong, and more figures say nothing.
        guard metres < 1_000_000 else { return zh ? "很远" : "far" }
        if metres < 950 { return "\(Int((metres / 10).rounded()) * 10) " + (zh ? "米" : "m") }
        let tenths = Int((metres / 100).rounded())
        return "\(tenths / 10).\(tenths % 10) " + (zh ? "公里" : "km")
    }
}

extension BoardOverview {
    /// What a unit is under way to or at.
    func active(_ unit: UnitID) -> IncidentID? {
        open.first { incident in
            incident.assignment(of: unit).map { $0.phase == .enRoute || $0.phase == .onScene } ?? false
        }?.id
    }
}

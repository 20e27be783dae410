import Accounts
import Localization
import TipModel

/// What somebody can do with an incident now. Pages show these and nothing else; the core has the last word all the same.
enum Offer: Hashable {
    case acknowledge
    case claim
    case join
    /// With the incident that the unit would set aside for it.
    case enRoute(setsAside: IncidentID?)
    case onScene
    case clear
    case release
    /// To units of the zone that do not have it.
    case handOver(from: [UnitID], to: [UnitID])
    case assign([UnitID])
    case recall(UnitID)
    case reopen
    case merge(suggested: IncidentID?)
    case split
    case regrade
    case liftRegrade

    /// - Parameter active: what the user's unit is under way to or at.
    static func all(
        for user: BoardUser, on incident: Incident, active: IncidentID? = nil, units: [PatrolUnit], now: Timestamp
    ) -> [Offer] {
        guard incident.mergedInto == nil else { return [] }
        if incident.phase == .cleared { return user.isDesk ? [.reopen] : [] }
        // An acknowledgement is of use while nobody has it; once somebody has, its ladder has ended.
        let rests = incident.escalation.restUntil.map { now < $0 } ?? (incident.acknowledgement != nil)
        let seen: [Offer] = incident.phase == .open && !rests ? [.acknowledge] : []
        if user.isDesk { return seen + deskOffers(incident, units: units) }
        guard let unit = user.unit else { return seen }
        return unitOffers(unit, incident, active: active, units: units) + seen
    }

    private static func unitOffers(_ unit: UnitID, _ incident: Incident, active: IncidentID?, units: [PatrolUnit]) -> [Offer] {
        guard let own = incident.assignment(of: unit) else {
            if incident.phase == .open { return [.claim] }
            return incident.crew.count < Incident.Limits.crew ? [.join] : []
        }
        let other = active == incident.id ? nil : active
        var offers: [Offer] = []
        if own.phase == .claimed { offers.append(.enRoute(setsAside: other)) }
        // One that is active elsewhere sets that aside first, by going en route.
        if own.phase != .onScene, other == nil { offers.append(.onScene) }
        if incident.holder == unit { offers.append(.clear) }
        let takers = free(units, incident).filter { $0.zones.contains(incident.zone) }.map(\.id)
        if !takers.isEmpty { offers.append(.handOver(from: [unit], to: takers)) }
        if own.phase != .onScene || incident.crew.count > 1 { offers.append(.release) }
        return offers
    }

    private static func deskOffers(_ incident: Incident, units: [PatrolUnit]) -> [Offer] {
        // Those of the zone first.
        let free = free(units, incident).sorted { left, right in
            let (leftIn, rightIn) = (left.zones.contains(incident.zone), right.zones.contains(incident.zone))
            return leftIn == rightIn ? left.id < right.id : leftIn
        }.map(\.id)
        var offers: [Offer] = []
        if !free.isEmpty, incident.crew.count < Incident.Limits.crew { offers.append(.assign(free)) }
        offers += incident.crew.map { .recall($0.unit) }
        if !free.isEmpty, !incident.crew.isEmpty { offers.append(.handOver(from: incident.crew.map(\.unit), to: free)) }
        offers.append(.clear)
        offers.append(.regrade)
        if incident.regrade != nil { offers.append(.liftRegrade) }
        offers.append(.merge(suggested: incident.suggestion))
        if incident.tipCount > 1 { offers.append(.split) }
        return offers
    }

    private static func free(_ units: [PatrolUnit], _ incident: Incident) -> [PatrolUnit] {
        units.filter { incident.assignment(of: $0.id) == nil }
    }

    /// As ``BoardAction/name``.
    var action: String {
        switch self {
        case .acknowledge: "acknowledge"
        case .claim: "claim"
        case .join: "join"
        case .enRoute: "en_route"
        case .onScene: "on_scene"
        case .clear: "clear"
        case .release: "release"
        case .handOver: "hand_over"
        case .assign: "assign"
        case .recall: "recall"
        case .reopen: "reopen"
        case .merge: "merge"
        case .split: "split"
        case .regrade, .liftRegrade: "regrade"
        }
    }
}

/// An offer as a form.
struct OfferForm {
    struct Hidden {
        let name: String
        let value: String
    }

    struct Select {
        let name: String
        let label: String
        let choices: [Choice]
    }

    struct Field {
        let name: String
        let label: String
        let value: String
        let isRequired: Bool
        let isNumber: Bool
    }

    /// A button of a form with several.
    struct Button {
        let name: String
        let value: String
        let label: String
    }

    /// Tells it from the others of the incident, so that a page which is brought up to date keeps it open.
    let key: String
    let address: String
    let label: String
    /// `main`, `alarm` or nothing: how much it stands out.
    let style: String
    let hidden: [Hidden]
    let selects: [Select]
    let fields: [Field]
    let buttons: [Button]
    /// It asks for something, and is folded until it is wanted.
    let isFolded: Bool
    /// It has one button, and not a choice of several.
    let hasButton: Bool

    init(_ offer: Offer, _ incident: Incident, _ scope: PageScope) {
        let words = scope.words
        var (hidden, selects, fields, buttons): ([Hidden], [Select], [Field], [Button]) = ([], [], [], [])
        func units(_ name: String, _ label: PageText, _ units: [UnitID]) -> Select {
            Select(
                name: name, label: words(label),
                choices: units.enumerated().map { Choice(value: $1.rawValue, label: scope.names[$1], isChosen: $0 == 0) })
        }
        let reason = Field(name: "note", label: words(.reason), value: "", isRequired: true, isNumber: false)
        var text: String?
        switch offer {
        case .acknowledge, .claim, .join, .onScene, .release: break
        case .enRoute(let aside):
            if let aside {
                hidden.append(Hidden(name: "divert", value: "1"))
                text = words(.divert, "\(aside.rawValue)")
            }
        case .clear:
            // A duplicate is said by a merge, and that a post handled it by the post.
            let ways: [Disposition] = scope.user.isDesk ? Disposition.allCases : [.resolved, .falseAlarm, .handedOver, .duplicate]
            buttons = ways.map { Button(name: "disposition", value: $0.name, label: words.catalogue.name($0)) }
        case .handOver(let from, let to):
            if scope.user.isDesk { selects.append(units("from", .fromUnit, from)) }
            selects.append(units("to", .toUnit, to))
        case .assign(let free): selects.append(units("unit", .unit, free))
        case .recall(let unit):
            hidden.append(Hidden(name: "unit", value: unit.rawValue))
            text = words(.recall, scope.names[unit])
        case .merge(let suggested):
            fields.append(
                Field(
                    name: "into", label: words(.intoIncident), value: suggested.map { "\($0.rawValue)" } ?? "", isRequired: true,
                    isNumber: true))
            fields.append(reason)
        case .regrade:
            selects.append(
                Select(
                    name: "level", label: words(.level),
                    choices: UrgencyLevel.allCases.reversed().map {
                        Choice(value: $0.name, label: scope.level($0).word, isChosen: $0 == incident.urgency.level)
                    }))
            fields.append(reason)
        case .split, .reopen, .liftRegrade: fields.append(reason)
        }
        key = offer.action + (hidden.first?.value ?? "") + (offer == .liftRegrade ? "-lift" : "")
        address = "/incidents/\(incident.id.rawValue)/\(offer.action)"
        label = text ?? words(Self.name(offer))
        style = Self.style(offer)
        hasButton = buttons.isEmpty
        let asksNothing = selects.isEmpty && fields.isEmpty && buttons.isEmpty
        if case .assign = offer { isFolded = false } else { isFolded = !asksNothing }
        self.hidden = hidden
        self.selects = selects
        self.fields = fields
        self.buttons = buttons
    }

    private static func name(_ offer: Offer) -> PageText {
        switch offer {
        case .acknowledge: .acknowledge
        case .claim: .claim
        case .join: .join
        case .enRoute: .enRoute
        case .onScene: .onScene
        case .clear: .clear
        case .release: .release
        case .handOver: .handOver
        case .assign: .assign
        case .recall: .recall
        case .reopen: .reopen
        case .merge: .merge
        case .split: .split
        case .regrade: .regrade
        case .liftRegrade: .liftRegrade
        }
    }

    private static func style(_ offer: Offer) -> String {
        switch offer {
        case .claim, .enRoute, .onScene, .assign: "main"
        default: ""
        }
    }
}

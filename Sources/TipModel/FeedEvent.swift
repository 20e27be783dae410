/// What a feed event tells.
public enum EventKind: UInt8, CaseIterable, Sendable {
    case opened = 1
    case correlated = 2
    case claimed = 3
    case enRoute = 4
    case onScene = 5
    case cleared = 6
    case released = 7
    /// The desk merged two incidents. Told of both: ``Incident/mergedInto`` tells which of them is gone.
    case merged = 8
    /// The desk moved tips of one incident into a new one. Told of both.
    case split = 9
    /// The desk gave it another level, or lifted the one that it gave.
    case regraded = 10
    /// A further unit joined.
    case joined = 11
    /// A unit left, and others still have it.
    case left = 12
    /// The desk took a unit off.
    case recalled = 13
    /// The desk sent a unit.
    case assigned = 14
    /// A unit took another's place.
    case handedOver = 15
    /// The unit goes to another incident first.
    case diverted = 16
    /// Somebody has seen it: the alarm rests.
    case acknowledged = 17
    /// Nobody came in time, or a unit does not get on.
    case escalated = 18
    case reopened = 19
    /// What a newer daemon tells and this version has no word for: the incident says how things are.
    case changed = 255

    public var name: String {
        switch self {
        case .opened: "opened"
        case .correlated: "correlated"
        case .claimed: "claimed"
        case .enRoute: "en_route"
        case .onScene: "on_scene"
        case .cleared: "cleared"
        case .released: "released"
        case .merged: "merged"
        case .split: "split"
        case .regraded: "regraded"
        case .joined: "joined"
        case .left: "left"
        case .recalled: "recalled"
        case .assigned: "assigned"
        case .handedOver: "handed_over"
        case .diverted: "diverted"
        case .acknowledged: "acknowledged"
        case .escalated: "escalated"
        case .reopened: "reopened"
        case .changed: "changed"
        }
    }

    /// What a step is told as.
    /// - Parameter after: the incident's phase after it.
    public init(_ change: PhaseChanged, after: Phase) {
        self =
            switch change.action {
            case .claim: .claimed
            case .join: .joined
            case .assign: .assigned
            case .release: after == .open ? .released : .left
            case .recall: .recalled
            case .handOver: .handedOver
            case .divert: .diverted
            case .enRoute: .enRoute
            case .onScene: .onScene
            case .clear, .handledByPost: .cleared
            case .reopen: .reopened
            }
    }
}

/// What a patrol sees of a tip: the post, never the reporter.
public struct TipSummary: Hashable, Sendable {
    public var id: TipID
    public var post: PostID
    public var observedAt: Timestamp
    public var category: String
    public var text: String
    public var place: String
    public var position: Position?
    public var panic: Bool

    public init(
        id: TipID, post: PostID, observedAt: Timestamp, category: String, text: String, place: String,
        position: Position?, panic: Bool
    ) {
        self.id = id
        self.post = post
        self.observedAt = observedAt
        self.category = category
        self.text = text
        self.place = place
        self.position = position
        self.panic = panic
    }
}

/// One event of the feed: what happened, and the incident as it was afterwards.
public struct FeedEvent: Hashable, Sendable {
    public var sequence: SequenceNumber
    public var lane: Lane
    /// By the daemon's clock.
    public var at: Timestamp
    public var kind: EventKind
    /// Without witnesses and evidence, which stay with the daemon.
    public var incident: Incident
    /// For `opened` and `correlated`.
    public var tip: TipSummary?
    /// Who acted, for the other kinds.
    public var unit: UnitID?
    /// Why it was opened, correlated, merged, split or regraded; what the desk does is told in its own words.
    public var reasons: [Reason]
    /// The tip is an emergency on its own: somebody must hear of it, whatever is known of the incident already.
    public var alarm: Bool
    /// The other incident of a merge or split.
    public var other: IncidentID?
    /// Who did it, where that is not ``unit`` itself.
    public var by: Operator?
    /// Of a hand-over: the unit whose place ``unit`` took.
    public var from: UnitID?
    /// Of an escalation: what was reached.
    public var rung: EscalationRung?
    /// Of an escalation: which reminder it is; 0 where the rung was reached.
    public var reminder: UInt32 = 0

    public init(
        sequence: SequenceNumber, lane: Lane, at: Timestamp, kind: EventKind, incident: Incident, tip: TipSummary? = nil,
        unit: UnitID? = nil, reasons: [Reason] = [], alarm: Bool = false, other: IncidentID? = nil,
        by: Operator? = nil, from: UnitID? = nil, rung: EscalationRung? = nil
    ) {
        self.sequence = sequence
        self.lane = lane
        self.at = at
        self.kind = kind
        self.incident = incident
        self.tip = tip
        self.unit = unit
        self.reasons = reasons
        self.alarm = alarm
        self.other = other
        self.by = by
        self.from = from
        self.rung = rung
    }
}

public import Access
public import TipModel
public import TipWire

/// A step that a unit takes with an incident.
public enum PatrolVerb: CaseIterable, Hashable, Sendable {
    case claim, enRoute, onScene, clear, release, join, handOver, seen

    /// The verb on the wire.
    public var wire: Verb {
        switch self {
        case .claim: .claim
        case .enRoute: .enRoute
        case .onScene: .onScene
        case .clear: .clear
        case .release: .release
        case .join: .join
        case .handOver: .handOver
        case .seen: .seen
        }
    }

    /// The name in JSON and commands.
    public var name: String {
        switch self {
        case .claim: "claim"
        case .enRoute: "en_route"
        case .onScene: "on_scene"
        case .clear: "clear"
        case .release: "release"
        case .join: "join"
        case .handOver: "hand_over"
        case .seen: "acknowledge"
        }
    }
}

/// What the consumer asks of the client.
public struct PatrolCommand: Hashable, Sendable {
    public var verb: PatrolVerb
    public var incident: IncidentID
    /// For `clear`, and then needed.
    public var disposition: Disposition?
    /// At most ``WireLimits/noteBytes``.
    public var note: String
    /// For `handOver`, and then needed.
    public var to: UnitID?
    /// For `enRoute` and `onScene`: may set aside what the unit is active on.
    public var divert: Bool

    public init(
        _ verb: PatrolVerb, _ incident: IncidentID, disposition: Disposition? = nil, note: String = "", to: UnitID? = nil,
        divert: Bool = false
    ) {
        self.verb = verb
        self.incident = incident
        self.disposition = disposition
        self.note = note
        self.to = to
        self.divert = divert
    }
}

/// How a command ended. Every command ends in exactly one of these.
public struct ActionOutcome: Hashable, Sendable {
    public enum Result: Hashable, Sendable {
        case done(Incident?, sequence: SequenceNumber)
        /// With the incident as it is now, where the unit may see it.
        case refused(Rejection, Incident?)
        /// No answer within the deadline: whether it was done is not known.
        case timedOut
        /// There was no connection: it was certainly not done.
        case notSent
        /// Too many commands are under way.
        case tooMany
    }

    public var command: PatrolCommand
    public var result: Result

    public init(command: PatrolCommand, result: Result) {
        self.command = command
        self.result = result
    }
}

/// New events of one lane, in order. Hand it back with ``PatrolClient/consumed(_:)``: that is what lets more come.
public struct FeedBatch: Hashable, Sendable {
    public var lane: Lane
    public var items: [FeedItem]

    public init(lane: Lane, items: [FeedItem]) {
        self.lane = lane
        self.items = items
    }

    /// The newest sequence in it; 0 for an empty batch, which is never delivered.
    public var through: SequenceNumber { items.last?.event.sequence ?? 0 }
}

/// Why the client subscribes again by itself.
public enum FeedFault: Hashable, Sendable {
    case gap(Lane, expected: SequenceNumber, found: SequenceNumber)
    case undecodable
    /// The daemon sent more than it was given credit for.
    case overrun

    public var name: String {
        switch self {
        case .gap: "gap"
        case .undecodable: "undecodable"
        case .overrun: "overrun"
        }
    }
}

/// What the client tells its consumer, in order.
public enum PatrolOutput: Hashable, Sendable {
    case link(LinkState, endpoint: String)
    case subscribed(Subscribed)
    /// A lane begins elsewhere than after our cursor: the daemon's journal was set back, or it began a new one.
    case rewound(Lane, from: SequenceNumber, to: SequenceNumber)
    case events(FeedBatch)
    case caughtUp(FeedCursor)
    case behind(cursor: FeedCursor, heads: FeedCursor)
    /// No word from the daemon since then (by our clock): what is shown may be out of date.
    case stale(since: Timestamp)
    case fresh
    /// The daemon's clock minus ours, milliseconds.
    case clock(offset: Int64)
    case action(ActionOutcome)
    case fault(FeedFault)
    /// The daemon refused or ended the subscription. It is asked for again after a while.
    case refused(Rejection)
    /// The daemon refused something else, or tells of trouble that passes by itself.
    case remark(Rejection)
    /// The client's thread ended; nothing follows. Nil after ``PatrolClient/stop(deadline:)``.
    case ended(String?)
}

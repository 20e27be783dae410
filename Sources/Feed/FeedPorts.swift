public import Journal
public import TipModel
public import TipWire

/// One committed event on its way to patrols.
public struct Publication: Hashable, Sendable {
    public var sequence: SequenceNumber
    public var lane: Lane
    public var zone: ZoneID
    /// What a subscription's least level is compared with.
    public var level: UrgencyLevel
    /// An encoded `FeedEvent`: the bytes in the journal.
    public var event: [UInt8]
    /// Units that are sent it whatever their zones.
    public var guests: [UnitID]

    public init(
        sequence: SequenceNumber, lane: Lane, zone: ZoneID, level: UrgencyLevel, event: [UInt8], guests: [UnitID] = []
    ) {
        self.sequence = sequence
        self.lane = lane
        self.zone = zone
        self.level = level
        self.event = event
        self.guests = guests
    }
}

/// What a patrol wants done: a step or an acknowledgement. Whether it may is for the core to say.
public struct UnitAction: Hashable, Sendable {
    public var unit: PatrolUnit
    public var verb: Verb
    public var action: Action
    /// To be handed back with the result.
    public var ticket: ReplyTicket

    public init(unit: PatrolUnit, verb: Verb, action: Action, ticket: ReplyTicket) {
        self.unit = unit
        self.verb = verb
        self.action = action
        self.ticket = ticket
    }
}

/// Whom an action's result goes to.
public struct ReplyTicket: Hashable, Sendable {
    let route: RouteID
    /// A reply goes out only while this user id is still let in, and the route has not become another's.
    let userID: String
    let request: UInt32
}

/// What a ROUTER calls a connection. Chosen by the peer, so it proves nothing about who that is.
typealias RouteID = [UInt8]

/// What the feed calls. Nothing here may block: it is called on the feed thread (`makeReader` on the catch-up thread).
public struct FeedPorts: Sendable {
    /// False when the core's queue is full: the patrol is answered `busy`.
    public var onAction: @Sendable (UnitAction) -> Bool
    /// How far a unit has acknowledged, when that has advanced: at most once in `cursorReportInterval` for each unit,
    /// and when a subscription of it ends.
    public var onCursor: @Sendable (UnitID, FeedCursor) -> Void
    /// A reader for catching up; called again after a read has failed.
    public var makeReader: @Sendable () throws -> any JournalReader
    /// Called in each round of the loop, at least once in `sweepInterval`: for the watchdog.
    public var beat: @Sendable () -> Void

    public init(
        onAction: @escaping @Sendable (UnitAction) -> Bool,
        onCursor: @escaping @Sendable (UnitID, FeedCursor) -> Void,
        makeReader: @escaping @Sendable () throws -> any JournalReader,
        beat: @escaping @Sendable () -> Void = {}
    ) {
        self.onAction = onAction
        self.onCursor = onCursor
        self.makeReader = makeReader
        self.beat = beat
    }
}

public import TipModel

/// The append-only, totally ordered record of everything that happened: the only thing that is durable, and what
/// every other part of the daemon is a fold over.
///
/// Nothing above this protocol may assume one process or SQLite. Every implementation passes the conformance suite
/// in Tests/JournalTests. Used by one thread at a time, but for two things: readers are taken from ``makeReader()`` and used by one
/// thread each, and ``find(_:)`` may be called by one thread while another appends.
public protocol Journal: AnyObject {
    /// Makes the drafts durable in order, all or none, with one sync: when this returns they survive a power loss.
    /// - Returns: the sequence of the first; the others follow without holes.
    /// - Throws: ``JournalError``; then nothing was added.
    func append(_ drafts: [Draft]) throws(JournalError) -> SequenceNumber

    /// The newest sequence; 0 for an empty journal.
    var lastSequence: SequenceNumber { get }

    /// Looks tips up by the post that sent them: the idempotency index. Takes all of a group at once, because a look-up
    /// of its own for each costs more than finding it. What an append under way adds is not found.
    /// - Returns: those that the journal has.
    func find(_ keys: [TipKey]) throws(JournalError) -> [TipKey: StoredTip]

    /// The highest id of all tips that it has, whatever their posts; nil where it has none.
    func newestTip() throws(JournalError) -> TipID?

    /// Keeps a snapshot of the state, so that a restart need not replay everything. Older ones may be dropped.
    func save(_ snapshot: StoredSnapshot) throws(JournalError)

    /// A reader that sees everything appended before each call, and never blocks the appender.
    func makeReader() throws(JournalError) -> any JournalReader

    /// Syncs since it was opened, whatever they were for, for status and the benchmark.
    var syncs: UInt64 { get }

    /// Finishes: nothing may be called afterwards.
    func close()
}

extension Journal {
    /// Looks one tip up.
    public func find(post: PostID, tip: TipID) throws(JournalError) -> StoredTip? {
        let key = TipKey(post: post, tip: tip)
        return try find([key])[key]
    }
}

/// Reads beside the appender. Used by one thread at a time.
public protocol JournalReader: AnyObject {
    /// Records after `sequence`, in order, at most `limit` of them and about `bytes` of payload (at least one).
    func records(after sequence: SequenceNumber, limit: Int, bytes: Int) throws(JournalError) -> [StoredRecord]

    /// Records about one incident, oldest first, at most `limit`.
    func records(about incident: IncidentID, limit: Int) throws(JournalError) -> [StoredRecord]

    /// Feed events of one lane after `sequence`, for these zones and for this unit as a guest, from this level up.
    func feedPage(_ request: FeedPageRequest) throws(JournalError) -> FeedPage

    /// The newest sequence of each lane.
    func laneHeads() throws(JournalError) -> FeedCursor

    /// The newest snapshot whose checksum holds; nil when there is none.
    func latestSnapshot() throws(JournalError) -> StoredSnapshot?

    func lastSequence() throws(JournalError) -> SequenceNumber

    /// What stands for records that were dropped; nil where none were.
    func base() throws(JournalError) -> JournalBase?

    /// Walks the whole chain of checksums.
    /// - Parameter progress: called now and then with the sequence reached and the last; false stops.
    func verify(progress: (SequenceNumber, SequenceNumber) -> Bool) throws(JournalError) -> Verification

    func close()
}

extension JournalReader {
    public func base() throws(JournalError) -> JournalBase? { nil }
}

/// A record to append, complete but for its sequence.
public struct Draft: Sendable {
    public var at: Timestamp
    public var events: [Event]
    /// Set for a tip: what makes it findable again.
    public var tip: TipKey?
    /// The incident that it is about.
    public var incident: IncidentID?
    /// Set for a record that patrols are sent.
    public var feed: FeedDraft?

    public init(
        at: Timestamp, events: [Event], tip: TipKey? = nil, incident: IncidentID? = nil, feed: FeedDraft? = nil
    ) {
        self.at = at
        self.events = events
        self.tip = tip
        self.incident = incident
        self.feed = feed
    }
}

/// What the feed needs of a record, beside the events.
public struct FeedDraft: Sendable {
    public var lane: Lane
    public var zone: ZoneID
    /// The higher of the incident's level before and after: a patrol that asks for urgent ones also hears that one
    /// has ceased to be urgent.
    public var level: UrgencyLevel
    /// An encoded `FeedEvent`.
    public var event: [UInt8]
    /// Units that are sent it whatever their zones: of the crew, or with a grant that lives.
    public var guests: [UnitID]

    public init(lane: Lane, zone: ZoneID, level: UrgencyLevel, event: [UInt8], guests: [UnitID] = []) {
        self.lane = lane
        self.zone = zone
        self.level = level
        self.event = event
        self.guests = guests
    }
}

/// An accepted tip as the idempotency index finds it.
public struct StoredTip: Hashable, Sendable {
    public var sequence: SequenceNumber
    /// The bytes that were sent.
    public var encoded: [UInt8]
    public var incident: IncidentID
    /// What the first receipt said.
    public var level: UrgencyLevel
    public var score: Int32

    public init(sequence: SequenceNumber, encoded: [UInt8], incident: IncidentID, level: UrgencyLevel, score: Int32) {
        self.sequence = sequence
        self.encoded = encoded
        self.incident = incident
        self.level = level
        self.score = score
    }
}

/// A record as it is stored.
public struct StoredRecord: Hashable, Sendable {
    public var record: Record
    /// The encoded feed event, where patrols are sent it.
    public var feedEvent: [UInt8]?

    public init(record: Record, feedEvent: [UInt8]?) {
        self.record = record
        self.feedEvent = feedEvent
    }
}

public struct FeedPageRequest: Hashable, Sendable {
    public var lane: Lane
    public var after: SequenceNumber
    /// Nothing after this, so that a page joins what comes live.
    public var through: SequenceNumber
    public var zones: Set<ZoneID>
    /// Whose events beyond the zones are wanted too.
    public var guest: UnitID?
    public var leastLevel: UrgencyLevel
    public var limit: Int
    /// Bytes of events after which the page ends (it has at least one event).
    public var bytes: Int

    public init(
        lane: Lane, after: SequenceNumber, through: SequenceNumber, zones: Set<ZoneID>, guest: UnitID? = nil,
        leastLevel: UrgencyLevel, limit: Int, bytes: Int
    ) {
        self.lane = lane
        self.after = after
        self.through = through
        self.zones = zones
        self.guest = guest
        self.leastLevel = leastLevel
        self.limit = limit
        self.bytes = bytes
    }
}

public struct FeedPage: Hashable, Sendable {
    public struct Item: Hashable, Sendable {
        public var sequence: SequenceNumber
        /// An encoded `FeedEvent`.
        public var event: [UInt8]

        public init(sequence: SequenceNumber, event: [UInt8]) {
            self.sequence = sequence
            self.event = event
        }
    }

    public var items: [Item]
    /// Everything up to here was looked at: where the next page begins. `through` of the request when it is done.
    public var reached: SequenceNumber

    public init(items: [Item], reached: SequenceNumber) {
        self.items = items
        self.reached = reached
    }
}

public struct StoredSnapshot: Hashable, Sendable {
    /// The newest record in it.
    public var sequence: SequenceNumber
    public var bytes: [UInt8]

    public init(sequence: SequenceNumber, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }
}

/// What `verify` found.
public enum Verification: Hashable, Sendable {
    case sound(records: UInt64)
    /// The first record whose checksum does not follow from what precedes it.
    case damaged(at: SequenceNumber, reason: String)
    case stopped(at: SequenceNumber)
}

/// A failure of the journal, in words to act on.
public struct JournalError: Error, CustomStringConvertible, Sendable {
    public enum Code: Sendable {
        /// Another daemon has this directory.
        case locked
        /// No space; nothing was added. Retriable.
        case full
        /// The disk or SQLite failed; nothing was added.
        case inputOutput
        /// The file is damaged.
        case corrupt
        /// Written by a newer version.
        case newerSchema
        /// The two sides disagree, as with a key given twice: a defect.
        case misuse
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var isRetriable: Bool { code == .full }
    public var description: String { message }
}

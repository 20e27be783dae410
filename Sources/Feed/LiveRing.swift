import DequeModule
import TipModel

/// The newest events of one lane, shared by all subscriptions: each only remembers how far it has looked. However many
/// patrols are slow, this is all that is kept for them; one that falls behind its floor reads the journal instead.
struct LaneRing {
    struct Entry {
        let sequence: SequenceNumber
        /// See ``ZoneNumbers``.
        let zone: Int
        let level: UrgencyLevel
        let event: [UInt8]
        /// Units that are sent it whatever their zones.
        var guests: [UnitID] = []
    }

    private let maxEvents: Int
    private let maxBytes: Int
    private var entries = Deque<Entry>()
    /// Counts the entries that have gone: an entry's ordinal stays the same while the ring moves on.
    private var base: UInt64 = 0

    /// Bytes of the events held.
    private(set) var bytes = 0
    /// Every event of the lane after this one is here; this one and older ones are not.
    private(set) var floor: SequenceNumber
    /// The newest event of the lane.
    private(set) var newest: SequenceNumber

    init(head: SequenceNumber, maxEvents: Int, maxBytes: Int) {
        self.maxEvents = maxEvents
        self.maxBytes = maxBytes
        floor = head
        newest = head
    }

    var count: Int { entries.count }

    /// One past the ordinal of the newest.
    var end: UInt64 { base &+ UInt64(entries.count) }

    subscript(ordinal: UInt64) -> Entry { entries[Int(ordinal &- base)] }

    /// Whether what comes after `sequence` can be read here without a gap.
    func holdsAll(after sequence: SequenceNumber) -> Bool { sequence >= floor }

    /// Adds the lane's next event; the oldest go when a bound is passed (so an event larger than the whole ring goes
    /// itself, and is read from the journal). One that is not newer than the newest was added before and is ignored.
    mutating func append(_ entry: Entry) {
        guard entry.sequence > newest else { return }
        entries.append(entry)
        bytes += entry.event.count
        newest = entry.sequence
        while entries.count > maxEvents || bytes > maxBytes, let oldest = entries.popFirst() {
            bytes -= oldest.event.count
            floor = oldest.sequence
            base &+= 1
        }
    }

    /// Events up to `sequence` were lost on the way here: what is held no longer joins what comes.
    mutating func lose(through sequence: SequenceNumber) {
        guard sequence > newest else { return }
        base = end
        entries.removeAll(keepingCapacity: true)
        bytes = 0
        floor = sequence
        newest = sequence
    }

    /// The ordinal of the first event after `sequence`. `hint` is where it was last time: mostly right, then it costs
    /// two comparisons.
    func position(after sequence: SequenceNumber, hint: UInt64) -> UInt64 {
        if hint >= base, hint <= end, hint == base || self[hint &- 1].sequence <= sequence,
            hint == end || self[hint].sequence > sequence
        {
            return hint
        }
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return base &+ UInt64(low)
    }
}

/// Both lanes.
struct LiveRing {
    var alert: LaneRing
    var main: LaneRing

    init(heads: FeedCursor, settings: FeedSettings) {
        alert = LaneRing(head: heads.alert, maxEvents: settings.ringEvents, maxBytes: settings.ringBytes)
        main = LaneRing(head: heads.main, maxEvents: settings.ringEvents, maxBytes: settings.ringBytes)
    }

    subscript(lane: Lane) -> LaneRing { lane == .alert ? alert : main }

    /// The newest sequence of each lane.
    var heads: FeedCursor { FeedCursor(alert: alert.newest, main: main.newest) }

    mutating func append(_ entry: LaneRing.Entry, to lane: Lane) {
        if lane == .alert { alert.append(entry) } else { main.append(entry) }
    }

    mutating func lose(through lost: FeedCursor) {
        alert.lose(through: lost.alert)
        main.lose(through: lost.main)
    }
}

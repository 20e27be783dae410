public import TipModel
public import TipWire

/// What `watchpost status` shows of the feed. Refreshed by the feed thread once in `sweepInterval`.
public struct FeedStatus: Hashable, Sendable {
    public var subscriptions: [SubscriptionStatus] = []
    public var counters = FeedCounters()
    /// The newest sequence of each lane.
    public var heads = FeedCursor()
    /// Events and bytes in the two rings together.
    public var ringEvents = 0
    public var ringBytes = 0

    public init() {}
}

public struct SubscriptionStatus: Hashable, Sendable {
    public var unit: UnitID
    public var zones: [ZoneID]
    public var leastLevel: UrgencyLevel
    /// The address as TCP saw it, "" where unknown.
    public var peer: String
    public var since: Timestamp
    public var alert: LaneStatus
    public var main: LaneStatus
    /// Its queue is full and it is tried again from time to time.
    public var isBlocked: Bool
}

public struct LaneStatus: Hashable, Sendable {
    /// The last event sent.
    public var sent: SequenceNumber
    public var acknowledged: SequenceNumber
    /// The newest event of the lane, in whatever zone.
    public var head: SequenceNumber
    /// What may still be sent.
    public var credit: Credit
    /// Older events than those in memory are still to be read from the journal.
    public var isCatchingUp: Bool
}

/// Counts since the start.
public struct FeedCounters: Hashable, Sendable {
    /// Messages received.
    public var received: UInt64 = 0
    /// Messages refused, by code.
    public var rejections: [RejectionCode: UInt64] = [:]
    public var events: UInt64 = 0
    /// FEED messages.
    public var batches: UInt64 = 0
    /// Sends that found a patrol's queue full.
    public var wouldBlock: UInt64 = 0
    /// Sends that found the patrol gone.
    public var unreachable: UInt64 = 0
    /// Times the queue from the core was full, so that patrols fell back to the journal.
    public var queueOverflows: UInt64 = 0
    /// Pages read from the journal, and those that failed.
    public var pages: UInt64 = 0
    public var pageFailures: UInt64 = 0
    /// Replies given up because a patrol did not read.
    public var repliesDropped: UInt64 = 0
    /// Subscriptions ended for silence.
    public var timedOut: UInt64 = 0

    public init() {}
}

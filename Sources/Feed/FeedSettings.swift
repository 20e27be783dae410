import TipWire

/// Every limit of the feed, with its default. What they bound, for the worst case of `maxSubscriptions` patrols that
/// all stop reading: the rings (two of `ringBytes`), the queue (`queueBytes`), pages (two lanes of `pagesInFlight`
/// times `pageBytes`), and in libzmq `sendQueueMessages` of one FEED message each for a patrol.
public struct FeedSettings: Hashable, Sendable {
    /// `tcp://address:port`; port `*` takes a free one.
    public var endpoint = "tcp://127.0.0.1:7402"
    /// A socket that listens there already, from systemd.
    public var listeningDescriptor: Int32?

    /// Newest events kept in memory for each lane; an older cursor is served from the journal.
    public var ringEvents = 4_096
    /// Bytes of those events, for each lane; whichever bound is met first holds.
    public var ringBytes = 8 << 20

    /// Published events that may wait for the feed thread. Beyond it the queue is emptied and everybody catches up
    /// from the journal.
    public var queueEvents = 16_384
    /// Bytes of those events.
    public var queueBytes = 16 << 20
    /// Main-lane events moved from the queue to the ring in one round; fewer than the ring holds, so that patrols are
    /// sent them before they are pushed out. Alert-lane events are all moved.
    public var takeEvents = 1_024

    /// Events read from the journal at a time during catch-up.
    public var pageEvents = 256
    /// Bytes of events after which a page ends.
    public var pageBytes = 128 << 10
    /// Pages asked for or held, for each lane; further patrols wait their turn.
    public var pagesInFlight = 64
    /// A page of a patrol that cannot be sent to for this long is dropped and read again later.
    public var pageHold = Duration.milliseconds(200)

    /// Most subscriptions at once; one more is refused `busy`.
    public var maxSubscriptions = 1_024
    /// Most subscriptions of one unit. One more replaces the longest silent one if that has missed a heartbeat (is
    /// silent for a third of `heartbeatTimeout`), so that a patrol on a bad link is not locked out by its own dead
    /// connections; else it is refused `busy`.
    public var perUnitSubscriptions = 4
    /// A subscription that is silent for this long ends.
    public var heartbeatTimeout = Duration.seconds(15)

    /// Messages received in one round of the loop.
    public var receivePerRound = 256
    /// Events sent to one patrol in one lane in one round.
    public var eventsPerRound = 1_024
    /// Bytes sent in one lane to all patrols in one round: what an alert may have to wait for.
    public var bytesPerRound = 2 << 20
    /// Bytes of one FEED body.
    public var batchBytes = WireLimits.feedBatchBytes

    /// Messages that libzmq queues for one patrol.
    public var sendQueueMessages = 16
    /// Messages that libzmq queues from one patrol.
    public var receiveQueueMessages = 128
    /// Replies that wait for a patrol whose queue is full; beyond it they are dropped and counted.
    public var outboxMessages = 64
    /// First and longest wait before a patrol whose queue was full is tried again, in milliseconds. A message from it
    /// ends the wait.
    public var retryMilliseconds: ClosedRange<Int64> = 1...1_000
    /// First and longest wait after the journal failed to give a page, in milliseconds.
    public var journalRetryMilliseconds: ClosedRange<Int64> = 250...30_000

    /// How often one unit's acknowledged cursor is reported at most.
    public var cursorReportInterval = Duration.seconds(30)
    /// Between two looks at heartbeats, and the longest that the loop blocks.
    public var sweepInterval = Duration.milliseconds(500)
    /// Told in heartbeat replies; of use to posts only.
    public var idWindowMilliseconds: Int64 = 30 * 86_400_000

    public init() {}
}

extension Duration {
    /// Whole milliseconds; bounded, so that no setting can trap.
    var milliseconds: Int64 {
        let parts = components
        let (whole, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return parts.seconds > 0 ? .max / 2 : .min / 2 }
        return min(max(whole, .min / 2), .max / 2) + parts.attoseconds / 1_000_000_000_000_000
    }
}

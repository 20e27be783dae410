public import TipModel

/// What the ingest socket has seen since it started.
public struct IngestCounters: Sendable {
    public var messages: UInt64 = 0
    public var tips: UInt64 = 0
    public var heartbeats: UInt64 = 0
    public var receipts: UInt64 = 0
    /// PROGRESS messages sent.
    public var news: UInt64 = 0
    /// Refusals by code, of messages and of tips.
    public var rejected: [RejectionCode: UInt64] = [:]
    /// Answers that could not be sent because the post had gone.
    public var unreachable: UInt64 = 0
    /// Answers that could not be sent because the post does not read.
    public var blocked: UInt64 = 0
    /// Answers dropped because too many waited.
    public var dropped: UInt64 = 0
    /// Times the socket was not read because the core had no room.
    public var waits: UInt64 = 0

    public init() {}

    /// Adds what one round of the thread counted.
    mutating func add(_ round: IngestCounters) {
        messages += round.messages
        tips += round.tips
        heartbeats += round.heartbeats
        waits += round.waits
        for (code, count) in round.rejected { rejected[code, default: 0] += count }
    }

    mutating func count(_ code: RejectionCode, _ times: Int = 1) { rejected[code, default: 0] += UInt64(times) }
}

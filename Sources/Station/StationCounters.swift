public import Measurement
public import TipModel

/// What the core has done since it started.
public struct StationCounters: Sendable {
    public var accepted: UInt64 = 0
    public var repeats: UInt64 = 0
    /// Refused tips and steps.
    public var rejected: [RejectionCode: UInt64] = [:]
    public var commits: UInt64 = 0
    /// Syncs of the journal: one for each commit and snapshot, and those of checkpoints.
    public var syncs: UInt64 = 0
    public var commitFailures: UInt64 = 0
    public var records: UInt64 = 0
    public var largestBatch: UInt64 = 0
    public var snapshots: UInt64 = 0
    public var snapshotFailures: UInt64 = 0
    /// Accepted tips that were attached to an open incident.
    public var correlated: UInt64 = 0
    /// Notices that nobody comes.
    public var escalations: UInt64 = 0
    /// How long the journal took for each commit.
    public var commitSeconds = Histogram(bounds: Histogram.commitSeconds)
    /// Tips of each commit that has some.
    public var batchTips = Histogram(bounds: Histogram.batchTips)
    /// The newest commit failed.
    public var isFailing = false

    public init() {}

    mutating func count(_ code: RejectionCode) { rejected[code, default: 0] += 1 }

    mutating func count(_ tip: Result<Receipt, Rejection>) {
        switch tip {
        case .success(let receipt):
            if receipt.verdict == .repeat { repeats += 1 } else { accepted += 1 }
            if receipt.verdict == .correlated { correlated += 1 }
        case .failure(let rejection): count(rejection.code)
        }
    }
}

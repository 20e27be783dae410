/// Counts of observations in fixed buckets, as Prometheus has them.
///
/// A value without a lock: whoever observes owns it, and hands out copies. One observation is a search over some twenty
/// bounds and three additions.
public struct Histogram: Hashable, Sendable {
    /// Upper bounds of the buckets, ascending; the last bucket has none.
    public let bounds: [Double]
    /// Observations in each bucket, one more than there are bounds.
    public private(set) var counts: [UInt64]
    public private(set) var sum = 0.0

    /// - Parameter bounds: finite and ascending; others are left out.
    public init(bounds: [Double]) {
        var kept: [Double] = []
        for bound in bounds where bound.isFinite && (kept.last.map { $0 < bound } ?? true) { kept.append(bound) }
        self.bounds = kept
        counts = Array(repeating: 0, count: kept.count + 1)
    }

    /// What an fsync takes, from a battery-backed cache to a disk that is about to die, in seconds.
    public static let commitSeconds: [Double] = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
    /// Tips that share one commit.
    public static let batchTips: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096]

    /// Counts one value; one that is not finite is left out, since no sum could be told after it.
    public mutating func observe(_ value: Double) {
        guard value.isFinite else { return }
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] &+= 1
        sum += value
    }

    /// A value that about this part of all observations does not exceed, as Prometheus's `histogram_quantile` has it: within a
    /// bucket they are taken to be spread evenly, and what is beyond the last bound counts as that. Nil before the first.
    public func quantile(_ part: Double) -> Double? {
        let all = Double(count)
        guard all > 0, let last = bounds.last else { return nil }
        let rank = min(max(part, 0), 1) * all
        var below = 0.0
        for (index, bound) in bounds.enumerated() {
            let here = Double(counts[index])
            if here > 0, below + here >= rank {
                let low = index == 0 ? 0 : bounds[index - 1]
                return low + (bound - low) * max(0, rank - below) / here
            }
            below += here
        }
        return last
    }

    /// Observations in all.
    public var count: UInt64 { counts.reduce(0, &+) }
}

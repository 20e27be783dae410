internal import Glibc
internal import TipModel

/// The correlator beside the simplest smooth score on the same rows: distance times time, with a discount for another type.
public struct BaselineComparison: Sendable, Codable, Equatable {
    /// Recall of flagged rows where 5 % of the others attach.
    public var recall: Double
    public var baselineRecall: Double
    /// recall − baselineRecall, and the 95 % interval of a bootstrap over the flagged rows, both scores on the same ones.
    public var difference: Double
    public var lower: Double
    public var upper: Double
    public var resamples: Int

    enum CodingKeys: String, CodingKey {
        case recall = "recall_at_5pct"
        case baselineRecall = "baseline_recall_at_5pct"
        case difference
        case lower = "difference_lower_95"
        case upper = "difference_upper_95"
        case resamples
    }
}

/// exp(−metres / 80) · exp(−hours / 12) · (another type ? 0.3 : 1), the best of these settings on the years that were fitted.
enum SimpleScore {
    static let metres = 80.0
    static let hours = 12.0
    static let discount = 0.3
    private static let horizon = 600.0
    private static let window: Int64 = 14 * 86_400_000

    /// The logarithm of the best score of each row against those before it; −infinity where nothing is near.
    static func best(_ rows: [RequestRow]) -> [Double] {
        var oldest = 0
        return rows.indices.map { index in
            let row = rows[index]
            while row.accepted.receivedAt.milliseconds(since: rows[oldest].accepted.receivedAt) > window { oldest += 1 }
            var best = -Double.infinity
            for other in rows[oldest..<index] {
                let (east, north) = (row.east - other.east, row.north - other.north)
                guard abs(east) < horizon, abs(north) < horizon else { continue }
                let apart = Double(row.accepted.receivedAt.milliseconds(since: other.accepted.receivedAt)) / 3_600_000
                let isSame = row.accepted.tip.category == other.accepted.tip.category
                let score = -(east * east + north * north).squareRoot() / metres - apart / hours + (isSame ? 0 : log(discount))
                best = max(best, score)
            }
            return best
        }
    }
}

extension CorrelationTrial {
    /// Both at an attach rate of 5 %: the correlator at the threshold next below it, the simple score at that same rate.
    public mutating func compareWithBaseline(resamples: Int = 2_000, progress: (Int32) -> Void = { _ in }) -> BaselineComparison {
        let run = bracket(0.05, progress).below
        let simple = SimpleScore.best(rows)
        let others = zip(rows, simple).filter { !$0.0.isFlagged }.map(\.1).sorted(by: >)
        let threshold = others[min(others.count - 1, Int(run.rate * Double(others.count)))]
        var hits: [(mine: Bool, theirs: Bool)] = []
        for (index, row) in rows.enumerated() where row.isFlagged { hits.append((run.attached[index], simple[index] > threshold)) }
        func difference(_ sample: [Int]) -> Double {
            Double(sample.reduce(0) { $0 + (hits[$1].mine ? 1 : 0) - (hits[$1].theirs ? 1 : 0) }) / Double(max(1, sample.count))
        }
        var random = Draws(state: 20_261_124)
        let draws = (0..<resamples).map { _ in
            difference(hits.indices.map { _ in Int.random(in: hits.indices, using: &random) })
        }.sorted()
        return BaselineComparison(
            recall: run.recall, baselineRecall: Double(hits.count(where: \.theirs)) / Double(max(1, hits.count)),
            difference: difference(Array(hits.indices)), lower: draws[resamples / 40], upper: draws[resamples - 1 - resamples / 40],
            resamples: resamples)
    }
}

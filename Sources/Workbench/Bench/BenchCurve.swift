internal import Histogram

/// One point of a distribution: how long the slowest part took at least.
public struct BenchCurvePoint: Codable, Sendable, Equatable {
    /// One in so many took longer: 2 is the median, 100 the 99th percentile.
    public var oneIn: Int
    public var ms: Double
}

extension Histogram where Count == UInt64 {
    /// The whole distribution in a few points, as far as the samples tell: 1, 2, 5, 10, 20, 50, …
    var curve: [BenchCurvePoint] {
        var points: [BenchCurvePoint] = []
        var decade = 1
        while decade <= Int(totalCount) {
            for oneIn in [decade, 2 * decade, 5 * decade] where oneIn <= Int(totalCount) {
                let value = valueAtPercentile(100 * (1 - 1 / Double(oneIn)))
                points.append(BenchCurvePoint(oneIn: oneIn, ms: (Double(value) / 1_000).rounded() / 1_000))
            }
            decade *= 10
        }
        return points
    }
}

extension LatencyReport {
    /// How long the slower ones took: the further to the right, the rarer.
    public func plot() -> BenchPlot {
        func line(_ name: String, _ curve: [BenchCurvePoint]) -> BenchPlot.Line {
            BenchPlot.Line(name, curve.map { (Double($0.oneIn), $0.ms) })
        }
        var lines = [line(mode == .agent ? "through the agent, to the receipt" : "submit to receipt", receiptCurve)]
        if let patrolCurve { lines.append(line("submit to patrol", patrolCurve)) }
        let title =
            switch mode {
            case .rate: "Latency at \(rate ?? 0) tips a second"
            case .direct: "Latency of one tip at a time, direct"
            case .agent: "Latency of one tip at a time, through the agent"
            }
        return BenchPlot(
            axis: "one in so many took longer (10: p90, 100: p99, 1k: p99.9)",
            panels: [BenchPlot.Panel(title: "\(title): p50 \(submitToReceiptMs.p50), p99 \(submitToReceiptMs.p99) ms", axis: "ms", lines: lines)])
    }
}

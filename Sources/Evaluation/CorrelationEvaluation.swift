// How well correlation finds the duplicates of a stream that it has never seen. The labels are one-sided: a row that is not
// flagged may be a duplicate as well, so the figure is the recall of flagged rows at a fixed attach rate on the others.

public import TipModel
internal import Triage

/// What ``CorrelationTrial/evaluate(progress:)`` found. Shares are 0…1.
public struct CorrelationEvaluation: Sendable, Codable, Equatable {
    public var rows: Int
    public var flagged: Int
    /// Rows not flagged that attach at the configured threshold.
    public var attachRate: Double
    /// Recall of flagged rows where 5 % and 10 % of the others attach, interpolated between the two thresholds next to it.
    public var recallAt5: Double
    public var recallAt10: Double
    /// Of the flagged rows that attach at the configured threshold and whose named case is in the file: in how many the incident has
    /// that case. Nil where there is none.
    public var namedIncidentHit: Double?
    /// Of the whole stream at the configured threshold, without reading the file.
    public var rowsPerSecond: Double

    enum CodingKeys: String, CodingKey {
        case rows
        case flagged
        case attachRate = "attach_rate"
        case recallAt5 = "recall_at_5pct"
        case recallAt10 = "recall_at_10pct"
        case namedIncidentHit = "named_incident_hit"
        case rowsPerSecond = "rows_per_second"
    }
}

/// One file and one set of rules.
public struct CorrelationTrial {
    let rows: [RequestRow]
    let rules: CorrelationRules
    private let features: [TipFeatures]
    private var runs: [Int32: Run] = [:]

    /// One pass over all rows at one threshold.
    struct Run {
        var attached: [Bool]
        var incidents: [IncidentID]
        var seconds: Double
        /// Share of rows not flagged that attached, and of flagged ones.
        var rate: Double
        var recall: Double
    }

    /// - Parameters:
    ///   - from: rows opened then or later, "2018" or "2018-01-01".
    ///   - until: rows opened before.
    /// - Throws: ``EvaluationError``
    public init(_ file: String, rules: CorrelationRules, from: String? = nil, until: String? = nil) throws {
        rows = try RequestFile.read(file, from: from, until: until)
        self.rules = rules
        let stream = TipStream(rules)
        features = rows.map { stream.features(of: $0.accepted.tip) }
        guard rows.contains(where: \.isFlagged), rows.contains(where: { !$0.isFlagged }) else {
            throw EvaluationError(file: file, line: nil, "needs flagged rows and others")
        }
    }

    /// - Parameter progress: told the threshold of each pass before it begins.
    public mutating func evaluate(progress: (Int32) -> Void = { _ in }) -> CorrelationEvaluation {
        let shipped = run(rules.attachAt, progress)
        return CorrelationEvaluation(
            rows: rows.count, flagged: rows.count(where: \.isFlagged), attachRate: shipped.rate,
            recallAt5: recall(atRate: 0.05, progress), recallAt10: recall(atRate: 0.10, progress),
            namedIncidentHit: namedHit(shipped), rowsPerSecond: (Double(rows.count) / shipped.seconds).rounded())
    }

    /// The two thresholds beside a rate: `below` attaches no more, `above` no less.
    mutating func bracket(_ rate: Double, _ progress: (Int32) -> Void) -> (below: Run, above: Run) {
        var (low, high) = (Int32(0), rules.points.most + 1)
        // At `low` everything that has a candidate attaches, at `high` nothing does; the rate falls in between.
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if run(middle, progress).rate >= rate { low = middle } else { high = middle }
        }
        return (run(high, progress), run(max(1, low), progress))
    }

    private mutating func recall(atRate rate: Double, _ progress: (Int32) -> Void) -> Double {
        let (below, above) = bracket(rate, progress)
        guard above.rate > below.rate else { return below.recall }
        let share = min(1, max(0, (rate - below.rate) / (above.rate - below.rate)))
        return below.recall + (above.recall - below.recall) * share
    }

    mutating func run(_ threshold: Int32, _ progress: (Int32) -> Void = { _ in }) -> Run {
        if let known = runs[threshold] { return known }
        progress(threshold)
        var rules = rules
        rules.attachAt = threshold
        rules.suggestAt = min(rules.suggestAt, threshold)
        var stream = TipStream(rules)
        var run = Run(attached: [], incidents: [], seconds: 0, rate: 0, recall: 0)
        run.attached.reserveCapacity(rows.count)
        run.incidents.reserveCapacity(rows.count)
        let time = ContinuousClock().measure {
            for (row, features) in zip(rows, features) {
                let (incident, isAttached) = stream.take(row.accepted, features)
                run.attached.append(isAttached)
                run.incidents.append(incident)
            }
        }
        run.seconds = seconds(time)
        (run.rate, run.recall) = shares(run.attached)
        runs[threshold] = run
        return run
    }

    /// Of the rows not flagged, and of those flagged, the share for which `holds` is true.
    func shares(_ holds: [Bool]) -> (others: Double, flagged: Double) {
        var (others, flagged, allFlagged) = (0, 0, 0)
        for (row, holds) in zip(rows, holds) {
            if row.isFlagged { allFlagged += 1 }
            guard holds else { continue }
            if row.isFlagged { flagged += 1 } else { others += 1 }
        }
        return (Double(others) / Double(max(1, rows.count - allFlagged)), Double(flagged) / Double(max(1, allFlagged)))
    }

    private func namedHit(_ run: Run) -> Double? {
        let incidents = Dictionary(zip(rows.map(\.id), run.incidents), uniquingKeysWith: { first, _ in first })
        var (named, hit) = (0, 0)
        for (index, row) in rows.enumerated() where row.isFlagged && run.attached[index] {
            guard let other = incidents[row.duplicateOf] else { continue }
            named += 1
            if other == run.incidents[index] { hit += 1 }
        }
        return named == 0 ? nil : Double(hit) / Double(named)
    }

    /// The best points of each row against all before it, each its own incident: what fitting looks at.
    func bestPoints(under rules: CorrelationRules) -> [Int32] {
        var stream = TipStream(rules)
        return zip(rows, features).map { stream.bestPoints($0.accepted, $1) }
    }
}

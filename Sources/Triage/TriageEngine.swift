public import TipModel

/// Scoring and correlation by one set of rules: what the daemon holds, and swaps as a whole when rules change.
public struct TriageEngine: Sendable {
    public let scorer: UrgencyScorer
    public let correlator: Correlator
    /// The cell edge for an ``OpenIncidentIndex`` under these rules, in metres: twice the maximum distance, so that
    /// accuracies up to half of it each never carry a pair beyond the neighbouring cells.
    public let cellMetres: Double

    public init(rules: TriageRules) {
        scorer = UrgencyScorer(rules)
        correlator = Correlator(rules)
        cellMetres = rules.correlation.maximumDistance * 2
    }
}

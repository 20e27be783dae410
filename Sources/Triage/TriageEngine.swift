public import TipModel

/// Scoring and correlation by one set of rules: what the daemon holds, and swaps as a whole when rules change.
public struct TriageEngine: Sendable {
    public let scorer: UrgencyScorer
    public let correlator: Correlator
    /// What words weigh; an ``OpenIncidentIndex`` needs it, too.
    public let weights: TermWeights
    /// Days that an earlier incident at the same place counts for.
    let placeDays: Int32
    /// The cell edge for an ``OpenIncidentIndex`` under these rules, in metres: whatever may attach lies within the span of the first
    /// tip, widened by the accuracies of both, each at most the maximum distance.
    public let cellMetres: Double
    /// By which a ``TipReading`` knows it; copies have the same.
    let id = EngineID()

    /// Some milliseconds: phrases are compiled.
    public init(rules: TriageRules) {
        scorer = UrgencyScorer(rules)
        correlator = Correlator(rules.correlation)
        placeDays = rules.urgency.repeatPlace.days
        weights = TermWeights(rules.correlation.text)
        cellMetres = rules.correlation.spanMetres + 2 * rules.correlation.maximumDistance
    }

    /// An empty index for incidents under these rules.
    public func makeIndex() -> OpenIncidentIndex { OpenIncidentIndex(cellMetres: cellMetres, weights: weights) }

    /// An index of `incidents`, in any order.
    public func makeIndex(of incidents: some Sequence<Incident>) -> OpenIncidentIndex {
        OpenIncidentIndex(cellMetres: cellMetres, weights: weights, incidents: incidents)
    }

    /// What correlation computes from a tip's words.
    public func features(of tip: Tip) -> TipFeatures { TipFeatures(text: tip.text, place: tip.place, weights: weights) }
}

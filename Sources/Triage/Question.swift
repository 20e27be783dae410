import TipModel

/// A tip with what is worked out of it once for all candidates.
struct Question {
    let tip: TipView
    let row: Correlator.Row
    let now: Timestamp
    /// Nil where it is no place on earth.
    let here: Position?
    /// Metres by which it may be elsewhere.
    let slack: Double
    /// Nil without a position, and near the poles.
    let rough: RoughDistance?

    /// In percent.
    func affinity(_ trace: IncidentView.Trace) -> Int32 { row.percent(with: trace.categoryHash, trace.category) }
}

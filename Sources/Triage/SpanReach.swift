import TipModel

/// Tells of most incidents that are ruled out by ``Veto/span`` or ``Veto/distance`` that one of them, or another veto, rules them out:
/// without a look at them and without a cosine.
struct SpanReach {
    private let rough: RoughDistance
    /// Without the other's accuracy: from the first tip, and from any.
    private let span: Double
    private let distance: Double
    private let maximumSlack: Double

    /// Nil without a position, and near the poles.
    init?(_ position: Position?, slack: Double, rules: CorrelationRules) {
        guard let position = position?.known, let rough = RoughDistance(position) else { return nil }
        self.rough = rough
        span = rules.spanMetres + slack
        distance = rules.maximumDistance + slack
        maximumSlack = rules.maximumDistance
    }

    /// Whether an incident is certainly farther than the span, or all of its evidence farther than the distance. Nothing is said of one
    /// that is unknown.
    @inline(__always)
    func excludes(_ other: Whereabouts) -> Bool {
        if let box = other.box, rough.isBeyond(distance + slack(box.accuracy), box) { return true }
        guard let first = other.first else { return false }
        return rough.isBeyond(span + slack(first.accuracy), first)
    }

    @inline(__always)
    private func slack(_ accuracy: Float) -> Double { accuracy > 0 ? min(Double(accuracy), maximumSlack) : 0 }
}

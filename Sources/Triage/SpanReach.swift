import TipModel

/// Tells of most incidents that are ruled out by ``Veto/span`` that they are, without a look at them and without a cosine.
struct SpanReach {
    private static let metresPerDegree = 111_194.93
    private let latitude: Double
    private let longitude: Double
    /// Metres of a degree of longitude, a hundredth less than at this latitude: within a cell or two they differ by less.
    private let metresEast: Double
    /// Without the other's accuracy, and a metre more, so that rounding excludes nothing.
    private let metres: Double
    private let maximumSlack: Double

    /// Nil without a position, and near the poles, where a degree of longitude changes too fast.
    init?(_ position: Position?, slack: Double, rules: CorrelationRules) {
        guard let position = position?.known, abs(position.latitude) < 75 else { return nil }
        (latitude, longitude) = (position.latitude, position.longitude)
        metresEast = Position(latitude: latitude, longitude: 0).distance(to: Position(latitude: latitude, longitude: 1)) * 0.99
        metres = rules.spanMetres + slack + 1
        maximumSlack = rules.maximumDistance
    }

    /// Whether `first` is certainly farther than the span. Nothing is said of one that is unknown.
    func excludes(_ first: Position?) -> Bool {
        guard let first, abs(first.latitude - latitude) < 0.1 else { return false }
        let north = (first.latitude - latitude) * Self.metresPerDegree
        let east = (first.longitude - longitude) * metresEast
        let limit = metres + (first.accuracy > 0 ? min(Double(first.accuracy), maximumSlack) : 0)
        return north * north + east * east > limit * limit
    }
}

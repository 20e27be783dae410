import TipModel

/// What can be said of distances from one position without a cosine for each.
struct RoughDistance {
    private static let metresPerDegree = 111_194.93
    private let latitude: Double
    private let longitude: Double
    /// Metres of a degree of longitude at this latitude.
    private let metresEast: Double

    /// Nil near the poles, where a degree of longitude changes too fast.
    /// - Parameter position: a place on earth.
    init?(_ position: Position) {
        guard abs(position.latitude) < 75 else { return nil }
        (latitude, longitude) = (position.latitude, position.longitude)
        metresEast = Position(latitude: latitude, longitude: 0).distance(to: Position(latitude: latitude, longitude: 1))
    }

    /// Metres north, and metres east as they were at this latitude; within a cell or two they differ from what they are by less than a
    /// hundredth. Nil further away.
    @inline(__always)
    private func offset(_ there: Position) -> (north: Double, east: Double)? {
        guard abs(there.latitude - latitude) < 0.1 else { return nil }
        return ((there.latitude - latitude) * Self.metresPerDegree, (there.longitude - longitude) * metresEast)
    }

    /// Whether `there` is certainly farther than `limit` metres by ``Position/distance(to:)``. A metre is left to rounding.
    @inline(__always)
    func isBeyond(_ limit: Double, _ there: Position) -> Bool {
        guard let (north, east) = offset(there) else { return false }
        return north * north + east * east * (0.99 * 0.99) > (limit + 1) * (limit + 1)
    }

    /// Whether `there` is certainly no farther.
    func isWithin(_ limit: Double, _ there: Position) -> Bool {
        guard limit > 1, let (north, east) = offset(there) else { return false }
        return north * north + east * east * (1.01 * 1.01) < (limit - 1) * (limit - 1)
    }

    /// Whether all of `box` is certainly farther than `limit` metres.
    @inline(__always)
    func isBeyond(_ limit: Double, _ box: Whereabouts.Box) -> Bool {
        guard abs(box.south - latitude) < 0.1, abs(box.north - latitude) < 0.1 else { return false }
        let north = max(box.south - latitude, latitude - box.north, 0) * Self.metresPerDegree
        let east = max(box.west - longitude, longitude - box.east, 0) * metresEast
        return north * north + east * east * (0.99 * 0.99) > (limit + 1) * (limit + 1)
    }
}

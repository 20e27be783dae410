import TipModel

/// Where an incident is, for telling at a glance that a tip is out of its reach.
struct Whereabouts {
    /// Around a number of positions.
    struct Box {
        var south: Double
        var north: Double
        var west: Double
        var east: Double
        /// The largest of theirs.
        var accuracy: Float
    }

    /// Where its first tip was, or where it is itself; nil where neither is known.
    var first: Position?
    /// Around all of its evidence; nil where not all of it has a position.
    private(set) var box: Box?

    /// - Parameter positions: of all evidence, each a place on earth.
    init(first: Position?, positions: some Sequence<Position?>) {
        self.first = first
        var around: Box?
        for position in positions {
            guard let position else { return }
            let accuracy = position.accuracy > 0 ? position.accuracy : 0
            guard let box = around else {
                around = Box(
                    south: position.latitude, north: position.latitude, west: position.longitude, east: position.longitude,
                    accuracy: accuracy)
                continue
            }
            around = Box(
                south: min(box.south, position.latitude), north: max(box.north, position.latitude),
                west: min(box.west, position.longitude), east: max(box.east, position.longitude),
                accuracy: max(box.accuracy, accuracy))
        }
        box = around
    }
}

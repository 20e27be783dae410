#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import TipModel

/// Where a position falls in a grid of cells whose edges are at least `metres` long.
///
/// Rows are bands of latitude. A degree of longitude shrinks towards the pole, so each row divides longitude by a
/// scale of its own, taken poleward of the row and its neighbour: cells come out a little wider, never narrower,
/// and whatever is within `metres` of a position lies in its 3×3 neighbourhood. A district across the 180th
/// meridian is not served (``Position/distance(to:)`` does not wrap either).
struct CellGrid: Sendable {
    struct Cell: Hashable {
        var row: Int32
        var column: Int32
    }

    private static let metresPerDegree = 111_194.93
    private let metres: Double

    /// `metres` below 10 or not a number counts as 10, above 100,000 as 100,000.
    init(metres: Double) { self.metres = metres >= 10 ? min(metres, 100_000) : 10 }

    /// The position's cell; nil where the position is no place on earth.
    func cell(of position: Position) -> Cell? {
        guard let position = position.known else { return nil }
        let row = row(of: position)
        return Cell(row: row, column: column(of: position, in: row))
    }

    /// The cell of `position` and the eight around it; none where the position is no place on earth.
    func neighbourhood(of position: Position, _ body: (Cell) -> Void) {
        guard let position = position.known else { return }
        let row = row(of: position)
        for near in row - 1...row + 1 {
            let column = column(of: position, in: near)
            for side in column - 1...column + 1 { body(Cell(row: near, column: side)) }
        }
    }

    private func row(of position: Position) -> Int32 {
        Int32((position.latitude * Self.metresPerDegree / metres).rounded(.down))
    }

    private func column(of position: Position, in row: Int32) -> Int32 {
        let poleward = (Double(abs(row)) + 2) * metres / Self.metresPerDegree
        let scale = max(0.001, cos(min(90, poleward) * .pi / 180))
        return Int32((position.longitude * Self.metresPerDegree * scale / metres).rounded(.down))
    }
}

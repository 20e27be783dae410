import Patrol

/// A table for the terminal. Columns are as wide as their widest cell, counted in terminal columns: a Chinese character takes
/// two.
struct Table {
    enum Side { case left, right }

    /// What a column does where the terminal is narrower than the table. A line that wraps is harder to read than one that
    /// lacks something.
    enum Narrow {
        case keeps
        /// Down to ``least`` columns.
        case shrinks
        /// Shrinks, and leaves the table when that is not enough.
        case goes
    }

    struct Column {
        var title: String
        var side: Side
        /// Longer cells are cut with an ellipsis.
        var most: Int
        var narrow: Narrow

        init(_ title: String, _ side: Side = .left, most: Int = 40, narrow: Narrow = .keeps) {
            self.title = title
            self.side = side
            self.most = most
            self.narrow = narrow
        }
    }

    private static let least = 10
    private static let gap = 2

    let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; cells come from outside and are cleaned. A missing cell is empty.
    mutating func add(_ cells: String...) {
        rows.append(columns.indices.map { index in
            index < cells.count ? TerminalText.fit(TerminalText.clean(cells[index]), columns[index].most) : ""
        })
    }

    var isEmpty: Bool { rows.isEmpty }

    /// Title and rows; a line never ends in spaces.
    /// - Parameter width: of the terminal; nil where there is none and every cell may be as wide as it is.
    func lines(within width: Int?) -> [String] {
        let all = [columns.map(\.title)] + rows
        var widths = columns.indices.map { index in all.map { TerminalText.width($0[index]) }.max() ?? 0 }
        if let width { fit(&widths, width) }
        return all.map { row in
            var line = ""
            for (index, cell) in row.enumerated() where widths[index] > 0 {
                let cell = TerminalText.fit(cell, widths[index])
                let blank = String(repeating: " ", count: widths[index] - TerminalText.width(cell))
                line += (line.isEmpty ? "" : String(repeating: " ", count: Self.gap))
                line += columns[index].side == .left ? cell + blank : blank + cell
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Makes columns narrower, the widest first, until the table fits or none may give any more. A column that goes gets 0.
    private func fit(_ widths: inout [Int], _ width: Int) {
        func excess() -> Int { widths.filter { $0 > 0 }.reduce(-Self.gap) { $0 + $1 + Self.gap } - width }
        while excess() > 0 {
            let shrinking = columns.indices.filter { columns[$0].narrow != .keeps && widths[$0] > Self.least }
            if let widest = shrinking.max(by: { widths[$0] < widths[$1] }) {
                widths[widest] -= 1
            } else if let leaving = columns.indices.last(where: { columns[$0].narrow == .goes && widths[$0] > 0 }) {
                widths[leaving] = 0
                // What it leaves is for the others.
                for index in columns.indices where columns[index].narrow == .shrinks {
                    let room = max(0, -excess())
                    let wish = ([columns[index].title] + rows.map { $0[index] }).map { TerminalText.width($0) }.max() ?? 0
                    widths[index] = min(wish, widths[index] + room)
                }
            } else {
                return
            }
        }
    }

    var lines: [String] { lines(within: Output.columns) }

    var text: String { lines.joined(separator: "\n") }
}

/// Text from outside on one line and without anything that a terminal would obey.
func clean(_ text: String) -> String { TerminalText.clean(text) }

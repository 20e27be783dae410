import Patrol

/// A table for the terminal. Columns are as wide as their widest cell, counted in terminal columns: a Chinese character takes
/// two.
struct Table {
    enum Side { case left, right }

    struct Column {
        var title: String
        var side: Side
        /// Longer cells are cut with an ellipsis.
        var most: Int

        init(_ title: String, _ side: Side = .left, most: Int = 40) {
            self.title = title
            self.side = side
            self.most = most
        }
    }

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
    var lines: [String] {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { index in all.map { TerminalText.width($0[index]) }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                let blank = String(repeating: " ", count: widths[index] - TerminalText.width(cell))
                line += (index == 0 ? "" : "  ") + (columns[index].side == .left ? cell + blank : blank + cell)
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    var text: String { lines.joined(separator: "\n") }
}

/// Text from outside on one line and without anything that a terminal would obey.
func clean(_ text: String) -> String { TerminalText.clean(text) }

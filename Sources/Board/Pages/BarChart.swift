/// Bars drawn on the server, in units of the drawing. The numbers stand in a table beneath, for those who do not see them.
struct BarChart {
    struct Bar {
        let x: String
        let y: String
        let width: String
        let height: String
        let isSecond: Bool
        let title: String
    }

    struct Label {
        let x: String
        let y: String
        let text: String
        let anchor: String
        let isScale: Bool
    }

    struct Line {
        let y: String
        let x1: String
        let x2: String
    }

    struct Entry {
        let name: String
        let first: UInt64
        let second: UInt64
    }

    let width: String
    let height: String
    var bars: [Bar] = []
    var labels: [Label] = []
    var lines: [Line] = []
    let entries: [Entry]

    private static func text(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        guard tenths.magnitude < 1_000_000 else { return "0" }
        return "\(Int(tenths) / 10).\(abs(Int(tenths) % 10))"
    }

    /// A step of 1, 2 or 5 times a power of ten, so that at most five of them reach `most`.
    static func step(_ most: UInt64) -> UInt64 {
        var power: UInt64 = 1
        while true {
            for factor: UInt64 in [1, 2, 5] where power * factor >= (most + 4) / 5 { return power * factor }
            guard power < UInt64.max / 100 else { return power }
            power *= 10
        }
    }

    /// Upright pairs of bars, one for each entry; every third is named.
    static func columns(_ entries: [Entry], firstName: String, secondName: String) -> BarChart {
        let (width, height, left, bottom, top) = (640.0, 230.0, 44.0, 28.0, 12.0)
        var chart = BarChart(width: "640", height: "230", entries: entries)
        let most = max(1, entries.map { max($0.first, $0.second) }.max() ?? 1)
        let step = step(most)
        let ceiling = Double((most + step - 1) / step * step)
        let room = height - bottom - top
        func y(_ value: UInt64) -> Double { top + room * (1 - Double(value) / ceiling) }
        var mark: UInt64 = 0
        while Double(mark) <= ceiling {
            chart.lines.append(Line(y: text(y(mark)), x1: text(left), x2: text(width)))
            chart.labels.append(Label(x: text(left - 6), y: text(y(mark) + 5), text: "\(mark)", anchor: "end", isScale: true))
            mark += step
        }
        let slot = (width - left) / Double(max(1, entries.count))
        for (index, entry) in entries.enumerated() {
            let start = left + slot * Double(index)
            for (place, value, name) in [(0, entry.first, firstName), (1, entry.second, secondName)] where value > 0 {
                chart.bars.append(
                    Bar(
                        x: text(start + slot * (place == 0 ? 0.1 : 0.5)), y: text(y(value)), width: text(slot * 0.38),
                        height: text(height - bottom - y(value)), isSecond: place == 1, title: "\(entry.name) \(name) \(value)"))
            }
            if index % 3 == 0 {
                chart.labels.append(
                    Label(x: text(start + slot / 2), y: text(height - 8), text: entry.name, anchor: "middle", isScale: true))
            }
        }
        return chart
    }

    /// Lying pairs of bars, each with its name before it and its numbers behind it.
    static func rows(_ entries: [Entry], firstName: String, secondName: String) -> BarChart {
        let (width, left, row) = (640.0, 150.0, 34.0)
        var chart = BarChart(width: "640", height: text(row * Double(max(1, entries.count)) + 4), entries: entries)
        let most = Double(max(1, entries.map { max($0.first, $0.second) }.max() ?? 1))
        for (index, entry) in entries.enumerated() {
            let y = row * Double(index) + 4
            chart.labels.append(Label(x: text(left - 8), y: text(y + 18), text: entry.name, anchor: "end", isScale: false))
            for (place, value, name) in [(0, entry.first, firstName), (1, entry.second, secondName)] {
                let length = (width - left - 90) * Double(value) / most
                if value > 0 {
                    chart.bars.append(
                        Bar(
                            x: text(left), y: text(y + (place == 0 ? 1 : 14)), width: text(max(1, length)), height: "12",
                            isSecond: place == 1, title: "\(entry.name) \(name) \(value)"))
                }
            }
            let end = left + (width - left - 90) * Double(max(entry.first, entry.second)) / most
            chart.labels.append(
                Label(x: text(end + 8), y: text(y + 18), text: "\(entry.first) / \(entry.second)", anchor: "start", isScale: false))
        }
        return chart
    }

    private init(width: String, height: String, entries: [Entry]) {
        self.width = width
        self.height = height
        self.entries = entries
    }
}

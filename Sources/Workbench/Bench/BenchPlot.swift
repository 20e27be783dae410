internal import Glibc

/// A chart as SVG: sizes on a logarithmic axis, one panel above the other. Made here so that the suite needs no library.
/// Its colours are of middle brightness, and the ground is left as it is, so it reads on light and dark pages.
public struct BenchPlot: Sendable, Equatable {
    /// One chart with an axis of its own.
    public struct Panel: Sendable, Equatable {
        public var title: String
        /// What the vertical axis shows, with its unit.
        public var axis: String
        public var lines: [Line]

        public init(title: String, axis: String, lines: [Line]) {
            (self.title, self.axis, self.lines) = (title, axis, lines)
        }
    }

    public struct Line: Sendable, Equatable {
        public var name: String
        /// Sizes, above 0, and values.
        public var points: [(x: Double, y: Double)]

        public init(_ name: String, _ points: [(x: Double, y: Double)]) { (self.name, self.points) = (name, points) }

        public static func == (left: Line, right: Line) -> Bool {
            left.name == right.name && left.points.elementsEqual(right.points) { $0 == $1 }
        }
    }

    /// What the horizontal axis shows.
    public var axis: String
    public var panels: [Panel]

    public init(axis: String, panels: [Panel]) { (self.axis, self.panels) = (axis, panels) }

    private static let width = 640.0, left = 74.0, right = 24.0, top = 44.0, plotHeight = 190.0, panelHeight = 290.0
    private static let colours = ["#2f7fc1", "#d2691e", "#3c9a5f", "#9b59b6"]

    /// The whole file.
    public var svg: String {
        let height = Self.panelHeight * Double(panels.count)
        var out = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.text(Self.width))" height="\(Self.text(height))" viewBox="0 0 \(Self.text(Self.width)) \(Self.text(height))" font-family="sans-serif" font-size="12">

            """
        for (place, panel) in panels.enumerated() { draw(panel, at: Double(place) * Self.panelHeight, into: &out) }
        return out + "</svg>\n"
    }

    private func draw(_ panel: Panel, at y: Double, into out: inout String) {
        let points = panel.lines.flatMap(\.points).filter { $0.x > 0 && $0.y.isFinite }
        let decades = Self.decades(points.map(\.x))
        let ticks = Self.ticks(upTo: points.map(\.y).max() ?? 1)
        let (from, most) = (Self.left, max(ticks.last ?? 1, 1e-9))
        let span = Self.width - Self.left - Self.right
        func across(_ value: Double) -> Double { from + span * (log10(value) - Double(decades.lowerBound)) / Double(max(1, decades.count - 1)) }
        func down(_ value: Double) -> Double { y + Self.top + Self.plotHeight * (1 - max(0, value) / most) }
        label(panel.title, Self.left, y + 18, into: &out, weight: "bold")
        let middle = y + Self.top + Self.plotHeight / 2
        out += "<text x=\"16\" y=\"\(Self.text(middle))\" fill=\"#808080\" text-anchor=\"middle\" transform=\"rotate(-90 16 \(Self.text(middle)))\">\(Self.escaped(panel.axis))</text>\n"
        for tick in ticks {
            out += "<path d=\"M\(Self.text(from)) \(Self.text(down(tick)))h\(Self.text(span))\" stroke=\"#808080\" stroke-opacity=\"0.3\"/>\n"
            label(Self.short(tick), from - 6, down(tick) + 4, into: &out, anchor: "end")
        }
        for decade in decades {
            let x = across(pow(10, Double(decade)))
            out += "<path d=\"M\(Self.text(x)) \(Self.text(y + Self.top))v\(Self.text(Self.plotHeight))\" stroke=\"#808080\" stroke-opacity=\"0.2\"/>\n"
            label(Self.short(pow(10, Double(decade))), x, y + Self.top + Self.plotHeight + 16, into: &out, anchor: "middle")
        }
        label(axis, from + span / 2, y + Self.top + Self.plotHeight + 34, into: &out, anchor: "middle")
        for (place, line) in panel.lines.enumerated() {
            let colour = Self.colours[place % Self.colours.count]
            let shown = line.points.filter { $0.x > 0 && $0.y.isFinite }
            let path = shown.map { "\(Self.text(across($0.x))),\(Self.text(down($0.y)))" }.joined(separator: " ")
            out += "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>\n"
            for point in shown {
                out += "<circle cx=\"\(Self.text(across(point.x)))\" cy=\"\(Self.text(down(point.y)))\" r=\"3.5\" fill=\"\(colour)\"/>\n"
            }
            let x = from + Double(place) * 180
            out += "<rect x=\"\(Self.text(x))\" y=\"\(Self.text(y + 26))\" width=\"10\" height=\"10\" fill=\"\(colour)\"/>\n"
            label(line.name, x + 15, y + 35, into: &out)
        }
    }

    private func label(
        _ words: String, _ x: Double, _ y: Double, into out: inout String, anchor: String = "start", weight: String = "normal"
    ) {
        out += "<text x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" fill=\"#808080\" text-anchor=\"\(anchor)\" font-weight=\"\(weight)\">\(Self.escaped(words))</text>\n"
    }

    // MARK: - Scales

    /// Powers of ten around the sizes.
    static func decades(_ sizes: [Double]) -> ClosedRange<Int> {
        let least = Int(floor(log10(max(sizes.min() ?? 1, 1e-9)))), most = Int(ceil(log10(max(sizes.max() ?? 10, 1e-9))))
        return least...max(least + 1, most)
    }

    /// Four to eight round values from 0 to above `most`.
    static func ticks(upTo most: Double) -> [Double] {
        guard most > 0, most.isFinite else { return [0, 1] }
        let rough = most / 5
        let power = pow(10, floor(log10(rough)))
        let step = ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
        let count = Int(ceil(most / step - 1e-9))
        return (0...max(1, count)).map { Double($0) * step }
    }

    /// 1k, 20k, 1M; small values as they are.
    static func short(_ value: Double) -> String {
        for (unit, name) in [(1e6, "M"), (1e3, "k")] where value >= unit { return text(value / unit) + name }
        return text(value)
    }

    private static func text(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "0" }
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    private static func escaped(_ words: String) -> String {
        words.map { character -> String in
            switch character {
            case "&": return "&amp;"
            case "<": return "&lt;"
            case ">": return "&gt;"
            default: return String(character)
            }
        }.joined()
    }

    /// - Throws: ``WorkbenchError`` when the file cannot be written.
    public func write(to path: String) throws(WorkbenchError) { try writeFile(path, svg) }
}

extension GrowthReport {
    /// Cost and rate over size.
    /// - Parameters:
    ///   - axis: what the sizes are.
    ///   - cost: what the first panel is called.
    public func plot(axis: String, cost: String) -> BenchPlot {
        func line(_ name: String, _ value: (GrowthPoint) -> Double) -> BenchPlot.Line {
            BenchPlot.Line(name, points.map { (Double($0.size), value($0)) })
        }
        let isFanOut = measure == "cpu_microseconds_per_further_patrol"
        var panels = [
            BenchPlot.Panel(
                title: isFanOut ? cost : "\(cost): largest to smallest \(ratio)", axis: "CPU, µs a tip",
                lines: [line("daemon") { $0.cpuMicrosecondsPerTip }, line("generator") { $0.generatorCpuMicrosecondsPerTip }]),
            BenchPlot.Panel(
                title: isFanOut ? "Deliveries a second" : "Tips a second", axis: "per second",
                lines: [line(isFanOut ? "deliveries" : "tips") { isFanOut ? $0.deliveriesPerSecond ?? 0 : $0.tipsPerSecond }]),
        ]
        if isFanOut {
            let further = points.compactMap { point in point.cpuMicrosecondsPerFurtherPatrol.map { (x: Double(point.size), y: $0) } }
            panels.insert(
                BenchPlot.Panel(
                    title: "Cost of a further patrol: largest to smallest \(ratio)", axis: "CPU, µs a tip", lines: [BenchPlot.Line("daemon", further)]),
                at: 1)
        }
        return BenchPlot(axis: axis, panels: panels)
    }
}

extension RecoveryReport {
    /// Start-up, memory and cost over the length of the journal.
    public func plot() -> BenchPlot {
        func line(_ name: String, _ value: (RecoveryPoint) -> Double?) -> BenchPlot.Line {
            BenchPlot.Line(name, points.compactMap { point in value(point).map { (Double(point.size), $0) } })
        }
        var panels = [
            BenchPlot.Panel(title: "Start until ready: largest to smallest \(ratioStart)", axis: "seconds", lines: [line("start") { $0.startSeconds }]),
            BenchPlot.Panel(
                title: "Memory", axis: "MiB", lines: [line("resident when ready") { $0.residentMemoryMib }, line("peak under load") { $0.peakMemoryUnderLoadMib }]),
        ]
        if let ratioCpuPerTip {
            panels.append(
                BenchPlot.Panel(
                    title: "Cost of a tip: largest to smallest \(ratioCpuPerTip)", axis: "CPU, µs", lines: [line("daemon") { $0.cpuMicrosecondsPerTip }]))
        }
        return BenchPlot(axis: "tips in the journal", panels: panels)
    }
}

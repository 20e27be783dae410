import Localization
import Workbench

/// What a measurement found, a line for each figure.
struct BenchTable {
    let words: Words
    private var table: Table

    init(_ words: Words) {
        self.words = words
        table = Table([.init(words("项目", "WHAT")), .init(words("结果", "RESULT"), most: 90)])
    }

    var text: String { table.text }

    mutating func add(_ zh: String, _ en: String, _ value: String) { table.add(words(zh, en), value) }

    mutating func add(_ zh: String, _ en: String, _ latency: BenchLatency) {
        add(
            zh, en,
            "p50 \(Self.number(latency.p50))  p90 \(Self.number(latency.p90))  p99 \(Self.number(latency.p99))  "
                + "p99.9 \(Self.number(latency.p999))  max \(Self.number(latency.max)) ms")
    }

    mutating func build(_ kind: String) {
        add("构建", "build", kind == "release" ? kind : kind + words("（不能说明性能）", " (says nothing of performance)"))
    }

    /// With at most three places.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "–" }
        let thousandths = Int64((value * 1_000).rounded())
        let fraction = String(thousandths.magnitude % 1_000)
        let text = (thousandths < 0 ? "-" : "") + "\(thousandths.magnitude / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
        return text.hasSuffix(".000") ? String(text.dropLast(4)) : text
    }
}

/// Writes metrics in Prometheus's text format, version 0.0.4.
///
/// Every family has its help and its type, once, before its samples. Names and label names are ours; label values may
/// come from outside and are escaped.
public struct Exposition: Sendable {
    /// A label's name and value.
    public typealias Label = (name: String, value: String)

    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Samples of one family. What is beyond is left out, so that a scrape stays a scrape whatever the station has.
    public static let samplesBound = 12_000

    public private(set) var text = ""

    public init() {}

    /// One value that only grows until the process ends.
    public mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        counter(name, help, [([], value)])
    }

    public mutating func counter(_ name: String, _ help: String, _ samples: [(labels: [Label], value: UInt64)]) {
        head(name, help, "counter")
        for sample in samples.prefix(Self.samplesBound) { line(name, sample.labels, "\(sample.value)") }
    }

    /// One value that goes up and down.
    public mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        gauge(name, help, [([], value)])
    }

    public mutating func gauge(_ name: String, _ help: String, _ samples: [(labels: [Label], value: Double)]) {
        head(name, help, "gauge")
        for sample in samples.prefix(Self.samplesBound) { line(name, sample.labels, Self.number(sample.value)) }
    }

    public mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        head(name, help, "histogram")
        var below: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            below &+= count
            let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
            line(name + "_bucket", [("le", bound)], "\(below)")
        }
        line(name + "_sum", [], Self.number(histogram.sum))
        line(name + "_count", [], "\(below)")
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private mutating func line(_ name: String, _ labels: [Label], _ value: String) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " " + value + "\n"
    }

    static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers without the point, as everybody else writes them.
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}

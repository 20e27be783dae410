/// Durations and sizes as people write them: a whole number and a unit ("250ms", "14d", "64KiB"). No bare numbers:
/// "30" has cost too many people a factor of a thousand.
enum Quantity {
    private static let durations: [(suffix: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]
    private static let sizes: [(suffix: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// Milliseconds, or nil for anything but digits and one of ms, s, m, h, d, or beyond Int64.
    static func milliseconds(_ text: String) -> Int64? {
        guard let (number, suffix) = split(text), let unit = durations.first(where: { $0.suffix == suffix }) else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
        return overflow ? nil : product
    }

    /// Bytes, or nil for anything but digits and one of B, KiB, MiB, GiB, or beyond Int.
    static func bytes(_ text: String) -> Int? {
        guard let (number, suffix) = split(text), let unit = sizes.first(where: { $0.suffix == suffix }),
            let count = Int(exactly: number)
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : product
    }

    /// A whole number; `_` may separate digits.
    static func integer(_ text: String) -> Int? {
        guard let first = text.utf8.first, first != UInt8(ascii: "_"), first != UInt8(ascii: "+") else { return nil }
        return Int(text.filter { $0 != "_" })
    }

    /// The largest unit that divides it: 90000 → "90s", 86400000 → "1d".
    static func text(milliseconds: Int64) -> String {
        let unit = durations.first { milliseconds != 0 && milliseconds % $0.milliseconds == 0 } ?? ("s", 1_000)
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }

    /// The largest unit that divides it: 65536 → "64KiB".
    static func text(bytes: Int) -> String {
        let unit = sizes.first { bytes != 0 && bytes % $0.bytes == 0 } ?? ("B", 1)
        return "\(bytes / unit.bytes)\(unit.suffix)"
    }

    private static func split(_ text: String) -> (Int64, String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let number = Int64(digits) else { return nil }
        return (number, String(text[digits.endIndex...].drop { $0 == " " }))
    }
}

extension Duration {
    /// Whole milliseconds, saturating; settings have no finer unit.
    var wholeMilliseconds: Int64 {
        let (seconds, fraction) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? (seconds < 0 ? .min : .max) : product &+ fraction / 1_000_000_000_000_000
    }
}

import TipModel

/// Text for XML: marked characters are escaped, and those that XML 1.0 does not have are left out.
public func xmlEscaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\t", "\n", "\r", " "..."\u{D7FF}", "\u{E000}"..."\u{FFFD}", "\u{10000}"..."\u{10FFFF}":
            result.unicodeScalars.append(scalar)
        default: break
        }
    }
    return result
}

/// A moment as ISO 8601 with seconds and the district's offset (`2026-03-01T02:00:00+08:00`). UTC is told as `-00:00`, as
/// CAP wants it.
public func isoTime(milliseconds: Int64, offsetMinutes: Int = 0) -> String {
    // Within the years 1–9999, whatever a clock said.
    let bounded = min(max(milliseconds, -62_135_500_000_000), 253_402_200_000_000)
    let offset = min(max(offsetMinutes, -14 * 60), 14 * 60)
    let seconds = (Int(bounded) - (bounded < 0 ? 999 : 0)) / 1_000 + offset * 60
    let day = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let second = seconds - day * 86_400
    // Days to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civil = (
        year: yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month: month < 10 ? month + 3 : month - 9,
        day: dayOfYear - (153 * month + 2) / 5 + 1
    )
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let year = String(repeating: "0", count: max(0, 4 - "\(civil.year)".count)) + "\(civil.year)"
    let zone = (offset > 0 ? "+" : "-") + two(abs(offset) / 60) + ":" + two(abs(offset) % 60)
    return "\(year)-\(two(civil.month))-\(two(civil.day))T\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))" + zone
}

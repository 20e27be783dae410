public import TipModel

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

extension Timestamp {
    /// Reads a time as RFC 3339 has it: `2026-03-01T02:00:00Z`, with a fraction or an offset as one likes. Nil for anything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard (20...64).contains(bytes.count) else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count else { return nil }
            return bytes[range].reduce(Int?.some(0)) { sum, digit in
                (0x30...0x39).contains(digit) ? sum.map { $0 * 10 + Int(digit - 0x30) } : nil
            }
        }
        let marks: [(Int, String)] = [(4, "-"), (7, "-"), (10, "Tt "), (13, ":"), (16, ":")]
        guard marks.allSatisfy({ mark in mark.1.utf8.contains(bytes[mark.0]) }), let year = number(0..<4), let month = number(5..<7),
            let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), hour <= 23, minute <= 59, second <= 60
        else { return nil }
        let isLeap = (year.isMultiple(of: 4) && !year.isMultiple(of: 100)) || year.isMultiple(of: 400)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...days[month - 1]).contains(day) else { return nil }
        var place = 19
        var milliseconds = 0
        if bytes[place] == UInt8(ascii: ".") {
            place += 1
            let first = place
            while place < bytes.count, (0x30...0x39).contains(bytes[place]) { place += 1 }
            guard place > first else { return nil }
            let digits = String(decoding: bytes[first..<min(place, first + 3)], as: UTF8.self)
            milliseconds = Int(digits + String(repeating: "0", count: 3 - digits.count)) ?? 0
        }
        guard place < bytes.count else { return nil }
        var offset = 0
        switch bytes[place] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): guard place + 1 == bytes.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard place + 6 == bytes.count, bytes[place + 3] == UInt8(ascii: ":"), let hours = number((place + 1)..<(place + 3)),
                let minutes = number((place + 4)..<(place + 6)), hours <= 23, minutes <= 59
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[place] == UInt8(ascii: "+") ? 1 : -1)
        default: return nil
        }
        // Days of the civil date (Howard Hinnant, as above).
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let dayNumber = era * 146_097 + dayOfEra - 719_468
        self.init(milliseconds: Int64(((dayNumber * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000 + Int64(milliseconds))
    }
}

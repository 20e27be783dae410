import Glibc
import TipModel

/// Times as people read them, in this machine's time zone.
enum Clock {
    static func now() -> Timestamp { SystemTime().now() }

    /// `02:10:05`, with the date before it where it is not today.
    static func text(_ milliseconds: Int64, now: Timestamp = now()) -> String {
        let moment = parts(milliseconds), today = parts(now.milliseconds)
        let time = "\(two(moment.tm_hour)):\(two(moment.tm_min)):\(two(moment.tm_sec))"
        guard moment.tm_year != today.tm_year || moment.tm_yday != today.tm_yday else { return time }
        return "\(moment.tm_year + 1_900)-\(two(moment.tm_mon + 1))-\(two(moment.tm_mday)) \(time)"
    }

    /// The latest moment not after `now` at which a local clock shows `HH:MM` or `HH:MM:SS`; nil for anything else.
    static func latest(_ text: String, now: Timestamp = now()) -> Timestamp? {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(fields.count), fields.allSatisfy({ (1...2).contains($0.utf8.count) }),
            let hour = Int32(fields[0]), let minute = Int32(fields[1]), let second = fields.count == 3 ? Int32(fields[2]) : 0,
            (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second)
        else { return nil }
        for daysBack: Int32 in 0...1 {
            var moment = parts(now.milliseconds)
            moment.tm_mday -= daysBack
            (moment.tm_hour, moment.tm_min, moment.tm_sec, moment.tm_isdst) = (hour, minute, second, -1)
            let seconds = mktime(&moment)
            let found = Timestamp(milliseconds: Int64(seconds) * 1_000)
            if found <= now { return found }
        }
        return nil
    }

    /// A moment as people write one: `2026-03-02`, `2026-03-02 02:10`, `2026-03-02T02:10:05Z`, `…+08:00`, by this machine's time zone
    /// where none is given; or `02:10`, as ``latest(_:now:)`` has it. Nil for anything else.
    static func moment(_ text: String, now: Timestamp = now()) -> Timestamp? {
        if let time = latest(text, now: now) { return time }
        var rest = text[...]
        var offset: Int64?
        if rest.hasSuffix("Z") {
            (rest, offset) = (rest.dropLast(), 0)
        } else if rest.utf8.count > 16, let sign = rest.suffix(6).first, sign == "+" || sign == "-" {
            guard let zone = numbers(rest.suffix(5), ":", [2, 2]), zone[0] <= 14, zone[1] < 60 else { return nil }
            (rest, offset) = (rest.dropLast(6), (sign == "-" ? -1 : 1) * Int64(zone[0] * 3_600 + zone[1] * 60))
        }
        guard let date = numbers(rest.prefix(10), "-", [4, 2, 2]), (1...12).contains(date[1]), (1...31).contains(date[2]) else { return nil }
        rest = rest.dropFirst(10)
        var time: [Int32] = [0, 0, 0]
        if let mark = rest.first {
            rest = rest.dropFirst()
            guard mark == "T" || mark == " ", let given = numbers(rest, ":", rest.utf8.count > 5 ? [2, 2, 2] : [2, 2]) else { return nil }
            time = given + (given.count == 2 ? [0] : [])
            guard time[0] < 24, time[1] < 60, time[2] < 60 else { return nil }
        } else if offset != nil {
            return nil
        }
        var moment = tm()
        (moment.tm_year, moment.tm_mon, moment.tm_mday) = (date[0] - 1_900, date[1] - 1, date[2])
        (moment.tm_hour, moment.tm_min, moment.tm_sec, moment.tm_isdst) = (time[0], time[1], time[2], -1)
        let seconds = offset.map { Int64(timegm(&moment)) - $0 } ?? Int64(mktime(&moment))
        // 30 February is another day.
        guard moment.tm_mday == date[2] else { return nil }
        return Timestamp(milliseconds: seconds * 1_000)
    }

    private static func numbers(_ text: Substring, _ separator: Character, _ widths: [Int]) -> [Int32]? {
        let fields = text.split(separator: separator, omittingEmptySubsequences: false)
        guard fields.count == widths.count, zip(fields, widths).allSatisfy({ $0.utf8.count == $1 && $0.allSatisfy { $0.isASCII && $0.isNumber } })
        else { return nil }
        return fields.compactMap { Int32($0) }
    }

    private static func parts(_ milliseconds: Int64) -> tm {
        var seconds = time_t(milliseconds / 1_000)
        var moment = tm()
        localtime_r(&seconds, &moment)
        return moment
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

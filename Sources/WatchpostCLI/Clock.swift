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

    private static func parts(_ milliseconds: Int64) -> tm {
        var seconds = time_t(milliseconds / 1_000)
        var moment = tm()
        localtime_r(&seconds, &moment)
        return moment
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

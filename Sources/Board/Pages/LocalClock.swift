import TipModel

/// Times as people at the station read them, in the district's local time.
struct LocalClock: Sendable {
    let now: Timestamp
    let utcOffsetMinutes: Int

    struct Parts: Hashable {
        var year: Int64
        var month: Int64
        var day: Int64
        var hour: Int64
        var minute: Int64
        var second: Int64
    }

    /// `02:10`, with the date before it where it is not today.
    func text(_ moment: Timestamp) -> String {
        let (parts, today) = (self.parts(moment), self.parts(now))
        let time = "\(Self.two(parts.hour)):\(Self.two(parts.minute))"
        if (parts.year, parts.month, parts.day) == (today.year, today.month, today.day) { return time }
        let date = "\(Self.two(parts.month))-\(Self.two(parts.day)) \(time)"
        return parts.year == today.year ? date : "\(parts.year)-\(date)"
    }

    /// `02:10:05`, likewise.
    func exact(_ moment: Timestamp) -> String { "\(text(moment)):\(Self.two(parts(moment).second))" }

    /// `2026-03-02 02:10`.
    func full(_ moment: Timestamp) -> String {
        let parts = self.parts(moment)
        return "\(parts.year)-\(Self.two(parts.month))-\(Self.two(parts.day)) \(Self.two(parts.hour)):\(Self.two(parts.minute))"
    }

    func parts(_ moment: Timestamp) -> Parts {
        let local = moment.advanced(byMilliseconds: Int64(utcOffsetMinutes) * 60_000).milliseconds
        let seconds = Self.floor(local, 1_000)
        let days = Self.floor(seconds, 86_400)
        let second = seconds - days * 86_400
        let (year, month, day) = Self.civil(days)
        return Parts(year: year, month: month, day: day, hour: second / 3_600, minute: second / 60 % 60, second: second % 60)
    }

    /// A local moment. The date is normalised: 30 February is 2 March.
    func moment(year: Int64, month: Int64, day: Int64, hour: Int64 = 0, minute: Int64 = 0) -> Timestamp {
        let days = Self.days(year, month, day)
        return Timestamp(milliseconds: ((days * 24 + hour) * 60 + minute - Int64(utcOffsetMinutes)) * 60_000)
    }

    /// What a `datetime-local` field sends: `2026-03-02T02:10`. Nil for anything else.
    func parse(_ text: String) -> Timestamp? {
        let fields = text.split(whereSeparator: { "-T:".contains($0) })
        guard text.utf8.count == 16, fields.count == 5 else { return nil }
        let numbers = fields.compactMap { Int64($0) }
        guard numbers.count == 5, (1970...9999).contains(numbers[0]), (1...12).contains(numbers[1]), (1...31).contains(numbers[2]),
            (0...23).contains(numbers[3]), (0...59).contains(numbers[4])
        else { return nil }
        return moment(year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4])
    }

    /// As a `datetime-local` field takes it.
    func field(_ moment: Timestamp) -> String { full(moment).split(separator: " ").joined(separator: "T") }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-(value + 1)) / divisor) - 1
    }

    /// Howard Hinnant's algorithm: days since 1970-01-01 and back, in the proleptic Gregorian calendar.
    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = floor(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floor(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

public import TipModel

extension Catalogue {
    /// How long ago `moment` was. A moment that is yet to come reads as now: two clocks differ a little.
    public func ago(_ moment: Timestamp, now: Timestamp) -> String {
        let seconds = now.milliseconds(since: moment) / 1_000
        switch seconds {
        case ..<5: return pick(("刚刚", "just now"))
        default: return pick((span(seconds) + "前", span(seconds) + " ago"))
        }
    }

    /// How far something is, as exact as it matters ("320 m", "1.4 km"). Not for more than a million metres.
    public func distance(_ metres: Double) -> String {
        let whole = Int(max(0, min(metres, 1e6)).rounded())
        guard whole >= 1_000 else { return text(.distanceMetres, "\(whole / 10 * 10)") }
        return text(.distanceKilometres, "\(whole / 1_000).\(whole % 1_000 / 100)")
    }

    /// How long something lasts, in its largest whole unit ("3 分钟", "3 min"). Negative reads as 0.
    public func span(_ seconds: Int64) -> String {
        switch max(0, seconds) {
        case let seconds where seconds < 60: pick(("\(seconds) 秒", "\(seconds) s"))
        case let seconds where seconds < 3_600: pick(("\(seconds / 60) 分钟", "\(seconds / 60) min"))
        case let seconds where seconds < 172_800: pick(("\(seconds / 3_600) 小时", "\(seconds / 3_600) h"))
        case let seconds: pick(("\(seconds / 86_400) 天", "\(seconds / 86_400) d"))
        }
    }
}

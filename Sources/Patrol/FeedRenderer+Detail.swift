import Localization
import TipModel

extension FeedRenderer {
    /// As much of the details as fits from the line that was scrolled to, and how much does not.
    func scrolled(_ lines: [String]) -> [String] {
        guard lines.count > room else { return lines }
        let top = max(0, min(screen.detailTop, lines.count - room + 1))
        let below = lines.count - top - room + 1
        let hidden = below > 0 ? "↓ " + words.text(.moreLines, "\(below)") : "↑ " + words.text(.moreLines, "\(top)")
        return lines.dropFirst(top).prefix(room - 1) + [line([Span(hidden, .bold)])]
    }

    /// Everything about one incident, wrapped to the window.
    func detail(_ entry: BoardEntry) -> [String] {
        let incident = entry.incident
        var head = [badge(incident.urgency.level), Span("\(incident.id)", .bold)]
        if incident.drill { head.append(Span(words.text(.drill), .inverse)) }
        if entry.isPanic { head.append(Span(words.text(.panic), .bad)) }
        head += [Span(words.category(incident.category)), phase(incident), Span(incident.zone.rawValue, .dim)]
        var lines = [line(head)]
        lines += field(.detailLevel, "\(incident.urgency.score)")
        lines += field(.detailReasons, incident.urgency.reasons.isEmpty
            ? words.text(.noReasons) : words.reasons(incident.urgency.reasons))
        if let disposition = incident.disposition { lines += field(.detailDisposition, words.name(disposition)) }
        for assignment in incident.crew where incident.phase != .cleared {
            lines += field(
                .detailPhase, "\(assignment.unit.rawValue) \(words.name(assignment.phase)) \(moment(assignment.since))")
        }
        if let seen = incident.acknowledgement {
            lines += field(.detailSeen, "\(words.name(seen.by.role)) \(seen.by.name) \(moment(seen.at))")
        }
        if let rung = incident.escalation.rung { lines += field(.detailEscalation, words.name(rung)) }
        if let grant = incident.grants.first(where: { $0.unit == screen.unit }), incident.assignment(of: screen.unit) == nil {
            lines += field(.detailGrant, moment(grant.until))
        }
        if let before = incident.follows { lines += field(.detailFollows, "\(before)") }
        if !incident.place.isEmpty { lines += field(.detailPlace, incident.place) }
        if let position = incident.position { lines += field(.detailPosition, Self.text(position)) }
        lines += field(.detailPosts, incident.posts.map(\.rawValue).joined(separator: " "))
        lines += field(.detailOpened, moment(incident.openedAt))
        lines += field(.detailLastTip, moment(incident.lastTipAt))
        let tips = entry.tips.reversed()
        lines.append(line([Span("\(words.text(.detailTips)) \(incident.tipCount)", .bold)]))
        if tips.isEmpty { lines += wrapped(incident.headline) }
        // Tips and steps are kept as they come, a few of each, and not over a restart.
        let earlier = line([Span(words.text(.earlierNotShown), .dim)], indent: "  ")
        for tip in tips {
            var about = [Span(clock(tip.observedAt)), Span(tip.post.rawValue, .bold), Span(words.category(tip.category))]
            if tip.panic { about.append(Span(words.text(.panic), .bad)) }
            if !tip.place.isEmpty { about.append(Span(tip.place)) }
            lines.append(line(about, indent: "  "))
            lines += wrapped(tip.text)
        }
        if entry.tips.count < incident.tipCount { lines.append(earlier) }
        if incident.tipCount > 1, !entry.correlation.isEmpty {
            lines += field(.detailCorrelation, words.reasons(entry.correlation))
        }
        if !entry.steps.isEmpty {
            lines.append(line([Span(words.text(.detailHistory), .bold)]))
            if entry.steps.first?.kind != .opened { lines.append(earlier) }
            for step in entry.steps {
                lines.append(
                    line([Span(clock(step.at)), Span(name(step, incident)), Span(step.unit?.rawValue ?? ""), Span(step.by?.name ?? "", .dim)], indent: "  "))
            }
        }
        return lines
    }

    private func name(_ step: BoardStep, _ incident: Incident) -> String {
        words.name(step.kind, about: incident.id, mergedInto: incident.mergedInto, other: step.other)
    }

    private func field(_ label: Message, _ value: String) -> [String] {
        let name = words.text(label)
        let pieces = TerminalText.wrap(TerminalText.clean(value), max(2, size.columns - TerminalText.width(name) - 2))
        let indent = String(repeating: " ", count: TerminalText.width(name))
        return pieces.enumerated().map { index, piece in
            line([Span(index == 0 ? name : indent, .dim), Span(piece)])
        }
    }

    private func wrapped(_ text: String) -> [String] {
        TerminalText.wrap(TerminalText.clean(text), size.columns - 4).map { line([Span($0)], indent: "    ") }
    }

    private func moment(_ time: Timestamp) -> String { "\(clock(time)) \(words.ago(time, now: daemonNow))" }

    private func clock(_ time: Timestamp) -> String {
        Clock.text(time, utcOffset: screen.utcOffset, today: daemonNow)
    }

    /// Five decimals are about a metre.
    static func text(_ position: Position) -> String {
        func degrees(_ value: Double) -> String {
            guard value.isFinite, abs(value) <= 360 else { return "?" }
            let scaled = Int((abs(value) * 100_000).rounded())
            let fraction = String(scaled % 100_000)
            return (value < 0 ? "-" : "") + "\(scaled / 100_000)." + String(repeating: "0", count: 5 - fraction.count) + fraction
        }
        var text = "\(degrees(position.latitude)), \(degrees(position.longitude))"
        if position.accuracy > 0, position.accuracy < 1_000_000 { text += " ±\(Int(position.accuracy)) m" }
        return text
    }
}

/// Local dates and clock times without a calendar library.
enum Clock {
    /// "02:10:33", with the date before it where it is not the day of `today`.
    static func text(_ time: Timestamp, utcOffset: Int64, today: Timestamp) -> String {
        let day = days(time, utcOffset)
        return day == days(today, utcOffset) ? clock(time, utcOffset) : date(day) + " " + clock(time, utcOffset)
    }

    /// "2026-11-24 02:10:33".
    static func full(_ time: Timestamp, utcOffset: Int64) -> String {
        date(days(time, utcOffset)) + " " + clock(time, utcOffset)
    }

    private static func local(_ time: Timestamp, _ utcOffset: Int64) -> Int64 {
        time.advanced(byMilliseconds: utcOffset * 1_000).milliseconds
    }

    private static func days(_ time: Timestamp, _ utcOffset: Int64) -> Int64 {
        let local = local(time, utcOffset)
        return local / 86_400_000 - (local % 86_400_000 < 0 ? 1 : 0)
    }

    private static func clock(_ time: Timestamp, _ utcOffset: Int64) -> String {
        let inDay = ((local(time, utcOffset) / 1_000 % 86_400) + 86_400) % 86_400
        return "\(two(inDay / 3_600)):\(two(inDay / 60 % 60)):\(two(inDay % 60))"
    }

    /// The Gregorian date of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
    private static func date(_ days: Int64) -> String {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(year)-\(two(month))-\(two(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1))"
    }

    private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

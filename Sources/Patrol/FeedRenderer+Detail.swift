import Localization
import TipModel

extension FeedRenderer {
    /// Everything about one incident, wrapped to the window.
    func detail(_ entry: BoardEntry) -> [String] {
        let incident = entry.incident
        var head = [badge(incident.urgency.level), Span("\(incident.id)", .bold)]
        if incident.drill { head.append(Span(words.text(.drill), .inverse)) }
        head += [Span(words.category(incident.category)), phase(incident), Span(incident.zone.rawValue, .dim)]
        var lines = [line(head)]
        lines += field(.detailLevel, "\(incident.urgency.score)")
        lines += field(.detailReasons, incident.urgency.reasons.isEmpty
            ? words.text(.noReasons) : words.reasons(incident.urgency.reasons))
        if let disposition = incident.disposition { lines += field(.detailDisposition, words.name(disposition)) }
        if !incident.place.isEmpty { lines += field(.detailPlace, incident.place) }
        if let position = incident.position { lines += field(.detailPosition, Self.text(position)) }
        lines += field(.detailPosts, incident.posts.map(\.rawValue).joined(separator: " "))
        lines += field(.detailOpened, moment(incident.openedAt))
        lines += field(.detailLastTip, moment(incident.lastTipAt))
        let tips = entry.tips.reversed()
        lines.append(line([Span("\(words.text(.detailTips)) \(incident.tipCount)", .bold)]))
        if tips.isEmpty { lines += wrapped(incident.headline) }
        for tip in tips {
            var about = [Span(clock(tip.observedAt)), Span(tip.post.rawValue, .bold), Span(words.category(tip.category))]
            if tip.panic { about.append(Span(words.text(.panic), .bad)) }
            if !tip.place.isEmpty { about.append(Span(tip.place)) }
            lines.append(line(about, indent: "  "))
            lines += wrapped(tip.text)
        }
        if incident.tipCount > 1, !entry.correlation.isEmpty {
            lines += field(.detailCorrelation, words.reasons(entry.correlation))
        }
        if !entry.steps.isEmpty {
            lines.append(line([Span(words.text(.detailHistory), .bold)]))
            for step in entry.steps {
                lines.append(
                    line([Span(clock(step.at)), Span(words.name(step.kind)), Span(step.unit?.rawValue ?? "")], indent: "  "))
            }
        }
        return lines
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

    private func moment(_ time: Timestamp) -> String { "\(clock(time)) \(words.ago(time, now: now))" }

    private func clock(_ time: Timestamp) -> String { Clock.text(time, utcOffset: screen.utcOffset) }

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

/// Local clock times without a calendar library.
enum Clock {
    /// "02:10:33".
    static func text(_ time: Timestamp, utcOffset: Int64) -> String {
        let (seconds, overflow) = (time.milliseconds / 1_000).addingReportingOverflow(utcOffset)
        let inDay = overflow ? 0 : ((seconds % 86_400) + 86_400) % 86_400
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(inDay / 3_600)):\(two(inDay / 60 % 60)):\(two(inDay % 60))"
    }
}

// From a FeedScreen to the lines of a window: no clock, no terminal, the same input always gives the same lines.
// Colour only repeats what words and symbols say.

import Access
public import Localization
public import TipModel

/// SGR codes; nothing else of the terminal's is used in a line.
enum Ink: String {
    case emergency = "1;97;41"
    case urgent = "1;33"
    case priority = "36"
    case dim = "2"
    case bold = "1"
    case good = "32"
    case bad = "1;31"
    case inverse = "7"
}

/// The lines of the window, at most `size.rows`, none wider than `size.columns`.
public func render(_ screen: FeedScreen, size: TerminalSize, now: Timestamp, language: Language) -> [String] {
    FeedRenderer(screen: screen, size: size, now: now, words: Catalogue(language)).lines()
}

struct FeedRenderer {
    let screen: FeedScreen
    let size: TerminalSize
    let now: Timestamp
    let words: Catalogue

    func lines() -> [String] {
        guard size.columns >= 20, size.rows >= 7 else {
            return size.rows > 0 && size.columns > 0
                ? [TerminalText.fit(words.text(.windowTooSmall), size.columns)] : []
        }
        let listed = screen.listed
        var body: [String]
        switch screen.mode {
        case .help: body = help()
        case .detail, .disposition(_, fromDetail: true):
            body = screen.current(in: listed).map { detail($0) } ?? list(listed)
        case .list, .disposition: body = list(listed)
        }
        let room = size.rows - FeedScreen.headerRows - FeedScreen.footerRows
        body = Array(body.prefix(room))
        body += Array(repeating: "", count: room - body.count)
        return [header(), counts(listed)] + body + [noticeLine(), keys()]
    }

    // MARK: - Pieces of a line

    /// A text with an ink. Its width is the text's.
    struct Span {
        var text: String
        var ink: Ink?

        init(_ text: String, _ ink: Ink? = nil) {
            self.text = text
            self.ink = ink
        }
    }

    /// One line of spans with two spaces between, cut to the window.
    func line(_ spans: [Span], gap: String = "  ", indent: String = "") -> String {
        var line = indent
        var left = size.columns - TerminalText.width(indent)
        var isFirst = true
        for span in spans where left > 0 {
            var text = TerminalText.clean(span.text)
            if text.isEmpty { continue }
            if !isFirst {
                line += TerminalText.fit(gap, left)
                left -= TerminalText.width(gap)
                guard left > 0 else { break }
            }
            isFirst = false
            text = TerminalText.fit(text, left)
            left -= TerminalText.width(text)
            line += paint(text, span.ink)
        }
        return line
    }

    func paint(_ text: String, _ ink: Ink?) -> String {
        guard screen.usesColour, let ink else { return text }
        return "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m"
    }

    static func ink(_ level: UrgencyLevel) -> Ink? {
        switch level {
        case .emergency: .emergency
        case .urgent: .urgent
        case .priority: .priority
        case .routine: nil
        }
    }

    static func symbol(_ level: UrgencyLevel) -> String {
        switch level {
        case .emergency: "!!!"
        case .urgent: "!! "
        case .priority: "!  "
        case .routine: ".  "
        }
    }

    /// Symbol and word, equally wide for every level.
    func badge(_ level: UrgencyLevel) -> Span {
        let widest = UrgencyLevel.allCases.map { TerminalText.width(words.name($0)) }.max() ?? 0
        return Span(Self.symbol(level) + " " + TerminalText.pad(words.name(level), widest), Self.ink(level))
    }

    // MARK: - Above and below

    private func header() -> String {
        let zones =
            screen.zones.isEmpty ? words.text(.allZones) : screen.zones.map(\.rawValue).joined(separator: " ")
        return line([
            Span("\(words.text(.unit)) \(screen.unit)", .bold), linkSpan(),
            Span("\(words.text(.zones)) \(zones)", .dim),
        ])
    }

    /// One statement about how far the screen can be trusted, the worst first.
    private func linkSpan() -> Span {
        switch screen.link {
        case .refused: return Span(words.text(.linkRefused), .bad)
        case .wrongDaemon: return Span(words.text(.linkWrongDaemon), .bad)
        case .connecting, .connected, .unreachable: break
        }
        if let refusal = screen.refusal {
            return Span(words.text(.subscriptionRefused, words.name(refusal.code)), .bad)
        }
        if let since = screen.staleSince {
            return Span(words.text(.linkStale, words.ago(since, now: now)), .bad)
        }
        switch screen.link {
        case .unreachable: return Span(words.text(.linkUnreachable), .bad)
        case .connecting: return Span(words.text(.linkConnecting), .urgent)
        default: break
        }
        return screen.isCaughtUp
            ? Span(words.text(.linkUpToDate), .good) : Span(words.text(.linkCatchingUp), .urgent)
    }

    private func counts(_ listed: [BoardEntry]) -> String {
        var spans: [Span] = []
        for level in UrgencyLevel.allCases.reversed() {
            let count = listed.count { $0.incident.urgency.level == level }
            spans.append(Span("\(words.name(level)) \(count)", count > 0 ? Self.ink(level) : .dim))
        }
        spans.append(Span("\(words.text(.countWaiting)) \(screen.board.waiting)"))
        spans.append(Span("\(words.text(.countMine)) \(screen.board.mine(screen.unit))"))
        spans.append(Span("\(words.text(.countNew)) \(screen.board.unseen)"))
        return line(spans)
    }

    private func noticeLine() -> String {
        if case .disposition(let id, _) = screen.mode {
            let choices = Disposition.allCases.map { "\($0.rawValue) \(words.name($0))" }.joined(separator: "  ")
            return line([Span(words.text(.dispositionPrompt, "\(id)"), .inverse), Span(choices)])
        }
        guard let notice = screen.notice else { return "" }
        let ink: Ink? =
            switch notice.tone {
            case .plain: nil
            case .good: .good
            case .bad: .bad
            }
        return line([Span(notice.text, ink)])
    }

    private func keys() -> String {
        let choices: [Message] =
            switch screen.mode {
            case .list: [.keysList, .keysListShort]
            case .detail, .help: [.keysBack, .keysBackShort]
            case .disposition: [.dispositionCancel]
            }
        let fitting = choices.first { TerminalText.width(words.text($0)) <= size.columns } ?? choices[choices.count - 1]
        return line([Span(words.text(fitting), .dim)])
    }

    private func help() -> [String] {
        let messages: [Message] = [
            .helpMove, .helpClaim, .helpEnRoute, .helpOnScene, .helpClear, .helpRelease, .helpDetail, .helpQuit,
            .helpLevels,
        ]
        return [line([Span(words.text(.helpTitle), .bold)])]
            + messages.flatMap { message in
                TerminalText.wrap(words.text(message), size.columns - 2).map { line([Span($0)], indent: "  ") }
            }
    }

    // MARK: - The list

    private func list(_ listed: [BoardEntry]) -> [String] {
        guard !listed.isEmpty else { return ["", line([Span(words.text(.nothing), .dim)], indent: "  ")] }
        let current = screen.current(in: listed)?.incident.id
        let capacity = max(1, FeedScreen.capacity(size))
        let shown = listed.dropFirst(screen.top).prefix(capacity)
        var lines: [String] = []
        for (row, entry) in shown.enumerated() {
            lines += incident(entry, row: row, isSelected: entry.incident.id == current)
        }
        let hidden = listed.count - screen.top - shown.count
        if hidden > 0 { lines.append(line([Span(words.text(.more, "\(hidden)"), .dim)], indent: "   ")) }
        return lines
    }

    private func incident(_ entry: BoardEntry, row: Int, isSelected: Bool) -> [String] {
        let incident = entry.incident
        let mark = isSelected ? ">" : (entry.isNew ? "*" : " ")
        let number = row < 9 ? "\(row + 1)" : " "
        // What decides comes first, so that a narrow window cuts the rest: level, number, drill, who has it.
        var first = [badge(incident.urgency.level), Span("\(incident.id)", .bold)]
        if incident.drill { first.append(Span(words.text(.drill), .inverse)) }
        if entry.tips.contains(where: \.panic) { first.append(Span(words.text(.panic), .bad)) }
        first.append(phase(incident))
        first.append(Span(words.category(incident.category)))
        first.append(Span(words.ago(incident.lastTipAt, now: now)))
        first.append(Span(incident.zone.rawValue, .dim))
        var place = incident.posts.prefix(3).map(\.rawValue).joined(separator: " ")
        if incident.posts.count > 3 { place += " …" }
        if incident.tipCount > 1 { place += " ×\(incident.tipCount)" }
        return [
            line(first, indent: mark + number + " "),
            line([Span(place), Span(incident.place), Span(incident.headline, isSelected ? .bold : nil)], indent: "     "),
            line([Span(why(incident.urgency.reasons), .dim)], indent: "     "),
        ]
    }

    func phase(_ incident: Incident) -> Span {
        guard let holder = incident.holder, incident.phase != .open else {
            return Span(words.name(incident.phase), incident.phase == .open ? .urgent : nil)
        }
        let isMine = holder == screen.unit
        let who = isMine ? words.text(.mineMark) : holder.rawValue
        return Span(words.text(.holder, words.name(incident.phase), who), isMine ? .good : nil)
    }

    func why(_ reasons: [Reason]) -> String {
        words.text(.reasonsLabel, reasons.isEmpty ? words.text(.noReasons) : words.reasons(reasons))
    }
}

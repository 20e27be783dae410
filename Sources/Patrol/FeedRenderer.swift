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
/// - Parameter now: by our own clock.
public func render(_ screen: FeedScreen, size: TerminalSize, now: Timestamp, language: Language) -> [String] {
    FeedRenderer(screen: screen, size: size, now: now, words: Catalogue(language)).lines()
}

struct FeedRenderer {
    let screen: FeedScreen
    let size: TerminalSize
    /// By our own clock.
    let now: Timestamp
    let words: Catalogue

    /// By the daemon's clock, which dates all that it tells.
    var daemonNow: Timestamp { now.advanced(byMilliseconds: screen.clockOffset) }

    /// Rows between what stands above and below.
    var room: Int { max(1, size.rows - FeedScreen.headerRows - FeedScreen.footerRows) }

    func lines() -> [String] {
        guard size.columns >= 20, size.rows >= 7 else {
            return size.rows > 0 && size.columns > 0
                ? [TerminalText.fit(words.text(.windowTooSmall), size.columns)] : []
        }
        let listed = screen.listed
        var body: [String]
        switch screen.mode {
        case .help: body = help()
        case .detail: body = screen.current(in: listed).map { scrolled(detail($0)) } ?? list(listed)
        case .disposition(let id, _): body = dispositions(id)
        case .list: body = list(listed)
        }
        body = Array(body.prefix(room))
        body += Array(repeating: "", count: room - body.count)
        return [header(), distrust() ?? counts(listed)] + body + [noticeLine(), keys()]
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
        var spans = [Span("\(words.text(.unit)) \(screen.unit)", .bold), linkSpan()]
        if !screen.zones.isEmpty {
            spans.append(Span("\(words.text(.zones)) \(screen.zones.map(\.rawValue).joined(separator: " "))", .dim))
        }
        return line(spans)
    }

    /// How the connection stands, what is wrong with it first.
    private func linkSpan() -> Span {
        switch screen.link {
        case .refused: return Span(words.text(.linkRefused), .bad)
        case .wrongDaemon: return Span(words.text(.linkWrongDaemon), .bad)
        case .connecting, .connected, .unreachable: break
        }
        if let refusal = screen.refusal {
            return Span(words.text(.subscriptionRefused, words.name(refusal.code)), .bad)
        }
        switch screen.link {
        case .unreachable: return Span(words.text(.linkUnreachable), .bad)
        case .connecting: return Span(words.text(.linkConnecting), .urgent)
        default: break
        }
        if screen.staleSince != nil { return Span(words.text(.linkSilent), .bad) }
        return screen.isCaughtUp
            ? Span(words.text(.linkUpToDate), .good) : Span(words.text(.linkCatchingUp), .urgent)
    }

    /// A band over the whole width while what is shown may be out of date; nil while it can be trusted. It takes the
    /// place of the counts, which mean nothing then.
    private func distrust() -> String? {
        let text: String
        if let since = screen.staleSince {
            text = words.text(.linkStale, words.ago(since, now: now))
        } else if screen.refusal != nil {
            text = words.text(.feedStopped)
        } else {
            return nil
        }
        return paint(TerminalText.pad(" " + text, size.columns), .emergency)
    }

    /// Open incidents by level and by who has them; drills apart, as everywhere.
    private func counts(_ listed: [BoardEntry]) -> String {
        // Whatever part is listed, the counts are of all.
        let listed = screen.part == .all ? listed : screen.board.open
        let real = listed.filter { !$0.incident.drill }
        let levels = UrgencyLevel.allCases.reversed().map { level in
            let count = real.count { $0.incident.urgency.level == level }
            return (level: level, count: count, span: Span("\(words.name(level)) \(count)", count > 0 ? Self.ink(level) : .dim))
        }
        let hands = [
            Span("\(words.text(.countWaiting)) \(real.count { $0.incident.phase == .open })"),
            Span("\(words.text(.countMine)) \(listed.count { screen.isMine($0.incident) })"),
        ]
        var rest: [Span] = []
        if screen.part != .all { rest.append(Span(words.text(.partShown, words.name(screen.part)), .inverse)) }
        if screen.board.droppedOpen > 0 { rest.append(Span(words.text(.boardFull), .bad)) }
        if listed.count > real.count { rest.append(Span("\(words.text(.countDrills)) \(listed.count - real.count)", .dim)) }
        rest.append(Span("\(words.text(.countNew)) \(listed.count(where: \.isNew))"))
        // A narrow window has no room for noughts, then none for what is not urgent.
        let shown = levels.filter { $0.count > 0 }
        let choices = [levels, shown, shown.filter { $0.level >= .urgent }].map { $0.map(\.span) + hands + rest }
        return line(choices.first { width($0) <= size.columns } ?? choices[2])
    }

    private func width(_ spans: [Span]) -> Int { spans.reduce(-2) { $0 + TerminalText.width($1.text) + 2 } }

    private func noticeLine() -> String {
        guard let notice = screen.notice else { return line([Span(screen.warning ?? "", .bad)]) }
        let ink: Ink? =
            switch notice.tone {
            case .plain: nil
            case .good: .good
            case .bad: .bad
            }
        guard let since = notice.since, now.milliseconds(since: since) >= 10_000 else { return line([Span(notice.text, ink)]) }
        return line([Span(notice.text), Span(words.text(.inBrackets, words.ago(since, now: now)), .dim)], gap: "")
    }

    /// The keys that work now: the longest text that fits.
    private func keys() -> String {
        let choices: [Message] =
            switch screen.mode {
            case .list: [.keysList, .keysListMiddle, .keysListShort]
            case .detail: [.keysDetail, .keysDetailShort]
            case .help: [.keysBack]
            case .disposition: [.dispositionCancel]
            }
        let fitting = choices.first { TerminalText.width(words.text($0)) <= size.columns } ?? choices[choices.count - 1]
        return line([Span(words.text(fitting), .dim)])
    }

    /// How did it end? The incident is named in full, so that nobody closes another than they mean.
    private func dispositions(_ id: IncidentID) -> [String] {
        var lines: [String] = []
        if let incident = screen.board[id]?.incident {
            lines.append(line([badge(incident.urgency.level), Span("\(id)", .bold), Span(words.category(incident.category))]))
            lines.append(line([Span(incident.place), Span(incident.headline)], indent: "  "))
        }
        lines.append(line([Span(words.text(.dispositionPrompt, "\(id)"), .inverse)]))
        let choices = Disposition.allCases.map { "\($0.rawValue) \(words.name($0))" }
        guard lines.count + choices.count <= room else {
            // Spaces that do not break, so that a number stays with its words.
            let whole = choices.map { String($0.map { $0 == " " ? "\u{A0}" : $0 }) }
            return [lines[lines.count - 1]]
                + TerminalText.wrap(whole.joined(separator: "  "), size.columns).map { line([Span($0)]) }
        }
        return lines + choices.map { line([Span($0, .bold)], indent: "  ") }
    }

    private func help() -> [String] {
        let messages: [Message] = [
            .helpMove, .helpParts, .helpClaim, .helpJoin, .helpEnRoute, .helpDivert, .helpOnScene, .helpClear, .helpRelease,
            .helpSeen, .helpDetail, .helpQuit,
            .helpLevels, .helpMarks,
        ]
        return [line([Span(words.text(.helpTitle), .bold)])]
            + messages.flatMap { message in
                TerminalText.wrap(words.text(message), size.columns - 2).map { line([Span($0)], indent: "  ") }
            }
    }

    // MARK: - The list

    private func list(_ listed: [BoardEntry]) -> [String] {
        guard !listed.isEmpty else {
            // That there is none is only known from a feed that is caught up.
            let isKnown = screen.isCaughtUp && screen.staleSince == nil
            let none: Message = screen.part == .all ? .nothing : .nothingHere
            return ["", line([Span(words.text(isKnown ? none : .nothingKnown), isKnown ? .dim : .urgent)], indent: "  ")]
        }
        let current = screen.current(in: listed)?.incident.id
        let shown = Array(listed.dropFirst(screen.top).prefix(FeedScreen.capacity(size)))
        let widest = shown.map { "\($0.incident.id)".count }.max() ?? 0
        var lines: [String] = []
        for (row, entry) in shown.enumerated() {
            lines += incident(entry, row: row, isSelected: entry.incident.id == current, numberWidth: widest)
        }
        let below = listed.count - screen.top - shown.count
        var hidden: [Span] = []
        if screen.top > 0 { hidden.append(Span("↑ " + words.text(.more, "\(screen.top)"), .bold)) }
        if below > 0 { hidden.append(Span("↓ " + words.text(.more, "\(below)"), .bold)) }
        if !hidden.isEmpty { lines.append(line(hidden, indent: "     ")) }
        return lines
    }

    private func incident(_ entry: BoardEntry, row: Int, isSelected: Bool, numberWidth: Int) -> [String] {
        let incident = entry.incident
        let mark = isSelected ? ">" : (entry.isNew ? "*" : " ")
        let number = row < 9 ? "\(row + 1)" : " "
        // What decides comes first, so that a narrow window cuts the rest: level, number, drill, who has it.
        var first = [badge(incident.urgency.level), Span(TerminalText.pad("\(incident.id)", numberWidth), .bold)]
        if incident.drill { first.append(Span(words.text(.drill), .inverse)) }
        if entry.isPanic { first.append(Span(words.text(.panic), .bad)) }
        first.append(phase(incident))
        if incident.escalation.rung != nil, incident.phase == .open { first.append(Span(words.text(.escalatedMark), .bad)) }
        if incident.acknowledgement != nil, incident.phase == .open { first.append(Span(words.text(.seenMark), .dim)) }
        first.append(Span(words.category(incident.category)))
        first.append(Span(words.ago(incident.lastTipAt, now: daemonNow)))
        if let metres = screen.distance(incident), metres < 1e6 { first.append(Span(words.distance(metres))) }
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
        if let survivor = incident.mergedInto { return Span(words.text(.mergedInto, "\(survivor)"), .bold) }
        guard let holder = incident.holder, incident.phase != .open else {
            return Span(words.name(incident.phase), incident.phase == .open ? .urgent : nil)
        }
        let own = incident.assignment(of: screen.unit)
        let who = own == nil ? holder.rawValue : words.text(.mineMark)
        let others = incident.crew.count > 1 ? " +\(incident.crew.count - 1)" : ""
        return Span(words.text(.holder, words.name(own?.phase ?? incident.phase), who) + others, own == nil ? nil : .good)
    }

    func why(_ reasons: [Reason]) -> String {
        words.text(.reasonsLabel, reasons.isEmpty ? words.text(.noReasons) : words.reasons(reasons))
    }
}

import Administration
import ArgumentParser
import LocalHTTP
import Localization
import TipModel
import Workbench

/// `watchpost incidents`.
struct IncidentGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "incidents",
            abstract: tell(
                "警情：列表，每一条的线索、理由、经过；指派、召回、结案；合并、拆分、定级。",
                "Incidents: the list, each with its tips, reasons and history; sending units, clearing; merging, splitting, regrading."),
            discussion: tell(
                """
                示例：
                  watchpost incidents list --level urgent
                  watchpost incidents show 12
                  watchpost incidents assign 12 --unit night-east
                  watchpost incidents merge 15 --into 12 --reason "同一名男子"
                """,
                """
                Examples:
                  watchpost incidents list --level urgent
                  watchpost incidents show 12
                  watchpost incidents assign 12 --unit night-east
                  watchpost incidents merge 15 --into 12 --reason "the same man"
                """),
            subcommands: [
                IncidentsList.self, IncidentShow.self, IncidentMerge.self, IncidentSplit.self, IncidentDetach.self,
                IncidentRegrade.self, IncidentAssign.self, IncidentRecall.self, IncidentHandOver.self, IncidentClear.self,
                IncidentReopen.self, IncidentAcknowledge.self,
            ], defaultSubcommand: IncidentsList.self)
    }
}

/// `watchpost incidents list`.
struct IncidentsList: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: tell("列出未结警情，最紧急的在前。", "Lists open incidents, the most urgent first."),
            discussion: tell(
                "示例：watchpost incidents list --zone dongyuan --level urgent",
                "Example: watchpost incidents list --zone dongyuan --level urgent"))
    }

    @Flag(help: hint("包括处置完毕的", "Cleared ones too."))
    var all = false

    @Option(help: hint("只看这个责任区", "Only this zone.", "zone"))
    var zone: ZoneID?

    @Option(help: hint("只看此级别及以上", "Only this level and above.", "level"))
    var level: UrgencyLevel?

    @Option(help: hint("最多几条，1–1000", "At most so many, 1–1000.", "count"))
    var limit = 50

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError(tell("--limit 须在 1–1000 之间", "--limit must be 1…1000")) }
    }

    func run() async throws {
        let words = output.words
        let list = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in
            try await client.incidents(all: all, zone: zone, level: level, limit: limit)
        }
        if output.json {
            for incident in list.incidents { try printJSON(incident) }
        } else {
            Output.line(IncidentText(words, now: Clock.now()).list(list).joined(separator: "\n"))
        }
    }
}

/// `watchpost incidents show`.
struct IncidentShow: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show",
            abstract: tell("一条警情的线索、理由和经过。", "One incident: its tips, the reasons line by line, and its history."),
            discussion: tell("示例：watchpost incidents show 12", "Example: watchpost incidents show 12"))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let detail = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.incident(id) }
        try output.print(detail) { IncidentText(words, now: Clock.now()).show(detail).joined(separator: "\n") }
    }
}

/// Incidents as text.
struct IncidentText {
    let words: Words
    let now: Timestamp

    init(_ words: Words, now: Timestamp) {
        self.words = words
        self.now = now
    }

    var catalogue: Catalogue { words.catalogue }

    // MARK: The list

    func list(_ list: IncidentList) -> [String] {
        guard !list.incidents.isEmpty else { return [catalogue.text(.nothing)] }
        var table = Table([
            .init(catalogue.text(.headingIncident), .right), .init(catalogue.text(.headingLevel)),
            .init(catalogue.text(.headingCategory)), .init(catalogue.text(.headingZone)),
            .init(catalogue.text(.headingState), narrow: .shrinks), .init(catalogue.text(.headingOpened)),
            .init(catalogue.text(.headingTips), .right), .init(catalogue.text(.headingText), most: 60, narrow: .shrinks),
        ])
        let cleared = Phase.cleared.name
        // What is over stands below what is not, however urgent it was.
        for incident in list.incidents.filter({ $0.phase != cleared }) + list.incidents.filter({ $0.phase == cleared }) {
            table.add(
                "#\(incident.id)", level(incident.level) + " \(incident.score)", catalogue.category(incident.category),
                incident.zone, standing(incident),
                catalogue.ago(Timestamp(milliseconds: incident.openedAtMs), now: now), "\(incident.tips)",
                (incident.suggestion.map { words("〔同 #\($0)？〕", "[same as #\($0)?] ") } ?? "")
                    + (incident.drill ? catalogue.text(.drill) : "") + incident.headline)
        }
        let rest = list.total - list.incidents.count
        return table.lines + (rest > 0 ? [catalogue.text(.more, "\(rest)")] : [])
    }

    // MARK: One

    func show(_ detail: IncidentDetail) -> [String] {
        let incident = detail.incident
        var lines = [
            "#\(incident.id)  \(level(incident.level)) \(incident.score)  \(catalogue.category(incident.category))  "
                + (incident.drill ? catalogue.text(.drill) : "") + clean(incident.headline),
            label(.detailPhase) + phase(incident.phase, incident.holder) + words("，", ", ")
                + Clock.text(incident.phaseSinceMs, now: now)
                + (incident.disposition.map { words("，", ", ") + disposition($0) } ?? ""),
            label(.detailPlace) + clean(incident.zone + (incident.place.isEmpty ? "" : " " + incident.place))
                + (incident.position.map { "  " + coordinates($0) } ?? ""),
            label(.detailOpened) + Clock.text(incident.openedAtMs, now: now) + words("，", ", ")
                + catalogue.text(.detailLastTip) + " " + Clock.text(incident.lastTipAtMs, now: now),
            label(.detailPosts) + clean(incident.posts.joined(separator: " ")),
        ]
        lines += crew(incident)
        lines += links(incident)
        lines += ["", words("紧急程度的理由", "Why this urgency")]
        lines += reasons(incident.reasons, "  ")
        if let standing = incident.standing, let waiting = standing.waitingMs {
            lines.append("  " + ExplainText.waiting(waiting, standing, words))
        }
        lines += ["", words("线索（\(detail.tips.count)）", "Tips (\(detail.tips.count))")]
        for tip in detail.tips { lines += describe(tip) }
        lines += ["", words("经过", "History")]
        for event in detail.history { lines.append("  " + describe(event)) }
        return lines
    }

    private func describe(_ tip: TipReport) -> [String] {
        var head = "  " + Clock.text(tip.observedAtMs, now: now) + "  " + clean(tip.post)
        if !tip.reporter.isEmpty { head += words("（", " (") + clean(tip.reporter) + words("）", ")") }
        head += "  " + catalogue.category(tip.category) + " " + level(tip.urgency.level) + " \(tip.urgency.score)  "
        if tip.drill { head += catalogue.text(.drill) }
        if tip.panic { head += catalogue.text(.panic) }
        var lines = [head + clean(tip.text), "      " + clean(tip.id)]
        if !tip.place.isEmpty { lines.append("      " + words("地点：", "at: ") + clean(tip.place)) }
        let why =
            tip.correlationScore.map { words("并入（\($0) 分）：", "joined (\($0) points): ") } ?? words("另立：", "opened one: ")
        lines.append("      " + why + catalogue.reasons(tip.reasons.map(reason)))
        if abs(tip.skewMs) > 60_000 {
            lines.append("      " + words("哨点时钟相差 ", "the post's clock is off by ") + catalogue.span(abs(tip.skewMs) / 1_000))
        }
        return lines
    }

    private func describe(_ event: HistoryReport) -> String {
        var line = Clock.text(event.atMs, now: now) + "  " + name(event.event)
        if let unit = event.unit { line += "  " + clean(unit) }
        if let post = event.post { line += "  " + clean(post) }
        if let from = event.from { line += words("  由 ", "  from ") + clean(from) }
        if let rung = event.rung {
            line += "  " + self.rung(rung)
            if let reminder = event.reminder, reminder > 0 { line += words("，第 \(reminder) 次提醒", ", reminder \(reminder)") }
        }
        if let granted = event.granted { line += "  " + granted.map { clean($0) }.joined(separator: " ") }
        if let other = event.other { line += "  #\(other)" }
        if let level = event.level { line += "  " + self.level(level) + (event.score.map { " \($0)" } ?? "") }
        if let disposition = event.disposition { line += "  " + self.disposition(disposition) }
        if let note = event.note, !note.isEmpty { line += "  " + clean(note) }
        if let by = event.by { line += words("（", " (") + clean(by) + words("）", ")") }
        return line
    }

    private func reasons(_ reasons: [ReasonReport], _ indent: String) -> [String] {
        guard !reasons.isEmpty else { return [indent + catalogue.text(.noReasons)] }
        return reasons.map { indent + catalogue.reason(reason($0)) }
    }

    private func reason(_ report: ReasonReport) -> Reason {
        Reason(code: clean(report.code), points: report.points, detail: clean(report.detail))
    }

    private func label(_ message: Message) -> String {
        let text = catalogue.text(message)
        return words(text + "　", text + "  ")
    }

    func level(_ name: String) -> String { UrgencyLevel(name: name).map { catalogue.name($0) } ?? clean(name) }

    /// Where it stands and who has it, and what is wrong with that.
    private func standing(_ incident: IncidentReport) -> String {
        var text = phase(incident.phase, incident.holder)
        if let crew = incident.crew, crew.count > 1 { text += " +\(crew.count - 1)" }
        guard incident.phase == Phase.open.name else { return text }
        if incident.standing?.overdue == true { text += words("，超时", ", overdue") }
        if incident.escalation?.rung != nil { text += words("，已升级", ", escalated") }
        if incident.acknowledgement != nil { text += words("，已阅", ", seen") }
        return text
    }

    func phase(_ name: String, _ holder: String?) -> String {
        let phase = Phase.allCases.first { $0.name == name }.map { catalogue.name($0) } ?? clean(name)
        return holder.map { catalogue.text(.holder, phase, clean($0)) } ?? phase
    }

    private func disposition(_ name: String) -> String { Disposition(name: name).map { catalogue.name($0) } ?? clean(name) }

    private func name(_ event: String) -> String {
        switch event {
        case "urgency_changed": return words("紧急程度变更", "urgency changed")
        case "merged_into": return words("并入", "merged into")
        case "took_in": return words("合并收进", "took in")
        case "tips_left": return words("线索拆出至", "tips left for")
        case "split_off": return words("拆分自", "split off")
        case "regrade_lifted": return words("撤销定级", "regrade lifted")
        case "identity_revealed": return words("查看上报人", "reporter looked up")
        default: break
        }
        return EventKind.allCases.first { $0.name == event }.map { catalogue.name($0) } ?? clean(event)
    }

    private func coordinates(_ position: PositionReport) -> String {
        func degrees(_ value: Double) -> String {
            let scaled = Int64((abs(value) * 100_000).rounded())
            let fraction = String(scaled % 100_000)
            return (value < 0 ? "-" : "") + "\(scaled / 100_000)." + String(repeating: "0", count: 5 - fraction.count) + fraction
        }
        return degrees(position.latitude) + "," + degrees(position.longitude)
    }
}

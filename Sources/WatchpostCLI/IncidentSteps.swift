import Administration
import ArgumentParser
import LocalHTTP
import Localization
import TipModel
import Workbench

/// What the desk may say about a step.
struct NoteOption: ParsableArguments {
    @Option(help: hint("说明，至多 500 字节", "A note, at most 500 bytes.", "words"))
    var note: String?

    func validate() throws {
        guard (note ?? "").utf8.count <= DeskLimits.reasonBytes else {
            throw ValidationError(tell("--note 至多 500 字节", "--note must be at most 500 bytes"))
        }
    }
}

/// `watchpost incidents assign`.
struct IncidentAssign: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "assign",
            abstract: tell("指派巡组：巡组立即接单。", "Sends a unit: it has claimed the incident from now on."),
            discussion: tell(
                """
                任何已登记的巡组都可指派，包括其他责任区的：它从此看得到这条警情，直到离开。已有巡组的警情再指派一个，两组一同处置，
                先到的领头。

                示例：watchpost incidents assign 12 --unit night-east
                """,
                """
                Any enrolled unit can be sent, also one of another zone: it sees the incident until it leaves. Where units have it
                already this one comes to their help, and the first one leads.

                Example: watchpost incidents assign 12 --unit night-east
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @Option(help: hint("巡组", "The unit.", "unit"))
    var unit: UnitID

    @OptionGroup var why: NoteOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await step(id, "assign", StepIncident(unit: unit.rawValue, reason: why.note), admin, output)
    }
}

/// `watchpost incidents recall`.
struct IncidentRecall: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "recall",
            abstract: tell("召回巡组。", "Takes a unit off an incident."),
            discussion: tell(
                """
                没有其他巡组时，警情重新待接单，升级从头计时。

                示例：watchpost incidents recall 12 --unit night-east --note "另有任务"
                """,
                """
                Where no other unit has it, the incident waits again, and its escalation begins anew.

                Example: watchpost incidents recall 12 --unit night-east --note "needed elsewhere"
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @Option(help: hint("巡组", "The unit.", "unit"))
    var unit: UnitID

    @OptionGroup var why: NoteOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await step(id, "recall", StepIncident(unit: unit.rawValue, reason: why.note), admin, output)
    }
}

/// `watchpost incidents hand-over`.
struct IncidentHandOver: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "hand-over",
            abstract: tell("移交：由另一巡组接替。", "Lets a unit take another's place."),
            discussion: tell(
                """
                不写 --from 时，接替领头的巡组。

                示例：watchpost incidents hand-over 12 --to night-west
                """,
                """
                Without --from it takes the place of the one that leads.

                Example: watchpost incidents hand-over 12 --to night-west
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @Option(help: hint("接替的巡组", "The unit that takes it.", "unit"))
    var to: UnitID

    @Option(help: hint("交出的巡组", "The unit that gives it.", "unit"))
    var from: UnitID?

    @OptionGroup var why: NoteOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let body = StepIncident(to: to.rawValue, from: from?.rawValue, reason: why.note)
        try await step(id, "hand-over", body, admin, output)
    }
}

/// `watchpost incidents clear`.
struct IncidentClear: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "clear",
            abstract: tell("由值班台结案，对所有巡组有效。", "Clears an incident for the desk, and for every unit that has it."),
            discussion: tell(
                "示例：watchpost incidents clear 12 --disposition false_alarm --note \"电话核实\"",
                "Example: watchpost incidents clear 12 --disposition false_alarm --note \"verified by telephone\""))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @Option(help: hint("处置结果", "How it ended.", "disposition"))
    var disposition: Disposition

    @OptionGroup var why: NoteOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await step(id, "clear", StepIncident(disposition: disposition.name, reason: why.note), admin, output)
    }
}

/// `watchpost incidents reopen`.
struct IncidentReopen: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "reopen",
            abstract: tell("重新打开已结的警情。", "Opens a cleared incident again."),
            discussion: tell(
                """
                只有最近处置完毕的 256 条可以重新打开。警情重新待接单。

                示例：watchpost incidents reopen 12 --reason "人又回来了"
                """,
                """
                Only the 256 that were cleared last can be opened again. The incident then waits for a unit.

                Example: watchpost incidents reopen 12 --reason "he came back"
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @OptionGroup var why: ReasonOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await step(id, "reopen", StepIncident(reason: why.reason), admin, output) }
}

/// `watchpost incidents acknowledge`.
struct IncidentAcknowledge: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "acknowledge",
            abstract: tell("已阅：有人看到了，警报暂停。", "Says that somebody has seen it: the alarm rests."),
            discussion: tell(
                """
                暂停多久由 dispatch.yaml 的 acknowledged_rest 定；届时仍无人接单，提醒继续。

                示例：watchpost incidents acknowledge 12
                """,
                """
                acknowledged_rest in dispatch.yaml says for how long; if nobody has claimed it by then, the reminders go on.

                Example: watchpost incidents acknowledge 12
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await step(id, "acknowledge", StepIncident(), admin, output) }
}

private func step(
    _ id: UInt64, _ name: String, _ body: StepIncident, _ admin: AdminOptions, _ output: OutputOptions
) async throws {
    let words = output.words
    let report = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.step(id, name, body) }
    try output.print(report) { IncidentText(words, now: Clock.now()).describe(report).joined(separator: "\n") }
}

extension IncidentText {
    /// What a step of the desk did; nil for another action.
    func step(_ report: DeskReport) -> String? {
        let id = "#\(report.incident.id)"
        let done: (zh: String, en: String)
        switch report.action {
        case "assign": done = ("已指派", "the unit was sent to \(id)")
        case "recall": done = ("已召回", "the unit was taken off \(id)")
        case "hand-over": done = ("已移交", "\(id) was handed over")
        case "clear": done = ("已结案", "\(id) was cleared")
        case "reopen": done = ("已重新打开", "\(id) was opened again")
        case "acknowledge": done = ("已阅", "\(id) was acknowledged: its alarm rests")
        default: return nil
        }
        return report.sequence == 0
            ? words("\(id) 此前已是如此，没有变化", "\(id) was so already; nothing changed") : words("\(id) \(done.zh)", done.en)
    }

    /// Who has it, who has seen it, and whom it was told to; nothing for one that only waits.
    func crew(_ incident: IncidentReport) -> [String] {
        var lines: [String] = []
        for (index, one) in (incident.crew ?? []).enumerated() {
            let lead = index == 0 && (incident.crew?.count ?? 0) > 1 ? words("（领头）", " (leads)") : ""
            lines.append(
                words("巡组 ", "unit ") + clean(one.unit) + lead + "  " + phase(one.phase, nil) + "  "
                    + Clock.text(one.sinceMs, now: now) + (one.by.role == "unit" ? "" : words("（", " (") + who(one.by) + words("）", ")")))
        }
        if let seen = incident.acknowledgement {
            lines.append(words("已阅：", "seen by ") + who(seen.by) + "  " + Clock.text(seen.atMs, now: now))
        }
        if let escalation = incident.escalation, let rung = escalation.rung {
            let reminders =
                escalation.reminders > 0
                ? words("，提醒 \(escalation.reminders) 次", ", \(escalation.reminders) reminders") : ""
            lines.append(words("升级：", "escalated: ") + self.rung(rung) + reminders)
        }
        let grants = (incident.grants ?? []).filter { $0.untilMs > now.milliseconds }
        if !grants.isEmpty {
            lines.append(
                words("邻区可见：", "neighbours may see it: ")
                    + grants.map { clean($0.unit) + words(" 至 ", " until ") + Clock.text($0.untilMs, now: now) }
                    .joined(separator: words("、", ", ")))
        }
        return lines
    }

    func rung(_ name: String) -> String {
        EscalationRung.allCases.first { $0.name == name }.map { catalogue.name($0) } ?? clean(name)
    }

    private func who(_ by: OperatorReport) -> String {
        let role = Operator.Role.allCases.first { $0.name == by.role }.map { catalogue.name($0) } ?? clean(by.role)
        return role + " " + clean(by.name)
    }
}

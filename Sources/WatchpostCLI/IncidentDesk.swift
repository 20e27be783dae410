import Administration
import ArgumentParser
import LocalHTTP
import Localization
import TipModel
import Workbench

/// `#12` or `12`.
func incidentNumber(_ text: String) throws -> UInt64 {
    guard let number = UInt64(text.hasPrefix("#") ? String(text.dropFirst()) : text) else {
        throw ValidationError(tell("警情号是一个数，如 12", "an incident's number is a number such as 12"))
    }
    return number
}

/// Why the desk does it.
struct ReasonOption: ParsableArguments {
    @Option(help: hint("原因，1–500 字节，记录在案", "Why, 1 to 500 bytes; it is journalled.", "words"))
    var reason: String

    func validate() throws {
        guard !reason.allSatisfy(\.isWhitespace), reason.utf8.count <= DeskLimits.reasonBytes else {
            throw ValidationError(tell("--reason 须为 1–500 字节", "--reason must be 1 to 500 bytes"))
        }
    }
}

/// `watchpost incidents merge`.
struct IncidentMerge: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "merge",
            abstract: tell("把一条警情并入另一条：同一件事报成了两条。", "Merges one incident into another: one event was filed twice."),
            discussion: tell(
                """
                前者以"重复"结案，线索归后者。后者的巡组和状态不变；无人接单时，前者的巡组随线索转过去。
                演练与实情不能合并。

                示例：watchpost incidents merge 15 --into 12 --reason "同一名男子"
                """,
                """
                The first is closed as a duplicate, and its tips are the second's. The second keeps its unit and state; where it has
                none, the first one's unit goes over to it. A drill and a real incident cannot be merged.

                Example: watchpost incidents merge 15 --into 12 --reason "the same man"
                """))
    }

    @Argument(help: hint("要并掉的警情号", "The one that goes.", "number"), transform: incidentNumber)
    var id: UInt64

    @Option(help: hint("并入的警情号", "The one that stays.", "number"), transform: incidentNumber)
    var into: UInt64

    @OptionGroup var why: ReasonOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await act(admin, output) { (client) throws(LocalHTTPClientError) in
            try await client.merge(id, MergeIncident(into: into, reason: why.reason))
        }
    }
}

/// `watchpost incidents split`.
struct IncidentSplit: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "split",
            abstract: tell("把几条线索拆成另一条警情：两件事报成了一条。", "Splits tips off into a new incident: two events were filed as one."),
            discussion: tell(
                """
                线索编号见 watchpost incidents show --json。原警情的巡组和状态不变，新警情待接单。拆开的不会再自动合到一起。

                示例：watchpost incidents split 12 01KB… 01KC… --reason "隔壁小区的另一个人"
                """,
                """
                watchpost incidents show --json has the ids of the tips. The incident keeps its unit and state, the new one waits for a
                unit. Nothing automatic brings them together again.

                Example: watchpost incidents split 12 01KB… 01KC… --reason "another man, next compound"
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @Argument(help: hint("拆出去的线索编号", "The ids of the tips that leave.", "tips"))
    var tips: [TipID]

    @OptionGroup var why: ReasonOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !tips.isEmpty else { throw ValidationError(tell("至少给出一条线索编号", "at least one tip id is needed")) }
    }

    func run() async throws {
        try await act(admin, output) { (client) throws(LocalHTTPClientError) in
            try await client.split(id, SplitIncident(tips: tips.map(\.description), reason: why.reason))
        }
    }
}

/// `watchpost incidents detach`.
struct IncidentDetach: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "detach",
            abstract: tell("移出一条线索，另立警情。", "Takes one tip out, into an incident of its own."),
            discussion: tell(
                "示例：watchpost incidents detach 12 01KB… --reason \"与此事无关\"",
                "Example: watchpost incidents detach 12 01KB… --reason \"has nothing to do with it\""))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @Argument(help: hint("线索编号", "The id of the tip.", "tip"))
    var tip: TipID

    @OptionGroup var why: ReasonOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await act(admin, output) { (client) throws(LocalHTTPClientError) in
            try await client.detach(id, DetachTip(tip: tip.description, reason: why.reason))
        }
    }
}

/// `watchpost incidents regrade`.
struct IncidentRegrade: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "regrade",
            abstract: tell("由值班台定级，或撤销定级。", "Gives an incident another level, or lifts the one given."),
            discussion: tell(
                """
                值班台的定级高于计算的级别，后来的线索也不改变它；只有本身就是特急的线索除外，那时回到特急。

                示例：
                  watchpost incidents regrade 12 urgent --reason "已核实"
                  watchpost incidents regrade 12 --lift --reason "误判"
                """,
                """
                The desk's level goes before the computed one, and later tips do not change it; but a tip that is an emergency on its own
                makes it an emergency again.

                Examples:
                  watchpost incidents regrade 12 urgent --reason "verified"
                  watchpost incidents regrade 12 --lift --reason "judged too soon"
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: incidentNumber)
    var id: UInt64

    @Argument(help: hint("级别", "The level.", "level"))
    var level: UrgencyLevel?

    @Flag(help: hint("撤销值班台的定级", "Lifts the desk's level."))
    var lift = false

    @OptionGroup var why: ReasonOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard lift == (level == nil) else {
            throw ValidationError(tell("给出级别，或 --lift，二者取一", "either a level or --lift is needed"))
        }
    }

    func run() async throws {
        try await act(admin, output) { (client) throws(LocalHTTPClientError) in
            try await client.regrade(
                id, RegradeIncident(level: level?.name, lift: lift ? true : nil, reason: why.reason))
        }
    }
}

private func act(
    _ admin: AdminOptions, _ output: OutputOptions,
    _ body: (AdminClient) async throws(LocalHTTPClientError) -> DeskReport
) async throws {
    let words = output.words
    let report = try await admin.ask(words, body)
    try output.print(report) { IncidentText(words, now: Clock.now()).describe(report).joined(separator: "\n") }
}

extension IncidentText {
    /// What became of both sides.
    func describe(_ report: DeskReport) -> [String] {
        let (one, other) = (report.incident, report.other)
        var lines: [String] = []
        if let done = step(report) { return [done, "  " + summary(one)] }
        switch (report.action, other) {
        case ("merge", let other?): lines.append(words("#\(other.id) 已并入 #\(one.id)", "#\(other.id) was merged into #\(one.id)"))
        case ("regrade", _):
            lines.append(
                one.regrade == nil
                    ? words("#\(one.id) 的定级已撤销", "the desk's level of #\(one.id) was lifted")
                    : words("#\(one.id) 已定级", "#\(one.id) was regraded"))
        case (_, let other?):
            lines.append(
                words(
                    "从 #\(one.id) 拆出 \(other.tips) 条线索，另立 #\(other.id)",
                    other.tips == 1 ? "1 tip left #\(one.id) for the new #\(other.id)" : "\(other.tips) tips left #\(one.id) for the new #\(other.id)"))
        default: break
        }
        if let unit = report.unitLeft, let other {
            let holder = one.holder.map { clean($0) } ?? ""
            lines.append(
                words(
                    "注意：\(clean(unit)) 原接 #\(other.id)，#\(one.id) 仍由 \(holder) 负责，请通知 \(clean(unit))",
                    "note: \(clean(unit)) had #\(other.id), and #\(one.id) stays with \(holder); tell \(clean(unit))"))
        }
        lines += [one, other].compactMap(\.self).map { "  " + summary($0) }
        return lines
    }

    /// What ties an incident to others, and what the desk made of it; nothing for most.
    func links(_ incident: IncidentReport) -> [String] {
        var lines: [String] = []
        if let into = incident.mergedInto { lines.append(words("已并入 #\(into)", "merged into #\(into)")) }
        if let before = incident.follows { lines.append(words("#\(before) 处置完毕后再发", "again after #\(before), which was cleared")) }
        if let other = incident.suggestion {
            lines.append(
                words("可能与 #\(other) 是同一件事：", "perhaps the same as #\(other); merge with: ")
                    + "watchpost incidents merge \(incident.id) --into \(other) --reason …")
        }
        if !incident.apart.isEmpty {
            lines.append(words("已与其分开：", "taken apart from ") + incident.apart.map { "#\($0)" }.joined(separator: words("、", ", ")))
        }
        if let regrade = incident.regrade {
            let who = clean(regrade.by) + words("，", ", ") + Clock.text(regrade.atMs, now: now)
            lines.append(
                words("值班台定级 ", "the desk's level: ") + level(regrade.level) + words("（", " (") + who + words("）：", "): ")
                    + clean(regrade.reason))
            lines.append("  " + words("按线索计算为 ", "computed from the tips: ") + level(regrade.computedLevel))
            if regrade.overruled { lines.append("  " + catalogue.label("regrade.overruled")) }
        }
        return lines
    }

    private func summary(_ incident: IncidentReport) -> String {
        let tips = words("\(incident.tips) 条线索", incident.tips == 1 ? "1 tip" : "\(incident.tips) tips")
        return [
            "#\(incident.id)", level(incident.level) + " \(incident.score)", catalogue.category(incident.category), incident.zone,
            phase(incident.phase, incident.holder), tips, (incident.drill ? catalogue.text(.drill) : "") + clean(incident.headline),
        ].joined(separator: "  ")
    }
}

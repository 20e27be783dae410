import ArgumentParser
import Evaluation
import Glibc
import Journal
import Settings
import TipModel
import Workbench

/// `watchpost triage`.
struct TriageGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "triage",
            abstract: tell("并案和定级规则：改之前先看会有什么不同。", "Rules for correlation and urgency: what a change would do, before it is made."),
            discussion: tell(
                "示例：watchpost triage replay --rules new.yaml", "Example: watchpost triage replay --rules new.yaml"),
            subcommands: [TriageReplay.self])
    }
}

/// `watchpost triage replay`.
struct TriageReplay: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "replay",
            abstract: tell("把新规则用在事件日志上，看会有什么不同。", "Runs rules over the journal and shows what would change."),
            discussion: tell(
                """
                只读打开日志，守护进程运行时也可以用，不改动任何内容。每条线索按新规则重新并案和定级；巡组的动作和值班台的合并、
                拆分、定级照旧。列出级别的变化、会合为一起或分开的警情，以及各责任区、各巡组会多收或少收的警报。演练另计。

                「#12」是日志中的警情号，「+3」是只有新规则才会立的第 3 条。JSON：每个变化一行，最后一行是汇总。
                规则有误时列出全部错误，退出码 78。

                示例：
                  watchpost triage replay --rules new.yaml
                  watchpost triage replay --rules new.yaml --data /var/lib/watchpost --from 2026-03-01 --until 2026-03-08
                  watchpost triage replay --rules new.yaml --json | jq 'select(.type == "change" and .alert == "lost")'
                """,
                """
                Opens the journal for reading only, so the daemon may run meanwhile, and changes nothing. Each tip is correlated and
                scored anew; what units did stays, and so do the desk's merges, splits and levels. Shows levels that change,
                incidents that would be joined or parted, and the alerts that the units of each zone would get or miss.
                Drills are counted apart.

                "#12" is an incident of the journal, "+3" the third that only the new rules open. JSON: a line for each change, and a
                summary as the last one. Rules that are wrong are told in full, with exit code 78.

                Examples:
                  watchpost triage replay --rules new.yaml
                  watchpost triage replay --rules new.yaml --data /var/lib/watchpost --from 2026-03-01 --until 2026-03-08
                  watchpost triage replay --rules new.yaml --json | jq 'select(.type == "change" and .alert == "lost")'
                """))
    }

    @Option(help: hint("新规则文件", "The new rules.", "file"))
    var rules: String

    @Option(help: hint("事件日志文件，如备份", "The journal's file, a backup for instance.", "file"))
    var journal: String?

    @Option(help: hint("数据目录", "The data directory.", "folder"))
    var data: String?

    @Option(help: hint("watchpostd.yaml，从中取数据目录", "watchpostd.yaml, for the data directory.", "file"))
    var config: String?

    @Option(help: hint(
        "此前的记录照旧（如 2026-03-01、'2026-03-01 02:10'、02:10）",
        "Take what is before this time as it is (2026-03-01, '2026-03-01 02:10', 02:10).", "time"))
    var from: MomentArgument?

    @Option(help: hint("到此时为止", "End before this time.", "time"))
    var until: MomentArgument?

    @Option(help: hint("最多列出几个变化，0–10000", "List at most so many changes, 0–10000.", "count"))
    var limit = 200

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...10_000).contains(limit) else {
            throw ValidationError(tell("--limit 须在 0–10000 之间", "--limit must be 0…10000"))
        }
        guard [journal, data, config].compactMap(\.self).count <= 1 else {
            throw ValidationError(
                tell("--journal、--data、--config 只能选一个", "--journal, --data and --config exclude each other"))
        }
        if let from, let until, from.time >= until.time {
            throw ValidationError(tell("--from 须早于 --until", "--from must be before --until"))
        }
    }

    func run() async throws {
        let words = output.words
        try requireFile(rules, words)
        let loaded: TriageRules
        do { loaded = try TriageFile.load(path: rules) } catch { throw CLIFailure(error) }
        let file: String
        if let journal {
            try JournalPlace.require(journal, words)
            file = journal
        } else {
            file = try JournalPlace.file(data: data, config: config, words)
        }
        var settings = RuleReplay.Settings()
        (settings.from, settings.until, settings.limit) = (from?.time, until?.time, limit)
        let plan = settings
        let shows = Output.errorIsTerminal
        let report: RuleReplayReport
        do {
            report = try await offPool("replay") {
                let reader = try SQLiteJournalReader(path: file)
                defer { reader.close() }
                return try Self.run(RuleReplay(rules: loaded, settings: plan), reader) { reached, last in
                    guard shows, last > 0 else { return }
                    Output.write("\r\(words("重放", "replaying")) \(reached * 100 / last) %  ", to: STDERR_FILENO)
                }
            }
        } catch let error as JournalError {
            if shows { Output.write("\r\u{1B}[K", to: STDERR_FILENO) }
            throw CLIFailure("\(file): \(error)")
        }
        if shows { Output.write("\r\u{1B}[K", to: STDERR_FILENO) }
        let text = ReplayText(words)
        if output.json {
            for change in report.changes { try printJSON(ReplayLine.Change(change)) }
            try printJSON(ReplayLine.Summary(report, rules: rules, journal: file))
        } else {
            Output.line(text.lines(report, rules: rules, journal: file).joined(separator: "\n"))
        }
    }

    /// Reads up to what is the newest record at the start, in pages, each its own short read: a long replay holds back no
    /// checkpoint of the running daemon.
    static func run(
        _ replay: RuleReplay, _ reader: any JournalReader, progress: (SequenceNumber, SequenceNumber) -> Void
    ) throws(JournalError) -> RuleReplayReport {
        var replay = replay
        let last = try reader.lastSequence()
        if let base = try reader.base() {
            throw JournalError(.misuse, "records up to \(base.sequence) were dropped by retention; replay a backup from before")
        }
        var reached: SequenceNumber = 0
        reading: while reached < last {
            let page = try reader.records(after: reached, limit: 4_096, bytes: 8 << 20)
            guard !page.isEmpty else { throw JournalError(.corrupt, "records after \(reached) are missing, the last is \(last)") }
            for stored in page where stored.record.sequence <= last {
                guard stored.record.sequence == reached + 1 else { throw JournalError(.corrupt, "record \(reached + 1) is missing") }
                guard replay.apply(stored.record) else { break reading }
                reached = stored.record.sequence
            }
            progress(reached, last)
        }
        return replay.finish()
    }
}

/// A moment on the command line; see ``Clock/moment(_:now:)``.
struct MomentArgument: ExpressibleByArgument {
    var time: Timestamp

    init?(argument: String) {
        guard let time = Clock.moment(argument) else { return nil }
        self.time = time
    }
}

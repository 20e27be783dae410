import Administration
import ArgumentParser
import Glibc
import Journal
import TipModel
import Workbench

/// `watchpost journal export`.
struct JournalExport: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable { case jsonl, csv }

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "export",
            abstract: tell("导出全部警情，每行一起，JSON Lines 或 CSV。", "Writes every incident, one a line, as JSON Lines or CSV."),
            discussion: tell(
                """
                每起警情一行，内容是其最后的样子：先是已了结的，再是仍开放的。内存用量不随日志增长。
                只读打开，守护进程运行时也可以用。--from 和 --until 按开警时间。CSV 为 UTF-8，时间为 UTC。

                示例：watchpost journal export --format csv --from 2026-03-01 --until 2026-04-01 > march.csv
                """,
                """
                One line for each incident, as it last was: those that ended first, then those that are open. Memory does not grow
                with the journal. Opens it for reading only, so the daemon may run meanwhile. --from and --until go by when an
                incident was opened. CSV is UTF-8, its times are UTC.

                Example: watchpost journal export --format csv --from 2026-03-01 --until 2026-04-01 > march.csv
                """))
    }

    @Option(help: hint("格式：jsonl 或 csv", "jsonl or csv.", "format"))
    var format = Format.jsonl

    @Option(help: hint("此时起开警的", "Opened at this time or later.", "time"))
    var from: MomentArgument?

    @Option(help: hint("此时前开警的", "Opened before this time.", "time"))
    var until: MomentArgument?

    @Option(help: hint("数据目录", "The data directory.", "folder"))
    var data: String?

    @Option(help: hint("watchpostd.yaml，从中取数据目录", "watchpostd.yaml, for the data directory.", "file"))
    var config: String?

    @OptionGroup var language: LanguageOption

    func validate() throws {
        if let from, let until, from.time >= until.time {
            throw ValidationError(tell("--from 须早于 --until", "--from must be before --until"))
        }
    }

    func run() async throws {
        let words = language.words
        let file = try JournalPlace.file(data: data, config: config, words)
        let (format, from, until) = (format, from?.time, until?.time)
        do {
            try await offPool("export") {
                let reader = try SQLiteJournalReader(path: file)
                defer { reader.close() }
                if format == .csv { Output.line(IncidentRow.header) }
                try IncidentFold.each(of: reader) { incident in
                    if let from, incident.openedAt < from { return }
                    if let until, incident.openedAt >= until { return }
                    let report = IncidentReport(incident)
                    if format == .csv { Output.line(IncidentRow.text(report)) } else { try printJSON(report) }
                }
            }
        } catch let error as JournalError {
            throw CLIFailure("\(file): \(error)")
        }
    }
}

/// An incident as a line of CSV (RFC 4180).
enum IncidentRow {
    static let header = [
        "id", "zone", "category", "level", "score", "phase", "opened_at", "last_tip_at", "phase_since", "tips", "posts", "drill",
        "disposition", "merged_into", "follows", "lead", "latitude", "longitude", "place", "headline",
    ].joined(separator: ",")

    static func text(_ report: IncidentReport) -> String {
        let fields: [String] = [
            "\(report.id)", report.zone, report.category, report.level, "\(report.score)", report.phase,
            isoTime(milliseconds: report.openedAtMs), isoTime(milliseconds: report.lastTipAtMs),
            isoTime(milliseconds: report.phaseSinceMs), "\(report.tips)", report.posts.joined(separator: " "),
            report.drill ? "true" : "false", report.disposition ?? "", report.mergedInto.map { "\($0)" } ?? "",
            report.follows.map { "\($0)" } ?? "", report.holder ?? "", report.position.map { "\($0.latitude)" } ?? "",
            report.position.map { "\($0.longitude)" } ?? "", plain(report.place), plain(report.headline),
        ]
        return fields.map(quoted).joined(separator: ",")
    }

    /// What a guard wrote is no formula of a spreadsheet.
    private static func plain(_ text: String) -> String {
        guard let first = text.first, "=+-@\t\r".contains(first) else { return text }
        return "'" + text
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}

extension Clock {
    /// The local date, `2026-03-01`.
    static func day(_ milliseconds: Int64) -> String {
        // A text with the date always has it, unless the day is today: so it is told as of another one.
        let told = text(milliseconds, now: Timestamp(milliseconds: milliseconds).advanced(byMilliseconds: 40 * 86_400_000))
        return String(told.prefix { $0 != " " })
    }
}

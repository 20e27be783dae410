import ArgumentParser
import Glibc
import Journal
import Settings
import TipModel
import Workbench

/// `watchpost journal compact`.
struct JournalCompact: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "compact",
            abstract: tell("按保留期限删除旧记录；先停守护进程。", "Drops records that are older than retention says; stop the daemon first."),
            discussion: tell(
                """
                保留多少由 watchpostd.yaml 的 journal.retain_for 和 journal.retain_bytes 规定，默认全部保留。
                仍开放的警情和最近了结的 256 起连同其线索和经过一律保留，巡组还没读到的也保留。删除处记下校验值，
                journal verify 照常可用。先做备份；--dry-run 只说明会删除多少。

                示例：watchpost journal compact --config /etc/watchpost/watchpostd.yaml --dry-run
                """,
                """
                How much stays is journal.retain_for and journal.retain_bytes of watchpostd.yaml; by default everything does.
                Open incidents and the 256 that ended last stay with their tips and history, and so does what a unit has not read yet.
                Checksums stand for what was dropped, so journal verify works as before. Take a backup first; --dry-run only
                says how much would go.

                Example: watchpost journal compact --config /etc/watchpost/watchpostd.yaml --dry-run
                """))
    }

    @Option(help: hint("守护进程的配置文件", "The daemon's configuration.", "file"))
    var config = "/etc/watchpost/watchpostd.yaml"

    @Flag(help: hint("只说明会删除多少", "Only say what would be dropped."))
    var dryRun = false

    @Flag(help: hint("时钟曾跳变三十天以上也删除", "Also where the clock leapt by more than thirty days."))
    var trustClock = false

    @OptionGroup var output: OutputOptions

    struct Report: Codable, Hashable {
        var dryRun: Bool
        var records: UInt64
        var dropped: UInt64
        /// Older than the bound, and stay.
        var kept: UInt64
        var through: UInt64
        var bytesBefore: Int
        var bytesAfter: Int
        /// `unread` or `clock`; nil where nothing held it up.
        var heldBy: String?
        var unit: String?
        var heldAt: UInt64?

        enum CodingKeys: String, CodingKey {
            case records, dropped, kept, through, unit
            case dryRun = "dry_run"
            case bytesBefore = "bytes_before"
            case bytesAfter = "bytes_after"
            case heldBy = "held_by"
            case heldAt = "held_at"
        }
    }

    func run() async throws {
        let words = output.words
        try requireFile(config, words)
        let settings: DaemonSettings
        do throws(SettingsError) { settings = try DaemonSettings.load(path: config) } catch { throw CLIFailure(error) }
        guard settings.journal.retainFor != nil || settings.journal.retainBytes != nil else {
            throw CLIFailure(
                words(
                    "\(config) 没有规定保留期限，全部保留：设置 journal.retain_for 或 journal.retain_bytes",
                    "\(config) keeps everything: set journal.retain_for or journal.retain_bytes"))
        }
        try JournalPlace.require(settings.dataDirectory + "/" + SQLiteJournal.fileName, words)
        var retention = Retention(
            age: settings.journal.retainFor.map { $0.components.seconds * 1_000 }, bytes: settings.journal.retainBytes,
            youngest: (settings.ingest.idWindow + .seconds(86_400)).components.seconds * 1_000)
        retention.trustsClock = trustClock
        let (plan, isTrial, directory) = (retention, dryRun, settings.dataDirectory)
        let progress = Progress(words("正在核对…", "verifying…"), isShown: !output.json)
        let done: Compaction
        do {
            done = try await offPool("compact") {
                let journal = try SQLiteJournal(directory: directory)
                defer { journal.close() }
                return try journal.compact(plan, now: SystemTime().now(), isTrial: isTrial)
            }
        } catch let error as JournalError {
            progress.end()
            throw CLIFailure("\(error)")
        }
        progress.end()
        let report = report(done)
        try output.print(report) { Self.text(report, words) }
    }

    private func report(_ done: Compaction) -> Report {
        var report = Report(
            dryRun: dryRun, records: done.records, dropped: done.dropped, kept: done.kept, through: done.through,
            bytesBefore: done.bytesBefore, bytesAfter: done.bytesAfter)
        switch done.bound {
        case .unread(let unit, let sequence): (report.heldBy, report.unit, report.heldAt) = ("unread", unit.rawValue, sequence)
        case .leap(let sequence, _): (report.heldBy, report.heldAt) = ("clock", sequence)
        case nil: break
        }
        return report
    }

    private static func text(_ report: Report, _ words: Words) -> String {
        var lines = [
            report.dryRun
                ? words(
                    "会删除 \(report.dropped) 条记录（共 \(report.records) 条，到第 \(report.through) 条），保留其中 \(report.kept) 条。",
                    "Would drop \(report.dropped) of \(report.records) records (up to \(report.through)); \(report.kept) of them stay.")
                : words(
                    "删除了 \(report.dropped) 条记录（共 \(report.records) 条，到第 \(report.through) 条），保留其中 \(report.kept) 条；\(sizeText(report.bytesBefore)) → \(sizeText(report.bytesAfter))。",
                    "Dropped \(report.dropped) of \(report.records) records (up to \(report.through)); \(report.kept) of them stay. \(sizeText(report.bytesBefore)) → \(sizeText(report.bytesAfter)).")
        ]
        if report.heldBy == "unread", let unit = report.unit, let at = report.heldAt {
            lines.append(
                words(
                    "更多的没有删除：巡组 \(unit) 还没读到第 \(at) 条。不再使用的巡组请注销：watchpost patrol-unit revoke \(unit)",
                    "No more is dropped because unit \(unit) has not read record \(at) yet. A unit that is used no more: watchpost patrol-unit revoke \(unit)"))
        }
        if report.heldBy == "clock", let at = report.heldAt {
            lines.append(
                words(
                    "没有删除：第 \(at) 条之后时钟跳变三十天以上。核对时钟；确实无误时加 --trust-clock",
                    "Nothing is dropped because the clock leapt by more than thirty days after record \(at). Look at the clock; if it is right, add --trust-clock"))
        }
        return lines.joined(separator: "\n")
    }
}

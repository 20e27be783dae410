import ArgumentParser
import Glibc
import Journal
import TipModel
import Workbench

/// `watchpost journal stats`.
struct JournalStats: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "stats",
            abstract: tell("日志有多少记录、何种记录、每天多少、占多大。", "How many records, of what kind, on which days, how large."),
            discussion: tell(
                """
                只读打开，守护进程运行时也可以用。日期按本机时区。

                示例：watchpost journal stats --data /var/lib/watchpost --days 14
                """,
                """
                Opens it for reading only, so the daemon may run meanwhile. Days are of this machine's time zone.

                Example: watchpost journal stats --data /var/lib/watchpost --days 14
                """))
    }

    @Option(help: hint("数据目录", "The data directory.", "folder"))
    var data: String?

    @Option(help: hint("watchpostd.yaml，从中取数据目录", "watchpostd.yaml, for the data directory.", "file"))
    var config: String?

    @Option(help: hint("列出最近几天，0–3660", "List so many of the newest days, 0–3660.", "number"))
    var days = 7

    @OptionGroup var output: OutputOptions

    struct Report: Codable, Hashable {
        struct Day: Codable, Hashable {
            var day: String
            var records: UInt64
            var tips: UInt64
        }

        struct Snapshot: Codable, Hashable {
            var sequence: UInt64
            var bytes: Int
            var intact: Bool
        }

        var file: String
        /// The newest record.
        var sequence: UInt64
        var records: UInt64 = 0
        /// Records that retention dropped.
        var dropped: UInt64 = 0
        /// Everything up to here was dropped, but for what belongs to incidents that are remembered.
        var droppedThrough: UInt64?
        var oldestMs: Int64?
        var newestMs: Int64?
        /// Events by kind. A record may hold several.
        var events: [String: UInt64] = [:]
        var days: [Day] = []
        var bytes: Int
        /// Of them free for new records.
        var freeBytes: Int
        var logBytes: Int
        var snapshots: [Snapshot]

        enum CodingKeys: String, CodingKey {
            case file, sequence, records, dropped, events, days, bytes, snapshots
            case droppedThrough = "dropped_through"
            case oldestMs = "oldest_ms"
            case newestMs = "newest_ms"
            case freeBytes = "free_bytes"
            case logBytes = "log_bytes"
        }
    }

    func validate() throws {
        guard (0...3_660).contains(days) else { throw ValidationError(tell("--days 应为 0–3660", "--days must be 0–3660")) }
    }

    func run() async throws {
        let words = output.words
        let file = try JournalPlace.file(data: data, config: config, words)
        let days = days
        let progress = Progress(words("正在读取…", "reading…"), isShown: !output.json)
        let report: Report
        do {
            report = try await offPool("stats") { try Self.read(file, days: days) }
        } catch let error as JournalError {
            progress.end()
            throw CLIFailure("\(file): \(error)")
        }
        progress.end()
        try output.print(report) { Self.text(report, words) }
    }

    private static func read(_ file: String, days: Int) throws(JournalError) -> Report {
        let reader = try SQLiteJournalReader(path: file)
        defer { reader.close() }
        let storage = try reader.storage()
        let base = try reader.base()
        let last = try reader.lastSequence()
        var report = Report(
            file: file, sequence: last, dropped: base?.dropped ?? 0, droppedThrough: base?.sequence, bytes: storage.bytes,
            freeBytes: storage.freeBytes, logBytes: storage.logBytes,
            snapshots: storage.snapshots.map { .init(sequence: $0.sequence, bytes: $0.bytes, intact: $0.isIntact) })
        var perDay: [String: Report.Day] = [:]
        var reached: SequenceNumber = 0
        while reached < last {
            let page = try reader.records(after: reached, limit: 4_096, bytes: 8 << 20)
            guard let newest = page.last else { break }
            for stored in page {
                let record = stored.record
                let at = record.at.milliseconds
                report.records += 1
                report.oldestMs = min(report.oldestMs ?? at, at)
                report.newestMs = max(report.newestMs ?? at, at)
                let name = Clock.day(at)
                perDay[name, default: .init(day: name, records: 0, tips: 0)].records += 1
                for event in record.events {
                    report.events[event.kindName, default: 0] += 1
                    if case .tipAccepted = event { perDay[name]?.tips += 1 }
                }
            }
            // Clocks that were wrong may have made many days; only the newest are told.
            if perDay.count > days + 400 {
                for old in perDay.keys.sorted().dropLast(days + 1) { perDay[old] = nil }
            }
            reached = newest.record.sequence
        }
        report.days = perDay.keys.sorted().suffix(days).compactMap { perDay[$0] }
        return report
    }

    private static func text(_ report: Report, _ words: Words) -> String {
        var lines = [
            words(
                "\(report.file)：\(report.records) 条记录，到第 \(report.sequence) 条；\(sizeText(report.bytes))（空闲 \(sizeText(report.freeBytes))），预写日志 \(sizeText(report.logBytes))",
                "\(report.file): \(report.records) records, up to \(report.sequence); \(sizeText(report.bytes)) (\(sizeText(report.freeBytes)) free), write-ahead log \(sizeText(report.logBytes))")
        ]
        if let oldest = report.oldestMs, let newest = report.newestMs {
            lines.append(words("最早 \(Clock.text(oldest))，最新 \(Clock.text(newest))", "oldest \(Clock.text(oldest)), newest \(Clock.text(newest))"))
        }
        if let through = report.droppedThrough {
            lines.append(words("按保留期限删除了 \(report.dropped) 条（到第 \(through) 条）", "\(report.dropped) were dropped by retention (up to \(through))"))
        }
        for snapshot in report.snapshots {
            let state = snapshot.intact ? "" : words("，损坏", ", damaged")
            lines.append(words("快照：第 \(snapshot.sequence) 条，\(sizeText(snapshot.bytes))\(state)", "snapshot at \(snapshot.sequence), \(sizeText(snapshot.bytes))\(state)"))
        }
        var events = Table([.init(words("事件", "event")), .init(words("数量", "count"), .right)])
        for (name, count) in report.events.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) { events.add(name, "\(count)") }
        if !events.isEmpty { lines += ["", events.text] }
        var days = Table([.init(words("日期", "day")), .init(words("记录", "records"), .right), .init(words("线索", "tips"), .right)])
        for day in report.days { days.add(day.day, "\(day.records)", "\(day.tips)") }
        if !days.isEmpty { lines += ["", days.text] }
        return lines.joined(separator: "\n")
    }
}

extension Event {
    /// As the journal's protobuf calls it.
    var kindName: String {
        switch self {
        case .tipAccepted: "tip_accepted"
        case .incidentOpened: "incident_opened"
        case .tipCorrelated: "tip_correlated"
        case .urgencyChanged: "urgency_changed"
        case .phaseChanged: "phase_changed"
        case .postEnrolled: "post_enrolled"
        case .unitEnrolled: "unit_enrolled"
        case .revoked: "revoked"
        case .postFellSilent: "post_fell_silent"
        case .postHeard: "post_heard"
        case .tipsMissing: "tips_missing"
        case .cursorAdvanced: "cursor_advanced"
        case .incidentMerged: "incident_merged"
        case .incidentRestated: "incident_restated"
        case .incidentRegraded: "incident_regraded"
        case .incidentAcknowledged: "incident_acknowledged"
        case .incidentEscalated: "incident_escalated"
        case .accountChanged: "account_changed"
        case .identityRevealed: "identity_revealed"
        }
    }
}

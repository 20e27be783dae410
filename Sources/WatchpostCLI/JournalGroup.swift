import ArgumentParser
import Glibc
import Journal
import Settings
import TipModel
import Workbench

/// `watchpost journal`.
struct JournalGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "journal",
            abstract: tell("事件日志：核对、统计、导出、压缩。", "The journal: checks, figures, export, compaction."),
            discussion: tell("示例：watchpost journal verify", "Example: watchpost journal verify"),
            subcommands: [JournalVerify.self, JournalStats.self, JournalExport.self, JournalCompact.self])
    }
}

/// `watchpost journal verify`.
struct JournalVerify: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify",
            abstract: tell("从头核对校验链，找出第一条损坏的记录。", "Walks the chain of checksums and names the first damaged record."),
            discussion: tell(
                """
                只读打开，守护进程运行时也可以用。损坏时退出码为 1。

                示例：watchpost journal verify --data /var/lib/watchpost
                """,
                """
                Opens it for reading only, so the daemon may run meanwhile. Exits 1 when a record is damaged.

                Example: watchpost journal verify --data /var/lib/watchpost
                """))
    }

    @Option(help: hint("数据目录", "The data directory.", "folder"))
    var data: String?

    @Option(help: hint("watchpostd.yaml，从中取数据目录", "watchpostd.yaml, for the data directory.", "file"))
    var config: String?

    @OptionGroup var output: OutputOptions

    struct Report: Codable, Hashable {
        /// `sound` or `damaged`.
        var state: String
        var file: String
        var records: UInt64?
        var damagedAt: UInt64?
        var reason: String?

        enum CodingKeys: String, CodingKey {
            case state, file, records, reason
            case damagedAt = "damaged_at"
        }
    }

    func run() async throws {
        let words = output.words
        let file = try JournalPlace.file(data: data, config: config, words)
        let shows = Output.errorIsTerminal && !output.json
        let result: Verification
        do {
            result = try await offPool("verify") {
                let reader = try SQLiteJournalReader(path: file)
                defer { reader.close() }
                return try reader.verify { reached, last in
                    if shows, last > 0 {
                        Output.write("\r\(words("核对", "verifying")) \(reached * 100 / last) %  ", to: STDERR_FILENO)
                    }
                    return true
                }
            }
        } catch let error as JournalError {
            throw CLIFailure("\(file): \(error)")
        }
        if shows { Output.write("\r\u{1B}[K", to: STDERR_FILENO) }
        let report = Self.report(result, file)
        if output.json { try printJSON(report) }
        switch result {
        case .sound(let records):
            if !output.json { Output.line(words("完好：\(records) 条记录，校验链相符。", "Sound: \(records) records, every checksum follows.")) }
        case .damaged(let sequence, let reason):
            if output.json { throw ExitCode(ExitStatusCode.failed) }
            throw CLIFailure(
                words(
                    "第 \(sequence) 条记录损坏（\(reason)）：停止守护进程，保留原文件，从备份恢复",
                    "record \(sequence) is damaged (\(reason)): stop the daemon, keep the file, restore a backup"))
        case .stopped(let sequence): throw CLIFailure(words("停在第 \(sequence) 条", "stopped at \(sequence)"))
        }
    }

    static func report(_ result: Verification, _ file: String) -> Report {
        switch result {
        case .sound(let records): Report(state: "sound", file: file, records: records)
        case .damaged(let sequence, let reason): Report(state: "damaged", file: file, damagedAt: sequence, reason: reason)
        case .stopped(let sequence): Report(state: "stopped", file: file, records: sequence)
        }
    }
}

/// Where the journal is that a command reads beside the daemon.
enum JournalPlace {
    static let searched = ["./var/watchpostd", "/var/lib/watchpost"]

    /// The journal's file, in the folder that is given or configured, else in the first of ``searched`` that has one.
    /// - Throws: when there is none.
    static func file(data: String?, config: String?, _ words: Words) throws(CLIFailure) -> String {
        let file = try folder(data: data, config: config, words) + "/" + SQLiteJournal.fileName
        try require(file, words)
        return file
    }

    static func parent(of file: String) -> String { String(file.dropLast(SQLiteJournal.fileName.utf8.count + 1)) }

    /// Says that a journal is not there. SQLite would only say that it cannot open the file.
    static func require(_ file: String, _ words: Words) throws(CLIFailure) {
        guard access(file, F_OK) == 0 || errno != ENOENT else {
            throw CLIFailure(words("\(file) 不存在：用 --data 指定守护进程的数据目录", "\(file) does not exist: name the daemon's data directory with --data"))
        }
    }

    private static func folder(data: String?, config: String?, _ words: Words) throws(CLIFailure) -> String {
        if let data { return data }
        if let config {
            do throws(SettingsError) { return try DaemonSettings.load(path: config).dataDirectory } catch { throw CLIFailure(error) }
        }
        for path in searched where access(path + "/" + SQLiteJournal.fileName, F_OK) == 0 { return path }
        let tried = searched.joined(separator: words("、", ", "))
        throw CLIFailure(words("找不到事件日志（已查 \(tried)）：用 --data 指定目录", "no journal found (looked in \(tried)): name the folder with --data"))
    }
}

import Administration
import ArgumentParser
import Glibc
import Journal
import TipModel
import Workbench

/// `watchpost backup`.
struct BackupRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "backup",
            abstract: tell("备份数据目录，守护进程不必停。", "Backs the data directory up while the daemon runs."),
            discussion: tell(
                """
                在文件夹中新建 watchpost-<UTC 时间>：事件日志、账号、守护进程密钥（若在数据目录中）、照片和 manifest.json。
                先核对再改名，所以名为 watchpost-… 的必是完整备份。备份开始前已确认的线索都在其中。
                备份与数据目录同样机密。照片与上一次备份共用磁盘空间。

                示例：watchpost backup /var/lib/watchpost-backup --keep 14
                恢复：watchpost restore /var/lib/watchpost-backup/watchpost-20260301T020000Z --to /var/lib/watchpost
                """,
                """
                Makes watchpost-<UTC time> in the folder: journal, accounts, the daemon's key (where it lies in the data directory),
                photos and manifest.json. It is checked before it gets its name, so what is named watchpost-… is complete.
                Every tip acknowledged before the backup began is in it. It is as secret as the data directory. Photos share
                their room on the disk with the backup before.

                Example: watchpost backup /var/lib/watchpost-backup --keep 14
                Back:    watchpost restore /var/lib/watchpost-backup/watchpost-20260301T020000Z --to /var/lib/watchpost
                """))
    }

    @Argument(help: hint("存放备份的文件夹；不存在时新建", "The folder that backups are kept in; made when missing.", "folder"))
    var folder: String

    @Option(help: hint("保留最新的几个备份，1–10000（默认全部保留）", "How many of the newest stay, 1–10000. (default: all)", "number"))
    var keep: Int?

    @Option(help: hint("数据目录", "The data directory.", "folder"))
    var data: String?

    @Option(help: hint("watchpostd.yaml，从中取数据目录", "watchpostd.yaml, for the data directory.", "file"))
    var config: String?

    @OptionGroup var output: OutputOptions

    struct Report: Codable, Hashable {
        var backup: String
        var sequence: UInt64
        var files: Int
        var bytes: Int
        var removed: [String]
        var damagedPhotos: [String]

        enum CodingKeys: String, CodingKey {
            case backup, sequence, files, bytes, removed
            case damagedPhotos = "damaged_photos"
        }
    }

    func validate() throws {
        guard let keep, !(1...10_000).contains(keep) else { return }
        throw ValidationError(tell("--keep 应为 1–10000", "--keep must be 1–10000"))
    }

    func run() async throws {
        let words = output.words
        let file = try JournalPlace.file(data: data, config: config, words)
        let directory = JournalPlace.parent(of: file)
        let (folder, keep, shown) = (folder, keep, StepProgress(words, isShown: !output.json))
        let now = SystemTime().now()
        let report: Backup.Report
        do {
            report = try await offPool("backup") {
                try Backup.take(
                    of: directory, into: folder, stamp: backupStamp(now), now: now, keep: keep, progress: shown.show)
            }
        } catch let error as JournalError {
            shown.end()
            throw CLIFailure(words("没有备份：\(error)", "nothing was backed up: \(error)"))
        }
        shown.end()
        let manifest = report.manifest
        for photo in manifest.damagedPhotos {
            Output.errorLine(words("照片 \(photo) 已损坏，未备份", "photo \(photo) is damaged and is not in the backup"))
        }
        try output.print(
            Report(
                backup: report.folder, sequence: manifest.sequence, files: manifest.files.count, bytes: manifest.bytes,
                removed: report.removed, damagedPhotos: manifest.damagedPhotos)
        ) {
            words(
                "已备份到 \(report.folder)：到第 \(manifest.sequence) 条记录，\(manifest.files.count) 个文件，\(sizeText(manifest.bytes))；删除旧备份 \(report.removed.count) 个。",
                "Backed up to \(report.folder): up to record \(manifest.sequence), \(manifest.files.count) files, \(sizeText(manifest.bytes)); \(report.removed.count) old backups removed.")
        }
        if let error = report.leftBehind {
            throw CLIFailure(words("备份完整，但旧备份没有删除：\(error)", "the backup is complete, but old ones were not removed: \(error)"))
        }
    }
}

/// `watchpost restore`.
struct RestoreRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "restore",
            abstract: tell("核对备份并放入数据目录。", "Checks a backup and puts it into a data directory."),
            discussion: tell(
                """
                先停止守护进程；它在运行时拒绝恢复。目录非空时须加 --force：原有的事件日志、账号和密钥移到
                replaced-<时间> 中，不会删除。备份之后确认的线索不在其中。

                示例：watchpost restore /var/lib/watchpost-backup/watchpost-20260301T020000Z --to /var/lib/watchpost --force
                """,
                """
                Stop the daemon first: while it runs this is refused. A directory that is not empty needs --force; its journal,
                accounts and key are then moved to replaced-<time> in it, and nothing is deleted. Tips acknowledged after the backup
                are not in it.

                Example: watchpost restore /var/lib/watchpost-backup/watchpost-20260301T020000Z --to /var/lib/watchpost --force
                """))
    }

    @Argument(help: hint("一个备份的文件夹", "The folder of one backup.", "backup"))
    var backup: String

    @Option(help: hint("数据目录", "The data directory.", "folder"))
    var to: String

    @Flag(help: hint("目录非空也恢复，原有文件移到一旁", "Also into a directory that is not empty; what is there is moved aside."))
    var force = false

    @OptionGroup var output: OutputOptions

    struct Report: Codable, Hashable {
        var directory: String
        var sequence: UInt64
        var createdAtMs: Int64
        var files: Int
        var replaced: String?

        enum CodingKeys: String, CodingKey {
            case directory, sequence, files, replaced
            case createdAtMs = "created_at_ms"
        }
    }

    func run() async throws {
        let words = output.words
        let (backup, directory, force) = (backup, to, force)
        let shown = StepProgress(words, isShown: !output.json)
        let report: Restore.Report
        do {
            report = try await offPool("restore") {
                try Restore.put(backup, into: directory, force: force, stamp: backupStamp(SystemTime().now()), progress: shown.show)
            }
        } catch let error as JournalError {
            shown.end()
            throw CLIFailure(words("没有恢复：\(error)", "nothing was restored: \(error)"))
        }
        shown.end()
        let manifest = report.manifest
        try output.print(
            Report(
                directory: directory, sequence: manifest.sequence, createdAtMs: manifest.createdAtMs, files: manifest.files.count,
                replaced: report.replaced)
        ) {
            words(
                "已恢复到 \(directory)：到第 \(manifest.sequence) 条记录（\(isoTime(milliseconds: manifest.createdAtMs))）。",
                "Restored into \(directory): up to record \(manifest.sequence), of \(isoTime(milliseconds: manifest.createdAtMs)).")
                + (report.replaced.map { words("原有文件在 \($0)。", " What was there is in \($0).") } ?? "")
        }
    }
}

/// `20260301T020000Z`: sorts by time and is a name everywhere.
func backupStamp(_ now: Timestamp) -> String {
    String(isoTime(milliseconds: now.milliseconds).prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
}

/// Bytes for a person.
func sizeText(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (max(0, bytes), 0)
    while value >= 10_240, unit < units.count - 1 {
        value /= 1_024
        unit += 1
    }
    return "\(value) \(units[unit])"
}

/// The step of a backup on the terminal, on one line that leaves no trace.
struct StepProgress: Sendable {
    private let words: Words
    private let isShown: Bool

    init(_ words: Words, isShown: Bool) {
        self.words = words
        self.isShown = isShown && Output.errorIsTerminal
    }

    func show(_ step: Backup.Step, _ done: UInt64, _ total: UInt64) {
        guard isShown else { return }
        let name =
            switch step {
            case .journal: words("复制事件日志", "copying the journal")
            case .check: words("检查文件", "checking files")
            case .verify: words("核对校验链", "verifying the chain")
            case .accounts: words("复制账号", "copying the accounts")
            case .photos: words("复制照片", "copying photos")
            }
        Output.write("\r\u{1B}[K\(name) \(total > 1 ? "\(done / max(1, total / 100)) %" : "…")", to: STDERR_FILENO)
    }

    func end() {
        if isShown { Output.write("\r\u{1B}[K", to: STDERR_FILENO) }
    }
}

import ArgumentParser
import FoundationEssentials
import Workbench

/// `watchpost bench`.
struct BenchGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "bench",
            abstract: tell("在本机测量：吞吐量、延迟、增长、恢复、内存。", "Measures on this machine: throughput, latency, growth, recovery, memory."),
            discussion: tell(
                """
                每一项都启动真实的 watchpostd（独立进程，CURVE 加密，先落盘后回执，自带规则），线索按种子生成，同一种子同样的线索。
                请用发布版构建，在空闲的机器上运行。发送端与被测的守护进程共用处理器，其开销一并给出。

                示例：
                  watchpost bench throughput --json
                  watchpost bench throughput --batch 64
                  watchpost bench latency --rate 1000
                """,
                """
                Each verb starts a real watchpostd: a process of its own, CURVE, fsync before each receipt, the shipped rules. Tips are made
                from a seed, the same ones for the same seed. Use a release build and an idle machine. The load generator shares
                the processors with the daemon, and what it costs is told too.

                Examples:
                  watchpost bench throughput --json
                  watchpost bench throughput --batch 64
                  watchpost bench latency --rate 1000
                """),
            subcommands: [
                BenchThroughputRun.self, BenchLatencyCommand.self, BenchOvertakeCommand.self, BenchFanInCommand.self, BenchFanOutCommand.self,
                BenchRecoveryCommand.self, BenchMemoryCommand.self, BenchTriageCommand.self, BenchAllCommand.self,
            ], defaultSubcommand: BenchAllCommand.self)
    }
}

/// What every verb of bench takes.
struct BenchArguments: ParsableArguments {
    @Option(help: hint("哨点数，每个一条连接", "Posts that submit, a connection each.", "count"))
    var posts = 41

    @Option(help: hint("同时在发生的事件数；0：每条非重复线索都是新事件", "Events that go on at a time; 0: each tip that is no duplicate is a new one.", "count"))
    var open = 200

    @Option(help: hint("重复上报的比例，0–1：别的哨点刚报过的同一事件，换一种说法", "Share of duplicates, 0…1: what another post just told of, in other words.", "share"))
    var duplicates = 0.3

    @Option(help: hint("种子：相同则线索相同", "Seed: the same tips for the same seed.", "number"))
    var seed: UInt64 = 1

    @Option(help: hint("规则所在目录", "Folder of triage.yaml, urgency-words.tsv and district/.", "folder"))
    var configuration = "config"

    @Option(help: hint("事件日志写在哪里；默认临时目录", "Where the journal is written. (default: a temporary folder)", "folder"))
    var data: String?

    @Option(help: hint("watchpostd 所在目录；默认与本程序同目录", "Folder of watchpostd. (default: this program's own)", "folder"))
    var binDir: String?

    func validate() throws {
        try within("--posts", posts, 1...5_000)
        try within("--open", open, 0...1_000_000)
        guard (0...1).contains(duplicates) else { throw ValidationError(tell("--duplicates 须在 0–1 之间", "--duplicates must be 0…1")) }
    }

    /// For the measurement. Interrupting it stops the daemon too.
    func options() -> BenchOptions {
        exitOnSignals()
        var options = BenchOptions()
        options.posts = posts
        options.open = open
        options.duplicates = duplicates
        options.seed = seed
        options.configuration = configuration
        options.directory = data
        options.binaries = binDir
        options.progress = { Output.errorLine($0) }
        return options
    }
}

/// - Throws: what is wrong, with the name and the limits.
func within(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw ValidationError(
            tell("\(name) 须在 \(range.lowerBound)–\(range.upperBound) 之间", "\(name) must be \(range.lowerBound)…\(range.upperBound)"))
    }
}

/// Runs a measurement and prints what it found: one JSON object, or a table.
func measure<Report: Encodable>(
    _ output: OutputOptions, table: (Report, inout BenchTable) -> Void, _ run: () async throws -> Report
) async throws -> Report {
    let report: Report
    do { report = try await run() } catch { throw CLIFailure("\(error)") }
    if output.json {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Output.line(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
        var lines = BenchTable(output.words)
        table(report, &lines)
        Output.line(lines.text)
    }
    return report
}

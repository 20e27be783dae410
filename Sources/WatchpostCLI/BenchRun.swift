import ArgumentParser
import FoundationEssentials
import LocalHTTP
import Workbench

/// `watchpost bench`.
struct BenchRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "bench",
            abstract: tell("在本机测量吞吐量和延迟。", "Measures throughput and latency on this machine."),
            discussion: tell(
                """
                启动真实的 watchpostd，几个哨点经 CURVE 上报，一个巡组全收；每条都落盘后才给回执。请用发布版构建。

                示例：
                  watchpost bench
                  watchpost bench --tips 50000 --json
                """,
                """
                Starts a real watchpostd; posts submit over CURVE and one patrol receives everything; every receipt waits for
                the disk. Use a release build.

                Examples:
                  watchpost bench
                  watchpost bench --tips 50000 --json
                """))
    }

    @Option(help: hint("吞吐量一轮的线索数", "Tips of the throughput run.", "count"))
    var tips = 200_000

    @Option(help: hint("延迟一轮的线索数", "Tips of the latency run.", "count"))
    var latencyTips = 10_000

    @Option(help: hint("延迟一轮每秒几条", "Tips a second in the latency run.", "rate"))
    var rate = 1_000

    @Option(help: hint("哨点数", "Posts that submit.", "count"))
    var posts = 8

    @Option(help: hint("每个哨点在途的线索数", "Tips in flight for each post.", "count"))
    var window = 512

    @Option(help: hint("每个报文的线索数", "Tips in one message.", "count"))
    var batch = 1

    @Option(help: hint("重复上报同一事件的比例，0–1", "Share of tips that report what another post just did, 0…1.", "share"))
    var duplicates = 0.3

    @Option(help: hint("规则所在目录", "Folder of triage.yaml and district/zones.yaml.", "folder"))
    var configuration = "config"

    @Option(help: hint("事件日志写在哪里；默认临时目录", "Where the journal is written. (default: a temporary folder)", "folder"))
    var data: String?

    @Option(help: hint("watchpostd 所在目录；默认与本程序同目录", "Folder of watchpostd. (default: this program's own)", "folder"))
    var binDir: String?

    @Flag(help: hint("同时用 strace 数落盘次数（会变慢）", "Count syncs with strace too; slows it down."))
    var strace = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard tips > 0, latencyTips > 0, rate > 0, (1...256).contains(posts), (1...8_192).contains(window),
            (1...512).contains(batch), (0...1).contains(duplicates)
        else { throw ValidationError(tell("数值超出范围", "a number is out of its range")) }
    }

    func run() async throws {
        exitOnSignals()
        var options = BenchOptions()
        options.tips = tips
        options.latencyTips = latencyTips
        options.rate = rate
        options.posts = posts
        options.window = window
        options.batch = batch
        options.duplicates = duplicates
        options.configuration = configuration
        options.directory = data
        options.binaries = binDir
        options.strace = strace
        options.progress = { Output.errorLine($0) }
        let report: BenchReport
        do { report = try await runBench(options) } catch { throw CLIFailure("\(error)") }
        try output.print(report) { Self.render(report, output.words).text }
        if report.lost != 0 { throw CLIFailure(output.words("丢失 \(report.lost) 条", "\(report.lost) tips were lost")) }
    }

    static func render(_ report: BenchReport, _ words: Words) -> Table {
        func number(_ value: Double) -> String {
            let thousandths = Int64((value * 1_000).rounded())
            let fraction = String(thousandths % 1_000)
            return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
        }
        func latency(_ latency: BenchLatency) -> String {
            "p50 \(number(latency.p50))  p99 \(number(latency.p99))  p99.9 \(number(latency.p999))  max \(number(latency.max)) ms"
        }
        var table = Table([.init(words("项目", "WHAT")), .init(words("结果", "RESULT"), most: 80)])
        table.add(words("吞吐量", "throughput"), words("每秒 \(Int(report.tipsPerSecond)) 条", "\(Int(report.tipsPerSecond)) tips/s"))
        table.add(words("上报到回执", "submit to receipt"), latency(report.submitToReceiptMs))
        table.add(words("上报到巡组", "submit to patrol"), latency(report.submitToPatrolMs))
        table.add(words("每千条落盘次数", "syncs per 1,000 tips"), number(report.fsyncsPer1000Tips))
        table.add(words("守护进程每条处理器时间", "daemon's CPU per tip"), number(report.cpuMicrosecondsPerTip) + " µs")
        table.add(words("守护进程内存峰值", "daemon's peak memory"), number(report.peakMemoryMib) + " MiB")
        table.add(words("丢失", "lost"), "\(report.lost)")
        table.add(words("构建", "build"), report.build)
        return table
    }
}

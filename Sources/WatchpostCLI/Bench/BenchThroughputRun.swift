import ArgumentParser
import Workbench

/// `watchpost bench throughput`.
struct BenchThroughputRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "throughput",
            abstract: tell("每秒能受理多少条。", "How many tips a second are taken."),
            discussion: tell(
                """
                闭环：每个哨点保持固定的在途数，一个巡组全收；先预热，再跑几轮，取中位数并给出离散度。tips_per_second 按回执计，
                每条都已落盘、并案、定级。

                示例：
                  watchpost bench throughput --json
                  watchpost bench throughput --batch 64            断线恢复后成批补报
                  watchpost bench throughput --open 0              全是不同事件的洪峰
                  watchpost bench throughput --tips 60000 --strace
                """,
                """
                Closed loop: each post keeps a window in flight, one patrol receives everything. After a warm-up some rounds are run;
                the median counts, and the spread is told. tips_per_second counts receipts: each tip is on disk, correlated, scored.

                Examples:
                  watchpost bench throughput --json
                  watchpost bench throughput --batch 64            as agents send after an outage
                  watchpost bench throughput --open 0              a flood of different events
                  watchpost bench throughput --tips 60000 --strace
                """))
    }

    @Option(help: hint("每轮的线索数", "Tips of a round.", "count"))
    var tips = 200_000

    @Option(help: hint("轮数", "Rounds.", "count"))
    var rounds = 3

    @Option(help: hint("每个哨点在途的线索数", "Tips in flight for each post.", "count"))
    var window = 100

    @Option(help: hint("每个报文的线索数", "Tips in one message.", "count"))
    var batch = 1

    @Flag(help: hint("同时用 strace 数落盘次数（会变慢）", "Count syncs with strace too; slows it down."))
    var strace = false

    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try within("--tips", tips, 1...5_000_000)
        try within("--rounds", rounds, 1...100)
        try within("--window", window, 1...8_192)
        try within("--batch", batch, 1...512)
    }

    func run() async throws {
        var plan = ThroughputOptions()
        (plan.tips, plan.rounds, plan.window, plan.batch, plan.strace) = (tips, rounds, window, batch, strace)
        let options = bench.options()
        let report = try await measure(output, table: Self.fill) { try await benchThroughput(options, plan) }
        if report.lost != 0 { throw CLIFailure(output.words("丢失 \(report.lost) 条", "\(report.lost) tips were lost")) }
    }

    static func fill(_ report: ThroughputReport, _ table: inout BenchTable) {
        let words = table.words
        table.add(
            "吞吐量", "throughput",
            words("每秒 \(Int(report.tipsPerSecond)) 条", "\(Int(report.tipsPerSecond)) tips/s") + "  ("
                + report.rounds.map { "\(Int($0))" }.joined(separator: " ") + ")")
        table.add("落盘次数", "syncs", "\(report.fsyncs)" + (report.straceSyncs.map { "  strace \($0)" } ?? ""))
        table.add("每次提交的记录", "records in a commit", "\(BenchTable.number(report.batchMean))  max \(report.batchLargest)")
        table.add("每条处理器时间，守护进程", "CPU per tip, daemon", BenchTable.number(report.cpuMicrosecondsPerTip) + " µs")
        table.add("每条处理器时间，发送端", "CPU per tip, generator", BenchTable.number(report.generatorCpuMicrosecondsPerTip) + " µs")
        table.add("内存峰值", "peak memory", BenchTable.number(report.peakMemoryMib) + " MiB")
        table.add("上报到回执", "submit to receipt", report.submitToReceiptMs)
        table.add("上报到巡组", "submit to patrol", report.submitToPatrolMs)
        table.add("不同的文字", "different texts", "\(report.distinctTexts)")
        table.add("并入已有警情", "joined an incident", BenchTable.number(report.attachedShare * 100) + " %")
        table.add("结束时未结警情", "open at the end", "\(report.incidentsOpenAtEnd)")
        table.add("丢失", "lost", "\(report.lost)")
        table.build(report.build)
    }
}

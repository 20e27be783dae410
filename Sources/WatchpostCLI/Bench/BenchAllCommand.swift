import ArgumentParser
import Workbench

/// What `watchpost bench` prints: the short form of what needs no long preparation.
struct BenchSummary: Encodable {
    var throughput: ThroughputReport
    var batched: ThroughputReport
    var latency: LatencyReport
    var direct: LatencyReport
    var overtake: OvertakeReport
}

/// `watchpost bench` without a verb.
struct BenchAllCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "all",
            abstract: tell("简短地全部测一遍（默认）：吞吐量、延迟、紧急线索。", "A short form of them (the default): throughput, latency, emergencies."),
            discussion: tell(
                """
                约一分钟。增长、恢复、内存和代理各有自己的命令。

                示例：
                  watchpost bench
                  watchpost bench all --seconds 20 --json
                """,
                """
                About a minute. Growth, recovery, memory and the agent have verbs of their own.

                Examples:
                  watchpost bench
                  watchpost bench all --seconds 20 --json
                """))
    }

    @Option(help: hint("每项吞吐量的线索数", "Tips of each throughput.", "count"))
    var tips = 100_000

    @Option(help: hint("延迟的时长，秒", "Seconds of the latency.", "seconds"))
    var seconds = 10

    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try within("--tips", tips, 1...5_000_000)
        try within("--seconds", seconds, 1...3_600)
    }

    func run() async throws {
        let options = bench.options()
        var single = ThroughputOptions()
        (single.tips, single.rounds) = (tips, 2)
        var batched = single
        batched.batch = 64
        var rate = LatencyOptions()
        rate.seconds = seconds
        var direct = LatencyOptions()
        (direct.mode, direct.tips) = (.direct, 500)
        var overtake = OvertakeOptions()
        (overtake.backlog, overtake.rounds) = (tips, 1)
        let plans = (single, batched, rate, direct, overtake)
        _ = try await measure(output, table: Self.fill) {
            BenchSummary(
                throughput: try await benchThroughput(options, plans.0), batched: try await benchThroughput(options, plans.1),
                latency: try await benchLatency(options, plans.2), direct: try await benchLatency(options, plans.3),
                overtake: try await benchOvertake(options, plans.4))
        }
    }

    static func fill(_ report: BenchSummary, _ table: inout BenchTable) {
        let words = table.words
        for (zh, en, one) in [("每个报文一条", "one tip a message", report.throughput), ("每个报文 64 条", "64 tips a message", report.batched)] {
            table.add(
                zh, en,
                words("每秒 \(Int(one.tipsPerSecond)) 条", "\(Int(one.tipsPerSecond)) tips/s") + "  \(BenchTable.number(one.cpuMicrosecondsPerTip)) µs")
        }
        table.add("上报到回执", "submit to receipt", report.latency.submitToReceiptMs)
        if let patrol = report.latency.submitToPatrolMs { table.add("上报到巡组", "submit to patrol", patrol) }
        table.add("一次一条，以 fdatasync 计", "one at a time, in fdatasyncs", BenchTable.number(report.direct.receiptFsyncs ?? 0))
        table.add("积压中的紧急线索", "emergency in a backlog", report.overtake.emergencyToPatrolMs)
        table.build(report.throughput.build)
    }
}

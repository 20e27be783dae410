import ArgumentParser
import Workbench

/// `watchpost bench latency`.
struct BenchLatencyCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "latency",
            abstract: tell("上报到回执、到巡组要多久。", "How long from submitting to the receipt, and to the patrol."),
            discussion: tell(
                """
                默认为开环：按固定速率发送，从应发时刻算起，发送端的停顿掩盖不了守护进程的停顿。时长应跨过检查点和快照。
                --direct 一个客户端一次一条，--agent 经真实代理和它的线索箱一次一条；两者以同一次运行中测得的 fdatasync
                （同目录，4 KiB）为单位给出。

                示例：
                  watchpost bench latency --json
                  watchpost bench latency --rate 2000 --seconds 60
                  watchpost bench latency --direct
                  watchpost bench latency --agent --plot agent.svg
                """,
                """
                Open loop by default: a fixed rate, counted from when a tip was due, so that a stall of the sender does not hide one of
                the daemon. Long enough for checkpoints and snapshots to fall into it. --direct sends one tip at a time from one
                client, --agent the same through the real agent and its spool; both are told in units of the fdatasync of
                4 KiB that is measured in the same folder in the same run.

                Examples:
                  watchpost bench latency --json
                  watchpost bench latency --rate 2000 --seconds 60
                  watchpost bench latency --direct
                  watchpost bench latency --agent --plot agent.svg
                """))
    }

    @Option(help: hint("每秒几条", "Tips a second.", "rate"))
    var rate = 1_000

    @Option(help: hint("时长，秒", "How long, in seconds.", "seconds"))
    var seconds = 20

    @Flag(help: hint("一个客户端，一次一条", "One client, one tip at a time."))
    var direct = false

    @Flag(help: hint("经代理，一次一条", "Through the agent, one tip at a time."))
    var agent = false

    @Option(help: hint("一次一条时的线索数", "Tips, one at a time.", "count"))
    var tips = 2_000

    @Option(help: hint("把分布曲线画成 SVG", "Draw the distribution as SVG.", "file.svg"))
    var plot: String?

    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try within("--rate", rate, 1...200_000)
        try within("--seconds", seconds, 1...3_600)
        try within("--tips", tips, 1...1_000_000)
        guard !(direct && agent) else { throw ValidationError(tell("--direct 和 --agent 只能选一个", "--direct or --agent, not both")) }
    }

    func run() async throws {
        var plan = LatencyOptions()
        (plan.rate, plan.seconds, plan.tips) = (rate, seconds, tips)
        plan.mode = direct ? .direct : agent ? .agent : .rate
        let options = bench.options()
        let report = try await measure(output, table: Self.fill) { try await benchLatency(options, plan) }
        if let plot {
            do { try report.plot().write(to: plot) } catch { throw CLIFailure("\(error)") }
        }
        if report.lost != 0 { throw CLIFailure(output.words("丢失 \(report.lost) 条", "\(report.lost) tips were lost")) }
    }

    static func fill(_ report: LatencyReport, _ table: inout BenchTable) {
        table.add("上报到回执", "submit to receipt", report.submitToReceiptMs)
        if let patrol = report.submitToPatrolMs { table.add("上报到巡组", "submit to patrol", patrol) }
        table.add(
            "fdatasync", "fdatasync",
            "p50 \(BenchTable.number(report.fsyncMs))  p99 \(BenchTable.number(report.fsyncP99Ms)) ms  "
                + table.words("原地覆写 ", "replacing ") + "\(BenchTable.number(report.fsyncReplacingMs)) ms")
        if let ratio = report.receiptFsyncs { table.add("回执，以 fdatasync 计", "receipt in fdatasyncs", BenchTable.number(ratio)) }
        if let ratio = report.agentFsyncs { table.add("经代理，以 fdatasync 计", "through the agent, in fdatasyncs", BenchTable.number(ratio)) }
        if let rate = report.rateReached { table.add("每秒条数", "tips a second", BenchTable.number(rate)) }
        table.add("落盘次数", "syncs", "\(report.fsyncs)")
        table.add("结束时未结警情", "open at the end", "\(report.incidentsOpenAtEnd)")
        table.add("丢失", "lost", "\(report.lost)")
        table.build(report.build)
    }
}

/// `watchpost bench overtake`.
struct BenchOvertakeCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "overtake",
            abstract: tell("一个哨点补报积压时，别处的紧急线索多快到巡组。", "How fast an emergency is while another post drains a backlog."),
            discussion: tell(
                """
                一个哨点成批补报积压，另一个哨点每隔一会儿按一次一键报警。从应发时刻算到巡组收到。

                示例：
                  watchpost bench overtake --json
                  watchpost bench overtake --backlog 100000 --every-ms 100
                """,
                """
                One post drains a backlog in batches, another presses the panic button now and then. From when the emergency was due
                until the patrol has it.

                Examples:
                  watchpost bench overtake --json
                  watchpost bench overtake --backlog 100000 --every-ms 100
                """))
    }

    @Option(help: hint("积压的线索数", "Tips of the backlog.", "count"))
    var backlog = 100_000

    @Option(help: hint("积压每个报文的线索数", "Tips in one message of the backlog.", "count"))
    var batch = 256

    @Option(help: hint("积压在途的线索数", "Tips of the backlog in flight.", "count"))
    var window = 512

    @Option(help: hint("两次报警相隔的毫秒数", "Milliseconds between two emergencies.", "ms"))
    var everyMs = 100

    @Option(help: hint("轮数", "Rounds.", "count"))
    var rounds = 3

    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try within("--backlog", backlog, 1...2_000_000)
        try within("--batch", batch, 1...512)
        try within("--window", window, 1...8_192)
        try within("--every-ms", everyMs, 5...10_000)
        try within("--rounds", rounds, 1...100)
    }

    func run() async throws {
        var plan = OvertakeOptions()
        (plan.backlog, plan.batch, plan.window, plan.every, plan.rounds) = (backlog, batch, window, everyMs, rounds)
        let options = bench.options()
        _ = try await measure(output, table: Self.fill) { try await benchOvertake(options, plan) }
    }

    static func fill(_ report: OvertakeReport, _ table: inout BenchTable) {
        table.add("紧急线索到巡组", "emergency to patrol", report.emergencyToPatrolMs)
        table.add("紧急线索到回执", "emergency to receipt", report.emergencyToReceiptMs)
        table.add("紧急线索数", "emergencies", "\(report.emergencies)")
        table.add("积压补报，每秒", "backlog, tips/s", "\(Int(report.backlogTipsPerSecond))")
        table.build(report.build)
    }
}

import ArgumentParser
import Workbench

/// Where a chart goes.
struct PlotOption: ParsableArguments {
    @Option(help: hint("把增长曲线画成 SVG", "Draw the growth as SVG.", "file.svg"))
    var plot: String?

    func write(_ chart: BenchPlot) throws {
        guard let plot else { return }
        do { try chart.write(to: plot) } catch { throw CLIFailure("\(error)") }
    }
}

/// `watchpost bench fanin`.
struct BenchFanInCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "fanin",
            abstract: tell("连接的代理越来越多时一条线索的开销。", "What a tip costs with ever more agents connected."),
            discussion: tell(
                """
                每个代理一对密钥、一条连接；在途总数不变。需要的文件描述符约为代理数的两倍（ulimit -Hn）。

                示例：watchpost bench fanin --agents 10 100 1000 5000 --plot fanin.svg
                """,
                """
                Each agent has keys and a connection of its own; the tips in flight stay the same in all. Needs about twice as many
                file descriptors as agents (ulimit -Hn).

                Example: watchpost bench fanin --agents 10 100 1000 5000 --plot fanin.svg
                """))
    }

    @Option(parsing: .upToNextOption, help: hint("代理数，一个或多个", "Numbers of agents.", "count"))
    var agents = [10, 100, 1_000, 5_000]

    @Option(help: hint("每种的线索数", "Tips at each number.", "count"))
    var tips = 100_000

    @Option(help: hint("全部代理在途的线索数", "Tips in flight of all agents together.", "count"))
    var inFlight = 4_096

    @OptionGroup var plot: PlotOption
    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !agents.isEmpty else { throw ValidationError(tell("--agents 至少一个", "--agents needs at least one")) }
        for count in agents { try within("--agents", count, 1...10_000) }
        try within("--tips", tips, 1...5_000_000)
        try within("--in-flight", inFlight, 1...65_536)
    }

    func run() async throws {
        var plan = GrowthOptions(sizes: agents, tips: tips)
        plan.inFlight = inFlight
        let (options, settled) = (bench.options(), plan)
        let report = try await measure(output, table: fillGrowth) { try await benchFanIn(options, settled) }
        try plot.write(report.plot(axis: "agents connected", cost: "Cost of a tip"))
    }
}

/// `watchpost bench fanout`.
struct BenchFanOutCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "fanout",
            abstract: tell("巡组越来越多、每个全收时的开销。", "What ever more patrols cost that each receive everything."),
            discussion: tell(
                """
                事件只编码一次，但每条连接各自加密；所以看每多一个巡组的开销。巡组多时线索少一些，每种用时相近。

                示例：watchpost bench fanout --patrols 1 10 100 1000 --plot fanout.svg
                """,
                """
                An event is encoded once, but encrypted for each connection: so look at what a further patrol costs. With more patrols there
                are fewer tips, so that each number takes about as long.

                Example: watchpost bench fanout --patrols 1 10 100 1000 --plot fanout.svg
                """))
    }

    @Option(parsing: .upToNextOption, help: hint("巡组数，一个或多个", "Numbers of patrols.", "count"))
    var patrols = [1, 10, 100, 1_000]

    @Option(help: hint("线索数（巡组最少时）", "Tips, with the fewest patrols.", "count"))
    var tips = 100_000

    @OptionGroup var plot: PlotOption
    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !patrols.isEmpty else { throw ValidationError(tell("--patrols 至少一个", "--patrols needs at least one")) }
        for count in patrols { try within("--patrols", count, 1...4_000) }
        try within("--tips", tips, 1...5_000_000)
    }

    func run() async throws {
        let (options, plan) = (bench.options(), GrowthOptions(sizes: patrols, tips: tips))
        let report = try await measure(output, table: fillGrowth) { try await benchFanOut(options, plan) }
        try plot.write(report.plot(axis: "patrols that receive everything", cost: "Cost of a tip"))
    }
}

private func fillGrowth(_ report: GrowthReport, _ table: inout BenchTable) {
    let words = table.words
    for point in report.points {
        var text = words("每秒 \(Int(point.tipsPerSecond)) 条", "\(Int(point.tipsPerSecond)) tips/s")
        text += "  \(BenchTable.number(point.cpuMicrosecondsPerTip)) µs"
        if let cost = point.cpuMicrosecondsPerFurtherPatrol {
            text += words("  每多一个巡组 ", "  a further patrol ") + "\(BenchTable.number(cost)) µs"
        }
        text += "  p99 \(BenchTable.number(point.submitToPatrolMs.p99)) ms  \(BenchTable.number(point.residentMemoryMib)) MiB"
        table.add("\(point.size)", "\(point.size)", text)
    }
    table.add("最大比最小", "largest to smallest", BenchTable.number(report.ratio))
    table.build(report.build)
}

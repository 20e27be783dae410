import ArgumentParser
import Workbench

/// `watchpost bench recovery`.
struct BenchRecoveryCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "recovery",
            abstract: tell("日志越来越长时的启动时间、内存和开销。", "Start-up time, memory and cost with ever longer journals."),
            discussion: tell(
                """
                日志由事件日志库直接写成（不经网络）：每十条线索一件警情，办结一件再来一件。然后启动守护进程（快照加尾部），
                就绪时看内存，再在其上测吞吐量。一千万条约需几分钟和十几 GB 磁盘，用 --data 指定盘。

                示例：
                  watchpost bench recovery --json
                  watchpost bench recovery --tips-in-journal 10000 100000 1000000 10000000 --data /srv/bench --plot recovery.svg
                """,
                """
                The journal is written through its own library, not over the wire: an incident for every ten tips, cleared before the
                next. Then the daemon is started (snapshot and tail), its memory read when it is ready, and throughput measured on
                top. Ten million tips take minutes, and some ten gigabytes: say with --data where.

                Examples:
                  watchpost bench recovery --json
                  watchpost bench recovery --tips-in-journal 10000 100000 1000000 10000000 --data /srv/bench --plot recovery.svg
                """))
    }

    @Option(parsing: .upToNextOption, help: hint("日志中的线索数，一个或多个", "Tips in the journal.", "count"))
    var tipsInJournal = [10_000, 100_000, 1_000_000]

    @Option(help: hint("快照之后的线索数", "Tips after the newest snapshot.", "count"))
    var tail = 50_000

    @Option(help: hint("其上吞吐量的线索数；0 不测", "Tips of the throughput on top; 0 for none.", "count"))
    var tips = 50_000

    @OptionGroup var plot: PlotOption
    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !tipsInJournal.isEmpty else { throw ValidationError(tell("--tips-in-journal 至少一个", "--tips-in-journal needs at least one")) }
        for count in tipsInJournal { try within("--tips-in-journal", count, 100...20_000_000) }
        try within("--tail", tail, 0...10_000_000)
        try within("--tips", tips, 0...5_000_000)
    }

    func run() async throws {
        var plan = RecoveryOptions()
        (plan.sizes, plan.tail, plan.tips) = (tipsInJournal, tail, tips)
        let (options, settled) = (bench.options(), plan)
        let report = try await measure(output, table: Self.fill) { try await benchRecovery(options, settled) }
        try plot.write(report.plot())
    }

    static func fill(_ report: RecoveryReport, _ table: inout BenchTable) {
        let words = table.words
        for point in report.points {
            var text = words("就绪 ", "ready after ") + "\(BenchTable.number(point.startSeconds)) s  \(BenchTable.number(point.residentMemoryMib)) MiB"
            if let rate = point.tipsPerSecond, let cost = point.cpuMicrosecondsPerTip {
                text += "  \(Int(rate)) " + words("条/秒", "tips/s") + "  \(BenchTable.number(cost)) µs"
            }
            table.add("\(point.size)", "\(point.size)", text)
        }
        table.add("启动，最大比最小", "start, largest to smallest", BenchTable.number(report.ratioStart))
        if let ratio = report.ratioCpuPerTip { table.add("每条开销，最大比最小", "cost of a tip, largest to smallest", BenchTable.number(ratio)) }
        table.build(report.build)
    }
}

/// `watchpost bench memory`.
struct BenchMemoryCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "memory",
            abstract: tell("一件未结警情、一个记住的线索编号占多少字节。", "Bytes of an open incident and of a remembered tip id."),
            discussion: tell(
                """
                用 N 和 2N 各启动一次，看常驻内存之差。线索编号的索引在日志里，不应占内存。

                示例：watchpost bench memory --incidents 20000 --tips 500000 --json
                """,
                """
                The daemon is started with N and with 2 N of each, and the difference of its resident memory is told. The index of tip
                ids is the journal's, so ids should cost none.

                Example: watchpost bench memory --incidents 20000 --tips 500000 --json
                """))
    }

    @Option(help: hint("未结警情数 N", "Open incidents, N.", "count"))
    var incidents = 20_000

    @Option(help: hint("线索数 N", "Tips, N.", "count"))
    var tips = 500_000

    @OptionGroup var bench: BenchArguments
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try within("--incidents", incidents, 100...1_000_000)
        try within("--tips", tips, 100...10_000_000)
    }

    func run() async throws {
        let (options, incidents, tips) = (bench.options(), incidents, tips)
        _ = try await measure(output, table: Self.fill) { try await benchMemory(options, incidents: incidents, tips: tips) }
    }

    static func fill(_ report: MemoryReport, _ table: inout BenchTable) {
        let words = table.words
        for point in report.points {
            table.add(
                words("未结 \(point.openIncidents)，线索 \(point.tips)", "\(point.openIncidents) open, \(point.tips) tips"),
                words("未结 \(point.openIncidents)，线索 \(point.tips)", "\(point.openIncidents) open, \(point.tips) tips"),
                "\(BenchTable.number(point.residentMemoryMib)) MiB")
        }
        table.add("一件未结警情", "an open incident", "\(BenchTable.number(report.bytesPerOpenIncident)) B")
        table.add("一个线索编号", "a remembered tip id", "\(BenchTable.number(report.bytesPerTipId)) B")
        table.add("磁盘，一条线索", "on disk, a tip", "\(BenchTable.number(report.diskBytesPerTip)) B")
        table.build(report.build)
    }
}

/// `watchpost bench triage`.
struct BenchTriageCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "triage",
            abstract: tell("只测并案和定级，不经网络和磁盘。", "Correlation and urgency alone, without wire and disk."),
            discussion: tell(
                "同 `watchpost evaluate cost`。示例：watchpost bench triage --json", "As `watchpost evaluate cost`. Example: watchpost bench triage --json"))
    }

    @OptionGroup var cost: CostArguments

    func run() async throws { try cost.run() }
}

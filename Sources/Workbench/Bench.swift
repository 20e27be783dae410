internal import Access
internal import Administration
internal import FoundationEssentials
internal import Glibc
internal import Settings
internal import TipModel
internal import ZeroMQ

/// Runs the benchmark: a real `watchpostd` as a process of its own, posts that submit over CURVE on loopback, and one
/// patrol that receives everything.
///
/// Throughput is a closed loop with a bounded window for each post; latency an open loop at a fixed rate, counted
/// from the intended send time. What the load generator costs is part of the result: it shares the machine.
/// - Throws: ``WorkbenchError`` when the daemon does not start, a tip is refused or lost, or the feed has a gap.
public func runBench(_ options: BenchOptions) async throws -> BenchReport {
    let folder = try options.directory == nil ? TemporaryFolder() : nil
    // The shipped rules, not a smaller set: what they cost is part of the figure.
    let triage = try readText(options.configuration + "/triage.yaml")
    let zonesText = try readText(options.configuration + "/district/zones.yaml")
    var plan = try DaemonProcess.Plan(
        binaries: Binaries(folder: options.binaries), directory: options.directory ?? folder?.path ?? ".",
        zones: zonesText, triage: triage)
    plan.files["urgency-words.tsv"] = try readText(options.configuration + "/urgency-words.tsv")
    let daemon = try DaemonProcess(plan)
    try await daemon.start()
    let zones = try ZonesFile.load(path: options.configuration + "/district/zones.yaml").map(\.id)
    var posts: [ClientKeys] = []
    for number in 1...max(1, options.posts) {
        let post = Post(
            id: PostID(unchecked: "bench-\(number)"), name: "", zone: zones[number % zones.count], position: nil,
            kind: "bench", members: 0)
        posts.append(try ClientKeys(await daemon.enrol(.post(post))))
    }
    let unit = PatrolUnit(id: UnitID(unchecked: "bench-patrol"), name: "", zones: zones)
    let unitKeys = try ClientKeys(await daemon.enrol(.unit(unit)))

    let context = try Context()
    let patrol = BenchPatrol()
    try await offPool("bench") { try patrol.start(context, endpoint: daemon.feedEndpoint, keys: unitKeys) }

    let run = BenchRun(options: options, daemon: daemon, context: context, posts: posts, patrol: patrol)
    options.progress("warming up")
    _ = try await run.throughput(first: 1, tips: min(20_000, options.tips))
    // Before the flood, which leaves more incidents open than a district ever has; docs/performance.md tells what that costs.
    options.progress("latency: \(options.latencyTips) tips at \(options.rate)/s")
    let latency = try await run.latency(first: 20_000_000)
    options.progress("throughput: \(options.tips) tips, \(options.posts) posts, \(options.window) in flight each")
    let before = try await daemon.admin.status()
    let strace = options.strace ? try StraceCount(processID: daemon.processID) : nil
    let cpuBefore = try cpuMicroseconds(of: daemon.processID)
    let (throughput, took) = try await run.throughput(first: 10_000_000, tips: options.tips)
    let cpu = try cpuMicroseconds(of: daemon.processID) - cpuBefore
    let straceSyncs = try await strace?.stop()
    let after = try await daemon.admin.status()
    try await offPool("bench") { try patrol.stop() }
    let last = try await daemon.admin.status()
    await daemon.stop()

    let commits = after.core.commits - before.core.commits
    let syncs = after.core.syncs - before.core.syncs
    return BenchReport(
        tipsPerSecond: (Double(throughput.receiptCount) / (Double(took) / 1e9)).rounded(),
        submitToReceiptMs: latency.receiptLatency, submitToPatrolMs: latency.eventLatency, latencyRate: options.rate,
        fsyncsPer1000Tips: (Double(syncs) * 1_000_000 / Double(max(1, options.tips))).rounded() / 1_000,
        commits: commits, fsyncs: syncs, straceSyncs: straceSyncs,
        cpuMicrosecondsPerTip: (cpu * 10 / Double(max(1, options.tips))).rounded() / 10,
        peakMemoryMib: (Double(last.memoryPeakKib) / 102.4).rounded() / 10, receipts: throughput.receiptCount,
        patrolEvents: throughput.eventCount, repeats: throughput.repeats + latency.repeats,
        lost: options.tips - throughput.receiptCount + options.latencyTips - latency.receiptCount,
        incidents: last.totals.incidents, largestCommit: last.core.largestBatch, tips: options.tips,
        posts: options.posts, inFlight: options.window * options.posts, batch: options.batch, curve: true,
        fsync: "each commit, before its receipts", build: buildKind)
}

/// Processor time that a process has used, in user and kernel mode, by /proc (10 ms steps).
private func cpuMicroseconds(of process: Int32) throws -> Double {
    let text = try readText("/proc/\(process)/stat")
    // After the name in parentheses, which may hold spaces: utime and stime are the 12th and 13th.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let kernel = Double(fields[13]) else {
        throw WorkbenchError("/proc/\(process)/stat cannot be read")
    }
    return (user + kernel) * 1_000_000 / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
}

private func readText(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw WorkbenchError("\(path) cannot be read; run in the project's folder or name one with --configuration")
    }
    return text
}

#if DEBUG
private let buildKind = "debug"
#else
private let buildKind = "release"
#endif

/// The two kinds of run, over the same connections' keys.
private struct BenchRun: Sendable {
    let options: BenchOptions
    let daemon: DaemonProcess
    let context: Context
    let posts: [ClientKeys]
    let patrol: BenchPatrol

    /// Tips a second by the ids of a throughput run, which is as fast as it can be.
    private static let plannedRate = 50_000

    /// - Returns: the clock, and nanoseconds from the first send to the last receipt.
    func throughput(first: UInt64, tips count: Int) async throws -> (BenchClock, UInt64) {
        let clock = BenchClock(first: first, count: count)
        patrol.measure(clock)
        let took = try await offPool("bench") {
            var maker = BenchTips(duplicateShare: options.duplicates)
            let tips = maker.tips(count, first: first, until: SystemTime().now(), perSecond: Self.plannedRate)
            var sender = try BenchSender(context, endpoint: daemon.tipsEndpoint, keys: posts)
            let took = try sender.run(
                tips, clock: clock, window: options.window, batch: options.batch,
                deadline: nanoseconds() + 120_000_000_000)
            waitForPatrol(clock, count)
            return took
        }
        return (clock, took)
    }

    func latency(first: UInt64) async throws -> BenchClock {
        let count = options.latencyTips
        let clock = BenchClock(first: first, count: count)
        patrol.measure(clock)
        let interval = UInt64(1_000_000_000 / max(1, options.rate))
        try await offPool("bench") {
            var maker = BenchTips(duplicateShare: options.duplicates)
            let tips = maker.tips(count, first: first, until: SystemTime().now(), perSecond: options.rate)
            var sender = try BenchSender(context, endpoint: daemon.tipsEndpoint, keys: posts)
            try sender.run(
                tips, clock: clock, interval: interval,
                deadline: nanoseconds() + UInt64(count) * interval + 30_000_000_000)
            waitForPatrol(clock, count)
        }
        return clock
    }

    /// Gives the patrol up to ten seconds for what is still on its way.
    private func waitForPatrol(_ clock: BenchClock, _ count: Int) {
        let deadline = nanoseconds() + 10_000_000_000
        while clock.eventCount < count, nanoseconds() < deadline { usleep(10_000) }
    }
}

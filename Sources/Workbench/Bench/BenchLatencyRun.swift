internal import Administration
internal import FoundationEssentials
internal import Glibc
internal import Histogram
internal import TipModel

/// What `watchpost bench latency` is told beside ``BenchOptions``.
public struct LatencyOptions: Sendable {
    /// How tips are sent.
    public enum Mode: String, Codable, Sendable {
        /// All posts, at a fixed rate, whatever comes back.
        case rate
        /// One client, one tip at a time.
        case direct
        /// The same through the real agent: a request to its door, its spool, and back.
        case agent
    }

    public var mode = Mode.rate
    /// Tips a second.
    public var rate = 1_000
    public var seconds = 20
    /// Tips of the modes that send one at a time.
    public var tips = 2_000

    public init() {}
}

/// What `watchpost bench latency` prints.
public struct LatencyReport: Codable, Sendable {
    public var mode: LatencyOptions.Mode
    /// From the intended send time (rate), or from the send (one at a time); through the agent, from the request to its answer.
    public var submitToReceiptMs: BenchLatency
    /// Nil through the agent.
    public var submitToPatrolMs: BenchLatency?
    /// The whole distributions of the two.
    public var receiptCurve: [BenchCurvePoint]
    public var patrolCurve: [BenchCurvePoint]?
    /// fdatasync of 4 KiB at the end of a file in the journal's folder, in this run: in between the tips (rate: before and after), the median and the 99th percentile.
    public var fsyncMs: Double
    public var fsyncP99Ms: Double
    /// The median where the 4 KiB replace others and the file does not grow.
    public var fsyncReplacingMs: Double
    /// The median to the receipt in fsyncs; told for one tip at a time from a direct client.
    public var receiptFsyncs: Double?
    /// The same through the agent.
    public var agentFsyncs: Double?
    /// Asked for, and reached (rate only).
    public var rate: Int?
    public var rateReached: Double?
    public var tips: Int
    public var lost: Int
    public var commits: UInt64
    public var fsyncs: UInt64
    public var curve = true
    public var posts: Int
    public var duplicateShare: Double
    public var incidentsOpenAtEnd: Int
    public var distinctTexts: Int
    public var cpuMicrosecondsPerTip: Double
    public var peakMemoryMib: Double
    public var build = benchBuild
}

/// Latency of tips: at a fixed rate, or one at a time.
/// - Throws: ``WorkbenchError`` when the daemon or agent does not start, or a tip is refused or lost.
public func benchLatency(_ options: BenchOptions, _ plan: LatencyOptions) async throws -> LatencyReport {
    let posts = try benchPosts(plan.mode == .rate ? options.posts : 1, configuration: options.configuration)
    let station = try BenchStation(options)
    options.progress("starting watchpostd")
    let daemon = station.daemon
    try await daemon.start()
    let probe = BenchHandOver(try SyncProbe(folder: station.dataDirectory))
    if plan.mode == .rate { try await offPool("bench") { try probe.held.sample(200) } }
    var tips = BenchTips(seed: options.seed, posts: posts, open: options.open, duplicates: options.duplicates)
    let run = LatencyRun(station: station, plan: plan, probe: probe)
    let outcome: LatencyRun.Outcome
    switch plan.mode {
    case .agent: outcome = try await run.throughAgent(&tips, post: posts[0])
    case .rate, .direct:
        let clients = try BenchClients()
        try await station.connect(clients, posts: station.enrol(posts), patrols: station.enrolUnits(1))
        options.progress("warming up")
        let warm = tips.make(max(500, options.open * 2), now: SystemTime().now(), perSecond: 10_000)
        _ = try await closedRound(clients, warm, BenchPace(window: 16))
        outcome = try await run.measure(clients, &tips)
    }
    if plan.mode == .rate { try await offPool("bench") { try probe.held.sample(200) } }
    await daemon.stop()
    return outcome.report(plan, probe.held, posts: posts.count)
}

private struct LatencyRun {
    let station: BenchStation
    let plan: LatencyOptions
    let probe: BenchHandOver<SyncProbe>
    /// Tips, one at a time, between which the disk is asked.
    private static let stretch = 20

    struct Outcome {
        var receipts: Histogram<UInt64>
        var events: Histogram<UInt64>?
        var load: BenchLoad
        var lost: Int
        var seconds: Double
        var commits: UInt64
        var fsyncs: UInt64
        var open: Int
        var cpu: Double
        var peakKib: Int
    }

    /// Runs `body` and adds what the daemon did meanwhile.
    private func around(_ load: BenchLoad, _ body: () async throws -> (Histogram<UInt64>, Histogram<UInt64>?, lost: Int)) async throws -> Outcome {
        let daemon = station.daemon
        let before = try await daemon.admin.status()
        let cpu = try BenchUsage(daemon.processID).cpuMicroseconds
        let begun = nanoseconds()
        let (receipts, events, lost) = try await body()
        let seconds = Double(nanoseconds() - begun) / 1e9
        let usage = try BenchUsage(daemon.processID)
        let after = try await daemon.admin.status()
        return Outcome(
            receipts: receipts, events: events, load: load, lost: lost, seconds: seconds,
            commits: after.core.commits - before.core.commits, fsyncs: after.core.syncs - before.core.syncs,
            open: after.openIncidents.values.reduce(0, +), cpu: usage.cpuMicroseconds - cpu, peakKib: usage.peakKib)
    }

    func measure(_ clients: BenchClients, _ tips: inout BenchTips) async throws -> Outcome {
        let isOpenLoop = plan.mode == .rate
        let count = isOpenLoop ? plan.rate * plan.seconds : plan.tips
        station.options.progress(isOpenLoop ? "\(count) tips at \(plan.rate)/s" : "\(count) tips, one at a time")
        let load = tips.make(count, now: SystemTime().now(), perSecond: isOpenLoop ? plan.rate : 1_000)
        let hand = BenchHandOver(BenchLedger(first: load.first, count: load.count))
        let interval = UInt64(1_000_000_000 / max(1, plan.rate))
        let probe = probe
        return try await around(load) {
            try await offPool("bench") {
                defer { clients.detach() }
                if isOpenLoop {
                    let deadline = nanoseconds() + UInt64(count) * interval + 60_000_000_000
                    try clients.openLoop(load, hand.held, interval: interval, deadline: deadline)
                } else {
                    let deadline = nanoseconds() + UInt64(count) * 100_000_000 + 60_000_000_000
                    try clients.oneAtATime(load, hand.held, deadline: deadline, every: Self.stretch) { try probe.held.sample(Self.stretch) }
                }
            }
            return (hand.held.receipts, hand.held.events, load.count - hand.held.receiptCount)
        }
    }

    /// The body of a request to the agent's door.
    private struct Submission: Encodable, Sendable {
        var category: String
        var text: String
        var place: String
        var reporter: String
    }

    func throughAgent(_ tips: inout BenchTips, post: Post) async throws -> Outcome {
        let daemon = station.daemon
        let agent = try AgentProcess(
            binaries: daemon.plan.binaries, directory: daemon.plan.directory + "/agent", bundle: try await daemon.enrol(.post(post)))
        station.options.progress("starting the agent")
        try await agent.start()
        let warm = 50
        var told: [Submission] = []
        var texts: Set<String> = []
        for _ in 0..<plan.tips + warm {
            let tip = tips.next(now: SystemTime().now()).tip
            texts.insert(tip.text)
            told.append(Submission(category: tip.category, text: tip.text, place: tip.place, reporter: tip.reporter))
        }
        let requests = try told.map { try BenchDoor.request($0) }
        let door = BenchHandOver(try BenchDoor(socket: agent.socket))
        try await offPool("bench") { for one in requests.prefix(warm) { _ = try door.held.exchange(one) } }
        station.options.progress("\(plan.tips) tips through the agent, one at a time")
        var load = BenchLoad(queues: [], first: 0, count: plan.tips)
        load.distinctTexts = texts.count
        let probe = probe
        let outcome = try await around(load) {
            let (times, lost) = try await offPool("bench") {
                var times = BenchLedger.histogram()
                var lost = 0
                for (place, one) in requests.dropFirst(warm).enumerated() {
                    if place % Self.stretch == 0 { try probe.held.sample(Self.stretch) }
                    let begun = nanoseconds()
                    let answer = try door.held.exchange(one)
                    let took = nanoseconds() - begun
                    if try hasReceipt(answer) { times.record(took) } else { lost += 1 }
                }
                return (times, lost)
            }
            return (times, nil, lost)
        }
        await agent.stop()
        return outcome
    }

    /// - Returns: whether it has its receipt.
    private func hasReceipt(_ answer: [UInt8]) throws -> Bool {
        let reply = try JSONDecoder().decode(SubmittedTip.self, from: Data(answer))
        guard reply.state != "rejected" else { throw WorkbenchError("the agent refused a tip") }
        return reply.receipt != nil
    }
}

extension LatencyRun.Outcome {
    fileprivate func report(_ plan: LatencyOptions, _ probe: SyncProbe, posts: Int) -> LatencyReport {
        let fsync = probe.percentile(50)
        let latency = BenchLatency(receipts)
        let ratio = (latency.p50 / max(fsync, 0.001)).rounded(places: 2)
        let tips = Double(max(1, load.count))
        return LatencyReport(
            mode: plan.mode, submitToReceiptMs: latency, submitToPatrolMs: events.map { BenchLatency($0) },
            receiptCurve: receipts.curve, patrolCurve: events.map(\.curve),
            fsyncMs: fsync.rounded(places: 3), fsyncP99Ms: probe.percentile(99).rounded(places: 3),
            fsyncReplacingMs: probe.percentile(50, replacing: true).rounded(places: 3), receiptFsyncs: plan.mode == .direct ? ratio : nil,
            agentFsyncs: plan.mode == .agent ? ratio : nil, rate: plan.mode == .rate ? plan.rate : nil,
            rateReached: plan.mode == .rate ? (tips / max(seconds, 0.001)).rounded(places: 1) : nil, tips: load.count, lost: lost,
            commits: commits, fsyncs: fsyncs, posts: posts, duplicateShare: (Double(load.duplicates) / tips).rounded(places: 3),
            incidentsOpenAtEnd: open, distinctTexts: load.distinctTexts, cpuMicrosecondsPerTip: (cpu / tips).rounded(places: 2),
            peakMemoryMib: (Double(peakKib) / 1_024).rounded(places: 1))
    }
}

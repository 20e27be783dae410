internal import Histogram
internal import TipModel

/// What `watchpost bench overtake` is told beside ``BenchOptions``.
public struct OvertakeOptions: Sendable {
    /// Tips that one post has to deliver.
    public var backlog = 100_000
    /// Tips in one message and in flight, of the post with the backlog: what an agent sends by default.
    public var batch = 256
    public var window = 512
    /// Milliseconds between two emergencies of another post.
    public var every = 100
    public var rounds = 3

    public init() {}
}

/// What `watchpost bench overtake` prints.
public struct OvertakeReport: Codable, Sendable {
    /// From the intended send time of an emergency until the patrol has it, while the backlog drains.
    public var emergencyToPatrolMs: BenchLatency
    public var emergencyToReceiptMs: BenchLatency
    public var emergencies: Int
    public var backlogTips: Int
    public var backlogTipsPerSecond: Double
    public var rounds: Int
    public var batch: Int
    public var inFlight: Int
    public var everyMs: Int
    public var curve = true
    public var build = benchBuild
}

/// One post drains a backlog while another sends an emergency now and then: how long the emergency takes to its patrol.
public func benchOvertake(_ options: BenchOptions, _ plan: OvertakeOptions) async throws -> OvertakeReport {
    let posts = Array(try benchPosts(max(2, options.posts), configuration: options.configuration).prefix(2))
    let station = try BenchStation(options)
    options.progress("starting watchpostd")
    try await station.daemon.start()
    let clients = try BenchClients()
    try await station.connect(clients, posts: station.enrol(posts), patrols: station.enrolUnits(1))
    var tips = BenchTips(seed: options.seed, posts: posts, open: options.open, duplicates: options.duplicates)
    options.progress("warming up")
    let warm = tips.make(max(2_000, options.open * 3), now: SystemTime().now(), perSecond: 10_000)
    _ = try await closedRound(clients, warm, BenchPace(window: 64, batch: 16, rests: true))
    var (events, receipts) = (BenchLedger.histogram(), BenchLedger.histogram())
    var emergencies = 0
    var rates: [Double] = []
    for round in 1...max(1, plan.rounds) {
        let backlog = tips.make(plan.backlog, post: 0, now: SystemTime().now(), perSecond: 100_000)
        // As many as ten minutes may need.
        let alarms = tips.make(600_000 / max(1, plan.every), post: 1, now: SystemTime().now(), perSecond: 1_000, panic: true)
        let (ordinary, urgent) = (BenchHandOver(BenchLedger(first: backlog.first, count: backlog.count, samples: true)),
            BenchHandOver(BenchLedger(first: alarms.first, count: alarms.count)))
        let (sent, seconds) = try await offPool("bench") {
            defer { clients.detach() }
            return try clients.overtake(backlog, ordinary.held, alarms, urgent.held, plan)
        }
        emergencies += sent
        events.add(urgent.held.events)
        receipts.add(urgent.held.receipts)
        rates.append(Double(plan.backlog) / max(seconds, 1e-9))
        options.progress("round \(round) of \(plan.rounds): \(sent) emergencies over \(Int(rates[round - 1])) tips/s")
    }
    await station.daemon.stop()
    return OvertakeReport(
        emergencyToPatrolMs: BenchLatency(events), emergencyToReceiptMs: BenchLatency(receipts), emergencies: emergencies,
        backlogTips: plan.backlog, backlogTipsPerSecond: (rates.sorted()[rates.count / 2]).rounded(), rounds: rates.count,
        batch: plan.batch, inFlight: plan.window, everyMs: plan.every)
}

extension BenchClients {
    /// - Returns: emergencies that were sent, and how long the backlog took.
    fileprivate func overtake(
        _ backlog: BenchLoad, _ ordinary: BenchLedger, _ alarms: BenchLoad, _ urgent: BenchLedger, _ plan: OvertakeOptions
    ) throws -> (sent: Int, seconds: Double) {
        let (post, alarm) = (posts[0], posts[1])
        post.assign(backlog.queues[0])
        alarm.assign(alarms.queues[1])
        ledgers = [ordinary, urgent]
        let interval = UInt64(plan.every) * 1_000_000
        let begun = nanoseconds(), deadline = begun + 590_000_000_000
        var due = begun + interval / 2
        while true {
            let isDraining = ordinary.receiptCount < ordinary.count
            if isDraining, nanoseconds() >= due {
                guard try send(alarm, tips: 1, intended: due) else { throw WorkbenchError("an emergency could not be sent") }
                try drain(alarm)
                due += interval
            }
            while !post.hasAll, post.inFlight + plan.batch <= max(plan.window, plan.batch) {
                guard try send(post, tips: plan.batch, intended: nanoseconds()) else { break }
                try drain(post)
            }
            if !isDraining, ordinary.isComplete, urgent.receiptCount == alarm.next, urgent.eventCount == alarm.next { break }
            let now = nanoseconds()
            try receive(nanoseconds: Int64(min(50_000_000, isDraining && due > now ? due - now : 50_000_000)))
            _ = takeHeard()
            try check(ordinary, deadline)
        }
        return (alarm.next, Double(ordinary.lastReceipt - begun) / 1e9)
    }
}

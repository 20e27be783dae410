internal import Administration
internal import TipModel

/// What `watchpost bench throughput` is told beside ``BenchOptions``.
public struct ThroughputOptions: Sendable {
    /// Tips of one round.
    public var tips = 200_000
    public var rounds = 3
    /// Tips in flight for each post.
    public var window = 100
    /// Tips in one message.
    public var batch = 1
    /// Count the daemon's syncs with strace too (slows it down).
    public var strace = false

    public init() {}
}

/// What `watchpost bench throughput` prints.
public struct ThroughputReport: Codable, Sendable {
    /// The median of ``rounds``: receipts a second, each tip on disk, correlated, scored, and sent to one patrol.
    public var tipsPerSecond: Double
    /// Of each round.
    public var rounds: [Double]
    /// The largest of ``rounds`` by the smallest.
    public var spread: Double
    public var curve = true
    public var fsync = "each commit, before its receipts"
    /// What the daemon says that it synced in all rounds: commits, snapshots and checkpoints.
    public var fsyncs: UInt64
    /// fdatasync and fsync calls that strace counted of the daemon meanwhile.
    public var straceSyncs: Int?
    /// Group commits in all rounds.
    public var commits: UInt64
    /// Records in one commit.
    public var batchMean: Double
    public var batchLargest: UInt64
    public var tips: Int
    public var receipts: Int
    public var receiptMessages: Int
    public var patrolEvents: Int
    public var feedMessages: Int
    public var lost: Int
    public var repeats: Int
    /// Share of tips that joined an open incident.
    public var attachedShare: Double
    /// Share of tips that tell of what another post told of just before, and events that go on at a time (0: no bound).
    public var duplicateShare: Double
    public var events: Int
    public var incidentsOpenAtEnd: Int
    /// Different texts in the last round.
    public var distinctTexts: Int
    public var textBytesMean: Double
    /// Processor time of the daemon, all threads: what a busy machine changes least.
    public var cpuMicrosecondsPerTip: Double
    /// Processor time of posts and patrol, which run on the same cores.
    public var generatorCpuMicrosecondsPerTip: Double
    public var peakMemoryMib: Double
    public var residentMemoryMib: Double
    /// Under this load, of the first tip of each message.
    public var submitToReceiptMs: BenchLatency
    public var submitToPatrolMs: BenchLatency
    public var posts: Int
    public var inFlight: Int
    /// Tips in one message.
    public var batch: Int
    public var seed: UInt64
    public var build = benchBuild
}

/// Closed loop: posts that submit over CURVE as fast as receipts let them, and one patrol that receives everything.
/// - Throws: ``WorkbenchError`` when the daemon does not start, a tip is refused or lost, or the feed has a gap.
public func benchThroughput(_ options: BenchOptions, _ throughput: ThroughputOptions) async throws -> ThroughputReport {
    let posts = try benchPosts(options.posts, configuration: options.configuration)
    let station = try BenchStation(options)
    options.progress("starting watchpostd, \(posts.count) posts, one patrol")
    try await station.daemon.start()
    let clients = try BenchClients()
    try await station.connect(clients, posts: station.enrol(posts), patrols: station.enrolUnits(1))
    let report = try await throughputRounds(station, clients, posts, throughput)
    await station.daemon.stop()
    return report
}

/// The rounds of a throughput run against a daemon that runs, after a warm-up.
func throughputRounds(
    _ station: BenchStation, _ clients: BenchClients, _ posts: [Post], _ plan: ThroughputOptions
) async throws -> ThroughputReport {
    let options = station.options, daemon = station.daemon
    var tips = BenchTips(seed: options.seed, posts: posts, open: options.open, duplicates: options.duplicates)
    let pace = BenchPace(window: plan.window, batch: plan.batch, rests: true)
    options.progress("warming up")
    // All events are reported once, so that the rounds find them open.
    _ = try await closedRound(
        clients, tips.make(max(min(20_000, plan.tips), options.open * 3), now: SystemTime().now(), perSecond: 100_000), pace)
    let before = try await daemon.admin.status()
    let strace = plan.strace ? try StraceCount(processID: daemon.processID) : nil
    var sums = RoundSums()
    var load = BenchLoad(queues: [], first: 0, count: 0)
    for round in 1...max(1, plan.rounds) {
        load = tips.make(plan.tips, now: SystemTime().now(), perSecond: 100_000)
        sums.cpu -= try BenchUsage(daemon.processID).cpuMicroseconds
        sums.own -= BenchUsage.own
        let (ledger, rate) = try await closedRound(clients, load, pace)
        sums.cpu += try BenchUsage(daemon.processID).cpuMicroseconds
        sums.own += BenchUsage.own
        sums.add(ledger, rate)
        options.progress("round \(round) of \(plan.rounds): \(Int(rate)) tips/s")
    }
    let straceSyncs = try await strace?.stop()
    let after = try await daemon.admin.status()
    let usage = try BenchUsage(daemon.processID)
    let all = Double(max(1, plan.tips * sums.rates.count))
    let commits = after.core.commits - before.core.commits
    return ThroughputReport(
        tipsPerSecond: sums.median, rounds: sums.rates, spread: sums.spread, fsyncs: after.core.syncs - before.core.syncs,
        straceSyncs: straceSyncs, commits: commits,
        batchMean: (Double(after.core.records - before.core.records) / Double(max(1, commits))).rounded(places: 1),
        batchLargest: after.core.largestBatch, tips: plan.tips * sums.rates.count, receipts: sums.receipts,
        receiptMessages: sums.receiptMessages, patrolEvents: sums.events, feedMessages: sums.feedMessages,
        lost: plan.tips * sums.rates.count - sums.receipts, repeats: sums.repeats,
        attachedShare: (Double(sums.attached) / all).rounded(places: 3),
        duplicateShare: (Double(load.duplicates) / Double(max(1, load.count))).rounded(places: 3), events: options.open,
        incidentsOpenAtEnd: after.openIncidents.values.reduce(0, +), distinctTexts: load.distinctTexts,
        textBytesMean: (Double(load.textBytes) / Double(max(1, load.count))).rounded(places: 1),
        cpuMicrosecondsPerTip: (sums.cpu / all).rounded(places: 2),
        generatorCpuMicrosecondsPerTip: (sums.own / all).rounded(places: 2),
        peakMemoryMib: (Double(usage.peakKib) / 1_024).rounded(places: 1),
        residentMemoryMib: (Double(usage.residentKib) / 1_024).rounded(places: 1),
        submitToReceiptMs: BenchLatency(sums.receiptTimes), submitToPatrolMs: BenchLatency(sums.eventTimes), posts: posts.count,
        inFlight: max(plan.window, plan.batch) * posts.count, batch: plan.batch, seed: options.seed)
}

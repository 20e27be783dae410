internal import Administration
internal import TipModel

/// What a measurement of growth found at one size.
public struct GrowthPoint: Codable, Sendable, Equatable {
    /// Agents, patrols, or tips in the journal.
    public var size: Int
    public var tipsPerSecond: Double
    /// Processor time of the daemon for a tip.
    public var cpuMicrosecondsPerTip: Double
    /// Fan-out: for an event and a patrol that receives it.
    public var cpuMicrosecondsPerDelivery: Double?
    /// Fan-out: what a tip costs more than with the fewest patrols, for each further one.
    public var cpuMicrosecondsPerFurtherPatrol: Double?
    public var deliveriesPerSecond: Double?
    public var generatorCpuMicrosecondsPerTip: Double
    public var submitToReceiptMs: BenchLatency
    public var submitToPatrolMs: BenchLatency
    public var tips: Int
    public var inFlight: Int
    public var residentMemoryMib: Double
    /// Seconds until all of these were connected.
    public var connectSeconds: Double?
}

/// What `watchpost bench fanin` and `fanout` print.
public struct GrowthReport: Codable, Sendable {
    public var points: [GrowthPoint]
    /// The figure that ``ratio`` is of.
    public var measure: String
    /// The largest by the smallest.
    public var ratio: Double
    public var incidentsOpenAtEnd: Int
    public var curve = true
    public var build = benchBuild

    static func ratio(_ values: [Double]) -> Double {
        guard let least = values.min(), let most = values.max(), least > 0 else { return 0 }
        return (most / least).rounded(places: 2)
    }
}

/// What both are told beside ``BenchOptions``.
public struct GrowthOptions: Sendable {
    /// Agents or patrols, ascending.
    public var sizes: [Int]
    /// Tips at each size.
    public var tips: Int
    /// Tips in flight of all agents together.
    public var inFlight = 4_096

    public init(sizes: [Int], tips: Int) {
        self.sizes = sizes
        self.tips = tips
    }
}

/// Cost per tip with ever more agents connected. Each is a DEALER with a key of its own; the tips in flight stay the same.
public func benchFanIn(_ options: BenchOptions, _ plan: GrowthOptions) async throws -> GrowthReport {
    let sizes = plan.sizes.sorted()
    let most = sizes.last ?? 1
    // Here a connection and its mailbox, at the daemon a connection, and what else both have open.
    try raiseDescriptors(to: 2 * most + 500)
    let posts = try benchPosts(most, configuration: options.configuration)
    let station = try BenchStation(options, more: "ingest: {max_posts: \(max(512, most))}")
    try await station.daemon.start(within: .seconds(60))
    options.progress("enrolling \(most) posts")
    let keys = try await station.enrol(posts)
    let clients = try BenchClients()
    try await station.connect(clients, posts: [], patrols: station.enrolUnits(1))
    var tips = BenchTips(seed: options.seed, posts: posts, open: options.open, duplicates: options.duplicates)
    var points: [GrowthPoint] = []
    for size in sizes {
        options.progress("connecting \(size) agents")
        let begun = nanoseconds()
        let (had, endpoint) = (clients.posts.count, station.daemon.tipsEndpoint)
        let further = Array(keys[had..<size])
        try await offPool("bench") {
            defer { clients.detach() }
            try clients.connectPosts(further, endpoint: endpoint)
            try clients.awaitPosts(seconds: 120)
        }
        let seconds = (Double(nanoseconds() - begun) / 1e9).rounded(places: 2)
        tips.use(posts: size)
        var point = try await growthPoint(station, clients, &tips, plan, size: size, tips: plan.tips, agents: size)
        point.connectSeconds = seconds
        points.append(point)
    }
    return try await finish(station, points, "cpu_microseconds_per_tip") { $0.cpuMicrosecondsPerTip }
}

/// Cost per tip and delivery with ever more patrols, each receiving everything.
public func benchFanOut(_ options: BenchOptions, _ plan: GrowthOptions) async throws -> GrowthReport {
    let sizes = plan.sizes.sorted()
    let most = sizes.last ?? 1
    try raiseDescriptors(to: 2 * most + 500)
    let posts = try benchPosts(options.posts, configuration: options.configuration)
    let station = try BenchStation(options, more: "feed: {max_subscriptions: \(max(64, min(16_384, most + 16))), heartbeat_timeout: 120s}")
    try await station.daemon.start()
    options.progress("enrolling \(most) patrols")
    let units = try await station.enrolUnits(most)
    let clients = try BenchClients(patrols: most)
    try await station.connect(clients, posts: station.enrol(posts), patrols: [])
    var tips = BenchTips(seed: options.seed, posts: posts, open: options.open, duplicates: options.duplicates)
    var points: [GrowthPoint] = []
    for size in sizes {
        options.progress("connecting \(size) patrols")
        let begun = nanoseconds()
        let further = Array(units[clients.patrols.count..<size]), endpoint = station.daemon.feedEndpoint
        try await offPool("bench") {
            defer { clients.detach() }
            try clients.connectPatrols(further, endpoint: endpoint, seconds: 120)
        }
        let seconds = (Double(nanoseconds() - begun) / 1e9).rounded(places: 2)
        // Every tip is delivered so many times: fewer tips, so that each size takes about as long.
        let count = max(min(plan.tips, 1_000), min(plan.tips, plan.tips * 10 / size))
        var point = try await growthPoint(station, clients, &tips, plan, size: size, tips: count, agents: posts.count)
        point.connectSeconds = seconds
        points.append(point)
    }
    if let least = points.first {
        for place in points.indices.dropFirst() {
            let more = points[place].cpuMicrosecondsPerTip - least.cpuMicrosecondsPerTip
            points[place].cpuMicrosecondsPerFurtherPatrol = (more / Double(max(1, points[place].size - least.size))).rounded(places: 3)
        }
    }
    return try await finish(station, points, "cpu_microseconds_per_further_patrol", \.cpuMicrosecondsPerFurtherPatrol)
}

private func finish(
    _ station: BenchStation, _ points: [GrowthPoint], _ name: String, _ measure: (GrowthPoint) -> Double?
) async throws -> GrowthReport {
    let open = try await station.daemon.admin.status().openIncidents.values.reduce(0, +)
    await station.daemon.stop()
    return GrowthReport(points: points, measure: name, ratio: GrowthReport.ratio(points.compactMap(measure)), incidentsOpenAtEnd: open)
}

/// A closed loop at one size, after a warm-up.
func growthPoint(
    _ station: BenchStation, _ clients: BenchClients, _ tips: inout BenchTips, _ plan: GrowthOptions, size: Int, tips count: Int,
    agents: Int
) async throws -> GrowthPoint {
    let pace = BenchPace(window: max(1, plan.inFlight / max(1, agents)), rests: agents <= 100)
    _ = try await closedRound(
        clients, tips.make(min(count, max(1_000, station.options.open * 3)), now: SystemTime().now(), perSecond: 50_000), pace)
    let load = tips.make(count, now: SystemTime().now(), perSecond: 50_000)
    let (cpu, own) = (try BenchUsage(station.daemon.processID).cpuMicroseconds, BenchUsage.own)
    let (ledger, rate) = try await closedRound(clients, load, pace)
    let usage = try BenchUsage(station.daemon.processID)
    let spent = usage.cpuMicroseconds - cpu
    // From the first receipt's run to the last delivery.
    let seconds = Double(ledger.count) / max(rate, 1) + Double(ledger.lastEvent > ledger.lastReceipt ? ledger.lastEvent - ledger.lastReceipt : 0) / 1e9
    station.options.progress("\(size): \(Int(rate)) tips/s, \((spent / Double(count)).rounded(places: 1)) µs a tip")
    return GrowthPoint(
        size: size, tipsPerSecond: rate, cpuMicrosecondsPerTip: (spent / Double(count)).rounded(places: 2),
        cpuMicrosecondsPerDelivery: (spent / Double(max(1, ledger.eventCount))).rounded(places: 3),
        deliveriesPerSecond: (Double(ledger.eventCount) / max(seconds, 1e-9)).rounded(),
        generatorCpuMicrosecondsPerTip: ((BenchUsage.own - own) / Double(count)).rounded(places: 2),
        submitToReceiptMs: BenchLatency(ledger.receipts), submitToPatrolMs: BenchLatency(ledger.events), tips: count,
        inFlight: pace.window * agents, residentMemoryMib: (Double(usage.residentKib) / 1_024).rounded(places: 1))
}

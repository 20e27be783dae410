internal import Administration
internal import FoundationEssentials
internal import Glibc
internal import TipModel

/// What `watchpost bench recovery` is told beside ``BenchOptions``.
public struct RecoveryOptions: Sendable {
    /// Tips in the journal, ascending.
    public var sizes = [10_000, 100_000, 1_000_000]
    /// Tips after the newest snapshot; the daemon's default takes one every 50,000 records.
    public var tail = 50_000
    /// Tips of the throughput on top of each; 0 for none.
    public var tips = 50_000

    public init() {}
}

/// One start.
public struct RecoveryPoint: Codable, Sendable, Equatable {
    /// Tips in the journal.
    public var size: Int
    public var records: UInt64
    public var tailRecords: Int
    public var journalMib: Double
    /// Until the admin socket answers, which is when the daemon says READY.
    public var startSeconds: Double
    /// Then: VmRSS and VmHWM.
    public var residentMemoryMib: Double
    public var peakMemoryMib: Double
    public var incidentsOpen: Int
    /// On top of it; nil where not asked for.
    public var tipsPerSecond: Double?
    public var cpuMicrosecondsPerTip: Double?
    public var peakMemoryUnderLoadMib: Double?
    /// What writing the journal took here.
    public var writeSeconds: Double
}

/// What `watchpost bench recovery` prints.
public struct RecoveryReport: Codable, Sendable {
    public var points: [RecoveryPoint]
    /// The largest by the smallest.
    public var ratioStart: Double
    public var ratioCpuPerTip: Double?
    public var build = benchBuild
}

/// Start-up from ever longer journals, and what a tip costs on top of them.
public func benchRecovery(_ options: BenchOptions, _ plan: RecoveryOptions) async throws -> RecoveryReport {
    let posts = try benchPosts(options.posts, configuration: options.configuration)
    var points: [RecoveryPoint] = []
    for size in plan.sizes.sorted() {
        let folder = try TemporaryFolder(in: options.directory)
        options.progress("writing a journal of \(size) tips")
        let tail = min(plan.tail, size / 2)
        let written = try await writeBenchJournal(
            BenchJournalPlan(tips: size, open: max(1, options.open), tail: tail, seed: options.seed, posts: posts),
            in: folder.path + "/data", progress: options.progress)
        let station = try BenchStation(options, directory: folder.path)
        try forgetPages(of: folder.path + "/data/journal.sqlite")
        let begun = nanoseconds()
        let status = try await station.daemon.start(within: .seconds(120))
        let started = Double(nanoseconds() - begun) / 1e9
        let usage = try BenchUsage(station.daemon.processID)
        options.progress("\(size) tips: ready after \(started.rounded(places: 2)) s, \(usage.residentKib / 1_024) MiB")
        var point = RecoveryPoint(
            size: size, records: written.records, tailRecords: written.tail,
            journalMib: (Double(written.bytes) / 1_048_576).rounded(places: 1), startSeconds: started.rounded(places: 3),
            residentMemoryMib: (Double(usage.residentKib) / 1_024).rounded(places: 1),
            peakMemoryMib: (Double(usage.peakKib) / 1_024).rounded(places: 1),
            incidentsOpen: status.openIncidents.values.reduce(0, +), writeSeconds: written.seconds.rounded(places: 1))
        if plan.tips > 0 {
            let clients = try BenchClients()
            try await station.connect(clients, posts: station.enrol(posts), patrols: station.enrolUnits(1))
            var more = ThroughputOptions()
            (more.tips, more.rounds) = (plan.tips, 1)
            let load = try await throughputRounds(station, clients, posts, more)
            point.tipsPerSecond = load.tipsPerSecond
            point.cpuMicrosecondsPerTip = load.cpuMicrosecondsPerTip
            point.peakMemoryUnderLoadMib = load.peakMemoryMib
        }
        await station.daemon.stop()
        points.append(point)
    }
    let costs = points.compactMap(\.cpuMicrosecondsPerTip)
    return RecoveryReport(
        points: points, ratioStart: GrowthReport.ratio(points.map(\.startSeconds)), ratioCpuPerTip: costs.isEmpty ? nil : GrowthReport.ratio(costs))
}

/// Writes a file's pages to the disk and drops them from memory: the journal was just written, and a start after a power cut finds none.
private func forgetPages(of path: String) throws {
    let file = open(path, O_RDWR)
    guard file >= 0 else { throw WorkbenchError("\(path) cannot be opened: errno \(errno)") }
    defer { close(file) }
    guard fsync(file) == 0, posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
        throw WorkbenchError("\(path) cannot be dropped from memory")
    }
}

/// What `watchpost bench memory` prints.
public struct MemoryReport: Codable, Sendable {
    public struct Point: Codable, Sendable, Equatable {
        public var openIncidents: Int
        public var tips: Int
        public var residentMemoryMib: Double
        public var journalMib: Double
    }

    public var points: [Point]
    /// Resident memory of an open incident: the difference of two starts, by that of their incidents.
    public var bytesPerOpenIncident: Double
    /// Resident memory of a remembered tip id.
    public var bytesPerTipId: Double
    /// Of the journal on disk.
    public var diskBytesPerTip: Double
    public var build = benchBuild
}

/// Memory of an open incident and of a remembered tip id: the daemon is started with N and with 2 N of each.
public func benchMemory(_ options: BenchOptions, incidents: Int, tips: Int) async throws -> MemoryReport {
    let posts = try benchPosts(options.posts, configuration: options.configuration)
    var points: [MemoryReport.Point] = []
    // Few incidents and many tips for the ids; one tip an incident for those.
    let plans: [(open: Int, tips: Int, each: Int?)] = [
        (options.open, tips, 10), (options.open, 2 * tips, 10), (incidents, incidents, nil), (2 * incidents, 2 * incidents, nil),
    ]
    for plan in plans {
        let folder = try TemporaryFolder(in: options.directory)
        options.progress("writing a journal of \(plan.tips) tips")
        let written = try await writeBenchJournal(
            BenchJournalPlan(
                tips: plan.tips, open: max(1, plan.open), tipsOfIncident: plan.each, tail: 0, seed: options.seed, posts: posts),
            in: folder.path + "/data", progress: options.progress)
        let station = try BenchStation(options, directory: folder.path)
        let status = try await station.daemon.start(within: .seconds(120))
        let usage = try BenchUsage(station.daemon.processID)
        await station.daemon.stop()
        let point = MemoryReport.Point(
            openIncidents: status.openIncidents.values.reduce(0, +), tips: plan.tips,
            residentMemoryMib: (Double(usage.residentKib) / 1_024).rounded(places: 2),
            journalMib: (Double(written.bytes) / 1_048_576).rounded(places: 2))
        options.progress("\(point.openIncidents) open, \(point.tips) tips: \(point.residentMemoryMib) MiB")
        points.append(point)
    }
    func bytes(_ one: Int, _ other: Int, _ count: (MemoryReport.Point) -> Int, _ size: (MemoryReport.Point) -> Double) -> Double {
        let more = count(points[other]) - count(points[one])
        return more > 0 ? ((size(points[other]) - size(points[one])) * 1_048_576 / Double(more)).rounded(places: 1) : 0
    }
    return MemoryReport(
        points: points, bytesPerOpenIncident: bytes(2, 3, \.openIncidents, \.residentMemoryMib),
        bytesPerTipId: bytes(0, 1, \.tips, \.residentMemoryMib), diskBytesPerTip: bytes(0, 1, \.tips, \.journalMib))
}

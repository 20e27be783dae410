/// What `watchpost bench` is told.
public struct BenchOptions: Sendable {
    /// Tips of the throughput run.
    public var tips = 200_000
    /// Tips of the latency run, at ``rate`` a second.
    public var latencyTips = 10_000
    /// Tips a second in the latency run.
    public var rate = 1_000
    /// Posts that submit, each over a connection of its own.
    public var posts = 8
    /// Tips in flight for each post in the throughput run.
    public var window = 512
    /// Tips in one message.
    public var batch = 1
    /// Share of tips that report what another post reported just before.
    public var duplicates = 0.3
    /// Where `watchpostd` lies; nil for beside this program.
    public var binaries: String?
    /// The folder of triage.yaml and district/zones.yaml.
    public var configuration = "config"
    /// Where the journal is written; nil for a temporary directory.
    public var directory: String?
    /// Count the daemon's syncs with strace too (slows it down).
    public var strace = false
    public var progress: @Sendable (String) -> Void = { _ in }

    public init() {}
}

/// Milliseconds.
public struct BenchLatency: Codable, Sendable {
    public var p50: Double
    public var p99: Double
    public var p999: Double
    public var max: Double
    public var samples: Int
}

/// What `watchpost bench` prints, as one JSON object.
public struct BenchReport: Codable, Sendable {
    /// Receipts a second in the throughput run: each tip on disk, correlated, scored, and sent to one patrol.
    public var tipsPerSecond: Double
    public var submitToReceiptMs: BenchLatency
    public var submitToPatrolMs: BenchLatency
    /// At this open-loop rate; latency counts from the intended send time.
    public var latencyRate: Int
    /// ``fsyncs`` for 1,000 tips of the throughput run.
    public var fsyncsPer1000Tips: Double
    /// Group commits of the throughput run, each one fsync of the write-ahead log.
    public var commits: UInt64
    /// What the daemon says that it synced in the throughput run: commits, snapshots and checkpoints.
    public var fsyncs: UInt64
    /// fdatasync and fsync calls that strace counted of the daemon in the throughput run: the witness for ``fsyncs``.
    public var straceSyncs: Int?
    /// Processor time of the daemon, all threads, for one tip of the throughput run: what a busy machine changes least.
    public var cpuMicrosecondsPerTip: Double
    /// Peak resident memory of the daemon.
    public var peakMemoryMib: Double
    /// Receipts received in the throughput run; equals its tips unless something was lost.
    public var receipts: Int
    /// Events that the patrol received of the throughput run.
    public var patrolEvents: Int
    public var repeats: Int
    public var lost: Int
    public var incidents: UInt64
    public var largestCommit: UInt64
    public var tips: Int
    public var posts: Int
    public var inFlight: Int
    public var batch: Int
    public var curve: Bool
    public var fsync: String
    public var build: String

    enum CodingKeys: String, CodingKey {
        case tipsPerSecond = "tips_per_second"
        case submitToReceiptMs = "submit_to_receipt_ms"
        case submitToPatrolMs = "submit_to_patrol_ms"
        case latencyRate = "latency_rate"
        case fsyncsPer1000Tips = "fsyncs_per_1000_tips"
        case commits, fsyncs
        case straceSyncs = "strace_syncs"
        case cpuMicrosecondsPerTip = "cpu_us_per_tip"
        case peakMemoryMib = "peak_memory_mib"
        case receipts
        case patrolEvents = "patrol_events"
        case repeats, lost, incidents
        case largestCommit = "largest_commit"
        case tips, posts
        case inFlight = "in_flight"
        case batch, curve, fsync, build
    }
}

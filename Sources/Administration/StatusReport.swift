// What the daemon and the CLI say to each other over the admin socket: JSON bodies, snake_case keys.

/// `GET /v1/status`: how the daemon stands.
public struct StatusReport: Codable, Sendable, Equatable {
    /// Of the program.
    public var version: String
    /// Milliseconds since 1970, like every `…_ms` here.
    public var startedAtMs: Int64
    public var nowMs: Int64
    /// The newest record of the journal.
    public var sequence: UInt64
    /// Open incidents by level.
    public var openIncidents: [String: Int]
    /// Open incidents that are drills; they are counted nowhere else.
    public var openDrills: Int
    /// Open incidents that no unit has.
    public var unclaimed: Int
    public var totals: TotalsReport
    public var core: CoreReport
    public var ingest: IngestReport
    public var feed: FeedReport
    /// Every enrolled post, by id.
    public var posts: [PostReport]
    /// Every subscription, by unit.
    public var patrols: [PatrolReport]
    /// Peak resident memory (VmHWM), KiB.
    public var memoryPeakKib: Int
    /// Where the board is opened; nil where it is turned off.
    public var board: String?
    /// Nil from an older daemon.
    public var disk: DiskReport?
    /// Nil from a daemon that does not tell it yet.
    public var health: HealthReport?

    enum CodingKeys: String, CodingKey {
        case version
        case startedAtMs = "started_at_ms"
        case nowMs = "now_ms"
        case sequence
        case openIncidents = "open_incidents"
        case openDrills = "open_drills"
        case unclaimed
        case totals
        case core
        case ingest
        case feed
        case posts
        case patrols
        case memoryPeakKib = "memory_peak_kib"
        case board
        case disk
        case health
    }

    public init(
        version: String, startedAtMs: Int64, nowMs: Int64, sequence: UInt64, openIncidents: [String: Int],
        openDrills: Int, unclaimed: Int, totals: TotalsReport, core: CoreReport, ingest: IngestReport,
        feed: FeedReport, posts: [PostReport], patrols: [PatrolReport], memoryPeakKib: Int, board: String? = nil,
        health: HealthReport? = nil
    ) {
        self.version = version
        self.startedAtMs = startedAtMs
        self.nowMs = nowMs
        self.sequence = sequence
        self.openIncidents = openIncidents
        self.openDrills = openDrills
        self.unclaimed = unclaimed
        self.totals = totals
        self.core = core
        self.ingest = ingest
        self.feed = feed
        self.posts = posts
        self.patrols = patrols
        self.memoryPeakKib = memoryPeakKib
        self.board = board
        self.health = health
    }
}

/// The room on the daemon's disk.
public struct DiskReport: Codable, Sendable, Equatable {
    /// `enough`; `low`: only emergencies are taken; `full`: no tip is.
    public var state: String
    /// Nil where the system does not tell.
    public var freeBytes: Int?
    /// Held for claims and steps when the disk is full.
    public var reserveBytes: Int

    enum CodingKeys: String, CodingKey {
        case state
        case freeBytes = "free_bytes"
        case reserveBytes = "reserve_bytes"
    }

    public init(state: String, freeBytes: Int?, reserveBytes: Int) {
        self.state = state
        self.freeBytes = freeBytes
        self.reserveBytes = reserveBytes
    }
}

/// Counts since the journal began; drills apart.
public struct TotalsReport: Codable, Sendable, Equatable {
    public var tips: UInt64
    public var correlated: UInt64
    public var drills: UInt64
    public var incidents: UInt64
    public var cleared: UInt64

    public init(tips: UInt64, correlated: UInt64, drills: UInt64, incidents: UInt64, cleared: UInt64) {
        self.tips = tips
        self.correlated = correlated
        self.drills = drills
        self.incidents = incidents
        self.cleared = cleared
    }
}

/// The core since the daemon started.
public struct CoreReport: Codable, Sendable, Equatable {
    public var accepted: UInt64
    public var repeats: UInt64
    /// By code.
    public var rejected: [String: UInt64]
    /// Group commits; each is one fsync.
    public var commits: UInt64
    /// The journal's fsyncs: its commits, snapshots and checkpoints.
    public var syncs: UInt64
    public var commitFailures: UInt64
    public var records: UInt64
    /// Records in the largest commit.
    public var largestBatch: UInt64
    /// Emergencies waiting.
    public var waitingExpress: Int
    public var waitingTips: Int
    public var waitingControl: Int
    /// Accepted tips a second over the last ten seconds.
    public var tipsPerSecond: Double

    enum CodingKeys: String, CodingKey {
        case accepted
        case repeats
        case rejected
        case commits
        case syncs
        case commitFailures = "commit_failures"
        case records
        case largestBatch = "largest_batch"
        case waitingExpress = "waiting_express"
        case waitingTips = "waiting_tips"
        case waitingControl = "waiting_control"
        case tipsPerSecond = "tips_per_second"
    }

    public init(
        accepted: UInt64, repeats: UInt64, rejected: [String: UInt64], commits: UInt64, syncs: UInt64,
        commitFailures: UInt64, records: UInt64, largestBatch: UInt64, waitingExpress: Int, waitingTips: Int, waitingControl: Int,
        tipsPerSecond: Double
    ) {
        self.accepted = accepted
        self.repeats = repeats
        self.rejected = rejected
        self.commits = commits
        self.syncs = syncs
        self.commitFailures = commitFailures
        self.records = records
        self.largestBatch = largestBatch
        self.waitingExpress = waitingExpress
        self.waitingTips = waitingTips
        self.waitingControl = waitingControl
        self.tipsPerSecond = tipsPerSecond
    }
}

/// The posts' socket since the daemon started.
public struct IngestReport: Codable, Sendable, Equatable {
    public var endpoint: String
    public var messages: UInt64
    public var tips: UInt64
    public var heartbeats: UInt64
    public var receipts: UInt64
    /// By code.
    public var rejected: [String: UInt64]
    public var unreachable: UInt64
    public var blocked: UInt64
    public var dropped: UInt64
    public var waits: UInt64
    /// Handshakes refused because the key is not enrolled, at both sockets.
    public var keysRefused: UInt64

    enum CodingKeys: String, CodingKey {
        case endpoint
        case messages
        case tips
        case heartbeats
        case receipts
        case rejected
        case unreachable
        case blocked
        case dropped
        case waits
        case keysRefused = "keys_refused"
    }

    public init(
        endpoint: String, messages: UInt64, tips: UInt64, heartbeats: UInt64, receipts: UInt64,
        rejected: [String: UInt64], unreachable: UInt64, blocked: UInt64, dropped: UInt64, waits: UInt64,
        keysRefused: UInt64
    ) {
        self.endpoint = endpoint
        self.messages = messages
        self.tips = tips
        self.heartbeats = heartbeats
        self.receipts = receipts
        self.rejected = rejected
        self.unreachable = unreachable
        self.blocked = blocked
        self.dropped = dropped
        self.waits = waits
        self.keysRefused = keysRefused
    }
}

/// The patrols' socket since the daemon started.
public struct FeedReport: Codable, Sendable, Equatable {
    public var endpoint: String
    public var alertHead: UInt64
    public var mainHead: UInt64
    /// Received from patrols.
    public var messages: UInt64
    /// Events sent.
    public var events: UInt64
    /// Messages they were sent in.
    public var batches: UInt64
    /// By code.
    public var rejected: [String: UInt64]
    /// Sends that found a patrol's queue full, those that found it gone, and replies given up for either.
    public var blocked: UInt64
    public var unreachable: UInt64
    public var repliesDropped: UInt64
    public var queueOverflows: UInt64
    /// Pages read from the journal to catch up.
    public var pages: UInt64
    public var ringEvents: Int
    public var ringBytes: Int

    enum CodingKeys: String, CodingKey {
        case endpoint
        case alertHead = "alert_head"
        case mainHead = "main_head"
        case messages
        case events
        case batches
        case rejected
        case blocked
        case unreachable
        case repliesDropped = "replies_dropped"
        case queueOverflows = "queue_overflows"
        case pages
        case ringEvents = "ring_events"
        case ringBytes = "ring_bytes"
    }

    public init(
        endpoint: String, alertHead: UInt64, mainHead: UInt64, messages: UInt64 = 0, events: UInt64, batches: UInt64,
        rejected: [String: UInt64], blocked: UInt64 = 0, unreachable: UInt64 = 0, repliesDropped: UInt64 = 0,
        queueOverflows: UInt64, pages: UInt64, ringEvents: Int, ringBytes: Int
    ) {
        self.endpoint = endpoint
        self.alertHead = alertHead
        self.mainHead = mainHead
        self.messages = messages
        self.events = events
        self.batches = batches
        self.rejected = rejected
        self.blocked = blocked
        self.unreachable = unreachable
        self.repliesDropped = repliesDropped
        self.queueOverflows = queueOverflows
        self.pages = pages
        self.ringEvents = ringEvents
        self.ringBytes = ringBytes
    }
}

/// One post.
public struct PostReport: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    public var zone: String
    public var members: Int
    /// `online`, `silent`, `never_heard` or `revoked`.
    public var state: String
    public var lastHeardMs: Int64?
    public var silentSinceMs: Int64?
    /// Accepted tips.
    public var received: UInt64
    /// The highest number of its present series.
    public var highestNumber: UInt64
    /// Numbers below it that are still to come.
    public var outstanding: UInt64
    /// Numbers that the post no longer holds and that never arrived.
    public var missing: UInt64
    /// As its last heartbeat said.
    public var spoolDepth: UInt64?
    public var spoolOldestMs: Int64?
    public var deadLetters: UInt64?
    /// The daemon's clock minus the post's.
    public var skewMs: Int64?
    public var software: String?

    enum CodingKeys: String, CodingKey {
        case id
        case name
        case zone
        case members
        case state
        case lastHeardMs = "last_heard_ms"
        case silentSinceMs = "silent_since_ms"
        case received
        case highestNumber = "highest_number"
        case outstanding
        case missing
        case spoolDepth = "spool_depth"
        case spoolOldestMs = "spool_oldest_ms"
        case deadLetters = "dead_letters"
        case skewMs = "skew_ms"
        case software
    }

    public init(
        id: String, name: String, zone: String, members: Int, state: String, lastHeardMs: Int64? = nil,
        silentSinceMs: Int64? = nil, received: UInt64, highestNumber: UInt64, outstanding: UInt64, missing: UInt64,
        spoolDepth: UInt64? = nil, spoolOldestMs: Int64? = nil, deadLetters: UInt64? = nil, skewMs: Int64? = nil,
        software: String? = nil
    ) {
        self.id = id
        self.name = name
        self.zone = zone
        self.members = members
        self.state = state
        self.lastHeardMs = lastHeardMs
        self.silentSinceMs = silentSinceMs
        self.received = received
        self.highestNumber = highestNumber
        self.outstanding = outstanding
        self.missing = missing
        self.spoolDepth = spoolDepth
        self.spoolOldestMs = spoolOldestMs
        self.deadLetters = deadLetters
        self.skewMs = skewMs
        self.software = software
    }
}

/// One subscription.
public struct PatrolReport: Codable, Sendable, Equatable {
    public var unit: String
    public var zones: [String]
    public var leastLevel: String
    public var peer: String
    public var sinceMs: Int64
    public var alert: LaneReport
    public var main: LaneReport
    /// It does not read.
    public var blocked: Bool

    enum CodingKeys: String, CodingKey {
        case unit
        case zones
        case leastLevel = "least_level"
        case peer
        case sinceMs = "since_ms"
        case alert
        case main
        case blocked
    }

    public init(
        unit: String, zones: [String], leastLevel: String, peer: String, sinceMs: Int64, alert: LaneReport,
        main: LaneReport, blocked: Bool
    ) {
        self.unit = unit
        self.zones = zones
        self.leastLevel = leastLevel
        self.peer = peer
        self.sinceMs = sinceMs
        self.alert = alert
        self.main = main
        self.blocked = blocked
    }
}

/// One lane of a subscription.
public struct LaneReport: Codable, Sendable, Equatable {
    public var sent: UInt64
    public var acknowledged: UInt64
    public var head: UInt64
    /// Records between what it acknowledged and the head of the lane.
    public var lag: UInt64
    public var creditEvents: UInt32
    public var creditBytes: UInt32
    public var catchingUp: Bool

    enum CodingKeys: String, CodingKey {
        case sent
        case acknowledged
        case head
        case lag
        case creditEvents = "credit_events"
        case creditBytes = "credit_bytes"
        case catchingUp = "catching_up"
    }

    public init(
        sent: UInt64, acknowledged: UInt64, head: UInt64, lag: UInt64, creditEvents: UInt32, creditBytes: UInt32,
        catchingUp: Bool
    ) {
        self.sent = sent
        self.acknowledged = acknowledged
        self.head = head
        self.lag = lag
        self.creditEvents = creditEvents
        self.creditBytes = creditBytes
        self.catchingUp = catchingUp
    }
}

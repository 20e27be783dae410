public import TipModel

/// What `watchpostd.yaml`, `triage.yaml`, `dispatch.yaml` and `zones.yaml` say together. config/watchpostd.yaml documents every key;
/// the initial values here are the only place where the defaults live.
///
/// SIGHUP may change `triage`, `dispatch`, `zones` and `logLevel`; for the rest see ``restartOnlyDifferences(from:)``.
public struct DaemonSettings: Hashable, Sendable {
    /// Between the network and the core.
    public struct Ingest: Hashable, Sendable {
        /// Tips that may wait between the socket and the core; when full, agents are told to wait.
        public var queueTips = 1_024
        /// Most tips in one commit.
        public var batchTips = 512
        /// How long a tip id is remembered. Longer than the oldest tip an agent may keep (14 days), so that a late
        /// repeat is still recognised.
        public var idWindow = Duration.seconds(30 * 86_400)
        /// Most enrolled posts.
        public var maxPosts = 512

        public init() {}
    }

    /// Towards patrols.
    public struct Feed: Hashable, Sendable {
        /// Newest events kept in memory; an older cursor is served from the journal.
        public var ringEvents = 4_096
        /// Bytes of those events; whichever bound is met first holds.
        public var ringBytes = 8 << 20
        /// Events read from the journal at a time during catch-up.
        public var pageEvents = 256
        /// Most subscriptions at once; one more is refused.
        public var maxSubscriptions = 1_024
        /// Most subscriptions of one unit; one more is refused.
        public var perUnitSubscriptions = 4
        /// A subscription that is silent for this long ends.
        public var heartbeatTimeout = Duration.seconds(15)

        public init() {}
    }

    /// The store.
    public struct JournalPart: Hashable, Sendable {
        /// Records between two snapshots.
        public var snapshotEvery = 50_000
        /// How long a commit waits for another connection's lock before it fails; nothing is accepted meanwhile.
        public var busy = Duration.seconds(5)
        /// Records older than this go when the journal is compacted; nil keeps them.
        public var retainFor: Duration?
        /// The oldest go while it is larger; nil keeps them.
        public var retainBytes: Int?

        public init() {}
    }

    /// What is done before the disk is full.
    public struct Disk: Hashable, Sendable {
        /// Bytes of a file that is given up when the disk is full, so that claims and steps go on; 0 for none.
        public var reserve = 64 << 20
        /// Tips other than emergencies are refused while less is free.
        public var lowWater = 128 << 20

        public init() {}
    }

    /// Photos that posts send.
    public struct Attachments: Hashable, Sendable {
        /// Bytes of all photos; at the bound a further one is refused and stays at its post.
        public var maxBytes = 8 << 30

        public init() {}
    }

    /// Whether posts are alive.
    public struct Presence: Hashable, Sendable {
        /// A post not heard from for this long counts as silent.
        public var silentAfter = Duration.seconds(90)

        public init() {}
    }

    /// The board: pages and HTTP API.
    public struct Board: Hashable, Sendable {
        /// Nil turns it off.
        public var listen: ListenAddress? = ListenAddress(host: "127.0.0.1", port: 7_420)
        /// PEM files; needed on any address that is not of the loopback interface.
        public var tlsCertificate: String?
        public var tlsKey: String?
        /// A session that is not used for this long ends.
        public var sessionIdle = Duration.seconds(12 * 3_600)
        /// A session ends after this long in any case.
        public var sessionMax = Duration.seconds(7 * 86_400)
        /// Most connections at once; further ones wait.
        public var maxConnections = 512
        /// Most live streams at once; one more is refused.
        public var maxStreams = 256

        public init() {}
    }

    /// Metrics and probes for a monitoring system.
    public struct Metrics: Hashable, Sendable {
        /// A loopback address; nil turns them off.
        public var listen: ListenAddress? = ListenAddress(host: "127.0.0.1", port: 9_465)

        public init() {}
    }

    /// Folder of the journal, snapshots and, unless named elsewhere, key and admin socket.
    public var dataDirectory: String
    /// Where posts connect: `tcp://address:port`; port `*` lets the system choose.
    public var tipsEndpoint = "tcp://127.0.0.1:7401"
    /// Where patrols connect.
    public var feedEndpoint = "tcp://127.0.0.1:7402"
    /// Path of the admin Unix socket, at most ``maximumSocketPathBytes``.
    public var adminSocket: String
    /// The daemon's own CURVE secret key.
    public var secretKeyFile: String
    /// Where `triage` was read from.
    public var triageFile = ""
    /// Where `dispatch` was read from; empty where it is the standard.
    public var dispatchFile = ""
    /// Where `zones` was read from.
    public var zonesFile = ""
    public var logLevel = LogLevel.info
    public var ingest = Ingest()
    public var feed = Feed()
    public var journal = JournalPart()
    public var disk = Disk()
    public var presence = Presence()
    public var attachments = Attachments()
    public var board = Board()
    public var metrics = Metrics()
    /// The district; at least one zone, neighbours mutual.
    public var zones: [Zone]
    public var triage: TriageRules
    /// When somebody is told that nobody comes. Its neighbours are those of `zones`.
    public var dispatch = DispatchRules.standard

    /// Defaults for everything that is not given; the admin socket and key lie in `dataDirectory`.
    public init(dataDirectory: String, zones: [Zone], triage: TriageRules) {
        self.dataDirectory = dataDirectory
        self.adminSocket = joinPath(dataDirectory, "admin.sock")
        self.secretKeyFile = joinPath(dataDirectory, "daemon.key")
        self.zones = zones
        self.triage = triage
        dispatch.neighbours = Self.neighbours(zones)
    }

    static func neighbours(_ zones: [Zone]) -> [ZoneID: [ZoneID]] {
        Dictionary(zones.map { ($0.id, $0.neighbours) }, uniquingKeysWith: { first, _ in first })
    }

    /// Takes over what a reload may change; the rest stays as it was at the start.
    public mutating func reload(from next: DaemonSettings) {
        triage = next.triage
        triageFile = next.triageFile
        dispatch = next.dispatch
        dispatchFile = next.dispatchFile
        zones = next.zones
        zonesFile = next.zonesFile
        logLevel = next.logLevel
    }

    /// Keys whose values differ from `other`'s and that only a restart can change. Empty when a reload is enough.
    public func restartOnlyDifferences(from other: DaemonSettings) -> [String] {
        let pairs: [(String, Bool)] = [
            ("data_directory", dataDirectory == other.dataDirectory),
            ("tips_endpoint", tipsEndpoint == other.tipsEndpoint),
            ("feed_endpoint", feedEndpoint == other.feedEndpoint),
            ("admin_socket", adminSocket == other.adminSocket),
            ("secret_key_file", secretKeyFile == other.secretKeyFile),
            ("ingest.queue_tips", ingest.queueTips == other.ingest.queueTips),
            ("ingest.batch_tips", ingest.batchTips == other.ingest.batchTips),
            ("ingest.id_window", ingest.idWindow == other.ingest.idWindow),
            ("ingest.max_posts", ingest.maxPosts == other.ingest.maxPosts),
            ("feed.ring_events", feed.ringEvents == other.feed.ringEvents),
            ("feed.ring_bytes", feed.ringBytes == other.feed.ringBytes),
            ("feed.page_events", feed.pageEvents == other.feed.pageEvents),
            ("feed.max_subscriptions", feed.maxSubscriptions == other.feed.maxSubscriptions),
            ("feed.per_unit_subscriptions", feed.perUnitSubscriptions == other.feed.perUnitSubscriptions),
            ("feed.heartbeat_timeout", feed.heartbeatTimeout == other.feed.heartbeatTimeout),
            ("journal.snapshot_every", journal.snapshotEvery == other.journal.snapshotEvery),
            ("journal.busy", journal.busy == other.journal.busy),
            ("attachments.max_bytes", attachments.maxBytes == other.attachments.maxBytes),
            ("disk.reserve", disk.reserve == other.disk.reserve),
            ("disk.low_water", disk.lowWater == other.disk.lowWater),
            ("board.listen", board.listen == other.board.listen),
            ("board.tls_certificate", board.tlsCertificate == other.board.tlsCertificate),
            ("board.tls_key", board.tlsKey == other.board.tlsKey),
            ("board.session_idle", board.sessionIdle == other.board.sessionIdle),
            ("board.session_max", board.sessionMax == other.board.sessionMax),
            ("board.max_connections", board.maxConnections == other.board.maxConnections),
            ("board.max_streams", board.maxStreams == other.board.maxStreams),
            ("attachments.max_bytes", attachments.maxBytes == other.attachments.maxBytes),
            ("metrics.listen", metrics.listen == other.metrics.listen),
            ("presence.silent_after", presence.silentAfter == other.presence.silentAfter),
        ]
        return pairs.filter { !$0.1 }.map(\.0)
    }
}

/// Bytes that fit in a Unix socket's address on every system we run on (107 on Linux, 103 on macOS), with a margin.
public let maximumSocketPathBytes = 100

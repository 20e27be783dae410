/// What `agent.yaml` says: the store-and-forward service at a post. config/agent.yaml documents every key; the initial
/// values here are the only place where the defaults live.
public struct AgentSettings: Hashable, Sendable {
    /// The durable queue on the post's disk.
    public struct Spool: Hashable, Sendable {
        /// Most tips waiting; one more is refused and the guard told.
        public var maxTips = 100_000
        /// Most bytes of waiting tips.
        public var maxBytes = 256 << 20
        /// Of `maxTips`, places kept for emergencies.
        public var emergencyReserve = 1_000
        /// A tip that waits longer is moved to the dead letters and shown to the guard.
        public var maxAge = Duration.seconds(14 * 86_400)

        public init() {}
    }

    /// Towards the daemon.
    public struct Sending: Hashable, Sendable {
        /// Most tips sent and not yet acknowledged.
        public var window = 512
        /// Most tips in one message.
        public var batchTips = 256
        /// Most bytes in one message.
        public var batchBytes = 256 << 10
        /// A tip without a receipt for this long is sent again.
        public var receiptTimeout = Duration.seconds(10)
        /// First wait before a new connection; doubled with jitter up to `reconnectMax`.
        public var reconnectMin = Duration.milliseconds(200)
        public var reconnectMax = Duration.seconds(10)
        public var heartbeatInterval = Duration.seconds(5)
        /// Without an answer for this long the next endpoint is tried.
        public var failoverAfter = Duration.seconds(15)

        public init() {}
    }

    /// The guard's page.
    public struct Page: Hashable, Sendable {
        /// Where the page is served over HTTPS beside the loopback address; nil where it is not.
        public var listen: ListenAddress?
        /// PEM, the certificate with its chain.
        public var certificateFile: String
        /// PEM, mode 0600.
        public var keyFile: String
        /// The PIN that opens the page over HTTPS, 6 to 12 digits, mode 0600; the agent makes it.
        public var pinFile: String
        /// What a guard dials when nothing else works.
        public var telephone = "110"
        /// In the order of their buttons; the first ``frequent`` are seen at once.
        public var categories = PageCategory.defaults

        /// How many categories have a button without "more".
        public static let frequent = 8

        public init(directory: String) {
            certificateFile = joinPath(directory, "page.crt")
            keyFile = joinPath(directory, "page.key")
            pinFile = joinPath(directory, "page.pin")
        }
    }

    /// The post's one-file key bundle (``KeyBundle``).
    public var bundleFile: String
    /// The daemon's addresses in order of preference; nil for the bundle's own.
    public var endpoints: [String]?
    /// Folder of the spool and, unless named elsewhere, socket and token.
    public var dataDirectory: String
    /// The Unix socket where `watchpost tip` submits, at most ``maximumSocketPathBytes``.
    public var socketPath: String
    /// Loopback HTTP for local programs; nil when off.
    public var httpListen: ListenAddress? = ListenAddress(host: "127.0.0.1", port: 7_410)
    /// The file with the token that HTTP requests carry; the agent makes it.
    public var tokenFile: String
    public var page: Page
    /// Loopback HTTP for a monitoring system; nil when off.
    public var metricsListen: ListenAddress?
    public var spool = Spool()
    /// Most tips kept after a final rejection; beyond it the oldest goes, with a log line.
    public var deadLetterMax = 10_000
    public var sending = Sending()
    /// Category codes that are spooled as emergencies, besides the panic button.
    public var expressCategories = ["weapon", "fire", "assault", "medical"]
    public var logLevel = LogLevel.info

    /// Defaults for everything that is not given; socket and token lie in `dataDirectory`.
    public init(bundleFile: String, dataDirectory: String) {
        self.bundleFile = bundleFile
        self.dataDirectory = dataDirectory
        self.socketPath = joinPath(dataDirectory, "agent.sock")
        self.tokenFile = joinPath(dataDirectory, "http.token")
        self.page = Page(directory: dataDirectory)
    }
}

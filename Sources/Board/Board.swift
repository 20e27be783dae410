public import Accounts
public import Hummingbird
public import LocalHTTP
public import Logging
public import TipModel

/// The station's pages and HTTP API, on top of its ports.
public struct Board: Sendable {
    /// What one person or one station may use up.
    public struct Settings: Sendable {
        /// Live streams of one user; one more is refused.
        public var streamsPerUser = 8
        /// The least time between two messages of one stream: at most four a second.
        public var pace = Duration.milliseconds(250)
        /// A browser that takes longer to read one message is let go; it comes back and catches up.
        public var slowReader = Duration.seconds(20)
        /// Events that a stream reads from the journal before it is told to start anew.
        public var catchUp: UInt64 = 5_000

        public init() {}
    }

    public let ports: BoardPorts
    public let accounts: Accounts
    public let live: LiveHub
    public let time: any TimeSource
    let settings: Settings
    let streams = StreamCount()
    let parts = PartCache()
    let logger: Logger

    public init(
        ports: BoardPorts, accounts: Accounts, live: LiveHub, settings: Settings = Settings(), time: any TimeSource, logger: Logger
    ) {
        self.ports = ports
        self.accounts = accounts
        self.live = live
        self.settings = settings
        self.time = time
        self.logger = logger
    }

    /// All routes. Errors under /api are JSON, those of pages are pages.
    public func router() -> Router<PeerRequestContext> {
        let router = Router<PeerRequestContext>(context: PeerRequestContext.self)
        router.add(middleware: SecurityHeaders())
        router.add(middleware: JSONErrors())
        router.add(middleware: MethodGuard(methods: APIRoute.methods))
        let api = router.group(context: BoardContext.self)
        api.add(middleware: SessionGuard(board: self, kind: .api))
        addAPI(to: api)
        let pages = router.group(context: BoardContext.self)
        pages.add(middleware: PageErrors())
        pages.add(middleware: SessionGuard(board: self, kind: .page))
        addSignInPages(to: pages)
        addPages(to: pages)
        return router
    }
}

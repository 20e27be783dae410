import Hummingbird
import LocalHTTP
import Logging
import ServiceLifecycle
import Settings
import Supervision
import TipWire

/// Serves the door: the Unix socket always, loopback TCP where it is on.
///
/// The two are servers of their own, because a port that another program at the post has taken must not stop
/// `watchpost tip`: it is logged, and tried again.
struct DoorService: Service {
    /// How often a taken port is tried again.
    static let retryInterval = Duration.seconds(15)

    let door: Door
    let page: GuardPage
    /// For the page over HTTPS; nil where it is off.
    let identity: TLSIdentity?
    let token: String
    let notifier: SystemdNotifier
    let logger: Logger
    let onListening: @Sendable (LocalServer.ListeningAddress) -> Void

    func run() async throws {
        // Whoever waits for a receipt is answered "spooled" at once when the agent stops.
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await serve()
        } onCancelOrGracefulShutdown: {
            door.waiters.close()
            door.board.bell.close()
        }
    }

    private func serve() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server(.unix(path: door.settings.socketPath), try door.router(token: token, page: page)) { _ in
                    // Ready means that tips are taken; the daemon may be away for days.
                    let depth = door.spool.counts.depth
                    notifier.ready(status: "taking tips at \(door.settings.socketPath); \(depth) tips spooled")
                }
            }
            if let listen = door.settings.httpListen {
                group.addTask {
                    try await serveTCP(.tcp(host: listen.host, port: listen.port), try door.router(token: token, page: page)) {
                        door.ports.opened(http: $0)
                    }
                }
            }
            if let listen = door.settings.page.listen, let identity {
                group.addTask {
                    // The page and nothing else: what programs use stays on this machine.
                    let router = Router.local(peers: PeerCredentialMiddleware(onTCP: .leaveToLoopbackGuard), open: page.add)
                    try await serveTCP(.tls(host: listen.host, port: listen.port, identity: identity), router) {
                        door.ports.opened(page: $0)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func serveTCP(
        _ bind: LocalServer.Bind, _ router: Router<PeerRequestContext>, whenListening: @escaping @Sendable (Int) -> Void
    ) async throws {
        var said = ""
        while true {
            do {
                return try await server(bind, router) { address in
                    if case .tcp(_, let port) = address { whenListening(port) }
                }
            } catch let error as LocalServerError {
                if said != error.description {
                    logger.error("a local address is not available; it is tried again", metadata: ["error": "\(error)"])
                }
                said = error.description
            }
            await cancelWhenGracefulShutdown { try? await Task.sleep(for: Self.retryInterval) }
            if Task.isShuttingDownGracefully { return }
            try Task.checkCancellation()
        }
    }

    private func server(
        _ bind: LocalServer.Bind, _ router: Router<PeerRequestContext>,
        whenListening: @escaping @Sendable (LocalServer.ListeningAddress) -> Void
    ) async throws {
        let onListening = onListening
        try await LocalServer(router: router, binds: [bind], limits: Self.limits, handlers: .onLoop, logger: logger) { addresses in
            for address in addresses {
                whenListening(address)
                onListening(address)
            }
        }.run()
    }

    /// Room for a photo, and a minute for a phone on a weak network to send it. What all connections may hold together stays
    /// well below the unit's MemoryMax.
    private static let limits = LocalServer.Limits(bodyBytes: WireLimits.photoBytes, bodyTimeout: .seconds(60), connections: 40)
}

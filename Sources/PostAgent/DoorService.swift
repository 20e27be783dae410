import LocalHTTP
import Logging
import ServiceLifecycle
import Settings
import Supervision
import Synchronization

/// Serves the door: the Unix socket always, loopback TCP where it is on.
///
/// The two are servers of their own, because a port that another program at the post has taken must not stop
/// `watchpost tip`: it is logged, and tried again.
struct DoorService: Service {
    /// How often a taken port is tried again.
    static let retryInterval = Duration.seconds(15)

    let door: Door
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
                try await server(.unix(path: door.settings.socketPath)) {
                    // Ready means that tips are taken; the daemon may be away for days.
                    let depth = door.spool.counts.depth
                    notifier.ready(status: "taking tips at \(door.settings.socketPath); \(depth) tips spooled")
                }
            }
            if let listen = door.settings.httpListen {
                group.addTask { try await serveTCP(listen) }
            }
            try await group.waitForAll()
        }
    }

    private func serveTCP(_ listen: ListenAddress) async throws {
        var said = ""
        while true {
            do {
                return try await server(.tcp(host: listen.host, port: listen.port)) {}
            } catch let error as LocalServerError {
                if said != error.description {
                    logger.error("local HTTP is not available; it is tried again", metadata: ["error": "\(error)"])
                }
                said = error.description
            }
            await cancelWhenGracefulShutdown { try? await Task.sleep(for: Self.retryInterval) }
            if Task.isShuttingDownGracefully { return }
            try Task.checkCancellation()
        }
    }

    private func server(
        _ bind: LocalServer.Bind, whenListening: @escaping @Sendable () -> Void
    ) async throws {
        let onListening = onListening
        try await LocalServer(router: try door.router(token: token), binds: [bind], logger: logger) { addresses in
            for address in addresses { onListening(address) }
            whenListening()
        }.run()
    }
}

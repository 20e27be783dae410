public import Logging
import Hummingbird
import NIOCore
public import ServiceLifecycle

/// What a monitoring system may ask a process.
public struct Probes: Sendable {
    /// The metrics in Prometheus's text format.
    public var metrics: @Sendable () async -> String
    /// What speaks against being alive; empty for a process that is. It must not wait for anything.
    public var unhealthy: @Sendable () -> [String]
    /// What speaks against being of use; empty for a process that is ready.
    public var unready: @Sendable () async -> [String]

    public init(
        metrics: @escaping @Sendable () async -> String, unhealthy: @escaping @Sendable () -> [String],
        unready: @escaping @Sendable () async -> [String]
    ) {
        self.metrics = metrics
        self.unhealthy = unhealthy
        self.unready = unready
    }
}

/// `/metrics`, `/healthz` and `/readyz` on a loopback port of their own.
///
/// A port that another program has taken is logged and tried again: nobody may go without the alarm because nobody can
/// measure it. The answers hold no text of a tip and no name of a person, but they tell what a station does, so they stay
/// on this machine; there is no token, since every scraper would have to have it.
public struct MonitoringService: Service, CustomStringConvertible {
    /// How often a taken port is tried again.
    static let retryInterval = Duration.seconds(15)

    public let description = "monitoring"
    private let host: String
    private let port: Int
    private let probes: Probes
    private let logger: Logger
    private let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - host: a loopback address.
    ///   - port: 0 lets the kernel choose.
    ///   - onListening: told the port, each time that it is opened.
    public init(
        host: String, port: Int, probes: Probes, logger: Logger, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.probes = probes
        self.logger = logger
        self.onListening = onListening
    }

    public func run() async throws {
        var said = ""
        while true {
            let onListening = onListening
            let server = LocalServer(
                router: router(), binds: [.tcp(host: host, port: port)], limits: .init(bodyBytes: 0, connections: 16), logger: logger
            ) { addresses in
                if case .tcp(_, let port) = addresses.first { onListening(port) }
            }
            do {
                return try await server.run()
            } catch let error as LocalServerError {
                if said != error.description {
                    logger.error("the monitoring address is not available; it is tried again", metadata: ["error": "\(error)"])
                }
                said = error.description
            }
            await cancelWhenGracefulShutdown { try? await Task.sleep(for: Self.retryInterval) }
            if Task.isShuttingDownGracefully { return }
            try Task.checkCancellation()
        }
    }

    private func router() -> Router<PeerRequestContext> {
        let probes = probes
        return Router.local(peers: PeerCredentialMiddleware(onTCP: .leaveToLoopbackGuard)) { router in
            router.add(middleware: LoopbackSource())
            router.get("/metrics") { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: await probes.metrics())))
            }
            router.get("/healthz") { _, _ in Self.verdict(probes.unhealthy()) }
            router.get("/readyz") { _, _ in Self.verdict(await probes.unready()) }
        }
    }

    private struct Verdict: Encodable {
        var status: String
        var problems: [String]
    }

    private static func verdict(_ problems: [String]) -> Response {
        jsonResponse(problems.isEmpty ? .ok : .serviceUnavailable, Verdict(status: problems.isEmpty ? "ok" : "failing", problems: problems))
    }
}

/// Refuses pages of other sites, which a browser on this machine could be made to load.
private struct LoopbackSource: RouterMiddleware {
    func handle(
        _ request: Request, context: PeerRequestContext, next: (Request, PeerRequestContext) async throws -> Response
    ) async throws -> Response {
        if let refusal = LoopbackPolicy.checkSource(.init(request)) { throw refusal.reply }
        return try await next(request, context)
    }
}

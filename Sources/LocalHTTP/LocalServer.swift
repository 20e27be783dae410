public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

/// An HTTP/1.1 server: one router on Unix sockets and loopback TCP ports, and on other addresses only with TLS.
///
/// It runs until graceful shutdown; requests in progress then finish (their body has a deadline; a handler's own time is the handler's) and
/// the socket files are removed.
public struct LocalServer: Service {
    /// Where to listen.
    public enum Bind: Sendable, Equatable {
        /// A Unix socket file with permission bits `mode`, 0600 in every case we know. The directory must exist and be writable.
        case unix(path: String, mode: UInt32 = 0o600)
        /// A port on 127.0.0.1, ::1 or localhost; 0 lets the kernel choose.
        case tcp(host: String, port: Int)
        /// A port on any address, with TLS.
        case tls(host: String, port: Int, identity: TLSIdentity)
    }

    /// Where the server listens now.
    public enum ListeningAddress: Sendable, Equatable {
        /// A Unix socket.
        case unix(path: String)
        /// A TCP port, never 0.
        case tcp(host: String, port: Int)
    }

    /// Where requests are handled. A handler blocks neither.
    public enum Handlers: Sendable {
        /// On Swift's pool, so that one that works for long holds up no other connection.
        case onPool
        /// On the connection's event loop: what is handled in a moment is answered without another thread being woken.
        case onLoop
    }

    /// What one peer may use up.
    public struct Limits: Sendable {
        /// The most that `bodyBytes` may be.
        public static let greatestBody = 16 * 1024 * 1024
        /// An answer up to this is written as a whole. Bytes.
        static let shortAnswer = 64 * 1024
        /// A longer body is answered 413. Bytes.
        public var bodyBytes: Int
        /// A body must arrive within this time or its connection is closed.
        public var bodyTimeout: Duration
        /// A peer must take an answer within this time or its connection is closed.
        public var answerTimeout = Duration.seconds(60)
        /// A connection that is between requests, or in the middle of a request's head, is closed after this time.
        public var idleTimeout: Duration
        /// The connections open at once on one bind; more wait in the kernel's queue (256).
        public var connections: Int

        /// The limits; `bodyBytes` is held to `greatestBody`.
        public init(
            bodyBytes: Int = 64 * 1024, bodyTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(30), connections: Int = 64
        ) {
            self.bodyBytes = min(max(bodyBytes, 0), Self.greatestBody)
            self.bodyTimeout = bodyTimeout
            self.idleTimeout = idleTimeout
            self.connections = max(connections, 1)
        }
    }

    private let responder: LimitedResponder
    private let binds: [Bind]
    private let limits: Limits
    private let handlers: Handlers
    private let inherited: [Int: Int32]
    private let logger: Logger
    private let onListening: @Sendable ([ListeningAddress]) async -> Void

    /// A server that has not started.
    ///
    /// - Parameters:
    ///   - router: made with `Router.local(peers:loopback:)` and complete: routes added later are not served.
    ///   - binds: where to listen, all with the same routes.
    ///   - limits: what one peer may use up.
    ///   - handlers: where requests are handled.
    ///   - inherited: sockets that listen already, from systemd, by the number of the bind they stand for. They are closed with the server; a
    ///     Unix socket's file is then systemd's, its mode too.
    ///   - logger: for starting, stopping and failed requests. Never a body or a token.
    ///   - onListening: called once, when every bind is open, with the addresses in the order of `binds`.
    public init(
        router: Router<PeerRequestContext>, binds: [Bind], limits: Limits = Limits(), handlers: Handlers = .onPool,
        inherited: [Int: Int32] = [:], logger: Logger,
        onListening: @escaping @Sendable ([ListeningAddress]) async -> Void = { _ in }
    ) {
        self.responder = LimitedResponder(routes: router.buildResponder(), limits: limits)
        self.binds = binds
        self.limits = limits
        self.handlers = handlers
        self.inherited = inherited
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: `LocalServerError` if a bind fails; the other binds are then closed too.
    public func run() async throws {
        let arrivals = Arrivals(expected: binds.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, bind) in binds.enumerated() {
                group.addTask {
                    try await serve(bind, inherited: inherited[index]) { address in
                        guard let all = arrivals.add(address, at: index) else { return }
                        await onListening(all)
                    }
                }
            }
            // Not waitForAll: that would wait for the other servers before it throws.
            for try await _ in group {}
        }
    }

    private func serve(
        _ bind: Bind, inherited: Int32?, arrived: @escaping @Sendable (ListeningAddress) async -> Void
    ) async throws {
        if let inherited { return try await serve(bind, descriptor: inherited, arrived: arrived) }
        switch bind {
        case .tcp(let host, let port):
            guard ["127.0.0.1", "::1", "localhost"].contains(host) else { throw LocalServerError.notLoopback(host: host) }
            try await serve(host: host, port: port, identity: nil, arrived: arrived)
        case .tls(let host, let port, let identity):
            try await serve(host: host, port: port, identity: identity, arrived: arrived)
        case .unix(let path, let mode):
            let file = try UnixSocketFile(path: path, mode: mode)
            let outcome = BindOutcome()
            let application = application(.unixDomainSocket(path: file.bindPath), transport: .unix) { channel in
                outcome.isBound.store(true, ordering: .relaxed)
                do throws(LocalServerError) {
                    let identity = try file.publish()
                    outcome.published.withLock { $0 = .success(identity) }
                    logger.info("listening", metadata: ["socket": "\(path)"])
                    await arrived(.unix(path: path))
                } catch {
                    // Hummingbird's hook cannot throw: closing the listener ends `run`, and the failure is thrown from there.
                    outcome.published.withLock { $0 = .failure(error) }
                    channel.close(promise: nil)
                }
            }
            do {
                try await application.run()
            } catch {
                let published = outcome.published.withLock { $0 }
                switch published {
                case .success(let identity): file.remove(identity)
                case .failure(let failure): throw failure
                case nil: file.abandon()
                }
                throw outcome.describe(error, address: path)
            }
            if case .success(let identity) = outcome.published.withLock({ $0 }) { file.remove(identity) } else { file.abandon() }
        }
    }

    private func serve(
        host: String, port: Int, identity: TLSIdentity?, arrived: @escaping @Sendable (ListeningAddress) async -> Void
    ) async throws {
        let outcome = BindOutcome()
        let application = application(.hostname(host, port: port), transport: .tcp, identity: identity) { channel in
            outcome.isBound.store(true, ordering: .relaxed)
            let bound = channel.localAddress?.port ?? port
            logger.info("listening", metadata: ["host": "\(host)", "port": "\(bound)", "tls": "\(identity != nil)"])
            await arrived(.tcp(host: host, port: bound))
        }
        do {
            try await application.run()
        } catch {
            throw outcome.describe(error, address: "\(host):\(port)")
        }
    }

    private func application(
        _ address: BindAddress, transport: Transport, identity: TLSIdentity? = nil, onServerRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> Application<LimitedResponder> {
        // Hummingbird announces the bind at info level, with the temporary name; `listening` above says it better.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return Application(
            responder: responder,
            server: HTTPServerBuilder { responder in
                try channel(transport: transport, identity: identity, responder: responder)
            },
            configuration: ApplicationConfiguration(
                address: address, availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: quiet)),
            onServerRunning: onServerRunning,
            logger: quiet)
    }

    private func channel(
        transport: Transport, identity: TLSIdentity?, responder: @escaping HTTPChannelHandler.Responder
    ) throws -> any ServerChildChannel {
        let http = HTTP1Channel.Configuration(
            idleTimeout: TimeAmount(limits.idleTimeout),
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 64))
        let plain = IdentifyingChannel(
            http: HTTP1Channel(responder: responder, configuration: http), transport: transport, isSecure: identity != nil,
            logLevel: logger.logLevel, handlers: handlers)
        guard let identity else { return plain }
        return try TLSChannel(plain, tlsConfiguration: identity.configuration)
    }

    private func serve(
        _ bind: Bind, descriptor: Int32, arrived: @escaping @Sendable (ListeningAddress) async -> Void
    ) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let answer = InheritedServer.answer(responder, logger: quiet)
        let child: any ServerChildChannel
        let address: ListeningAddress
        switch bind {
        case .tcp(let host, let port):
            child = try channel(transport: .tcp, identity: nil, responder: answer)
            address = .tcp(host: host, port: port)
        case .tls(let host, let port, let identity):
            child = try channel(transport: .tcp, identity: identity, responder: answer)
            address = .tcp(host: host, port: port)
        case .unix(let path, _):
            child = try channel(transport: .unix, identity: nil, responder: answer)
            address = .unix(path: path)
        }
        let server = InheritedServer(descriptor: descriptor, connections: limits.connections, logger: quiet)
        try await server.run(child) {
            logger.info("listening on a socket from systemd", metadata: ["address": "\(address)"])
            await arrived(address)
        }
    }
}

/// What the start hook learned, for the code that waits on the server's end.
private final class BindOutcome: Sendable {
    let isBound = Atomic<Bool>(false)
    let published = Mutex<Result<UnixSocketFile.Identity, LocalServerError>?>(nil)

    /// An error before the listener was open is a failed bind; a later one is passed on as it is.
    func describe(_ error: any Error, address: String) -> any Error {
        guard !isBound.load(ordering: .relaxed), !(error is CancellationError) else { return error }
        let text = (error as? IOError).map { reason(errno: $0.errnoCode) } ?? "\(error)"
        return LocalServerError.cannotBind(address: address, reason: text)
    }
}

/// Collects the addresses until all have arrived.
private final class Arrivals: Sendable {
    private let addresses: Mutex<[LocalServer.ListeningAddress?]>

    init(expected: Int) { addresses = Mutex(Array(repeating: nil, count: expected)) }

    /// All addresses, for the caller that brings the last one.
    func add(_ address: LocalServer.ListeningAddress, at index: Int) -> [LocalServer.ListeningAddress]? {
        addresses.withLock { known in
            known[index] = address
            let all = known.compactMap { $0 }
            return all.count == known.count ? all : nil
        }
    }
}

import Access
public import LocalHTTP
public import Logging
public import ServiceLifecycle
public import Settings
public import Supervision
public import TipModel
import ZeroMQ

/// A post agent that cannot start, in words to act on.
public struct PostAgentError: Error, Sendable, CustomStringConvertible {
    /// A sentence to act on.
    public var message: String
    /// The message.
    public var description: String { message }
}

/// Builds the post agent: the spool is opened and the files are checked here; nothing listens or connects before ``PostAgentService/run()``.
///
/// - Parameters:
///   - bundle: the post's keys and endpoints, as `settings.bundleFile` holds them.
///   - notifier: for READY, the status line and the watchdog; without systemd it does nothing.
///   - software: name and version, told to the station; at most 64 bytes.
///   - onListening: called for each address that is open, from any thread.
/// - Throws: ``PostAgentError``, ``SpoolError`` (such as a second agent on the same spool).
public func makePostAgent(
    settings: AgentSettings, bundle: KeyBundle, notifier: SystemdNotifier, logger: Logger, time: any TimeSource,
    software: String = "watchpost", onListening: @escaping @Sendable (LocalServer.ListeningAddress) -> Void = { _ in }
) throws -> PostAgentService {
    guard case .post(let post, let zone) = bundle.holder else {
        throw PostAgentError(message: "\(settings.bundleFile) is the bundle of a patrol unit; an agent needs a post's")
    }
    let keys: ClientKeys
    do throws(ClientKeysError) { keys = try ClientKeys(bundle) } catch {
        throw PostAgentError(message: "\(settings.bundleFile): \(error)")
    }
    let endpoints = settings.endpoints ?? bundle.endpoints
    guard !endpoints.isEmpty else { throw PostAgentError(message: "no endpoint of the daemon is configured") }

    let (identity, pin) = try pageSecrets(settings.page)
    let spool = try Spool(directory: settings.dataDirectory, limits: Spool.Limits(settings), logger: logger)
    do {
        let token = try DoorToken.load(path: settings.tokenFile)
        let clock = PostClock(time: time, earlier: spool.earlierDaemonTime)
        let board = AgentBoard()
        board.change { $0.endpoint = endpoints.first ?? "" }
        let waiters = OutcomeWaiters()
        let sender = try Sender(
            SenderParts(
                settings: settings.sending, maxAge: settings.spool.maxAge, keys: keys, endpoints: endpoints, spool: spool,
                clock: clock, board: board, waiters: waiters, notifier: notifier, logger: logger, software: software))
        let door = Door(
            post: post.rawValue, zone: zone.rawValue, settings: settings, spool: spool, clock: clock, board: board,
            waiters: waiters, sender: sender)
        let page = GuardPage(
            door: door, sessions: PageSessions(spool: spool, time: time, pin: pin),
            view: try PageView(post: post.rawValue, settings: settings.page))
        let monitoring = AgentMonitoring(
            spool: spool, clock: clock, board: board, limits: spool.limits, directory: settings.dataDirectory, software: software,
            startedAt: time.now())
        let metrics = settings.metricsListen.map {
            [MonitoringService(host: $0.host, port: $0.port, probes: monitoring.probes, logger: logger)] as [any Service]
        }
        // In order of start; they stop in reverse: no new tips, then no connection, then the file is closed.
        return PostAgentService(
            services: [
                SpoolKeeper(spool: spool),
                sender,
                DoorService(
                    door: door, page: page, identity: identity, token: token, notifier: notifier, logger: logger, onListening: onListening),
            ] + (metrics ?? []), notifier: notifier, logger: logger)
    } catch {
        spool.close()
        throw error
    }
}

/// What the page over HTTPS needs; nothing where it is off.
private func pageSecrets(_ page: AgentSettings.Page) throws(PostAgentError) -> (TLSIdentity?, pin: String?) {
    guard page.listen != nil else { return (nil, nil) }
    let advice = "watchpost agent-page --make-certificate makes a pair, or set page.listen: off"
    let certificate: [UInt8], key: [UInt8]
    do throws(SecretFile.Failure) {
        certificate = try SecretFile.read(page.certificateFile, requirePrivate: false)
        key = try SecretFile.read(page.keyFile)
    } catch {
        throw PostAgentError(message: "\(error); \(advice)")
    }
    let identity: TLSIdentity
    do throws(TLSIdentity.Failure) {
        identity = try TLSIdentity(certificate: certificate, key: key)
    } catch {
        throw PostAgentError(message: "\(page.certificateFile), \(page.keyFile): \(error); \(advice)")
    }
    return (identity, try PagePin.load(path: page.pinFile))
}

/// The store-and-forward service of a post, made by ``makePostAgent(settings:bundle:notifier:logger:time:software:onListening:)``.
///
/// Runs until graceful shutdown, which takes less than ``shutdownLimit``; run it once, in a `ServiceGroup` with SIGTERM and SIGINT.
public struct PostAgentService: Service {
    /// Then what has not ended is cancelled.
    public static let shutdownLimit = Duration.seconds(4)

    private let services: [any Service]
    private let notifier: SystemdNotifier
    private let logger: Logger

    init(services: [any Service], notifier: SystemdNotifier, logger: Logger) {
        self.services = services
        self.notifier = notifier
        self.logger = logger
    }

    /// Serves until graceful shutdown or cancellation.
    /// - Throws: what ended a part of the agent; a supervisor starts it again.
    public func run() async throws {
        var configuration = ServiceGroupConfiguration(services: services, logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.shutdownLimit
        let group = ServiceGroup(configuration: configuration)
        let notifier = notifier
        try await withGracefulShutdownHandler {
            try await group.run()
        } onGracefulShutdown: {
            notifier.stopping()
        }
    }
}

/// Closes the spool after everything that uses it has ended.
private struct SpoolKeeper: Service {
    let spool: Spool

    func run() async throws {
        defer { spool.close() }
        try? await gracefulShutdown()
    }
}

internal import Access
internal import Board
internal import Feed
internal import Glibc
internal import Ingest
internal import Journal
internal import LocalHTTP
public import Logging
public import ServiceLifecycle
public import Settings
internal import Station
internal import Supervision
internal import TipModel
internal import ZeroMQ

/// The program's version, as status, logs and packages show it.
public let watchpostVersion = "0.1.0"

/// The daemon, built and started, waiting to be run by a service group.
public struct Daemon: Sendable {
    /// In order of start; a service group stops them in reverse.
    public let services: [any Service]
    /// The addresses bound, with the ports where the configuration leaves them open.
    public let tipsEndpoint: String
    public let feedEndpoint: String
    public let daemonPublicKey: String
    public let adminSocket: String
}

/// Builds and starts the daemon. This is the whole of it, in order:
///
///     journal → state → keys → ZAP → core → ingest → feed → admin socket → board → monitoring → presence → reload → supervision
///
/// - Parameters:
///   - configPath: where a reload reads again; nil in tests, where nothing is reloaded.
///   - environment: for systemd's variables.
/// - Throws: ``DaemonError`` with the exit code.
public func makeDaemon(
    _ settings: DaemonSettings, configPath: String?, environment: [String: String], logger: Logger
) throws(DaemonError) -> Daemon {
    let time = SystemTime()
    let notifier = SystemdNotifier(environment: environment, logger: logger)
    let inherited = InheritedSockets(environment: environment, logger: logger)
    let gate = WatchdogGate()
    func beat(_ name: String) -> @Sendable () -> Void {
        let beat = gate.register(name: name, bound: .seconds(10), now: monotonic(time))
        return { beat.tick(now: monotonic(time)) }
    }

    try makeDirectory(settings.dataDirectory)
    let journal = try openJournal(settings)
    let (state, heads) = try replay(journal, logger: logger, notifier: notifier)
    let key = try loadKey(settings, environment: environment)

    let table = AccessTable()
    table.replace(with: state.enrolments.values)
    let gatekeeper = Gatekeeper(table: table) { key, address in
        logger.warning(
            "refused a key that is not enrolled; further tries of it are only counted",
            metadata: ["key": "\(key)", "from": "\(address)"])
    }
    let live = LiveSettings(settings)
    let presence = Presence()
    let wiring = Wiring()

    do {
        let context = try Context(ioThreads: 1)
        let zap = try ZAPServer(context) { gatekeeper.decide($0) }
        try zap.start()

        let station = try StationService(
            journal: journal, settings: .init(settings), ports: wiring.stationPorts(table: table, beat: beat("core")),
            time: time, logger: logger)
        let disk = try DiskWatch(directory: settings.dataDirectory, settings: settings.disk, logger: logger) { station.offer(.disk($0)) }
        let attachments = try wiring.attachments(settings, station: station, disk: disk, logger: logger)
        let ingest = try IngestService(
            settings: .init(settings, inherited: inherited), table: table, room: station.room,
            ports: wiring.ingestPorts(
                station: station, presence: presence, attachments: attachments, live: live, time: time, beat: beat("ingest")),
            time: time, logger: logger)
        let journalPath = settings.dataDirectory + "/" + SQLiteJournal.fileName
        let feed = try FeedService(
            context: context, secretKey: key.secretKey, access: table,
            settings: .init(settings, inherited: inherited),
            ports: wiring.feedPorts(station: station, journalPath: journalPath, beat: beat("feed")), heads: heads,
            time: time, log: logger)
        let events = LiveHub(limits: .init(settings.board), head: state.sequence)
        wiring.connect(ingest: ingest, feed: feed, live: events)
        let accounts = try openAccounts(settings, station: station, time: time, logger: logger)

        try attachments.start()
        try disk.start()
        try station.start(state: state, rules: settings.triage, dispatch: settings.dispatch)
        let feedEndpoint = try startFeed(feed)
        let tipsEndpoint = try ingest.start(context, secretKey: key.secretKey)
        logger.info("tips are taken", metadata: ["endpoint": "\(tipsEndpoint)"])

        let view = StationView(
            station: station, ingest: ingest, feed: feed, gatekeeper: gatekeeper, presence: presence, live: live,
            time: time, startedAt: time.now(), tipsEndpoint: tipsEndpoint, feedEndpoint: feedEndpoint,
            daemonPublicKey: key.publicKey.z85, journalPath: journalPath, board: BoardAddress(), disk: disk,
            events: events, limits: .init(settings))
        let boardStation = BoardStation(
            view: view, accounts: accounts, tips: wiring.deskTips, reads: JournalReads(path: journalPath),
            figures: JournalReads(path: journalPath, parallel: 1, queued: 2),
            states: StateSource { () async throws(Rejection) in try await BoardStation.ask(station) }, live: events, attachments: settings.dataDirectory + "/attachments")
        let ready = Readiness(
            servers: settings.board.listen == nil ? 1 : 2, notifier: notifier, logger: logger,
            status: "taking tips at \(tipsEndpoint), feed at \(feedEndpoint)")
        let board = try makeBoardServer(
            settings.board, board: Board(ports: boardStation.ports, accounts: accounts, live: events, time: time, logger: logger),
            address: view.board, inherited: inherited, ready: ready, logger: logger)
        let monitoring = Monitoring(view: view, gate: gate, settings: settings)
        let adminDescriptor = inherited.take(path: settings.adminSocket)
        let unused = inherited.closeRest()
        if !unused.isEmpty {
            logger.warning(
                "systemd listens where the configuration does not; correct watchpostd.socket", metadata: ["addresses": "\(unused.joined(separator: ", "))"])
        }
        let reloader = Reloader(
            path: configPath, live: live, station: station, notifier: notifier, logger: logger)
        let admin = LocalServer(
            router: adminRouter(view: view, accounts: accounts, reloader: reloader), binds: [.unix(path: settings.adminSocket)],
            inherited: adminDescriptor.map { [0: $0] } ?? [:], logger: logger, onListening: { _ in ready.arrived() })

        return Daemon(
            services: [
                ThreadService("transport") {
                    let zapEnded = zap.stop(deadline: .seconds(1))
                    return context.terminate(within: .seconds(1)) && zapEnded
                },
                ThreadService("ingest answers") { ingest.stop(deadline: .seconds(1)) },
                ThreadService("disk") { disk.stop(deadline: .seconds(1)) },
                ThreadService("attachments") { attachments.stop(deadline: .seconds(1)) },
                ThreadService("core") { station.stop(deadline: .seconds(4)) },
                ThreadService("feed") { feed.stop(deadline: .seconds(1)) },
                ThreadService("ingest") {
                    ingest.stopReading()
                    return true
                },
                admin,
            ] + (board.map { [$0, LiveService(live: events)] as [any Service] } ?? [])
                + (settings.metrics.listen.map { [MonitoringService(host: $0.host, port: $0.port, probes: monitoring.probes, logger: logger)] as [any Service] } ?? []) + [
                PresenceService(presence: presence, station: station, live: live, time: time),
                reloader,
                SupervisionService(notifier: notifier, gate: gate, view: view, time: time, logger: logger),
            ],
            tipsEndpoint: tipsEndpoint, feedEndpoint: feedEndpoint, daemonPublicKey: key.publicKey.z85,
            adminSocket: settings.adminSocket)
    } catch let error as DaemonError {
        throw error
    } catch let error as ZeroMQError {
        throw DaemonError(.unavailable, "\(settings.tipsEndpoint): \(error)")
    } catch {
        throw DaemonError(.software, "\(error)")
    }
}

// MARK: Steps

/// Milliseconds of the monotonic clock as a duration.
func monotonic(_ time: some TimeSource) -> Duration { .milliseconds(time.monotonicMilliseconds()) }

private func makeDirectory(_ path: String) throws(DaemonError) {
    var partial = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
        partial += (partial.isEmpty || partial.hasSuffix("/") ? "" : "/") + part
        if mkdir(partial, 0o700) == 0 { continue }
        // What is there is enough, also where nothing could be made.
        let reason = errno
        guard access(partial, F_OK) == 0 else {
            throw DaemonError(.inputOutput, "\(partial): cannot be made: \(String(cString: strerror(reason)))")
        }
    }
    guard access(path, W_OK | X_OK) == 0 else {
        throw DaemonError(.inputOutput, "\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
}

private func openJournal(_ settings: DaemonSettings) throws(DaemonError) -> SQLiteJournal {
    var options = SQLiteJournal.Options()
    options.busy = settings.journal.busy
    do {
        return try SQLiteJournal(directory: settings.dataDirectory, options: options)
    } catch {
        throw DaemonError(error.code == .locked ? .temporary : .inputOutput, error.message)
    }
}

private func replay(
    _ journal: SQLiteJournal, logger: Logger, notifier: SystemdNotifier
) throws(DaemonError) -> (StationState, FeedCursor) {
    do throws(JournalError) {
        let reader = try journal.makeReader()
        defer { reader.close() }
        let begun = ContinuousClock.now
        var reported = begun
        let state = try Replay.state(from: reader) { done, last in
            guard ContinuousClock.now - reported > .seconds(2) else { return }
            reported = ContinuousClock.now
            notifier.status("reading the journal: \(done) of \(last)")
            logger.info("reading the journal", metadata: ["record": "\(done)", "of": "\(last)"])
        }
        let heads = try reader.laneHeads()
        logger.info(
            "the journal is read",
            metadata: ["records": "\(state.sequence)", "open_incidents": "\(state.openIncidents.reduce(0) { count, _ in count + 1 })", "took": "\(ContinuousClock.now - begun)"])
        return (state, heads)
    } catch {
        throw DaemonError(.inputOutput, error.message)
    }
}

private func loadKey(
    _ settings: DaemonSettings, environment: [String: String]
) throws(DaemonError) -> CurveKeyPair {
    // A key that systemd decrypted for this service comes before one in a file.
    let credential = Credentials(environment: environment).path(of: "watchpostd.key", sealed: "watchpostd.sealed-key")
    do {
        return try DaemonKey.load(path: credential ?? settings.secretKeyFile, isCredential: credential != nil)
    } catch {
        throw DaemonError(.configuration, "\(error)")
    }
}

private func startFeed(_ feed: FeedService) throws(DaemonError) -> String {
    do {
        return try feed.start()
    } catch {
        throw DaemonError(.unavailable, "\(error)")
    }
}

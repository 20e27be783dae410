public import Logging
internal import ServiceLifecycle
public import Settings
internal import Station
internal import Supervision
internal import Synchronization
internal import TipModel
internal import UnixSignals

/// Tells systemd that tips are taken, once everything listens: tips and feed before this is made, and each of the HTTP servers.
final class Readiness: Sendable {
    private let awaited: Atomic<Int>
    private let notifier: SystemdNotifier
    private let logger: Logger
    private let status: String

    /// - Parameter servers: how many have to call ``arrived()``.
    init(servers: Int, notifier: SystemdNotifier, logger: Logger, status: String) {
        awaited = Atomic(servers)
        self.notifier = notifier
        self.logger = logger
        self.status = status
    }

    /// One of the servers listens.
    func arrived() {
        guard awaited.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        notifier.ready(status: status)
        logger.notice("ready", metadata: ["status": "\(status)"])
    }
}

/// Once a second: samples the rate and looks for posts that have fallen silent.
struct PresenceService: Service {
    let presence: Presence
    let station: StationService
    let live: LiveSettings
    let time: any TimeSource

    func run() async throws {
        let presence = presence
        try await everySecond {
            _ = station.offer(.inspect { _, counters in presence.sample(accepted: counters.accepted) })
            let limit = live.settings.presence.silentAfter.wholeMilliseconds
            for (post, since) in presence.newlySilent(after: limit, now: time.monotonicMilliseconds()) {
                if !station.offer(.silent(post, since: since)) { presence.reportAgain(post) }
            }
        }
    }
}

/// Pings systemd's watchdog while every loop turns, keeps its status line, and says goodbye.
struct SupervisionService: Service {
    let notifier: SystemdNotifier
    let gate: WatchdogGate
    let view: StationView
    let time: any TimeSource
    let logger: Logger

    func run() async throws {
        let wasStale = Mutex(false)
        let seconds = Mutex(0)
        let refusals = Mutex(RefusalJournal())
        try await everySecond {
            let now = time.monotonicMilliseconds()
            for line in refusals.withLock({ $0.lines(view.refusals, now: now) }) {
                logger.warning(
                    line.isFirst ? "refused; repeats are counted and told once a minute" : "refused again",
                    metadata: ["kind": "\(line.kind)", "times": "\(line.count)"])
            }
            switch gate.shouldPing(now: monotonic(time)) {
            case .ping:
                notifier.watchdogPing()
                wasStale.withLock { $0 = false }
            case .withhold(let stale):
                let isNew = wasStale.withLock { was in
                    defer { was = true }
                    return !was
                }
                if isNew { logger.critical("a loop hangs; the watchdog is not pinged", metadata: ["loops": "\(stale)"]) }
            }
            let isDue = seconds.withLock { seconds in
                seconds += 1
                return seconds % 10 == 0
            }
            if isDue, notifier.isEnabled { notifier.status(view.statusLine) }
        }
        notifier.stopping()
    }
}

/// Runs `body` each second until graceful shutdown.
private func everySecond(_ body: @escaping @Sendable () -> Void) async throws {
    await cancelWhenGracefulShutdown {
        while !Task.isCancelled {
            body()
            try? await Task.sleep(for: .seconds(1))
        }
    }
}

/// Reads the configuration again on SIGHUP or at the desk's request: all of it is applied or none.
final class Reloader: Service {
    struct Result: Sendable {
        var applied: Bool
        var needRestart: [String] = []
        var issues: [String] = []
    }

    private let path: String?
    private let live: LiveSettings
    private let station: StationService
    private let notifier: SystemdNotifier
    private let logger: Logger
    /// One at a time: a signal and a request may come together, and the files read last must be what holds.
    private let turn = Mutex(())

    init(path: String?, live: LiveSettings, station: StationService, notifier: SystemdNotifier, logger: Logger) {
        self.path = path
        self.live = live
        self.station = station
        self.notifier = notifier
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) { _ = self.reload() }
        }
    }

    func reload() -> Result { turn.withLock { _ in reloadInTurn() } }

    private func reloadInTurn() -> Result {
        guard let path else { return Result(applied: false, issues: ["this daemon has no configuration file"]) }
        notifier.reloading()
        defer { notifier.ready() }
        do throws(SettingsError) {
            let next = try DaemonSettings.load(path: path)
            var running = live.settings
            let needRestart = next.restartOnlyDifferences(from: running)
            guard station.offer(.rules(next.triage, dispatch: next.dispatch)) else {
                return Result(applied: false, issues: ["the core is busy; try again"])
            }
            running.reload(from: next)
            live.replace(running)
            JournaldStderrHandler.setLevel(Logger.Level(next.logLevel))
            logger.notice(
                "configuration reloaded",
                metadata: needRestart.isEmpty ? [:] : ["need_restart": "\(needRestart.joined(separator: ", "))"])
            return Result(applied: true, needRestart: needRestart)
        } catch {
            let issues = error.issues.map { "\($0)" }
            logger.error("configuration refused; running on with the old one", metadata: ["issues": "\(issues.joined(separator: "; "))"])
            return Result(applied: false, issues: issues)
        }
    }
}

extension Logger.Level {
    /// The same name in swift-log.
    public init(_ level: LogLevel) { self = Logger.Level(rawValue: level.rawValue) ?? .info }
}

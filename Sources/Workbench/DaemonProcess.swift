public import Administration
import Access
import Glibc
public import Settings
import Synchronization
import ZeroMQ

/// `watchpostd` as a process of its own: written a configuration, started, waited for, stopped or killed, and started
/// again on the same data.
public final class DaemonProcess: Sendable {
    /// What to run.
    public struct Plan: Sendable {
        public var binaries: Binaries
        /// Configuration, data and log; made when missing. Keep it short: the admin socket's path has a limit.
        public var directory: String
        /// The texts of `zones.yaml` and `triage.yaml`.
        public var zones: String
        public var triage: String
        /// The text of `dispatch.yaml`.
        public var dispatch = SampleDistrict.noEscalation
        /// Where it listens; `*` takes a free port, which a restart then keeps.
        public var tipsEndpoint = "tcp://127.0.0.1:*"
        public var feedEndpoint = "tcp://127.0.0.1:*"
        /// Further files beside `triage.yaml`, by name: what it refers to.
        public var files: [String: String] = [:]
        /// Further lines of `watchpostd.yaml`.
        public var more = ""
        public var logLevel = "info"

        public init(
            binaries: Binaries, directory: String, zones: String = SampleDistrict.zones,
            triage: String = SampleDistrict.triage()
        ) {
            self.binaries = binaries
            self.directory = directory
            self.zones = zones
            self.triage = triage
        }
    }

    private struct Contents {
        var child: ChildProcess?
        var tipsEndpoint: String
        var feedEndpoint: String
    }

    public let plan: Plan
    private let contents: Mutex<Contents>

    public var dataDirectory: String { plan.directory + "/data" }
    public var adminSocket: String { plan.directory + "/data/admin.sock" }
    public var configuration: String { plan.directory + "/watchpostd.yaml" }
    /// Standard error of every run.
    public var log: String { plan.directory + "/watchpostd.log" }
    /// Where posts and patrols connect; known after the first start.
    public var tipsEndpoint: String { contents.withLock { $0.tipsEndpoint } }
    public var feedEndpoint: String { contents.withLock { $0.feedEndpoint } }
    public var admin: AdminClient { AdminClient(socket: adminSocket) }
    /// 0 while it does not run.
    public var processID: Int32 { contents.withLock { $0.child?.processID } ?? 0 }

    /// Writes the files; starts nothing.
    public init(_ plan: Plan) throws(WorkbenchError) {
        self.plan = plan
        contents = Mutex(Contents(tipsEndpoint: plan.tipsEndpoint, feedEndpoint: plan.feedEndpoint))
        guard (plan.directory + "/data/admin.sock").utf8.count <= maximumSocketPathBytes else {
            throw WorkbenchError("\(plan.directory) is too long a path for a Unix socket in it")
        }
        try makeFolder(plan.directory)
        try writeFile(plan.directory + "/zones.yaml", plan.zones)
        try writeFile(plan.directory + "/triage.yaml", plan.triage)
        for (name, text) in plan.files { try writeFile(plan.directory + "/" + name, text) }
        try writeFile(plan.directory + "/dispatch.yaml", plan.dispatch)
    }

    /// Starts it and waits until its admin socket answers.
    /// - Throws: when it ends first, with the end of its log, or is not ready within `deadline`, and then it is killed.
    @discardableResult
    public func start(within deadline: Duration = .seconds(20)) async throws -> StatusReport {
        let (tips, feed) = contents.withLock { ($0.tipsEndpoint, $0.feedEndpoint) }
        try writeFile(
            configuration,
            """
            data_directory: data
            tips_endpoint: '\(tips)'
            feed_endpoint: '\(feed)'
            zones_file: zones.yaml
            triage_file: triage.yaml
            dispatch_file: dispatch.yaml
            log_level: \(plan.logLevel)
            \(plan.more.contains("board:") ? "" : "board: {listen: off}")
            \(plan.more.contains("disk:") ? "" : "disk: {low_water: 1MiB, reserve: 1MiB}")
            \(plan.more.contains("metrics:") ? "" : "metrics: {listen: off}")
            \(plan.more)
            """ + "\n")
        let child = try ChildProcess(
            plan.binaries.daemon, ["--config", configuration], output: log, errors: log)
        contents.withLock { $0.child = child }
        let admin = AdminClient(socket: adminSocket, timeout: .seconds(2))
        do {
            let status = try await retrying(within: deadline, child, log: log) { try? await admin.status() }
            contents.withLock { contents in
                contents.tipsEndpoint = status.ingest.endpoint
                contents.feedEndpoint = status.feed.endpoint
            }
            return status
        } catch {
            await child.kill()
            throw error
        }
    }

    /// SIGTERM; SIGKILL when it has not ended after `deadline`.
    /// - Returns: how it ended; nil when it did not run.
    @discardableResult
    public func stop(within deadline: Duration = .seconds(10)) async -> ExitStatus? {
        let child = take()
        return await child?.stop(within: deadline)
    }

    /// SIGKILL: what a power cut leaves of the process.
    @discardableResult
    public func kill() async -> ExitStatus? {
        let child = take()
        return await child?.kill()
    }

    /// Sends a signal, such as SIGHUP.
    public func signal(_ number: Int32) { contents.withLock { $0.child }?.signal(number) }

    /// How it ended by itself; nil while it runs and before the first start.
    public var exit: ExitStatus? { contents.withLock { $0.child }?.exit }

    private func take() -> ChildProcess? {
        contents.withLock { contents in
            defer { contents.child = nil }
            return contents.child
        }
    }

    /// Makes a key pair and enrols it.
    /// - Returns: the bundle with the secret; nothing is written.
    public func enrol(_ subject: EnrolmentSubject, replace: Bool = false) async throws -> KeyBundle {
        let keys = try CurveKeyPair.generate()
        let enrolled = try await admin.enrol(subject, publicKey: keys.publicKey.z85, replace: replace)
        return KeyBundle(subject, keys: keys, enrolled: enrolled)
    }

    /// The end of its log.
    public func logTail(lines: Int = 10) -> String { tail(log, lines: lines) }
}

/// Asks again and again until there is an answer. For the readiness of a process, which tells nobody by itself.
/// - Throws: when the child ends first or `deadline` is over, with the end of its log.
func retrying<Answer: Sendable>(
    within deadline: Duration, _ child: ChildProcess, log: String, _ ask: @Sendable () async throws -> Answer?
) async throws -> Answer {
    let clock = ContinuousClock()
    let end = clock.now + deadline
    while true {
        if let exit = child.exit { throw WorkbenchError("it ended with \(exit) before it was ready:\n\(tail(log))") }
        if let answer = try await ask() { return answer }
        guard clock.now < end else { throw WorkbenchError("it was not ready within \(deadline):\n\(tail(log))") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Asks until `ask` has an answer or `deadline` is over; for what another process does in its own time.
/// - Returns: nil when there was none in time.
public func eventually<Answer: Sendable>(
    within deadline: Duration, every interval: Duration = .milliseconds(50), _ ask: @Sendable () async throws -> Answer?
) async throws -> Answer? {
    let clock = ContinuousClock()
    let end = clock.now + deadline
    while true {
        if let answer = try await ask() { return answer }
        guard clock.now < end else { return nil }
        try await Task.sleep(for: interval)
    }
}

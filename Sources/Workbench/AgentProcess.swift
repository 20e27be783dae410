import Access
import FoundationEssentials
public import LocalHTTP
public import Settings
import Synchronization

/// `watchpost agent` as a process of its own, with its spool in a folder that outlives it.
public final class AgentProcess: Sendable {
    public let directory: String
    private let binaries: Binaries
    private let endpoints: Mutex<[String]?>
    private let more: String
    private let child = Mutex<ChildProcess?>(nil)

    public var socket: String { directory + "/agent.sock" }
    public var configuration: String { directory + "/agent.yaml" }
    /// Standard error of every run.
    public var log: String { directory + "/agent.log" }
    /// Requests to its door.
    public var door: LocalHTTPClient { LocalHTTPClient(.unix(socket)) }

    /// Writes the bundle with mode 0600; starts nothing.
    /// - Parameters:
    ///   - directory: made when missing; short, for the socket's path.
    ///   - endpoints: instead of those in the bundle.
    ///   - more: further lines of `agent.yaml`.
    public init(binaries: Binaries, directory: String, bundle: KeyBundle, endpoints: [String]? = nil, more: String = "") throws {
        self.more = more
        self.binaries = binaries
        self.directory = directory
        self.endpoints = Mutex(endpoints)
        guard (directory + "/agent.sock").utf8.count <= maximumSocketPathBytes else {
            throw WorkbenchError("\(directory) is too long a path for a Unix socket in it")
        }
        try makeFolder(directory)
        try SecretFile.create(directory + "/bundle.yaml", Array(bundle.render().utf8))
    }

    /// Other endpoints from the next start on; nil for those in the bundle.
    public func useEndpoints(_ list: [String]?) { endpoints.withLock { $0 = list } }

    /// Starts it and waits until it takes tips; whether it reaches the daemon is another matter.
    /// - Throws: when it ends first, or is not ready within `deadline`, and then it is killed.
    public func start(within deadline: Duration = .seconds(15)) async throws {
        let list = endpoints.withLock { $0 }.map { "endpoints: [" + $0.map { "'\($0)'" }.joined(separator: ", ") + "]" }
        try writeFile(
            configuration,
            """
            bundle_file: bundle.yaml
            data_directory: .
            http_listen: off
            sending:
              heartbeat_interval: 1s
              reconnect_max: 1s
              receipt_timeout: 2s
            \(list ?? "")
            \(more)
            """ + "\n")
        let child = try ChildProcess(binaries.tool, ["agent", "--config", configuration], output: log, errors: log)
        self.child.withLock { $0 = child }
        let door = door
        do {
            _ = try await retrying(within: deadline, child, log: log) {
                let reply = try? await door.request(method: "GET", path: "/v1/status", timeout: .seconds(2))
                return reply?.status == 200 ? true : nil
            }
        } catch {
            await child.kill()
            throw error
        }
    }

    /// SIGTERM; SIGKILL when it has not ended after `deadline`.
    @discardableResult
    public func stop(within deadline: Duration = .seconds(10)) async -> ExitStatus? { await take()?.stop(within: deadline) }

    /// SIGKILL: the gatehouse loses its power.
    @discardableResult
    public func kill() async -> ExitStatus? { await take()?.kill() }

    private func take() -> ChildProcess? {
        child.withLock { child in
            defer { child = nil }
            return child
        }
    }

    /// Submits a tip with `watchpost tip`, as a guard does.
    /// - Parameter arguments: options and the text; `--socket`, `--json` and `--wait` are added.
    /// - Throws: when the command fails otherwise than by refusing the tip, with what it said.
    public func tip(_ arguments: [String], wait: Int = 5) async throws -> SubmittedTip {
        let (code, output, errors) = try await runTool(
            binaries.tool, ["tip", "--socket", socket, "--json", "--wait", "\(wait)"] + arguments,
            scratch: directory, within: .seconds(wait + 15))
        guard let reply = try? JSONDecoder().decode(SubmittedTip.self, from: Data(output.utf8)) else {
            throw WorkbenchError("watchpost tip: \(code), \(errors.isEmpty ? output : errors)")
        }
        return reply
    }

    /// What has become of a tip.
    public func state(of tip: String) async throws -> SubmittedTip {
        try await door.requestJSON(SubmittedTip.self, method: "GET", path: "/v1/tips/\(tip)", timeout: .seconds(5))
    }
}

/// What the agent says of a tip: the part of its reply that tools here look at.
public struct SubmittedTip: Codable, Hashable, Sendable {
    public struct Receipt: Codable, Hashable, Sendable {
        public var sequence: UInt64
        public var incident: UInt64
        /// `new`, `correlated` or `repeat`.
        public var verdict: String
        public var level: String
        public var score: Int
    }

    /// The tip's id.
    public var tip: String
    /// `accepted`, `spooled` or `rejected`.
    public var state: String
    public var receipt: Receipt?
    /// For a spooled one: how the link stands.
    public var link: String?
}

/// Runs a program to its end.
/// - Parameter scratch: a folder for its output.
/// - Returns: its exit code, 128 more than the signal for one that a signal ended, and what it wrote.
/// - Throws: when it has not ended after `deadline`; it is killed.
public func runTool(
    _ executable: String, _ arguments: [String], environment: [String]? = nil, scratch: String, within deadline: Duration
) async throws -> (code: Int32, output: String, errors: String) {
    let name = scratch + "/run-\(UInt32.random(in: 0 ... .max))"
    let files = [name + ".out", name + ".err"]
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    let child = try ChildProcess(executable, arguments, environment: environment, output: files[0], errors: files[1])
    guard let exit = await child.waitForExit(within: deadline) else {
        await child.kill()
        throw WorkbenchError("\(executable) \(arguments.first ?? "") did not end within \(deadline)")
    }
    let texts = files.map { String(decoding: FileManager.default.contents(atPath: $0) ?? Data(), as: UTF8.self) }
    switch exit {
    case .code(let code): return (code, texts[0], texts[1])
    case .signal(let number): return (128 + number, texts[0], texts[1])
    }
}

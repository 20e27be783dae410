// Programs run as children. posix_spawn and not Foundation's Process: it starts a child with no signal blocked
// (threads here block them all), and a thread that sits in waitid gives waits that have a deadline.
//
// Children die with the parent as far as can be had: at exit, on SIGINT, SIGTERM and SIGHUP (`killWithParent`), and
// with the last reference. PR_SET_PDEATHSIG would need code between fork and exec; a parent killed by SIGKILL leaves
// its children behind.

import Glibc
import Synchronization
import ZeroMQ

/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    public var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}

/// One running or ended child.
public final class ChildProcess: Sendable {
    /// Most children at a time.
    public static let bound = 256

    public let processID: Int32
    private let record: ChildRecord
    private let reaper: ThreadHandle

    /// Starts a program.
    /// - Parameters:
    ///   - environment: `NAME=value`; nil for this process's own.
    ///   - output, errors: files that standard output and error go to, appended; both may be the same. Standard input is empty.
    /// - Throws: when it cannot be started or ``bound`` children run.
    public init(
        _ executable: String, _ arguments: [String], environment: [String]? = nil, output: String = "/dev/null",
        errors: String
    ) throws(WorkbenchError) {
        let slot = try ChildTable.reserve()
        let pid: pid_t
        do throws(WorkbenchError) {
            pid = try spawn(executable, arguments, environment, output: output, errors: errors)
        } catch {
            ChildTable.clear(slot)
            throw error
        }
        ChildTable.set(slot, pid)
        let record = ChildRecord(pid: pid, slot: slot)
        do throws(ZeroMQError) {
            reaper = try spawnThread(name: "reaper", stackSize: 64 << 10) { record.reap() }
        } catch {
            Glibc.kill(pid, SIGKILL)
            record.reap()
            throw WorkbenchError("no thread for \(executable): \(error)")
        }
        processID = pid
        self.record = record
    }

    /// How it ended; nil while it runs.
    public var exit: ExitStatus? { record.exit }

    /// Sends a signal; nothing when it has ended.
    public func signal(_ number: Int32) { record.signal(number) }

    /// Waits for its end.
    /// - Returns: nil when it still ran after `deadline`.
    public func waitForExit(within deadline: Duration) async -> ExitStatus? {
        let (reaper, record) = (reaper, record)
        let ended = try? await offPool("wait-child") { reaper.join(deadline: deadline) }
        return ended == true ? record.exit : nil
    }

    /// SIGTERM, and SIGKILL for one that has not ended after `deadline`.
    /// - Returns: how it ended; `.signal(9)` tells that it had to be killed.
    @discardableResult
    public func stop(within deadline: Duration = .seconds(10)) async -> ExitStatus? {
        signal(SIGTERM)
        if let exit = await waitForExit(within: deadline) { return exit }
        return await kill()
    }

    /// SIGKILL, as `kill -9`.
    @discardableResult
    public func kill() async -> ExitStatus? {
        signal(SIGKILL)
        return await waitForExit(within: .seconds(5))
    }

    /// Makes SIGINT, SIGTERM and SIGHUP kill every child before they end this process. Call it once, early in `main`.
    public static func killWithParent() { ChildTable.installHandlers() }

    deinit { record.signal(SIGKILL) }
}

/// What the reaper's thread and the handle share.
private final class ChildRecord: Sendable {
    let pid: pid_t
    private let slot: Int
    private let status = Mutex<ExitStatus?>(nil)

    init(pid: pid_t, slot: Int) {
        self.pid = pid
        self.slot = slot
    }

    var exit: ExitStatus? { status.withLock { $0 } }

    /// Under the lock, and never after the child was reaped: its number may then belong to another process.
    func signal(_ number: Int32) {
        status.withLock { status in
            if status == nil { Glibc.kill(pid, number) }
        }
    }

    func reap() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        status.withLock { status in
            ChildTable.clear(slot)
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            status = raw & 0x7f == 0 ? .code(raw >> 8 & 0xff) : .signal(raw & 0x7f)
        }
    }
}

/// The numbers of all running children, where a signal handler can read them.
private enum ChildTable {
    /// Safe unguarded in a signal handler, which only reads: 32-bit stores are whole, and a number that was just
    /// cleared is that of a child that has ended. Written under `isUsed`.
    nonisolated(unsafe) static let pids: UnsafeMutablePointer<pid_t> = {
        let pids = UnsafeMutablePointer<pid_t>.allocate(capacity: ChildProcess.bound)
        pids.initialize(repeating: 0, count: ChildProcess.bound)
        atexit { ChildTable.killAll() }
        return pids
    }()

    private static let isUsed = Mutex([Bool](repeating: false, count: ChildProcess.bound))

    static func reserve() throws(WorkbenchError) -> Int {
        _ = pids
        let slot = isUsed.withLock { isUsed -> Int? in
            guard let slot = isUsed.firstIndex(of: false) else { return nil }
            isUsed[slot] = true
            return slot
        }
        guard let slot else { throw WorkbenchError("\(ChildProcess.bound) children run already") }
        return slot
    }

    static func set(_ slot: Int, _ pid: pid_t) { pids[slot] = pid }

    static func clear(_ slot: Int) {
        isUsed.withLock { isUsed in
            pids[slot] = 0
            isUsed[slot] = false
        }
    }

    static func killAll() {
        for slot in 0..<ChildProcess.bound where pids[slot] > 0 { Glibc.kill(pids[slot], SIGKILL) }
    }

    static func installHandlers() {
        _ = pids
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                ChildTable.killAll()
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
            sigaction(number, &action, nil)
        }
    }
}

private func spawn(
    _ executable: String, _ arguments: [String], _ environment: [String]?, output: String, errors: String
) throws(WorkbenchError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o600)
    // What this thread blocks or ignores must not be inherited: a daemon that never sees SIGTERM cannot be stopped.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
    var variables: [UnsafeMutablePointer<CChar>?] = (environment ?? []).map { strdup($0) }
    defer { for pointer in words + variables { free(pointer) } }
    words.append(nil)
    variables.append(nil)
    var pid: pid_t = 0
    let code =
        environment == nil
        ? posix_spawn(&pid, executable, &actions, &attributes, words, environ)
        : posix_spawn(&pid, executable, &actions, &attributes, words, variables)
    guard code == 0 else { throw WorkbenchError("\(executable) cannot be started: \(String(cString: strerror(code)))") }
    return pid
}

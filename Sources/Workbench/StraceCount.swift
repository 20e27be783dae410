internal import Glibc

/// Counts a process's fsync and fdatasync calls with strace, as a witness for what the daemon says of itself.
final class StraceCount: Sendable {
    private let child: ChildProcess
    private let folder: TemporaryFolder
    private var output: String { folder.path + "/strace" }

    /// - Throws: ``WorkbenchError`` when strace cannot be started.
    init(processID: Int32) throws {
        folder = try TemporaryFolder()
        child = try ChildProcess(
            "/usr/bin/strace",
            ["-f", "-c", "-e", "trace=fsync,fdatasync", "-o", folder.path + "/strace", "-p", "\(processID)"],
            output: folder.path + "/messages", errors: folder.path + "/messages")
        // strace says when it has attached; before that it counts nothing.
        let deadline = nanoseconds() + 5_000_000_000
        while !tail(folder.path + "/messages", lines: 50).contains("attached") {
            guard nanoseconds() < deadline, child.exit == nil else {
                throw WorkbenchError("strace did not attach: \(tail(folder.path + "/messages"))")
            }
            usleep(10_000)
        }
    }

    /// Detaches and reads the summary.
    func stop() async throws -> Int {
        child.signal(SIGINT)
        _ = await child.waitForExit(within: .seconds(5))
        // Columns: % time, seconds, usecs/call, calls, [errors], syscall.
        return tail(output, lines: 50).split(separator: "\n").reduce(0) { sum, line in
            let columns = line.split(separator: " ")
            guard let name = columns.last, name == "fdatasync" || name == "fsync", columns.count >= 5 else { return sum }
            return sum + (Int(columns[3]) ?? 0)
        }
    }
}

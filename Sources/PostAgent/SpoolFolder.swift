import Glibc

/// The spool's folder: made if it is missing, held by one agent at a time.
struct SpoolFolder: Sendable {
    let path: String
    private let lock: Int32

    var databasePath: String { path + "/spool.sqlite" }

    /// - Throws: `inUse` when another process holds the folder, `failed` when it cannot be made or written.
    init(path: String) throws(SpoolError) {
        self.path = path
        // Tips name reporters: nobody else reads this folder.
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failure("cannot make the folder \(path)") }
        let file = path + "/agent.lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot open \(file)") }
        // The kernel lets go of it when the process ends, however that is, so no stale lock can stay.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure =
                errno == EWOULDBLOCK
                ? SpoolError(.inUse, "another agent uses the spool in \(path); one post runs one agent")
                : Self.failure("cannot lock \(file)")
            close(descriptor)
            throw failure
        }
        lock = descriptor
        do throws(SpoolError) {
            try makePrivateFile(path + "/spool.sqlite")
        } catch {
            close(descriptor)
            throw error
        }
    }

    func release() { close(lock) }

    /// SQLite would make its file with the umask's mode; its -wal and -shm files take the mode of this one.
    private func makePrivateFile(_ file: String) throws(SpoolError) {
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot open \(file)") }
        close(descriptor)
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure("cannot open \(path)") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure("cannot sync \(path)") }
    }

    private static func failure(_ what: String) -> SpoolError {
        let code = errno
        return SpoolError(code == ENOSPC ? .diskFull : .failed, "\(what): \(String(cString: strerror(code)))")
    }
}

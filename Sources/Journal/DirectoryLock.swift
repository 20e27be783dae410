internal import Glibc

/// One process for each data directory: an flock that the kernel lets go of when the process dies, however it dies.
final class DirectoryLock {
    private var descriptor: Int32

    /// - Throws: ``JournalError`` `locked` when another process has it, `inputOutput` when the file cannot be made.
    init(directory: String) throws(JournalError) {
        let path = directory + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw JournalError(.inputOutput, "\(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = max(0, read(descriptor, &buffer, buffer.count))
            let holder = String(decoding: buffer[..<count], as: UTF8.self).filter(\.isNumber)
            // The descriptor is closed by deinit, which runs for an object that is whole when its init throws.
            throw JournalError(
                .locked,
                "another watchpostd uses \(directory)" + (holder.isEmpty ? "" : " (process \(holder))")
                    + "; stop it, or give this one another data_directory")
        }
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    /// Lets another process have the directory.
    func release() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    deinit { release() }
}

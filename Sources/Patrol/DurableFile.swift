import Glibc

/// A system call that failed on a file or the terminal.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Operation: String, CaseIterable, Sendable {
        case create, write, sync, rename, open, read, lock, pipe
        case openFolder = "open folder"
        case syncFolder = "sync folder"
        case readTerminal = "read the terminal's settings"
        case setTerminal = "set the terminal's settings"
    }

    public var operation: Operation
    public var code: Int32

    /// What `errno` says now.
    init(_ operation: Operation, code: Int32 = errno) {
        self.operation = operation
        self.code = code
    }

    public var description: String { "\(operation.rawValue): \(String(cString: strerror(code)))" }
}

/// Whole small files, read with a bound and replaced atomically.
enum DurableFile {
    /// Replaces `folder/name`: after a power cut there is either the old content or the new, never a part of one.
    static func replace(folder: String, name: String, with bytes: [UInt8]) throws(FileFailure) {
        let temporary = "\(folder)/\(name).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileFailure(.create) }
        do throws(FileFailure) {
            defer { close(descriptor) }
            try writeAll(descriptor, bytes)
            guard fsync(descriptor) == 0 else { throw FileFailure(.sync) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, "\(folder)/\(name)") == 0 else {
            let failure = FileFailure(.rename)
            unlink(temporary)
            throw failure
        }
        // Without this the rename itself may not survive.
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folderDescriptor >= 0 else { throw FileFailure(.openFolder) }
        defer { close(folderDescriptor) }
        guard fsync(folderDescriptor) == 0 else { throw FileFailure(.syncFolder) }
    }

    /// Makes a folder, and those above it, for its owner alone.
    static func makeFolder(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw FileFailure(.create)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileFailure(.create) }
    }

    /// The whole file; nil when there is none.
    /// - Throws: also for a file above `bound` bytes (`EFBIG`).
    static func read(_ path: String, bound: Int) throws(FileFailure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileFailure(.open)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure(.read) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= bound else { throw FileFailure(.read, code: EFBIG) }
        }
    }

    /// Writes everything to a descriptor that blocks.
    static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) throws(FileFailure) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFailure(.write) }
            written += count
        }
    }
}

internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import TipModel

/// Whole files for backup and restore: copied with their hash, synced, moved. Links are never followed.
enum FileWork {
    struct Digest: Hashable {
        var bytes: Int
        var sha256: String
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Bytes of a regular file; nil where there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    static func owner(_ path: String) -> (user: uid_t, group: gid_t)? {
        var status = stat()
        return lstat(path, &status) == 0 ? (status.st_uid, status.st_gid) : nil
    }

    /// Names in a folder, sorted; none where it is missing.
    static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Makes a folder and those above it, mode 0700.
    static func makeFolder(_ path: String) throws(JournalError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw failure("cannot make", path) }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("cannot make", path) }
    }

    /// Copies one file, mode 0600, and syncs it.
    /// - Returns: what was copied.
    @discardableResult
    static func copy(_ source: String, to target: String) throws(JournalError) -> Digest {
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw failure("cannot make", target) }
        defer { close(output) }
        let digest = try read(source) { (bytes) throws(JournalError) in
            var rest = bytes
            while !rest.isEmpty {
                let count = Glibc.write(output, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure("cannot write", target) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        guard fsync(output) == 0 else { throw failure("cannot sync", target) }
        return digest
    }

    static func digest(_ path: String) throws(JournalError) -> Digest {
        try read(path) { (_) throws(JournalError) in }
    }

    private static func read(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(JournalError) -> Void
    ) throws(JournalError) -> Digest {
        let input = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard input >= 0 else { throw failure("cannot open", path) }
        defer { close(input) }
        var hash = SHA256()
        var size = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(input, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot read", path) }
            if count == 0 { break }
            let part = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
            hash.update(bufferPointer: part)
            try body(part)
            size += count
        }
        return Digest(bytes: size, sha256: hexadecimal(hash.finalize()))
    }

    /// Writes a small file, mode 0600, and syncs it.
    static func write(_ bytes: [UInt8], to path: String) throws(JournalError) {
        let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw failure("cannot make", path) }
        defer { close(output) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot write", path) }
            rest = rest.dropFirst(count)
        }
        guard fsync(output) == 0 else { throw failure("cannot sync", path) }
    }

    /// Syncs a file or a folder, so that what was renamed into it stays.
    static func sync(_ path: String) throws(JournalError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw failure("cannot open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("cannot sync", path) }
    }

    static func move(_ source: String, to target: String) throws(JournalError) {
        guard rename(source, target) == 0 else { throw failure("cannot move \(source) to", target) }
    }

    /// Removes a file or a folder with everything in it; nothing where there is none.
    static func remove(_ path: String) throws(JournalError) {
        guard exists(path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch { throw JournalError(.inputOutput, "\(path): cannot be removed: \(error)") }
    }

    static func failure(_ what: String, _ path: String) -> JournalError {
        let code = errno
        return JournalError(code == ENOSPC || code == EDQUOT ? .full : .inputOutput, "\(what) \(path): \(String(cString: strerror(code)))")
    }
}

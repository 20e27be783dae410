import Glibc
public import ZeroMQ

/// A secret in a file of its own: created with mode 0600, refused when others may read it.
public enum SecretFile {
    /// What went wrong, in words to act on.
    public struct Failure: Error, CustomStringConvertible, Sendable {
        public var path: String
        public var message: String
        public var description: String { "\(path): \(message)" }
    }

    /// Bytes that a secret file may have.
    static let bound = 64 << 10

    /// Reads the file after checking that only its owner can.
    /// - Parameter requirePrivate: false for a systemd credential, whose folder is private and whose mode is 0440 or
    ///   0400 by systemd's choice.
    public static func read(_ path: String, requirePrivate: Bool = true) throws(Failure) -> [UInt8] {
        // Non-blocking: opening a pipe would otherwise wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be examined") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(path: path, message: "is not a regular file") }
        if requirePrivate, status.st_mode & 0o077 != 0 {
            throw Failure(
                path: path,
                message: "has mode 0\(String(status.st_mode & 0o777, radix: 8)), must be 0600: chmod 600 \(path)")
        }
        guard status.st_size <= bound else {
            throw Failure(path: path, message: "has \(status.st_size) bytes, at most \(bound)")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "cannot be read") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= bound else { throw Failure(path: path, message: "grew beyond \(bound) bytes") }
        }
    }

    /// Writes a new file with mode 0600, durably; never replaces one.
    public static func create(_ path: String, _ bytes: [UInt8]) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw failure(path, errno == EEXIST ? "exists already; move it away first" : "cannot be created")
        }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw broken(path, "cannot be written") }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw broken(path, "cannot be synced") }
        try syncFolder(of: path)
    }

    /// Puts other bytes in the place of a secret: whole or not at all, with mode 0600 and the owner that it had.
    public static func replace(_ path: String, _ bytes: [UInt8]) throws(Failure) {
        let owner = try owner(of: path)
        let new = path + ".new"
        try create(new, bytes)
        guard give(new, to: owner) else { throw broken(new, "cannot be given to its owner") }
        guard rename(new, path) == 0 else { throw broken(new, "cannot be renamed") }
        try syncFolder(of: path)
    }

    fileprivate static func owner(of path: String) throws(Failure) -> stat {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failure(path, "cannot be examined") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(path: path, message: "is not a regular file") }
        return status
    }

    /// What root makes for a service must be the service's. Whoever else runs this owns what it makes.
    fileprivate static func give(_ path: String, to owner: stat) -> Bool { geteuid() != 0 || lchown(path, owner.st_uid, owner.st_gid) == 0 }

    /// A secret that is not whole on disk goes again, so that the next try is a first one.
    private static func broken(_ path: String, _ what: String) -> Failure {
        defer { unlink(path) }
        return failure(path, what)
    }

    /// A new name is on disk only once its folder is: a daemon that lost its key in a power cut would make another,
    /// and every client would be locked out.
    fileprivate static func syncFolder(of path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else { throw failure(folder, "cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder, "cannot be synced") }
    }

    fileprivate static func failure(_ path: String, _ what: String) -> Failure {
        Failure(path: path, message: "\(what): \(String(cString: strerror(errno)))")
    }
}

/// The daemon's own key pair.
public enum DaemonKey {
    /// Reads the secret key (40 characters of Z85), or makes one on the first run.
    /// - Parameter isCredential: the file comes from systemd and is only read.
    /// - Throws: ``SecretFile/Failure`` for a missing credential, a wrong mode or content that is no key.
    public static func load(path: String, isCredential: Bool) throws(SecretFile.Failure) -> CurveKeyPair {
        if !isCredential, access(path, F_OK) != 0, errno == ENOENT {
            let pair = try generate(path)
            try SecretFile.create(path, Array((pair.secretKey.exposedZ85 + "\n").utf8))
            return pair
        }
        let bytes = try SecretFile.read(path, requirePrivate: !isCredential)
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard let secret = CurveSecretKey(z85: text) else {
            throw SecretFile.Failure(path: path, message: "is not a secret key (40 characters of Z85)")
        }
        do {
            return try CurveKeyPair(secretKey: secret)
        } catch {
            throw SecretFile.Failure(path: path, message: "\(error)")
        }
    }

    /// Where the key lies that comes after the one at `path`.
    public static func nextPath(_ path: String) -> String { path + ".next" }
    /// Where the key before lies after a rotation.
    public static func formerPath(_ path: String) -> String { path + ".old" }

    /// Makes the key that comes next, or reads it where it was made before.
    public static func prepareNext(of path: String) throws(SecretFile.Failure) -> CurveKeyPair {
        guard access(path, F_OK) == 0 else {
            throw SecretFile.Failure(path: path, message: "there is no key to rotate: \(String(cString: strerror(errno)))")
        }
        let (owner, next) = (try SecretFile.owner(of: path), nextPath(path))
        let pair = try load(path: next, isCredential: false)
        guard SecretFile.give(next, to: owner) else { throw SecretFile.failure(next, "cannot be given to the daemon's user") }
        return pair
    }

    /// Puts the next key in the place of the present one, which stays beside it. There is no moment without a key: the daemon would
    /// make a new one, and everybody would be locked out.
    public static func finishRotation(of path: String) throws(SecretFile.Failure) -> CurveKeyPair {
        let (next, former) = (nextPath(path), formerPath(path))
        guard access(next, F_OK) == 0 else {
            throw SecretFile.Failure(path: next, message: "is not there: prepare the rotation first")
        }
        let pair = try load(path: next, isCredential: false)
        // Rotated by root, the daemon could not read it, and would not start.
        guard SecretFile.give(next, to: try SecretFile.owner(of: path)) else { throw SecretFile.failure(next, "cannot be given to the daemon's user") }
        guard access(former, F_OK) != 0 else {
            throw SecretFile.Failure(path: former, message: "is there from an earlier rotation: delete it once nobody needs it, or move it away")
        }
        guard link(path, former) == 0 else { throw SecretFile.failure(former, "cannot be made") }
        guard rename(next, path) == 0 else { throw SecretFile.failure(path, "cannot be replaced") }
        try SecretFile.syncFolder(of: path)
        return pair
    }

    private static func generate(_ path: String) throws(SecretFile.Failure) -> CurveKeyPair {
        do {
            return try CurveKeyPair.generate()
        } catch {
            throw SecretFile.Failure(path: path, message: "cannot make a key: \(error)")
        }
    }
}

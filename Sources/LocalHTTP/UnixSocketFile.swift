import FoundationEssentials
import Glibc

// A Unix socket's file gets its permission from the umask at `bind`, which belongs to the whole process: changing it for a moment would
// change files that other threads create then. Binding first and `chmod` after leaves a moment in which anybody may connect. So the
// socket is bound under a name in a fresh directory that only we may enter (mkdtemp: 0700), gets its mode there, and is then renamed to its
// place. The rename also replaces a stale file in one step, so the path never names nothing or something half-made.

/// The file of one listening Unix socket, from before `bind` to removal.
struct UnixSocketFile: Sendable {
    /// Device and inode: whether the file at the path is still the one we put there.
    struct Identity: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    /// Where clients find it.
    let path: String
    /// The permission bits.
    let mode: UInt32
    /// The private directory that it is bound in.
    let directory: String
    /// Where to bind.
    var bindPath: String { directory + "/s" }

    /// Checks that nobody listens at `path` and makes the private directory beside it.
    init(path: String, mode: UInt32) throws(LocalServerError) {
        self.path = path
        self.mode = mode
        // sun_path has 108 bytes with its NUL.
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard path.utf8.count <= 107, parent.utf8.count + "/.XXXXXX/s".utf8.count <= 107 else { throw .pathTooLong(path: path) }
        try Self.refuseIfInUse(path)

        var template = Array((parent + "/.XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw .cannotBind(address: path, reason: reason(errno: errno)) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Gives the bound socket its mode and moves it into place.
    func publish() throws(LocalServerError) -> Identity {
        guard chmod(bindPath, mode) == 0, let found = Self.look(bindPath), rename(bindPath, path) == 0 else {
            let code = errno
            abandon()
            throw .cannotBind(address: path, reason: reason(errno: code))
        }
        rmdir(directory)
        return found.identity
    }

    /// Removes what `init` and `bind` made, when the socket never got to its place.
    func abandon() {
        unlink(bindPath)
        rmdir(directory)
    }

    /// Removes the socket at shutdown, unless another process has put its own there since.
    func remove(_ identity: Identity) {
        if Self.look(path)?.identity == identity { unlink(path) }
    }

    /// What is at `path` itself (a link is not followed); nil if there is nothing or it cannot be looked at. By way of Foundation, because `struct
    /// stat` counts as NIO's own in a target that imports NIO.
    private static func look(_ path: String) -> (identity: Identity, isSocket: Bool)? {
        guard let found = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        func number(_ key: FileAttributeKey) -> UInt64 { (found[key] as? any FixedWidthInteger).map { UInt64(truncatingIfNeeded: $0) } ?? 0 }
        let identity = Identity(device: number(.systemNumber), inode: number(.systemFileNumber))
        return (identity, found[.type] as? FileAttributeType == .typeSocket)
    }

    /// A file may be replaced only if it is a socket and a connection to it is refused: then its owner is gone.
    private static func refuseIfInUse(_ path: String) throws(LocalServerError) {
        // A path that cannot be looked at fails in mkdtemp or rename, with the reason.
        guard let found = look(path) else { return }
        guard found.isSocket else { throw .notASocket(path: path) }

        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw .cannotBind(address: path, reason: reason(errno: errno)) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        if result == 0 { throw .inUse(path: path) }
        switch errno {
        case ECONNREFUSED, ENOENT: return
        // A full queue and another kind of socket both have a living owner.
        case EAGAIN, EPROTOTYPE: throw .inUse(path: path)
        default: throw .cannotBind(address: path, reason: reason(errno: errno))
        }
    }
}

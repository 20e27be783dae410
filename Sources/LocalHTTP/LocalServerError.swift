import Glibc

/// Why a local server could not start.
public enum LocalServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another process accepts connections on this socket.
    case inUse(path: String)
    /// There is a file at the path, and it is not a socket: it is left alone.
    case notASocket(path: String)
    /// A Unix socket's path may have 107 bytes.
    case pathTooLong(path: String)
    /// The operating system refused.
    case cannotBind(address: String, reason: String)
    /// A TCP host that is not the loopback interface.
    case notLoopback(host: String)
    /// A token under `LoopbackPolicy.leastTokenBytes`.
    case weakToken

    /// A sentence for the log and the terminal.
    public var description: String {
        switch self {
        case .inUse(let path): "another process listens on \(path)"
        case .notASocket(let path): "\(path) exists and is not a socket; move it away"
        case .pathTooLong(let path): "the socket path is too long (at most 107 bytes, with some room for a temporary name): \(path)"
        case .cannotBind(let address, let reason): "cannot listen on \(address): \(reason)"
        case .notLoopback(let host): "\(host) is not 127.0.0.1, ::1 or localhost; this service is for this machine only"
        case .weakToken: "the token is too short: at least \(LoopbackPolicy.leastTokenBytes) bytes"
        }
    }
}

/// The words for an errno that a user can act on. `strerror` would answer in the locale's language and is not safe across threads.
func reason(errno code: Int32) -> String {
    switch code {
    case ENOENT: "there is no such file or directory"
    case ECONNREFUSED: "nobody is listening"
    case EACCES, EPERM: "permission denied"
    case EAGAIN: "the listener's queue is full"
    case EADDRINUSE: "the address is in use"
    case EADDRNOTAVAIL: "the address does not exist on this machine"
    case ENOTDIR: "a part of the path is not a directory"
    case EROFS: "the file system is read-only"
    case ENOSPC: "the disk is full"
    case EMFILE, ENFILE: "too many open files"
    case ETIMEDOUT: "the connection timed out"
    default: "errno \(code)"
    }
}

import Glibc
import NIOCore

/// Who is at the other end of a Unix socket, as the kernel recorded it when the peer connected.
///
/// The peer cannot choose these values. They name the process that called `connect`; the connection may have been handed on since, so `pid` is
/// for the log only and every decision uses `uid`.
public struct PeerCredentials: Sendable, Equatable, Hashable {
    /// The process id, for logging only: it may be reused.
    public let pid: Int32
    /// The effective user id.
    public let uid: UInt32
    /// The effective group id.
    public let gid: UInt32

    /// A value for tests and for callers that learn the identity in another way.
    public init(pid: Int32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// What `getsockopt(SO_PEERCRED)` fills in. Glibc hides `struct ucred` from Swift; it is three 32-bit integers on every Linux.
    private struct KernelRecord: Sendable {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    /// Reads the credentials of the peer of `channel`; nil if the kernel does not give them, which callers treat as a stranger.
    static func read(from channel: any Channel) -> EventLoopFuture<PeerCredentials?> {
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let record: EventLoopFuture<KernelRecord> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return record.map { record -> PeerCredentials? in
            // The kernel answers pid 0 for a socket that has no peer process (another pid namespace); that is a stranger too.
            record.pid == 0 ? nil : PeerCredentials(pid: record.pid, uid: record.uid, gid: record.gid)
        }.flatMapErrorThrowing { _ in nil }
    }
}

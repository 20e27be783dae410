public import Hummingbird
import Logging
import NIOCore

/// How a request reached this process.
public enum Transport: String, Sendable {
    /// A Unix socket: the peer's user is known from the kernel.
    case unix
    /// TCP: nothing is known about the peer but what it sends.
    case tcp
}

/// The request context of every local server: hummingbird's, and who is asking.
public struct PeerRequestContext: RequestContext {
    /// What hummingbird keeps for each request.
    public var coreContext: CoreRequestContextStorage
    /// The peer's credentials on a Unix socket; nil on TCP, and nil if the kernel did not give them.
    public let peer: PeerCredentials?
    /// How the request came in.
    public let transport: Transport
    /// Whether it came over TLS.
    public let isSecure: Bool
    private let channel: any Channel

    /// Called by hummingbird for each request.
    public init(source: ApplicationRequestContextSource) {
        // Outside a LocalServer nothing is known about the peer: it counts as TCP, which every guard refuses without a token.
        let connection = ConnectionIdentity.current
        coreContext = .init(source: source)
        peer = connection?.peer
        transport = connection?.transport ?? .tcp
        isSecure = connection?.isSecure ?? false
        channel = source.channel
        if let level = connection?.logLevel { logger.logLevel = level }
    }

    /// Where the connection comes from, without the port; "" on a Unix socket.
    public var remoteAddress: String { channel.remoteAddress?.ipAddress ?? "" }

    /// Whether what is written now is taken at once: the peer has not left too much unread.
    var hasRoom: Bool { channel.isWritable }

    /// Does what waits for the peer, such as a write of an answer without an end, and closes the connection when that takes longer than `limit`:
    /// the wait then ends with an error.
    public func within(_ limit: Duration, _ body: () async throws -> Void) async throws {
        let timer = closeLater(limit)
        defer { timer.cancel() }
        try await body()
    }

    /// Does `body`, and calls `alarm` once when that takes longer than `limit`. Cheaper than a task that sleeps, where an answer waits for
    /// something that nearly always comes at once.
    public func withAlarm<Value>(
        after limit: Duration, _ alarm: @escaping @Sendable () -> Void, _ body: () async throws -> Value
    ) async rethrows -> Value {
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) { alarm() }
        defer { timer.cancel() }
        return try await body()
    }

    /// Closes the connection a second from now: for a reply that leaves the request's body unread, which hummingbird would otherwise drain for
    /// as long as the peer keeps sending. The delay lets the peer read the reply; closing at once would reset the connection under it.
    func closeSoon() { _ = closeLater(.seconds(1)) }

    /// Closes the connection after `delay`, unless the task is cancelled before.
    func closeLater(_ delay: Duration) -> Scheduled<Void> {
        let channel = channel
        return channel.eventLoop.scheduleTask(in: TimeAmount(delay)) { channel.close(promise: nil) }
    }
}

/// What is known about a connection before its first request. Hummingbird builds the context from the channel alone and synchronously, while a
/// socket option is read on the event loop; so the connection's task carries the answer.
struct ConnectionIdentity: Sendable {
    let transport: Transport
    let isSecure: Bool
    let peer: PeerCredentials?
    let logLevel: Logger.Level

    @TaskLocal static var current: ConnectionIdentity?
}

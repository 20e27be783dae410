public import Settings
public import ZeroMQ

/// What a client needs to be let in: its keys and the daemon's, checked once when the bundle is read.
public struct ClientKeys: Sendable {
    public let daemon: CurveKey
    public let own: CurveKeyPair
    /// The key that the daemon has after a rotation; nil where none is announced.
    public let nextDaemon: CurveKey?

    /// The same for each key that the daemon may have, in the order in which they are tried.
    public var candidates: [ClientKeys] {
        [daemon, nextDaemon].compactMap { key in key.map { ClientKeys(daemon: $0, own: own) } }
    }

    private init(daemon: CurveKey, own: CurveKeyPair) {
        self.daemon = daemon
        self.own = own
        nextDaemon = nil
    }

    /// - Throws: ``SecretFile/Failure``-like words when a key in the bundle is no key or the pair does not match.
    public init(_ bundle: KeyBundle) throws(ClientKeysError) {
        guard let daemon = CurveKey(z85: bundle.daemonPublicKey) else {
            throw ClientKeysError(message: "daemon_public_key is not a key")
        }
        guard let secret = CurveSecretKey(z85: bundle.secretKey.revealed), let pair = try? CurveKeyPair(secretKey: secret) else {
            throw ClientKeysError(message: "secret_key is not a key")
        }
        guard pair.publicKey.z85 == bundle.publicKey else {
            throw ClientKeysError(message: "public_key does not belong to secret_key: the bundle is damaged")
        }
        if let next = bundle.nextDaemonPublicKey {
            guard let key = CurveKey(z85: next) else { throw ClientKeysError(message: "next_daemon_public_key is not a key") }
            nextDaemon = key
        } else {
            nextDaemon = nil
        }
        self.daemon = daemon
        self.own = pair
    }
}

/// A bundle whose keys cannot be used.
public struct ClientKeysError: Error, CustomStringConvertible, Sendable {
    public var message: String
    public var description: String { message }
}

/// How the connection to the daemon stands, for words that a person can act on.
public enum LinkState: Hashable, Sendable {
    case connecting
    case connected
    /// The daemon knows this key not (or not any more): enrol the post or unit again. This link will not be let in, even
    /// then.
    case refused
    /// Somebody answers, but cannot prove the daemon's key, or does not speak CURVE.
    case wrongDaemon
    /// Nobody answers at the endpoint.
    case unreachable
}

/// A DEALER to the daemon with its monitor: one endpoint at a time, owned by one thread.
///
/// libzmq says nothing to a sender that is not let in; the monitor is what tells. Reconnects after a lost connection,
/// or while nobody answers, are libzmq's own, with a first wait drawn at random for each link, so that 41 posts do not
/// return in one instant. Its other failures are the owner's to deal with (measured with 4.3.4): after a refused key, or
/// a peer without CURVE, libzmq never tries again, and a handshake that breaks off, as with a wrong daemon key, it
/// repeats at the first wait for ever. So an owner that sees either state closes the link and opens another, later.
public struct ClientLink: ~Copyable {
    public let endpoint: String
    /// As the monitor last told.
    public private(set) var state = LinkState.connecting
    /// Handshakes that succeeded: a connection lost and made anew between two reads shows only here.
    public private(set) var handshakes = 0
    public let socket: Socket
    private var monitor: SocketMonitor
    private var lostConnection = false

    /// - Parameters:
    ///   - sendQueue: messages that may wait for the connection.
    ///   - reconnect: milliseconds, from the first wait (drawn from half to one and a half of it) to the longest.
    /// - Throws: ``ZeroMQError`` when the endpoint is no address or descriptors are used up.
    public init(
        _ context: Context, keys: ClientKeys, endpoint: String, sendQueue: Int, reconnect: ClosedRange<Int>
    ) throws(ZeroMQError) {
        var options = SocketOptions()
        options.linger = 0
        options.sendHighWaterMark = sendQueue
        options.receiveHighWaterMark = 1_000
        options.maxMessageSize = 4 << 20
        options.handshakeInterval = 5_000
        options.reconnectInterval = Int.random(in: max(1, reconnect.lowerBound / 2)...(reconnect.lowerBound * 3 / 2 + 1))
        options.reconnectIntervalMax = reconnect.upperBound
        options.connectTimeout = 5_000
        options.tcpKeepalive = true
        // Without a connection nothing is queued: what is not sent stays in the spool.
        options.immediate = true
        options.curveClient(serverKey: keys.daemon, publicKey: keys.own.publicKey, secretKey: keys.own.secretKey)
        // Locals first: a value that cannot be copied may not be left half made by an error.
        let socket = try Socket(context, .dealer, options: options)
        let monitor = try socket.monitor()
        try socket.connect(endpoint)
        self.endpoint = endpoint
        self.socket = socket
        self.monitor = monitor
    }

    /// To be polled beside the socket.
    public var monitorHandle: SocketHandle { monitor.handle }

    /// Reads what the monitor has to tell.
    /// - Returns: the new state where it changed.
    public mutating func readMonitor() throws(ZeroMQError) -> LinkState? {
        let before = state
        while let report = try monitor.tryReceive() {
            switch report.event {
            case .handshakeSucceeded:
                state = .connected
                handshakes += 1
            case .handshakeFailedAuth: state = .refused
            case .handshakeFailedProtocol, .handshakeFailedNoDetail:
                // A daemon that goes down in mid-handshake looks like this too, so a refusal that is known stays.
                if state != .refused { state = .wrongDaemon }
            case .disconnected:
                if state == .connected { state = .connecting }
                lostConnection = true
            // A try to connect failed: nobody is there now, whoever was before.
            case .closed: if state != .connected { state = .unreachable }
            case .connectRetried:
                // After a lost connection this only says that there will be a try. Else one failed before it had a
                // descriptor to close, as when a name is not found.
                if state == .connecting, !lostConnection { state = .unreachable }
                lostConnection = false
            default: break
            }
        }
        return state == before ? nil : state
    }

    /// Ends the connection; what was not sent is dropped (it is in the spool or the journal).
    public consuming func close() {}
}

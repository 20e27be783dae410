import CZeroMQ
import Glibc

/// Everything that is set on a socket before it binds or connects. `nil` leaves libzmq's default, except that `Socket` starts with
/// linger 0, and a router with `routerMandatory`.
public struct SocketOptions: Sendable {
    /// Who proves what to whom on network connections.
    public enum Security: Sendable {
        /// Accepts only CURVE clients whose key the ZAP handler allows, and nobody while there is no handler. Needs
        /// `zapDomain`: with an empty domain libzmq would not ask the handler and let every key in, so applying that
        /// fails with `EINVAL`.
        case curveServer(secretKey: CurveSecretKey)
        /// Speaks only to the server that holds `serverKey`'s secret, and shows this key pair.
        case curveClient(serverKey: CurveKey, publicKey: CurveKey, secretKey: CurveSecretKey)
    }

    /// Milliseconds that `Socket.close()` lets unsent messages live; −1 is for ever and not advised.
    public var linger: Int?
    /// Whole messages queued to one peer before sending would block; approximate. 0 is unlimited.
    public var sendHighWaterMark: Int?
    /// Whole messages queued from one peer before its connection is no longer read; approximate. 0 is unlimited.
    public var receiveHighWaterMark: Int?
    /// Bytes of the largest frame accepted; a peer that sends a larger one is disconnected. −1 is unlimited (libzmq's
    /// default). It bounds one frame only: a peer that was let in and sends frames without ever ending the message fills memory
    /// unseen (measured: 1.2 GB and no message), past every high-water mark. A memory limit on the process is what is left.
    public var maxMessageSize: Int?
    /// Router: report an unknown peer and a full queue (`EHOSTUNREACH`, `EAGAIN`) where libzmq would drop the message silently.
    public var routerMandatory: Bool?
    /// Queue only to connections that are complete.
    public var immediate: Bool?
    /// Milliseconds within which a new connection must finish its handshake; 0 is no limit.
    public var handshakeInterval: Int?
    /// Milliseconds before the first attempt to connect again; −1 never tries again.
    public var reconnectInterval: Int?
    /// Milliseconds to which the wait between attempts doubles; 0 keeps it the same.
    public var reconnectIntervalMax: Int?
    /// What a router sees this peer as, 1–255 bytes, not starting with 0. Chosen by the peer, so it proves nothing.
    public var routingID: [UInt8]?
    /// TCP keep-alive probes, which find a peer that went away without a word.
    public var tcpKeepalive: Bool?
    /// Seconds of silence before the first probe.
    public var tcpKeepaliveIdle: Int?
    /// Seconds between probes.
    public var tcpKeepaliveInterval: Int?
    /// Unanswered probes after which the connection is given up.
    public var tcpKeepaliveCount: Int?
    /// Milliseconds that sent bytes may stay unacknowledged by TCP before the connection is given up.
    public var tcpMaxRetransmit: Int?
    /// Milliseconds that a blocking receive waits before it fails with `EAGAIN`; −1 is for ever.
    public var receiveTimeout: Int?
    /// Milliseconds that a blocking send waits before it fails with `EAGAIN`; −1 is for ever.
    public var sendTimeout: Int?
    /// Connections that the kernel queues before they are accepted.
    public var backlog: Int?
    /// The domain that the ZAP handler is asked about, up to 254 bytes.
    public var zapDomain: String?
    /// Milliseconds for a TCP connection to be made; 0 leaves it to the kernel.
    public var connectTimeout: Int?
    /// A TCP socket that listens already, as systemd passes it, which the next `bind` uses in place of one of its own; libzmq
    /// closes it with the socket.
    public var listeningDescriptor: Int32?
    /// Security; `nil` is none (inproc and tests).
    public var security: Security?

    public init() {}

    /// Sets `security` to a CURVE server. See `Security.curveServer`.
    public mutating func curveServer(secretKey: CurveSecretKey) {
        security = .curveServer(secretKey: secretKey)
    }

    /// Sets `security` to a CURVE client. See `Security.curveClient`.
    public mutating func curveClient(serverKey: CurveKey, publicKey: CurveKey, secretKey: CurveSecretKey) {
        security = .curveClient(serverKey: serverKey, publicKey: publicKey, secretKey: secretKey)
    }
}

extension Socket {
    /// Sets options. They apply to binds and connects that come after.
    /// - Throws: `EINVAL` for a value that is out of range; what came before it is then set.
    public func apply(_ options: SocketOptions) throws(ZeroMQError) { try core.apply(options) }
}

/// ZMQ_ZAP_ENFORCE_DOMAIN. zmq.h shows it only with the draft API, but 4.3.4 takes it without; were it refused, a CURVE
/// server could not be made.
private let zapEnforceDomain: Int32 = 93

extension SocketCore {
    func apply(_ options: SocketOptions) throws(ZeroMQError) {
        try set(ZMQ_LINGER, options.linger, "linger")
        try set(ZMQ_SNDHWM, options.sendHighWaterMark, "sendHighWaterMark")
        try set(ZMQ_RCVHWM, options.receiveHighWaterMark, "receiveHighWaterMark")
        try set(ZMQ_ROUTER_MANDATORY, options.routerMandatory, "routerMandatory")
        try set(ZMQ_IMMEDIATE, options.immediate, "immediate")
        try set(ZMQ_HANDSHAKE_IVL, options.handshakeInterval, "handshakeInterval")
        try set(ZMQ_RECONNECT_IVL, options.reconnectInterval, "reconnectInterval")
        try set(ZMQ_RECONNECT_IVL_MAX, options.reconnectIntervalMax, "reconnectIntervalMax")
        try set(ZMQ_TCP_KEEPALIVE, options.tcpKeepalive, "tcpKeepalive")
        try set(ZMQ_TCP_KEEPALIVE_IDLE, options.tcpKeepaliveIdle, "tcpKeepaliveIdle")
        try set(ZMQ_TCP_KEEPALIVE_INTVL, options.tcpKeepaliveInterval, "tcpKeepaliveInterval")
        try set(ZMQ_TCP_KEEPALIVE_CNT, options.tcpKeepaliveCount, "tcpKeepaliveCount")
        try set(ZMQ_TCP_MAXRT, options.tcpMaxRetransmit, "tcpMaxRetransmit")
        try set(ZMQ_RCVTIMEO, options.receiveTimeout, "receiveTimeout")
        try set(ZMQ_SNDTIMEO, options.sendTimeout, "sendTimeout")
        try set(ZMQ_BACKLOG, options.backlog, "backlog")
        try set(ZMQ_CONNECT_TIMEOUT, options.connectTimeout, "connectTimeout")
        try set(ZMQ_USE_FD, options.listeningDescriptor.map(Int.init), "listeningDescriptor")
        if let size = options.maxMessageSize {
            var value = Int64(size)
            try check(
                zmq_setsockopt(raw, ZMQ_MAXMSGSIZE, &value, MemoryLayout<Int64>.size), "maxMessageSize")
        }
        if let id = options.routingID { try set(ZMQ_ROUTING_ID, bytes: id, "routingID") }
        if let domain = options.zapDomain { try set(ZMQ_ZAP_DOMAIN, bytes: Array(domain.utf8), "zapDomain") }
        switch options.security {
        case nil: break
        case .curveServer(let secretKey):
            guard let domain = options.zapDomain, !domain.isEmpty else {
                throw ZeroMQError(code: EINVAL, operation: "set curveServer without a zapDomain")
            }
            // Without this, libzmq 4.3.4 lets every key in while no ZAP handler is running (measured).
            try set(zapEnforceDomain, true, "zapEnforceDomain")
            try set(ZMQ_CURVE_SERVER, true, "curveServer")
            try set(ZMQ_CURVE_SECRETKEY, secret: secretKey)
        case .curveClient(let serverKey, let publicKey, let secretKey):
            try set(ZMQ_CURVE_SERVERKEY, bytes: serverKey.bytes, "serverKey")
            try set(ZMQ_CURVE_PUBLICKEY, bytes: publicKey.bytes, "publicKey")
            try set(ZMQ_CURVE_SECRETKEY, secret: secretKey)
        }
    }

    private func set(_ option: Int32, _ value: Int?, _ name: String) throws(ZeroMQError) {
        guard let value else { return }
        guard var number = Int32(exactly: value) else { throw ZeroMQError(code: EINVAL, operation: "set \(name)") }
        try check(zmq_setsockopt(raw, option, &number, MemoryLayout<Int32>.size), name)
    }

    private func set(_ option: Int32, _ value: Bool?, _ name: String) throws(ZeroMQError) {
        try set(option, value.map { $0 ? 1 : 0 }, name)
    }

    private func set(_ option: Int32, bytes: [UInt8], _ name: String) throws(ZeroMQError) {
        try check(zmq_setsockopt(raw, option, bytes, bytes.count), name)
    }

    private func set(_ option: Int32, secret: CurveSecretKey) throws(ZeroMQError) {
        let status = secret.withUnsafeBytes { zmq_setsockopt(raw, option, $0.baseAddress, $0.count) }
        try check(status, "secretKey")
    }

    private func check(_ status: Int32, _ name: String) throws(ZeroMQError) {
        guard status == 0 else { throw ZeroMQError.last("set \(name)") }
    }
}

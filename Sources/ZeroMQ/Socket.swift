// A socket belongs to one thread: libzmq's sockets are not thread safe. Swift holds on to it as a ~Copyable value, so there is one
// owner, and debug builds also check the thread. The owner blocks in PollSet.poll, then uses the try… calls, which never block.

import CZeroMQ
import Glibc

/// The libzmq socket behind a `Socket`. Closing in deinit covers every way that a `Socket` can go away.
final class SocketCore {
    private(set) var pointer: UnsafeMutableRawPointer?
    /// A multipart message was cut short by a fault: what is sent next would be taken for its rest.
    var isCutShort = false
    /// A monitor is told of its connections.
    var isMonitored = false
    /// Held so that the context outlives its sockets.
    let context: Context
    #if DEBUG
        private var owner: UInt = 0
    #endif

    init(_ context: Context, _ kind: Socket.Kind) throws(ZeroMQError) {
        self.context = context
        pointer = try context.makeSocket(kind.type, kind.rawValue)
    }

    /// The pointer, after the check of the thread.
    var checked: UnsafeMutableRawPointer? {
        #if DEBUG
            let current = UInt(wp_thread_id())
            if owner == 0 { owner = current }
            assert(owner == current, "a socket is used off the thread that owns it")
        #endif
        return pointer
    }

    /// The pointer without the check, for what may be done before the socket has an owner.
    var raw: UnsafeMutableRawPointer? { pointer }

    func detach() {
        #if DEBUG
            owner = 0
        #endif
    }

    /// Ends the reports to a monitor. Needed before the socket or the monitor's reader goes: libzmq closes a socket in
    /// the background, and an event that then finds no reader would hold its I/O thread, and all traffic, for ever.
    func endMonitoring() {
        guard isMonitored, let pointer = checked else { return }
        isMonitored = false
        zmq_socket_monitor(pointer, nil, 0)
    }

    func close() {
        guard let pointer = checked else { return }
        endMonitoring()
        self.pointer = nil
        zmq_close(pointer)
    }

    deinit {
        guard let pointer = checked else { return }
        endMonitoring()
        var linger: Int32 = 0
        zmq_setsockopt(pointer, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
        zmq_close(pointer)
    }
}

/// What a `PollSet` waits on. Unsafe in one way: it must not be polled after its socket was closed, and only on the
/// socket's thread.
public struct SocketHandle {
    let raw: UnsafeMutableRawPointer?
}

/// A ZeroMQ socket, owned by one thread: the one that first binds, connects, sends, receives or takes `handle`. Debug
/// builds trap when another thread uses it. Creating it and setting options does not make an owner.
///
/// Letting it go closes it and drops unsent messages; `close()` lets them live for the linger time.
public struct Socket: ~Copyable {
    /// The patterns in use here. REQ locks up after a lost reply and PUB drops for a slow peer without a word, so
    /// neither is offered.
    public enum Kind: String, Sendable {
        case router, dealer, pair, rep, push, pull

        var type: Int32 {
            switch self {
            case .router: ZMQ_ROUTER
            case .dealer: ZMQ_DEALER
            case .pair: ZMQ_PAIR
            case .rep: ZMQ_REP
            case .push: ZMQ_PUSH
            case .pull: ZMQ_PULL
            }
        }
    }

    let core: SocketCore
    /// The pattern it was made with.
    public let kind: Kind

    /// Makes a socket with linger 0, and a router with `routerMandatory`, then applies the options.
    /// - Throws: `ETERM` once the context was shut down, `EMFILE` when sockets or descriptors ran out, `EINVAL` for a bad option.
    public init(_ context: Context, _ kind: Kind, options: SocketOptions = SocketOptions()) throws(ZeroMQError) {
        let core = try SocketCore(context, kind)
        var options = options
        if options.linger == nil { options.linger = 0 }
        if kind == .router && options.routerMandatory == nil { options.routerMandatory = true }
        try core.apply(options)
        self.core = core
        self.kind = kind
    }

    /// Closes; unsent messages live on for the linger time that was set (0 if none was).
    public consuming func close() { core.close() }

    /// Gives the socket up so that the next thread to use it becomes its owner. The hand-over itself must be
    /// synchronised by the caller (a lock, a queue, the start of a thread).
    public func detachFromThread() { core.detach() }

    /// For `PollSet.add`.
    public var handle: SocketHandle { SocketHandle(raw: core.checked) }

    /// Listens. `tcp://127.0.0.1:*` takes a free port; see `lastEndpoint`. A ZAP handler must be running before.
    /// - Throws: `EADDRINUSE`, `EACCES`, `EINVAL` for a malformed endpoint, `ENODEV` for an unknown interface, …
    public func bind(_ endpoint: String) throws(ZeroMQError) {
        guard zmq_bind(core.checked, endpoint) == 0 else { throw ZeroMQError.last("bind \(endpoint)") }
    }

    /// Connects in the background, again and again until it holds. Only a malformed endpoint fails here.
    public func connect(_ endpoint: String) throws(ZeroMQError) {
        guard zmq_connect(core.checked, endpoint) == 0 else { throw ZeroMQError.last("connect \(endpoint)") }
    }

    /// Stops listening at an endpoint, as `lastEndpoint` gave it. Connections that were accepted end too.
    public func unbind(_ endpoint: String) throws(ZeroMQError) {
        guard zmq_unbind(core.checked, endpoint) == 0 else { throw ZeroMQError.last("unbind \(endpoint)") }
    }

    /// Ends the connection to an endpoint and stops trying. Messages queued for it are dropped.
    public func disconnect(_ endpoint: String) throws(ZeroMQError) {
        guard zmq_disconnect(core.checked, endpoint) == 0 else { throw ZeroMQError.last("disconnect \(endpoint)") }
    }

    /// The endpoint last bound or connected, with the port that a wildcard became.
    public var lastEndpoint: String {
        get throws(ZeroMQError) {
            var buffer = [UInt8](repeating: 0, count: 1024)
            var size = buffer.count
            guard zmq_getsockopt(core.checked, ZMQ_LAST_ENDPOINT, &buffer, &size) == 0 else {
                throw ZeroMQError.last("read lastEndpoint")
            }
            return String(decoding: buffer.prefix(size).prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

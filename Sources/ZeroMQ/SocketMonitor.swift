// Failed authentication shows nowhere else: a refused client's socket looks like one that has not connected yet.
//
// libzmq 4.3.4 sends these events from its I/O thread and blocks there when the reader's queue is full or the reader is
// gone, which would stop all traffic. So the queue is long, the reader drains it in each round, and a monitor is stopped
// before its reader or its socket closes, whichever is first.

import CZeroMQ
import Glibc
import Synchronization

/// What happened to a connection.
public enum MonitorEvent: Sendable, Equatable {
    /// TCP is up; the handshake comes next.
    case connected
    case connectDelayed
    /// Tries again after so many milliseconds.
    case connectRetried(milliseconds: Int)
    case disconnected
    /// Both sides have proved who they are; messages can flow.
    case handshakeSucceeded
    /// The other side's ZAP handler refused this key (400), cannot tell now (300), or failed (500). libzmq keeps trying.
    case handshakeFailedAuth(code: Int)
    /// The other side spoke wrongly: one of libzmq's `ZMQ_PROTOCOL_ERROR_…`, for example with a wrong server key.
    case handshakeFailedProtocol(code: Int)
    /// The connection ended or timed out during the handshake.
    case handshakeFailedNoDetail(errno: Int)
    case closed
    case listening
    case accepted
    /// A connection could not be accepted: with `EMFILE` (24) descriptors have run out.
    case acceptFailed(errno: Int)
    case bindFailed(errno: Int)
    /// An event that is not named here.
    case other(event: Int, value: Int)

    init(event: Int, value: Int) {
        switch event {
        case 0x0001: self = .connected
        case 0x0002: self = .connectDelayed
        case 0x0004: self = .connectRetried(milliseconds: value)
        case 0x0008: self = .listening
        case 0x0010: self = .bindFailed(errno: value)
        case 0x0020: self = .accepted
        case 0x0040: self = .acceptFailed(errno: value)
        case 0x0080: self = .closed
        case 0x0200: self = .disconnected
        case 0x0800: self = .handshakeFailedNoDetail(errno: value)
        case 0x1000: self = .handshakeSucceeded
        case 0x2000: self = .handshakeFailedProtocol(code: value)
        case 0x4000: self = .handshakeFailedAuth(code: value)
        default: self = .other(event: event, value: value)
        }
    }
}

/// One event and the endpoint it is about.
public struct MonitorReport: Sendable, Equatable {
    public let event: MonitorEvent
    public let endpoint: String
}

/// Reads a socket's connection events. Belongs to the same thread as the socket; letting either go ends the monitoring.
public struct SocketMonitor: ~Copyable {
    private let reader: Socket
    private weak let watched: SocketCore?
    private var frames = Multipart(maxFrames: 2)

    init(reader: consuming Socket, watched: SocketCore) {
        self.reader = reader
        self.watched = watched
    }

    /// For `PollSet.add`; readable when there are events.
    public var handle: SocketHandle { reader.handle }

    /// The next event, or `nil` when there is none. Never blocks. Call it until it gives `nil`, in each round of the owner's loop.
    /// - Throws: `ETERM`.
    public mutating func tryReceive() throws(ZeroMQError) -> MonitorReport? {
        while try reader.tryReceive(into: &frames) {
            // Frame 1 is a 16-bit event and a 32-bit value in the machine's byte order, frame 2 the endpoint.
            let event: MonitorEvent? = frames.withFrame(0) { bytes in
                guard bytes.count >= 6 else { return nil }
                let event = bytes.loadUnaligned(fromByteOffset: 0, as: UInt16.self)
                let value = bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
                return MonitorEvent(event: Int(event), value: Int(value))
            }
            if let event { return MonitorReport(event: event, endpoint: String(decoding: frames.bytes(1), as: UTF8.self)) }
        }
        return nil
    }

    deinit {
        // Emptied first, so that an I/O thread that waits for room in the queue lets go of the lock that stopping needs.
        var rest = Multipart(maxFrames: 1)
        while (try? reader.tryReceive(into: &rest)) == true {}
        watched?.endMonitoring()
    }
}

private let monitorNumber = Atomic<UInt64>(0)
/// Every event that has a name in zmq.h except MONITOR_STOPPED, which is sent by the owner's own thread and could block it.
private let monitoredEvents: Int32 = 0x7FFF & ~0x0400
/// Events that may wait unread, each about 200 bytes. Full: libzmq's I/O thread waits for the reader.
private let monitorQueue = 100_000

extension Socket {
    /// Starts to report connection events. Call it before `bind` or `connect`. A socket has one monitor at a time.
    /// - Throws: `EMFILE`, `ETERM`.
    public func monitor() throws(ZeroMQError) -> SocketMonitor {
        let number = monitorNumber.wrappingAdd(1, ordering: .relaxed).newValue
        let endpoint = "inproc://watchpost.monitor.\(number)"
        var options = SocketOptions()
        options.receiveHighWaterMark = monitorQueue
        let reader = try Socket(core.context, .pair, options: options)
        guard zmq_socket_monitor(core.checked, endpoint, monitoredEvents) == 0 else {
            throw ZeroMQError.last("monitor \(endpoint)")
        }
        core.isMonitored = true
        do {
            try reader.connect(endpoint)
        } catch {
            core.endMonitoring()
            throw error
        }
        return SocketMonitor(reader: reader, watched: core)
    }
}

import CZeroMQ
import Glibc

/// What to wait for, and what was found.
public struct PollEvents: OptionSet, Sendable {
    public let rawValue: Int16

    public init(rawValue: Int16) { self.rawValue = rawValue }

    /// A whole message, or bytes on a descriptor, can be read.
    public static let readable = PollEvents(rawValue: Int16(ZMQ_POLLIN))
    /// A message can be sent to some peer. For a router this is nearly always so and says nothing about one peer.
    public static let writable = PollEvents(rawValue: Int16(ZMQ_POLLOUT))
    /// A plain descriptor has failed or was closed at the other end.
    public static let failed = PollEvents(rawValue: Int16(ZMQ_POLLERR))
}

/// The few sockets and descriptors that one thread waits on, in the order in which they were added. Make it once and
/// poll it in a loop, on the thread that owns the sockets; do not poll it after one of them was closed.
public struct PollSet: ~Copyable {
    private var items: [zmq_pollitem_t] = []

    public init() {}

    /// How many were added.
    public var count: Int { items.count }

    /// Adds a socket.
    /// - Returns: its index, for asking what is ready.
    @discardableResult
    public mutating func add(_ socket: SocketHandle, _ events: PollEvents = .readable) -> Int {
        items.append(zmq_pollitem_t(socket: socket.raw, fd: 0, events: events.rawValue, revents: 0))
        return items.count - 1
    }

    /// Adds a plain descriptor, for example `WakeSignal.fileDescriptor`. It must stay open while it is polled.
    /// - Returns: its index, for asking what is ready.
    @discardableResult
    public mutating func add(fileDescriptor: Int32, _ events: PollEvents = .readable) -> Int {
        items.append(zmq_pollitem_t(socket: nil, fd: fileDescriptor, events: events.rawValue, revents: 0))
        return items.count - 1
    }

    /// Changes what is waited for; an empty set leaves the item out. Does nothing for an index that is not there.
    public mutating func setEvents(_ events: PollEvents, at index: Int) {
        guard items.indices.contains(index) else { return }
        items[index].events = events.rawValue
        items[index].revents = 0
    }

    /// Waits until something is ready or the time is over. An interrupted wait counts as nothing ready.
    /// - Parameter timeoutMilliseconds: 0 only looks. A negative value would wait for ever and is taken as 0.
    /// - Returns: how many items are ready.
    /// - Throws: `ETERM` once the context was shut down; `ENOTSOCK`, `EBADF` for something that is closed.
    @discardableResult
    public mutating func poll(timeoutMilliseconds: Int) throws(ZeroMQError) -> Int {
        let ready = items.withUnsafeMutableBufferPointer {
            zmq_poll($0.baseAddress, Int32($0.count), max(0, timeoutMilliseconds))
        }
        if ready >= 0 { return Int(ready) }
        let error = ZeroMQError.last("poll")
        for index in items.indices { items[index].revents = 0 }
        guard error.code == EINTR else { throw error }
        return 0
    }

    /// What the last poll found; empty for an index that is not there.
    public func ready(_ index: Int) -> PollEvents {
        items.indices.contains(index) ? PollEvents(rawValue: items[index].revents) : []
    }

    /// Whether the last poll found something to read.
    public func isReadable(_ index: Int) -> Bool { ready(index).contains(.readable) }

    /// Whether the last poll found room to send.
    public func isWritable(_ index: Int) -> Bool { ready(index).contains(.writable) }
}

// zmq_poll asks every socket at every call, so with thousands of them asking costs more than the work. This waits on the
// sockets' own descriptors by epoll instead, and its cost follows what is ready.

import CZeroMQ
import Glibc

/// Waits for any of very many sockets, all of one thread.
///
/// libzmq's descriptor says only that something may have happened, and says it once: whoever is told, and whoever sends on a
/// socket, must receive from that socket until nothing is there, or may never be told again.
public struct ReadySet: ~Copyable {
    private let descriptor: Int32
    private var tags = [UInt64](repeating: 0, count: 64)

    /// - Throws: `EMFILE` when descriptors ran out.
    public init() throws(ZeroMQError) {
        descriptor = wp_ready_create()
        guard descriptor >= 0 else { throw ZeroMQError(code: errno, operation: "create ready set") }
    }

    deinit { close(descriptor) }

    /// Adds a socket, which must stay open as long as this is waited on.
    /// - Parameter tag: what ``wait(nanoseconds:_:)`` calls it.
    public func add(_ socket: borrowing Socket, tag: Int) throws(ZeroMQError) {
        var handle: Int32 = 0
        var size = MemoryLayout<Int32>.size
        guard zmq_getsockopt(socket.core.checked, ZMQ_FD, &handle, &size) == 0 else { throw ZeroMQError.last("read descriptor") }
        let code = wp_ready_add(descriptor, handle, UInt64(truncatingIfNeeded: tag))
        guard code == 0 else { throw ZeroMQError(code: code, operation: "add to ready set") }
    }

    /// Waits until a socket may be ready or the time is over, and names up to 64; the others are named by the next call.
    /// - Parameter nanoseconds: 0 or less only looks.
    /// - Returns: how many were named.
    @discardableResult
    public mutating func wait(nanoseconds: Int64, _ ready: (Int) throws -> Void) throws -> Int {
        let count = tags.withUnsafeMutableBufferPointer {
            wp_ready_wait(descriptor, $0.baseAddress, Int32($0.count), nanoseconds)
        }
        guard count >= 0 else { throw ZeroMQError(code: -count, operation: "wait for sockets") }
        for index in 0..<Int(count) { try ready(Int(truncatingIfNeeded: tags[index])) }
        return Int(count)
    }
}

// A context owns libzmq's I/O threads. Sockets keep their context alive, so it can only go away after all of them.
// The orderly end is: shutdown() (every blocked call returns ETERM) → each thread closes its sockets → terminate().

import CZeroMQ
import Glibc
import Synchronization

/// libzmq's context: its I/O threads and the names of its inproc endpoints.
///
/// Never `fork` after one exists: the child has the sockets but not the I/O threads, and libzmq does not survive that.
public final class Context: Sendable {
    /// Safe to send: libzmq documents a context as thread safe, and `state` keeps any call away once it is being freed.
    private struct Pointer: @unchecked Sendable {
        let raw: UnsafeMutableRawPointer
    }

    private enum State {
        case open
        case terminating(ThreadHandle)
    }

    private let pointer: Pointer
    private let state = Mutex<State>(.open)

    /// - Parameters:
    ///   - ioThreads: libzmq's own threads; one carries about a gigabyte a second.
    ///   - maxSockets: how many sockets may be open at a time. This counts sockets, not peers.
    /// - Throws: `EMFILE` when descriptors ran out, `EINVAL` for a number that libzmq refuses.
    public init(ioThreads: Int = 1, maxSockets: Int = 4096) throws(ZeroMQError) {
        guard let io = Int32(exactly: ioThreads), let most = Int32(exactly: maxSockets), io > 0, most > 0 else {
            throw ZeroMQError(code: EINVAL, operation: "create context")
        }
        guard let raw = zmq_ctx_new() else { throw ZeroMQError.last("create context") }
        // BLOCKY 0 makes linger 0 the default of every socket, so that no forgotten one can hold up the end.
        guard zmq_ctx_set(raw, ZMQ_IO_THREADS, io) == 0, zmq_ctx_set(raw, ZMQ_MAX_SOCKETS, most) == 0,
            zmq_ctx_set(raw, ZMQ_BLOCKY, 0) == 0
        else {
            let error = ZeroMQError.last("configure context")
            zmq_ctx_term(raw)
            throw error
        }
        pointer = Pointer(raw: raw)
    }

    /// Makes every blocked and later call on this context's sockets fail with `ETERM` (`ZeroMQError.isTerminated`), and refuses new
    /// sockets. Does not wait. May be called from any thread and more than once.
    public func shutdown() {
        state.withLock { state in
            if case .open = state { zmq_ctx_shutdown(pointer.raw) }
        }
    }

    /// Frees the context. Call it after every socket was closed; until then it waits, and so it does for closed
    /// sockets that linger.
    /// - Parameter deadline: how long to wait at most.
    /// - Returns: false when something was still open at the deadline. The end then goes on in the background, and
    ///   calling again waits for it again.
    @discardableResult
    public func terminate(within deadline: Duration = .seconds(5)) -> Bool {
        let pointer = pointer
        let thread: ThreadHandle? = state.withLock { state in
            switch state {
            case .terminating(let thread): return thread
            case .open:
                guard let thread = Self.end(pointer) else { return nil }
                state = .terminating(thread)
                return thread
            }
        }
        return thread?.join(deadline: deadline) ?? false
    }

    /// A new libzmq socket; `ETERM` once the end has begun.
    func makeSocket(_ type: Int32, _ name: String) throws(ZeroMQError) -> UnsafeMutableRawPointer {
        // The lock is held over zmq_socket so that the context cannot be freed under it.
        let made: Result<Pointer, ZeroMQError> = state.withLock { state in
            guard case .open = state else {
                return .failure(ZeroMQError(code: ETERM, operation: "create \(name) socket"))
            }
            guard let raw = zmq_socket(pointer.raw, type) else {
                return .failure(ZeroMQError.last("create \(name) socket"))
            }
            return .success(Pointer(raw: raw))
        }
        return try made.get().raw
    }

    /// zmq_ctx_term has no time limit, so it runs on a thread of its own and the caller waits as long as it likes.
    private static func end(_ pointer: Pointer) -> ThreadHandle? {
        try? spawnThread(name: "zmq-end", stackSize: 256 << 10) {
            while zmq_ctx_term(pointer.raw) != 0 && zmq_errno() == EINTR {}
        }
    }

    deinit {
        // No socket is left, as each one holds the context. Not waited for: a closed socket may linger.
        let pointer = pointer
        state.withLock { state in
            if case .open = state { _ = Self.end(pointer) }
        }
    }
}

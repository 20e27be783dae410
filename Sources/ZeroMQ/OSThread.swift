// One OS thread owns each socket and blocks in zmq_poll, because a blocked thread of Swift's cooperative pool would
// starve everything else. Threads start detached: the latch, not pthread_join, says when a body has ended, so that
// a wait always has a deadline.

import CZeroMQ
import Glibc

/// A gate that opens once. Kept alive by whoever may still open it or wait on it.
final class Latch: @unchecked Sendable {
    // Safe to share: the C struct guards its only field with its own mutex, and the pointer never changes.
    private let pointer: OpaquePointer

    init() throws(ZeroMQError) {
        guard let pointer = wp_latch_create() else { throw ZeroMQError(code: ENOMEM, operation: "create latch") }
        self.pointer = pointer
    }

    func open() { wp_latch_open(pointer) }

    func wait(_ deadline: Duration) -> Bool { wp_latch_wait(pointer, deadline.wholeMilliseconds) == 1 }

    deinit { wp_latch_destroy(pointer) }
}

/// A running or ended OS thread.
public final class ThreadHandle: Sendable {
    /// The name as `ps` shows it (at most 15 bytes of what was asked for).
    public let name: String
    private let ended: Latch

    init(name: String, ended: Latch) {
        self.name = name
        self.ended = ended
    }

    /// Waits until the thread's body has returned and what it captured is released. May be called often and from any
    /// thread but its own.
    /// - Parameter deadline: how long to wait at most; `.zero` only asks.
    /// - Returns: false when the body was still running at the deadline. The thread then goes on.
    public func join(deadline: Duration) -> Bool { ended.wait(deadline) }
}

/// What a new thread takes over.
private final class ThreadStart {
    let body: @Sendable () -> Void
    let ended: Latch

    init(body: @Sendable @escaping () -> Void, ended: Latch) {
        self.body = body
        self.ended = ended
    }
}

/// Starts an OS thread. Signals sent to the process are blocked in it, so its libzmq calls are not interrupted.
/// - Parameters:
///   - name: shown by `ps -L` and debuggers; cut to 15 bytes.
///   - stackSize: bytes, raised to the system's least and to whole pages. Memory is used only as touched.
///   - body: runs once. Sockets that it uses are best made inside it.
/// - Throws: `EAGAIN` or `ENOMEM` when the system refuses another thread.
public func spawnThread(
    name: String, stackSize: Int = 2 << 20, _ body: @Sendable @escaping () -> Void
) throws(ZeroMQError) -> ThreadHandle {
    let ended = try Latch()
    let start = Unmanaged.passRetained(ThreadStart(body: body, ended: ended))
    let code = wp_thread_start(
        name, max(0, stackSize),
        { raw in
            guard let raw else { return }
            runThread(Unmanaged<ThreadStart>.fromOpaque(raw))
        }, start.toOpaque())
    guard code == 0 else {
        start.release()
        throw ZeroMQError(code: code, operation: "start thread \(name)")
    }
    return ThreadHandle(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), ended: ended)
}

/// Runs the body, lets go of it, and only then opens the latch: whoever joined may rely on the captures being gone.
private func runThread(_ reference: Unmanaged<ThreadStart>) {
    let ended = runBody(reference)
    ended.open()
}

@inline(never)
private func runBody(_ reference: Unmanaged<ThreadStart>) -> Latch {
    let start = reference.takeRetainedValue()
    start.body()
    return start.ended
}

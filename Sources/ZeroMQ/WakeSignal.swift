// How other threads wake a thread that blocks in a poll: put work into its queue, then signal(). The owner polls the
// descriptor, calls clear(), then drains the queue.
//
// Why no wake-up is lost: clear() empties the descriptor first and lowers the flag second. A signal that comes before
// the flag is lowered costs nothing and is safe, because the drain that follows sees its work (the flag's exchange
// orders the two). A signal that comes after finds the flag low and makes the descriptor readable again. In the other
// order a signal between the two steps would leave the flag up and the descriptor empty, and every later signal would be swallowed.

import CZeroMQ
import Glibc
import Synchronization

/// Wakes a thread that blocks in `PollSet.poll`. Signals that come while one is pending cost no system call.
public final class WakeSignal: Sendable {
    /// For `PollSet.add(fileDescriptor:)`. Do not read from it; call `clear()`.
    public let fileDescriptor: Int32
    private let isPending = Atomic<Bool>(false)

    /// - Throws: `EMFILE`, `ENFILE` when descriptors ran out.
    public init() throws(ZeroMQError) {
        let descriptor = wp_eventfd_create()
        guard descriptor >= 0 else { throw ZeroMQError(code: errno, operation: "create eventfd") }
        fileDescriptor = descriptor
    }

    /// Makes the descriptor readable until `clear()`. Any thread may call it, after its work is where the owner looks for it.
    public func signal() {
        guard !isPending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // Cannot fail on an open eventfd of ours.
        _ = wp_eventfd_signal(fileDescriptor)
    }

    /// Called by the owner before it looks for work.
    public func clear() {
        wp_eventfd_drain(fileDescriptor)
        _ = isPending.exchange(false, ordering: .acquiringAndReleasing)
    }

    deinit { wp_eventfd_close(fileDescriptor) }
}

import Dispatch
import Synchronization

/// Hashes passwords on threads of its own, a few at a time: scrypt takes a tenth of a second and 32 MiB, and Swift's pool
/// has one thread for each processor.
final class PasswordHasher: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let parallel: Int
    private let queued: Int
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "password-hash", attributes: .concurrent)

    /// - Parameters:
    ///   - parallel: hashes at once.
    ///   - queued: that may wait; one more is refused `busy`.
    init(parallel: Int = 2, queued: Int = 16) {
        self.parallel = parallel
        self.queued = queued
    }

    /// Runs `work` when there is room.
    /// - Throws: ``AccountError`` `busy` when too many wait.
    func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async throws(AccountError) -> Result {
        guard await enter() else {
            throw AccountError(.busy, "too many people sign in at this moment; try again", retryAfterMilliseconds: 2_000)
        }
        let result = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
        leave()
        return result
    }

    private enum Entry { case now, later, refused }

    private func enter() async -> Bool {
        // Whether there is room, and taking the place in the queue, are one step under the lock.
        var isRefused = false
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let entry = state.withLock { state -> Entry in
                if state.running < parallel {
                    state.running += 1
                    return .now
                }
                guard state.waiting.count < queued else { return .refused }
                state.waiting.append(continuation)
                return .later
            }
            if entry == .refused { isRefused = true }
            if entry != .later { continuation.resume() }
        }
        return !isRefused
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

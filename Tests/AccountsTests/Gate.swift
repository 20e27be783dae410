import Dispatch
import Synchronization

/// Holds a thread until the test lets it go.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let isIn = Mutex(false)

    func wait() -> Bool {
        isIn.withLock { $0 = true }
        return semaphore.wait(timeout: .now() + .seconds(30)) == .success
    }

    func open() { semaphore.signal() }

    /// Waits until somebody is held.
    func entered() async throws {
        while !isIn.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    }
}

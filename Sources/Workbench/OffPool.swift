import ZeroMQ

/// Runs `body` on an OS thread of its own and waits for it without holding a thread of Swift's pool: for libzmq,
/// waitpid and files. `body` must end by itself: it is not cancelled.
/// - Throws: what `body` throws; ``ZeroMQError`` when the system refuses a thread.
public func offPool<Result: Sendable>(
    _ name: String, _ body: @Sendable @escaping () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
        do throws(ZeroMQError) {
            _ = try spawnThread(name: name) { continuation.resume(with: Swift.Result { try body() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

internal import ServiceLifecycle
internal import ZeroMQ

/// Runs `body` on an OS thread of its own and waits for it without holding a thread of Swift's pool: for joins and
/// for reads of the journal, which block.
func onThread<Result: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        do {
            _ = try spawnThread(name: name) { continuation.resume(returning: body()) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// A part of the daemon that has its own thread and was started when the daemon was built: waits for shutdown, then
/// stops it within the deadline. The service group stops its services in reverse order, each after the one before.
struct ThreadService: Service, CustomStringConvertible {
    let description: String
    /// Stops the part; false when it did not end in time.
    let stop: @Sendable () -> Bool

    init(_ name: String, stop: @escaping @Sendable () -> Bool) {
        description = name
        self.stop = stop
    }

    func run() async throws {
        try? await gracefulShutdown()
        let stop = self.stop
        guard try await onThread("stop", stop) else { throw DaemonError(.software, "\(description) did not stop in time") }
    }
}

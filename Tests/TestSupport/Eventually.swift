import Glibc

/// Waits for something that another thread does with a real socket or file: the one place in the tests that sleeps,
/// in steps of a few milliseconds. Where time can be injected, inject it instead.
/// - Parameter deadline: how long to wait at most.
/// - Returns: whether the condition came true in time.
public func eventually(
    deadline: Duration = .seconds(10), _ condition: () throws -> Bool
) rethrows -> Bool {
    let end = ContinuousClock.now + deadline
    while true {
        if try condition() { return true }
        guard ContinuousClock.now < end else { return false }
        usleep(5_000)
    }
}

/// The same for asynchronous tests: holds no thread while it waits.
public func eventually(
    deadline: Duration = .seconds(10), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + deadline
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < end, !Task.isCancelled else { return false }
        try? await Task.sleep(for: .milliseconds(5))
    }
}

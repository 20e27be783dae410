import Synchronization

/// One answer that a task waits for and a thread gives, with a deadline.
final class OneAnswer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value?, Never>)
        case done(Value?)
    }

    private let state = Mutex(State.open)

    /// The first answer counts; nil is "waited long enough".
    func resolve(_ answer: Value?) {
        let waiting = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .done: return nil
            case .open:
                state = .done(answer)
                return nil
            case .waiting(let continuation):
                state = .done(answer)
                return continuation
            }
        }
        waiting?.resume(returning: answer)
    }

    /// Waits for the answer, once; nil when the time ran out or the task was cancelled.
    func value(within limit: Duration) async -> Value? {
        let deadline = Task { [self] in
            try? await Task.sleep(for: limit)
            resolve(nil)
        }
        defer { deadline.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Value?? in
                    if case .done(let answer) = state { return answer }
                    state = .waiting(continuation)
                    return .none
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            resolve(nil)
        }
    }
}

internal import Journal
internal import Synchronization
internal import TipModel

/// An answer that comes from another thread, waited for without holding one of Swift's pool, and not for ever.
final class PendingAnswer<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Result<Value, Rejection>, Never>)
        case given(Result<Value, Rejection>)
        case over
    }

    private let state = Mutex(State.empty)

    /// The first answer counts.
    func give(_ result: Result<Value, Rejection>) {
        let waiting = state.withLock { state -> CheckedContinuation<Result<Value, Rejection>, Never>? in
            switch state {
            case .empty: state = .given(result)
            case .waiting(let continuation):
                state = .over
                return continuation
            case .given, .over: break
            }
            return nil
        }
        waiting?.resume(returning: result)
    }

    /// - Throws: what was answered, or `busy` when nothing was within `limit`.
    func wait(_ limit: Duration) async throws(Rejection) -> Value {
        let timer = Task { [self] in
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            give(.failure(Rejection(.busy, "the station did not answer in time; try again", retryAfterMilliseconds: 2_000)))
        }
        defer { timer.cancel() }
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Rejection>, Never>) in
            let early = state.withLock { state -> Result<Value, Rejection>? in
                if case .given(let result) = state {
                    state = .over
                    return result
                }
                state = .waiting(continuation)
                return nil
            }
            if let early { continuation.resume(returning: early) }
        }
        return try result.get()
    }
}

/// Reads of the journal for the board: each on a thread and a connection of its own, a few at a time.
final class JournalReads: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let path: String
    private let state = Mutex(State())
    private let parallel: Int
    private let queued: Int

    init(path: String, parallel: Int = 4, queued: Int = 256) {
        self.path = path
        self.parallel = parallel
        self.queued = queued
    }

    /// - Throws: `busy` when too many wait, `unavailable` when the journal cannot be read.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (SQLiteJournalReader) throws(JournalError) -> Value
    ) async throws(Rejection) -> Value {
        guard await enter() else { throw Rejection(.busy, "too many read the journal; try again", retryAfterMilliseconds: 2_000) }
        defer { leave() }
        let path = path
        let result: Result<Value, JournalError>
        do {
            result = try await onThread("board-read") { () -> Result<Value, JournalError> in
                do throws(JournalError) {
                    let reader = try SQLiteJournalReader(path: path)
                    defer { reader.close() }
                    return .success(try body(reader))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw Rejection(.unavailable, "no thread can be started", retryAfterMilliseconds: 2_000)
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw Rejection(.unavailable, error.message, retryAfterMilliseconds: 2_000)
        }
    }

    private enum Entry { case now, later, refused }

    private func enter() async -> Bool {
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
            isRefused = entry == .refused
            if entry != .later { continuation.resume() }
        }
        return !isRefused
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

/// Tips that the board gave to the core: whose answer goes to whom. They have no connection, so their route is empty, which
/// libzmq never makes.
final class DeskTips: Sendable {
    static let bound = 64

    private struct State {
        var next: UInt32 = 0
        var pending: [UInt32: PendingAnswer<Receipt>] = [:]
    }

    private let state = Mutex(State())

    /// A number for a tip; nil when too many wait.
    func enter() -> (request: UInt32, answer: PendingAnswer<Receipt>)? {
        state.withLock { state in
            guard state.pending.count < Self.bound else { return nil }
            state.next &+= 1
            let answer = PendingAnswer<Receipt>()
            state.pending[state.next] = answer
            return (state.next, answer)
        }
    }

    func leave(_ request: UInt32) { state.withLock { state in state.pending[request] = nil } }

    func answer(_ request: UInt32, _ result: Result<Receipt, Rejection>) {
        state.withLock { $0.pending[request] }?.give(result)
    }
}

/// The core's state for those who look at the board. Who comes after an event was told sees that event; and however many come,
/// the core is asked no more often than it can bear, because its next change then copies all incidents.
actor StateSource {
    /// An answer of this age is good enough where nothing newer was told.
    private static let age = Duration.seconds(1)

    private let ask: @Sendable () async throws(Rejection) -> StationState
    private var latest: (state: StationState, at: ContinuousClock.Instant)?
    private var asking: Task<Result<StationState, Rejection>, Never>?

    init(ask: @escaping @Sendable () async throws(Rejection) -> StationState) { self.ask = ask }

    /// The state with everything up to `sequence` in it.
    func state(with sequence: SequenceNumber) async throws(Rejection) -> StationState {
        // A question that was under way may have been answered before the event; the one after it was not.
        for _ in 0..<2 {
            if let latest, latest.state.sequence >= sequence, ContinuousClock.now - latest.at < Self.age { return latest.state }
            let state = try await question().value.get()
            if state.sequence >= sequence { return state }
        }
        return try await question().value.get()
    }

    /// The question that is under way, or a new one, after a pause that grows with the number of incidents.
    private func question() -> Task<Result<StationState, Rejection>, Never> {
        if let asking { return asking }
        let due = latest.map { $0.at + .milliseconds($0.state.incidents.count / 50) }
        let task = Task { () -> Result<StationState, Rejection> in
            if let due { try? await Task.sleep(until: due) }
            let result: Result<StationState, Rejection>
            do throws(Rejection) { result = .success(try await ask()) } catch { result = .failure(error) }
            took(result)
            return result
        }
        asking = task
        return task
    }

    private func took(_ result: Result<StationState, Rejection>) {
        asking = nil
        if case .success(let state) = result { latest = (state, ContinuousClock.now) }
    }
}

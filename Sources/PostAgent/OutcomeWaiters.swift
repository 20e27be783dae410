import Synchronization
import TipModel

/// Submitters that wait for what becomes of their tip.
///
/// Bound: ``bound`` at a time. Above it a submitter is answered at once that its tip is spooled, because connections
/// that wait must not keep others from submitting while the network is down.
final class OutcomeWaiters: Sendable {
    static let bound = 32

    private struct Contents {
        var waiting: [TipID: [Submission]] = [:]
        var count = 0
        var isClosed = false
    }

    private let contents = Mutex(Contents())

    /// Before the tip is spooled, so that no answer can come too early to be seen.
    /// - Returns: false when too many wait already or the agent stops. Else give it back with ``leave(_:)``.
    func enter(_ submission: Submission) -> Bool {
        contents.withLock { contents in
            guard !contents.isClosed, contents.count < Self.bound else { return false }
            contents.waiting[submission.id, default: []].append(submission)
            contents.count += 1
            return true
        }
    }

    func leave(_ submission: Submission) {
        contents.withLock { contents in
            guard var all = contents.waiting[submission.id], let index = all.firstIndex(where: { $0 === submission }) else { return }
            all.remove(at: index)
            contents.waiting[submission.id] = all.isEmpty ? nil : all
            contents.count -= 1
        }
    }

    /// Tells everybody who waits for this tip.
    func tell(_ tip: TipID, _ record: TipRecord) {
        for submission in contents.withLock({ $0.waiting[tip] ?? [] }) { submission.tell(record) }
    }

    /// Ends all waiting: the agent stops, and what is spooled stays spooled.
    func close() {
        let all = contents.withLock { contents in
            contents.isClosed = true
            return contents.waiting.values.flatMap { $0 }
        }
        for submission in all { submission.hurry() }
    }
}

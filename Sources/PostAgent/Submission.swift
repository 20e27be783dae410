import Synchronization
import TipModel

/// One tip between its submitter, who waits, and the sender's thread, which puts it into the spool and sends it.
///
/// The submitter is woken once: when the tip is on the disk, or, where it waits for what becomes of it, when that is known or the time
/// is over. It is never told of a tip that is on no disk.
final class Submission: Sendable {
    typealias Answer = Result<Placement, SpoolError>

    let draft: TipDraft
    /// When, by the clock that its age is told by.
    let at: Timestamp

    /// What is known of it.
    struct State {
        var placed: Answer?
        /// What became of it; the first word counts.
        var outcome: TipRecord?
        /// Whether the submitter still waits for that.
        var waits: Bool

        /// What the submitter may be told; nil as long as there is something to wait for.
        var answer: Answer? {
            guard case .success(var placement)? = placed, case .spooled = placement.record else { return placed }
            guard let outcome else { return waits ? nil : placed }
            placement.record = outcome
            return .success(placement)
        }
    }

    private struct Contents {
        var state: State
        var submitter: CheckedContinuation<Answer, Never>?
    }

    private let contents: Mutex<Contents>

    /// - Parameter waits: for what becomes of it, until ``hurry()``; else only for the disk.
    init(_ draft: TipDraft, at: Timestamp, waits: Bool) {
        self.draft = draft
        self.at = at
        contents = Mutex(Contents(state: State(waits: waits)))
    }

    var id: TipID { draft.tip.id }

    /// It is on the disk, or refused.
    func placed(_ answer: Answer) { advance { $0.state.placed = $0.state.placed ?? answer } }

    /// The daemon has it, or will not take it.
    func tell(_ outcome: TipRecord) { advance { $0.state.outcome = $0.state.outcome ?? outcome } }

    /// The submitter does not wait any longer than for the disk.
    func hurry() { advance { $0.state.waits = false } }

    /// Waits for the answer; once.
    func answer() async -> Answer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { submitter in advance { $0.submitter = submitter } }
        } onCancel: {
            hurry()
        }
    }

    private func advance(_ change: (inout Contents) -> Void) {
        let due = contents.withLock { contents -> (CheckedContinuation<Answer, Never>, Answer)? in
            change(&contents)
            guard let answer = contents.state.answer, let submitter = contents.submitter.take() else { return nil }
            return (submitter, answer)
        }
        if let (submitter, answer) = due { submitter.resume(returning: answer) }
    }
}

/// Submissions on their way to the sender's thread.
///
/// Bound: ``bound``. Above it, and while that thread does not run, the submitter's own call puts the tip into the spool.
final class SubmissionQueue: Sendable {
    static let bound = 64

    private struct Contents {
        var isOpen = false
        var waiting: [Submission] = []
    }

    private let contents = Mutex(Contents())

    /// False when there is no room or nobody who takes them.
    func offer(_ submission: Submission) -> Bool {
        contents.withLock { contents in
            guard contents.isOpen, contents.waiting.count < Self.bound else { return false }
            contents.waiting.append(submission)
            return true
        }
    }

    /// All that wait, in order.
    func take() -> [Submission] {
        contents.withLock { contents in
            var taken: [Submission] = []
            swap(&taken, &contents.waiting)
            return taken
        }
    }

    func open() { contents.withLock { $0.isOpen = true } }

    /// No more are taken.
    func close() { contents.withLock { $0.isOpen = false } }
}

import Access
import Glibc
import Logging
import ServiceLifecycle
import Settings
import Supervision
import Synchronization
import TipModel
import TipWire
import ZeroMQ

/// What the sender works with; the door and the spool share parts of it.
struct SenderParts: Sendable {
    let settings: AgentSettings.Sending
    let maxAge: Duration
    let keys: ClientKeys
    let endpoints: [String]
    let spool: Spool
    let clock: PostClock
    let board: AgentBoard
    let waiters: OutcomeWaiters
    let notifier: SystemdNotifier
    let logger: Logger
    /// Told to the station in each heartbeat, at most 64 bytes.
    let software: String
}

/// Runs the OS thread that owns the connection to the daemon.
///
/// Blocking on SQLite is allowed on that thread; it is nobody else's. Other threads leave a mark or a submission, and wake it.
final class Sender: Service {
    private let parts: SenderParts
    private let signals: SenderSignals

    /// - Throws: `EMFILE` when descriptors ran out.
    init(_ parts: SenderParts) throws(ZeroMQError) {
        self.parts = parts
        signals = try SenderSignals()
    }

    /// Puts a tip into the spool and sends it, on the sender's own thread: handing it from SQLite's queue to that thread would take two more
    /// changes of thread. The submission is told when it is on the disk.
    func place(_ submission: Submission) async {
        if signals.submissions.offer(submission) { return signals.wake.signal() }
        let placed: Submission.Answer
        do throws(SpoolError) {
            placed = .success(try await parts.spool.place(submission.draft, at: submission.at))
        } catch {
            placed = .failure(error)
        }
        if case .success(let placement) = placed, placement.isNew, case .spooled(let number, _) = placement.record {
            // The sender's thread may have placed and passed the next one already.
            spoolRewound(to: number)
            parts.board.bell.ring()
        }
        submission.placed(placed)
    }

    /// A tip was spooled under a number that the sender may have passed already.
    func spoolRewound(to number: UInt64) {
        signals.rewind.withLock { $0 = min($0 ?? number, number) }
        signals.wake.signal()
    }

    /// Tells the daemon that the post dealt with an incident itself.
    /// - Returns: nil when the daemon does not answer in time, or too many wait.
    func handled(_ handled: Handled, within limit: Duration) async -> Result<ActionResult, Rejection>? {
        let question = PostQuestion(handled: handled)
        guard signals.ask(question) else { return nil }
        return await question.answer.value(within: limit)
    }

    func run() async throws {
        let (parts, signals) = (parts, signals)
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
                do throws(ZeroMQError) {
                    _ = try spawnThread(name: "post-sender") {
                        ended.resume(with: Result(catching: { try Self.threadBody(parts, signals) }))
                    }
                } catch {
                    ended.resume(throwing: error)
                }
            }
        } onCancelOrGracefulShutdown: {
            signals.isStopping.store(true, ordering: .releasing)
            signals.wake.signal()
        }
    }

    private static func threadBody(_ parts: SenderParts, _ signals: SenderSignals) throws {
        let context = try Context()
        defer { context.terminate(within: .seconds(2)) }
        var loop = SenderLoop(parts, signals)
        signals.submissions.open()
        defer {
            // What came too late to be sent is still kept.
            signals.submissions.close()
            loop.takeSubmissions()
        }
        try loop.run(context)
    }
}

/// Marks that other threads leave for the sender's.
final class SenderSignals: Sendable {
    let wake: WakeSignal
    let isStopping = Atomic<Bool>(false)
    let rewind = Mutex<UInt64?>(nil)
    let submissions = SubmissionQueue()
    private let questions = Mutex<[PostQuestion]>([])

    init() throws(ZeroMQError) { wake = try WakeSignal() }

    /// False when too many wait.
    func ask(_ question: PostQuestion) -> Bool {
        let isTaken = questions.withLock { questions in
            guard questions.count < PostQuestion.bound else { return false }
            questions.append(question)
            return true
        }
        if isTaken { wake.signal() }
        return isTaken
    }

    func takeQuestions() -> [PostQuestion] {
        questions.withLock { questions in
            defer { questions = [] }
            return questions
        }
    }
}

/// A HANDLED on its way, and who waits for the answer. A question is not kept: who asked is told that nobody answered.
struct PostQuestion: Sendable {
    /// At most this many wait, and are under way.
    static let bound = 16

    let handled: Handled
    let answer = OneAnswer<Result<ActionResult, Rejection>>()
}

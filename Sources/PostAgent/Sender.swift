import Access
import Glibc
import Logging
import ServiceLifecycle
import Settings
import Supervision
import Synchronization
import TipModel
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
/// Blocking on SQLite is allowed on that thread; it is nobody else's. Other threads only leave a mark and wake it.
final class Sender: Service {
    private let parts: SenderParts
    private let signals: SenderSignals

    /// - Throws: `EMFILE` when descriptors ran out.
    init(_ parts: SenderParts) throws(ZeroMQError) {
        self.parts = parts
        signals = try SenderSignals()
    }

    /// The spool has new tips.
    func spoolGrew() {
        signals.grew.store(true, ordering: .releasing)
        signals.wake.signal()
    }

    /// A tip was spooled again under a number that was passed already.
    func spoolRewound(to number: UInt64) {
        signals.rewind.withLock { $0 = min($0 ?? number, number) }
        spoolGrew()
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
        try loop.run(context)
    }
}

/// Marks that other threads leave for the sender's.
final class SenderSignals: Sendable {
    let wake: WakeSignal
    let isStopping = Atomic<Bool>(false)
    let grew = Atomic<Bool>(false)
    let rewind = Mutex<UInt64?>(nil)

    init() throws(ZeroMQError) { wake = try WakeSignal() }
}

internal import Journal
internal import Synchronization
internal import ZeroMQ

/// The thread that appends a large group while the core decides the next one.
///
/// One group at a time. The journal belongs to this thread from ``begin(_:)`` until ``take()`` has given the result, and to the core
/// otherwise; but for ``Journal/find(_:)``, which may run beside an append.
final class Committer: Sendable {
    /// Safe to share: who may use the journal is settled by the rule above, and the lock and the signals order what the two threads do.
    final class JournalBox: @unchecked Sendable {
        let journal: any Journal
        init(_ journal: any Journal) { self.journal = journal }
    }

    private enum Work: Sendable {
        case none
        case append([Draft])
        case appended(StationCore.Appended)
    }

    private let box: JournalBox
    private let work = Mutex(Work.none)
    private let isStopping = Atomic<Bool>(false)
    private let wake: WakeSignal
    /// Signalled when a result is there.
    let done: WakeSignal
    private let thread = Mutex<ThreadHandle?>(nil)

    init(_ box: JournalBox) throws(ZeroMQError) {
        self.box = box
        wake = try WakeSignal()
        done = try WakeSignal()
    }

    func start() throws(ZeroMQError) {
        let handle = try spawnThread(name: "commit") { [self] in run() }
        thread.withLock { $0 = handle }
    }

    /// Begins to append; only when no other is under way.
    func begin(_ drafts: consuming [Draft]) {
        work.withLock { $0 = .append(drafts) }
        wake.signal()
    }

    /// The result of the append that was begun, once it is there.
    func take() -> StationCore.Appended? {
        work.withLock { work in
            guard case .appended(let result) = work else { return nil }
            work = .none
            return result
        }
    }

    /// After the last result was taken.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        _ = thread.withLock { $0 }?.join(deadline: .seconds(2))
    }

    private func run() {
        var polls = PollSet()
        _ = polls.add(fileDescriptor: wake.fileDescriptor)
        while !isStopping.load(ordering: .acquiring) {
            _ = try? polls.poll(timeoutMilliseconds: 1_000)
            wake.clear()
            guard case .append(let drafts) = work.withLock({ $0 }) else { continue }
            let result = StationCore.Appended(drafts, to: box.journal)
            work.withLock { $0 = .appended(result) }
            done.signal()
            // The drafts are freed here, while the core goes on.
        }
    }
}

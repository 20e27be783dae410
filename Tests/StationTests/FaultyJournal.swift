import Journal
import Synchronization
import TestSupport
import TipModel

/// The journal in memory, with the faults that a disk can have.
final class FaultyJournal: Journal, Sendable {
    struct Faults {
        /// What `append` fails with.
        var append: JournalError?
        /// What looking up, and reading back, fail with.
        var find: JournalError?
        var read: JournalError?
        var save: JournalError?
        /// Somebody else appends a record first: the numbers are not those that the core expects.
        var foreignRecord = false
    }

    let memory = MemoryJournal()
    private let faults = Mutex(Faults())
    private let counts = Mutex((appends: 0, saves: 0))
    private let hang = Mutex<(@Sendable () -> Void)?>(nil)
    private let closed = Atomic<Bool>(false)

    func set(_ change: (inout sending Faults) -> Void) { faults.withLock { change(&$0) } }

    /// What the next `append` waits for first, as one does whose disk has stopped answering.
    func hangNext(_ body: @escaping @Sendable () -> Void) { hang.withLock { $0 = body } }

    /// Calls of `append`, whatever came of them.
    var appends: Int { counts.withLock { $0.appends } }
    /// Snapshots saved.
    var saves: Int { counts.withLock { $0.saves } }

    func append(_ drafts: [Draft]) throws(JournalError) -> SequenceNumber {
        counts.withLock { $0.appends += 1 }
        let wait = hang.withLock { hang in
            defer { hang = nil }
            return hang
        }
        wait?()
        let (failure, isForeign) = faults.withLock { faults in
            defer { faults.foreignRecord = false }
            return (faults.append, faults.foreignRecord)
        }
        if let failure { throw failure }
        if isForeign {
            _ = try memory.append([Draft(at: ManualTime.night, events: [.cursorAdvanced(UnitID(unchecked: "stranger"), alert: 1, main: 1)])])
        }
        return try memory.append(drafts)
    }

    var lastSequence: SequenceNumber { memory.lastSequence }

    func find(_ keys: [TipKey]) throws(JournalError) -> [TipKey: StoredTip] {
        if let failure = faults.withLock({ $0.find }) { throw failure }
        return try memory.find(keys)
    }

    func newestTip() throws(JournalError) -> TipID? {
        if let failure = faults.withLock({ $0.find }) { throw failure }
        return try memory.newestTip()
    }

    func save(_ snapshot: StoredSnapshot) throws(JournalError) {
        if let failure = faults.withLock({ $0.save }) { throw failure }
        counts.withLock { $0.saves += 1 }
        try memory.save(snapshot)
    }

    func makeReader() throws(JournalError) -> any JournalReader {
        if let failure = faults.withLock({ $0.read }) { throw failure }
        return try memory.makeReader()
    }

    var syncs: UInt64 { memory.syncs }

    /// Only noted, so that a test can still read what is in it.
    func close() { closed.store(true, ordering: .releasing) }

    var isClosed: Bool { closed.load(ordering: .acquiring) }
}

let diskFull = JournalError(.full, "the disk is full")

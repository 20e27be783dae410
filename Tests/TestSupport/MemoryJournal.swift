// A second implementation of the protocol: it keeps the conformance suite honest about what is the journal's promise
// and what is SQLite's habit, and it lets other suites run without a disk.

public import Journal
import Synchronization
public import TipModel
import TipWire

/// A journal in memory. Durable for as long as the object lives.
public final class MemoryJournal: Journal, Sendable {
    private let store = MemoryStore()

    public init() {}

    /// Makes every later `append` fail with `error`; nil ends that.
    public func failAppends(_ error: JournalError?) { store.contents.withLock { $0.failure = error } }

    public func append(_ drafts: [Draft]) throws(JournalError) -> SequenceNumber {
        try store.use { (contents) throws(JournalError) in
            let first = SequenceNumber(contents.rows.count) + 1
            guard !drafts.isEmpty else { return first }
            if let failure = contents.failure { throw failure }
            var keys = contents.keys
            for (offset, draft) in drafts.enumerated() {
                guard let key = draft.tip else { continue }
                guard keys.updateValue(contents.rows.count + offset, forKey: key) == nil else {
                    throw JournalError(.misuse, "the tip \(key.tip) of \(key.post) is in the journal already")
                }
            }
            contents.keys = keys
            contents.rows += drafts
            contents.syncs += 1
            return first
        }
    }

    public var lastSequence: SequenceNumber { store.contents.withLock { SequenceNumber($0.rows.count) } }

    public func find(_ keys: [TipKey]) throws(JournalError) -> [TipKey: StoredTip] {
        try store.use { (contents) throws(JournalError) in
            var found: [TipKey: StoredTip] = [:]
            for key in keys {
                guard let index = contents.keys[key] else { continue }
                found[key] = try Self.storedTip(contents.rows[index], at: index)
            }
            return found
        }
    }

    private static func storedTip(_ row: Draft, at index: Int) throws(JournalError) -> StoredTip {
        for case .tipAccepted(let accepted) in row.events {
            guard let event = row.feed?.event, let feed = try? FeedCodec.decodeEvent(event) else { break }
            return StoredTip(
                sequence: SequenceNumber(index) + 1, encoded: accepted.encoded, incident: feed.incident.id,
                level: feed.incident.urgency.level, score: feed.incident.urgency.score)
        }
        throw JournalError(.corrupt, "record \(index + 1) is indexed as a tip and holds none")
    }

    public func newestTip() throws(JournalError) -> TipID? {
        try store.use { (contents) throws(JournalError) in contents.keys.keys.map(\.tip).max() }
    }

    public func save(_ snapshot: StoredSnapshot) throws(JournalError) {
        try store.use { (contents) throws(JournalError) in
            contents.snapshots.removeAll { $0.sequence == snapshot.sequence }
            contents.snapshots.append(snapshot)
            contents.snapshots.sort { $0.sequence > $1.sequence }
            contents.snapshots = Array(contents.snapshots.prefix(2))
        }
    }

    public func makeReader() throws(JournalError) -> any JournalReader { MemoryJournalReader(store) }

    public var syncs: UInt64 { store.contents.withLock { $0.syncs } }

    public func close() { store.contents.withLock { $0.isClosed = true } }
}

/// What the journal and its readers share.
private final class MemoryStore: Sendable {
    struct Contents {
        var rows: [Draft] = []
        /// Index of the row of each tip.
        var keys: [TipKey: Int] = [:]
        var snapshots: [StoredSnapshot] = []
        var syncs: UInt64 = 0
        var failure: JournalError?
        var isClosed = false
    }

    let contents = Mutex(Contents())

    func use<Result: Sendable>(
        _ body: (inout Contents) throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        let result: Swift.Result<Result, JournalError> = contents.withLock { contents in
            guard !contents.isClosed else { return .failure(JournalError(.misuse, "the journal is closed")) }
            do throws(JournalError) {
                return .success(try body(&contents))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

private final class MemoryJournalReader: JournalReader {
    private let store: MemoryStore

    init(_ store: MemoryStore) { self.store = store }

    private static func record(_ rows: [Draft], _ index: Int) -> StoredRecord {
        StoredRecord(
            record: Record(sequence: SequenceNumber(index) + 1, at: rows[index].at, events: rows[index].events),
            feedEvent: rows[index].feed?.event)
    }

    func records(
        after sequence: SequenceNumber, limit: Int, bytes: Int
    ) throws(JournalError) -> [StoredRecord] {
        try store.use { (contents) throws(JournalError) in
            var found: [StoredRecord] = []
            var size = 0
            var index = Int(min(sequence, SequenceNumber(contents.rows.count)))
            while index < contents.rows.count, found.count < limit, found.isEmpty || size < bytes {
                found.append(Self.record(contents.rows, index))
                // There is no payload here; what a tip was sent as stands for it.
                for case .tipAccepted(let accepted) in contents.rows[index].events { size += accepted.encoded.count }
                size += 16
                index += 1
            }
            return found
        }
    }

    func records(about incident: IncidentID, limit: Int) throws(JournalError) -> [StoredRecord] {
        try store.use { (contents) throws(JournalError) in
            contents.rows.indices.filter { contents.rows[$0].incident == incident }.prefix(max(0, limit))
                .map { Self.record(contents.rows, $0) }
        }
    }

    func feedPage(_ request: FeedPageRequest) throws(JournalError) -> FeedPage {
        guard request.limit > 0 else { return FeedPage(items: [], reached: request.after) }
        guard request.after < request.through else { return FeedPage(items: [], reached: request.after) }
        return try store.use { (contents) throws(JournalError) in
            var items: [FeedPage.Item] = []
            var size = 0
            for (index, row) in contents.rows.enumerated() {
                let sequence = SequenceNumber(index) + 1
                guard sequence > request.after, sequence <= request.through, let feed = row.feed,
                    feed.lane == request.lane, feed.level >= request.leastLevel,
                    request.zones.contains(feed.zone) || request.guest.map(feed.guests.contains) ?? false
                else { continue }
                items.append(FeedPage.Item(sequence: sequence, event: feed.event))
                size += feed.event.count
                if items.count == request.limit || size >= request.bytes {
                    return FeedPage(items: items, reached: sequence)
                }
            }
            return FeedPage(items: items, reached: request.through)
        }
    }

    func laneHeads() throws(JournalError) -> FeedCursor {
        try store.use { (contents) throws(JournalError) in
            var heads = FeedCursor()
            for (index, row) in contents.rows.enumerated() {
                if let lane = row.feed?.lane { heads[lane] = SequenceNumber(index) + 1 }
            }
            return heads
        }
    }

    func latestSnapshot() throws(JournalError) -> StoredSnapshot? {
        try store.use { (contents) throws(JournalError) in contents.snapshots.first(where: SnapshotCodec.isIntact) }
    }

    func lastSequence() throws(JournalError) -> SequenceNumber {
        try store.use { (contents) throws(JournalError) in SequenceNumber(contents.rows.count) }
    }

    func verify(
        progress: (SequenceNumber, SequenceNumber) -> Bool
    ) throws(JournalError) -> Verification {
        let last = try lastSequence()
        guard last > 0 else { return .sound(records: 0) }
        return progress(last, last) ? .sound(records: last) : .stopped(at: last)
    }

    func close() {}
}

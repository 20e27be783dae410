// The one idea: what the daemon knows is a fold over the journal. So the state that ran, the state folded from nothing and
// the state folded from any snapshot are the same, to the byte.

import GRDB
import TestSupport
import Testing
import TipModel

@testable import Journal

@Suite("Replay") struct ReplayTests {
    /// Notes from where records are read, so that a test can tell that a snapshot was used.
    private final class WatchedReader: JournalReader {
        private let reader: any JournalReader
        private(set) var begin: SequenceNumber?

        init(_ reader: any JournalReader) { self.reader = reader }

        func records(after sequence: SequenceNumber, limit: Int, bytes: Int) throws(JournalError) -> [StoredRecord] {
            if begin == nil { begin = sequence }
            return try reader.records(after: sequence, limit: limit, bytes: bytes)
        }

        func records(about incident: IncidentID, limit: Int) throws(JournalError) -> [StoredRecord] {
            try reader.records(about: incident, limit: limit)
        }

        func feedPage(_ request: FeedPageRequest) throws(JournalError) -> FeedPage { try reader.feedPage(request) }
        func laneHeads() throws(JournalError) -> FeedCursor { try reader.laneHeads() }
        func latestSnapshot() throws(JournalError) -> StoredSnapshot? { try reader.latestSnapshot() }
        func lastSequence() throws(JournalError) -> SequenceNumber { try reader.lastSequence() }

        func verify(progress: (SequenceNumber, SequenceNumber) -> Bool) throws(JournalError) -> Verification {
            try reader.verify(progress: progress)
        }

        func close() { reader.close() }
    }

    private struct Case: CustomTestStringConvertible {
        var engine: Engine
        var seed: UInt64
        var testDescription: String { "\(engine.rawValue), seed \(seed)" }

        static let all = Engine.allCases.flatMap { engine in (41...44).map { Case(engine: engine, seed: $0) } }
    }

    @Test(arguments: Case.all)
    private func snapshotAndTailAreTheFoldFromNothingAreWhatRan(one: Case) async throws {
        let bench = try one.engine.open()
        var history = SampleHistory(seed: one.seed)
        var random = SplitMix64(seed: one.seed &* 31)
        var newest: SequenceNumber = 0
        var checked = 0
        while history.state.sequence < 400 {
            _ = try bench.journal.append(history.drafts(1 + Int(random.next() % 60)))
            if random.oneIn(3) {
                try bench.journal.save(SnapshotCodec.encode(history.state))
                newest = history.state.sequence
            }
            await Task.yield()
            guard random.oneIn(2) else { continue }
            let reader = WatchedReader(try bench.journal.makeReader())
            defer { reader.close() }
            let restarted = try Replay.state(from: reader)
            #expect(restarted == history.state)
            #expect(SnapshotCodec.encode(restarted) == SnapshotCodec.encode(history.state))
            #expect(reader.begin == (newest == history.state.sequence ? nil : newest))
            #expect(try Replay.state(from: reader, ignoringSnapshots: true) == history.state)
            checked += 1
        }
        #expect(checked > 2)
    }

    /// A fold that is saved and restored after every single record stays the fold: nothing that a snapshot leaves out is
    /// ever needed.
    @Test(arguments: [51, 52] as [UInt64])
    func nothingIsLostBySavingAfterEveryRecord(seed: UInt64) async throws {
        var history = SampleHistory(seed: seed)
        var state = StationState()
        for _ in 0..<300 {
            let draft = history.next()
            state.apply(Record(sequence: state.sequence + 1, at: draft.at, events: draft.events))
            state = try SnapshotCodec.decode(SnapshotCodec.encode(state))
            try #require(state == history.state)
            await Task.yield()
        }
        #expect(!state.recentlyCleared.isEmpty && !state.ledgers.isEmpty && !state.cursors.isEmpty)
        #expect(!state.enrolments.isEmpty && state.totals.correlated > 0 && state.totals.drills > 0)
    }

    @Test func aRestartOfTheProcessFoldsTheSameState() throws {
        let folder = try TemporaryDirectory()
        var history = SampleHistory(seed: 54)
        for round in 0..<4 {
            let journal = try SQLiteJournal(directory: folder.path)
            defer { journal.close() }
            let reader = try journal.makeReader()
            defer { reader.close() }
            #expect(try Replay.state(from: reader) == history.state)
            _ = try journal.append(history.drafts(120))
            if round.isMultiple(of: 2) { try journal.save(SnapshotCodec.encode(history.state)) }
        }
    }

    @Test(arguments: Engine.allCases)
    func aDamagedSnapshotFallsBackToTheOneBefore(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 55)
        func save(_ change: (inout [UInt8]) -> Void = { _ in }) throws {
            var snapshot = SnapshotCodec.encode(history.state)
            change(&snapshot.bytes)
            try bench.journal.save(snapshot)
        }
        func begin() throws -> SequenceNumber? {
            let reader = WatchedReader(try bench.journal.makeReader())
            defer { reader.close() }
            #expect(try Replay.state(from: reader) == history.state)
            return reader.begin
        }
        _ = try bench.journal.append(history.drafts(100))
        try save()
        _ = try bench.journal.append(history.drafts(100))
        try save { $0[40] ^= 1 }
        _ = try bench.journal.append(history.drafts(50))
        #expect(try begin() == 100)
        try save { $0 = Array($0.prefix(10)) }
        // Both that are kept are damaged now.
        #expect(try begin() == 0)
        try save { $0 = [] }
        #expect(try begin() == 0)
    }

    /// Folded on, the numbers of what is missing would be given twice.
    @Test(arguments: Engine.allCases)
    func aSnapshotThatIsAheadOfTheRecordsStopsTheReplay(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 56)
        _ = try bench.journal.append(history.drafts(100))
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        var ahead = history
        _ = ahead.drafts(50)
        try bench.journal.save(SnapshotCodec.encode(ahead.state))
        let error = #expect(throws: JournalError.self) { try Replay.state(from: reader) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.hasPrefix("a snapshot was taken at 150 and the newest record is 100") == true)
        #expect(try Replay.state(from: reader, ignoringSnapshots: true) == history.state)
    }

    /// Its checksum holds, and it is still not to be used: filed under another number than it says.
    @Test func aSnapshotUnderAWrongNumberIsPassedOver() throws {
        let bench = try Engine.sqlite.open()
        var history = SampleHistory(seed: 59)
        _ = try bench.journal.append(history.drafts(50))
        let early = SnapshotCodec.encode(history.state)
        _ = try bench.journal.append(history.drafts(50))
        for number: SequenceNumber in [80, 2_000] {
            try bench.journal.save(StoredSnapshot(sequence: number, bytes: early.bytes))
            let reader = WatchedReader(try bench.journal.makeReader())
            defer { reader.close() }
            #expect(try Replay.state(from: reader) == history.state)
            #expect(reader.begin == 0)
            #expect(try verify(reader) == .sound(records: 100))
        }
    }

    @Test func aMissingRecordStopsTheReplay() throws {
        let folder = try TemporaryDirectory()
        let journal = try SQLiteJournal(directory: folder.path)
        var history = SampleHistory(seed: 57)
        _ = try journal.append(history.drafts(1_000))
        journal.close()
        try RawFile(folder).change { try $0.execute(sql: "DELETE FROM record WHERE sequence = 77") }
        let reader = try SQLiteJournalReader(path: RawFile(folder).path)
        defer { reader.close() }
        let error = #expect(throws: JournalError.self) { try Replay.state(from: reader) }
        #expect(error?.code == .corrupt)
        #expect(error?.message == "record 77 is missing")
    }

    @Test func progressIsToldUpToTheLast() throws {
        let bench = try Engine.memory.open()
        var history = SampleHistory(seed: 58)
        _ = try bench.journal.append(history.drafts(80))
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        var told: [SequenceNumber] = []
        _ = try Replay.state(from: reader) { reached, last in
            #expect(last == 80)
            told.append(reached)
        }
        #expect(told.last == 80)
    }
}

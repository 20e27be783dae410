// Compaction: what is old goes, and nothing that anybody could notice changes: the state, what is told of the incidents that are
// remembered, and that damage is found.

import Foundation
import GRDB
import TestSupport
import Testing
import TipModel

@testable import Journal

@Suite("Compaction") struct CompactionTests {
    private let folder: TemporaryDirectory
    private let raw: RawFile
    private var history: SampleHistory
    private let hour: Int64 = 3_600_000

    init() throws {
        folder = try TemporaryDirectory()
        raw = RawFile(folder)
        history = SampleHistory(seed: 71)
    }

    private func open() throws -> SQLiteJournal { try SQLiteJournal(directory: folder.path) }

    /// A day and more of records, and units that have read everything.
    private mutating func fill(_ journal: SQLiteJournal, records: Int = 2_000) throws {
        _ = try journal.append(history.drafts(records))
        let last = journal.lastSequence
        _ = try journal.append(
            SampleTips.units.map { Draft(at: history.time, events: [.cursorAdvanced($0, alert: last, main: last)]) })
    }

    private struct Picture: Equatable {
        var state: StationState
        var folded: StationState
        var tail: [StoredRecord]
        var remembered: [IncidentID: [StoredRecord]]
        var verification: Verification
        var heads: FeedCursor

        init(_ journal: SQLiteJournal, after: SequenceNumber) throws {
            let reader = try journal.makeReader()
            defer { reader.close() }
            state = try Replay.state(from: reader)
            folded = try Replay.state(from: reader, ignoringSnapshots: true)
            tail = try allRecords(reader).filter { $0.record.sequence > after }
            remembered = [:]
            for id in state.incidents.keys { remembered[id] = try reader.records(about: id, limit: .max) }
            verification = try verify(reader)
            heads = try reader.laneHeads()
        }
    }

    private func retention(hours: Int64) -> Retention { Retention(age: hours * hour, bytes: nil, youngest: hour) }

    @Test mutating func whatIsOldGoesAndNothingThatIsRememberedChanges() throws {
        let journal = try open()
        defer { journal.close() }
        try fill(journal)
        try journal.save(SnapshotCodec.encode(Replay.state(from: journal.makeReader())))
        var dropped: UInt64 = 0
        for round in 1...3 {
            let trial = try journal.compact(retention(hours: 8), now: history.time, isTrial: true)
            let before = try Picture(journal, after: trial.through)
            let done = try journal.compact(retention(hours: 8), now: history.time)
            #expect(done.dropped == trial.dropped && done.dropped > 100 && done.through == trial.through, "\(done)")
            #expect(try Picture(journal, after: trial.through) == before)
            #expect(before.verification == .sound(records: journal.lastSequence) && before.state == before.folded)
            dropped += done.dropped
            let reader = try journal.makeReader()
            let base = try #require(try reader.base())
            reader.close()
            #expect(base.dropped == dropped && base.sequence == done.through, "round \(round)")
            // Again, at once: nothing more is old.
            #expect(try journal.compact(retention(hours: 8), now: history.time).dropped == 0)
            try fill(journal, records: 1_000)
        }
        #expect(try raw.change { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 5)
    }

    @Test mutating func itIsOpenedAgainAndGoesOn() throws {
        var journal = try open()
        try fill(journal)
        // Nearly everything goes: the tail that a start checks lies in a run of dropped records.
        _ = try journal.compact(Retention(age: hour, bytes: nil, youngest: 0), now: history.time.advanced(byMilliseconds: 1))
        let last = journal.lastSequence
        let before = try Picture(journal, after: 0)
        journal.close()
        journal = try open()
        defer { journal.close() }
        #expect(journal.lastSequence == last)
        #expect(try Picture(journal, after: 0) == before)
        #expect(try journal.append(history.drafts(10)) == last + 1)
        let reader = try journal.makeReader()
        defer { reader.close() }
        #expect(try verify(reader) == .sound(records: last + 10))
    }

    @Test mutating func bySizeTheOldestGoUntilItFits() throws {
        let journal = try open()
        defer { journal.close() }
        try fill(journal, records: 6_000)
        let whole = try journal.compact(Retention(age: nil, bytes: 1 << 40, youngest: 0), now: history.time)
        #expect(whole.dropped == 0)
        let half = try journal.compact(Retention(age: nil, bytes: whole.bytesBefore / 2, youngest: 0), now: history.time)
        // Here nearly every incident is open, so much of the half stays.
        #expect(half.dropped > 500 && (2_000...4_000).contains(half.through), "\(half)")
        // What is young stays however small the bound.
        let young = try journal.compact(Retention(age: nil, bytes: 1, youngest: 10_000 * hour), now: history.time)
        #expect(young.dropped == 0)
    }

    @Test mutating func damageIsFoundAsBefore() throws {
        var journal = try open()
        try fill(journal)
        _ = try journal.compact(retention(hours: 8), now: history.time)
        journal.close()
        let sound = try Data(contentsOf: URL(fileURLWithPath: raw.path))
        for damage in [
            "UPDATE record SET payload = payload || x'00' WHERE sequence = (SELECT min(sequence) FROM record)",
            "DELETE FROM record WHERE sequence = (SELECT min(sequence) FROM record)",
            "UPDATE gap SET chain = zeroblob(16) WHERE first = (SELECT max(first) FROM gap)",
            "UPDATE gap SET last = last - 1 WHERE first = (SELECT max(first) FROM gap)",
            "DELETE FROM gap WHERE first = (SELECT min(first) FROM gap)",
            "UPDATE base SET state = zeroblob(length(state))",
            "UPDATE base SET sequence = sequence + 1",
            "DELETE FROM base",
        ] {
            try sound.write(to: URL(fileURLWithPath: raw.path))
            try raw.change { try $0.execute(sql: damage) }
            let reader = try SQLiteJournalReader(path: raw.path)
            defer { reader.close() }
            let found = Result { try verify(reader) }
            switch found {
            case .success(.damaged), .failure: break
            case .success(let other): Issue.record("\(damage): \(other)")
            }
            // And is not sealed over.
            journal = try open()
            defer { journal.close() }
            #expect(throws: JournalError.self, "\(damage)") { try journal.compact(retention(hours: 1), now: history.time) }
        }
    }

    @Test mutating func whatAUnitHasNotReadStays() throws {
        let journal = try open()
        defer { journal.close() }
        let unit = PatrolUnit(id: UnitID(unchecked: "unit-new"), name: "夜巡", zones: SampleTips.zones)
        _ = try journal.append([
            Draft(at: history.time, events: [.unitEnrolled(UnitEnrolled(unit: unit, publicKey: Array(repeating: 7, count: 32)))])
        ])
        var drafts = history.drafts(2_000)
        drafts.append(Draft(at: history.time, events: [.cursorAdvanced(unit.id, alert: 300, main: 300)]))
        _ = try journal.append(drafts)
        let plan = Retention(age: hour, bytes: nil, youngest: 0)
        let held = try journal.compact(plan, now: history.time, isTrial: true)
        guard case .unread(let who, let sequence)? = held.bound else {
            Issue.record("\(held)")
            return
        }
        #expect(held.through == sequence - 1)
        if who == unit.id { #expect(sequence > 300 && sequence < 320) }
    }

    /// Set forward by ten years, and back again: neither makes anything old.
    @Test mutating func aClockThatLeaptDropsNothing() throws {
        let journal = try open()
        defer { journal.close() }
        try fill(journal)
        let tenYears: Int64 = 3_653 * 24 * hour
        let ahead = history.time.advanced(byMilliseconds: tenYears)
        let plan = Retention(age: 400 * 24 * hour, bytes: nil, youngest: 0)
        #expect(try journal.compact(plan, now: ahead).dropped == 0)
        // Even when it has written by that clock.
        let before = journal.lastSequence
        for _ in 0..<3 { _ = try journal.append([Draft(at: ahead, events: [.postHeard(SampleTips.posts[0], silentSince: ahead)])]) }
        let leapt = try journal.compact(plan, now: ahead)
        #expect(leapt.dropped == 0 && leapt.bound == .leap(before, ahead.milliseconds(since: history.time)), "\(leapt)")
        #expect(try journal.compact(plan, now: history.time.advanced(byMilliseconds: -tenYears)).dropped == 0)
        var trusted = plan
        trusted.trustsClock = true
        #expect(try journal.compact(trusted, now: ahead).dropped > 100)
        let reader = try journal.makeReader()
        defer { reader.close() }
        #expect(try verify(reader) == .sound(records: journal.lastSequence))
    }
}

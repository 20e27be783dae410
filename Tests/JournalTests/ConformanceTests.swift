// What everything above the journal relies on, whatever engine is below. Feed pages are in FeedPageTests.

import Journal
import TestSupport
import Testing
import TipModel
import TipWire

@Suite("Every journal") struct ConformanceTests {
    private static func misused(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch let error as JournalError {
            return error.code == .misuse
        } catch {
            return false
        }
    }

    @Test(arguments: Engine.allCases)
    func sequencesAreDenseFromOne(engine: Engine) throws {
        let bench = try engine.open()
        #expect(bench.journal.lastSequence == 0)
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        #expect(try reader.lastSequence() == 0)
        #expect(try reader.records(after: 0, limit: 10, bytes: .max).isEmpty)
        var history = SampleHistory(seed: 1)
        var next: SequenceNumber = 1
        for count in [1, 3, 1, 200, 7] {
            #expect(try bench.journal.append(history.drafts(count)) == next)
            next += SequenceNumber(count)
            #expect(bench.journal.lastSequence == next - 1)
            #expect(try reader.lastSequence() == next - 1)
        }
        #expect(try allRecords(reader).map(\.record.sequence) == Array(1..<next))
    }

    @Test(arguments: Engine.allCases)
    func nothingToAppendIsNothingDone(engine: Engine) throws {
        let bench = try engine.open()
        #expect(try bench.journal.append([]) == 1)
        #expect(bench.journal.lastSequence == 0 && bench.journal.syncs == 0)
    }

    @Test(arguments: Engine.allCases)
    func whatIsReadIsWhatWasAppended(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 2)
        let drafts = history.drafts(600)
        _ = try bench.journal.append(drafts)
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        #expect(try allRecords(reader, limit: 97) == stored(drafts))
    }

    @Test(arguments: Engine.allCases)
    func aGroupIsAppendedWholeOrNotAtAll(engine: Engine) throws {
        let bench = try engine.open()
        var tips = SampleTips(seed: 3)
        let post = SampleTips.posts[0]
        let all = (1...4).map { tipDraft(tips.tip(from: post, at: ManualTime.night), from: post, sequence: $0, incident: $0) }
        _ = try bench.journal.append([all[0]])
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        // The third of the group is refused: as one that is in the journal, then as one that the group has already.
        #expect(Self.misused { _ = try bench.journal.append([all[1], all[2], all[0]]) })
        #expect(Self.misused { _ = try bench.journal.append([all[1], all[2], all[1]]) })
        #expect(bench.journal.lastSequence == 1)
        #expect(try allRecords(reader) == stored([all[0]]))
        #expect(try bench.journal.find(post: post, tip: try #require(all[1].tip).tip) == nil)
        // And nothing of it stands in the way of what comes after.
        #expect(try bench.journal.append(Array(all[1...])) == 2)
        #expect(try allRecords(reader) == stored(all))
        #expect(try verify(reader) == .sound(records: 4))
    }

    @Test(arguments: Engine.allCases)
    func aTipIsFoundByItsPostAndID(engine: Engine) throws {
        let bench = try engine.open()
        var tips = SampleTips(seed: 4)
        let post = SampleTips.posts[3]
        let tip = tips.tip(from: post, at: ManualTime.night)
        // A field that this version does not know is part of what was sent.
        let encoded = TipCodec.encode(tip) + [0xA2, 0x06, 0x03, 1, 2, 3]
        _ = try bench.journal.append([tipDraft(tip, from: post, sequence: 1, incident: 7, encoded: encoded)])
        #expect(
            try bench.journal.find(post: post, tip: tip.id)
                == StoredTip(sequence: 1, encoded: encoded, incident: IncidentID(7), level: .priority, score: 40))
        for other in SampleTips.posts where other != post { #expect(try bench.journal.find(post: other, tip: tip.id) == nil) }
        #expect(try bench.journal.find(post: post, tip: TipID(high: tip.id.high, low: tip.id.low ^ 1)) == nil)
        #expect(try bench.journal.find(post: post, tip: TipID(high: tip.id.high ^ 1, low: tip.id.low)) == nil)
    }

    @Test(arguments: Engine.allCases)
    func theSameIDOfAnotherPostIsAnotherTip(engine: Engine) throws {
        let bench = try engine.open()
        var tips = SampleTips(seed: 5)
        let tip = tips.tip(from: SampleTips.posts[0], at: ManualTime.night)
        for (index, post) in SampleTips.posts.enumerated() {
            let sequence = SequenceNumber(index) + 1
            _ = try bench.journal.append([tipDraft(tip, from: post, sequence: sequence, incident: sequence)])
        }
        for (index, post) in SampleTips.posts.enumerated() {
            let found = try bench.journal.find(post: post, tip: tip.id)
            #expect(found?.sequence == SequenceNumber(index) + 1)
            #expect(found?.incident == IncidentID(UInt64(index) + 1))
        }
        #expect(Self.misused { _ = try bench.journal.append([tipDraft(tip, from: SampleTips.posts[3], sequence: 9, incident: 9)]) })
    }

    @Test(arguments: Engine.allCases)
    func everyTipOfALongHistoryIsFound(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 6)
        let drafts = history.drafts(400)
        try bench.append(drafts, groupsOf: 40, using: &history.tips.random)
        for (index, draft) in drafts.enumerated() {
            guard let key = draft.tip, case .tipAccepted(let accepted) = draft.events[0] else { continue }
            let found = try bench.journal.find(post: key.post, tip: key.tip)
            #expect(found?.sequence == SequenceNumber(index) + 1)
            #expect(found?.encoded == accepted.encoded && found?.incident == draft.incident)
        }
    }

    @Test(arguments: Engine.allCases)
    func aReaderSeesWhatWasAppendedSinceItWasMade(engine: Engine) throws {
        let bench = try engine.open()
        let readers = try (0..<3).map { _ in try bench.journal.makeReader() }
        defer { readers.forEach { $0.close() } }
        var history = SampleHistory(seed: 7)
        for round in 1...20 {
            _ = try bench.journal.append(history.drafts(round))
            for reader in readers {
                #expect(try reader.lastSequence() == history.state.sequence)
                #expect(try reader.records(after: history.state.sequence - 1, limit: 5, bytes: .max).count == 1)
            }
        }
    }

    @Test(arguments: Engine.allCases)
    func aPageOfRecordsEndsAtItsLimits(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 8)
        let drafts = history.drafts(300)
        _ = try bench.journal.append(drafts)
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        let expected = stored(drafts)
        func page(after: SequenceNumber, limit: Int = .max, bytes: Int = .max) throws -> [StoredRecord] {
            try reader.records(after: after, limit: limit, bytes: bytes)
        }
        #expect(try page(after: 0, limit: 10) == Array(expected.prefix(10)))
        #expect(try page(after: 290, limit: 100) == Array(expected[290...]))
        #expect(try page(after: 299) == [expected[299]])
        for beyond: SequenceNumber in [300, 301, 1 << 63, .max] { #expect(try page(after: beyond).isEmpty) }
        for none in [0, -1, Int.min] { #expect(try page(after: 0, limit: none).isEmpty) }
        // At least one, however small the room; more room is more records, and they join.
        for small in [1, 0, -5] { #expect(try page(after: 5, bytes: small) == [expected[5]]) }
        #expect(try page(after: 0, bytes: 2_000).count < page(after: 0, bytes: 20_000).count)
        var joined: [StoredRecord] = []
        while joined.count < expected.count {
            let next = try page(after: joined.last?.record.sequence ?? 0, bytes: 3_000)
            try #require(!next.isEmpty && next.count < 100)
            joined += next
        }
        #expect(joined == expected)
    }

    @Test(arguments: Engine.allCases)
    func recordsAboutAnIncidentAreAllOfItsOldestFirst(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 9)
        let drafts = history.drafts(400)
        _ = try bench.journal.append(drafts)
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        let all = stored(drafts)
        for incident in Set(drafts.compactMap(\.incident)).union([IncidentID(5_000), IncidentID(.max)]) {
            let expected = zip(drafts, all).filter { $0.0.incident == incident }.map(\.1)
            #expect(try reader.records(about: incident, limit: 1_000) == expected)
            #expect(try reader.records(about: incident, limit: 2) == Array(expected.prefix(2)))
        }
        for none in [0, -1] { #expect(try reader.records(about: IncidentID(1), limit: none).isEmpty) }
    }

    @Test(arguments: Engine.allCases)
    func theNewestSnapshotIsGivenAndTwoAreKept(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 10)
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        #expect(try reader.latestSnapshot() == nil)
        var snapshots: [StoredSnapshot] = []
        for _ in 0..<4 {
            _ = try bench.journal.append(history.drafts(30))
            snapshots.append(SnapshotCodec.encode(history.state))
            try bench.journal.save(snapshots[snapshots.count - 1])
            #expect(try reader.latestSnapshot() == snapshots.last)
        }
        // Saved again under its number, it takes the place of the one before it.
        func damaged(_ snapshot: StoredSnapshot) -> StoredSnapshot {
            var snapshot = snapshot
            snapshot.bytes[snapshot.bytes.count / 2] ^= 0x10
            return snapshot
        }
        try bench.journal.save(damaged(snapshots[3]))
        #expect(try reader.latestSnapshot() == snapshots[2])
        try bench.journal.save(damaged(snapshots[2]))
        #expect(try reader.latestSnapshot() == nil)
        try bench.journal.save(snapshots[3])
        #expect(try reader.latestSnapshot() == snapshots[3])
    }

    @Test(arguments: Engine.allCases)
    func verifyingTellsHowFarItIsAndCanBeStopped(engine: Engine) throws {
        let bench = try engine.open()
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        #expect(try verify(reader) == .sound(records: 0))
        var history = SampleHistory(seed: 11)
        _ = try bench.journal.append(history.drafts(120))
        var told: [SequenceNumber] = []
        let found = try reader.verify { reached, last in
            #expect(last == 120)
            told.append(reached)
            return true
        }
        #expect(found == .sound(records: 120))
        #expect(told.last == 120 && told == told.sorted())
        guard case .stopped(let at) = try reader.verify(progress: { _, _ in false }) else {
            Issue.record("it went on")
            return
        }
        #expect((1...120).contains(at))
    }

    @Test(arguments: Engine.allCases)
    func oneGroupIsOneSync(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 12)
        // An engine may sync what it makes for the first record, too.
        _ = try bench.journal.append(history.drafts(1))
        for count in [1, 50, 300] {
            let before = bench.journal.syncs
            _ = try bench.journal.append(history.drafts(count))
            #expect(bench.journal.syncs == before + 1)
        }
    }

    @Test(arguments: Engine.allCases)
    func afterItIsClosedNothingIsTaken(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 13)
        _ = try bench.journal.append(history.drafts(3))
        bench.journal.close()
        bench.journal.close()
        #expect(throws: JournalError.self) { try bench.journal.append(history.drafts(1)) }
        #expect(throws: JournalError.self) { try bench.journal.find(post: SampleTips.posts[0], tip: TipID(high: 1, low: 1)) }
    }
}

import Foundation
import GRDB
import TestSupport
import Testing
import TipModel
import TipWire

@testable import PostAgent

@Suite struct SpoolTests {
    private var drafts = Drafts()

    @Test mutating func tipsSurviveAReopenWithTheirNumbersAndBytes() throws {
        let folder = try TemporaryDirectory()
        let first = try Spool.open(folder)
        let sent = [drafts.next(), drafts.next(panic: true), drafts.next()]
        for (index, draft) in sent.enumerated() { #expect(try first.put(draft) == UInt64(index + 1)) }
        let before = (try first.page(isExpress: false, after: 0, limit: 10), first.counts)
        first.close()

        let second = try Spool.open(folder)
        defer { second.close() }
        #expect(try second.page(isExpress: false, after: 0, limit: 10) == before.0)
        #expect(second.counts == before.1)
        #expect(second.counts.series != 0)
        let express = try second.page(isExpress: true, after: 0, limit: 10)
        #expect(express.map(\.number) == [2])
        let tip = try TipCodec.decode(express[0].bytes)
        #expect(tip.series == second.counts.series && tip.number == 2 && tip.panic)
        #expect(try second.put(drafts.next()) == 4)
    }

    /// What a process that is killed leaves behind are the files as they are, with nothing closed.
    @Test mutating func whatWasAcknowledgedIsInTheFilesOfAProcessThatWasKilled() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        for _ in 0..<20 { try spool.put(drafts.next()) }
        let copy = try TemporaryDirectory()
        for name in ["spool.sqlite", "spool.sqlite-wal"] {
            try FileManager.default.copyItem(atPath: folder.file(name), toPath: copy.file(name))
        }
        let survivor = try Spool.open(copy)
        defer { survivor.close() }
        #expect(survivor.counts == spool.counts)
        #expect(survivor.counts.depth == 20)
    }

    @Test func commitsAreSyncedAndFilesArePrivate() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        #expect(try spool.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        #expect(try spool.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        for name in ["spool.sqlite", "spool.sqlite-wal", "agent.lock"] {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.file(name))[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
    }

    @Test mutating func atTheBoundOnlyEmergenciesAreTakenAndNothingIsDropped() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder, maxTips: 10, reserve: 3)
        defer { spool.close() }
        for _ in 0..<7 { try spool.put(drafts.next()) }
        let error = #expect(throws: SpoolError.self) { try spool.put(drafts.next()) }
        #expect(error?.code == .full)
        for _ in 0..<3 { try spool.put(drafts.next(panic: true)) }
        #expect(throws: SpoolError.self) { try spool.put(drafts.next(panic: true)) }
        #expect(spool.counts.depth == 10)
        // A refused tip takes no number: the daemon would look for it.
        #expect(spool.counts.nextNumber == 11)
    }

    @Test mutating func theBoundInBytesHoldsToo() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder, maxBytes: 16_000)
        defer { spool.close() }
        let long = String(repeating: "x", count: 4_000)
        for _ in 0..<3 { try spool.put(drafts.next(text: long)) }
        #expect(throws: SpoolError.self) { try spool.put(drafts.next(text: long)) }
        #expect(throws: SpoolError.self) { try spool.put(drafts.next(text: long, panic: true)) }
        // The last sixteenth is for emergencies.
        let middle = String(repeating: "x", count: 3_200)
        #expect(throws: SpoolError.self) { try spool.put(drafts.next(text: middle)) }
        try spool.put(drafts.next(text: middle, panic: true))
        #expect(spool.counts.bytes <= 16_000)
    }

    @Test func aSecondAgentIsRefusedAndTheNextOneIsNot() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        let error = #expect(throws: SpoolError.self) { _ = try Spool.open(folder) }
        #expect(error?.code == .inUse)
        spool.close()
        try Spool.open(folder).close()
    }

    @Test func aSpoolOfANewerVersionIsLeftAlone() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        try spool.transaction { db, _ in try db.execute(sql: "PRAGMA user_version = 9") }
        spool.close()
        let error = #expect(throws: SpoolError.self) { _ = try Spool.open(folder) }
        #expect(error?.code == .newer)
    }

    @Test mutating func anIDGivenTwiceIsOneTipUnlessItSaysSomethingElse() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        let draft = drafts.next()
        try spool.put(draft)
        // The agent fills in the time of a repetition anew.
        var later = draft.tip
        later.observedAt = later.observedAt.advanced(byMilliseconds: 5_000)
        let again = try spool.placeAndWait(TipDraft(tip: later, isExpress: false, isTimeGiven: false), at: draft.tip.observedAt)
        #expect(again == Placement(id: draft.tip.id, isNew: false, record: .spooled(number: 1, isExpress: false)))
        var other = draft.tip
        other.text = "something else"
        let error = #expect(throws: SpoolError.self) {
            try spool.put(TipDraft(tip: other, isExpress: false, isTimeGiven: false))
        }
        #expect(error?.code == .conflict)
        // Still so once it was receipted.
        _ = try spool.accept([receipt(draft.tip.id)], at: draft.tip.observedAt)
        let known = try spool.placeAndWait(draft, at: draft.tip.observedAt)
        #expect(known.record == .accepted(number: 1, receipt(draft.tip.id), at: draft.tip.observedAt))
        #expect(spool.counts.depth == 0)
    }

    /// Submissions that come together are one transaction; what is refused among them takes nothing with it and leaves no number out.
    @Test mutating func whatIsRefusedTakesNothingWithIt() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder, maxTips: 5, reserve: 1)
        let first = drafts.next()
        var conflict = first.tip
        conflict.text = "something else"
        var unknownPhoto = drafts.next().tip
        unknownPhoto.attachments = [[UInt8](repeating: 7, count: 32)]
        let all = [
            first, TipDraft(tip: conflict, isExpress: false, isTimeGiven: false), first,
            TipDraft(tip: unknownPhoto, isExpress: false, isTimeGiven: false), drafts.next(), drafts.next(), drafts.next(), drafts.next(),
            drafts.next(panic: true),
        ]
        let answers = try spool.placeAndWait(all.map { ($0, drafts.at) })
        #expect(answers.map { try? $0.get().tip?.number } == [1, nil, nil, nil, 2, 3, 4, nil, 5])
        let refused = answers.map { answer -> SpoolError.Code? in
            guard case .failure(let error) = answer else { return nil }
            return error.code
        }
        #expect(refused == [nil, .conflict, nil, .photoUnknown, nil, nil, nil, .full, nil])
        #expect(try answers[2].get() == Placement(id: first.tip.id, isNew: false, record: .spooled(number: 1, isExpress: false)))
        #expect(spool.counts.depth == 5 && spool.counts.nextNumber == 6)
        spool.close()
        let again = try Spool.open(folder)
        defer { again.close() }
        #expect(again.counts.depth == 5 && again.counts.nextNumber == 6)
    }

    @Test mutating func receiptsDeleteAndTheLastThousandAreKept() async throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder, maxTips: 2_000)
        defer { spool.close() }
        var ids: [TipID] = []
        for _ in 0..<1_005 {
            let draft = drafts.next()
            ids.append(draft.tip.id)
            try spool.put(draft)
        }
        let unknown = drafts.next().tip.id
        let known = try spool.accept(ids.dropLast().map { receipt($0) } + [receipt(unknown)], at: drafts.at)
        #expect(known.count == 1_004)
        #expect(spool.counts.depth == 1)
        #expect(spool.counts.lowest == 1_005)
        #expect(spool.counts.bytes == (try spool.page(isExpress: false, after: 0, limit: 9).first?.bytes.count))
        #expect(try await spool.record(of: ids[3]) == nil)
        #expect(try await spool.record(of: ids[4]) == .accepted(number: 5, receipt(ids[4]), at: drafts.at))
        #expect(try await spool.record(of: ids[1_004]) == .spooled(number: 1_005, isExpress: false))
        // A receipt that comes twice finds nothing more.
        #expect(try spool.accept([receipt(ids[10])], at: drafts.at).isEmpty)
        #expect(spool.counts.depth == 1)
    }

    @Test mutating func aFullDiskIsToldAndLeavesTheCountsRight() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        try spool.put(drafts.next())
        try spool.transaction { db, _ in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages)")
        }
        let long = String(repeating: "x", count: 4_000)
        let error = #expect(throws: SpoolError.self) {
            for _ in 0..<50 { try spool.put(drafts.next(text: long)) }
        }
        #expect(error?.code == .diskFull)
        let rows = try spool.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM tip") }
        #expect(spool.counts.depth == rows)
        #expect(spool.counts.nextNumber == UInt64(spool.counts.depth + 1))
    }

    @Test func theDaemonsTimeIsKept() throws {
        let folder = try TemporaryDirectory()
        let first = try Spool.open(folder)
        #expect(first.earlierDaemonTime == nil)
        try first.note(daemonTime: ManualTime.night)
        first.close()
        let second = try Spool.open(folder)
        #expect(second.earlierDaemonTime == ManualTime.night)
        second.close()
    }
}

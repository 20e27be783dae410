import TestSupport
import Testing
import TipModel
import TipWire

@testable import PostAgent

@Suite struct DeadLetterTests {
    private var drafts = Drafts()

    private func refused(_ id: TipID, _ code: RejectionCode) -> [(id: TipID, rejection: Rejection)] {
        [(id: id, rejection: Rejection(code, field: "tip.category", "is not configured"))]
    }

    @Test mutating func aRefusedTipIsShownAndCountedAndCanBeDeleted() async throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        let draft = drafts.next("spaceship")
        try spool.put(draft)
        let moved = try spool.bury(refused(draft.tip.id, .unknownCategory), at: drafts.at)
        #expect(moved.map(\.code) == ["unknown_category"])
        #expect(spool.counts.depth == 0 && spool.counts.bytes == 0 && spool.counts.deadLetters == 1)
        #expect(spool.counts.lowest == nil)
        #expect(try await spool.deadLetters(after: 0, limit: 10) == moved)
        #expect(try await spool.record(of: draft.tip.id) == .dead(moved[0]))
        try await spool.deleteDeadLetter(1)
        #expect(spool.counts.deadLetters == 0)
        await #expect(throws: SpoolError.self) { try await spool.deleteDeadLetter(1) }
    }

    /// A tip that the daemon may know keeps its bytes; one that it can only refuse again gets a new id.
    @Test(arguments: RejectionCode.allCases) func aRetryChangesTheIDOnlyWhereItMust(_ code: RejectionCode) async throws {
        var drafts = Drafts()
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        let draft = drafts.next()
        try spool.put(draft)
        let before = try spool.page(isExpress: false, after: 0, limit: 1)
        _ = try spool.bury(refused(draft.tip.id, code), at: drafts.at)
        let newID = drafts.next().tip.id
        let placement = try await spool.retryDeadLetter(1, newID: newID, at: drafts.at)
        let after = try spool.page(isExpress: false, after: 0, limit: 9)
        if [.tooOld, .inFuture, .conflict].contains(code) {
            #expect(placement == Placement(id: newID, isNew: true, record: .spooled(number: 2, isExpress: false)))
            let tip = try TipCodec.decode(try #require(after.first).bytes)
            #expect(tip.id == newID && tip.number == 2 && tip.text == draft.tip.text)
        } else {
            #expect(placement == Placement(id: draft.tip.id, isNew: false, record: .spooled(number: 1, isExpress: false)))
            #expect(after == before)
        }
        #expect(spool.counts.depth == 1 && spool.counts.deadLetters == 0)
        #expect(spool.counts.lowest == after.first?.number)
    }

    @Test mutating func aRetryIntoAFullSpoolLeavesTheDeadLetter() async throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder, maxTips: 4, reserve: 2)
        defer { spool.close() }
        let first = drafts.next()
        try spool.put(first)
        _ = try spool.bury(refused(first.tip.id, .tooOld), at: drafts.at)
        for _ in 0..<2 { try spool.put(drafts.next()) }
        let newID = drafts.next().tip.id
        await #expect(throws: SpoolError.self) { try await spool.retryDeadLetter(1, newID: newID, at: ManualTime.night) }
        #expect(spool.counts.deadLetters == 1 && spool.counts.nextNumber == 4)
    }

    @Test mutating func atTheBoundTheOldestGoes() async throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder, deadLetters: 3)
        defer { spool.close() }
        for _ in 0..<5 {
            let draft = drafts.next()
            try spool.put(draft)
            _ = try spool.bury(refused(draft.tip.id, .invalidField), at: drafts.at)
        }
        #expect(try await spool.deadLetters(after: 0, limit: 10).map(\.number) == [3, 4, 5])
        #expect(spool.counts.deadLetters == 3)
    }

    @Test mutating func overAgeTipsExpireUnlessTheyAreOnTheirWay() throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        let (old, flying, young) = (drafts.next(), drafts.next(), drafts.next())
        for draft in [old, flying, young] { try spool.put(draft) }
        let moved = try spool.expire(before: young.tip.observedAt, at: drafts.at) { $0 == flying.tip.id }
        #expect(moved.map(\.id) == [old.tip.id])
        #expect(moved.map(\.code) == [DeadLetter.expired])
        #expect(spool.counts.lowest == 2)
        #expect(try spool.expire(before: young.tip.observedAt, at: drafts.at) { $0 == flying.tip.id }.isEmpty)
    }

    @Test mutating func aReceiptThatComesLateTakesTheDeadLetterAway() async throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        let draft = drafts.next()
        try spool.put(draft)
        _ = try spool.expire(before: drafts.at.advanced(byMilliseconds: 1), at: drafts.at) { _ in false }
        #expect(try spool.accept([receipt(draft.tip.id)], at: drafts.at).map(\.number) == [1])
        #expect(spool.counts.deadLetters == 0 && spool.counts.depth == 0)
        #expect(try await spool.record(of: draft.tip.id) == .accepted(number: 1, receipt(draft.tip.id), at: drafts.at))
    }
}

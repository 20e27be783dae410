import Testing
import TipModel
import TipWire

@testable import PostAgent

/// What a submitter is told, and when.
@Suite struct SubmissionTests {
    private let spooled = TipRecord.spooled(number: 7, isExpress: false)
    private let id = TipID(high: 1 << 16, low: 1)
    private var accepted: TipRecord { .accepted(number: 7, receipt(id), at: Timestamp(milliseconds: 5)) }

    private func placed(_ record: TipRecord, isNew: Bool = true) -> Submission.Answer {
        .success(Placement(id: id, isNew: isNew, record: record))
    }

    @Test func whoDoesNotWaitIsToldOfTheDisk() throws {
        var state = Submission.State(waits: false)
        #expect(state.answer == nil)
        state.placed = placed(spooled)
        #expect(try state.answer?.get().record == spooled)
    }

    @Test func whoWaitsIsToldOfTheReceipt() throws {
        var state = Submission.State(waits: true)
        state.placed = placed(spooled)
        #expect(state.answer == nil)
        state.outcome = accepted
        let answer = try #require(state.answer).get()
        #expect(answer.record == accepted && answer.isNew)
    }

    @Test func whoWaitedLongEnoughIsToldOfTheDiskAndNotBeforeIt() throws {
        var state = Submission.State(waits: true)
        state.waits = false
        #expect(state.answer == nil)
        state.placed = placed(spooled)
        #expect(try state.answer?.get().record == spooled)
    }

    /// The receipt of an earlier submission of the same id may come first; what is on no disk is still not told.
    @Test func aReceiptDoesNotReplaceTheDisk() throws {
        var state = Submission.State(waits: true)
        state.outcome = accepted
        #expect(state.answer == nil)
        var conflict = state
        conflict.placed = .failure(SpoolError(.conflict, "another tip"))
        #expect(throws: SpoolError.self) { try conflict.answer?.get() }
        state.placed = placed(spooled, isNew: false)
        #expect(try state.answer?.get().record == accepted)
    }

    @Test func whatIsKnownAlreadyIsToldAtOnce() throws {
        var state = Submission.State(waits: true)
        state.placed = placed(accepted, isNew: false)
        #expect(try state.answer?.get().record == accepted)
    }

    @Test func theQueueIsBoundedAndTakesNothingWhereNobodyTakesIt() {
        var drafts = Drafts()
        let queue = SubmissionQueue()
        func offer() -> Bool { queue.offer(Submission(drafts.next(), at: drafts.at, waits: false)) }
        #expect(!offer())
        queue.open()
        for _ in 0..<SubmissionQueue.bound { #expect(offer()) }
        #expect(!offer())
        for _ in 0..<SubmissionQueue.bound { #expect(queue.next() != nil) }
        #expect(queue.isEmpty)
        #expect(offer())
        queue.close()
        #expect(!offer())
        // What was taken in before the end is still there for the last look.
        #expect(queue.next() != nil && queue.next() == nil)
    }

    @Test func emergenciesGoFirstAndTheOthersInOrder() {
        var drafts = Drafts()
        let queue = SubmissionQueue()
        queue.open()
        let all = [false, false, true, false, true].map { drafts.next(express: $0) }
        for draft in all { #expect(queue.offer(Submission(draft, at: drafts.at, waits: false))) }
        let taken = all.map { _ in queue.next()?.id }
        #expect(taken == [2, 4, 0, 1, 3].map { all[$0].tip.id })
    }
}

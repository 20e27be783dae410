import LocalHTTP
import TestSupport
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

    /// The quick answer is the one that the encoder gives, byte for byte.
    @Test func theQuickAnswerIsTheSame() throws {
        var random = SplitMix64(seed: 11)
        for verdict in [Verdict.new, .correlated, .repeat] {
            for level in UrgencyLevel.allCases {
                let tip = TipID(high: random.next(), low: random.next())
                let receipt = Receipt(
                    tip: tip, sequence: random.next(), incident: IncidentID(random.next()), verdict: verdict, level: level,
                    score: Int32(random.next() % 101))
                let record = TipRecord.accepted(number: random.next(), receipt, at: Timestamp(milliseconds: Int64(random.next() >> 20)))
                let reply = TipReply(tip, record, link: AgentBoard.Link())
                #expect(try reply.acceptedJSON == encodeJSON(reply))
            }
        }
        #expect(TipReply(id, spooled, link: AgentBoard.Link()).acceptedJSON == nil)
        let progress = ProgressTests.item(1, [id], 5)
        #expect(TipReply(id, accepted, progress, link: AgentBoard.Link()).acceptedJSON == nil)
    }

    @Test func theQueueIsBoundedAndTakesNothingWhereNobodyTakesIt() {
        var drafts = Drafts()
        let queue = SubmissionQueue()
        func offer() -> Bool { queue.offer(Submission(drafts.next(), at: drafts.at, waits: false)) }
        #expect(!offer())
        queue.open()
        for _ in 0..<SubmissionQueue.bound { #expect(offer()) }
        #expect(!offer())
        #expect(queue.take().count == SubmissionQueue.bound)
        #expect(offer())
        queue.close()
        #expect(!offer())
        // What was taken in before the end is still there for the last look.
        #expect(queue.take().count == 1)
    }
}

import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Ingest

/// What goes back to the posts.
struct AnswerTests {
    /// A post that has sent one tip, and where its answers go.
    private func introduce(_ name: String, to bench: IngestBench, receiveQueue: Int = 0) throws -> (TestPost, route: [UInt8]) {
        let post = try bench.connect(try bench.enrol(post: name), receiveQueue: receiveQueue)
        let before = bench.core.tipCount
        try post.submit([encoded(tip(1))])
        try #require(eventually { bench.core.tipCount == before + 1 })
        return (post, try #require(bench.core.tips.last).route)
    }

    private func receipt(_ number: UInt64, to route: [UInt8]) -> TipAnswer {
        TipAnswer(
            route: route, request: 1, index: 0, tip: tip(number).id,
            result: .success(
                Receipt(
                    tip: tip(number).id, sequence: number, incident: IncidentID(number), verdict: .new, level: .urgent, score: 60)))
    }

    private func refusal(_ number: UInt64, to route: [UInt8], message: String = "full") -> TipAnswer {
        TipAnswer(
            route: route, request: 70, index: 3, tip: tip(number).id,
            result: .failure(Rejection(.unavailable, message, retryAfterMilliseconds: 2_000)))
    }

    @Test func manyReceiptsTravelInOneMessage() throws {
        let bench = try IngestBench()
        let (first, one) = try introduce("gate-1", to: bench)
        let (second, two) = try introduce("gate-2", to: bench)
        bench.service.answer((1...2_500).map { receipt($0, to: $0 % 100 == 0 ? two : one) })
        var counts: [Int] = []
        var sequences: [SequenceNumber] = []
        while sequences.count < 2_475, let (request, body) = try first.receive(.receipts) {
            #expect(request == 0)
            let receipts = try ReceiptCodec.decode(body)
            counts.append(receipts.count)
            sequences += receipts.map(\.sequence)
        }
        #expect(counts == [1_024, 1_024, 427])
        #expect(sequences == (1...2_500).filter { $0 % 100 != 0 })
        let (_, body) = try #require(try second.receive(.receipts))
        #expect(try ReceiptCodec.decode(body).map(\.sequence) == (1...25).map { $0 * 100 })
        #expect(eventually { bench.service.counters.receipts == 2_500 })
    }

    @Test func aRefusalOfTheCoreSaysWhichTipOfWhichMessage() throws {
        let bench = try IngestBench()
        let (post, route) = try introduce("gate-1", to: bench)
        bench.service.answer([refusal(5, to: route), receipt(6, to: route)])
        let (request, body) = try #require(try post.receive(.rejections))
        #expect(request == 70)
        let expected = Rejection(.unavailable, "full", retryAfterMilliseconds: 2_000)
        #expect(try RejectionCodec.decode(body) == [TipRejection(tip: tip(5).id, index: 3, expected)])
        let (_, receipts) = try #require(try post.receive(.receipts))
        #expect(try ReceiptCodec.decode(receipts).map(\.tip) == [tip(6).id])
        #expect(eventually { bench.service.counters.rejected == [.unavailable: 1] })
    }

    @Test func aHeartbeatIsPassedOnAndTellsTheDaemonsClock() throws {
        let bench = try IngestBench { $0.idWindowMilliseconds = 123_456 }
        let post = try bench.connect(try bench.enrol(post: "gate-1"))
        bench.time.advance(milliseconds: 250)
        try post.send(.postHeartbeat, heartbeat(software: String(repeating: "哨", count: 40)).encoded, request: 8)
        let (request, body) = try #require(try post.receive(.heartbeatReply))
        let reply = try HeartbeatReply(body)
        #expect(request == 8 && reply.idWindowMilliseconds == 123_456)
        #expect(reply.daemonTime == ManualTime.night.advanced(byMilliseconds: 250))
        let (from, heard) = try #require(bench.core.heartbeats.first)
        #expect(from.rawValue == "gate-1" && heard == heartbeat(software: String(repeating: "哨", count: 21)))
        #expect(eventually { bench.service.counters.heartbeats == 1 })
    }

    @Test func anAnswerToAPostThatHasGoneIsCounted() throws {
        let bench = try IngestBench()
        bench.service.answer([receipt(1, to: [1, 2, 3, 4, 5]), receipt(2, to: []), refusal(3, to: [9])])
        #expect(eventually { bench.service.counters.unreachable == 3 })
    }

    @Test func atTheBoundAnswersAreDroppedAndCounted() throws {
        let bench = try IngestBench { $0.answerQueue = 10 }
        let (post, route) = try introduce("gate-1", to: bench)
        bench.service.answer((1...11).map { receipt($0, to: route) })
        #expect(bench.service.counters.dropped == 11)
        bench.service.answer((1...10).map { receipt($0, to: route) })
        let (_, body) = try #require(try post.receive(.receipts))
        #expect(try ReceiptCodec.decode(body).count == 10)
    }

    /// Its queues fill, in libzmq and in the kernel; then its answers are dropped and counted.
    @Test func aPostThatDoesNotReadCostsTheOthersNothing() throws {
        let bench = try IngestBench()
        let (stuck, one) = try introduce("gate-1", to: bench, receiveQueue: 1)
        let (other, two) = try introduce("gate-2", to: bench)
        let words = String(repeating: "x", count: 4_000)
        var number: UInt64 = 0
        while bench.service.counters.blocked == 0 {
            bench.service.answer((1...500).map { refusal(number + $0, to: one, message: words) })
            bench.service.answer([receipt(number, to: two)])
            let (_, body) = try #require(try other.receive(.receipts))
            #expect(try ReceiptCodec.decode(body).map(\.sequence) == [number])
            number += 500
            try #require(number < 100_000)
        }
        // What was queued is still delivered when it reads again.
        #expect(try stuck.rejections().first?.tip == tip(1).id)
    }

    @Test func whatIsAnsweredBeforeTheEndArrivesAfterIt() throws {
        let bench = try IngestBench()
        let (post, route) = try introduce("gate-1", to: bench)
        #expect(eventually { bench.service.counters.messages == 1 })
        bench.service.stopReading()
        #expect(bench.letItTurn())
        try post.submit([encoded(tip(2))])
        #expect(bench.letItTurn())
        #expect(bench.service.counters.messages == 1 && bench.core.tipCount == 1)
        let words = String(repeating: "x", count: 4_000)
        bench.service.answer((1...3_000).map { refusal($0, to: route, message: words) })
        #expect(bench.service.stop(deadline: patience))
        var arrived = 0
        while arrived < 3_000, let (header, _) = try post.receive(for: .seconds(2)) {
            #expect(header.verb == .rejections)
            arrived += 1
        }
        #expect(arrived == 3_000)
    }

    @Test func anAddressThatIsTakenIsToldAtTheStart() throws {
        let bench = try IngestBench()
        let error = #expect(throws: ZeroMQError.self) { try bench.startAnother() }
        #expect(error?.code == 98 && error?.description.contains(bench.endpoint) == true)
    }
}

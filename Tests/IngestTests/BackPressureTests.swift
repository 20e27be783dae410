import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Ingest

/// What happens while the core has no room.
struct BackPressureTests {
    private let bench: IngestBench
    private let post: TestPost

    init() throws {
        bench = try IngestBench()
        post = try bench.connect(try bench.enrol(post: "gate-1"))
    }

    @Test func itStopsReadingLosesNothingAndGoesOn() throws {
        bench.core.setFull(ordinary: true)
        for number in 1...3_000 as ClosedRange<UInt64> { try post.submit([encoded(tip(number))]) }
        #expect(eventually { bench.service.counters.waits == 1 })
        let refusals = bench.core.refusals
        #expect(bench.letItTurn(20))
        // It tried again and again with the few that it has in hand, and read no other.
        #expect(bench.core.refusals >= refusals + 15)
        #expect((1...64).contains(bench.service.counters.messages) && bench.core.tipCount == 0)
        bench.makeRoom()
        #expect(eventually { bench.core.tipCount == 3_000 })
        #expect(bench.core.tips.map(\.tip.number) == Array(1...3_000))
        #expect(bench.service.counters.waits == 1 && bench.service.counters.dropped == 0)
    }

    /// Heartbeats are on the same socket: a full core is silent to all.
    @Test func nothingElseIsReadMeanwhileAndAnswersStillGoOut() throws {
        let other = try bench.connect(try bench.enrol(post: "gate-2"))
        try other.submit([encoded(tip(1))])
        #expect(eventually { bench.core.tipCount == 1 })
        let route = try #require(bench.core.tips.first).route
        bench.core.setFull(ordinary: true)
        try post.submit([encoded(tip(2))])
        #expect(eventually { bench.service.counters.waits == 1 })
        try other.send(.postHeartbeat, heartbeat().encoded)
        #expect(bench.letItTurn())
        #expect(bench.core.heartbeats.isEmpty)
        let receipt = Receipt(tip: tip(1).id, sequence: 1, incident: IncidentID(1), verdict: .new, level: .urgent, score: 60)
        bench.service.answer([TipAnswer(route: route, request: 1, index: 0, tip: tip(1).id, result: .success(receipt))])
        #expect(try other.receive()?.header.verb == .receipts)
        bench.makeRoom()
        #expect(try other.receive()?.header.verb == .heartbeatReply)
    }

    @Test func anEmergencyOfTheSameMessageDoesNotWaitForTheOthers() throws {
        bench.core.setFull(ordinary: true)
        try post.submit([encoded(tip(1)), encoded(tip(2, "fire")), encoded(tip(3))])
        #expect(eventually { bench.core.tipCount == 1 })
        #expect(bench.core.tips.map(\.tip.number) == [2])
        bench.makeRoom()
        #expect(eventually { bench.core.tipCount == 3 })
        #expect(bench.core.tips.map(\.tip.number) == [2, 1, 3])
    }

    /// With no room for emergencies either, they are the first to go when there is.
    @Test func emergenciesInHandGoFirst() throws {
        bench.core.setFull(ordinary: false, express: true)
        try post.submit([encoded(tip(1)), encoded(tip(2, "fire"))])
        try post.submit([encoded(tip(3))])
        #expect(eventually { bench.service.counters.waits > 0 })
        #expect(bench.letItTurn())
        #expect(bench.core.tipCount == 0)
        bench.makeRoom()
        #expect(eventually { bench.core.tipCount == 3 })
        #expect(bench.core.tips.map(\.tip.number) == [2, 1, 3])
    }

    /// A core that takes a little now and then, as under a long flood.
    @Test func aFloodThroughANarrowDoorArrivesWholeAndInOrder() throws {
        var sent: UInt64 = 0
        var random = SplitMix64(seed: 3)
        while sent < 4_000 {
            bench.core.setFull(ordinary: random.oneIn(2))
            let count = 1 + random.next() % 20
            try post.submit((1...count).map { encoded(tip(sent + $0)) })
            sent += count
            bench.room.signal()
        }
        bench.makeRoom()
        #expect(eventually { bench.core.tipCount == Int(sent) })
        #expect(bench.core.tips.map(\.tip.number) == Array(1...sent))
        #expect(bench.service.counters.tips == sent)
    }

    @Test func itStopsInTimeWithSomethingInHand() throws {
        bench.core.setFull(ordinary: true)
        try post.submit([encoded(tip(1))])
        #expect(eventually { bench.service.counters.waits == 1 })
        bench.service.stopReading()
        #expect(bench.service.stop(deadline: .seconds(5)))
        // It had no receipt, so the post has it still.
        #expect(bench.core.tipCount == 0)
    }
}

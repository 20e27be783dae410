import Access
import Journal
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Feed

private let east = unit("unit-1", ["east"])
private let west = unit("unit-2", ["west"])

/// The whole feed, over TCP with CURVE.
@Suite(.serialized) struct FeedServiceTests {
    @Test func eventsArriveLiveAndAfterTheCursor() throws {
        let bench = try ServiceBench()
        try bench.enrol(east)
        bench.publish((1...5).map { publication($0) })
        let patrol = try bench.connect(east.id)
        try patrol.send(.subscribe, subscribe(after: FeedCursor(alert: 0, main: 2)).encoded)
        let subscribed = try Subscribed(try #require(try patrol.receive(.subscribed)))
        #expect(subscribed.heads == FeedCursor(alert: 0, main: 5))
        #expect(try patrol.items(3).map(\.event.sequence) == [3, 4, 5])
        bench.publish([publication(6, .alert)])
        let live = try patrol.items(1)
        #expect(live.map(\.event.sequence) == [6] && live.map(\.previous) == [0])
    }

    @Test func oneThatDoesNotReadCostsTheOthersNothingAndCatchesUp() throws {
        let bench = try ServiceBench { $0.ringEvents = 100; $0.sendQueueMessages = 2; $0.retryMilliseconds = 1...20 }
        try bench.enrol(east)
        let reading = try bench.connect(east.id)
        try reading.send(.subscribe, subscribe().encoded)
        _ = try #require(try reading.receive(.subscribed))
        // It grants everything and then reads nothing: its queues fill, in libzmq and in the kernel.
        let stuck = try bench.connect(east.id, receiveQueue: 1)
        try stuck.send(.subscribe, subscribe().encoded)
        _ = try #require(try stuck.receive(.subscribed))

        var sequence: SequenceNumber = 0
        var got: [SequenceNumber] = []
        while bench.feed.status.counters.wouldBlock == 0 || sequence < 260 {
            let batch = (1...20).map { publication(sequence + $0, padding: 40_000) }
            sequence += 20
            bench.publish(batch)
            got += try reading.items(20).map(\.event.sequence)
            try #require(sequence < 100_000)
            try reading.send(.credit, CreditGrant(lane: .main, credit: plenty).encoded)
        }
        #expect(got == Array(1...sequence))
        _ = try #require(try bench.status { $0.subscriptions.contains { $0.isBlocked && $0.main.isCatchingUp } })
        #expect(bench.feed.status.ringEvents <= 100)

        // It returns.
        var items: [FeedItem] = []
        while items.count < sequence {
            let more = try stuck.items(1)
            try #require(!more.isEmpty)
            items += more
            try stuck.send(.credit, CreditGrant(lane: .main, credit: plenty).encoded)
        }
        #expect(items.map(\.event.sequence) == Array(1...sequence))
        #expect(items.map(\.previous) == Array(0..<sequence))
    }

    @Test func oneWithoutCreditCostsTheOthersNothing() throws {
        let bench = try ServiceBench { $0.ringEvents = 20 }
        try bench.enrol(east)
        let slow = try bench.connect(east.id)
        try slow.send(.subscribe, subscribe(main: Credit(events: 2, bytes: 10_000)).encoded)
        _ = try #require(try slow.receive(.subscribed))
        let quick = try bench.connect(east.id)
        try quick.send(.subscribe, subscribe().encoded)
        _ = try #require(try quick.receive(.subscribed))
        for start: SequenceNumber in stride(from: 1, through: 991, by: 10) {
            bench.publish((start..<start + 10).map { publication($0) })
            #expect(try quick.items(10).count == 10)
        }
        #expect(try slow.items(2).map(\.event.sequence) == [1, 2])
        #expect(bench.journal.pages == 0)
        // Alerts still reach it.
        bench.publish([publication(1_001, .alert)])
        #expect(try slow.items(1).map(\.event.sequence) == [1_001])
        try slow.send(.credit, CreditGrant(lane: .main, credit: plenty).encoded)
        let rest = try slow.items(998)
        #expect(rest.map(\.event.sequence) == Array(3...1_000) && rest.map(\.previous) == Array(2...999))
        #expect(bench.journal.pages > 0)
    }

    @Test func revocationTakesEffectAtOnce() throws {
        let bench = try ServiceBench()
        try bench.enrol(east)
        try bench.enrol(west)
        let patrol = try bench.connect(east.id)
        try patrol.send(.subscribe, subscribe().encoded)
        _ = try #require(try patrol.receive(.subscribed))
        bench.publish([publication(1)])
        #expect(try patrol.items(1).count == 1)
        bench.revoke(east.id)
        bench.publish([publication(2)])
        #expect(try patrol.rejection()?.code == .revoked)
        try patrol.send(.subscribe, subscribe(after: FeedCursor()).encoded)
        #expect(try patrol.rejection()?.code == .revoked)
        #expect(try bench.status { $0.subscriptions.isEmpty && $0.counters.rejections[.revoked] == 2 } != nil)
        #expect(bench.feed.status.counters.events == 1)
    }

    @Test func anotherZoneIsRefused() throws {
        let bench = try ServiceBench()
        try bench.enrol(east)
        let patrol = try bench.connect(east.id)
        try patrol.send(.subscribe, subscribe(zones: ["west"]).encoded)
        let rejection = try #require(try patrol.rejection())
        #expect(rejection.code == .forbidden && rejection.message.contains("west"))
        try patrol.send(.subscribe, subscribe().encoded)
        _ = try #require(try patrol.receive(.subscribed))
        bench.publish([publication(1, zone: "west"), publication(2)])
        #expect(try patrol.items(1).map(\.event.sequence) == [2])
    }

    @Test func malformedMessagesAreCountedAndItGoesOnServing() throws {
        let bench = try ServiceBench()
        try bench.enrol(east)
        let patrol = try bench.connect(east.id)
        let header = Header(.subscribe).encoded
        let bad: [[[UInt8]]] = [
            [[]], [[1, 2, 3]], [header], [header, [0xFF]], [header, [], []], [header, [], [], [], [], []],
            [[], header, []], [[UInt8](repeating: 0, count: 8), []], [Header(.notice).encoded, []],
            [Header(.submit).encoded, []],
        ]
        for frames in bad {
            try patrol.send(frames: frames)
            #expect(try patrol.rejection() != nil, "\(frames)")
        }
        try patrol.send(.subscribe, subscribe().encoded, request: 77)
        #expect(try patrol.receive()?.header == Header(.subscribed, request: 77))
        let status = try #require(try bench.status { $0.counters.rejections.values.reduce(0, +) == UInt64(bad.count) })
        #expect(status.counters.rejections[.malformed] == 8 && status.counters.rejections[.unsupported] == 2)
    }

    @Test func actionsGoToTheCoreAndBack() throws {
        let bench = try ServiceBench()
        try bench.enrol(east)
        let patrol = try bench.connect(east.id)
        try patrol.send(.claim, Action(incident: IncidentID(3), note: "on my way").encoded, request: 5)
        _ = try bench.status { _ in !bench.actions.all.isEmpty }
        let action = try #require(bench.actions.all.first)
        #expect(action.unit == east && action.verb == .claim && action.action.note == "on my way")
        let result = ActionResult(incidentID: IncidentID(3), refusal: nil, incident: nil, sequence: 9)
        bench.feed.reply(action.ticket, result)
        let (header, body) = try #require(try patrol.receive())
        #expect(header == Header(.actionResult, request: 5))
        #expect(try ActionResult(body) == result)
    }

    @Test func aQueueThatOverflowsLeavesNoGap() throws {
        let bench = try ServiceBench { $0.queueEvents = 50; $0.ringEvents = 40; $0.takeEvents = 20 }
        try bench.enrol(east)
        let patrol = try bench.connect(east.id)
        try patrol.send(.subscribe, subscribe().encoded)
        _ = try #require(try patrol.receive(.subscribed))
        var sequence: SequenceNumber = 0
        for _ in 0..<20 {
            // More than the queue takes, whatever the feed thread does meanwhile.
            bench.publish((1...60).map { publication(sequence + $0) })
            bench.publish((61...70).map { publication(sequence + $0) })
            sequence += 70
        }
        let items = try patrol.items(Int(sequence))
        #expect(items.map(\.event.sequence) == Array(1...sequence))
        #expect(items.map(\.previous) == Array(0..<sequence))
        let status = try #require(try bench.status { $0.counters.queueOverflows >= 20 })
        #expect(status.counters.pages > 0)
    }

    @Test func acknowledgedCursorsAreToldWhenItStops() throws {
        let bench = try ServiceBench()
        try bench.enrol(east)
        let patrol = try bench.connect(east.id)
        try patrol.send(.subscribe, subscribe().encoded)
        _ = try #require(try patrol.receive(.subscribed))
        bench.publish([publication(1), publication(2, .alert)])
        #expect(try patrol.items(2).count == 2)
        try patrol.send(.acknowledge, AcknowledgeCodec.encode(FeedCursor(alert: 2, main: 1)))
        try patrol.send(.patrolHeartbeat, PatrolHeartbeatCodec.encode(sentAt: Timestamp(milliseconds: 1)))
        _ = try #require(try patrol.receive(.heartbeatReply))
        #expect(bench.feed.stop(deadline: patience))
        #expect(bench.cursors.all == [FeedCursor(alert: 2, main: 1)])
    }

    @Test func aPortThatIsTakenIsToldClearly() throws {
        let bench = try ServiceBench()
        var settings = FeedSettings()
        settings.endpoint = bench.endpoint
        let (journal, ports) = (bench.journal, bench.actions)
        let second = try FeedService(
            context: bench.context, secretKey: bench.keys.secretKey, access: bench.access, settings: settings,
            ports: FeedPorts(
                onAction: { ports.add($0); return true }, onCursor: { _, _ in },
                makeReader: { journal.makeReader() }),
            heads: FeedCursor())
        let error = try #require(throws: FeedStartError.self) { try second.start() }
        #expect(error.description.contains(bench.endpoint) && error.description.contains("in use"))
    }
}

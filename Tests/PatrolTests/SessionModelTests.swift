import Access
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

/// A daemon in a few lines: two lanes of events, one subscription, credit as the protocol has it.
private struct ModelDaemon {
    struct LaneState {
        var sent: SequenceNumber
        var credit: Credit
    }

    var events: [Lane: [SequenceNumber]] = [.alert: [], .main: []]
    var last: SequenceNumber = 0
    var lanes: [Lane: LaneState] = [:]
    var isBroken = false

    var heads: FeedCursor { cursor(events[.alert]?.last ?? 0, events[.main]?.last ?? 0) }

    mutating func happen(_ lane: Lane) {
        // Sequences of a lane have holes: other records are between them.
        last += 1 + last % 3
        events[lane]?.append(last)
    }

    /// Answers a message.
    mutating func receive(_ header: Header, _ body: [UInt8]) throws -> [(Header, [UInt8])] {
        switch header.verb {
        case .subscribe:
            let asked = try Subscribe(body)
            let begin = asked.resume ?? heads
            lanes = [
                .alert: LaneState(sent: begin.alert, credit: asked.alertCredit),
                .main: LaneState(sent: begin.main, credit: asked.mainCredit),
            ]
            return [(Header(.subscribed, request: header.request), subscribed(begin: begin, heads: heads))]
        case .credit:
            let grant = try CreditGrant(body)
            guard let lane = lanes[grant.lane] else { return [] }
            lanes[grant.lane]?.credit = lane.credit.adding(grant.credit)
            return []
        case .patrolHeartbeat:
            let reply = HeartbeatReply(daemonTime: ManualTime.night, idWindowMilliseconds: 1, heads: heads)
            return [(Header(.heartbeatReply), reply.encoded)]
        default: return []
        }
    }

    /// As many events of a lane as its credit covers.
    mutating func send(_ lane: Lane, atMost count: Int) -> [(Header, [UInt8])] {
        guard var state = lanes[lane] else { return [] }
        var pairs: [(SequenceNumber, SequenceNumber)] = []
        for sequence in events[lane] ?? [] where sequence > state.sent && pairs.count < count {
            let bytes = wireBytes(sequence, lane)
            guard state.credit.events >= 1, state.credit.bytes >= bytes else { break }
            state.credit = state.credit.subtracting(Credit(events: 1, bytes: bytes))
            pairs.append((state.sent, sequence))
            state.sent = sequence
        }
        guard !pairs.isEmpty else { return [] }
        lanes[lane] = state
        return [(Header(.feed), feed(lane, pairs))]
    }
}

@Suite struct SessionModelTests {
    /// Messages are lost, connections break, the consumer dawdles: in the end every event was told once, in lane order,
    /// and never did more wait here than the windows allow.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func underAnyWeatherEveryEventIsToldOnceAndInOrder(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var daemon = ModelDaemon()
        let window = Credit(events: 6, bytes: 2_000)
        var bench = Bench {
            $0.alertCredit = window
            $0.mainCredit = window
        }
        var seen: [Lane: [SequenceNumber]] = [.alert: [], .main: []]
        var held: [FeedBatch] = []
        var onTheWay: [(Header, [UInt8])] = []
        var isConnected = false
        func below(_ bound: UInt64) -> UInt64 { random.next() % bound }

        for round in 0..<3_000 {
            let isFair = round > 2_000
            if !isFair, random.oneIn(6) { daemon.happen(random.oneIn(4) ? .alert : .main) }
            if !isConnected, isFair || random.oneIn(5) {
                isConnected = true
                onTheWay = []
                daemon.lanes = [:]
                bench.session.linkChanged(.connected, at: bench.now)
            } else if isConnected, !isFair, random.oneIn(90) {
                isConnected = false
                onTheWay = []
                bench.session.linkChanged(.connecting, at: bench.now)
            }
            if isConnected {
                onTheWay += daemon.send(.alert, atMost: 3)
                onTheWay += daemon.send(.main, atMost: Int(1 + below(5)))
            }
            for (header, body) in onTheWay where isFair || !random.oneIn(40) { bench.session.receive(header, body, at: bench.now) }
            onTheWay = []
            bench.advance(Int64(below(400)))
            while !bench.session.effects.isEmpty {
                for effect in bench.take() {
                    switch effect {
                    case .tell(.events(let batch)):
                        held.append(batch)
                        seen[batch.lane]? += batch.items.map(\.event.sequence)
                    case .send(let header, let body):
                        if !isConnected || (!isFair && random.oneIn(60)) {
                            bench.session.notSent(header, at: bench.now)
                        } else {
                            onTheWay += try daemon.receive(header, body)
                        }
                    case .tell(.fault(.overrun)): Issue.record("round \(round): more than the credit")
                    case .relink:
                        bench.session.relinked(to: "tcp://one", at: bench.now)
                        isConnected = false
                    default: break
                    }
                }
            }
            for lane in Lane.allCases { #expect(held.filter { $0.lane == lane }.flatMap(\.items).count <= 6) }
            while let batch = held.first, isFair || random.oneIn(2) {
                held.removeFirst()
                bench.session.consumed(Credit(of: batch.items), lane: batch.lane)
            }
        }
        #expect((daemon.events[.main]?.count ?? 0) > 100)
        for lane in Lane.allCases { #expect(seen[lane] == daemon.events[lane]) }
        #expect(bench.session.isCaughtUp)
    }
}

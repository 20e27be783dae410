import Access
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Patrol

/// A client and everything that it told.
private final class Follower: Sendable {
    let client: PatrolClient
    private let context: Context
    private let log = Mutex<[PatrolOutput]>([])

    init(_ keys: ClientKeys, _ endpoints: [String], _ change: (inout SessionPlan) -> Void = { _ in }) throws {
        context = try Context()
        var plan = SessionPlan()
        change(&plan)
        client = try PatrolClient(context, keys: keys, endpoints: endpoints, plan: plan, reconnect: 20...50)
    }

    var outputs: [PatrolOutput] {
        let new = client.takeOutputs()
        return log.withLock { log in
            log += new
            return log
        }
    }

    var sequences: [SequenceNumber] {
        outputs.flatMap { if case .events(let batch) = $0 { batch.items.map(\.event.sequence) } else { [SequenceNumber]() } }
    }

    var links: [LinkState] { outputs.compactMap { if case .link(let state, _) = $0 { state } else { nil } } }

    func stop() {
        #expect(client.stop(deadline: .seconds(5)))
        context.shutdown()
        context.terminate(within: .seconds(5))
    }
}

@Suite struct ClientTests {
    private func alert(_ sequence: SequenceNumber) -> FeedEvent { item(after: 0, sequence, .alert).event }

    @Test func itSubscribesTakesEventsReturnsCreditAndAcknowledges() async throws {
        let station = try FeedStation(heads: cursor(4, 9))
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint]) { $0.alertCredit = Credit(events: 2, bytes: 1 << 20) }
        defer { follower.stop() }
        try follower.client.start(cursor: cursor(4, 9))
        #expect(await soon { follower.outputs.contains(.caughtUp(cursor(4, 9))) })
        #expect(station.subscriptions.map(\.resume) == [cursor(4, 9)])
        #expect(station.messages.allSatisfy { $0.userID == "unit:patrol-east#1" })

        station.push(alert(6), after: 4)
        #expect(await soon { follower.sequences == [6] })
        #expect(station.received(.credit).isEmpty)
        let batch = try #require(follower.outputs.compactMap { if case .events(let batch) = $0 { batch } else { nil } }.first)
        follower.client.consumed(batch)
        follower.client.kept(cursor(6, 9))
        #expect(await soon { station.acknowledged == cursor(6, 9) })
        #expect(await soon { !station.received(.credit).isEmpty })
        let grant = try CreditGrant(try #require(station.received(.credit).first).body)
        #expect(grant == CreditGrant(lane: .alert, credit: Credit(events: 1, bytes: wireBytes(6, .alert))))
    }

    @Test func commandsGoOutAndTheirResultsComeBack() async throws {
        let station = try FeedStation(answer: granting)
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint])
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { follower.outputs.contains { if case .caughtUp = $0 { true } else { false } } })
        let command = PatrolCommand(.clear, IncidentID(7), disposition: .resolved, note: "带离")
        follower.client.perform(command)
        #expect(
            await soon {
                follower.outputs.contains {
                    if case .action(let outcome) = $0, outcome.command == command, case .done(let found?, 77) = outcome.result {
                        found.phase == .cleared
                    } else {
                        false
                    }
                }
            })
    }

    @Test func aGapLeadsToANewSubscriptionFromTheCursor() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint])
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { station.subscriptions.count >= 1 })
        station.push(alert(2), after: 0)
        station.push(alert(5), after: 4)
        #expect(await soon { station.subscriptions.count >= 2 })
        #expect(station.subscriptions.last?.resume == cursor(2, 0))
        #expect(follower.outputs.contains(.fault(.gap(.alert, expected: 2, found: 4))))
        #expect(follower.sequences == [2])
    }

    @Test func aMessageThatIsNoneIsIgnored() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint])
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { station.subscriptions.count >= 1 })
        for verb in [Verb.receipts, .heartbeatReply, .actionResult, .subscribed] { station.push(Header(verb, request: 99), [0xFF, 0xFF]) }
        station.push(alert(2), after: 0)
        #expect(await soon { follower.sequences == [2] })
    }

    // MARK: The link

    @Test func aKeyThatIsNotEnrolledIsToldSo() async throws {
        let station = try FeedStation(knowsUnit: false)
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint])
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { follower.links.last == .refused })
        #expect(station.messages.isEmpty)
        follower.client.perform(PatrolCommand(.claim, IncidentID(1)))
        #expect(await soon { follower.outputs.contains(.action(ActionOutcome(command: PatrolCommand(.claim, IncidentID(1)), result: .notSent))) })
    }

    @Test func anotherDaemonsKeyIsNotTaken() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let impostor = try FeedStation(unit: station.unit)
        defer { impostor.stop() }
        let follower = try Follower(try station.clientKeys, [impostor.endpoint])
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { follower.links.last == .wrongDaemon })
        #expect(impostor.messages.isEmpty)
    }

    @Test func whereNobodyAnswersTheNextAddressIsTried() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, ["tcp://127.0.0.1:1", station.endpoint]) {
            $0.relinkAfter = 1_000
            $0.heartbeat = 200
        }
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { station.subscriptions.count >= 1 })
        #expect(follower.links.contains(.unreachable))
        #expect(follower.outputs.contains(.link(.connected, endpoint: station.endpoint)))
    }

    @Test func aDaemonThatComesBackIsAskedFromTheCursor() async throws {
        let first = try FeedStation()
        let follower = try Follower(try first.clientKeys, [first.endpoint])
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { first.subscriptions.count >= 1 })
        first.push(alert(3), after: 0)
        #expect(await soon { follower.sequences == [3] })
        first.stop()
        #expect(await soon { follower.links.last == .unreachable })
        let second = try FeedStation(keys: first.keys, unit: first.unit, bind: first.endpoint, heads: cursor(3, 0))
        defer { second.stop() }
        #expect(await soon { second.subscriptions.first?.resume == cursor(3, 0) })
        second.push(alert(4), after: 3)
        #expect(await soon { follower.sequences == [3, 4] })
    }

    @Test func aSilentDaemonIsToldAndAnAnswerEndsIt() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint]) {
            $0.staleAfter = 150
            $0.heartbeat = 400
        }
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { follower.outputs.contains { if case .stale = $0 { true } else { false } } })
        #expect(await soon { follower.outputs.contains(.fresh) })
    }

    // MARK: Bounds and ends

    @Test func tooManyCommandsAreRefusedAndNoneIsForgotten() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint]) { $0.actionDeadline = 200 }
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { station.subscriptions.count >= 1 })
        for id in 1...200 as ClosedRange<UInt64> { follower.client.perform(PatrolCommand(.claim, IncidentID(id))) }
        func ended(_ result: ActionOutcome.Result? = nil) -> Int {
            follower.outputs.count { if case .action(let outcome) = $0 { result == nil || outcome.result == result } else { false } }
        }
        #expect(await soon { ended() == 200 })
        #expect(ended(.timedOut) >= 16 && ended(.tooMany) > 0)
    }

    @Test func itEndsWhenToldAndSaysSo() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [station.endpoint])
        #expect(follower.client.stop(deadline: .zero))
        try follower.client.start(cursor: FeedCursor())
        follower.stop()
        #expect(follower.outputs.last == .ended(nil))
    }

    @Test func withoutAnAddressItEndsWithTheReason() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let follower = try Follower(try station.clientKeys, [])
        defer { follower.stop() }
        try follower.client.start(cursor: FeedCursor())
        #expect(await soon { follower.outputs.last == .ended("no endpoint is given") })
        let wrong = try Follower(try station.clientKeys, ["nonsense://"])
        defer { wrong.stop() }
        try wrong.client.start(cursor: FeedCursor())
        #expect(await soon { if case .ended(.some) = wrong.outputs.last { true } else { false } })
    }
}

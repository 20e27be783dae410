import Access
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

/// The rest of ``PatrolSession``: commands, heartbeats, staleness, refusals, the link, what is acknowledged.
@Suite struct SessionStateTests {
    private let claim = PatrolCommand(.claim, IncidentID(7))

    // MARK: Commands

    @Test func aCommandIsSentAndItsResultTold() throws {
        var bench = Bench.live()
        bench.session.perform(PatrolCommand(.clear, IncidentID(7), disposition: .falseAlarm, note: "风吹的"), at: bench.now)
        let sent = try bench.one(.clear)
        #expect(sent.header.request != 0)
        let action = try Action(sent.body)
        #expect(action == Action(incident: IncidentID(7), disposition: .falseAlarm, note: "风吹的"))
        let after = incident(7, version: 3, phase: .cleared, sequence: 12)
        bench.receive(
            .actionResult, ActionResult(incidentID: IncidentID(7), refusal: nil, incident: after, sequence: 12).encoded,
            request: sent.header.request)
        let told = bench.told()
        guard case .action(let outcome)? = told.first, case .done(let found, let sequence) = outcome.result else {
            Issue.record("\(told)")
            return
        }
        #expect(outcome.command.disposition == .falseAlarm && found?.phase == .cleared && sequence == 12)
        // An answer that comes twice ends nothing twice.
        bench.receive(
            .actionResult, ActionResult(incidentID: IncidentID(7), refusal: nil, incident: after, sequence: 12).encoded,
            request: sent.header.request)
        #expect(bench.take().isEmpty)
    }

    @Test func everyVerbHasItsOwnOnTheWire() {
        #expect(PatrolVerb.allCases.map(\.wire) == [.claim, .enRoute, .onScene, .clear, .release, .join, .handOver, .seen])
        #expect(PatrolVerb.allCases.map(\.name) == ["claim", "en_route", "on_scene", "clear", "release", "join", "hand_over", "acknowledge"])
    }

    @Test func refusalsCarryTheIncidentAsItIs() throws {
        var bench = Bench.live()
        bench.session.perform(claim, at: bench.now)
        let request = try bench.one(.claim).header.request
        let held = incident(7, version: 2, phase: .onScene, holder: otherUnit, sequence: 5)
        let rejection = Rejection(.heldByOther, "patrol-west has it")
        bench.receive(
            .actionResult, ActionResult(incidentID: IncidentID(7), refusal: rejection, incident: held, sequence: 5).encoded,
            request: request)
        let told = bench.told()
        #expect(told == [.action(ActionOutcome(command: claim, result: .refused(rejection, held)))])

        bench.session.perform(claim, at: bench.now)
        let second = try bench.one(.claim).header.request
        bench.receive(.rejections, rejections(.busy), request: second)
        #expect(bench.told() == [.action(ActionOutcome(command: claim, result: .refused(Rejection(.busy, "no"), nil)))])
    }

    @Test func aCommandWithoutAConnectionWasCertainlyNotDone() throws {
        var bench = Bench()
        bench.session.perform(claim, at: bench.now)
        #expect(bench.take() == [.tell(.action(ActionOutcome(command: claim, result: .notSent)))])
        var live = Bench.live()
        live.session.perform(claim, at: live.now)
        let lost = try live.one(.claim).header
        live.session.notSent(lost, at: live.now)
        #expect(live.told() == [.action(ActionOutcome(command: claim, result: .notSent))])
    }

    @Test func withoutAnAnswerItIsNotKnownWhetherItWasDone() throws {
        var bench = Bench.live()
        bench.session.perform(claim, at: bench.now)
        _ = bench.take()
        bench.advance(9_999)
        bench.heartbeat(heads: FeedCursor())
        _ = bench.take()
        bench.advance(1)
        #expect(bench.told().contains(.action(ActionOutcome(command: claim, result: .timedOut))))
        // Also when the answer cannot be read.
        bench.session.perform(claim, at: bench.now)
        let request = try bench.one(.claim).header.request
        bench.receive(.actionResult, [0xFF], request: request)
        #expect(bench.told() == [.action(ActionOutcome(command: claim, result: .timedOut))])
    }

    @Test func onlySoManyCommandsAreUnderWay() {
        var bench = Bench.live { $0.actionBound = 2 }
        for id in 1...3 as ClosedRange<UInt64> { bench.session.perform(PatrolCommand(.claim, IncidentID(id)), at: bench.now) }
        let effects = bench.take()
        #expect(effects.last == .tell(.action(ActionOutcome(command: PatrolCommand(.claim, IncidentID(3)), result: .tooMany))))
        #expect(effects.count == 3)
    }

    @Test func aNoteIsCutToWhatTheWireTakes() throws {
        var bench = Bench.live()
        bench.session.perform(PatrolCommand(.claim, IncidentID(7), note: String(repeating: "雨", count: 999)), at: bench.now)
        let note = try Action(bench.one(.claim).body).note
        #expect(note.utf8.count == 999 && note.allSatisfy { $0 == "雨" })
    }

    // MARK: Heartbeats and staleness

    @Test func heartbeatsGoOutRegularlyAndFasterWhileBehind() {
        var bench = Bench.live()
        var times: [Int64] = []
        let start = bench.now.monotonic
        while bench.now.monotonic - start < 15_000 {
            bench.advance(100)
            if !bench.sent(.patrolHeartbeat).isEmpty { times.append(bench.now.monotonic - start) }
            bench.heartbeat(heads: FeedCursor())
            _ = bench.take()
        }
        #expect(times == [5_000, 10_000, 15_000])

        var behind = Bench.live(at: cursor(0, 5), heads: cursor(0, 9))
        behind.advance(1_000)
        #expect(behind.sent(.patrolHeartbeat).count == 1)
    }

    @Test func silenceIsToldOnceAndSoIsItsEnd() {
        var bench = Bench.live()
        let last = bench.now.wall
        bench.advance(9_999)
        #expect(!bench.told().contains(.stale(since: last)))
        bench.advance(1)
        #expect(bench.told().contains(.stale(since: last)))
        bench.advance(3_000)
        #expect(bench.told().isEmpty)
        bench.heartbeat(heads: FeedCursor())
        #expect(bench.told() == [.fresh, .clock(offset: 0)])
    }

    /// Protocol, section 8.6: by the last message heard, whichever it was.
    @Test func everyMessageOfTheDaemonsEndsTheSilence() {
        let claim = claim
        let ways: [(inout Bench) -> Void] = [
            { $0.receive(.feed, feed(.main, [(0, 1)])) },
            { bench in
                bench.session.perform(claim, at: bench.now)
                let request = bench.session.nextRequest
                bench.receive(
                    .actionResult, ActionResult(incidentID: claim.incident, refusal: nil, incident: nil, sequence: 0).encoded,
                    request: request)
            },
            { $0.receive(.rejections, rejections(.unavailable, field: "subscription.main")) },
        ]
        for way in ways {
            var bench = Bench.live()
            bench.advance(10_000)
            #expect(bench.told().contains { if case .stale = $0 { true } else { false } })
            way(&bench)
            #expect(bench.told().contains(.fresh))
        }
    }

    @Test func theClockIsToldWhenItDiffersNoticeably() {
        var bench = Bench.live()
        bench.heartbeat(heads: FeedCursor(), clock: 90_000)
        #expect(bench.told() == [.clock(offset: 90_000)])
        bench.heartbeat(heads: FeedCursor(), clock: 90_400)
        #expect(bench.told().isEmpty)
        bench.heartbeat(heads: FeedCursor(), clock: 88_000)
        #expect(bench.told() == [.clock(offset: 88_000)])
    }

    // MARK: The link

    @Test func aSilentConnectionIsGivenUp() {
        var bench = Bench.live()
        bench.advance(19_999)
        #expect(!bench.take().contains(.relink))
        bench.advance(1)
        #expect(bench.take().contains(.relink))
        // Once: the next one gets its own time.
        bench.session.relinked(to: "tcp://two", at: bench.now)
        #expect(bench.take() == [.tell(.link(.connecting, endpoint: "tcp://two"))])
        bench.advance(19_999)
        #expect(!bench.take().contains(.relink))
        bench.advance(1)
        #expect(bench.take().contains(.relink))
    }

    @Test func tryingTheSameAddressAgainIsNoNews() {
        var bench = Bench()
        bench.session.linkChanged(.refused, at: bench.now)
        #expect(bench.take() == [.tell(.link(.refused, endpoint: "tcp://one"))])
        bench.session.relinked(to: "tcp://one", at: bench.now)
        bench.session.linkChanged(.refused, at: bench.now)
        #expect(bench.take().isEmpty)
        bench.session.linkChanged(.connected, at: bench.now)
        #expect(bench.told() == [.link(.connected, endpoint: "tcp://one")])
    }

    @Test func aConnectionThatCameBackSubscribesAtOnce() throws {
        var bench = Bench.live(at: cursor(0, 4))
        bench.session.linkChanged(.connecting, at: bench.now)
        bench.session.linkChanged(.connected, at: bench.now)
        let asked = bench.sent(.subscribe)
        #expect(try asked.map { try Subscribe($0.body).resume } == [cursor(0, 4)])
    }

    @Test func anUnansweredSubscriptionIsAskedAgain() {
        var bench = Bench()
        bench.session.linkChanged(.connected, at: bench.now)
        #expect(bench.sent(.subscribe).count == 1)
        bench.advance(4_999)
        #expect(bench.sent(.subscribe).isEmpty)
        bench.advance(1)
        #expect(bench.sent(.subscribe).count == 1)
    }

    @Test func whatCouldNotBeSentIsSentAgain() throws {
        var bench = Bench()
        bench.session.linkChanged(.connected, at: bench.now)
        let subscribe = try bench.one(.subscribe).header
        bench.session.notSent(subscribe, at: bench.now)
        bench.advance(50)
        #expect(bench.sent(.subscribe).count == 1)

        var live = Bench.live()
        live.advance(5_000)
        let heartbeat = try live.one(.patrolHeartbeat).header
        live.session.notSent(heartbeat, at: live.now)
        live.advance(200)
        #expect(live.sent(.patrolHeartbeat).count == 1)
        // Credit that was lost would be missing for good.
        live.session.notSent(Header(.credit), at: live.now)
        #expect(live.sent(.subscribe).count == 1)
    }

    // MARK: Refusals

    @Test func aRefusedSubscriptionIsAskedForAgainLater() {
        for (code, after, wait) in [(RejectionCode.busy, UInt32(3_000), Int64(3_000)), (.busy, 0, 1_000), (.forbidden, 0, 10_000)] {
            var bench = Bench()
            bench.session.linkChanged(.connected, at: bench.now)
            _ = bench.take()
            bench.receive(.rejections, rejections(code, retryAfter: after), request: bench.asked ?? 0)
            #expect(bench.told() == [.refused(Rejection(code, "no", retryAfterMilliseconds: after))])
            bench.advance(wait - 1)
            #expect(bench.sent(.subscribe).isEmpty, "\(code)")
            bench.advance(1)
            #expect(bench.sent(.subscribe).count == 1, "\(code)")
        }
    }

    @Test func asLongAsItIsRefusedTheLinkIsNotGivenUp() {
        var bench = Bench()
        bench.session.linkChanged(.connected, at: bench.now)
        for _ in 0..<10 {
            if let asked = bench.asked { bench.receive(.rejections, rejections(.forbidden), request: asked) }
            bench.advance(5_000)
            bench.receive(.rejections, rejections(.notFound, field: "subscription"))
            #expect(!bench.take().contains(.relink))
        }
    }

    /// Its connection stays refused even when the key is enrolled again, so a new one has to be made.
    @Test func aRevokedConnectionIsGivenUp() {
        var bench = Bench.live()
        bench.receive(.rejections, rejections(.revoked))
        #expect(bench.told() == [.refused(Rejection(.revoked, "no"))])
        var relinked = false
        for _ in 0..<25 {
            bench.advance(1_000)
            if let asked = bench.asked { bench.receive(.rejections, rejections(.revoked), request: asked) }
            relinked = relinked || bench.take().contains(.relink)
        }
        #expect(relinked)
    }

    @Test func aSubscriptionThatTheDaemonEndedIsMadeAgain() {
        var bench = Bench.live()
        bench.receive(.rejections, rejections(.notFound, field: "subscription"))
        #expect(bench.sent(.subscribe).count == 1)
    }

    @Test func troubleThatPassesByItselfIsOnlyTold() {
        var bench = Bench.live()
        bench.receive(.rejections, rejections(.unavailable, field: "subscription.alert"))
        #expect(bench.take() == [.tell(.remark(Rejection(.unavailable, field: "subscription.alert", "no")))])
    }

    // MARK: What is kept

    @Test func theDaemonHearsWhatIsKeptAndNoMoreThanWasTaken() throws {
        var bench = Bench.live(at: cursor(0, 5))
        bench.receive(.feed, feed(.main, [(5, 6)]))
        _ = bench.take()
        bench.session.kept(cursor(0, 6))
        #expect(try bench.sent(.acknowledge).map { try AcknowledgeCodec.decode($0.body) } == [cursor(0, 6)])
        bench.session.kept(cursor(0, 6))
        #expect(bench.sent(.acknowledge).isEmpty)
        // After a rewind the consumer may still tell of the place that it had before.
        bench.session.kept(cursor(9, 9))
        #expect(bench.sent(.acknowledge).isEmpty)
    }

    @Test func itIsToldAgainAfterAReconnect() throws {
        var bench = Bench.live(at: cursor(0, 5))
        bench.session.kept(cursor(0, 5))
        _ = bench.take()
        bench.session.linkChanged(.connecting, at: bench.now)
        bench.session.linkChanged(.connected, at: bench.now)
        bench.session.kept(cursor(0, 5))
        #expect(bench.sent(.acknowledge).isEmpty)
        bench.answerSubscribe(begin: cursor(0, 5), heads: cursor(0, 5))
        #expect(try bench.sent(.acknowledge).map { try AcknowledgeCodec.decode($0.body) } == [cursor(0, 5)])
    }

    @Test func requestNumbersAreNeverNought() throws {
        var bench = Bench.live()
        bench.session.nextRequest = .max
        bench.session.perform(claim, at: bench.now)
        let sent = try bench.one(.claim)
        #expect(sent.header.request == 1)
    }

    /// The shell sleeps for this long; it must never be told to sleep past what is due.
    @Test func nextDueIsWhenSomethingIsToBeDone() {
        var bench = Bench.live()
        bench.session.perform(claim, at: bench.now)
        _ = bench.take()
        var effects: [SessionEffect] = []
        var rounds = 0
        while !effects.contains(.relink), rounds < 40 {
            rounds += 1
            let due = bench.session.nextDue(at: bench.now)
            #expect(due > 0)
            bench.advance(due - 1)
            #expect(bench.take().isEmpty, "slept past something in \(due) ms")
            bench.advance(1)
            effects = bench.take()
            #expect(!effects.isEmpty, "woke for nothing after \(due) ms")
        }
        // Two heartbeats, one of them with the staleness and the command's end, a third, and the end of the link.
        #expect(rounds == 4)
    }
}

import Access
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

/// The feed's half of ``PatrolSession``: subscribing, taking events, credit, gaps.
@Suite struct SessionFeedTests {
    private func sequences(_ outputs: [PatrolOutput]) -> [SequenceNumber] {
        outputs.flatMap { if case .events(let batch) = $0 { batch.items.map(\.event.sequence) } else { [SequenceNumber]() } }
    }

    private func faults(_ outputs: [PatrolOutput]) -> [FeedFault] {
        outputs.compactMap { if case .fault(let fault) = $0 { fault } else { nil } }
    }

    @Test func aConnectionSubscribesFromTheCursorWithFullCredit() throws {
        var bench = Bench(cursor: cursor(7, 9)) {
            $0.zones = [east]
            $0.leastLevel = .priority
        }
        #expect(bench.take().isEmpty)
        bench.session.linkChanged(.connected, at: bench.now)
        let asked = bench.sent(.subscribe)
        #expect(asked.count == 1)
        let subscribe = try Subscribe(try #require(asked.first).body)
        #expect(subscribe.zones == [east] && subscribe.leastLevel == .priority)
        #expect(subscribe.resume == cursor(7, 9))
        #expect(subscribe.alertCredit == SessionPlan().alertCredit && subscribe.mainCredit == SessionPlan().mainCredit)
    }

    @Test func eventsAreTakenInLaneOrderAndCaughtUpIsToldAtTheHeads() {
        var bench = Bench()
        bench.session.linkChanged(.connected, at: bench.now)
        bench.answerSubscribe(heads: cursor(3, 8))
        #expect(bench.told().contains { if case .behind = $0 { true } else { false } })
        bench.receive(.feed, feed(.alert, [(0, 3)]))
        #expect(sequences(bench.told()) == [3])
        bench.receive(.feed, feed(.main, [(0, 5), (5, 8)]))
        let told = bench.told()
        #expect(sequences(told) == [5, 8])
        #expect(told.last == .caughtUp(cursor(3, 8)))
        #expect(bench.session.tracker.cursor == cursor(3, 8))
    }

    @Test func whatWasSeenBeforeIsIgnoredAndItsCreditGivenBack() throws {
        var bench = Bench.live(at: cursor(0, 5)) { $0.mainCredit = Credit(events: 2, bytes: 1 << 20) }
        bench.receive(.feed, feed(.main, [(3, 4), (4, 5)]))
        let effects = bench.take()
        #expect(effects.count == 1)
        guard case .send(let header, let body)? = effects.first else { return }
        #expect(header.verb == .credit)
        #expect(try CreditGrant(body).credit.events == 2)
        #expect(bench.session.tracker.repeats == 2)
    }

    @Test func aFeedOfAnEarlierSubscriptionIsIgnored() {
        var bench = Bench()
        bench.session.linkChanged(.connected, at: bench.now)
        _ = bench.take()
        bench.receive(.feed, feed(.main, [(0, 1)]))
        #expect(bench.take().isEmpty)
        // As is an answer to a subscription that is no more.
        bench.receive(.subscribed, subscribed(heads: cursor(1, 1)), request: (bench.asked ?? 0) &+ 7)
        #expect(bench.take().isEmpty)
    }

    @Test func creditComesBackWhenHalfAWindowIsConsumed() throws {
        var bench = Bench.live { $0.mainCredit = Credit(events: 4, bytes: 1 << 20) }
        bench.receive(.feed, feed(.main, [(0, 1), (1, 2), (2, 3)]))
        _ = bench.take()
        let one = Credit(events: 1, bytes: wireBytes(1, .main))
        bench.session.consumed(one, lane: .main)
        #expect(bench.sent(.credit).isEmpty)
        bench.session.consumed(one, lane: .main)
        let grants = bench.sent(.credit)
        #expect(grants.count == 1)
        #expect(try CreditGrant(try #require(grants.first).body) == CreditGrant(lane: .main, credit: Credit(events: 2, bytes: 2 * wireBytes(1, .main))))
    }

    @Test func moreThanTheCreditIsAFaultAndNothingOfItIsTaken() {
        var bench = Bench.live { $0.mainCredit = Credit(events: 1, bytes: 1 << 20) }
        bench.receive(.feed, feed(.main, [(0, 1), (1, 2)]))
        let told = bench.told()
        #expect(faults(told) == [.overrun] && sequences(told).isEmpty)
        #expect(bench.session.tracker.cursor.main == 0 && bench.asked != nil)
    }

    @Test func aNewSubscriptionAsksForTheWindowWithoutWhatStillWaitsHere() throws {
        var bench = Bench.live { $0.mainCredit = Credit(events: 8, bytes: 1 << 20) }
        bench.receive(.feed, feed(.main, [(0, 1), (1, 2), (2, 3)]))
        bench.receive(.feed, feed(.main, [(9, 10)]))
        let asked = try Subscribe(bench.sent(.subscribe).last?.body ?? [])
        #expect(asked.mainCredit.events == 5)
        #expect(asked.resume == cursor(0, 3))
    }

    @Test func aGapTakesNothingMoreAndSubscribesAgainFromTheCursor() throws {
        var bench = Bench.live(at: cursor(2, 5))
        bench.receive(.feed, feed(.main, [(5, 6), (8, 9), (9, 10)]))
        let effects = bench.take()
        let told = effects.compactMap { if case .tell(let output) = $0 { output } else { nil } }
        #expect(sequences(told) == [6])
        #expect(faults(told) == [.gap(.main, expected: 6, found: 8)])
        let asked = effects.compactMap { if case .send(let header, let body) = $0, header.verb == .subscribe { body } else { nil } }
        #expect(try asked.map { try Subscribe($0).resume } == [cursor(2, 6)])
        // Until the answer is here nothing is taken.
        bench.receive(.feed, feed(.main, [(6, 7)]))
        #expect(bench.take().isEmpty)
        bench.answerSubscribe(begin: cursor(2, 6), heads: cursor(2, 7))
        bench.receive(.feed, feed(.main, [(6, 7)]))
        #expect(sequences(bench.told()) == [7])
    }

    @Test func faultsInARowWaitLongerAndLonger() {
        var bench = Bench.live()
        var waits: [Int64] = []
        for _ in 0..<9 {
            bench.receive(.feed, [0xFF])
            #expect(faults(bench.told()) == [.undecodable])
            var waited: Int64 = 0
            while bench.asked == nil, waited < 100_000 {
                let step = max(1, bench.session.nextDue(at: bench.now))
                bench.advance(step)
                waited += step
                bench.heartbeat(heads: FeedCursor())
            }
            waits.append(waited)
            bench.answerSubscribe(heads: FeedCursor())
            _ = bench.take()
        }
        #expect(waits == [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000])
    }

    @Test func progressMakesTheNextFaultTheFirstAgain() {
        var bench = Bench.live()
        for _ in 0..<3 {
            bench.receive(.feed, [0xFF])
            while bench.asked == nil { bench.advance(1_000) }
            bench.answerSubscribe(heads: cursor(0, 1))
        }
        bench.receive(.feed, feed(.main, [(0, 1)]))
        bench.receive(.feed, [0xFF])
        #expect(bench.asked != nil)
    }

    @Test func aSubscriptionThatLivedAMinuteWasSound() {
        var bench = Bench.live()
        bench.receive(.feed, [0xFF])
        bench.answerSubscribe(heads: FeedCursor())
        for _ in 0..<13 {
            bench.advance(5_000)
            bench.heartbeat(heads: FeedCursor())
        }
        bench.receive(.feed, [0xFF])
        #expect(bench.asked != nil)
    }

    @Test func aCursorAheadOfTheHeadsStartsOverFromTheBeginning() throws {
        var bench = Bench(cursor: cursor(50, 60))
        bench.session.linkChanged(.connected, at: bench.now)
        _ = bench.take()
        bench.answerSubscribe(begin: cursor(50, 60), heads: cursor(50, 9))
        let effects = bench.take()
        #expect(effects.contains(.tell(.rewound(.alert, from: 50, to: 0))))
        #expect(effects.contains(.tell(.rewound(.main, from: 60, to: 0))))
        #expect(!effects.contains { if case .tell(.subscribed) = $0 { true } else { false } })
        let asked = effects.compactMap { if case .send(let header, let body) = $0, header.verb == .subscribe { body } else { nil } }
        #expect(try asked.map { try Subscribe($0).resume } == [FeedCursor()])
    }

    @Test func aCursorThatTheDaemonRefusesStartsOverOnceAndThenWaits() {
        var bench = Bench(cursor: cursor(50, 60))
        bench.session.linkChanged(.connected, at: bench.now)
        _ = bench.take()
        bench.receive(.rejections, rejections(.invalidField, field: "subscribe.after"), request: bench.asked ?? 0)
        #expect(bench.told().count == 2 && bench.asked != nil)
        #expect(bench.session.tracker.cursor == FeedCursor())
        // A daemon that refuses even the beginning is not asked in a circle.
        bench.receive(.rejections, rejections(.invalidField, field: "subscribe.after"), request: bench.asked ?? 0)
        let told = bench.told()
        #expect(told.count == 1 && bench.asked == nil)
        #expect(told.first == .refused(Rejection(.invalidField, field: "subscribe.after", "no")))
        bench.advance(9_999)
        #expect(bench.asked == nil)
        bench.advance(1)
        #expect(bench.asked != nil)
    }

    @Test func fromNowTakesTheBeginningThatTheDaemonNames() throws {
        var bench = Bench(fromNow: true)
        bench.session.linkChanged(.connected, at: bench.now)
        let first = try Subscribe(bench.one(.subscribe).body)
        #expect(first.resume == nil)
        bench.answerSubscribe(begin: cursor(40, 44), heads: cursor(40, 44))
        let told = bench.told()
        #expect(!told.contains { if case .rewound = $0 { true } else { false } })
        #expect(told.last == .caughtUp(cursor(40, 44)))
        // Later it resumes like any other.
        bench.session.linkChanged(.unreachable, at: bench.now)
        bench.session.linkChanged(.connected, at: bench.now)
        let second = try Subscribe(bench.one(.subscribe).body)
        #expect(second.resume == cursor(40, 44))
    }

    @Test func oneAnswerThatCrossedAnEventDoesNotMeanBehind() {
        var bench = Bench.live(at: cursor(0, 5))
        bench.heartbeat(heads: cursor(0, 6))
        #expect(bench.told().allSatisfy { if case .behind = $0 { false } else { true } })
        bench.heartbeat(heads: cursor(0, 6))
        #expect(bench.told().contains(.behind(cursor: cursor(0, 5), heads: cursor(0, 6))))
        bench.receive(.feed, feed(.main, [(5, 6)]))
        #expect(bench.told().last == .caughtUp(cursor(0, 6)))
    }

    @Test func whatIsNotForAPatrolIsIgnored() {
        var bench = Bench.live(at: cursor(1, 1))
        bench.receive(.receipts, [1, 2, 3])
        bench.receive(.submit, [])
        bench.receive(.subscribed, [0xFF])
        bench.receive(.heartbeatReply, [0xFF])
        bench.receive(.rejections, [0xFF])
        bench.receive(.actionResult, [0xFF], request: 99)
        #expect(bench.take().isEmpty)
    }
}

import Access
import TestSupport
import Testing
import TipModel

@testable import PostAgent

@Suite struct EndpointPlanTests {
    private var random = SplitMix64(seed: 3)

    private static func plan(_ count: Int) -> EndpointPlan {
        var plan = EndpointPlan(count: count, failoverAfter: 15_000, backoff: 200...10_000)
        plan.opened(at: 0)
        return plan
    }

    @Test mutating func aSilentConnectionIsGivenUpAfterTheLimit() {
        var plan = Self.plan(2)
        plan.heard(at: 5_000)
        #expect(plan.decide(.connected, at: 19_999, using: &random) == .stay)
        #expect(plan.decide(.connected, at: 20_000, using: &random) == .reopen(afterMilliseconds: 0))
        #expect(plan.index == 1)
    }

    @Test mutating func whereNobodyAnswersTheNextIsTriedSoonAndTheFirstAgainAfterTheLast() {
        var plan = Self.plan(3)
        var indexes: [Int] = []
        var now: Int64 = 0
        for _ in 0..<6 {
            plan.opened(at: now)
            #expect(plan.decide(.unreachable, at: now + 1_999, using: &random) == .stay)
            guard case .reopen(let wait) = plan.decide(.unreachable, at: now + 2_000, using: &random) else { break }
            now += 2_000 + wait
            indexes.append(plan.index)
        }
        #expect(indexes == [1, 2, 0, 1, 2, 0])
    }

    @Test mutating func theOnlyEndpointIsLeftToLibzmqWhileNobodyAnswers() {
        var plan = Self.plan(1)
        #expect(plan.decide(.unreachable, at: 900_000, using: &random) == .stay)
    }

    @Test(arguments: [LinkState.refused, .wrongDaemon]) mutating func aRefusalIsTriedAgainEverMoreSeldom(_ state: LinkState) {
        var plan = Self.plan(1)
        var waits: [Int64] = []
        for _ in 0..<12 {
            guard case .reopen(let wait) = plan.decide(state, at: 0, using: &random) else { break }
            waits.append(wait)
        }
        #expect(waits.count == 12)
        for (index, wait) in waits.enumerated() {
            let middle = min(Int64(200) << Int64(index), 10_000)
            #expect(wait >= middle / 2 && wait <= middle * 3 / 2)
        }
        // Only being served counts as better times: a daemon that answers "no" answers too.
        plan.heard(at: 1)
        guard case .reopen(let long) = plan.decide(state, at: 1, using: &random) else { return }
        #expect(long >= 5_000)
        plan.served()
        guard case .reopen(let short) = plan.decide(state, at: 1, using: &random) else { return }
        #expect(short <= 300)
    }

    @Test mutating func aPostThatMayNotSpeakGoesOnToTheNextEndpoint() {
        var plan = Self.plan(2)
        #expect(plan.decide(.connected, isBarred: true, at: 1, using: &random) == .reopen(afterMilliseconds: 0))
        #expect(plan.index == 1)
    }
}

@Suite struct PostClockTests {
    private static let year: Int64 = 365 * 86_400_000

    @Test func aSmallDifferenceIsLeftAlone() {
        let time = ManualTime()
        let clock = PostClock(time: time, earlier: nil)
        #expect(clock.idTime == time.now() && clock.daemonTime == nil && clock.skew == nil)
        clock.learn(daemonTime: time.now().advanced(byMilliseconds: 60_000), sent: time.monotonicMilliseconds())
        #expect(clock.idTime == time.now())
        #expect(clock.skew == 60_000)
    }

    @Test func aDeadBatteryMakesNoIDsOfTheYear2000() {
        let time = ManualTime(Timestamp(milliseconds: 946_684_800_000))
        let clock = PostClock(time: time, earlier: nil)
        let sent = time.monotonicMilliseconds()
        time.advance(milliseconds: 400)
        clock.learn(daemonTime: ManualTime.night, sent: sent)
        #expect(clock.idTime == ManualTime.night.advanced(byMilliseconds: 200))
        time.advance(milliseconds: 5_000)
        #expect(clock.idTime == ManualTime.night.advanced(byMilliseconds: 5_200))
        // The clock is set right without the daemon being heard: not corrected twice.
        time.setWall(ManualTime.night.advanced(byMilliseconds: 5_200))
        #expect(clock.idTime == ManualTime.night.advanced(byMilliseconds: 5_200))
    }

    @Test func beforeTheDaemonIsHeardAnEarlierRunsTimeIsTheLeast() {
        let time = ManualTime(Timestamp(milliseconds: 946_684_800_000))
        #expect(PostClock(time: time, earlier: ManualTime.night).idTime == ManualTime.night)
        time.setWall(ManualTime.night.advanced(byMilliseconds: Self.year))
        #expect(PostClock(time: time, earlier: ManualTime.night).idTime == time.now())
    }
}

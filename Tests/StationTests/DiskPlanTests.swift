import DispatchDesk
import TestSupport
import Testing
import TipModel

@testable import Station

@Suite("Before the disk is full") struct DiskPlanTests {
    private let mebi = 1 << 20

    /// A disk of `size` bytes with others' files on it, and the plan's reserve.
    private struct Disk {
        var size: Int
        var used = 0
        var reserve = 0
        var plan: DiskPlan
        let wanted: Int

        init(size: Int, lowWater: Int, reserve: Int) {
            self.size = size
            wanted = reserve
            plan = DiskPlan(lowWater: lowWater, reserve: reserve)
        }

        var free: Int { max(0, size - used - reserve) }

        mutating func look() -> DiskLevel {
            for _ in 0..<2 {
                guard let action = plan.look(free: free, hasReserve: wanted > 0 && reserve == wanted) else { break }
                reserve = action == .takeReserve ? wanted : 0
            }
            return plan.level
        }
    }

    @Test func earlyThenOnTheReserveThenNothingAndBackByItself() {
        var disk = Disk(size: 1_000 * mebi, lowWater: 128 * mebi, reserve: 64 * mebi)
        #expect(disk.look() == .enough && disk.reserve == 64 * mebi)
        disk.used = 800 * mebi
        #expect(disk.look() == .enough)
        disk.used = 810 * mebi
        #expect(disk.look() == .low && disk.reserve == 64 * mebi, "refused early, with the reserve untouched")
        disk.used = 910 * mebi
        #expect(disk.look() == .low && disk.reserve == 0, "the reserve is what is worked with")
        disk.used = 998 * mebi
        #expect(disk.look() == .full)
        disk.used = 900 * mebi
        #expect(disk.look() == .low && disk.reserve == 0)
        // At the mark itself nothing flickers: the way back has a margin.
        disk.used = 800 * mebi
        #expect(disk.look() == .low)
        disk.used = 700 * mebi
        #expect(disk.look() == .enough && disk.reserve == 64 * mebi)
    }

    @Test func aDiskThatNeverHadRoomForTheReserveIsLowFromTheBeginning() {
        var disk = Disk(size: 150 * mebi, lowWater: 128 * mebi, reserve: 64 * mebi)
        #expect(disk.look() == .low && disk.reserve == 0)
        var without = Disk(size: 150 * mebi, lowWater: 128 * mebi, reserve: 0)
        #expect(without.look() == .enough)
        without.used = 140 * mebi
        #expect(without.look() == .low)
        without.used = 149 * mebi
        #expect(without.look() == .full)
    }

    @Test func whateverTheDiskDoesTheReserveIsNeverTakenWhenThatMakesItLow() {
        var random = SplitMix64(seed: 81)
        for _ in 0..<200 {
            var disk = Disk(
                size: Int(random.next() % 2_000) * mebi, lowWater: (1 + Int(random.next() % 200)) * mebi,
                reserve: Int(random.next() % 3) * 32 * mebi)
            for _ in 0..<50 {
                disk.used = Int(random.next() % UInt64(disk.size + 1))
                let before = disk.plan.level
                let level = disk.look()
                if level == .enough { #expect(disk.free >= 1 * mebi && disk.reserve == disk.wanted) }
                #expect(disk.look() == level, "a second look changes nothing (was \(before))")
            }
        }
    }
}

/// What the core does with the level.
@Suite("A disk without room") struct DiskLevelTests {
    private let bench = CoreBench()

    @Test func lowRefusesWhatCanWaitAndNothingElse() throws {
        let first = try bench.accept(Fixture.tip(1))
        bench.run([.disk(.low)])
        let refused = try #require(bench.refusal(Fixture.tip(2)))
        #expect(refused.code == .unavailable && refused.retryAfterMilliseconds > 0 && refused.message.contains("disk is nearly full"))
        // What is durable is answered as ever, and the rest goes on.
        #expect(try bench.accept(Fixture.tip(1)).verdict == .repeat)
        #expect(try bench.accept(Fixture.tip(3, "fire")).verdict == .new)
        #expect(bench.refusal(Fixture.tip(4, panic: true)) == nil)
        #expect(bench.refusal(Fixture.tip(5, text: "他手里有刀")) == nil, "an emergency by its words")
        #expect(try bench.step(.claim, first.incident).refusal == nil)
        #expect(try bench.state == bench.folded())
        bench.run([.disk(.enough)])
        #expect(bench.refusal(Fixture.tip(2)) == nil)
    }

    @Test func fullRefusesEveryTipAndStepsAreStillTried() throws {
        let first = try bench.accept(Fixture.tip(1))
        bench.run([.disk(.full)])
        for tip in [Fixture.tip(2), Fixture.tip(3, "fire"), Fixture.tip(4, panic: true)] {
            #expect(bench.refusal(tip)?.code == .unavailable)
        }
        #expect(try bench.accept(Fixture.tip(1)).verdict == .repeat)
        #expect(try bench.step(.claim, first.incident).refusal == nil)
        #expect(try bench.state == bench.folded())
    }
}

/// A clock that is set by years while the daemon runs.
@Suite("A clock that leaps") struct ClockLeapTests {
    private let bench = CoreBench()
    private static let tenYears: Int64 = 3_653 * 86_400_000

    @Test(arguments: [tenYears, -tenYears])
    func noTipIsRefusedForGoodAndNothingIsLost(leap: Int64) throws {
        let first = try bench.accept(Fixture.tip(1))
        bench.time.setWall(ManualTime.night.advanced(byMilliseconds: leap))
        // The posts' clocks are right: by the daemon's their tips are ten years off.
        let refused = try #require(bench.refusal(Fixture.tip(2)))
        #expect(refused.code == .unavailable && refused.code.isRetriable && refused.message.contains("clock leapt"), "\(refused)")
        #expect(try bench.accept(Fixture.tip(1)).verdict == .repeat)
        #expect(try bench.step(.claim, first.incident).refusal == nil)
        #expect(try bench.state == bench.folded())
        // A restart by the wrong clock knows from the journal that it is wrong.
        try bench.restart()
        #expect(bench.refusal(Fixture.tip(2))?.code == .unavailable)
        bench.time.setWall(ManualTime.night.advanced(byMilliseconds: 60_000))
        bench.time.advance(milliseconds: 1_000)
        #expect(bench.refusal(Fixture.tip(2)) == nil)
        #expect(try bench.step(.goEnRoute, first.incident).refusal == nil)
        #expect(try bench.state == bench.folded())
    }
}

import Supervision
import Synchronization
import TestSupport
import Testing
import TipModel

@testable import Station

/// A disk that stops answering must end the daemon: only a restart, or another machine, helps.
struct HungCommitTests {
    @Test func aCommitThatHangsStopsThePing() throws {
        let gate = WatchdogGate()
        let time = ManualTime()
        let now: @Sendable () -> Duration = { .milliseconds(time.monotonicMilliseconds()) }
        let beat = gate.register(name: "core", bound: .seconds(10), now: now())
        let journal = CoreBench().journal
        let bench = try ServiceBench(journal, beat: { beat.tick(now: now()) })
        let disk = try Gate()
        journal.hangNext { disk.hold() }

        #expect(bench.service.offer([Fixture.tip(1, "other")], express: false))
        try #require(disk.isReached())
        time.advance(milliseconds: 9_000)
        #expect(gate.shouldPing(now: now()) == .ping)
        time.advance(milliseconds: 2_000)
        #expect(gate.shouldPing(now: now()) == .withhold(stale: ["core": .seconds(11)]))
        // Nobody was told that the tip is kept.
        #expect(bench.told.tips.isEmpty)

        disk.open()
        #expect(bench.answered(1))
        #expect(eventually { gate.shouldPing(now: now()) == .ping })
    }
}

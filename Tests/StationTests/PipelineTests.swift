import DispatchDesk
import Journal
import TestSupport
import Testing
import TipModel

@testable import Station

/// A group that is decided while the one before it is on its way to the disk.
struct PipelineTests {
    private func numbers(_ range: ClosedRange<UInt64>) -> [TipCommand] { range.map { Fixture.tip($0, "other") } }

    @Test func aRepeatOfWhatIsNotDurableYetGetsItsReceipt() throws {
        let bench = CoreBench()
        let first = bench.decide([Fixture.tip(1)])
        let second = bench.decide([Fixture.tip(1), Fixture.tip(1).altered, Fixture.tip(2)])
        let told = bench.commit(first)
        let receipt = try #require(told.tips.first).result.get()
        let later = bench.commit(second)
        #expect(try later.tips[0].result.get() == receipt.repeated)
        #expect(throws: Rejection.self) { try later.tips[1].result.get() }
        #expect(try later.tips[2].result.get().incident == receipt.incident)
        #expect(try bench.state == bench.folded())
        // And of what is durable by now, from the journal.
        #expect(try bench.accept(Fixture.tip(1)) == receipt.repeated)
    }

    @Test func whatWasDecidedOnAFailedGroupNeverHappenedEither() throws {
        let bench = CoreBench()
        let state = bench.state
        let first = bench.decide([Fixture.tip(1)])
        let second = bench.decide([Fixture.tip(1), Fixture.tip(2)])
        bench.journal.set { $0.append = diskFull }
        let failed = bench.commit(first)
        #expect(failed.failure?.code == .full)
        let gone = bench.abandon(second, because: diskFull)
        for tip in failed.tips + gone.tips {
            guard case .failure(let rejection) = tip.result else {
                Issue.record("\(tip) was told as kept")
                continue
            }
            #expect(rejection.code == .unavailable)
        }
        #expect(gone.committed.isEmpty && gone.progress.isEmpty)
        #expect(bench.state == state)
        #expect(try bench.state == bench.folded())
        bench.journal.set { $0.append = nil }
        bench.time.advance(milliseconds: 2_000)
        #expect(try bench.accept(Fixture.tip(2)).verdict == .new)
        #expect(try bench.accept(Fixture.tip(1)).verdict == .correlated)
    }

    @Test func theNextGroupIsDecidedWhileALargeOneIsCommitted() throws {
        let bench = try ServiceBench { $0.besideRecords = 4 }
        let disk = try Gate()
        let gate = try bench.hold()
        let appends = bench.journal.appends
        bench.journal.hangNext { disk.hold() }
        #expect(bench.service.offer(numbers(1...8), express: false))
        gate.open()
        try #require(disk.isReached())
        #expect(bench.service.offer(numbers(9...16), express: false))
        // Taken, and not told before it is durable.
        #expect(eventually { bench.service.waiting.ordinary == 0 })
        #expect(bench.told.tips.isEmpty && bench.journal.appends == appends + 1)
        disk.open()
        #expect(bench.answered(16))
        #expect(bench.told.numbers == Array(1...16))
    }

    /// A claim, a question and a revocation need the state that the journal has.
    @Test func whatIsNoTipWaitsUntilJournalAndStateAgree() throws {
        let bench = try ServiceBench { $0.besideRecords = 4 }
        let disk = try Gate()
        let gate = try bench.hold()
        bench.journal.hangNext { disk.hold() }
        #expect(bench.service.offer(numbers(1...8), express: false))
        gate.open()
        try #require(disk.isReached())
        #expect(bench.service.offer(bench.step(.claim, 1)))
        #expect(bench.service.offer(numbers(9...9), express: false))
        disk.open()
        #expect(bench.answered(9))
        let claim = try #require(bench.told.steps.first)
        #expect(claim.refusal == nil && claim.sequence == ServiceBench.enrolments + 9)
    }

    @Test func aFailedLargeGroupTakesTheNextOneWithIt() throws {
        let bench = try ServiceBench { $0.besideRecords = 4 }
        let disk = try Gate()
        let gate = try bench.hold()
        bench.journal.hangNext { disk.hold() }
        #expect(bench.service.offer(numbers(1...8), express: false))
        gate.open()
        try #require(disk.isReached())
        #expect(bench.service.offer(numbers(5...12), express: false))
        #expect(eventually { bench.service.waiting.ordinary == 0 })
        bench.journal.set { $0.append = diskFull }
        disk.open()
        #expect(bench.answered(16))
        #expect(bench.told.numbers.isEmpty)
        #expect(bench.journal.lastSequence == ServiceBench.enrolments)
    }
}

import DispatchDesk
import Journal
import Synchronization
import TestSupport
import Testing
import TipModel

@testable import Station

/// A group that is decided while the one before it is on its way to the disk.
struct PipelineTests {
    private func numbers(_ range: ClosedRange<UInt64>) -> [TipCommand] { range.map { Fixture.tip($0, "other") } }

    /// A service whose committer has a group of eight tips, and a disk that does not answer until it is opened.
    private func committing() throws -> (ServiceBench, Gate) {
        let bench = try ServiceBench { $0.besideRecords = 4 }
        let disk = try Gate()
        let gate = try bench.hold()
        bench.journal.hangNext { disk.hold() }
        #expect(bench.service.offer(numbers(1...8), express: false))
        gate.open()
        try #require(disk.isReached())
        return (bench, disk)
    }

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

    /// Tips are read before the core has them, and rules may be replaced in between.
    @Test func aTipThatWasReadByRulesThatAreGoneIsReadAgain() throws {
        let bench = try ServiceBench()
        var rules = Fixture.rules
        rules.categories["other"] = Fixture.category("other", base: 55, floor: .routine)
        let gate = try bench.hold()
        #expect(bench.service.offer([Fixture.tip(1, "other")], express: false))
        #expect(bench.service.offer(.rules(rules)))
        gate.open()
        try #require(bench.answered(1))
        #expect(bench.service.offer([Fixture.tip(2, "other")], express: false))
        try #require(bench.answered(2))
        let known = CoreBench()
        known.run([.rules(rules)])
        let scores = try [1, 2].map { try known.accept(Fixture.tip($0, "other")).score }
        #expect(try bench.told.tips.map { try $0.result.get().score } == scores)
        #expect(scores[0] >= 55)
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

    /// A claim is decided on what is not durable yet, and answered when it is.
    @Test func aClaimIsDecidedWithTheNextGroup() throws {
        let (bench, disk) = try committing()
        #expect(bench.service.offer(bench.step(.claim, 1)))
        #expect(eventually { bench.service.waiting.control == 0 })
        #expect(bench.told.steps.isEmpty)
        disk.open()
        #expect(bench.answered(8) && eventually { !bench.told.steps.isEmpty })
        let claim = try #require(bench.told.steps.first)
        #expect(claim.refusal == nil && claim.sequence == ServiceBench.enrolments + 9)
    }

    /// A question sees what is durable and nothing else; what was offered behind it keeps its place.
    @Test func aQuestionWaitsUntilJournalAndStateAgree() throws {
        let (bench, disk) = try committing()
        let asked = Asked()
        #expect(bench.service.offer(.inspect { state, _ in asked.sequence.store(state.sequence, ordering: .releasing) }))
        #expect(eventually { bench.service.waiting.control == 0 })
        // Nothing is taken behind a question that was taken and not answered.
        #expect(bench.service.offer(bench.step(.claim, 1)))
        #expect(asked.sequence.load(ordering: .acquiring) == 0 && bench.told.steps.isEmpty)
        disk.open()
        #expect(bench.answered(8) && eventually { !bench.told.steps.isEmpty })
        // The claim is of the question's group, which is in the journal by then.
        #expect(asked.sequence.load(ordering: .acquiring) == ServiceBench.enrolments + 9)
        #expect(try #require(bench.told.steps.first).sequence == ServiceBench.enrolments + 9)
    }

    /// A question of a large group is answered when that is durable, and of nothing that was decided meanwhile.
    @Test func nothingIsDecidedOnAGroupWithAQuestion() throws {
        let bench = try ServiceBench { $0.besideRecords = 4 }
        let disk = try Gate()
        let gate = try bench.hold()
        bench.journal.hangNext { disk.hold() }
        let asked = Asked()
        #expect(bench.service.offer(.inspect { state, _ in asked.sequence.store(state.sequence, ordering: .releasing) }))
        #expect(bench.service.offer(numbers(1...8), express: false))
        gate.open()
        try #require(disk.isReached())
        #expect(bench.service.offer(numbers(9...16), express: false))
        disk.open()
        #expect(bench.answered(16))
        #expect(asked.sequence.load(ordering: .acquiring) == ServiceBench.enrolments + 8)
    }

    /// A split reads the incident's tips from the journal, so it waits for those that are on their way there.
    @Test func aSplitKeepsTheTipsThatAreOnTheirWay() throws {
        let bench = try ServiceBench { $0.besideRecords = 4 }
        #expect(bench.service.offer((1...2).map { Fixture.tip($0) }, express: false) && bench.answered(2))
        let disk = try Gate()
        let gate = try bench.hold()
        bench.journal.hangNext { disk.hold() }
        #expect(bench.service.offer((3...8).map { Fixture.tip($0) }, express: false))
        gate.open()
        try #require(disk.isReached())
        let told = bench.told
        let split = DeskCommand(
            action: .split(IncidentID(1), tips: [Fixture.tip(1).tip.id]), reason: "两件事", by: Operator(.desk, "duty")
        ) { told.add(.desk($0)) }
        #expect(bench.service.offer(.desk(split)))
        disk.open()
        #expect(eventually { !bench.told.desk.isEmpty })
        let outcome = try #require(bench.told.desk.first).get()
        #expect(outcome.incident.tipCount == 7 && outcome.other?.tipCount == 1)
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        #expect(try reader.family(of: IncidentID(1), limit: 100).membership[IncidentID(1)].count == 7)
    }

    @Test func aRevocationThatFailedIsToldToNobody() throws {
        let bench = CoreBench()
        let post = Fixture.posts[0]
        bench.journal.set { $0.append = diskFull }
        let outcome = bench.run([bench.revoke(.post(post.id)), .tip(Fixture.tip(1, from: post))])
        guard case .failure(let rejection)? = outcome.tips.first?.result else {
            Issue.record("the tip was taken")
            return
        }
        #expect(rejection.code == .unavailable)
    }

    private final class Asked: Sendable {
        let sequence = Atomic<UInt64>(0)
    }

    @Test func aFailedLargeGroupTakesTheNextOneWithIt() throws {
        let (bench, disk) = try committing()
        #expect(bench.service.offer(numbers(5...12), express: false))
        #expect(eventually { bench.service.waiting.ordinary == 0 })
        bench.journal.set { $0.append = diskFull }
        disk.open()
        #expect(bench.answered(16))
        #expect(bench.told.numbers.isEmpty)
        #expect(bench.journal.lastSequence == ServiceBench.enrolments)
    }
}

import DispatchDesk
import Journal
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// What is told and known when the journal cannot take a group.
struct CommitFailureTests {
    private let bench = CoreBench()

    @Test func aFailedGroupNeverHappened() throws {
        let first = try bench.accept(Fixture.tip(1))
        let (state, commits) = (bench.state, bench.core.counters.commits)
        bench.journal.set { $0.append = diskFull }
        let outcome = bench.run([
            .tip(Fixture.tip(2)), .step(bench.command(.claim, first.incident)), .silent(Fixture.posts[0].id, since: ManualTime.night),
            .enrol(bench.enrol(.post(Fixture.post("gate-7", zone: "east", north: 0)), key: 77)), bench.revoke(.post(Fixture.posts[1].id)),
            .tip(Fixture.tip(3, "fire")),
        ])
        #expect(outcome.failure?.code == .full)
        #expect(outcome.committed.isEmpty && outcome.enrolments == nil)
        for tip in outcome.tips { expectUnavailable(tip.result) }
        #expect(outcome.tips.count == 2)
        let step = try #require(bench.replies.steps.first)
        #expect(step.refusal?.code == .unavailable && step.incident == nil && step.sequence == 0)
        #expect(bench.replies.codes == [.unavailable, .unavailable])
        #expect(bench.state == state)
        #expect(try bench.state == bench.folded())
        #expect(bench.core.counters.commits == commits && bench.core.counters.commitFailures == 1)
        #expect(bench.core.counters.accepted == 1)
    }

    @Test func itGoesOnWhereTheJournalEnds() throws {
        let first = try bench.accept(Fixture.tip(1))
        bench.journal.set { $0.append = diskFull }
        _ = bench.run([Fixture.tip(2), Fixture.tip(3, "fire")])
        bench.journal.set { $0.append = nil }
        bench.time.advance(milliseconds: 2_000)
        let second = try bench.accept(Fixture.tip(2))
        #expect(second.sequence == first.sequence + 1 && second.verdict == .correlated && second.incident == first.incident)
        let fire = try bench.accept(Fixture.tip(3, "fire"))
        #expect(fire.verdict == .new && fire.incident == IncidentID(2))
        #expect(try bench.state == bench.folded())
    }

    /// What correlation looks at is taken back with the state: a clear that failed hides no incident.
    @Test func anIncidentWhoseClearFailedStillTakesReports() throws {
        let first = try bench.accept(Fixture.tip(1, "burglary"))
        _ = try bench.step(.claim, first.incident)
        bench.journal.set { $0.append = diskFull }
        #expect(try bench.step(.clear, first.incident, .resolved).refusal?.code == .unavailable)
        bench.journal.set { $0.append = nil }
        bench.time.advance(milliseconds: 2_000)
        #expect(try bench.accept(Fixture.tip(2, "burglary")).incident == first.incident)
        #expect(try bench.step(.clear, first.incident, .resolved).refusal == nil)
    }

    /// A full disk is not hammered: every tip of a flood would cost a sync that fails.
    @Test func forTwoSecondsTipsAreRefusedWithoutATry() throws {
        let first = try bench.accept(Fixture.tip(1))
        bench.journal.set { $0.append = diskFull }
        _ = bench.run([Fixture.tip(2)])
        let appends = bench.journal.appends
        for number in 3...50 as ClosedRange<UInt64> { expectUnavailable(bench.run([Fixture.tip(number)])[0]) }
        bench.time.advance(milliseconds: 1_999)
        expectUnavailable(bench.run([Fixture.tip(2)])[0])
        #expect(bench.journal.appends == appends)
        // Steps are few and somebody waits for each, so they are tried.
        #expect(try bench.step(.claim, first.incident).refusal?.code == .unavailable)
        #expect(bench.journal.appends == appends + 1)
        // That began another two seconds.
        bench.time.advance(milliseconds: 1_999)
        expectUnavailable(bench.run([Fixture.tip(2)])[0])
        bench.time.advance(milliseconds: 1)
        bench.journal.set { $0.append = nil }
        #expect(try bench.accept(Fixture.tip(2)).verdict == .correlated)
    }

    @Test func aSuccessEndsThePause() throws {
        let first = try bench.accept(Fixture.tip(1))
        bench.journal.set { $0.append = diskFull }
        _ = bench.run([Fixture.tip(2)])
        bench.journal.set { $0.append = nil }
        #expect(try bench.step(.claim, first.incident).refusal == nil)
        #expect(try bench.accept(Fixture.tip(2)).verdict == .correlated)
    }

    /// The agent deletes a tip on any receipt, so a repeat may only be told of what is durable.
    @Test func aRepeatOfWhatFailedIsNoReceipt() throws {
        let known = try bench.accept(Fixture.tip(1))
        bench.journal.set { $0.append = diskFull }
        let results = bench.run([
            Fixture.tip(1), Fixture.tip(2), Fixture.tip(2), Fixture.tip(2).altered, Fixture.tip(1).altered, Fixture.tip(3, "nothing"),
        ])
        // What rests on the journal stands; what rests on this group fell with it, the conflict too.
        #expect(try results[0].get() == known.repeated)
        for result in results[1...3] { expectUnavailable(result) }
        #expect(results[4...].map(\.code) == [.conflict, .unknownCategory])
        #expect(bench.core.counters.accepted == 1 && bench.core.counters.repeats == 1)
        bench.journal.set { $0.append = nil }
        bench.time.advance(milliseconds: 2_000)
        #expect(try bench.accept(Fixture.tip(2).altered).verdict == .correlated)
        #expect(bench.refusal(Fixture.tip(2))?.code == .conflict)
    }

    /// What an enrolment was refused for may be an enrolment of the same group that failed.
    @Test func aRefusalThatRestsOnTheGroupFallsWithIt() throws {
        let post = Enrolment.Subject.post(Fixture.post("gate-7", zone: "east", north: 0))
        bench.journal.set { $0.append = diskFull }
        bench.run([
            .enrol(bench.enrol(post, key: 77)), .enrol(bench.enrol(post, key: 78)), bench.revoke(.unit(Fixture.east.id)),
            bench.revoke(.unit(Fixture.east.id)),
        ])
        #expect(bench.replies.codes == [.unavailable, .unavailable, .unavailable, .unavailable])
        bench.replies.clear()
        bench.journal.set { $0.append = nil }
        bench.run([.enrol(bench.enrol(post, key: 78)), bench.revoke(.unit(Fixture.east.id))])
        #expect(bench.replies.codes == [nil, nil])
    }

    @Test func aJournalThatCannotBeSearchedAcceptsNothing() throws {
        _ = try bench.accept(Fixture.tip(1))
        bench.journal.set { $0.find = JournalError(.inputOutput, "the disk fails") }
        for result in bench.run([Fixture.tip(1), Fixture.tip(2)]) { expectUnavailable(result) }
        bench.journal.set { $0.find = nil }
        #expect(try bench.accept(Fixture.tip(2)).verdict == .correlated)
    }

    @Test func nothingIsCommittedUntilTheJournalCanBeRead() throws {
        let first = try bench.accept(Fixture.tip(1))
        bench.journal.set { ($0.append, $0.read) = (diskFull, JournalError(.inputOutput, "the disk fails")) }
        _ = bench.run([Fixture.tip(2), Fixture.tip(3, "fire")])
        bench.time.advance(milliseconds: 10_000)
        bench.journal.set { $0.append = nil }
        let (appends, last) = (bench.journal.appends, bench.journal.lastSequence)
        // Long after the pause: the state is not what the journal has, so nothing may rest on it.
        expectUnavailable(bench.run([Fixture.tip(2)])[0])
        #expect(try bench.step(.claim, first.incident).refusal?.code == .unavailable)
        bench.run([.enrol(bench.enrol(.post(Fixture.post("gate-7", zone: "east", north: 0)), key: 77))])
        #expect(bench.replies.codes == [.unavailable])
        #expect(bench.journal.appends == appends && bench.journal.lastSequence == last)
        bench.journal.set { $0.read = nil }
        bench.time.advance(milliseconds: 2_000)
        #expect(try bench.accept(Fixture.tip(2)).sequence == last + 1)
        #expect(try bench.state == bench.folded())
    }

    /// A snapshot of what never happened would come back at some later start.
    @Test func noSnapshotIsMadeOfWhatTheJournalDoesNotHave() throws {
        var settings = StationCore.Settings()
        settings.snapshotEvery = 10
        let bench = CoreBench(settings)
        _ = try bench.accept(Fixture.tip(1))
        let durable = try bench.folded()
        bench.journal.set { ($0.append, $0.read) = (diskFull, JournalError(.inputOutput, "the disk fails")) }
        _ = bench.run((2...30).map { Fixture.tip($0, "fire") })
        #expect(bench.takeDueSnapshot() == nil)
        bench.saveSnapshot()
        #expect(bench.journal.saves == 0)
        bench.journal.set { ($0.append, $0.read) = (nil, nil) }
        try bench.restart()
        #expect(bench.state == durable)
        // And once it is read again, all goes on: a snapshot comes when one is due.
        _ = bench.run((2...30).map { Fixture.tip($0, "fire") })
        #expect(bench.takeDueSnapshot() == bench.state)
        #expect(bench.takeDueSnapshot() == nil)
    }

    @Test func aRecordOfSomebodyElseIsNoticedBeforeAnythingIsTold() throws {
        _ = try bench.accept(Fixture.tip(1))
        bench.journal.set { $0.foreignRecord = true }
        let outcome = bench.run([.tip(Fixture.tip(2))])
        #expect(outcome.failure?.code == .misuse && outcome.committed.isEmpty)
        expectUnavailable(outcome.tips[0].result)
        // It is in the journal all the same, so it is a repeat when it comes again.
        #expect(try bench.state == bench.folded())
        bench.time.advance(milliseconds: 2_000)
        #expect(try bench.accept(Fixture.tip(2)).verdict == .repeat)
        #expect(try bench.accept(Fixture.tip(3)).verdict == .correlated)
    }

    private func expectUnavailable(_ result: Result<Receipt, Rejection>, _ location: SourceLocation = #_sourceLocation) {
        guard case .failure(let rejection) = result else {
            Issue.record("accepted: \(result)", sourceLocation: location)
            return
        }
        #expect(rejection.code == .unavailable && rejection.code.isRetriable, sourceLocation: location)
        #expect(rejection.retryAfterMilliseconds == 2_000, sourceLocation: location)
    }
}

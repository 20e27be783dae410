import DispatchDesk
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// What units do with incidents, as the core decides it.
struct StepTests {
    private let bench = CoreBench()
    private let incident: IncidentID
    private let opened: Receipt

    init() throws {
        opened = try bench.accept(Fixture.tip(1, "burglary"))
        incident = opened.incident
    }

    @Test func eachStepIsARecordAndAnEvent() throws {
        let steps: [(Step, Phase, EventKind)] = [
            (.claim, .claimed, .claimed), (.goEnRoute, .enRoute, .enRoute), (.arrive, .onScene, .onScene),
            (.clear, .cleared, .cleared),
        ]
        for (index, (step, phase, kind)) in steps.enumerated() {
            bench.time.advance(milliseconds: 60_000)
            let outcome = bench.run([.step(bench.command(step, incident, .resolved))])
            let told = try #require(bench.replies.steps.last)
            #expect(told.refusal == nil && told.sequence == opened.sequence + UInt64(index) + 1)
            #expect(told.incident?.phase == phase && told.incident?.holder == Fixture.east.id)
            #expect(told.incident?.phaseSince == bench.time.now() && told.incident == bench.state.incidents[incident])
            let event = try FeedCodec.decodeEvent(try #require(outcome.committed.first).event)
            #expect(event.kind == kind && event.unit == Fixture.east.id && event.sequence == told.sequence)
        }
        #expect(bench.state.incidents[incident]?.disposition == .resolved && bench.state.totals.cleared == 1)
    }

    @Test func ofTwoClaimsInOneGroupOneWins() throws {
        let outcome = bench.run([
            .step(bench.command(.claim, by: Fixture.both, incident)), .step(bench.command(.claim, by: Fixture.east, incident)),
        ])
        let (won, lost) = (bench.replies.steps[0], bench.replies.steps[1])
        #expect(won.refusal == nil && won.sequence == opened.sequence + 1)
        #expect(lost.refusal?.code == .heldByOther && lost.sequence == 0)
        // Who lost is shown who has it.
        #expect(lost.incident?.holder == Fixture.both.id)
        #expect(outcome.committed.count == 1 && bench.journal.lastSequence == opened.sequence + 1)
        #expect(bench.core.counters.rejected == [.heldByOther: 1])
    }

    @Test func aWholeRunFitsInOneGroup() throws {
        bench.run([
            .step(bench.command(.claim, incident)), .step(bench.command(.goEnRoute, incident)), .step(bench.command(.arrive, incident)),
            .step(bench.command(.clear, incident, .falseAlarm)),
        ])
        #expect(bench.replies.steps.map(\.refusal) == [nil, nil, nil, nil])
        #expect(bench.replies.steps.map(\.sequence) == (1...4).map { opened.sequence + $0 })
        #expect(try bench.state == bench.folded())
    }

    @Test func aStepSentAgainIsDoneAndChangesNothing() throws {
        let first = try bench.step(.claim, incident)
        let state = bench.state
        let outcome = bench.run([.step(bench.command(.claim, incident))])
        let again = try #require(bench.replies.steps.last)
        #expect(again.refusal == nil && again.sequence == 0 && again.incident == first.incident)
        #expect(outcome.committed.isEmpty && bench.state == state)
    }

    /// An incident of another zone does not exist for this unit, in exactly those words.
    @Test func incidentsOfOtherZonesAreNotFound() throws {
        let west = try bench.accept(Fixture.tip(2, from: Fixture.posts[3], "burglary")).incident
        for step in Step.allCases {
            let hidden = try bench.step(step, west, .resolved)
            let missing = try bench.step(step, IncidentID(999), .resolved)
            #expect(hidden.refusal?.code == .notFound && hidden.incident == nil && hidden.sequence == 0)
            #expect(missing.refusal?.code == .notFound && missing.incident == nil)
            #expect(
                hidden.refusal?.message.replacing("\(west)", with: "") == missing.refusal?.message.replacing("#999", with: ""))
        }
        #expect(try bench.step(.claim, by: Fixture.both, west).refusal == nil)
        #expect(bench.core.counters.rejected == [.notFound: UInt64(Step.allCases.count) * 2])
    }

    @Test func aClearedIncidentTakesNoMoreReports() throws {
        #expect(try bench.accept(Fixture.tip(2, "burglary")).incident == incident)
        _ = try bench.step(.claim, incident)
        #expect(try bench.accept(Fixture.tip(3, "burglary")).incident == incident)
        _ = try bench.step(.clear, incident, .resolved)
        let next = try bench.accept(Fixture.tip(4, "burglary"))
        #expect(next.verdict == .new && next.incident != incident)
        // In one group too.
        let results = bench.run([
            .step(bench.command(.claim, next.incident)), .step(bench.command(.clear, next.incident, .resolved)),
            .tip(Fixture.tip(5, "burglary")),
        ])
        #expect(try results.tips[0].result.get().verdict == .new)
    }

    @Test func aReleasedIncidentTakesReportsAndClaims() throws {
        _ = try bench.step(.claim, incident)
        _ = try bench.step(.release, incident)
        #expect(try bench.accept(Fixture.tip(2, "burglary")).incident == incident)
        #expect(try bench.step(.claim, by: Fixture.both, incident).refusal == nil)
    }

    @Test func aLateStepIsAnsweredForAsLongAsTheIncidentIsRemembered() throws {
        func clear(_ number: UInt64) throws -> IncidentID {
            bench.time.advance(milliseconds: 3_600_000)
            let opened = try bench.accept(Fixture.tip(number, "burglary", at: bench.time.now())).incident
            bench.run([.step(bench.command(.claim, opened)), .step(bench.command(.clear, opened, .resolved))])
            return opened
        }
        let first = try clear(100)
        for number in 101..<100 + UInt64(StationState.clearedBound) { _ = try clear(number) }
        #expect(try bench.step(.clear, first, .resolved).refusal == nil)
        #expect(try bench.step(.claim, first).refusal?.code == .illegalStep)
        _ = try clear(1_000)
        #expect(try bench.step(.clear, first, .resolved).refusal?.code == .notFound)
    }

    /// Control goes before what was queued earlier: a step of a unit that is revoked in the same group comes after it.
    @Test func aRevokedUnitMovesNothing() throws {
        let outcome = bench.run([bench.revoke(.unit(Fixture.east.id)), .step(bench.command(.claim, incident))])
        let told = try #require(bench.replies.steps.first)
        #expect(told.refusal?.code == .revoked && told.incident == nil && outcome.committed.isEmpty)
        #expect(bench.state.incidents[incident]?.holder == nil)
    }
}

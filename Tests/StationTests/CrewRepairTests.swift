import DispatchDesk
import TestSupport
import Testing
import TipModel

@testable import Station

/// What revocation, merges and a change of the lead make of who has an incident, and of who is reminded.
struct CrewRepairTests {
    let bench = CoreBench(dispatch: EscalationTests.rules())

    private func open(_ category: String, number: UInt64, panic: Bool = false, reporter: String = "G-07") throws -> IncidentID {
        let tip = Fixture.tip(number, category, text: "情况", at: bench.time.now(), reporter: reporter, panic: panic)
        return try bench.accept(tip).incident
    }

    private func pass(_ seconds: Int) {
        for _ in 1...seconds {
            bench.time.advance(milliseconds: 1_000)
            bench.run([.escalate])
        }
    }

    @Test func aRevokedUnitIsTakenOffAllThatItHas() throws {
        let id = try open("fire", number: 1)
        _ = try bench.step(.claim, id)
        _ = try bench.step(.goEnRoute, id)
        bench.run([.revoke(.unit(Fixture.east.id), reason: "被盗") { _ in }])
        let incident = try #require(bench.state.incidents[id])
        #expect(incident.phase == .open && incident.crew.isEmpty)
        #expect(bench.state.assignments[Fixture.east.id]?.isEmpty ?? true)
        #expect(try bench.step(.claim, by: Fixture.both, id).refusal == nil)
        #expect(try bench.folded() == bench.state)
    }

    @Test func anAcknowledgementAfterTheLastReminderIsRemindedOfOnce() throws {
        let id = try open("medical", number: 1, panic: true)
        pass(300)
        #expect(bench.state.incidents[id]?.escalation.reminders == 3 && bench.core.due.next == nil)
        _ = try bench.acknowledge(id)
        pass(119)
        #expect(bench.state.incidents[id]?.escalation.reminders == 3)
        pass(60)
        #expect(bench.state.incidents[id]?.escalation.reminders == 4)
        pass(900)
        #expect(bench.state.incidents[id]?.escalation.reminders == 4 && bench.core.due.next == nil)
    }

    @Test func aMergeThatRaisesTheLevelBeginsTheLadderAnew() throws {
        let lesser = try open("vehicle", number: 1)
        _ = try bench.step(.claim, lesser)
        _ = try bench.acknowledge(lesser)
        bench.time.advance(milliseconds: 3 * 3_600_000)
        let grave = try open("medical", number: 2, panic: true, reporter: "另一人")
        try #require(grave != lesser)
        _ = try bench.desk(.merge(grave, into: lesser)).get()
        let merged = try #require(bench.state.incidents[lesser])
        #expect(merged.urgency.level == .emergency && merged.phase == .claimed)
        #expect(merged.escalation == Escalation(since: bench.time.now()))
        #expect(try bench.folded() == bench.state)
    }

    @Test func theNextLeadIsRemindedAnew() throws {
        let id = try open("medical", number: 1, panic: true)
        _ = try bench.step(.claim, id)
        _ = try bench.step(.join, by: Fixture.both, id)
        pass(400)
        #expect(bench.state.incidents[id]?.escalation.rung == .unitIdleDesk)
        _ = try bench.step(.release, id)
        #expect(bench.state.incidents[id]?.holder == Fixture.both.id)
        #expect(bench.state.incidents[id]?.escalation == Escalation(since: bench.time.now()))
    }
}

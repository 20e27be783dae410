import DispatchDesk
import TestSupport
import Testing
import TipModel

@testable import Station

/// The core asks each second; that must cost nothing however many incidents wait.
struct EscalationCostTests {
    @Test func aSecondWithAHundredThousandOpenIncidentsIsAComparison() {
        let time = ManualTime()
        let now = time.now()
        let incidents = (1...100_000 as ClosedRange<UInt64>).map { id in
            var one = Incident(
                id: IncidentID(id), zone: ZoneID(unchecked: "east"), category: "fire", drill: false, openedAt: now, lastTipAt: now,
                position: nil, place: "", headline: "", urgency: Urgency(score: 60, level: .urgent, reasons: []), posts: [],
                phaseSince: now, lastSequence: id)
            // Told everything already, but for one reminder in an hour.
            one.escalation = Escalation(since: now, rung: .neighbours, toldAt: now.advanced(byMilliseconds: 3_540_000))
            return one
        }
        let state = StationState(
            sequence: 100_000, nextIncident: 100_001, incidents: incidents, enrolments: [:], ledgers: [:], cursors: [:],
            totals: Totals())
        var core = StationCore(
            journal: MemoryJournal(), state: state, rules: Fixture.rules, settings: StationCore.Settings(), time: time)
        #expect(core.due.count == 100_000 && core.due.next == now.advanced(byMilliseconds: 3_600_000))
        let clock = ContinuousClock()
        let ticks = clock.measure {
            for _ in 0..<10_000 {
                time.advance(milliseconds: 1)
                if core.isEscalationDue { Issue.record("nothing is due") }
                core.escalate(now: time.now())
            }
        }
        print("EscalationCostTests: \(ticks / 10_000) for a second with 100,000 open incidents")
        // A look at each of them would take minutes in all.
        #expect(ticks < .seconds(2))
        #expect(core.state.sequence == 100_000)
    }
}

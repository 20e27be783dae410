import Localization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

/// What is mine, near and new; joining, diverting, acknowledging; what rings, and how.
@Suite struct CrewScreenTests {
    private func placed(_ id: UInt64, north metres: Double, level: UrgencyLevel = .priority, phase: Phase = .open, holder: UnitID? = nil)
        -> Incident
    {
        var one = incident(id, level: level, phase: phase, holder: holder)
        one.position = Position(latitude: 30 + metres / 111_195, longitude: 125, accuracy: 10)
        return one
    }

    @Test func theKeysOfACrew() {
        var screen = screen(incident(1, level: .urgent))
        #expect(screen.type("h") == [.perform(PatrolCommand(.join, IncidentID(1)))])
        #expect(screen.type("v") == [.perform(PatrolCommand(.seen, IncidentID(1)))])
        #expect(screen.type("d") == [.perform(PatrolCommand(.enRoute, IncidentID(1), divert: true))])
        #expect(screen.notice?.text == "en route #1 …")
    }

    @Test func aDivertIsSaidOnTheWire() throws {
        var bench = Bench.live()
        bench.session.perform(PatrolCommand(.enRoute, IncidentID(7), divert: true), at: bench.now)
        bench.session.perform(PatrolCommand(.handOver, IncidentID(7), to: otherUnit), at: bench.now)
        let sent = bench.session.effects.compactMap { effect -> (Verb, Action?)? in
            guard case .send(let header, let body) = effect else { return nil }
            return (header.verb, try? Action(body))
        }
        #expect(sent.map(\.0) == [.enRoute, .handOver])
        #expect(sent[0].1?.divert == true && sent[1].1?.to == otherUnit)
    }

    @Test func mineNearAndNew() {
        let (far, near, mine) = (placed(1, north: 3_000, level: .urgent), placed(2, north: 500), placed(3, north: 0, phase: .onScene, holder: unitID))
        var screen = screen(far, near, incident(4, level: .urgent), mine)
        // Where we are is where we last were active.
        _ = screen.happen(event(9, mine, .onScene, unit: unitID))
        screen.type("n")
        #expect(screen.listed.map(\.incident.id.rawValue) == [3, 2, 1, 4])
        #expect(screen.selected == IncidentID(3))
        let lines = render(screen, size: TerminalSize(columns: 120, rows: 24), now: ManualTime.night, language: .en)
        #expect(lines.contains { $0.contains("#2") && $0.contains("500 m") } && lines.contains { $0.contains("#1") && $0.contains("3.0 km") })
        #expect(lines[1].contains("showing near"))
        screen.type("m")
        #expect(screen.listed.map(\.incident.id.rawValue) == [3])
        screen.type("w")
        #expect(screen.listed.allSatisfy(\.isNew) && screen.listed.count < 4)
        screen.type("a")
        #expect(screen.listed.count == 4)
    }

    @Test func aPartWithNothingInItSaysSo() {
        var screen = screen(incident(1))
        screen.type("m")
        let lines = render(screen, size: usual, now: ManualTime.night, language: .en)
        #expect(lines.contains { $0.contains("none here; press a for all") })
        // The counts are of all.
        #expect(lines[1].contains("waiting 1"))
    }

    @Test func aSecondUnitIsOurs() {
        var one = incident(1, level: .urgent, phase: .enRoute, holder: otherUnit)
        one.crew.append(Assignment(unit: unitID, phase: .claimed, since: ManualTime.night, by: Operator(.desk, "duty")))
        var screen = screen(one)
        let lines = render(screen, size: TerminalSize(columns: 120, rows: 24), now: ManualTime.night, language: .en)
        #expect(lines.contains { $0.contains("claimed by you +1") })
        screen.type("m")
        #expect(screen.listed.count == 1)
    }

    @Test func whatIsForUsRings() {
        var screen = screen(incident(1, level: .emergency, phase: .claimed, holder: otherUnit), incident(2))
        var rings = screen.happen(
            event(2, incident(1, version: 2, level: .emergency, phase: .enRoute, holder: otherUnit), .enRoute, unit: otherUnit))
        #expect(!rings)
        var assigned = event(3, incident(2, version: 2, phase: .claimed, holder: unitID), .assigned, unit: unitID)
        assigned.by = Operator(.desk, "duty")
        rings = screen.happen(assigned)
        #expect(rings && screen.bells == 1)
        var escalated = event(4, incident(5, level: .emergency), .escalated)
        escalated.rung = .neighbours
        rings = screen.happen(escalated)
        #expect(rings && screen.bells == 3)
        // That somebody has seen it is no alarm.
        rings = screen.happen(event(5, incident(5, version: 2, level: .emergency), .acknowledged, unit: otherUnit))
        #expect(!rings)
        var idle = event(6, incident(2, version: 3, phase: .claimed, holder: unitID), .escalated, unit: unitID)
        idle.rung = .unitIdle
        rings = screen.happen(idle)
        #expect(rings)
        idle = event(7, incident(2, version: 4, phase: .claimed, holder: otherUnit), .escalated, unit: otherUnit)
        idle.rung = .unitIdle
        rings = screen.happen(idle)
        #expect(!rings)
    }

    @Test func whatAGrantLetUsSeeGoesWithIt() {
        var foreign = incident(1, level: .urgent)
        foreign.zone = ZoneID(unchecked: "west")
        foreign.grants = [Grant(unit: unitID, until: ManualTime.night.advanced(byMilliseconds: 60_000))]
        var screen = screen(foreign)
        #expect(screen.listed.count == 1)
        screen.settle(for: usual, at: ManualTime.night.advanced(byMilliseconds: 60_000))
        #expect(screen.listed.isEmpty)
        // Not where we have it.
        foreign.crew = [Assignment(unit: unitID, phase: .claimed, since: ManualTime.night, by: .unit(unitID))]
        foreign.phase = .claimed
        screen.board.apply(foreign)
        screen.settle(for: usual, at: ManualTime.night.advanced(byMilliseconds: 60_000))
        #expect(screen.listed.count == 1)
    }
}

import DispatchDesk
import TestSupport
import Testing
import TipModel

/// Steps one after another on the real state, as the core takes them.
struct LifecycleRunTests {
    /// An open incident, and what units do to it.
    private struct Scene {
        private(set) var state = StationState()
        private(set) var moves: [PhaseChanged] = []
        let id = IncidentID(1)
        var incident: Incident { state.incidents[id]! }

        init() {
            var tips = SampleTips(seed: 1)
            let opened = IncidentOpened(incident: id, urgency: Urgency(score: 50, level: .urgent, reasons: []), reasons: [])
            let tip = tips.accepted(from: SampleTips.posts[0], at: ManualTime.night)
            state.apply(Record(sequence: 1, at: ManualTime.night, events: [.tipAccepted(tip), .incidentOpened(opened)]))
        }

        mutating func take(_ step: Step, by unit: UnitID, _ disposition: Disposition? = .resolved) -> StepDecision {
            let other = SampleTips.units.first { $0 != unit }
            let decision = Lifecycle.decide(StepRequest(step, by: unit, to: other, disposition: disposition), on: incident)
            if case .move(let change) = decision {
                moves.append(change)
                state.apply(Record(sequence: state.sequence + 1, at: ManualTime.night, events: [.phaseChanged(change)]))
            }
            return decision
        }
    }

    @Test func ofRacingClaimsOneWins() {
        var scene = Scene()
        let decisions = SampleTips.units.map { scene.take(.claim, by: $0) }
        #expect(scene.moves.map(\.unit) == [SampleTips.units[0]])
        #expect(scene.incident.holder == SampleTips.units[0])
        for decision in decisions.dropFirst() {
            guard case .refuse(let rejection) = decision else {
                Issue.record("a second claim: \(decision)")
                continue
            }
            #expect(rejection.code == .heldByOther && rejection.message.contains("patrol-1"))
        }
    }

    @Test func aReleasedIncidentIsAnybodysAgain() {
        var scene = Scene()
        _ = scene.take(.claim, by: SampleTips.units[0])
        _ = scene.take(.release, by: SampleTips.units[0])
        #expect(scene.incident.phase == .open && scene.incident.holder == nil)
        _ = scene.take(.claim, by: SampleTips.units[1])
        #expect(scene.incident.holder == SampleTips.units[1])
        // The late repeat of the release is told how things are now, and changes nothing.
        guard case .refuse(let rejection) = scene.take(.release, by: SampleTips.units[0]) else {
            Issue.record("a release by one who no longer has it")
            return
        }
        #expect(rejection.code == .heldByOther && scene.incident.holder == SampleTips.units[1])
    }

    /// After a lost connection a patrol sends everything again that it has no answer to.
    @Test func aWholeRunSentAgainChangesNothing() {
        let runs: [[Step]] = [
            [.claim], [.claim, .goEnRoute], [.claim, .goEnRoute, .arrive], [.claim, .arrive],
            [.claim, .release], [.claim, .goEnRoute, .release],
        ]
        for run in runs {
            var scene = Scene()
            for step in run { _ = scene.take(step, by: SampleTips.units[0]) }
            #expect(scene.moves.count == run.count)
            let before = scene.state
            // A release ends the unit's hold, so what came before it would be a new beginning.
            for step in run.last == .release ? [.release] : run {
                #expect(scene.take(step, by: SampleTips.units[0]) == .already, "\(step.name) of \(run.map(\.name))")
            }
            #expect(scene.state == before)
        }
    }

    /// Whatever three units ask for, in any order.
    @Test func noOrderOfStepsBreaksTheRules() {
        var random = SplitMix64(seed: 11)
        var seen: Set<Phase> = []
        for _ in 0..<400 {
            var scene = Scene()
            for _ in 0..<25 {
                let before = scene.incident
                let unit = SampleTips.units.randomElement(using: &random)!
                let step = Step.allCases.randomElement(using: &random)!
                let disposition = random.oneIn(4) ? nil : Disposition.allCases.randomElement(using: &random)
                let decision = scene.take(step, by: unit, disposition)
                let after = scene.incident
                seen.insert(after.phase)
                guard case .move = decision else {
                    #expect(after == before)
                    continue
                }
                #expect(after.version == before.version + 1)
                // Only who has it, or anybody by a claim of what nobody has, or by joining what others have.
                let entered: Step = before.phase == .open ? .claim : .join
                #expect(before.assignment(of: unit) != nil || step == entered)
                #expect((after.assignment(of: unit) == nil) == (step == .release || step == .handOver))
                #expect(step != .clear || before.holder == unit)
                #expect(Set(after.crew.map(\.unit)).count == after.crew.count && after.crew.count <= SampleTips.units.count)
                #expect(after.phase == .cleared || after.phase == after.crew.map(\.phase).max { $0.rawValue < $1.rawValue } ?? .open)
                #expect((after.phase == .open) == (after.holder == nil))
                #expect(before.phase != .cleared)
                #expect((after.phase == .cleared) == (after.disposition != nil))
                // The same once more is never a second move.
                if case .move = scene.take(step, by: unit, disposition) { Issue.record("\(step.name) moved it twice") }
            }
        }
        #expect(seen.count == Phase.allCases.count)
    }
}

import DispatchDesk
import Testing
import TipModel

private let lead = UnitID(unchecked: "patrol-1")
private let second = UnitID(unchecked: "patrol-2")
private let third = UnitID(unchecked: "patrol-3")
private let desk = Operator(.desk, "duty")

/// Several units on one incident, and one unit with several incidents.
struct CrewTests {
    private let time = Timestamp(milliseconds: 1_767_204_600_000)

    private func crewed(_ phases: (UnitID, Phase)...) -> Incident {
        var one = incident(.open, holder: nil)
        one.crew = phases.map { Assignment(unit: $0.0, phase: $0.1, since: time, by: .unit($0.0)) }
        one.phase = one.crew.map(\.phase).max { $0.rawValue < $1.rawValue } ?? .open
        return one
    }

    private func after(_ decision: StepDecision, _ incident: Incident) -> Incident {
        guard case .move(let change) = decision else {
            Issue.record("\(decision)")
            return incident
        }
        var state = StationState(
            sequence: 3, nextIncident: 8, incidents: [incident], enrolments: [:], ledgers: [:], cursors: [:], totals: Totals())
        state.apply(Record(sequence: 4, at: time.advanced(byMilliseconds: 60_000), events: [.phaseChanged(change)]))
        // The index of units is what the crews say.
        let units = state.incidents.values.filter { $0.phase != .cleared }.flatMap { one in one.crew.map { ($0.unit, one.id) } }
        #expect(state.assignments == Dictionary(units.map { ($0.0, Set([$0.1])) }, uniquingKeysWith: { $0.union($1) }))
        return state.incidents[incident.id] ?? incident
    }

    private func refusal(_ decision: StepDecision) -> Rejection? {
        if case .refuse(let rejection) = decision { rejection } else { nil }
    }

    @Test func aSecondUnitJoins() {
        let held = crewed((lead, .enRoute))
        #expect(refusal(Lifecycle.decide(StepRequest(.claim, by: second), on: held))?.message == "#7 is with patrol-1; possible: join")
        let joined = after(Lifecycle.decide(StepRequest(.join, by: second), on: held), held)
        #expect(joined.crew.map(\.unit) == [lead, second] && joined.crew.map(\.phase) == [.enRoute, .claimed])
        #expect(joined.holder == lead && joined.phase == .enRoute && joined.phaseSince == held.phaseSince)
        #expect(Lifecycle.decide(StepRequest(.join, by: second), on: joined) == .already)
    }

    @Test func theFurthestTellsThePhase() {
        let two = crewed((lead, .enRoute), (second, .claimed))
        let arrived = after(Lifecycle.decide(StepRequest(.arrive, by: second), on: two), two)
        #expect(arrived.phase == .onScene && arrived.holder == lead)
        // The one that arrived leaves: the incident is where the other is.
        let left = after(Lifecycle.decide(StepRequest(.release, by: second), on: arrived), arrived)
        #expect(left.phase == .enRoute && left.crew.map(\.unit) == [lead])
    }

    @Test func theNextLeadsWhenTheLeadLeaves() {
        let two = crewed((lead, .onScene), (second, .claimed))
        let left = after(Lifecycle.decide(StepRequest(.release, by: lead), on: two), two)
        #expect(left.holder == second && left.phase == .claimed)
    }

    @Test func onlyTheLeadClearsAndItEndsForAll() {
        let two = crewed((lead, .onScene), (second, .onScene))
        #expect(refusal(Lifecycle.decide(StepRequest(.clear, by: second, disposition: .resolved), on: two))?.code == .heldByOther)
        let cleared = after(Lifecycle.decide(StepRequest(.clear, by: lead, disposition: .resolved), on: two), two)
        #expect(cleared.phase == .cleared && cleared.crew.count == 2)
    }

    @Test func aCrewIsBounded() {
        var full = crewed((lead, .claimed))
        for number in 2...Incident.Limits.crew {
            full.crew.append(Assignment(unit: UnitID(unchecked: "u-\(number)"), phase: .claimed, since: time, by: desk))
        }
        for decision in [
            Lifecycle.decide(StepRequest(.join, by: third), on: full),
            Lifecycle.decide(.assign(third), by: desk, note: "", on: full),
        ] {
            #expect(refusal(decision)?.message.contains("8 units, the most") == true)
        }
    }

    @Test func aUnitIsActiveOnOneIncident() {
        let other = crewed((lead, .claimed))
        for step in [Step.goEnRoute, .arrive] {
            let refused = Lifecycle.decide(StepRequest(step, by: lead), on: other, active: IncidentID(3))
            #expect(refusal(refused)?.message.contains("active on #3; possible: divert") == true)
            let moved = after(Lifecycle.decide(StepRequest(step, by: lead, diverts: true), on: other, active: IncidentID(3)), other)
            #expect(moved.phase == (step == .arrive ? .onScene : .enRoute))
            // On the same one it goes on.
            if case .refuse = Lifecycle.decide(StepRequest(step, by: lead), on: other, active: other.id) { Issue.record("refused") }
        }
        // Others are claimed beside it.
        let open = incident(.open, holder: nil)
        if case .refuse = Lifecycle.decide(StepRequest(.claim, by: lead), on: open, active: IncidentID(3)) { Issue.record("refused") }
        let active = crewed((lead, .onScene), (second, .enRoute))
        let waits = after(.move(Lifecycle.diversion(of: lead, from: active, to: IncidentID(9))), active)
        #expect(waits.crew.map(\.phase) == [.claimed, .enRoute] && waits.phase == .enRoute)
    }

    @Test func aHandOverKeepsThePlace() {
        let two = crewed((lead, .onScene), (second, .enRoute))
        let handed = after(Lifecycle.decide(StepRequest(.handOver, by: lead, to: third), on: two), two)
        #expect(handed.crew.map(\.unit) == [third, second] && handed.crew.map(\.phase) == [.claimed, .enRoute])
        #expect(Lifecycle.decide(StepRequest(.handOver, by: lead, to: third), on: handed) == .already)
        #expect(refusal(Lifecycle.decide(StepRequest(.handOver, by: lead), on: two))?.field == "action.to")
        #expect(refusal(Lifecycle.decide(StepRequest(.handOver, by: lead, to: second), on: two))?.code == .illegalStep)
    }

    // MARK: The desk

    /// What a cell says: the phase that it comes to, `nil` for what is so already, or a refusal.
    private enum Cell: Equatable {
        case to(Phase, [UnitID])
        case already, refused
    }

    @Test func everyStepOfTheDeskInEveryPhase() {
        let steps: [(name: String, step: DeskStep)] = [
            ("assign", .assign(second)), ("assign who has it", .assign(lead)), ("recall", .recall(lead)),
            ("recall a stranger", .recall(second)), ("hand over", .handOver(from: nil, to: second)),
            ("hand over by name", .handOver(from: lead, to: second)), ("hand over to itself", .handOver(from: lead, to: lead)),
            ("clear", .clear(.resolved)), ("clear as another", .clear(.duplicate)), ("reopen", .reopen),
        ]
        func expected(_ name: String, _ phase: Phase) -> Cell {
            switch (name, phase) {
            case ("reopen", .cleared): .to(.open, [])
            case ("clear", .cleared): .already
            case (_, .cleared), ("reopen", _): .refused
            case ("clear", .open), ("clear as another", .open): .to(.cleared, [])
            case ("clear", _), ("clear as another", _): .to(.cleared, [lead])
            case ("assign", .open): .to(.claimed, [second])
            case ("assign who has it", .open): .to(.claimed, [lead])
            case ("assign", _): .to(phase, [lead, second])
            case ("assign who has it", _): .already
            case (_, .open): .refused
            case ("recall", _): .to(.open, [])
            case ("hand over", _), ("hand over by name", _): .to(.claimed, [second])
            default: .refused
            }
        }
        for phase in Phase.allCases {
            for (name, step) in steps {
                let before = incident(phase, holder: phase == .open ? nil : lead)
                let decision = Lifecycle.decide(step, by: desk, note: "为何", on: before)
                let cell: Cell
                switch decision {
                case .already: cell = .already
                case .refuse(let rejection):
                    cell = .refused
                    #expect(rejection.message.contains("#7"))
                case .move(let change):
                    #expect(change.by == desk && change.note == "为何")
                    let moved = after(decision, before)
                    cell = .to(moved.phase, moved.crew.map(\.unit))
                }
                #expect(cell == expected(name, phase), "\(name) in \(phase.name)")
            }
        }
    }

    @Test func whatIsOpenedAgainIsNobodysAndNobodyHasSeenIt() {
        var cleared = crewed((lead, .onScene), (second, .onScene))
        cleared.phase = .cleared
        cleared.acknowledgement = Acknowledgement(by: desk, at: time)
        let again = after(Lifecycle.decide(.reopen, by: desk, note: "又来了", on: cleared), cleared)
        #expect(again.crew.isEmpty && again.acknowledgement == nil && again.disposition == nil)
        #expect(again.escalation == Escalation(since: time.advanced(byMilliseconds: 60_000)))
    }

    @Test func nothingIsDoneToWhatWasMerged() {
        var merged = incident(.cleared, holder: lead)
        merged.mergedInto = IncidentID(2)
        let decisions =
            Step.allCases.map { Lifecycle.decide(StepRequest($0, by: lead, disposition: .duplicate), on: merged) } + [
                Lifecycle.decide(.reopen, by: desk, note: "x", on: merged),
                Lifecycle.handled(by: PostID(unchecked: "gate-1"), note: "", on: merged),
            ]
        for decision in decisions { #expect(refusal(decision)?.message == "#7 was merged into #2; act on that one") }
    }

    // MARK: The post, and acknowledgements

    @Test func aPostHandlesOnlyWhatIsItsOwnAndNobodys() {
        let post = PostID(unchecked: "gate-1")
        let open = incident(.open, holder: nil)
        let cleared = after(Lifecycle.handled(by: post, note: "已劝离", on: open), open)
        #expect(cleared.phase == .cleared && cleared.disposition == .handledByPost && cleared.crew.isEmpty)
        #expect(Lifecycle.handled(by: post, note: "", on: cleared) == .already)
        for phase in [Phase.claimed, .enRoute, .onScene] {
            #expect(refusal(Lifecycle.handled(by: post, note: "", on: incident(phase, holder: lead)))?.code == .heldByOther)
        }
        var shared = open
        shared.posts.append(PostID(unchecked: "gate-2"))
        #expect(refusal(Lifecycle.handled(by: post, note: "", on: shared))?.code == .illegalStep)
    }

    @Test func anAcknowledgementRestsAndIsForgotten() {
        var open = incident(.open, holder: nil)
        let first = Lifecycle.acknowledge(open, by: desk, now: time, hold: 120_000)
        #expect(first == .acknowledge(IncidentAcknowledged(incident: open.id, by: desk, restUntil: time.advanced(byMilliseconds: 120_000))))
        open.escalation.restUntil = time.advanced(byMilliseconds: 120_000)
        #expect(Lifecycle.acknowledge(open, by: .unit(lead), now: time.advanced(byMilliseconds: 119_999), hold: 120_000) == .already)
        if case .acknowledge = Lifecycle.acknowledge(open, by: .unit(lead), now: time.advanced(byMilliseconds: 120_000), hold: 1) {
        } else {
            Issue.record("a forgotten acknowledgement cannot be given again")
        }
        if case .refuse = Lifecycle.acknowledge(incident(.cleared, holder: lead), by: desk, now: time, hold: 1) {
        } else {
            Issue.record("acknowledged what is cleared")
        }
    }
}

import DispatchDesk
import Foundation
import Testing
import TipModel

private let mine = UnitID(unchecked: "patrol-1")
private let theirs = UnitID(unchecked: "patrol-2")

/// Every pair of phase and step, for every unit, against the table of the document.
struct LifecycleTests {
    /// What a cell of the table says.
    enum Cell: Hashable {
        case moves(Phase)
        case done
        case refused(RejectionCode)

        init?(text: String) {
            if text == "done" {
                self = .done
            } else if text.hasPrefix("→ "), let phase = LifecycleTests.phases[String(text.dropFirst(2))] {
                self = .moves(phase)
            } else if let code = RejectionCode.allCases.first(where: { "`\($0.name)`" == text }) {
                self = .refused(code)
            } else {
                return nil
            }
        }

        init(_ decision: StepDecision) {
            switch decision {
            case .move(let change): self = .moves(change.phase)
            case .already: self = .done
            case .refuse(let rejection): self = .refused(rejection.code)
            }
        }
    }

    static let phases: [String: Phase] = [
        "open": .open, "claimed": .claimed, "en route": .enRoute, "on scene": .onScene, "cleared": .cleared,
    ]
    static let steps: [String: Step] = [
        "CLAIM": .claim, "JOIN": .join, "EN_ROUTE": .goEnRoute, "ON_SCENE": .arrive, "CLEAR": .clear, "RELEASE": .release,
        "HAND_OVER": .handOver,
    ]

    /// The table of docs/protocol.md, section 8.7: what the holder, or any unit of an open incident, gets.
    static func table() throws -> [Phase: [Step: Cell]] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/protocol.md"), encoding: .utf8)
        let rows = text.split(separator: "\n", omittingEmptySubsequences: false).drop { !$0.hasPrefix("| phase | CLAIM |") }
            .prefix { $0.hasPrefix("|") }
            .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        let names = try #require(rows.first).dropFirst()
        var table: [Phase: [Step: Cell]] = [:]
        for row in rows.dropFirst(2) {
            let phase = try #require(phases[row[0]], "\(row)")
            try #require(row.count == names.count + 1)
            for (name, cell) in zip(names, row.dropFirst()) {
                let step = try #require(steps[name], "\(name)")
                let what = try #require(Cell(text: cell), "\(cell)")
                table[phase, default: [:]][step] = what
            }
        }
        try #require(table.count == Phase.allCases.count)
        return table
    }

    @Test func theHolderGetsWhatTheTableSays() throws {
        let table = try Self.table()
        for phase in Phase.allCases {
            for step in Step.allCases {
                let incident = incident(phase, holder: phase == .open ? nil : mine)
                let decision = Lifecycle.decide(
                    StepRequest(step, by: mine, to: theirs, disposition: .resolved, note: "东门"), on: incident)
                #expect(Cell(decision) == table[phase]?[step], "\(step.name) in \(phase.name)")
                if case .refuse(let rejection) = decision { #expect(rejection.message.contains("possible: "), "\(rejection)") }
                guard case .move(let change) = decision else { continue }
                #expect(change.incident == incident.id && change.note == "东门" && change.by == .unit(mine))
                #expect(change.unit == (step == .handOver ? theirs : mine) && change.from == (step == .handOver ? mine : nil))
                #expect(change.disposition == (change.phase == .cleared ? .resolved : nil))
            }
        }
    }

    @Test func onlyTheHolderMovesAHeldIncident() {
        for phase in Phase.allCases where phase != .open {
            for step in Step.allCases where step != .join || phase == .cleared {
                for disposition in [nil, Disposition.resolved, .duplicate] {
                    let decision = Lifecycle.decide(
                        StepRequest(step, by: mine, to: UnitID("patrol-3"), disposition: disposition),
                        on: incident(phase, holder: theirs))
                    #expect(
                        Cell(decision) == .refused(phase == .cleared ? .illegalStep : .heldByOther),
                        "\(step.name) in \(phase.name)")
                    guard case .refuse(let rejection) = decision else { continue }
                    #expect(rejection.message.contains("patrol-2") && rejection.message.contains("#7"))
                }
            }
        }
    }

    @Test func aClearSaysHowItEnded() {
        for phase in [Phase.claimed, .enRoute, .onScene] {
            let decision = Lifecycle.decide(StepRequest(.clear, by: mine), on: incident(phase, holder: mine))
            guard case .refuse(let rejection) = decision else {
                Issue.record("a clear without a disposition in \(phase.name): \(decision)")
                continue
            }
            #expect(rejection.code == .invalidField && rejection.field == "action.disposition")
        }
    }

    @Test func aClearIsRepeatedOnlyWithWhatItSaid() {
        for first in Disposition.allCases {
            var cleared = incident(.cleared, holder: mine)
            cleared.disposition = first
            for second in [nil] + Disposition.allCases.map(Optional.some) {
                let decision = Lifecycle.decide(StepRequest(.clear, by: mine, disposition: second), on: cleared)
                #expect(Cell(decision) == (second == first ? .done : .refused(.illegalStep)))
            }
        }
    }

    /// A disposition that comes with another step is ignored, as the document says.
    @Test func onlyAClearTakesADisposition() {
        for phase in Phase.allCases {
            for step in Step.allCases where step != .clear {
                let incident = incident(phase, holder: phase == .open ? nil : mine)
                #expect(
                    Lifecycle.decide(StepRequest(step, by: mine, to: theirs, disposition: .duplicate), on: incident)
                        == Lifecycle.decide(StepRequest(step, by: mine, to: theirs), on: incident))
            }
        }
    }

    /// What no record of today makes, a replay of another day's might: still nobody else's incident is moved.
    @Test func statesThatCannotBeHaveAnAnswerToo() {
        for phase in Phase.allCases {
            for holder in [nil, mine, theirs] {
                for step in Step.allCases {
                    let decision = Lifecycle.decide(
                        StepRequest(step, by: mine, to: UnitID("patrol-3"), disposition: .resolved), on: incident(phase, holder: holder))
                    if holder == theirs && step != .join || phase == .cleared {
                        if case .move = decision { Issue.record("\(step.name) in \(phase.name) moves what \(theirs) has") }
                    }
                }
            }
        }
    }
}

func incident(_ phase: Phase, holder: UnitID?) -> Incident {
    let time = Timestamp(milliseconds: 1_767_204_600_000)
    return Incident(
        id: IncidentID(7), zone: ZoneID(unchecked: "east"), category: "burglary", drill: false, openedAt: time,
        lastTipAt: time, position: nil, place: "3号楼东墙外", headline: "有人翻墙",
        urgency: Urgency(score: 60, level: .urgent, reasons: []), posts: [PostID(unchecked: "gate-1")], phase: phase,
        holder: holder, phaseSince: time, disposition: phase == .cleared ? .resolved : nil, lastSequence: 3)
}

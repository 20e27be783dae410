import Localization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

/// What a patrol shows and hears of what the desk does.
@Suite struct DeskEventTests {
    private func merged(_ id: UInt64, into survivor: UInt64, holder: UnitID? = nil) -> Incident {
        var one = incident(id, version: 5, level: .urgent, phase: .cleared, holder: holder)
        (one.disposition, one.mergedInto) = (.duplicate, IncidentID(survivor))
        return one
    }

    private func desk(_ sequence: SequenceNumber, _ incident: Incident, _ kind: EventKind, other: UInt64?) -> FeedEvent {
        var one = event(sequence, incident, kind)
        one.other = other.map { IncidentID($0) }
        one.reasons = [Reason(code: "merge", points: 0, detail: "同一名男子")]
        return one
    }

    @Test func aMergedIncidentIsGoneAndSaysWhereTo() throws {
        var shown = screen(incident(12, level: .urgent), incident(15, level: .urgent))
        shown.selected = IncidentID(15)
        shown.mode = .detail
        #expect(shown.happen(desk(8, merged(15, into: 12), .merged, other: 12)) == false)
        #expect(shown.happen(desk(9, incident(12, version: 5, level: .urgent), .merged, other: 15)) == false)
        #expect(shown.listed.map(\.incident.id) == [IncidentID(12)] && shown.board[IncidentID(15)]?.incident.mergedInto == IncidentID(12))
        for (language, gone, took) in [(Language.zh, "已并入 #12", "并入了 #15"), (.en, "merged into #12", "took in #15")] {
            #expect(render(shown, size: usual, now: ManualTime.night, language: language).contains { $0.contains(gone) })
            shown.selected = IncidentID(12)
            #expect(render(shown, size: usual, now: ManualTime.night, language: language).contains { $0.contains(took) })
            shown.selected = IncidentID(15)
        }
    }

    /// Nobody should drive on to something that the desk took from under them without a sound.
    @Test func oneOfOursThatIsMergedAwayRingsAndIsTold() {
        var shown = screen(incident(15, level: .urgent, phase: .enRoute, holder: unitID))
        #expect(shown.happen(desk(8, merged(15, into: 12, holder: unitID), .merged, other: 12)) == true)
        #expect(shown.notice?.text == "the desk merged your #15 into #12")
    }

    @Test func anEmergencyRingsWhoeverHasTheIncident() {
        var shown = screen(incident(7, level: .emergency, phase: .onScene, holder: otherUnit))
        var further = event(8, incident(7, version: 2, level: .emergency, phase: .onScene, holder: otherUnit), .correlated, tip: tip(2))
        #expect(shown.happen(further) == false)
        further.sequence = 9
        further.alarm = true
        further.incident.version = 3
        #expect(shown.happen(further) == true)
        // Not from history, and not about one that is over.
        var late = screen(incident(7, level: .emergency), caughtUp: false)
        #expect(late.happen(further) == false)
        var over = screen(incident(7, version: 9, level: .emergency, phase: .cleared, holder: otherUnit))
        #expect(over.happen(further) == false)
    }

    @Test func tipsThatMayHaveLeftAreNotShownAnyMore() throws {
        var shown = screen()
        _ = shown.happen(event(7, incident(12), tip: tip(1, panic: true)))
        _ = shown.happen(desk(8, incident(12, version: 3), .split, other: 16), desk(9, incident(16), .split, other: 12))
        let (source, new) = (try #require(shown.board[IncidentID(12)]), try #require(shown.board[IncidentID(16)]))
        #expect(source.tips.isEmpty && !source.isPanic && shown.listed.count == 2)
        #expect(source.steps.last?.other == IncidentID(16) && new.steps.last?.other == IncidentID(12))
        #expect(en.name(.split, about: IncidentID(12), mergedInto: nil, other: IncidentID(16)) == "split, tips left for #16")
        #expect(zh.name(.split, about: IncidentID(16), mergedInto: nil, other: IncidentID(12)) == "拆分自 #12")
        #expect(en.name(.regraded, about: IncidentID(16), mergedInto: nil, other: nil) == "regraded")
    }

    @Test func theLinesTellWhyAndTheJSONWhich() throws {
        let lines = PlainLines(words: zh, usesColour: false, utcOffset: 0)
        let batch = FeedBatch(
            lane: .alert, items: [FeedItem(previous: 0, event: desk(8, merged(15, into: 12), .merged, other: 12))])
        let line = try #require(lines.events(batch).first)
        #expect(line.contains("已并入 #12") && line.contains("合并原因 同一名男子"))
        let json = try #require(JSONLines.lines(.events(batch)).first)
        #expect(json.contains(#""kind":"merged""#) && json.contains(#""merged_into":12"#) && json.contains(#""other":12"#))
    }
}

import DispatchDesk
import Station
import Testing
import TipModel

@testable import Evaluation

/// What the desk did is a fact, whatever the rules.
struct FactTests {
    private func owners(_ replay: RuleReplay) -> [IncidentID?] {
        replay.links.tips.sorted { $0.key < $1.key }.map(\.value.replayed)
    }

    @Test func aMergeJoinsTheReplayedTwo() throws {
        let history = try History(try History.apart())
        let (one, two) = (try history.tip().incident, try history.tip(from: 1).incident)
        #expect(history.desk(.merge(two, into: one)) != nil)
        let same = try history.replay(try History.apart())
        #expect(same.report.isUnchanged && same.report.desk.merges == 1)
        // Other rules that keep them apart: joined all the same.
        let far = try history.replay(try History.rules { $0.correlation.attachAt = 700 })
        #expect(Set(owners(far.replay)).count == 1 && far.report.desk.mergesNeedless == 0)
        // Rules that join them by themselves: the desk had nothing to do.
        let near = try history.replay(try History.rules())
        #expect(near.report.desk.mergesNeedless == 1 && near.report.changes.allSatisfy { $0.kind == .score })
    }

    @Test func aSplitSticks() throws {
        let history = try History(try History.rules())
        let first = try history.tip()
        let second = try history.tip(from: 1)
        #expect(first.incident == second.incident)
        #expect(history.desk(.detach(first.incident, tip: second.id)) != nil)
        let same = try history.replay(try History.rules())
        #expect(same.report.isUnchanged && same.replay.replayed == same.replay.recorded)
        // Rules that like them together even better.
        let eager = try history.replay(try History.rules { $0.correlation.attachAt = 10; $0.correlation.suggestAt = 10 })
        #expect(Set(owners(eager.replay)).count == 2 && eager.report.changes.isEmpty)
        // Rules that never put them together: nothing to split.
        let apart = try history.replay(try History.apart())
        #expect(apart.report.desk.splits == 1 && apart.report.desk.splitsNeedless == 1)
        #expect(apart.report.changes.allSatisfy { $0.kind == .score } && apart.report.real.wouldOpen == 1)
    }

    @Test func aSplitAlsoTearsWhatTheNewRulesJoined() throws {
        let history = try History(try History.rules { $0.correlation.maximumDistance = 60; $0.correlation.postAccuracy = 0 })
        let one = try history.tip(north: 0)
        let two = try history.tip(reporter: "b", north: 0)
        let far = try history.tip(reporter: "c", north: 200)
        #expect(one.incident == two.incident && far.incident != one.incident)
        let wide = try History.rules()
        #expect(Set(owners(try history.replay(wide).replay)).count == 1)
        #expect(history.desk(.detach(one.incident, tip: two.id)) != nil)
        let replayed = try history.replay(wide)
        let owner = owners(replayed.replay)
        #expect(owner[0] == owner[2] && owner[0] != owner[1])
        let kept = try #require(owner[0].flatMap { replayed.replay.replayed.incidents[$0] })
        #expect(kept.tipCount == 2 && owner[1].map { kept.apart.contains($0) } == true)
        // A later merge of the two is a fact as well.
        let other = try #require(history.state.incidents.keys.max())
        #expect(history.desk(.merge(other, into: one.incident)) != nil)
        #expect(Set(owners(try history.replay(wide).replay)).count == 1)
    }

    @Test func aRegradeStands() throws {
        let history = try History(try History.rules())
        let id = try history.tip("一辆面包车", "vehicle").incident
        history.desk(.regrade(id, .emergency))
        let report = try history.replay(try History.rules { $0.categories["vehicle"]?.floor = .urgent }).report
        #expect(report.changes.first?.kind == .score && report.changes.first?.replayed.first?.level == "emergency")
        #expect(report.real.raised == 0 && report.real.alertsGained == 1, "the tip came before the desk spoke")
    }

    @Test func aClaimGoesToTheIncidentWithTheFirstTip() throws {
        let history = try History(try History.rules())
        let id = try history.tip().incident
        try history.tip(from: 1)
        history.step(.claim, id)
        let state = try history.replay(try History.apart()).replay.replayed
        #expect(state.incidents[IncidentID(1)]?.phase == .claimed && state.incidents[IncidentID(2)]?.phase == .open)
    }
}

import DispatchDesk
import TestSupport
import Testing
import TipModel

@testable import Evaluation

/// Each kind of change, on histories small enough to follow by hand.
struct ChangeTests {
    private func only(_ report: RuleReplayReport) throws -> ReplayChange {
        try #require(report.changes.count == 1, "\(report.changes)")
        return report.changes[0]
    }

    @Test func aHigherFloorRaisesTheLevelAndAlertsTheUnitsOfTheZone() throws {
        let history = try History(try History.rules())
        try history.tip("一辆白色面包车停在门口", "vehicle", from: 2)
        let replayed = try history.replay(try History.rules { $0.categories["vehicle"]?.floor = .urgent })
        let change = try only(replayed.report)
        #expect(change.kind == .level && change.alert == .gained && change.alertsGained == 1 && change.zone == "west")
        #expect(change.recorded.map(\.incident) == ["#1"] && change.replayed.map(\.incident) == ["#1"])
        #expect(change.recorded[0].level != "urgent" && change.replayed[0].level == "urgent")
        #expect(change.reasonsGained.map { $0.code.prefix(5) } == ["floor"] && change.reasonsLost.isEmpty && change.why.isEmpty)
        #expect(
            replayed.report.alerts == [
                ReplayAlerts(zone: "west", unit: "patrol-2", count: ReplayPair(recorded: 0, replayed: 1), gained: 1, lost: 0)
            ])
        #expect(replayed.report.real.raised == 1 && replayed.report.real.alertGroupsGained == 1)

        // And back: the same alert is lost.
        let other = try History(try History.rules { $0.categories["vehicle"]?.floor = .urgent })
        try other.tip("一辆白色面包车停在门口", "vehicle")
        let back = try other.replay(try History.rules()).report
        #expect(try only(back).alert == .lost && back.real.alertsLost == 1 && back.real.lowered == 1)
        #expect(back.alerts.map(\.unit) == ["patrol-1", "patrol-2"] && back.alerts.allSatisfy { $0.lost == 1 })
    }

    @Test func incidentsAreJoinedAndTheReasonsSayWhy() throws {
        let history = try History(try History.apart())
        try history.tip()
        try history.tip(from: 1)
        let replayed = try history.replay(try History.rules())
        let change = try only(replayed.report)
        #expect(change.kind == .joined && change.recorded.map(\.incident) == ["#1", "#2"])
        #expect(change.replayed.map(\.incident) == ["#1"] && change.replayed[0].tips == 2)
        #expect(change.why.contains { $0.code == "distance" } && change.reasonsGained.contains { $0.code == "corroboration" })
        let tally = replayed.report.real
        #expect(tally.wouldAttach == 1 && tally.opened == ReplayPair(recorded: 2, replayed: 1))
        #expect(tally.attached == ReplayPair(recorded: 0, replayed: 1) && tally.changed == ["joined": 1])
    }

    @Test func anIncidentIsPartedAndEndsWithTheClearOfTheRecordedOne() throws {
        let history = try History(try History.rules())
        let id = try history.tip().incident
        #expect(try history.tip(from: 1).incident == id)
        history.step(.claim, id)
        history.step(.clear, id)
        let replayed = try history.replay(try History.apart())
        let change = try only(replayed.report)
        #expect(change.kind == .parted && change.replayed.map(\.incident) == ["#1", "+1"])
        // "#1" of a reason is the recorded number, not one of the replay.
        #expect(change.why.first?.code == "below" && change.why.first?.detail.hasPrefix("#1 ") == true)
        #expect(replayed.report.real.wouldOpen == 1)
        #expect(replayed.replay.replayed.incidents.count == 2 && replayed.replay.replayed.openIncidents.first { _ in true } == nil)
    }

    /// The replay numbers on its own; what is shown are the numbers that the desk knows.
    @Test func incidentsAreCalledByTheirRecordedNumbers() throws {
        let history = try History(try History.rules())
        for post in [0, 1] { try history.tip(from: post) }
        for reporter in ["a", "b"] { try history.tip(from: 2, reporter: reporter) }
        let replayed = try history.replay(try History.apart())
        #expect(replayed.replay.replayed.incidents.count == 4)
        #expect(replayed.report.changes.map { $0.replayed.map(\.incident) } == [["#1", "+1"], ["#2", "+2"]])
        #expect(replayed.report.changes.map { $0.why.first?.detail.prefix(3) } == ["#1 ", "#2 "])
    }

    @Test func aJoinedIncidentStaysOpenWhileOneOfThemIs() throws {
        let history = try History(try History.apart())
        let one = try history.tip().incident
        let two = try history.tip(from: 1).incident
        history.step(.claim, one)
        history.step(.clear, one)
        #expect(try history.replay(try History.rules()).replay.replayed.openIncidents.map(\.tipCount) == [2])
        history.step(.claim, two)
        history.step(.clear, two)
        #expect(try history.replay(try History.rules()).replay.replayed.openIncidents.map(\.tipCount) == [])
    }

    @Test func aTipGoesElsewhere() throws {
        func rules(distance: Int32, text: Int32) throws -> TriageRules {
            try History.rules {
                $0.correlation.points = CorrelationPoints(distance: distance, time: 0, category: 0, text: text)
                ($0.correlation.attachAt, $0.correlation.suggestAt) = (35, 35)
            }
        }
        let history = try History(try rules(distance: 100, text: 0))
        let other = "有人在车棚里撬电动车的锁，手里拿着钳子"
        let near = try history.tip("两名小孩在花坛边上玩滑板，家长不在旁边", north: 0).incident
        #expect(try history.tip(other, north: 220).incident != near)
        #expect(try history.tip(other, north: 5).incident == near)
        let replayed = try history.replay(try rules(distance: 0, text: 100))
        let change = try only(replayed.report)
        #expect(change.kind == .regrouped && replayed.report.real.elsewhere == 1)
        #expect(change.recorded.map(\.tips) == [2, 1] && change.replayed.map(\.tips) == [1, 2])
        #expect(change.why.contains { $0.code == "text" })
    }

    @Test func aCategoryThatIsGoneIsRefused() throws {
        let history = try History(try History.rules())
        try history.tip("地下车库冒烟", "fire")
        try history.tip("有人问路", "other", from: 2)
        let report = try history.replay(try History.rules { $0.categories["fire"] = nil }).report
        let change = try only(report)
        #expect(change.kind == .refused && change.alert == .lost && change.replayed.isEmpty && report.real.refused == 1)
        #expect(report.real.opened == ReplayPair(recorded: 2, replayed: 1) && report.real.alertsLost == 1)
    }

    @Test func postsAreTakenToBeWhereTheNewRulesSay() throws {
        // The further one may be from its post, the less a distance says.
        let history = try History(try History.rules { $0.correlation.postAccuracy = 0 })
        try history.tip()
        try history.tip(from: 1)
        let replay = try history.replay(try History.rules { $0.correlation.postAccuracy = 500 }).replay
        #expect(replay.recorded.incidents.values.allSatisfy { $0.position?.accuracy == 10 })
        #expect(replay.replayed.incidents.values.allSatisfy { $0.position?.accuracy == 500 })
    }

    @Test func drillsCountApart() throws {
        let history = try History(try History.apart())
        try history.tip(drill: true)
        try history.tip(from: 1, drill: true)
        let report = try history.replay(try History.rules()).report
        #expect(report.real == ReplayTally() && report.drills.tips == 2 && report.drills.changed == ["joined": 1])
        #expect(try only(report).drill && report.alerts.isEmpty && !report.isUnchanged)
    }

    @Test func timeBounds() throws {
        let history = try History(try History.apart())
        try history.tip()
        try history.tip(from: 1)
        var settings = RuleReplay.Settings()
        settings.from = history.time.now().advanced(byMilliseconds: 500)
        try history.tip(from: 1, reporter: "b")
        settings.until = history.time.now().advanced(byMilliseconds: 500)
        try history.tip("浓烟", "fire", from: 2)
        // What was before is as it was: the new tip joins one of the two that stand.
        let replayed = try history.replay(try History.rules(), settings)
        #expect(replayed.report.real.tips == 1 && replayed.report.real.wouldAttach == 1)
        #expect(replayed.replay.replayed.incidents.count == 2 && replayed.replay.recorded.incidents.count == 3)
        settings.from = settings.until
        settings.until = nil
        #expect(try history.replay(try History.rules(), settings).report.real.tips == 1)
    }

    @Test func theListIsBoundedAndTheCountsAreExact() throws {
        let history = try History(try History.rules())
        for number in 0..<9 { try history.tip("一辆面包车", "vehicle", from: 2, north: 9_000 + Double(number) * 2_000) }
        var settings = RuleReplay.Settings()
        settings.limit = 4
        let replayed = try history.replay(try History.rules { $0.categories["vehicle"]?.floor = .urgent }, settings)
        let report = replayed.report
        #expect(replayed.replay.tally.listed.joined().count == 4, "what is not told is not kept")
        #expect(report.changes.count == 4 && report.changesNotListed == 5 && report.real.changed == ["level": 9])
        #expect(report.real.levels["urgent"] == ReplayPair(recorded: 0, replayed: 9))
    }

    /// What both histories have forgotten is let go of, however long the journal is.
    @Test func memoryDoesNotGrowWithTheJournal() throws {
        let history = try History(try History.rules { $0.correlation.clearedGraceMilliseconds = 0 })
        for _ in 0..<2_000 {
            history.time.advance(milliseconds: 3_600_000)
            let id = try history.tip().incident
            history.step(.claim, id)
            history.step(.clear, id)
        }
        var replay = RuleReplay(rules: try History.apart())
        var most = 0
        for record in try history.records() {
            replay.apply(record)
            most = max(most, replay.links.tips.count)
        }
        #expect(most < 256 + 1_024)
        #expect(replay.tally.recordedFaces.count <= most && replay.tally.replayedFaces.count <= most)
        let report = replay.finish()
        #expect(report.real.tips == 2_000 && report.real.levels.values.map(\.replayed).reduce(0, +) == 2_000)
    }

    /// An incident that only the new rules open, of a late tip whose recorded incident is over, ends by itself.
    @Test func anOrphanEnds() throws {
        let history = try History(try History.rules())
        let id = try history.tip().incident
        history.step(.claim, id)
        history.step(.clear, id)
        #expect(try history.tip(from: 1).incident == id, "within the grace")
        history.time.advance(milliseconds: 3_600_000)
        for number in 0..<1_100 {
            try history.tip("有人问路", "other", from: 2, north: 9_000 + Double(number) * 2_000)
        }
        let replayed = try history.replay(try History.rules { $0.correlation.clearedGraceMilliseconds = 0 })
        #expect(replayed.report.real.wouldOpen == 1)
        #expect(replayed.replay.replayed.openIncidents.allSatisfy { $0.zone.rawValue == "west" })
    }
}

import DispatchDesk
import TestSupport
import Testing
import TipModel

/// Records of a day, made by hand, with what they come to.
struct StatisticsTests {
    private static let start = Timestamp(milliseconds: 1_767_225_600_000)  // midnight UTC
    private static let day: Int64 = 86_400_000
    private let period = DispatchStatistics.Period(
        from: start, until: start.advanced(byMilliseconds: day), utcOffsetMinutes: 480)
    private let unit = UnitID(unchecked: "patrol-1")

    /// Minutes of the day.
    private func at(_ minutes: Int64) -> Timestamp { Self.start.advanced(byMilliseconds: minutes * 60_000) }

    private func opened(
        _ id: UInt64, _ minutes: Int64, _ category: String = "fire", zone: String = "east", drill: Bool = false, sequence: UInt64 = 0
    ) -> Record {
        let tip = Tip(
            id: TipID(high: id, low: 1), observedAt: at(minutes), category: category, text: "情况", reporter: "", drill: drill)
        return Record(
            sequence: sequence, at: at(minutes),
            events: [
                .tipAccepted(
                    TipAccepted(
                        post: PostID(unchecked: "gate-1"), zone: ZoneID(unchecked: zone), tip: tip, encoded: [], position: nil,
                        receivedAt: at(minutes), skewMilliseconds: 0)),
                .incidentOpened(
                    IncidentOpened(
                        incident: IncidentID(id), urgency: Urgency(score: 60, level: .urgent, reasons: []), reasons: [])),
            ])
    }

    private func step(
        _ id: UInt64, _ minutes: Int64, _ phase: Phase, _ disposition: Disposition? = nil, action: StepAction? = nil
    ) -> Record {
        Record(
            sequence: 0, at: at(minutes),
            events: [
                .phaseChanged(
                    PhaseChanged(
                        incident: IncidentID(id), unit: action == .reopen ? nil : unit, phase: phase, disposition: disposition,
                        action: action))
            ])
    }

    private func report(_ records: [Record]) -> DispatchStatistics.Report {
        var statistics = DispatchStatistics(period: period)
        for record in records { statistics.apply(record) }
        return statistics.report
    }

    @Test func responseIsFromTheFirstTipToTheFirstOnScene() {
        var records = (1...10).map { opened($0, Int64($0)) }
        // 2, 4, … 20 minutes, and a second unit later, which changes nothing.
        for id in 1...10 as ClosedRange<UInt64> { records.append(step(id, Int64(id) + Int64(id) * 2, .onScene)) }
        records.append(step(1, 100, .onScene))
        let response = report(records).response
        #expect(response.arrived == 10 && response.median == 10 * 60_000 && response.ninetieth == 18 * 60_000)
        #expect(response.kept == 10 && response.promised == 10 && response.share == 1)
    }

    @Test func whoNobodyCameToIsNotLeftOut() {
        let response = report([
            opened(1, 0), step(1, 21, .onScene), opened(2, 1), opened(3, 2), step(3, 5, .cleared, .falseAlarm), opened(4, 30),
            opened(5, 31),
            Record(sequence: 0, at: at(40), events: [.incidentMerged(
                IncidentMerged(absorbed: IncidentID(5), survivor: IncidentID(4), reason: "r", by: "duty"))]),
        ]).response
        // One late, one never, one ended before, one still in time; one is a part of another.
        #expect(response.arrived == 1 && response.kept == 0 && response.promised == 2 && response.share == 0)
        #expect(response.endedBefore == 1 && response.waiting == 1)
    }

    @Test func drillsAndOtherDaysCountInNothing() {
        let all = report([
            opened(1, -1), opened(2, 0), opened(3, 1_439), opened(4, 1_440), opened(5, 10, drill: true), step(5, 12, .onScene),
            step(3, 1_450, .onScene), step(2, 1_439, .cleared, .resolved), step(3, 1_460, .cleared, .resolved),
        ])
        #expect(all.tips.total == 2 && all.incidents.total == 2)
        // The last minute's was answered after midnight, and only counts as that.
        #expect(all.response.arrived == 1 && all.response.median == 11 * 60_000)
        #expect(all.dispositions == [.resolved: 1])
    }

    @Test func hoursAreLocalAndKindsAreCounted() {
        let all = report([
            opened(1, 0, "fire"), opened(2, 59, "theft", zone: "west"), opened(3, 60, "fire"), opened(4, 1_439, "fraud"),
        ])
        #expect(all.incidents.hours[8] == 2 && all.incidents.hours[9] == 1 && all.incidents.hours[7] == 1)
        #expect(all.tips.categories == ["fire": 2, "theft": 1, "fraud": 1] && all.tips.hours.reduce(0, +) == 4)
        #expect(all.zones[ZoneID(unchecked: "west")]?.incidents == 1 && all.zones[ZoneID(unchecked: "east")]?.tips == 3)
    }

    @Test func everyNumberIsThereForNothing() {
        let empty = report([])
        #expect(empty.response.median == nil && empty.response.share == nil && empty.incidents.total == 0)
    }

    // MARK: The shift

    @Test func aShiftIsHandedOver() {
        var state = StationState()
        var fold = ShiftFold(from: at(0), until: at(480))
        let post = Post(
            id: PostID(unchecked: "gate-1"), name: "东门", zone: ZoneID(unchecked: "east"), position: nil, kind: "compound", members: 1)
        var sequence: UInt64 = 0
        func apply(_ record: Record) {
            sequence += 1
            var record = record
            record.sequence = sequence
            state.apply(record)
            fold.apply(record)
        }
        func escalated(_ id: UInt64, _ minutes: Int64, _ rung: EscalationRung, reminder: UInt32 = 0) -> Record {
            Record(
                sequence: 0, at: at(minutes),
                events: [.incidentEscalated(
                    IncidentEscalated(incident: IncidentID(id), rung: rung, reminder: reminder, reason: Reason(code: "r", points: 0)))])
        }
        apply(Record(sequence: 0, at: at(-30), events: [.postEnrolled(PostEnrolled(post: post, publicKey: []))]))
        apply(opened(1, -20))
        apply(step(1, -10, .cleared, .resolved))
        for id in 2...6 as ClosedRange<UInt64> { apply(opened(id, Int64(id))) }
        apply(opened(7, 8, drill: true))
        apply(step(7, 9, .cleared, .falseAlarm))
        apply(step(2, 10, .claimed))
        apply(step(2, 11, .onScene))
        apply(step(3, 12, .claimed))
        apply(step(4, 13, .cleared, .falseAlarm))
        apply(step(5, 14, .cleared, .resolved))
        apply(step(5, 15, .open, action: .reopen))
        apply(escalated(6, 16, .officer))
        apply(escalated(6, 17, .officer, reminder: 1))
        apply(escalated(7, 18, .desk))
        apply(Record(sequence: 0, at: at(19), events: [.postFellSilent(post.id, since: at(18))]))
        apply(step(3, 481, .cleared, .resolved))

        let summary = fold.summary(state)
        #expect(summary.tips == 5 && summary.opened == 5)
        #expect(summary.dispositions == [.falseAlarm: 1] && summary.cleared.map(\.incident) == [IncidentID(4)])
        #expect(summary.open == [.urgent: 3] && summary.unclaimed == [.urgent: 2] && summary.unseen == 2)
        #expect(summary.oldestUnclaimed == at(5))
        #expect(summary.units[unit]?.map(\.incident) == [IncidentID(2)] && summary.units[unit]?.first?.phase == .onScene)
        #expect(summary.escalations == [.officer: 1] && summary.reminders == 1)
        #expect(summary.silentPosts == [post.id: at(18)])
    }
}

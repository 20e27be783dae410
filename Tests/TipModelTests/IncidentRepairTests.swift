import TestSupport
import Testing
import TipModel

/// What the desk does to an incident, as the fold takes it.
@Suite struct IncidentRepairTests {
    private func urgency(_ level: UrgencyLevel, _ score: Int32 = 10) -> Urgency {
        Urgency(score: score, level: level, reasons: [Reason(code: "category", points: score)])
    }

    private func incident(
        _ id: UInt64, _ level: UrgencyLevel = .priority, at minutes: Int64 = 0, posts: [Int] = [0], witnesses: [UInt64] = [1],
        phase: Phase = .open, holder: UnitID? = nil
    ) -> Incident {
        let time = ManualTime.night.advanced(byMilliseconds: minutes * 60_000)
        return Incident(
            id: IncidentID(id), zone: SampleTips.zones[0], category: "c\(id)", drill: false, openedAt: time, lastTipAt: time,
            position: nil, place: "", headline: "h\(id)", urgency: urgency(level), tipCount: 2,
            posts: posts.map { PostID(unchecked: "p\($0)") }, witnesses: witnesses,
            evidence: (0..<2).map {
                Evidence(
                    post: SampleTips.posts[0], observedAt: time.advanced(byMilliseconds: $0), category: "c\(id)", position: nil,
                    text: "t", place: "")
            }, phase: phase, holder: holder, phaseSince: time, lastSequence: 1)
    }

    private func state(_ incidents: Incident...) -> StationState {
        StationState(
            sequence: 10, nextIncident: 20, incidents: incidents, enrolments: [:], ledgers: [:], cursors: [:], totals: Totals())
    }

    private func apply(_ state: inout StationState, _ event: Event) {
        state.apply(Record(sequence: state.sequence + 1, at: ManualTime.night, events: [event]))
    }

    @Test func whatIsSummedIsBoundedAndEverybodyCountsOnce() {
        let one = incident(1, at: 5, posts: Array(0..<12), witnesses: Array(0..<20))
        var other = incident(2, .urgent, at: 2, posts: Array(8..<20), witnesses: Array(10..<60))
        other.place = "3号楼"
        other.apart = (100..<130).map { IncidentID($0) } + [IncidentID(1)]
        other.suggestion = IncidentID(1)
        let merged = one.absorbing(other, computed: urgency(.urgent), at: Timestamp(milliseconds: 9_000), sequence: 7)
        #expect(merged.posts.count == 16 && Set(merged.posts).count == 16 && merged.posts.starts(with: one.posts))
        #expect(merged.witnesses.count == 32 && Set(merged.witnesses).count == 32)
        #expect(merged.tipCount == 4 && merged.openedAt == other.openedAt && merged.lastTipAt == one.lastTipAt)
        #expect(merged.evidence.map(\.category) == ["c2", "c2", "c1", "c1"])
        #expect(merged.category == "c2" && merged.headline == "h2" && merged.place == "3号楼" && merged.version == 2)
        #expect(merged.apart == (114..<130).map { IncidentID($0) } && merged.suggestion == nil && merged.lastSequence == 7)
        var full = one
        full.tipCount = .max
        #expect(full.absorbing(other, computed: urgency(.urgent), at: Timestamp(milliseconds: 9_000), sequence: 7).tipCount == .max)
    }

    @Test func anUnclaimedOneTakesTheUnitAndAClaimedOneKeepsIts() {
        let unit = SampleTips.units[0]
        let held = incident(2, phase: .onScene, holder: unit)
        let taken = incident(1).absorbing(held, computed: urgency(.priority), at: Timestamp(milliseconds: 9_000), sequence: 7)
        #expect(taken.phase == .onScene && taken.holder == unit && taken.phaseSince == held.phaseSince)
        let mine = incident(1, phase: .claimed, holder: SampleTips.units[1])
        let kept = mine.absorbing(held, computed: urgency(.priority), at: Timestamp(milliseconds: 9_000), sequence: 7)
        #expect(kept.phase == .claimed && kept.holder == SampleTips.units[1])
    }

    @Test func impossibleEventsChangeNothing() {
        let known = state(incident(1), incident(2))
        let none = IncidentID(19)
        let events: [Event] = [
            .incidentMerged(IncidentMerged(absorbed: none, survivor: IncidentID(1), reason: "r", by: "b")),
            .incidentMerged(IncidentMerged(absorbed: IncidentID(1), survivor: IncidentID(1), reason: "r", by: "b")),
            // Its number was given before, or it is no new incident of a split.
            .incidentRestated(IncidentRestated(incident: incident(19), cause: .split, other: IncidentID(1), reason: "r", by: "b")),
            .incidentRestated(IncidentRestated(incident: incident(25), cause: .merge, other: IncidentID(1), reason: "r", by: "b")),
            .incidentRestated(IncidentRestated(incident: incident(25), cause: .split, other: IncidentID(26), reason: "r", by: "b")),
            .incidentRegraded(IncidentRegraded(incident: none, level: .urgent, reason: "r", by: "b")),
        ]
        for event in events {
            var changed = known
            apply(&changed, event)
            #expect(changed.incidents == known.incidents && changed.nextIncident == 20 && changed.totals == known.totals, "\(event)")
        }
        var last = known
        apply(
            &last,
            .incidentRestated(IncidentRestated(incident: incident(.max), cause: .split, other: IncidentID(1), reason: "r", by: "b")))
        #expect(last.incidents[IncidentID(.max)] != nil && last.nextIncident == .max && last.totals.incidents == 1)
    }

    @Test func aRegradeKeepsTheComputedUrgencyApart() throws {
        var state = state(incident(1, .urgent))
        apply(&state, .incidentRegraded(IncidentRegraded(incident: IncidentID(1), level: .routine, reason: "假的", by: "duty")))
        var one = try #require(state.incidents[IncidentID(1)])
        #expect(one.urgency.level == .routine && one.urgency.score == 10 && one.computedUrgency == urgency(.urgent))
        #expect(one.version == 2 && one.lastSequence == 11)
        #expect(one.regrade == Regrade(level: .routine, reason: "假的", by: "duty", at: ManualTime.night, sequence: 11))
        apply(&state, .urgencyChanged(UrgencyChanged(incident: IncidentID(1), urgency: urgency(.emergency, 90))))
        one = try #require(state.incidents[IncidentID(1)])
        #expect(one.urgency.level == .routine && one.urgency.score == 90 && one.computedUrgency.level == .emergency)
        apply(&state, .urgencyChanged(UrgencyChanged(incident: IncidentID(1), urgency: urgency(.emergency, 95), overrules: true)))
        one = try #require(state.incidents[IncidentID(1)])
        #expect(one.urgency.level == .emergency && one.urgency.reasons.first == Reason(code: "regrade.overruled", points: 0, detail: "假的"))
        apply(&state, .incidentRegraded(IncidentRegraded(incident: IncidentID(1), level: nil, reason: "r", by: "duty")))
        one = try #require(state.incidents[IncidentID(1)])
        #expect(one.regrade == nil && one.urgency == urgency(.emergency, 95))
    }

    @Test func whoIsTakenApartIsRememberedWithinTheBound() {
        var one = incident(1)
        one.suggestion = IncidentID(40)
        for number in 2...40 as ClosedRange<UInt64> { one.setApart(from: IncidentID(number)) }
        one.setApart(from: IncidentID(30))
        #expect(one.apart.count == Incident.Limits.apart && one.apart.last == IncidentID(30) && one.suggestion == nil)
        #expect(Set(one.apart).count == one.apart.count && one.apart.first == IncidentID(25))
    }
}

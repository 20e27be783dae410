import TestSupport
import Testing
import TipModel

/// The fold, record by record.
@Suite struct StationStateTests {
    private let time = ManualTime.night
    private let post = SampleTips.posts[0]
    private let unit = SampleTips.units[0]

    private func accepted(
        _ text: String = "有人翻墙进院", post: PostID? = nil, reporter: String = "员工1", category: String = "burglary",
        drill: Bool = false, at time: Timestamp? = nil, number: UInt64 = 0
    ) -> TipAccepted {
        let post = post ?? self.post
        let tip = Tip(
            id: TipID(high: number, low: UInt64(text.utf8.count)), observedAt: time ?? self.time, category: category,
            text: text, place: "东墙外", reporter: reporter, drill: drill, series: 4, number: number)
        return TipAccepted(
            post: post, zone: SampleTips.zone(of: post), tip: tip, encoded: [], position: SampleTips.position(of: post),
            receivedAt: time ?? self.time, skewMilliseconds: 0)
    }

    private func urgency(_ level: UrgencyLevel, _ score: Int32) -> Urgency {
        Urgency(score: score, level: level, reasons: [Reason(code: "category", points: score)])
    }

    private func apply(_ state: inout StationState, _ events: Event..., after milliseconds: Int64 = 0) {
        state.apply(
            Record(sequence: state.sequence + 1, at: time.advanced(byMilliseconds: milliseconds), events: events))
    }

    private func open(_ id: UInt64, _ level: UrgencyLevel = .priority, _ score: Int32 = 40) -> Event {
        .incidentOpened(
            IncidentOpened(incident: IncidentID(id), urgency: urgency(level, score), reasons: []))
    }

    private func join(_ id: UInt64, _ level: UrgencyLevel, _ score: Int32) -> Event {
        .tipCorrelated(
            TipCorrelated(incident: IncidentID(id), score: 70, reasons: [], tipUrgency: urgency(level, score)))
    }

    private func move(_ id: UInt64, _ phase: Phase, _ disposition: Disposition? = nil) -> Event {
        .phaseChanged(PhaseChanged(incident: IncidentID(id), unit: unit, phase: phase, disposition: disposition))
    }

    @Test func aTipOpensAnIncident() throws {
        var state = StationState()
        apply(&state, .tipAccepted(accepted(number: 1)), open(1))
        let incident = try #require(state.incidents[IncidentID(1)])
        #expect(incident.version == 1 && incident.phase == .open && incident.tipCount == 1)
        #expect(incident.headline == "有人翻墙进院" && incident.place == "东墙外" && incident.zone == SampleTips.zones[0])
        #expect(incident.posts == [post] && incident.witnesses.count == 1 && incident.evidence.count == 1)
        #expect(incident.lastSequence == 1 && incident.openedAt == time)
        #expect(state.nextIncident == 2 && state.sequence == 1)
        #expect(state.totals == Totals(tips: 1, incidents: 1))
        #expect(state.ledgers[post]?.highest == 1)
        #expect(Array(state.openIncidents).count == 1)
    }

    @Test func aSecondTipJoins() throws {
        var state = StationState()
        apply(&state, .tipAccepted(accepted(number: 1)), open(1))
        apply(
            &state, .tipAccepted(accepted("墙外又来一人", post: SampleTips.posts[1], at: time.advanced(byMilliseconds: 9_000))),
            join(1, .priority, 30))
        let incident = try #require(state.incidents[IncidentID(1)])
        #expect(incident.version == 2 && incident.tipCount == 2 && incident.lastSequence == 2)
        #expect(incident.posts == [post, SampleTips.posts[1]] && incident.witnesses.count == 2)
        #expect(incident.headline == "有人翻墙进院")
        #expect(incident.lastTipAt == time.advanced(byMilliseconds: 9_000))
        #expect(state.totals == Totals(tips: 2, correlated: 1, incidents: 1))
    }

    @Test func theSameReporterIsOneWitness() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted()), open(1))
        apply(&state, .tipAccepted(accepted()), join(1, .priority, 40))
        #expect(state.incidents[IncidentID(1)]?.witnesses.count == 1)
        apply(&state, .tipAccepted(accepted(reporter: "员工2")), join(1, .priority, 40))
        #expect(state.incidents[IncidentID(1)]?.witnesses.count == 2)
        #expect(witnessHash(post: PostID(unchecked: "a"), reporter: "b") != witnessHash(post: PostID(unchecked: "b"), reporter: "a"))
    }

    @Test func evidenceKeepsTheFirstAndTheNewest() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted("第一条线索")), open(1))
        for number in 2...40 { apply(&state, .tipAccepted(accepted("线索 w\(number)", reporter: "r\(number)")), join(1, .routine, 1)) }
        let incident = state.incidents[IncidentID(1)]
        let expected = ["第一条线索", "线索 w36", "线索 w37", "线索 w38", "线索 w39", "线索 w40"]
        #expect(incident?.evidence.map(\.text) == expected)
        #expect(incident?.witnesses.count == Incident.Limits.witnesses)
        #expect(incident?.tipCount == 40)
        for number in 1...40 {
            apply(&state, .tipAccepted(accepted(post: PostID(unchecked: "p\(number)"))), join(1, .routine, 1))
        }
        #expect(state.incidents[IncidentID(1)]?.posts.count == Incident.Limits.posts)
    }

    @Test func theHeadlineIsTheMostUrgentTips() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted("可疑人员徘徊", category: "suspicious_person")), open(1, .priority, 40))
        apply(&state, .tipAccepted(accepted("还在那里", category: "other")), join(1, .priority, 40))
        #expect(state.incidents[IncidentID(1)]?.headline == "可疑人员徘徊")
        apply(&state, .tipAccepted(accepted("他在撬窗", category: "burglary")), join(1, .urgent, 60))
        #expect(state.incidents[IncidentID(1)]?.headline == "他在撬窗")
        #expect(state.incidents[IncidentID(1)]?.category == "burglary")
        apply(&state, .tipAccepted(accepted("看见一把刀", category: "weapon")), join(1, .urgent, 61))
        #expect(state.incidents[IncidentID(1)]?.headline == "看见一把刀")
        apply(&state, .tipAccepted(accepted("一般情况", category: "other")), join(1, .priority, 100))
        #expect(state.incidents[IncidentID(1)]?.headline == "看见一把刀")
    }

    /// Corroboration raises the incident, not the words of the tip that it began with.
    @Test func corroborationDoesNotHideAMoreUrgentTip() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted("可疑人员徘徊")), open(1, .priority, 45))
        var raised = urgency(.urgent, 60)
        raised.reasons = [Reason(code: "category", points: 45), Reason(code: "corroboration", points: 15)]
        apply(
            &state, .tipAccepted(accepted("我也看到", reporter: "员工2")), join(1, .routine, 10),
            .urgencyChanged(UrgencyChanged(incident: IncidentID(1), urgency: raised)))
        #expect(state.incidents[IncidentID(1)]?.version == 2)
        apply(&state, .tipAccepted(accepted("他掏出工具", reporter: "员工3")), join(1, .priority, 49))
        #expect(state.incidents[IncidentID(1)]?.headline == "他掏出工具")

        // Nor does a sum that was cut to 100 make a weaker one look stronger.
        apply(&state, .tipAccepted(accepted("持刀砍人")), open(2, .emergency, 95))
        raised.level = .emergency
        raised.score = 100
        raised.reasons = [Reason(code: "category", points: 95), Reason(code: "corroboration", points: 20)]
        apply(
            &state, .tipAccepted(accepted("有人打架", reporter: "员工2")), join(2, .routine, 10),
            .urgencyChanged(UrgencyChanged(incident: IncidentID(2), urgency: raised)))
        apply(&state, .tipAccepted(accepted("打得很凶", reporter: "员工3")), join(2, .emergency, 85))
        #expect(state.incidents[IncidentID(2)]?.headline == "持刀砍人")
    }

    @Test func aLongTextIsCutToAHeadline() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted(String(repeating: "墙", count: 500))), open(1))
        #expect(state.incidents[IncidentID(1)]?.headline == String(repeating: "墙", count: 80))
    }

    @Test func aRegradeAloneIsANewVersion() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted()), open(1))
        apply(&state, .urgencyChanged(UrgencyChanged(incident: IncidentID(1), urgency: urgency(.emergency, 90))))
        let incident = state.incidents[IncidentID(1)]
        #expect(incident?.version == 2 && incident?.lastSequence == 2 && incident?.urgency.level == .emergency)
    }

    @Test func stepsGoFromClaimToClear() throws {
        var state = StationState()
        apply(&state, .tipAccepted(accepted()), open(1))
        apply(&state, move(1, .claimed), after: 10_000)
        var incident = try #require(state.incidents[IncidentID(1)])
        #expect(incident.phase == .claimed && incident.holder == unit && incident.version == 2)
        #expect(incident.phaseSince == time.advanced(byMilliseconds: 10_000))
        apply(&state, move(1, .open))
        #expect(state.incidents[IncidentID(1)]?.holder == nil)
        apply(&state, move(1, .claimed))
        apply(&state, move(1, .enRoute))
        apply(&state, move(1, .onScene))
        apply(&state, move(1, .cleared, .resolved))
        incident = try #require(state.incidents[IncidentID(1)])
        #expect(incident.phase == .cleared && incident.disposition == .resolved && incident.holder == unit)
        #expect(state.totals.cleared == 1 && state.recentlyCleared == [IncidentID(1)])
        #expect(Array(state.openIncidents).isEmpty)
    }

    @Test func clearedIncidentsAreForgottenOldestFirst() {
        var state = StationState()
        let count = UInt64(StationState.clearedBound) + 20
        for id in 1...count { apply(&state, .tipAccepted(accepted()), open(id)) }
        for id in 1...count { apply(&state, move(id, .cleared, .resolved)) }
        #expect(state.incidents.count == StationState.clearedBound)
        #expect(state.incidents[IncidentID(20)] == nil && state.incidents[IncidentID(21)] != nil)
        #expect(state.recentlyCleared == (21...count).map { IncidentID($0) })
        #expect(state.totals.cleared == count)
    }

    @Test func clearedTwiceCountsOnceAndOpenedAgainIsKept() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted()), open(1))
        apply(&state, move(1, .cleared, .resolved))
        apply(&state, move(1, .cleared, .duplicate))
        #expect(state.totals.cleared == 1 && state.recentlyCleared == [IncidentID(1)])
        apply(&state, move(1, .open))
        #expect(state.recentlyCleared == [] && Array(state.openIncidents).count == 1)
        for id in 2...UInt64(StationState.clearedBound) + 20 {
            apply(&state, .tipAccepted(accepted()), open(id))
            apply(&state, move(id, .cleared, .resolved))
        }
        #expect(state.incidents[IncidentID(1)] != nil)
    }

    @Test func drillsAreCountedApart() {
        var state = StationState()
        apply(&state, .tipAccepted(accepted(drill: true)), open(1))
        apply(&state, .tipAccepted(accepted(drill: true)), join(1, .priority, 40))
        apply(&state, move(1, .cleared, .resolved))
        #expect(state.totals == Totals(drills: 2))
        #expect(state.incidents[IncidentID(1)]?.drill == true)
    }

    @Test func whatIsAboutNothingKnownIsIgnored() {
        var state = StationState()
        apply(&state, open(1))
        apply(&state, join(1, .urgent, 60))
        apply(&state, move(7, .cleared, .resolved))
        apply(&state, .urgencyChanged(UrgencyChanged(incident: IncidentID(7), urgency: urgency(.urgent, 1))))
        apply(&state, .tipAccepted(accepted()), join(7, .urgent, 60))
        apply(&state, .revoked(Revoked(principal: .unit(unit), reason: "")))
        #expect(state.incidents.isEmpty && state.enrolments.isEmpty && state.recentlyCleared.isEmpty)
        #expect(state.totals == Totals(tips: 1))
        #expect(state.sequence == 6)
        apply(&state, .tipAccepted(accepted()), open(.max))
        #expect(state.nextIncident == .max)
    }

    @Test func enrolmentSilenceAndCursors() {
        var state = StationState()
        let post = Post(
            id: self.post, name: "东门", zone: SampleTips.zones[0], position: nil, kind: "compound", members: 4)
        apply(&state, .postEnrolled(PostEnrolled(post: post, publicKey: [1])))
        apply(&state, .unitEnrolled(UnitEnrolled(unit: PatrolUnit(id: unit, name: "一组", zones: []), publicKey: [2])))
        #expect(state.enrolments[.post(self.post)]?.generation == 1)
        apply(&state, .revoked(Revoked(principal: .post(self.post), reason: "丢失")))
        #expect(state.enrolments[.post(self.post)]?.isRevoked == true)
        #expect(state.enrolments[.unit(unit)]?.isRevoked == false)
        apply(&state, .postFellSilent(self.post, since: time))
        #expect(state.ledgers[self.post]?.silentSince == time)
        apply(&state, .postHeard(self.post, silentSince: time))
        #expect(state.ledgers[self.post]?.silentSince == nil)
        apply(&state, .postFellSilent(self.post, since: time))
        apply(&state, .postEnrolled(PostEnrolled(post: post, publicKey: [3])))
        #expect(state.ledgers[self.post]?.silentSince == nil)
        #expect(state.enrolments[.post(self.post)] == Enrolment(subject: .post(post), publicKey: [3], generation: 7))
        apply(&state, .tipsMissing(self.post, series: 4, numbers: 2...3))
        #expect(state.ledgers[self.post]?.missing == 2)
        apply(&state, .cursorAdvanced(unit, alert: 5, main: 9))
        #expect(state.cursors[unit] == FeedCursor(alert: 5, main: 9))
        #expect(state.cursors[unit]?[.alert] == 5 && state.cursors[unit]?[.main] == 9)
    }

    @Test func aStateIsTheSameFromItsParts() {
        var history = SampleHistory(seed: 4)
        _ = history.drafts(1_500)
        let state = history.state
        let restored = StationState(
            sequence: state.sequence, nextIncident: state.nextIncident,
            incidents: state.incidents.values.shuffled(), enrolments: state.enrolments, ledgers: state.ledgers,
            cursors: state.cursors, totals: state.totals, records: state.records, places: state.places, shares: state.shares)
        #expect(restored == state)
    }
}

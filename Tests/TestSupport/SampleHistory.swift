public import Journal
public import TipModel
import TipWire

/// A long, varied and valid course of events with every kind in it, beside the live state that it makes: what the
/// core does without its rules. It also takes steps that no rule of today allows (an incident that nobody knows,
/// cleared twice, opened again), because the fold must stand those too.
public struct SampleHistory: Sendable {
    /// The state after everything made so far.
    public private(set) var state = StationState()
    public private(set) var time: Timestamp
    public var tips: SampleTips

    public init(seed: UInt64, from time: Timestamp = ManualTime.night) {
        tips = SampleTips(seed: seed)
        self.time = time
    }

    private mutating func below(_ bound: Int) -> Int { Int(tips.random.next() % UInt64(max(1, bound))) }

    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// The next `count` drafts; the first gets the sequence after the state's.
    public mutating func drafts(_ count: Int) -> [Draft] { (0..<count).map { _ in next() } }

    /// The next draft.
    public mutating func next() -> Draft {
        time = time.advanced(byMilliseconds: 1 + Int64(below(60_000)))
        switch below(20) {
        case 0: return plain(enrolment())
        case 1: return plain(.revoked(Revoked(principal: .post(pick(SampleTips.posts)), reason: "钥匙丢失")))
        case 2:
            let post = pick(SampleTips.posts)
            return plain(
                state.ledgers[post]?.silentSince.map { .postHeard(post, silentSince: $0) }
                    ?? .postFellSilent(post, since: time))
        case 3:
            let post = pick(SampleTips.posts)
            let first = UInt64(below(5)) + 1
            return plain(
                .tipsMissing(post, series: SampleTips.series(of: post), numbers: first...first + UInt64(below(3))))
        case 4:
            return plain(
                .cursorAdvanced(pick(SampleTips.units), alert: UInt64(below(500)), main: UInt64(below(500))))
        case 5...9: return step()
        case 10: return regrade()
        default: return tip()
        }
    }

    private mutating func enrolment() -> Event {
        let key = tips.random.bytes(32)
        if tips.random.oneIn(3) {
            let unit = pick(SampleTips.units)
            return .unitEnrolled(
                UnitEnrolled(unit: PatrolUnit(id: unit, name: "巡组", zones: SampleTips.zones), publicKey: key))
        }
        let post = pick(SampleTips.posts)
        return .postEnrolled(
            PostEnrolled(
                post: Post(
                    id: post, name: "东门哨点", zone: SampleTips.zone(of: post),
                    position: tips.random.oneIn(3) ? nil : SampleTips.position(of: post), kind: "compound",
                    members: below(30)), publicKey: key))
    }

    /// A tip that opens an incident or joins one.
    public mutating func tip() -> Draft {
        let post = pick(SampleTips.posts)
        let accepted = tips.accepted(from: post, at: time)
        let urgency = urgency()
        // Most join an open incident; now and then one that is cleared or that nobody knows.
        let known = state.incidents.keys.sorted()
        if !known.isEmpty, tips.random.oneIn(2) {
            let incident = tips.random.oneIn(40) ? IncidentID(999_999) : known[known.count - 1 - below(min(known.count, 12))]
            var events: [Event] = [
                .tipAccepted(accepted),
                .tipCorrelated(
                    TipCorrelated(
                        incident: incident, score: 71, reasons: [Reason(code: "distance", points: 31, detail: "82 m")],
                        tipUrgency: urgency)),
            ]
            if tips.random.oneIn(2) {
                var higher = urgency
                higher.reasons.append(Reason(code: "corroboration", points: 10, detail: "2"))
                events.append(.urgencyChanged(UrgencyChanged(incident: incident, urgency: higher)))
            }
            return draft(
                events, incident: incident, tip: TipKey(post: post, tip: accepted.tip.id), kind: .correlated,
                summary: accepted)
        }
        let incident = IncidentID(state.nextIncident)
        return draft(
            [
                .tipAccepted(accepted),
                .incidentOpened(
                    IncidentOpened(
                        incident: incident, urgency: urgency,
                        reasons: [Reason(code: "too_far", points: 0, detail: "2310 m")])),
            ], incident: incident, tip: TipKey(post: post, tip: accepted.tip.id), kind: .opened, summary: accepted)
    }

    private mutating func step() -> Draft {
        let known = state.incidents.keys.sorted()
        let incident = known.isEmpty || tips.random.oneIn(40) ? IncidentID(888_888) : pick(known)
        let phase = pick(Phase.allCases)
        return draft(
            [
                .phaseChanged(
                    PhaseChanged(
                        incident: incident, unit: pick(SampleTips.units), phase: phase,
                        disposition: phase == .cleared ? pick(Disposition.allCases) : nil,
                        note: tips.random.oneIn(3) ? "已控制，移交派出所" : ""))
            ], incident: incident, tip: nil, kind: EventKind(phase: phase), summary: nil)
    }

    private mutating func regrade() -> Draft {
        let known = state.incidents.keys.sorted()
        guard !known.isEmpty else { return plain(.postHeard(pick(SampleTips.posts), silentSince: time)) }
        return draft(
            [.urgencyChanged(UrgencyChanged(incident: pick(known), urgency: urgency()))], incident: nil, tip: nil,
            kind: .correlated, summary: nil)
    }

    private mutating func urgency() -> Urgency {
        let level = pick(UrgencyLevel.allCases)
        let score = Int32(level.rawValue) * 25
        return Urgency(
            score: score, level: level,
            reasons: [
                Reason(code: "category", points: score - 5, detail: "burglary"),
                Reason(code: "night", points: 10, detail: "02:10"),
                Reason(code: "words.left", points: -5, detail: "已经离开"),
            ])
    }

    private mutating func plain(_ event: Event) -> Draft {
        state.apply(Record(sequence: state.sequence + 1, at: time, events: [event]))
        return Draft(at: time, events: [event])
    }

    private mutating func draft(
        _ events: [Event], incident: IncidentID?, tip: TipKey?, kind: EventKind, summary: TipAccepted?
    ) -> Draft {
        let before = incident.flatMap { state.incidents[$0] }?.urgency.level
        state.apply(Record(sequence: state.sequence + 1, at: time, events: events))
        var draft = Draft(at: time, events: events, tip: tip, incident: incident)
        guard let incident else { return draft }
        // A tip for an incident that nobody knows still needs its feed event, as the index finds it by that.
        let after =
            state.incidents[incident]
            ?? Incident(
                id: incident, zone: SampleTips.zones[0], category: "other", drill: false, openedAt: time,
                lastTipAt: time, position: nil, place: "", headline: "", urgency: urgency(), posts: [],
                phaseSince: time, lastSequence: state.sequence)
        let level = max(before ?? .routine, after.urgency.level)
        let event = FeedEvent(
            sequence: state.sequence, lane: Lane(level: level), at: time, kind: kind, incident: after,
            tip: summary.map(Self.summary))
        draft.feed = FeedDraft(lane: event.lane, zone: after.zone, level: level, event: FeedCodec.encode(event))
        return draft
    }

    /// What a patrol sees of an accepted tip.
    private static func summary(_ accepted: TipAccepted) -> TipSummary {
        TipSummary(
            id: accepted.tip.id, post: accepted.post, observedAt: accepted.tip.observedAt,
            category: accepted.tip.category, text: accepted.tip.text, place: accepted.tip.place,
            position: accepted.position, panic: accepted.tip.panic)
    }
}

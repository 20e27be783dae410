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
    /// The second record of a merge or split, which comes next.
    private var second: IncidentRestated?
    private var membership = Membership()

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
        if let second {
            self.second = nil
            return restate(second)
        }
        time = time.advanced(byMilliseconds: 1 + Int64(below(60_000)))
        switch below(25) {
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
        case 10: return rescore()
        case 20: return merge()
        case 21: return split()
        case 22: return regrade()
        case 23: return acknowledgement()
        case 24: return escalation()
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
                events.append(.urgencyChanged(UrgencyChanged(incident: incident, urgency: higher, overrules: tips.random.oneIn(2))))
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
                        reasons: [Reason(code: "too_far", points: 0, detail: "2310 m")],
                        follows: tips.random.oneIn(4) ? known.first : nil,
                        suggestion: tips.random.oneIn(4) ? known.last : nil)),
            ], incident: incident, tip: TipKey(post: post, tip: accepted.tip.id), kind: .opened, summary: accepted)
    }

    private mutating func step() -> Draft {
        let known = state.incidents.keys.sorted()
        let incident = known.isEmpty || tips.random.oneIn(40) ? IncidentID(888_888) : pick(known)
        let phase = pick(Phase.allCases)
        var change = PhaseChanged(
            incident: incident, unit: pick(SampleTips.units), phase: phase,
            disposition: phase == .cleared ? pick(Disposition.allCases) : nil,
            note: tips.random.oneIn(3) ? "已控制，移交派出所" : "")
        if tips.random.oneIn(3) {
            change.action = pick(StepAction.allCases)
            change.by = Operator(pick(Operator.Role.allCases), "值班台")
            if change.action == .handOver { change.from = pick(SampleTips.units) }
            if change.action == .reopen || change.action == .handledByPost { change.unit = nil }
        }
        return draft(
            [.phaseChanged(change)], incident: incident, tip: nil, kind: EventKind(change, after: phase), summary: nil)
    }

    private mutating func acknowledgement() -> Draft {
        let known = state.incidents.keys.sorted()
        let incident = known.isEmpty || tips.random.oneIn(40) ? IncidentID(666_666) : pick(known)
        let seen = IncidentAcknowledged(
            incident: incident, by: Operator(pick(Operator.Role.allCases), "值班台"), restUntil: time.advanced(byMilliseconds: 120_000))
        return draft([.incidentAcknowledged(seen)], incident: incident, tip: nil, kind: .acknowledged, summary: nil)
    }

    private mutating func escalation() -> Draft {
        let known = state.incidents.keys.sorted()
        let incident = known.isEmpty || tips.random.oneIn(40) ? IncidentID(555_555) : pick(known)
        var step = IncidentEscalated(
            incident: incident, rung: pick(EscalationRung.allCases), reminder: UInt32(below(3)),
            reason: Reason(code: "escalation.unclaimed", points: 0, detail: "120 s"))
        if step.rung == .neighbours {
            step.granted = [pick(SampleTips.units)]
            step.until = time.advanced(byMilliseconds: 3_600_000)
        }
        return draft([.incidentEscalated(step)], incident: incident, tip: nil, kind: .escalated, summary: nil)
    }

    /// Any two, open or not, or one and itself: the fold stands what the core refuses.
    private mutating func merge() -> Draft {
        let known = state.incidents.keys.sorted()
        guard let absorbed = known.isEmpty ? nil : state.incidents[pick(known)], let survivor = state.incidents[pick(known)] else {
            return rescore()
        }
        second = IncidentRestated(
            incident: survivor.absorbing(absorbed, computed: urgency(), at: time, sequence: state.sequence + 2), cause: .merge,
            other: absorbed.id, reason: "同一名男子", by: "值班台")
        return draft(
            [
                .incidentMerged(
                    IncidentMerged(absorbed: absorbed.id, survivor: survivor.id, reason: "同一名男子", by: "值班台"))
            ], incident: absorbed.id, tip: nil, kind: .merged, summary: nil)
    }

    private mutating func split() -> Draft {
        let known = state.incidents.keys.sorted().filter { membership[$0].count > 1 }
        guard !known.isEmpty, let source = state.incidents[pick(known)] else { return rescore() }
        let members = membership[source.id]
        let cut = 1 + below(members.count - 1)
        let (leaving, staying) = (Array(members[..<cut]), Array(members[cut...]))
        let id = tips.random.oneIn(20) ? IncidentID(1) : IncidentID(state.nextIncident)
        let combine = { (current: Urgency, tip: Urgency, _: Int) in tip.score > current.score ? tip : current }
        var left = source.restated(from: staying, sequence: state.sequence + 1, combine: combine)
        left.setApart(from: id)
        if var new = Incident.split(off: id, members: leaving, at: time, sequence: state.sequence + 2, combine: combine) {
            new.setApart(from: source.id)
            second = IncidentRestated(
                incident: new, cause: cut == 1 ? .detach : .split, other: source.id, moved: leaving.map(\.key), reason: "两件事",
                by: "uid 0")
        }
        return restate(
            IncidentRestated(
                incident: left, cause: cut == 1 ? .detach : .split, other: id, moved: leaving.map(\.key), reason: "两件事",
                by: "uid 0"))
    }

    private mutating func restate(_ restated: IncidentRestated) -> Draft {
        draft(
            [.incidentRestated(restated)], incident: restated.incident.id, tip: nil,
            kind: restated.cause == .merge ? .merged : .split, summary: nil)
    }

    private mutating func regrade() -> Draft {
        let known = state.incidents.keys.sorted()
        let incident = known.isEmpty || tips.random.oneIn(40) ? IncidentID(777_777) : pick(known)
        let level = tips.random.oneIn(3) ? nil : pick(UrgencyLevel.allCases)
        return draft(
            [.incidentRegraded(IncidentRegraded(incident: incident, level: level, reason: "已核实", by: "值班台"))],
            incident: incident, tip: nil, kind: .regraded, summary: nil)
    }

    private mutating func rescore() -> Draft {
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

    private mutating func fold(_ events: [Event]) {
        let record = Record(sequence: state.sequence + 1, at: time, events: events)
        state.apply(record)
        membership.apply(record)
    }

    private mutating func plain(_ event: Event) -> Draft {
        fold([event])
        return Draft(at: time, events: [event])
    }

    private mutating func draft(
        _ events: [Event], incident: IncidentID?, tip: TipKey?, kind: EventKind, summary: TipAccepted?
    ) -> Draft {
        let before = incident.flatMap { state.incidents[$0] }?.urgency.level
        fold(events)
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
            tip: summary.map(Self.summary), alarm: summary?.tip.panic ?? false,
            other: kind == .merged || kind == .split ? IncidentID(1) : nil)
        draft.feed = FeedDraft(
            lane: event.lane, zone: after.zone, level: level, event: FeedCodec.encode(event),
            guests: after.guests(at: time).sorted())
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

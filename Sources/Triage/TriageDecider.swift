// What becomes of one tip, apart from who asked and where it is kept: the daemon's core decides by this, and a replay of
// the journal under other rules decides by the very same, or it would tell of another program.

public import TipModel

/// What triage made of a tip, as the events that the fold takes.
public struct TriageDecision: Hashable, Sendable {
    public var incident: IncidentID
    /// `new` or `correlated`.
    public var verdict: Verdict
    /// The tip's own urgency, before what an incident makes of it.
    public var tipUrgency: Urgency
    /// Of the correlation.
    public var reasons: [Reason]
    public var events: [Event]

    /// The tip is an emergency on its own: it is told as one, whatever the desk made of the incident before.
    public var isAlarm: Bool { tipUrgency.level == .emergency }
}

extension TriageEngine {
    /// Where a tip is taken to be: where it says, else somewhere at its post.
    /// - Parameter rules: of this engine.
    public static func position(of tip: Tip, post: Position?, rules: CorrelationRules) -> Position? {
        tip.position ?? post.map {
            Position(latitude: $0.latitude, longitude: $0.longitude, accuracy: max($0.accuracy, rules.postAccuracy))
        }
    }

    /// Correlates and scores. A pure function: the same state, rules and clock decide the same.
    /// - Parameters:
    ///   - reading: of the tip, by ``reading(of:)`` of this engine.
    ///   - index: of the incidents of `state`.
    ///   - now: the daemon's clock.
    public func decide(
        _ accepted: TipAccepted, _ reading: TipReading, state: StationState, index: OpenIncidentIndex, now: Timestamp
    ) -> TriageDecision {
        let tipUrgency = scorer.score(reading.urgency, context: context(of: accepted, state: state, now: now))
        return decide(accepted, reading.features, tipUrgency, state: state, index: index, now: now)
    }

    /// The same for a tip that was scored already, by ``UrgencyScorer/score(_:context:)``.
    public func decide(
        _ accepted: TipAccepted, _ features: TipFeatures, _ tipUrgency: Urgency, state: StationState, index: OpenIncidentIndex,
        now: Timestamp
    ) -> TriageDecision {
        let view = TipView(accepted, isEmergency: tipUrgency.level == .emergency, features: features)
        let candidates = candidates(for: view, in: index, now: now, within: correlator.spanReach(of: view))
        switch correlator.decide(view, candidates: candidates, now: now) {
        case .open(let reasons, let suggestion, let follows):
            let id = IncidentID(state.nextIncident)
            let opened = IncidentOpened(
                incident: id, urgency: tipUrgency, reasons: reasons, follows: follows, suggestion: suggestion)
            return TriageDecision(
                incident: id, verdict: .new, tipUrgency: tipUrgency, reasons: reasons,
                events: [.tipAccepted(accepted), .incidentOpened(opened)])
        case .attach(let id, let score, let reasons):
            var events: [Event] = [
                .tipAccepted(accepted),
                .tipCorrelated(TipCorrelated(incident: id, score: score, reasons: reasons, tipUrgency: tipUrgency)),
            ]
            if let change = state.incidents.with(id, { rescored($0, by: accepted, tipUrgency) }) ?? nil {
                events.append(.urgencyChanged(change))
            }
            return TriageDecision(
                incident: id, verdict: .correlated, tipUrgency: tipUrgency, reasons: reasons, events: events)
        }
    }

    /// What the tip may be about, as far back as the rules look.
    public func candidates(for tip: TipView, in index: OpenIncidentIndex, now: Timestamp) -> Candidates {
        candidates(for: tip, in: index, now: now, within: nil)
    }

    private func candidates(for tip: TipView, in index: OpenIncidentIndex, now: Timestamp, within reach: SpanReach?) -> Candidates {
        let rules = correlator.rules
        return index.candidates(
            for: tip, since: now.advanced(byMilliseconds: -rules.windowMilliseconds),
            clearedSince: now.advanced(byMilliseconds: -rules.followMilliseconds), bound: rules.candidateBound,
            within: reach)
    }

    /// What the station knows besides the tip.
    private func context(of accepted: TipAccepted, state: StationState, now: Timestamp) -> UrgencyContext {
        // A drill counts in no record, and none counts in it.
        guard !accepted.tip.drill else { return .none }
        let place = placeKey(zone: accepted.zone, position: accepted.position, place: accepted.tip.place)
        return UrgencyContext(
            record: state.records.counts(accepted.witness),
            earlierAtPlace: place.map { state.places.count($0, days: placeDays, now: now) } ?? 0)
    }

    /// What a tip changes in the urgency of the incident that it joins; nil for nothing. Inlined, so that the incident is read where it lies.
    @inline(__always)
    private func rescored(_ incident: borrowing Incident, by accepted: TipAccepted, _ tipUrgency: Urgency) -> UrgencyChanged? {
        let witnesses = incident.witnesses.count + (incident.witnesses.contains(accepted.witness) ? 0 : 1)
        let urgency = scorer.combine(current: incident.computedUrgency, tip: tipUrgency, witnesses: witnesses)
        // A regrade stands against all that comes later but a life-threat tip.
        let overrules = tipUrgency.level == .emergency && incident.regrade.map { !$0.isOverruled && $0.level < .emergency } ?? false
        guard urgency != incident.computedUrgency || overrules else { return nil }
        return UrgencyChanged(incident: incident.id, urgency: urgency, overrules: overrules)
    }
}

extension UrgencyScorer {
    /// What the tips of both make of an incident into which the desk merged another.
    public func merged(_ survivor: Incident, _ absorbed: Incident) -> Urgency {
        let nothing = Urgency(score: 0, level: .routine, reasons: [])
        // The absorbed one without its own corroboration, which is counted anew for both.
        let alone = combine(current: absorbed.computedUrgency, tip: nothing, witnesses: 1)
        let witnesses = Set(survivor.witnesses).union(absorbed.witnesses).count
        var urgency = combine(current: survivor.computedUrgency, tip: alone, witnesses: witnesses)
        urgency.level = max(urgency.level, survivor.computedUrgency.level, absorbed.computedUrgency.level)
        return urgency
    }
}

internal import TipModel
internal import Triage

/// Tips through the decision that the daemon takes, with the state as it folds it; only the journal is left out.
struct TipStream {
    private var state = StationState()
    private let engine: TriageEngine
    private var index: OpenIncidentIndex

    /// No urgency is scored: requests of a city have none, and what is urgent is another evaluation's matter.
    init(_ rules: CorrelationRules) {
        engine = TriageEngine(rules: TriageRules(categories: [:], correlation: rules, urgency: .none))
        index = engine.makeIndex()
    }

    func features(of tip: Tip) -> TipFeatures { engine.features(of: tip) }

    /// The incident that the tip became a part of, and whether it was there before.
    mutating func take(_ accepted: TipAccepted, _ features: TipFeatures) -> (incident: IncidentID, isAttached: Bool) {
        let urgency = engine.scorer.score(accepted.tip)
        let decision = engine.decide(accepted, features, urgency, state: state, index: index, now: accepted.receivedAt)
        apply(decision.events, of: decision.incident, at: accepted.receivedAt, features)
        return (decision.incident, decision.verdict == .correlated)
    }

    /// The points of the best candidate; each tip then opens an incident of its own. Much quicker than a stream for each
    /// threshold: what the settings are fitted by.
    mutating func bestPoints(_ accepted: TipAccepted, _ features: TipFeatures) -> Int32 {
        let now = accepted.receivedAt
        let view = TipView(accepted, isEmergency: false, features: features)
        let candidates = engine.candidates(for: view, in: index, now: now)
        let best = engine.correlator.bestPoints(view, candidates: candidates, now: now)
        let opened = IncidentOpened(
            incident: IncidentID(state.nextIncident), urgency: Urgency(score: 0, level: .routine, reasons: []), reasons: [])
        apply([.tipAccepted(accepted), .incidentOpened(opened)], of: opened.incident, at: now, features)
        return best
    }

    private mutating func apply(_ events: [Event], of incident: IncidentID, at time: Timestamp, _ features: TipFeatures) {
        state.apply(Record(sequence: state.sequence + 1, at: time, events: events))
        index.follow(incident, in: state, newest: features)
    }
}

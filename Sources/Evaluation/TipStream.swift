internal import TipModel
internal import Triage

/// Tips through the production correlator, with the state as the daemon folds it; only the journal is left out.
struct TipStream {
    private var state = StationState()
    private let engine: TriageEngine
    private let rules: CorrelationRules
    private var index: OpenIncidentIndex
    /// No urgency is scored: requests of a city have none, and what is urgent is another evaluation's matter.
    private static let urgency = Urgency(score: 0, level: .routine, reasons: [])

    init(_ rules: CorrelationRules) {
        self.rules = rules
        engine = TriageEngine(rules: TriageRules(categories: [:], correlation: rules, urgency: .none))
        index = engine.makeIndex()
    }

    func features(of tip: Tip) -> TipFeatures { engine.features(of: tip) }

    /// The incident that the tip became a part of, and whether it was there before.
    mutating func take(_ accepted: TipAccepted, _ features: TipFeatures) -> (incident: IncidentID, isAttached: Bool) {
        let now = accepted.receivedAt
        let (view, candidates) = candidates(accepted, features)
        var events: [Event] = [.tipAccepted(accepted)]
        let incident: IncidentID
        let isAttached: Bool
        switch engine.correlator.decide(view, candidates: candidates, now: now) {
        case .attach(let id, let score, let reasons):
            (incident, isAttached) = (id, true)
            events.append(
                .tipCorrelated(TipCorrelated(incident: id, score: score, reasons: reasons, tipUrgency: Self.urgency)))
        case .open(let reasons, let suggestion, let follows):
            (incident, isAttached) = (IncidentID(state.nextIncident), false)
            events.append(
                .incidentOpened(
                    IncidentOpened(
                        incident: incident, urgency: Self.urgency, reasons: reasons, follows: follows, suggestion: suggestion)))
        }
        state.apply(Record(sequence: state.sequence + 1, at: now, events: events))
        if let changed = state.incidents[incident] { index.update(changed, newest: features) }
        return (incident, isAttached)
    }

    /// The points of the best candidate; each tip then opens an incident of its own. Much quicker than a stream for each
    /// threshold: what the settings are fitted by.
    mutating func bestPoints(_ accepted: TipAccepted, _ features: TipFeatures) -> Int32 {
        let (view, candidates) = candidates(accepted, features)
        let best = engine.correlator.bestPoints(view, candidates: candidates, now: accepted.receivedAt)
        let opened = IncidentOpened(incident: IncidentID(state.nextIncident), urgency: Self.urgency, reasons: [])
        state.apply(
            Record(sequence: state.sequence + 1, at: accepted.receivedAt, events: [.tipAccepted(accepted), .incidentOpened(opened)]))
        if let incident = state.incidents[opened.incident] { index.update(incident, newest: features) }
        return best
    }

    private func candidates(_ accepted: TipAccepted, _ features: TipFeatures) -> (TipView, Candidates) {
        let now = accepted.receivedAt
        let view = TipView(accepted, isEmergency: false, features: features)
        return (
            view,
            index.candidates(
                for: view, since: now.advanced(byMilliseconds: -rules.windowMilliseconds),
                clearedSince: now.advanced(byMilliseconds: -rules.followMilliseconds), bound: rules.candidateBound)
        )
    }
}

internal import Administration
internal import Journal
internal import TipModel
internal import TipWire

/// An incident told from its records: its tips with their reasons, and what happened to it in order.
struct IncidentHistory {
    private(set) var tips: [TipReport] = []
    private(set) var history: [HistoryReport] = []
    private let incident: Incident

    /// - Parameter known: the incident as the core has it; nil when it was cleared long ago, and then its last feed
    ///   event tells how it ended.
    init?(records: [StoredRecord], known: Incident?) {
        let last = records.last { $0.feedEvent != nil }?.feedEvent.flatMap { try? FeedCodec.decodeEvent($0) }
        guard let incident = known ?? last?.incident else { return nil }
        self.incident = incident
        for stored in records { add(stored.record) }
    }

    var detail: IncidentDetail {
        IncidentDetail(incident: IncidentReport(incident), tips: tips, history: history)
    }

    private mutating func add(_ record: Record) {
        var accepted: TipAccepted?
        for event in record.events {
            switch event {
            case .tipAccepted(let tip): accepted = tip
            case .incidentOpened(let opened):
                if let accepted { addTip(record, accepted, score: nil, opened.reasons, opened.urgency) }
                add(record, "opened", post: accepted?.post, urgency: opened.urgency)
            case .tipCorrelated(let correlated):
                if let accepted {
                    addTip(record, accepted, score: correlated.score, correlated.reasons, correlated.tipUrgency)
                }
                add(record, "correlated", post: accepted?.post, urgency: nil)
            case .urgencyChanged(let change): add(record, "urgency_changed", post: nil, urgency: change.urgency)
            case .phaseChanged(let change):
                history.append(
                    HistoryReport(
                        sequence: record.sequence, atMs: record.at.milliseconds,
                        event: EventKind(phase: change.phase).name, unit: change.unit.rawValue,
                        disposition: change.disposition?.name, note: change.note.isEmpty ? nil : change.note))
            default: break
            }
        }
    }

    private mutating func add(_ record: Record, _ event: String, post: PostID?, urgency: Urgency?) {
        history.append(
            HistoryReport(
                sequence: record.sequence, atMs: record.at.milliseconds, event: event, post: post?.rawValue,
                level: urgency?.level.name, score: urgency?.score))
    }

    private mutating func addTip(
        _ record: Record, _ accepted: TipAccepted, score: Int32?, _ reasons: [Reason], _ urgency: Urgency
    ) {
        let tip = accepted.tip
        tips.append(
            TipReport(
                sequence: record.sequence, id: "\(tip.id)", post: accepted.post.rawValue, reporter: tip.reporter,
                observedAtMs: tip.observedAt.milliseconds, receivedAtMs: accepted.receivedAt.milliseconds,
                skewMs: accepted.skewMilliseconds, category: tip.category, text: tip.text, place: tip.place,
                position: accepted.position.map { PositionReport($0) }, panic: tip.panic, drill: tip.drill,
                correlationScore: score, reasons: reasons.map { ReasonReport($0) }, urgency: UrgencyReport(urgency)))
    }
}

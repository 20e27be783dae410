internal import Administration
internal import Journal
internal import TipModel
internal import TipWire

/// An incident told from its records: its tips with their reasons, and what happened to it in order.
struct IncidentHistory {
    private(set) var history: [HistoryReport] = []
    private let tips: [TipReport]
    private let incident: IncidentReport

    /// - Parameter known: the incident as the core has it; nil when it was cleared long ago, and then its last feed
    ///   event tells how it ended.
    init?(of id: IncidentID, family: IncidentFamily, known: IncidentReport?) {
        let last = family.own.last { $0.feedEvent != nil }?.feedEvent.flatMap { try? FeedCodec.decodeEvent($0) }
        guard let incident = known ?? last.map({ IncidentReport($0.incident) }) else { return nil }
        self.incident = incident
        tips = family.membership[id].map(Self.report)
        for stored in family.own { add(stored.record, told: stored.feedEvent.flatMap { try? FeedCodec.decodeEvent($0).kind }) }
    }

    var detail: IncidentDetail { IncidentDetail(incident: incident, tips: tips, history: history) }

    private mutating func add(_ record: Record, told: EventKind?) {
        var post: PostID?
        for event in record.events {
            switch event {
            case .tipAccepted(let tip): post = tip.post
            case .incidentOpened(let opened): add(record, "opened", post: post, urgency: opened.urgency)
            case .tipCorrelated: add(record, "correlated", post: post, urgency: nil)
            case .urgencyChanged(let change): add(record, "urgency_changed", post: nil, urgency: change.urgency)
            case .phaseChanged(let change):
                // Whether a unit that left was the last one is what the feed told then.
                let kind = told ?? EventKind(change, after: change.phase)
                var line = HistoryReport(
                    sequence: record.sequence, atMs: record.at.milliseconds, event: kind.name, unit: change.unit?.rawValue,
                    disposition: change.disposition?.name, note: change.note.isEmpty ? nil : change.note,
                    by: change.statedBy?.name)
                line.from = change.from?.rawValue
                history.append(line)
            case .incidentAcknowledged(let seen):
                history.append(
                    HistoryReport(
                        sequence: record.sequence, atMs: record.at.milliseconds, event: EventKind.acknowledged.name, by: seen.by.name))
            case .incidentEscalated(let step):
                var line = HistoryReport(
                    sequence: record.sequence, atMs: record.at.milliseconds, event: EventKind.escalated.name,
                    note: step.reason.detail)
                line.rung = step.rung.name
                line.reminder = step.reminder
                line.granted = step.granted.isEmpty ? nil : step.granted.map(\.rawValue)
                history.append(line)
            case .incidentMerged(let merge): add(record, "merged_into", merge.survivor, merge.reason, merge.by)
            case .incidentRestated(let restated):
                let name = restated.cause == .merge ? "took_in" : restated.isNew ? "split_off" : "tips_left"
                add(record, name, restated.other, restated.reason, restated.by, level: restated.incident.urgency.level)
            case .incidentRegraded(let change):
                add(
                    record, change.level == nil ? "regrade_lifted" : "regraded", nil, change.reason, change.by,
                    level: change.level)
            case .identityRevealed(let look):
                history.append(
                    HistoryReport(
                        sequence: record.sequence, atMs: record.at.milliseconds, event: "identity_revealed", post: look.post.rawValue,
                        note: look.reason, by: look.by))
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

    /// What the desk did.
    private mutating func add(
        _ record: Record, _ event: String, _ other: IncidentID?, _ reason: String, _ by: String, level: UrgencyLevel? = nil
    ) {
        history.append(
            HistoryReport(
                sequence: record.sequence, atMs: record.at.milliseconds, event: event, level: level?.name, note: reason,
                other: other?.rawValue, by: by))
    }

    private static func report(_ member: MemberTip) -> TipReport {
        let (accepted, tip) = (member.accepted, member.accepted.tip)
        return TipReport(
            sequence: member.sequence, id: "\(tip.id)", post: accepted.post.rawValue, reporter: tip.reporter,
            observedAtMs: tip.observedAt.milliseconds, receivedAtMs: accepted.receivedAt.milliseconds,
            skewMs: accepted.skewMilliseconds, category: tip.category, text: tip.text, place: tip.place,
            position: accepted.position.map { PositionReport($0) }, panic: tip.panic, drill: tip.drill,
            correlationScore: member.score, reasons: member.reasons.map { ReasonReport($0) },
            urgency: UrgencyReport(member.urgency))
    }
}

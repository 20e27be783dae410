import Localization
import TipModel

/// What happened to an incident, line by line: when, what, who, and their words.
struct TimelineLine {
    let at: String
    let exact: String
    let what: String
    let who: String?
    let note: String?
}

struct Timeline {
    private(set) var lines: [TimelineLine] = []
    private let scope: PageScope

    init(_ records: [Record], of id: IncidentID, _ scope: PageScope) {
        self.scope = scope
        for record in records { add(record, id) }
    }

    private mutating func add(_ record: Record, _ id: IncidentID) {
        let (words, names) = (scope.words, scope.names)
        let catalogue = words.catalogue
        var tip: TipAccepted?
        for event in record.events {
            switch event {
            case .tipAccepted(let accepted): tip = accepted
            case .incidentOpened(let opened) where opened.incident == id:
                add(
                    record, catalogue.name(EventKind.opened) + level(opened.urgency.level), tip.map { names[$0.post] },
                    tip?.tip.text)
            case .tipCorrelated(let joined) where joined.incident == id:
                add(record, catalogue.name(EventKind.correlated), tip.map { names[$0.post] }, tip?.tip.text)
            case .urgencyChanged(let change) where change.incident == id:
                add(record, words(.stepUrgency, scope.level(change.urgency.level).word), nil, nil)
            case .phaseChanged(let change) where change.incident == id: add(record, change)
            case .incidentMerged(let merge) where merge.absorbed == id:
                add(record, words(.stepMergedInto, "\(merge.survivor.rawValue)"), merge.by, merge.reason)
            case .incidentRestated(let restated) where restated.incident.id == id:
                let text: PageText = restated.cause == .merge ? .stepTookIn : restated.isNew ? .stepSplitOff : .stepTipsLeft
                add(record, words(text, "\(restated.other.rawValue)"), restated.by, restated.reason)
            case .incidentRegraded(let change) where change.incident == id:
                add(
                    record,
                    change.level.map { catalogue.name(EventKind.regraded) + level($0) } ?? words(.stepRegradeLifted), change.by,
                    change.reason)
            case .incidentAcknowledged(let seen) where seen.incident == id:
                add(record, catalogue.name(EventKind.acknowledged), names.name(seen.by, words), nil)
            case .incidentEscalated(let step) where step.incident == id: add(record, step)
            case .identityRevealed(let look) where look.incident == id:
                add(record, words(.stepRevealed), look.by, look.reason)
            default: continue
            }
        }
    }

    private mutating func add(_ record: Record, _ change: PhaseChanged) {
        let (words, names) = (scope.words, scope.names)
        var what = words.catalogue.name(EventKind(change, after: change.phase))
        if let disposition = change.disposition {
            what += (words.language == .zh ? "：" : ": ") + words.catalogue.name(disposition)
        }
        let unit = change.unit.map { names[$0] }
        let by = names.name(change.by, words)
        switch change.action {
        case .assign, .recall: what += " " + (unit ?? "")
        case .handOver: what += " " + [change.from.map { names[$0] }, unit].compactMap(\.self).joined(separator: " → ")
        default: break
        }
        add(record, what, by, change.note)
    }

    private mutating func add(_ record: Record, _ step: IncidentEscalated) {
        let words = scope.words
        var what = words.catalogue.name(step.rung)
        if step.reminder > 0 { what += (words.language == .zh ? "，" : ", ") + words(.reminder, "\(step.reminder)") }
        let granted = step.granted.map { scope.names[$0] }.joined(separator: words.language == .zh ? "、" : ", ")
        add(record, what, nil, granted.isEmpty ? nil : words(.granted, granted))
    }

    private func level(_ level: UrgencyLevel) -> String {
        (scope.words.language == .zh ? "，" : ", ") + scope.level(level).word
    }

    private mutating func add(_ record: Record, _ what: String, _ who: String?, _ note: String?) {
        func filled(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        lines.append(
            TimelineLine(
                at: scope.clock.text(record.at), exact: scope.clock.exact(record.at), what: what, who: filled(who), note: filled(note)))
    }
}

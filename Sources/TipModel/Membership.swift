/// A tip as a member of an incident: what was accepted, and what triage made of it then.
public struct MemberTip: Hashable, Sendable {
    /// Its record.
    public var sequence: SequenceNumber
    /// When that was, by the daemon's clock.
    public var at: Timestamp
    public var accepted: TipAccepted
    /// The tip's own, before what an incident makes of it.
    public var urgency: Urgency
    /// Of the correlation; nil for a tip that opened an incident.
    public var score: Int32?
    /// Why it was joined to an incident, or why it opened one.
    public var reasons: [Reason]

    public init(
        sequence: SequenceNumber, at: Timestamp, accepted: TipAccepted, urgency: Urgency, score: Int32? = nil,
        reasons: [Reason] = []
    ) {
        self.sequence = sequence
        self.at = at
        self.accepted = accepted
        self.urgency = urgency
        self.score = score
        self.reasons = reasons
    }

    public var key: TipKey { TipKey(post: accepted.post, tip: accepted.tip.id) }
}

/// Which tips belong to which incident, as a fold over the records of an incident's family: itself, those that were
/// merged into it, those that it was split from, and theirs. An incident's value is bounded and forgets tips; this does
/// not.
public struct Membership: Sendable {
    /// In the order in which they came to it.
    private var members: [IncidentID: [MemberTip]] = [:]

    public init() {}

    /// The tips of an incident in the order of their records. One that was merged away keeps showing what it had.
    public subscript(id: IncidentID) -> [MemberTip] { (members[id] ?? []).sorted { $0.sequence < $1.sequence } }

    /// Folds one record in; in the order of their sequences.
    public mutating func apply(_ record: Record) {
        var accepted: TipAccepted?
        for event in record.events {
            switch event {
            case .tipAccepted(let tip): accepted = tip
            case .incidentOpened(let opened):
                guard let accepted else { continue }
                members[opened.incident] = [
                    MemberTip(
                        sequence: record.sequence, at: record.at, accepted: accepted, urgency: opened.urgency,
                        reasons: opened.reasons)
                ]
            case .tipCorrelated(let joined):
                guard let accepted else { continue }
                members[joined.incident, default: []].append(
                    MemberTip(
                        sequence: record.sequence, at: record.at, accepted: accepted, urgency: joined.tipUrgency,
                        score: joined.score, reasons: joined.reasons))
            case .incidentRestated(let restated): apply(restated)
            default: continue
            }
        }
    }

    private mutating func apply(_ restated: IncidentRestated) {
        let id = restated.incident.id
        switch restated.cause {
        case .merge:
            // It may have some of them already, from a family that was split and merged before.
            let known = Set(members[id, default: []].map(\.key))
            members[id, default: []] += members[restated.other, default: []].filter { !known.contains($0.key) }
        case .split, .detach:
            // The source's record comes first and moves them; that of the new incident only tells what it is.
            guard !restated.isNew else { return }
            let moved = Set(restated.moved)
            members[restated.other, default: []] += members[id, default: []].filter { moved.contains($0.key) }
            members[id]?.removeAll { moved.contains($0.key) }
        }
    }

    /// The other incidents whose records are needed to tell the tips of `id`, as far as this record of it tells.
    public static func relatives(of id: IncidentID, in record: Record) -> [IncidentID] {
        record.events.compactMap { event in
            guard case .incidentRestated(let restated) = event, restated.incident.id == id else { return nil }
            return restated.cause == .merge || restated.isNew ? restated.other : nil
        }
    }
}

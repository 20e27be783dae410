public import TipModel

/// What the desk does with an incident and its units.
public enum DeskStep: Hashable, Sendable {
    /// 指派.
    case assign(UnitID)
    /// 召回.
    case recall(UnitID)
    /// 移交; from the one that leads where none is named.
    case handOver(from: UnitID?, to: UnitID)
    case clear(Disposition)
    /// 重新打开.
    case reopen
}

extension Lifecycle {
    /// What becomes of a step of the desk. Whether a named unit exists is for the caller to know.
    public static func decide(_ step: DeskStep, by: Operator, note: String, on incident: Incident) -> StepDecision {
        if let refusal = merged(incident) { return .refuse(refusal) }
        func move(_ unit: UnitID?, _ phase: Phase, _ action: StepAction, _ disposition: Disposition? = nil) -> StepDecision {
            .move(
                PhaseChanged(
                    incident: incident.id, unit: unit, phase: phase, disposition: disposition, note: note, action: action, by: by))
        }
        if incident.phase == .cleared {
            switch step {
            case .reopen: return move(nil, .open, .reopen)
            case .clear(incident.disposition): return .already
            default: return .refuse(Rejection(.illegalStep, "\(incident.id) is cleared; possible: reopen"))
            }
        }
        switch step {
        case .assign(let unit):
            if incident.assignment(of: unit) != nil { return .already }
            return full(incident).map(StepDecision.refuse) ?? move(unit, .claimed, .assign)
        case .recall(let unit):
            guard incident.assignment(of: unit) != nil else { return .refuse(stranger(unit, incident)) }
            return move(unit, .open, .recall)
        case .handOver(let named, let to):
            guard let from = named ?? incident.holder else {
                return .refuse(Rejection(.illegalStep, "\(incident.id) is with nobody; possible: assign"))
            }
            guard incident.assignment(of: from) != nil else { return .refuse(stranger(from, incident)) }
            return handOver(incident, from: from, to: to, by: by, note: note)
        case .clear(let disposition): return move(nil, .cleared, .clear, disposition)
        case .reopen: return .refuse(Rejection(.illegalStep, "\(incident.id) is not cleared; nothing is to be opened again"))
        }
    }

    private static func stranger(_ unit: UnitID, _ incident: Incident) -> Rejection {
        let crew = incident.crew.map(\.unit.rawValue).joined(separator: ", ")
        return Rejection(.illegalStep, "\(unit) does not have \(incident.id); \(crew.isEmpty ? "nobody does" : "\(crew) does")")
    }

    /// 自行处置: a post ends an incident that is its own and nobody's yet.
    public static func handled(by post: PostID, note: String, on incident: Incident) -> StepDecision {
        if let refusal = merged(incident) { return .refuse(refusal) }
        if incident.phase == .cleared {
            if incident.disposition == .handledByPost { return .already }
            return .refuse(Rejection(.illegalStep, "\(incident.id) is cleared; nothing more is to be done"))
        }
        guard incident.posts == [post] else {
            return .refuse(Rejection(.illegalStep, "\(incident.id) has tips of other posts too; possible: tell the desk"))
        }
        guard incident.phase == .open else {
            return .refuse(Rejection(.heldByOther, "\(incident.id) is with \(holder(incident)); possible: tell the unit"))
        }
        return .move(
            PhaseChanged(
                incident: incident.id, unit: nil, phase: .cleared, disposition: .handledByPost, note: note, action: .handledByPost,
                by: Operator(.post, post.rawValue)))
    }

    /// What becomes of an acknowledgement.
    public enum Seen: Hashable, Sendable {
        case acknowledge(IncidentAcknowledged)
        /// Somebody has, and the alarm rests.
        case already
        case refuse(Rejection)
    }

    /// - Parameter hold: how long the alarm rests, in milliseconds.
    public static func acknowledge(_ incident: Incident, by: Operator, now: Timestamp, hold: Int64) -> Seen {
        if let refusal = merged(incident) { return .refuse(refusal) }
        guard incident.phase != .cleared else {
            return .refuse(Rejection(.illegalStep, "\(incident.id) is cleared; nothing is to be acknowledged"))
        }
        if let rest = incident.escalation.restUntil, now < rest { return .already }
        return .acknowledge(IncidentAcknowledged(incident: incident.id, by: by, restUntil: now.advanced(byMilliseconds: hold)))
    }
}

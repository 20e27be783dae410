public import TipModel

/// What a unit asks for an incident.
public enum Step: UInt8, CaseIterable, Sendable {
    case claim
    /// 支援: comes to the help of those who have it.
    case join
    case goEnRoute
    case arrive
    case clear
    case release
    /// 移交: to another unit.
    case handOver

    /// As commands and messages name it.
    public var name: String {
        switch self {
        case .claim: "claim"
        case .join: "join"
        case .goEnRoute: "en_route"
        case .arrive: "on_scene"
        case .clear: "clear"
        case .release: "release"
        case .handOver: "hand_over"
        }
    }
}

/// A unit's step with all that it says.
public struct StepRequest: Hashable, Sendable {
    public var step: Step
    public var unit: UnitID
    /// Of a hand-over: who takes its place.
    public var to: UnitID?
    /// 改派: may set aside the incident that the unit is active on.
    public var diverts: Bool
    /// Of a clear; ignored otherwise.
    public var disposition: Disposition?
    public var note: String

    public init(
        _ step: Step, by unit: UnitID, to: UnitID? = nil, diverts: Bool = false, disposition: Disposition? = nil, note: String = ""
    ) {
        self.step = step
        self.unit = unit
        self.to = to
        self.diverts = diverts
        self.disposition = disposition
        self.note = note
    }
}

/// What becomes of a step.
public enum StepDecision: Hashable, Sendable {
    /// Journal this.
    case move(PhaseChanged)
    /// It is so already: the answer to a step that was sent twice. Nothing is journalled.
    case already
    case refuse(Rejection)
}

/// The states of an incident as units move it: a pure table (docs/protocol.md, section 8.7), so that every pair of
/// state and step has an answer. A step whose end is reached or passed is ``StepDecision/already``: a patrol that lost
/// its connection sends all that it has no answer to once more.
///
///     open ──claim──▶ claimed ──en route──▶ en route ──on scene──▶ on scene ──clear──▶ cleared
///       ▲                │                     │                      │                    │
///       ├────release─────┴─────────────────────┘   (clear is possible from each state that is held)
///       └──────────────────────────────── reopen, by the desk ────────────────────────────┘
///
/// Each unit of the crew has its own place on this line; the incident is where the furthest is. Only the crew moves a held
/// incident, so exactly one of two racing claims wins: the core decides them one after the other, and the second finds
/// a holder and is told that it may join.
public enum Lifecycle {
    /// - Parameter active: what the unit is under way to or at.
    public static func decide(_ request: StepRequest, on incident: Incident, active: IncidentID? = nil) -> StepDecision {
        if let refusal = merged(incident) { return .refuse(refusal) }
        let (step, unit) = (request.step, request.unit)
        if incident.phase == .cleared {
            if step == .clear, incident.holder == unit, incident.disposition == request.disposition { return .already }
            return .refuse(Rejection(.illegalStep, "\(incident.id) was cleared by \(holder(incident)); possible: reopen, by the desk"))
        }
        guard let assignment = incident.assignment(of: unit) else { return enter(request, incident) }
        func move(_ phase: Phase) -> StepDecision {
            .move(
                PhaseChanged(
                    incident: incident.id, unit: unit, phase: phase, disposition: phase == .cleared ? request.disposition : nil,
                    note: request.note))
        }
        /// A unit is active on one incident at a time.
        func advance(_ phase: Phase) -> StepDecision {
            if let active, active != incident.id, !request.diverts {
                return .refuse(
                    Rejection(.illegalStep, "\(unit) is active on \(active); possible: divert, or clear or release \(active) first"))
            }
            return move(phase)
        }
        switch (step, assignment.phase) {
        case (.claim, _), (.join, _): return .already
        case (.goEnRoute, .claimed): return advance(.enRoute)
        case (.goEnRoute, _): return .already
        // A unit that was standing next to it goes straight on scene.
        case (.arrive, .claimed), (.arrive, .enRoute): return advance(.onScene)
        case (.arrive, _): return .already
        case (.clear, _):
            guard incident.holder == unit else {
                return .refuse(
                    Rejection(.heldByOther, "\(incident.id) is led by \(holder(incident)), who clears it; possible: release"))
            }
            guard request.disposition != nil else { return .refuse(noDisposition) }
            return move(.cleared)
        case (.release, .onScene) where incident.crew.count == 1:
            return .refuse(Rejection(.illegalStep, "\(unit) is on scene of \(incident.id) alone; possible: clear, hand over"))
        case (.release, _): return move(.open)
        case (.handOver, _):
            guard let to = request.to else {
                return .refuse(Rejection(.invalidField, field: "action.to", "a hand-over names the unit that takes it"))
            }
            return handOver(incident, from: unit, to: to, by: .unit(unit), note: request.note)
        }
    }

    /// A unit that does not have it.
    private static func enter(_ request: StepRequest, _ incident: Incident) -> StepDecision {
        let (step, unit) = (request.step, request.unit)
        func take(_ action: StepAction) -> StepDecision {
            .move(PhaseChanged(incident: incident.id, unit: unit, phase: .claimed, note: request.note, action: action))
        }
        // Sent twice.
        if step == .handOver, let to = request.to, incident.assignment(of: to) != nil { return .already }
        if incident.crew.isEmpty {
            switch step {
            case .claim: return take(.claim)
            case .release: return .already
            default: return .refuse(Rejection(.illegalStep, "\(incident.id) is not claimed; possible: claim"))
            }
        }
        guard step == .join else {
            return .refuse(Rejection(.heldByOther, "\(incident.id) is with \(holder(incident)); possible: join"))
        }
        return full(incident).map(StepDecision.refuse) ?? take(.join)
    }

    /// Sets aside the incident that a unit is active on, for another one: it waits for the unit again.
    public static func diversion(of unit: UnitID, from active: Incident, to other: IncidentID) -> PhaseChanged {
        PhaseChanged(incident: active.id, unit: unit, phase: .claimed, note: "\(other)", action: .divert)
    }

    // MARK: Answers

    static func handOver(_ incident: Incident, from: UnitID, to: UnitID, by: Operator, note: String) -> StepDecision {
        guard incident.assignment(of: to) == nil else {
            return .refuse(Rejection(.illegalStep, "\(to) has \(incident.id) already; possible: release"))
        }
        return .move(
            PhaseChanged(incident: incident.id, unit: to, phase: .claimed, note: note, action: .handOver, by: by, from: from))
    }

    static func merged(_ incident: Incident) -> Rejection? {
        incident.mergedInto.map { Rejection(.illegalStep, "\(incident.id) was merged into \($0); act on that one") }
    }

    static func full(_ incident: Incident) -> Rejection? {
        guard incident.crew.count >= Incident.Limits.crew else { return nil }
        return Rejection(.illegalStep, "\(incident.id) has \(Incident.Limits.crew) units, the most; possible: recall one first")
    }

    static func holder(_ incident: Incident) -> String { incident.holder?.rawValue ?? "the desk" }

    static let noDisposition = Rejection(.invalidField, field: "action.disposition", "a clear says how it ended")
}

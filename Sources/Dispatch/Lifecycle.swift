public import TipModel

/// What a unit asks for an incident.
public enum Step: UInt8, CaseIterable, Sendable {
    case claim
    case goEnRoute
    case arrive
    case clear
    case release

    /// As commands and messages name it.
    public var name: String {
        switch self {
        case .claim: "claim"
        case .goEnRoute: "en_route"
        case .arrive: "on_scene"
        case .clear: "clear"
        case .release: "release"
        }
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
///       ▲                │                     │                      │
///       └────release─────┴─────────────────────┘   (clear is possible from each state that is held)
///
/// Only the holder moves a held incident, so exactly one of two racing claims wins: the core decides them one
/// after the other, and the second finds a holder.
public enum Lifecycle {
    public static func decide(
        _ step: Step, by unit: UnitID, on incident: Incident, disposition: Disposition? = nil, note: String = ""
    ) -> StepDecision {
        if let survivor = incident.mergedInto {
            return .refuse(Rejection(.illegalStep, "\(incident.id) was merged into \(survivor); act on that one"))
        }
        if incident.phase == .cleared {
            if step == .clear, incident.holder == unit, incident.disposition == disposition { return .already }
            return .refuse(
                Rejection(
                    .illegalStep,
                    "\(incident.id) was cleared by \(incident.holder?.rawValue ?? "nobody"); nothing more is possible"))
        }
        if let holder = incident.holder, holder != unit {
            return .refuse(Rejection(.heldByOther, "\(incident.id) is with \(holder)"))
        }
        func move(_ phase: Phase) -> StepDecision {
            .move(
                PhaseChanged(
                    incident: incident.id, unit: unit, phase: phase, disposition: phase == .cleared ? disposition : nil,
                    note: note))
        }
        switch (step, incident.phase) {
        case (.claim, .open): return move(.claimed)
        case (.claim, _), (.release, .open): return .already
        case (_, .open):
            return .refuse(Rejection(.illegalStep, "\(incident.id) is not claimed; possible: claim"))
        case (.goEnRoute, .claimed): return move(.enRoute)
        case (.goEnRoute, _): return .already
        // A unit that was standing next to it goes straight on scene.
        case (.arrive, .claimed), (.arrive, .enRoute): return move(.onScene)
        case (.arrive, _): return .already
        case (.clear, _):
            guard disposition != nil else {
                return .refuse(Rejection(.invalidField, field: "action.disposition", "a clear says how it ended"))
            }
            return move(.cleared)
        case (.release, .onScene):
            return .refuse(Rejection(.illegalStep, "\(incident.id) is on scene; possible: clear"))
        case (.release, _): return move(.open)
        }
    }
}

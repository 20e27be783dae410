/// What can happen. The journal is a sequence of records of these, and everything the daemon knows is a fold
/// over them (``StationState``). Events carry outcomes, never rules: a replay gives the same state whatever the
/// configuration has become since.
///
/// Large and rare ones lie apart (`indirect`), so that an array of the frequent ones is small.
public enum Event: Hashable, Sendable {
    case tipAccepted(TipAccepted)
    case incidentOpened(IncidentOpened)
    case tipCorrelated(TipCorrelated)
    case urgencyChanged(UrgencyChanged)
    /// Every step of a unit, the desk or a post: one shape, because each brings a unit, or the incident, to a phase.
    indirect case phaseChanged(PhaseChanged)
    indirect case postEnrolled(PostEnrolled)
    indirect case unitEnrolled(UnitEnrolled)
    case revoked(Revoked)
    case postFellSilent(PostID, since: Timestamp)
    case postHeard(PostID, silentSince: Timestamp)
    /// Numbers of a series that the post no longer holds and that never arrived.
    indirect case tipsMissing(PostID, series: UInt64, numbers: ClosedRange<UInt64>)
    /// How far a patrol has acknowledged; journalled now and then, for status after a restart.
    case cursorAdvanced(UnitID, alert: SequenceNumber, main: SequenceNumber)
    /// The desk closed one as a part of another; the record behind it restates that one.
    indirect case incidentMerged(IncidentMerged)
    indirect case incidentRestated(IncidentRestated)
    indirect case incidentRegraded(IncidentRegraded)
    indirect case incidentAcknowledged(IncidentAcknowledged)
    indirect case incidentEscalated(IncidentEscalated)
    /// For the record: nothing that the daemon decides rests on these two.
    indirect case accountChanged(AccountChanged)
    indirect case identityRevealed(IdentityRevealed)
}

/// Finds a tip again: the post that sent it, and the id that it made.
public struct TipKey: Hashable, Sendable {
    public var post: PostID
    public var tip: TipID

    public init(post: PostID, tip: TipID) {
        self.post = post
        self.tip = tip
    }
}

public struct IncidentOpened: Hashable, Sendable {
    public var incident: IncidentID
    public var urgency: Urgency
    /// Why it was not attached to an open one.
    public var reasons: [Reason]
    /// The cleared one that it is a later occurrence of.
    public var follows: IncidentID?
    /// The open one that it may be the same as, for the desk to merge.
    public var suggestion: IncidentID?

    public init(
        incident: IncidentID, urgency: Urgency, reasons: [Reason], follows: IncidentID? = nil, suggestion: IncidentID? = nil
    ) {
        self.incident = incident
        self.urgency = urgency
        self.reasons = reasons
        self.follows = follows
        self.suggestion = suggestion
    }
}

public struct TipCorrelated: Hashable, Sendable {
    public var incident: IncidentID
    public var score: Int32
    public var reasons: [Reason]
    /// The tip's own urgency, before what the incident makes of it.
    public var tipUrgency: Urgency

    public init(incident: IncidentID, score: Int32, reasons: [Reason], tipUrgency: Urgency) {
        self.incident = incident
        self.score = score
        self.reasons = reasons
        self.tipUrgency = tipUrgency
    }
}

public struct UrgencyChanged: Hashable, Sendable {
    public var incident: IncidentID
    /// What the tips make of it; a regrade that stands goes before it.
    public var urgency: Urgency
    /// A tip that is an emergency on its own came after the regrade that stands, and overrules it.
    public var overrules: Bool

    public init(incident: IncidentID, urgency: Urgency, overrules: Bool = false) {
        self.incident = incident
        self.urgency = urgency
        self.overrules = overrules
    }
}

/// What the desk may say about why, and who it is.
public enum DeskLimits {
    /// UTF-8 bytes of a reason; at least one.
    public static let reasonBytes = 500
    /// UTF-8 bytes of who did it.
    public static let byBytes = 64
}

public struct IncidentMerged: Hashable, Sendable {
    public var absorbed: IncidentID
    public var survivor: IncidentID
    public var reason: String
    public var by: String

    public init(absorbed: IncidentID, survivor: IncidentID, reason: String, by: String) {
        self.absorbed = absorbed
        self.survivor = survivor
        self.reason = reason
        self.by = by
    }
}

/// An incident as it is after the desk moved tips: the outcome as a whole, which the fold takes as it is.
public struct IncidentRestated: Hashable, Sendable {
    public enum Cause: UInt8, CaseIterable, Sendable {
        /// It took `other` in.
        case merge = 1
        /// Tips went from one to the other.
        case split = 2
        /// One tip did.
        case detach = 3
    }

    public var incident: Incident
    public var cause: Cause
    /// The absorbed one; for a split the other side.
    public var other: IncidentID
    /// For a split the tips that went from the source to the new one, told on both sides.
    public var moved: [TipKey]
    public var reason: String
    public var by: String

    public init(
        incident: Incident, cause: Cause, other: IncidentID, moved: [TipKey] = [], reason: String, by: String
    ) {
        self.incident = incident
        self.cause = cause
        self.other = other
        self.moved = moved
        self.reason = reason
        self.by = by
    }

    /// The new incident of a split. Numbers are given in order, so it has the higher one.
    public var isNew: Bool { cause != .merge && incident.id > other }
}

public struct IncidentRegraded: Hashable, Sendable {
    public var incident: IncidentID
    /// Nil lifts the regrade that stands.
    public var level: UrgencyLevel?
    public var reason: String
    public var by: String

    public init(incident: IncidentID, level: UrgencyLevel?, reason: String, by: String) {
        self.incident = incident
        self.level = level
        self.reason = reason
        self.by = by
    }
}

/// A step: a unit comes to a phase, or leaves (`open`), or the incident is `cleared`.
public struct PhaseChanged: Hashable, Sendable {
    public var incident: IncidentID
    /// Whose phase it is; nil for a step that is about no unit.
    public var unit: UnitID?
    /// The unit's; `open` where it leaves or the incident is opened again.
    public var phase: Phase
    public var disposition: Disposition?
    public var note: String
    public var action: StepAction
    public var by: Operator
    /// Of a hand-over: the unit whose place ``unit`` takes.
    public var from: UnitID?

    /// - Parameters:
    ///   - action: nil for the one that leads to `phase` by itself.
    ///   - by: nil for the unit itself.
    public init(
        incident: IncidentID, unit: UnitID?, phase: Phase, disposition: Disposition? = nil, note: String = "",
        action: StepAction? = nil, by: Operator? = nil, from: UnitID? = nil
    ) {
        self.incident = incident
        self.unit = unit
        self.phase = phase
        self.disposition = disposition
        self.note = note
        self.action = action ?? StepAction(phase: phase)
        self.by = by ?? Self.itself(unit)
        self.from = from
    }

    private static func itself(_ unit: UnitID?) -> Operator { Operator(.unit, unit?.rawValue ?? "") }

    /// Nil where it follows from the rest: so are they written.
    public var statedAction: StepAction? { action == StepAction(phase: phase) ? nil : action }
    public var statedBy: Operator? { by == Self.itself(unit) ? nil : by }
}

/// 已阅: the alarm rests.
public struct IncidentAcknowledged: Hashable, Sendable {
    public var incident: IncidentID
    public var by: Operator
    /// Reminders go on then, if nobody has claimed it.
    public var restUntil: Timestamp

    public init(incident: IncidentID, by: Operator, restUntil: Timestamp) {
        self.incident = incident
        self.by = by
        self.restUntil = restUntil
    }
}

/// A rung of the ladder was reached, or those on it were reminded.
public struct IncidentEscalated: Hashable, Sendable {
    public var incident: IncidentID
    public var rung: EscalationRung
    /// 0 where the rung was reached, else which reminder it is.
    public var reminder: UInt32
    /// Units of neighbouring zones that may see it from now on, and until when.
    public var granted: [UnitID]
    public var until: Timestamp?
    /// What was waited for, and how long.
    public var reason: Reason

    public init(
        incident: IncidentID, rung: EscalationRung, reminder: UInt32 = 0, granted: [UnitID] = [], until: Timestamp? = nil,
        reason: Reason
    ) {
        self.incident = incident
        self.rung = rung
        self.reminder = reminder
        self.granted = granted
        self.until = until
        self.reason = reason
    }
}

public struct PostEnrolled: Hashable, Sendable {
    public var post: Post
    /// CURVE public key, 32 bytes.
    public var publicKey: [UInt8]
    /// The key before this one is let in until then; nil refuses it at once.
    public var previousUntil: Timestamp?

    public init(post: Post, publicKey: [UInt8], previousUntil: Timestamp? = nil) {
        self.post = post
        self.publicKey = publicKey
        self.previousUntil = previousUntil
    }
}

public struct UnitEnrolled: Hashable, Sendable {
    public var unit: PatrolUnit
    /// CURVE public key, 32 bytes.
    public var publicKey: [UInt8]
    /// The key before this one is let in until then; nil refuses it at once.
    public var previousUntil: Timestamp?

    public init(unit: PatrolUnit, publicKey: [UInt8], previousUntil: Timestamp? = nil) {
        self.unit = unit
        self.publicKey = publicKey
        self.previousUntil = previousUntil
    }
}

public struct Revoked: Hashable, Sendable {
    public var principal: PrincipalID
    public var reason: String

    public init(principal: PrincipalID, reason: String) {
        self.principal = principal
        self.reason = reason
    }
}

/// Who may hold a key.
public enum PrincipalID: Hashable, Sendable, CustomStringConvertible {
    case post(PostID)
    case unit(UnitID)

    public var description: String {
        switch self {
        case .post(let id): "post:\(id)"
        case .unit(let id): "unit:\(id)"
        }
    }
}

/// One committed record: what happened together.
public struct Record: Hashable, Sendable {
    public var sequence: SequenceNumber
    public var at: Timestamp
    public var events: [Event]

    public init(sequence: SequenceNumber, at: Timestamp, events: [Event]) {
        self.sequence = sequence
        self.at = at
        self.events = events
    }
}

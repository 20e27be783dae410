/// What can happen. The journal is a sequence of records of these, and everything the daemon knows is a fold
/// over them (``StationState``). Events carry outcomes, never rules: a replay gives the same state whatever the
/// configuration has become since.
public enum Event: Hashable, Sendable {
    case tipAccepted(TipAccepted)
    case incidentOpened(IncidentOpened)
    case tipCorrelated(TipCorrelated)
    case urgencyChanged(UrgencyChanged)
    /// claim, en route, on scene, clear, release: one shape, because each is a unit moving an incident to a phase.
    case phaseChanged(PhaseChanged)
    case postEnrolled(PostEnrolled)
    case unitEnrolled(UnitEnrolled)
    case revoked(Revoked)
    case postFellSilent(PostID, since: Timestamp)
    case postHeard(PostID, silentSince: Timestamp)
    /// Numbers of a series that the post no longer holds and that never arrived.
    case tipsMissing(PostID, series: UInt64, numbers: ClosedRange<UInt64>)
    /// How far a patrol has acknowledged; journalled now and then, for status after a restart.
    case cursorAdvanced(UnitID, alert: SequenceNumber, main: SequenceNumber)
    /// The desk closed one as a part of another; the record behind it restates that one.
    case incidentMerged(IncidentMerged)
    case incidentRestated(IncidentRestated)
    case incidentRegraded(IncidentRegraded)
    /// For the record: nothing that the daemon decides rests on these two.
    case accountChanged(AccountChanged)
    case identityRevealed(IdentityRevealed)
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

public struct TipAccepted: Hashable, Sendable {
    public var post: PostID
    public var zone: ZoneID
    public var tip: Tip
    /// The tip as it was sent: kept verbatim, since identity is over these bytes.
    public var encoded: [UInt8]
    /// Where it is taken to be: the tip's own position, else its post's.
    public var position: Position?
    public var receivedAt: Timestamp
    /// The daemon's clock minus the post's when the tip was sent, in milliseconds; 0 where the post did not say.
    public var skewMilliseconds: Int64

    public init(
        post: PostID, zone: ZoneID, tip: Tip, encoded: [UInt8], position: Position?, receivedAt: Timestamp,
        skewMilliseconds: Int64
    ) {
        self.post = post
        self.zone = zone
        self.tip = tip
        self.encoded = encoded
        self.position = position
        self.receivedAt = receivedAt
        self.skewMilliseconds = skewMilliseconds
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

public struct PhaseChanged: Hashable, Sendable {
    public var incident: IncidentID
    public var unit: UnitID
    public var phase: Phase
    public var disposition: Disposition?
    public var note: String

    public init(
        incident: IncidentID, unit: UnitID, phase: Phase, disposition: Disposition? = nil, note: String = ""
    ) {
        self.incident = incident
        self.unit = unit
        self.phase = phase
        self.disposition = disposition
        self.note = note
    }
}

public struct PostEnrolled: Hashable, Sendable {
    public var post: Post
    /// CURVE public key, 32 bytes.
    public var publicKey: [UInt8]

    public init(post: Post, publicKey: [UInt8]) {
        self.post = post
        self.publicKey = publicKey
    }
}

public struct UnitEnrolled: Hashable, Sendable {
    public var unit: PatrolUnit
    /// CURVE public key, 32 bytes.
    public var publicKey: [UInt8]

    public init(unit: PatrolUnit, publicKey: [UInt8]) {
        self.unit = unit
        self.publicKey = publicKey
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

// What the desk puts right, over the admin socket. Each needs a reason of 1 to 500 bytes, and who asks is told by the socket.

/// `POST /v1/incidents/ID/merge`: closes ID as a part of another one.
public struct MergeIncident: Codable, Sendable, Equatable {
    public var into: UInt64
    public var reason: String

    public init(into: UInt64, reason: String) {
        self.into = into
        self.reason = reason
    }
}

/// `POST /v1/incidents/ID/split`: these tips leave into one new incident.
public struct SplitIncident: Codable, Sendable, Equatable {
    /// ULID text.
    public var tips: [String]
    public var reason: String

    public init(tips: [String], reason: String) {
        self.tips = tips
        self.reason = reason
    }
}

/// `POST /v1/incidents/ID/detach`: one tip leaves into an incident of its own.
public struct DetachTip: Codable, Sendable, Equatable {
    /// ULID text.
    public var tip: String
    public var reason: String

    public init(tip: String, reason: String) {
        self.tip = tip
        self.reason = reason
    }
}

/// `POST /v1/incidents/ID/regrade`: either a level, or `lift` for the computed one again.
public struct RegradeIncident: Codable, Sendable, Equatable {
    public var level: String?
    public var lift: Bool?
    public var reason: String

    public init(level: String? = nil, lift: Bool? = nil, reason: String) {
        self.level = level
        self.lift = lift
        self.reason = reason
    }
}

/// `POST /v1/incidents/ID/assign|recall|hand-over|clear|reopen|acknowledge`: a step of the desk. What a step does not need is
/// refused where it is given, so that nothing is asked for in vain.
public struct StepIncident: Codable, Sendable, Equatable {
    /// `assign`, `recall`: the unit.
    public var unit: String?
    /// `hand-over`: the unit that takes it, and the one that gives it; without the latter the one that leads.
    public var to: String?
    public var from: String?
    /// `clear`: how it ended.
    public var disposition: String?
    /// Why; `reopen` needs it.
    public var reason: String?

    public init(
        unit: String? = nil, to: String? = nil, from: String? = nil, disposition: String? = nil, reason: String? = nil
    ) {
        self.unit = unit
        self.to = to
        self.from = from
        self.disposition = disposition
        self.reason = reason
    }
}

/// The answer to all of them: what became of both sides.
public struct DeskReport: Codable, Sendable, Equatable {
    /// `merge`, `split`, `detach`, `regrade`, or a step's.
    public var action: String
    /// The last record of it; 0 for a step that was done already.
    public var sequence: UInt64
    /// The survivor, the source, or the one regraded.
    public var incident: IncidentReport
    /// The absorbed one, or the new one.
    public var other: IncidentReport?
    /// The unit that had the absorbed one while another has the survivor: somebody has to tell it.
    public var unitLeft: String?

    enum CodingKeys: String, CodingKey {
        case action
        case sequence
        case incident
        case other
        case unitLeft = "unit_left"
    }

    public init(
        action: String, sequence: UInt64, incident: IncidentReport, other: IncidentReport? = nil, unitLeft: String? = nil
    ) {
        self.action = action
        self.sequence = sequence
        self.incident = incident
        self.other = other
        self.unitLeft = unitLeft
    }
}

/// A level that the desk gave.
public struct RegradeReport: Codable, Sendable, Equatable {
    public var level: String
    public var reason: String
    public var by: String
    public var atMs: Int64
    /// A life-threat tip came later, and the level is emergency.
    public var overruled: Bool
    /// What the tips make of it.
    public var computedLevel: String

    enum CodingKeys: String, CodingKey {
        case level
        case reason
        case by
        case atMs = "at_ms"
        case overruled
        case computedLevel = "computed_level"
    }

    public init(level: String, reason: String, by: String, atMs: Int64, overruled: Bool, computedLevel: String) {
        self.level = level
        self.reason = reason
        self.by = by
        self.atMs = atMs
        self.overruled = overruled
        self.computedLevel = computedLevel
    }
}

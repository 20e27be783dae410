// Who has an incident, who has seen it, and whom it was told to, over the admin socket.

/// A unit's part in an incident.
public struct AssignmentReport: Codable, Sendable, Equatable {
    public var unit: String
    /// `claimed`, `en_route` or `on_scene`.
    public var phase: String
    public var sinceMs: Int64
    public var by: OperatorReport

    enum CodingKeys: String, CodingKey {
        case unit
        case phase
        case sinceMs = "since_ms"
        case by
    }

    public init(unit: String, phase: String, sinceMs: Int64, by: OperatorReport) {
        self.unit = unit
        self.phase = phase
        self.sinceMs = sinceMs
        self.by = by
    }
}

/// Who did something.
public struct OperatorReport: Codable, Sendable, Equatable {
    /// `unit`, `desk`, `officer` or `post`.
    public var role: String
    public var name: String

    public init(role: String, name: String) {
        self.role = role
        self.name = name
    }
}

/// The first that an incident was seen by.
public struct AcknowledgementReport: Codable, Sendable, Equatable {
    public var by: OperatorReport
    public var atMs: Int64

    enum CodingKeys: String, CodingKey {
        case by
        case atMs = "at_ms"
    }

    public init(by: OperatorReport, atMs: Int64) {
        self.by = by
        self.atMs = atMs
    }
}

/// How far the ladder has come.
public struct EscalationReport: Codable, Sendable, Equatable {
    /// What its times count from.
    public var sinceMs: Int64
    /// `officer`, `desk`, `neighbours`, `unit_idle`, `unit_idle_desk`, `en_route_long` or `on_scene_long`.
    public var rung: String?
    public var toldAtMs: Int64?
    public var reminders: UInt32
    /// An acknowledgement lets it rest until then.
    public var restUntilMs: Int64?

    enum CodingKeys: String, CodingKey {
        case sinceMs = "since_ms"
        case rung
        case toldAtMs = "told_at_ms"
        case reminders
        case restUntilMs = "rest_until_ms"
    }

    public init(sinceMs: Int64, rung: String? = nil, toldAtMs: Int64? = nil, reminders: UInt32 = 0, restUntilMs: Int64? = nil) {
        self.sinceMs = sinceMs
        self.rung = rung
        self.toldAtMs = toldAtMs
        self.reminders = reminders
        self.restUntilMs = restUntilMs
    }
}

/// A unit beyond the zone that may see an incident until a moment.
public struct GrantReport: Codable, Sendable, Equatable {
    public var unit: String
    public var untilMs: Int64

    enum CodingKeys: String, CodingKey {
        case unit
        case untilMs = "until_ms"
    }

    public init(unit: String, untilMs: Int64) {
        self.unit = unit
        self.untilMs = untilMs
    }
}

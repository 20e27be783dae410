// Incidents over the admin socket.

/// One line of an explanation.
public struct ReasonReport: Codable, Sendable, Equatable {
    public var code: String
    public var points: Int32
    public var detail: String

    public init(code: String, points: Int32, detail: String) {
        self.code = code
        self.points = points
        self.detail = detail
    }
}

/// A place on the ground, degrees WGS 84.
public struct PositionReport: Codable, Sendable, Equatable {
    public var latitude: Double
    public var longitude: Double
    public var accuracyM: Float?

    enum CodingKeys: String, CodingKey {
        case latitude
        case longitude
        case accuracyM = "accuracy_m"
    }

    public init(latitude: Double, longitude: Double, accuracyM: Float? = nil) {
        self.latitude = latitude
        self.longitude = longitude
        self.accuracyM = accuracyM
    }
}

/// CAP 1.2 values.
public struct CAPReport: Codable, Sendable, Equatable {
    /// `Immediate`, `Expected`, `Future`, `Past` or `Unknown`.
    public var urgency: String
    /// `Extreme`, `Severe`, `Moderate`, `Minor` or `Unknown`.
    public var severity: String
    /// `Observed`, `Likely`, `Possible`, `Unlikely` or `Unknown`.
    public var certainty: String

    public init(urgency: String, severity: String, certainty: String) {
        self.urgency = urgency
        self.severity = severity
        self.certainty = certainty
    }
}

/// How an incident stands besides its grade.
public struct StandingReport: Codable, Sendable, Equatable {
    /// How long it has waited for a unit; nil where one has it or it is cleared.
    public var waitingMs: Int64?
    /// What its level allows.
    public var claimWithinMs: Int64?
    public var overdue: Bool
    /// The level above and how many points are missing; nil at the top.
    public var nextLevel: String?
    public var pointsToNext: Int32?

    enum CodingKeys: String, CodingKey {
        case waitingMs = "waiting_ms"
        case claimWithinMs = "claim_within_ms"
        case overdue
        case nextLevel = "next_level"
        case pointsToNext = "points_to_next"
    }

    public init(waitingMs: Int64?, claimWithinMs: Int64?, overdue: Bool, nextLevel: String?, pointsToNext: Int32?) {
        self.waitingMs = waitingMs
        self.claimWithinMs = claimWithinMs
        self.overdue = overdue
        self.nextLevel = nextLevel
        self.pointsToNext = pointsToNext
    }
}

/// An incident as it is now.
public struct IncidentReport: Codable, Sendable, Equatable {
    public var id: UInt64
    public var version: UInt32
    public var zone: String
    public var category: String
    public var level: String
    public var score: Int32
    /// Of the urgency.
    public var reasons: [ReasonReport]
    public var phase: String
    public var holder: String?
    public var phaseSinceMs: Int64
    public var openedAtMs: Int64
    public var lastTipAtMs: Int64
    public var position: PositionReport?
    public var place: String
    public var headline: String
    public var tips: UInt32
    public var posts: [String]
    public var drill: Bool
    public var disposition: String?
    /// The one that it was merged into; it is cleared then.
    public var mergedInto: UInt64?
    /// A cleared one that it is a later occurrence of.
    public var follows: UInt64?
    /// An open one that it may be the same as.
    public var suggestion: UInt64?
    /// Those that the desk took it apart from, newest last.
    public var apart: [UInt64]
    /// What the desk made of its level.
    public var regrade: RegradeReport?
    public var cap: CAPReport?
    public var standing: StandingReport?
    /// The units that have it, the one that leads first. Nil from an older daemon, as are the three below.
    public var crew: [AssignmentReport]?
    public var acknowledgement: AcknowledgementReport?
    public var escalation: EscalationReport?
    public var grants: [GrantReport]?

    enum CodingKeys: String, CodingKey {
        case id
        case version
        case zone
        case category
        case level
        case score
        case reasons
        case phase
        case holder
        case phaseSinceMs = "phase_since_ms"
        case openedAtMs = "opened_at_ms"
        case lastTipAtMs = "last_tip_at_ms"
        case position
        case place
        case headline
        case tips
        case posts
        case drill
        case disposition
        case mergedInto = "merged_into"
        case follows
        case suggestion
        case apart
        case regrade
        case cap
        case standing
        case crew
        case acknowledgement
        case escalation
        case grants
    }

    public init(
        id: UInt64, version: UInt32, zone: String, category: String, level: String, score: Int32,
        reasons: [ReasonReport], phase: String, holder: String? = nil, phaseSinceMs: Int64, openedAtMs: Int64,
        lastTipAtMs: Int64, position: PositionReport? = nil, place: String, headline: String, tips: UInt32,
        posts: [String], drill: Bool, disposition: String? = nil, mergedInto: UInt64? = nil, follows: UInt64? = nil,
        suggestion: UInt64? = nil, apart: [UInt64] = [], regrade: RegradeReport? = nil
    ) {
        self.id = id
        self.version = version
        self.zone = zone
        self.category = category
        self.level = level
        self.score = score
        self.reasons = reasons
        self.phase = phase
        self.holder = holder
        self.phaseSinceMs = phaseSinceMs
        self.openedAtMs = openedAtMs
        self.lastTipAtMs = lastTipAtMs
        self.position = position
        self.place = place
        self.headline = headline
        self.tips = tips
        self.posts = posts
        self.drill = drill
        self.disposition = disposition
        self.mergedInto = mergedInto
        self.follows = follows
        self.suggestion = suggestion
        self.apart = apart
        self.regrade = regrade
    }
}

/// `GET /v1/incidents?state=open|all&zone=Z&level=L&limit=N`.
public struct IncidentList: Codable, Sendable, Equatable {
    /// Most urgent first, then oldest.
    public var incidents: [IncidentReport]
    /// How many there are before `limit`.
    public var total: Int

    public init(incidents: [IncidentReport], total: Int) {
        self.incidents = incidents
        self.total = total
    }
}

/// A member tip.
public struct TipReport: Codable, Sendable, Equatable {
    public var sequence: UInt64
    /// ULID text.
    public var id: String
    public var post: String
    public var reporter: String
    public var observedAtMs: Int64
    public var receivedAtMs: Int64
    public var skewMs: Int64
    public var category: String
    public var text: String
    public var place: String
    public var position: PositionReport?
    public var panic: Bool
    public var drill: Bool
    /// Nil for the tip that opened the incident.
    public var correlationScore: Int32?
    /// Of the correlation, or why it opened one.
    public var reasons: [ReasonReport]
    /// The tip's own.
    public var urgency: UrgencyReport

    enum CodingKeys: String, CodingKey {
        case sequence
        case id
        case post
        case reporter
        case observedAtMs = "observed_at_ms"
        case receivedAtMs = "received_at_ms"
        case skewMs = "skew_ms"
        case category
        case text
        case place
        case position
        case panic
        case drill
        case correlationScore = "correlation_score"
        case reasons
        case urgency
    }

    public init(
        sequence: UInt64, id: String, post: String, reporter: String, observedAtMs: Int64, receivedAtMs: Int64,
        skewMs: Int64, category: String, text: String, place: String, position: PositionReport? = nil, panic: Bool,
        drill: Bool, correlationScore: Int32? = nil, reasons: [ReasonReport], urgency: UrgencyReport
    ) {
        self.sequence = sequence
        self.id = id
        self.post = post
        self.reporter = reporter
        self.observedAtMs = observedAtMs
        self.receivedAtMs = receivedAtMs
        self.skewMs = skewMs
        self.category = category
        self.text = text
        self.place = place
        self.position = position
        self.panic = panic
        self.drill = drill
        self.correlationScore = correlationScore
        self.reasons = reasons
        self.urgency = urgency
    }
}

/// A score with its reasons.
public struct UrgencyReport: Codable, Sendable, Equatable {
    public var level: String
    public var score: Int32
    public var reasons: [ReasonReport]

    public init(level: String, score: Int32, reasons: [ReasonReport]) {
        self.level = level
        self.score = score
        self.reasons = reasons
    }
}

/// One thing that happened to an incident.
public struct HistoryReport: Codable, Sendable, Equatable {
    public var sequence: UInt64
    public var atMs: Int64
    /// `opened`, `correlated`, `urgency_changed`, `claimed`, `en_route`, `on_scene`, `cleared`, `released`; of the desk
    /// `merged_into`, `took_in`, `tips_left`, `split_off`, `regraded`, `regrade_lifted`, `identity_revealed`; further `joined`, `left`, `recalled`,
    /// `assigned`, `handed_over`, `diverted`, `acknowledged`, `escalated`, `reopened`.
    public var event: String
    public var unit: String?
    public var post: String?
    public var level: String?
    public var score: Int32?
    public var disposition: String?
    /// Of a step; what the desk does always has its reason here.
    public var note: String?
    /// The other incident.
    public var other: UInt64?
    /// Who did it, where that is not the unit itself.
    public var by: String?
    /// Of a hand-over: the unit that gave it.
    public var from: String?
    /// Of an escalation: the rung, which reminder (0 where it was reached), and the units that may see it since.
    public var rung: String?
    public var reminder: UInt32?
    public var granted: [String]?

    enum CodingKeys: String, CodingKey {
        case sequence
        case atMs = "at_ms"
        case event
        case unit
        case post
        case level
        case score
        case disposition
        case note
        case other
        case by
        case from
        case rung
        case reminder
        case granted
    }

    public init(
        sequence: UInt64, atMs: Int64, event: String, unit: String? = nil, post: String? = nil, level: String? = nil,
        score: Int32? = nil, disposition: String? = nil, note: String? = nil, other: UInt64? = nil, by: String? = nil
    ) {
        self.sequence = sequence
        self.atMs = atMs
        self.event = event
        self.unit = unit
        self.post = post
        self.level = level
        self.score = score
        self.disposition = disposition
        self.note = note
        self.other = other
        self.by = by
    }
}

/// `GET /v1/incidents/ID`: its tips, the reasons and the history.
public struct IncidentDetail: Codable, Sendable, Equatable {
    public var incident: IncidentReport
    public var tips: [TipReport]
    public var history: [HistoryReport]

    public init(incident: IncidentReport, tips: [TipReport], history: [HistoryReport]) {
        self.incident = incident
        self.tips = tips
        self.history = history
    }
}

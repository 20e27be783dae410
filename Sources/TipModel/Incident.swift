/// Where an incident stands: 待接单 → 接单 → 出发 → 到场 → 处置完毕.
public enum Phase: UInt8, CaseIterable, Sendable {
    case open = 1
    case claimed = 2
    case enRoute = 3
    case onScene = 4
    case cleared = 5

    public var name: String {
        switch self {
        case .open: "open"
        case .claimed: "claimed"
        case .enRoute: "en_route"
        case .onScene: "on_scene"
        case .cleared: "cleared"
        }
    }
}

/// 处置结果: how an incident ended.
public enum Disposition: UInt8, CaseIterable, Sendable {
    case resolved = 1
    case handledByPost = 2
    case falseAlarm = 3
    case handedOver = 4
    case duplicate = 5

    public var name: String {
        switch self {
        case .resolved: "resolved"
        case .handledByPost: "handled_by_post"
        case .falseAlarm: "false_alarm"
        case .handedOver: "handed_over"
        case .duplicate: "duplicate"
        }
    }

    public init?(name: String) {
        guard let value = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = value
    }
}

/// The two lanes of the feed. The alert lane always goes first.
public enum Lane: UInt8, CaseIterable, Sendable {
    /// `emergency` and `urgent`.
    case alert = 1
    /// Everything else.
    case main = 2

    public init(level: UrgencyLevel) { self = level >= .urgent ? .alert : .main }

    public var name: String { self == .alert ? "alert" : "main" }
}

/// 警情: what really happened, as far as the accepted tips tell.
public struct Incident: Hashable, Sendable {
    /// Bounds that keep one incident small however many tips it swallows.
    public enum Limits {
        /// Member tips whose evidence is kept for correlation: the first and the newest.
        public static let evidence = 6
        /// Distinct posts listed; further ones are counted in `tipCount` only.
        public static let posts = 16
        /// Distinct (post, reporter) pairs remembered for corroboration.
        public static let witnesses = 32
        /// Incidents that it was split from, or that were split from it: the newest are kept.
        public static let apart = 16
        /// Units that have it together.
        public static let crew = 8
        /// Units beyond its zone that may see it for a time.
        public static let grants = 32
    }

    public var id: IncidentID
    /// Counts changes from 1; a snapshot with a lower version is older.
    public var version: UInt32
    public var zone: ZoneID
    /// The category of its most urgent tip.
    public var category: String
    public var drill: Bool
    public var openedAt: Timestamp
    public var lastTipAt: Timestamp
    public var position: Position?
    public var place: String
    /// The text of its most urgent tip, cut to ``headlineBytes``.
    public var headline: String
    public var urgency: Urgency
    /// Level and score of its most urgent tip alone, before corroboration: whose words are the headline. Stays with the daemon.
    public var leadLevel: UrgencyLevel
    public var leadScore: Int32
    public var tipCount: UInt32
    public var posts: [PostID]
    /// Hashes of (post, reporter): who has already been counted as a witness.
    public var witnesses: [UInt64]
    public var evidence: [Evidence]
    /// The furthest of its crew's, and `open` without one.
    public var phase: Phase
    /// The units that have it; the first one leads. A cleared one keeps those that had it.
    public var crew: [Assignment]
    public var phaseSince: Timestamp
    public var disposition: Disposition?
    /// The newest record about it.
    public var lastSequence: SequenceNumber
    /// The one that the desk merged it into; it is cleared then, as a duplicate.
    public var mergedInto: IncidentID?
    /// The cleared one that it is a later occurrence of.
    public var follows: IncidentID?
    /// The one that correlation thinks it may be the same as: for the desk to merge, or not.
    public var suggestion: IncidentID?
    /// Those that the desk took it apart from, newest last. Nothing automatic brings them together again.
    public var apart: [IncidentID] = []
    /// The first that it was seen by, since it was opened, or opened again.
    public var acknowledgement: Acknowledgement?
    public var escalation: Escalation
    /// Units beyond its zone that may see it and act on it, until a moment that may have passed.
    public var grants: [Grant] = []
    /// What the desk says of its level, while that stands. ``urgency`` is then what the desk says.
    public var regrade: Regrade?
    /// What the tips make of it, where a regrade stands; see ``computedUrgency``.
    public internal(set) var computed: Urgency?

    public static let headlineBytes = 240

    public init(
        id: IncidentID, version: UInt32 = 1, zone: ZoneID, category: String, drill: Bool, openedAt: Timestamp,
        lastTipAt: Timestamp, position: Position?, place: String, headline: String, urgency: Urgency,
        tipCount: UInt32 = 1, posts: [PostID], witnesses: [UInt64] = [], evidence: [Evidence] = [],
        phase: Phase = .open, holder: UnitID? = nil, phaseSince: Timestamp, disposition: Disposition? = nil,
        lastSequence: SequenceNumber
    ) {
        self.id = id
        self.version = version
        self.zone = zone
        self.category = category
        self.drill = drill
        self.openedAt = openedAt
        self.lastTipAt = lastTipAt
        self.position = position
        self.place = place
        self.headline = headline
        self.urgency = urgency
        self.leadLevel = urgency.level
        self.leadScore = urgency.score
        self.tipCount = tipCount
        self.posts = posts
        self.witnesses = witnesses
        self.evidence = evidence
        self.phase = phase
        crew = Self.crew(holder, phase, phaseSince)
        self.phaseSince = phaseSince
        escalation = Escalation(since: phaseSince)
        self.disposition = disposition
        self.lastSequence = lastSequence
    }

    /// The crew that follows from an incident's holder and phase alone.
    private static func crew(_ holder: UnitID?, _ phase: Phase, _ since: Timestamp) -> [Assignment] {
        guard let holder else { return [] }
        let own = phase == .enRoute || phase == .onScene ? phase : .claimed
        return [Assignment(unit: holder, phase: own, since: since, by: .unit(holder))]
    }

    /// Nil where it follows from holder and phase: so is it written, and so are records from before there were crews.
    public var statedCrew: [Assignment]? { crew == Self.crew(holder, phase, phaseSince) ? nil : crew }
}

/// A level that the desk gave, in place of the computed one.
public struct Regrade: Hashable, Sendable {
    public var level: UrgencyLevel
    public var reason: String
    /// Who said so.
    public var by: String
    public var at: Timestamp
    /// The record of it: tips behind it are later than it, whatever the clock says.
    public var sequence: SequenceNumber
    /// A tip that was an emergency on its own came later, and so the level is emergency.
    public var isOverruled: Bool

    public init(
        level: UrgencyLevel, reason: String, by: String, at: Timestamp, sequence: SequenceNumber, isOverruled: Bool = false
    ) {
        self.level = level
        self.reason = reason
        self.by = by
        self.at = at
        self.sequence = sequence
        self.isOverruled = isOverruled
    }

    /// What an incident's urgency is under it: the computed score and reasons, and the desk's level and words before them.
    public func effective(on computed: Urgency) -> Urgency {
        Urgency(
            score: computed.score, level: isOverruled ? .emergency : level,
            reasons: [Reason(code: isOverruled ? "regrade.overruled" : "regrade", points: 0, detail: reason)] + computed.reasons)
    }
}

/// `text` cut to at most `bytes` UTF-8 bytes at a character boundary.
public func clipped(_ text: String, bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: bytes)
    while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
        end = text.utf8.index(before: end)
    }
    return String(text[..<end])
}

/// 线索: one report from one post. Immutable once accepted.
public struct Tip: Hashable, Sendable {
    public var id: TipID
    /// By the post's clock.
    public var observedAt: Timestamp
    /// A category's code (`suspicious_person`, …); which codes exist is configuration.
    public var category: String
    public var text: String
    public var position: Position?
    /// Where, in words ("3号楼东墙外").
    public var place: String
    /// 上报人: a pseudonym or staff number at the post; patrols never see it.
    public var reporter: String
    /// The panic button: always an emergency.
    public var panic: Bool
    /// 演练: travels the real path, is marked everywhere and counts in no statistic.
    public var drill: Bool
    /// SHA-256 of each attached photo, 32 bytes each.
    public var attachments: [[UInt8]]
    /// BCP 47 tag of the text, "" where unknown.
    public var language: String
    /// Which spool numbered this tip: random, made with the spool, so that a reinstalled agent starts a new series.
    public var series: UInt64
    /// The tip's number in its series, from 1; 0 from a client that does not number.
    public var number: UInt64

    public init(
        id: TipID, observedAt: Timestamp, category: String, text: String, position: Position? = nil,
        place: String = "", reporter: String = "", panic: Bool = false, drill: Bool = false,
        attachments: [[UInt8]] = [], language: String = "", series: UInt64 = 0, number: UInt64 = 0
    ) {
        self.id = id
        self.observedAt = observedAt
        self.category = category
        self.text = text
        self.position = position
        self.place = place
        self.reporter = reporter
        self.panic = panic
        self.drill = drill
        self.attachments = attachments
        self.language = language
        self.series = series
        self.number = number
    }
}

/// What a tip may hold. The agent refuses beyond these before it spools, the daemon before it decides.
public enum TipLimits {
    /// UTF-8 bytes of ``Tip/text``: over 1,300 Chinese characters.
    public static let textBytes = 4_000
    /// UTF-8 bytes of ``Tip/place``.
    public static let placeBytes = 240
    /// UTF-8 bytes of ``Tip/reporter``.
    public static let reporterBytes = 64
    /// UTF-8 bytes of ``Tip/category``.
    public static let categoryBytes = 32
    /// UTF-8 bytes of ``Tip/language``.
    public static let languageBytes = 35
    public static let attachments = 8
    /// Bytes of one encoded tip.
    public static let encodedBytes = 8_192
    /// How far ahead of the daemon's clock a tip id may be made. A post's clock may be wrong by hours, but an id
    /// from the far future could never leave the idempotency window.
    public static let futureMilliseconds: Int64 = 24 * 3_600_000
}

/// What became of a tip that was accepted.
public enum Verdict: UInt8, Sendable {
    /// It opened an incident.
    case new = 1
    /// It was attached to an open incident.
    case correlated = 2
    /// The same tip had been accepted before; nothing changed.
    case `repeat` = 3

    public var name: String {
        switch self {
        case .new: "new"
        case .correlated: "correlated"
        case .repeat: "repeat"
        }
    }
}

/// 回执: the daemon's word that a tip is on disk. Only a durable tip gets one.
public struct Receipt: Hashable, Sendable {
    public var tip: TipID
    public var sequence: SequenceNumber
    public var incident: IncidentID
    public var verdict: Verdict
    public var level: UrgencyLevel
    public var score: Int32

    public init(
        tip: TipID, sequence: SequenceNumber, incident: IncidentID, verdict: Verdict, level: UrgencyLevel, score: Int32
    ) {
        self.tip = tip
        self.sequence = sequence
        self.incident = incident
        self.verdict = verdict
        self.level = level
        self.score = score
    }
}

/// 紧急程度 level, least first.
public enum UrgencyLevel: UInt8, CaseIterable, Comparable, Sendable {
    case routine = 1
    case priority = 2
    case urgent = 3
    case emergency = 4

    public static func < (left: UrgencyLevel, right: UrgencyLevel) -> Bool { left.rawValue < right.rawValue }

    /// The name in configuration, JSON and commands.
    public var name: String {
        switch self {
        case .routine: "routine"
        case .priority: "priority"
        case .urgent: "urgent"
        case .emergency: "emergency"
        }
    }

    public init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }
}

/// One line of an explanation: what was seen, and what it counted for. Decisions keep all of theirs.
public struct Reason: Hashable, Sendable {
    /// A stable code such as `category` or `words.weapon`; the catalogue has its text in each language.
    public var code: String
    /// What it added to the score; 0 for a reason that only tells.
    public var points: Int32
    /// What was seen, in the tip's own words or a measure ("持刀", "82 m").
    public var detail: String

    public init(code: String, points: Int32, detail: String = "") {
        self.code = code
        self.points = points
        self.detail = detail
    }
}

/// 紧急程度: a score with its reasons, and the level that follows from it.
public struct Urgency: Hashable, Sendable {
    /// 0…100.
    public var score: Int32
    public var level: UrgencyLevel
    /// The sum's terms; the score is their sum clamped to 0…100, the level may be raised by a floor.
    public var reasons: [Reason]

    public init(score: Int32, level: UrgencyLevel, reasons: [Reason]) {
        self.score = score
        self.level = level
        self.reasons = reasons
    }
}

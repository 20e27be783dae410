/// One category of tips, from configuration.
public struct Category: Hashable, Sendable {
    public var code: String
    public var nameZh: String
    public var nameEn: String
    /// Urgency points before anything else is known, 0…100.
    public var base: Int32
    /// Whatever the score, the level is at least this.
    public var floor: UrgencyLevel
    /// Categories that may describe the same event besides this one itself.
    public var compatible: Set<String>

    public init(
        code: String, nameZh: String, nameEn: String, base: Int32, floor: UrgencyLevel, compatible: Set<String>
    ) {
        self.code = code
        self.nameZh = nameZh
        self.nameEn = nameEn
        self.base = base
        self.floor = floor
        self.compatible = compatible
    }
}

/// When a tip is about an open incident. The pair score is a sum of points; at `attachAt` or more it attaches.
public struct CorrelationRules: Hashable, Sendable {
    /// Milliseconds after an incident's newest tip in which another may still attach.
    public var windowMilliseconds: Int64
    /// Metres beyond which nothing attaches, before the accuracies of both positions are added.
    public var maximumDistance: Double
    /// Points for zero distance, falling linearly to 0 at the maximum.
    public var distancePoints: Int32
    /// Points for zero minutes apart, falling linearly to 0 at the window's end.
    public var timePoints: Int32
    /// Points for the same category; a compatible one gets half, any other vetoes.
    public var categoryPoints: Int32
    /// Points for full text overlap.
    public var textPoints: Int32
    public var attachAt: Int32
    /// At most this many open incidents are compared, the most recently reported first.
    public var candidateBound: Int

    public init(
        windowMilliseconds: Int64, maximumDistance: Double, distancePoints: Int32, timePoints: Int32,
        categoryPoints: Int32, textPoints: Int32, attachAt: Int32, candidateBound: Int
    ) {
        self.windowMilliseconds = windowMilliseconds
        self.maximumDistance = maximumDistance
        self.distancePoints = distancePoints
        self.timePoints = timePoints
        self.categoryPoints = categoryPoints
        self.textPoints = textPoints
        self.attachAt = attachAt
        self.candidateBound = candidateBound
    }
}

/// Words that change the urgency when a tip says them, unless it denies them.
public struct WordRule: Hashable, Sendable {
    /// `weapon` becomes the reason code `words.weapon`.
    public var code: String
    /// Chinese phrases match anywhere; Latin ones match whole words, case-insensitively.
    public var phrases: [String]
    /// Negative points lower the score ("已经离开").
    public var points: Int32
    /// Whatever the score, the level is at least this; nil for no floor.
    public var floor: UrgencyLevel?
    /// Whether a negation before the phrase cancels it.
    public var negatable: Bool
    /// Longer phrases that mean something else ("水枪", "砍价"): a match that overlaps one of these does not count.
    /// They match as `phrases` do.
    public var exceptions: [String]

    public init(
        code: String, phrases: [String], points: Int32, floor: UrgencyLevel?, negatable: Bool,
        exceptions: [String] = []
    ) {
        self.code = code
        self.phrases = phrases
        self.points = points
        self.floor = floor
        self.negatable = negatable
        self.exceptions = exceptions
    }
}

/// The additive urgency score.
public struct UrgencyRules: Hashable, Sendable {
    public var words: [WordRule]
    /// Words before a phrase that deny it ("没有", "no").
    public var negations: [String]
    /// How many characters before a phrase a negation reaches, within the same clause.
    public var negationReach: Int
    /// Night, in local hours: from `nightFrom` (inclusive) to `nightUntil` (exclusive), across midnight.
    public var nightFrom: Int
    public var nightUntil: Int
    public var nightPoints: Int32
    /// Minutes to add to UTC for the local hour.
    public var utcOffsetMinutes: Int
    /// Points for each further independent witness (another post, or another reporter at a post), up to the maximum.
    public var corroborationPoints: Int32
    public var corroborationMaximum: Int32
    /// Points of the panic button; it is an emergency in any case.
    public var panicPoints: Int32
    /// Least score of each level above routine.
    public var priorityAt: Int32
    public var urgentAt: Int32
    public var emergencyAt: Int32

    public init(
        words: [WordRule], negations: [String], negationReach: Int, nightFrom: Int, nightUntil: Int,
        nightPoints: Int32, utcOffsetMinutes: Int, corroborationPoints: Int32, corroborationMaximum: Int32,
        panicPoints: Int32, priorityAt: Int32, urgentAt: Int32, emergencyAt: Int32
    ) {
        self.words = words
        self.negations = negations
        self.negationReach = negationReach
        self.nightFrom = nightFrom
        self.nightUntil = nightUntil
        self.nightPoints = nightPoints
        self.utcOffsetMinutes = utcOffsetMinutes
        self.corroborationPoints = corroborationPoints
        self.corroborationMaximum = corroborationMaximum
        self.panicPoints = panicPoints
        self.priorityAt = priorityAt
        self.urgentAt = urgentAt
        self.emergencyAt = emergencyAt
    }
}

/// Everything that triage decides by. Values only: replaying a journal under other rules is a comparison of two of these.
public struct TriageRules: Hashable, Sendable {
    public var categories: [String: Category]
    public var correlation: CorrelationRules
    public var urgency: UrgencyRules

    public init(categories: [String: Category], correlation: CorrelationRules, urgency: UrgencyRules) {
        self.categories = categories
        self.correlation = correlation
        self.urgency = urgency
    }
}

/// Words that change the urgency when a tip says them, unless it denies or only supposes them.
public struct WordRule: Hashable, Sendable {
    /// `weapon` becomes the reason code `words.weapon`.
    public var code: String
    /// Chinese phrases match anywhere; Latin ones match whole words, case-insensitively. `a~b` is `a` with `b` soon
    /// after it in the same clause; a Latin phrase that ends in `*` is the beginning of a word.
    public var phrases: [String]
    /// Negative points lower the score ("已经离开").
    public var points: Int32
    /// Whatever the score, the level is at least this; nil for no floor.
    public var floor: UrgencyLevel?
    /// What category, night and points earn together goes no higher than this; a floor of other words does. Nil for no cap.
    public var cap: UrgencyLevel?
    /// Whether a negation cancels it.
    public var negatable: Bool
    /// Longer phrases that mean something else ("水枪", "砍价"): a match that overlaps one of these does not count.
    /// They match as `phrases` do.
    public var exceptions: [String]
    /// The rule counts only where each of these is said too; each is a choice of codes of earlier rules, `night` or
    /// `category.<code>`. A rule without phrases stands for the combination alone.
    public var needs: [[String]]
    /// The rule does not count where one of these is said.
    public var unless: [String]

    public init(
        code: String, phrases: [String], points: Int32, floor: UrgencyLevel?, cap: UrgencyLevel? = nil, negatable: Bool,
        exceptions: [String] = [], needs: [[String]] = [], unless: [String] = []
    ) {
        self.code = code
        self.phrases = phrases
        self.points = points
        self.floor = floor
        self.cap = cap
        self.negatable = negatable
        self.exceptions = exceptions
        self.needs = needs
        self.unless = unless
    }
}

/// Words that say how other words are meant: supposed, a drill, yesterday's, over.
public struct ContextRule: Hashable, Sendable {
    /// How far it reaches from where it is said.
    public enum Scope: UInt8, CaseIterable, Sendable {
        case clause, sentence, text
    }

    /// Which words of the scope it touches: those before it, those after it, or both.
    public enum Side: UInt8, CaseIterable, Sendable {
        case before, after, both
    }

    /// `past` becomes the reason code `context.past`.
    public var code: String
    /// As in ``WordRule/phrases``.
    public var phrases: [String]
    public var exceptions: [String]
    /// Whether a negation before it cancels it ("不是演练").
    public var negatable: Bool
    public var scope: Scope
    public var side: Side
    /// The most that the floor of a touched word comes to; `routine` cancels the word, and anything else halves its
    /// points. Nil where nothing is touched.
    public var limit: UrgencyLevel?
    /// As ``WordRule/cap``.
    public var cap: UrgencyLevel?
    /// Codes of word rules that it never touches.
    public var spares: Set<String>
    /// Codes of word rules ("now") that end it: words in their clause and beyond are not touched.
    public var until: Set<String>

    public init(
        code: String, phrases: [String], exceptions: [String] = [], negatable: Bool = true, scope: Scope,
        side: Side = .both, limit: UrgencyLevel?, cap: UrgencyLevel? = nil, spares: Set<String> = [],
        until: Set<String> = []
    ) {
        self.code = code
        self.phrases = phrases
        self.exceptions = exceptions
        self.negatable = negatable
        self.scope = scope
        self.side = side
        self.limit = limit
        self.cap = cap
        self.spares = spares
        self.until = until
    }
}

/// How a text denies a phrase.
public struct NegationRules: Hashable, Sendable {
    /// Words that deny a phrase after them within ``reach`` ("没有", "not").
    public var before: [String]
    /// Words that deny only the phrase right after them ("没", "no").
    public var adjacent: [String]
    /// Words that deny a phrase before them within ``reach`` ("没看到", "not seen").
    public var after: [String]
    /// What looks like a negation and is none ("没有停", "not only").
    public var exceptions: [String]
    /// How far a negation reaches in its clause: a Chinese character counts 1, a Latin word 2.
    public var reach: Int

    public init(
        before: [String] = [], adjacent: [String] = [], after: [String] = [], exceptions: [String] = [], reach: Int = 4
    ) {
        self.before = before
        self.adjacent = adjacent
        self.after = after
        self.exceptions = exceptions
        self.reach = reach
    }
}

/// The words that triage knows.
public struct Lexicon: Hashable, Sendable {
    public var words: [WordRule]
    public var contexts: [ContextRule]
    public var negations: NegationRules
    /// Words that begin a new clause as a comma does ("但是", "but").
    public var clauseWords: [String]
    /// The most that may stand where a phrase has `~`; counted as ``NegationRules/reach``.
    public var gap: Int

    public init(
        words: [WordRule] = [], contexts: [ContextRule] = [], negations: NegationRules = NegationRules(),
        clauseWords: [String] = [], gap: Int = 8
    ) {
        self.words = words
        self.contexts = contexts
        self.negations = negations
        self.clauseWords = clauseWords
        self.gap = gap
    }
}

/// How much a reporter's earlier incidents count: a Beta posterior, bounded.
public struct TrackRecordRules: Hashable, Sendable {
    /// Pseudo-counts before anything is known of a reporter: incidents that were real, and false alarms.
    public var priorReal: Int32
    public var priorFalse: Int32
    /// At most so many points up or down; 0 turns it off.
    public var bound: Int32

    public init(priorReal: Int32 = 8, priorFalse: Int32 = 2, bound: Int32 = 0) {
        self.priorReal = priorReal
        self.priorFalse = priorFalse
        self.bound = bound
    }
}

/// How much earlier incidents at the same place count.
public struct RepeatPlaceRules: Hashable, Sendable {
    /// Days that an incident counts for.
    public var days: Int32
    /// Points for the first earlier incident, the second, …; further ones add nothing. Empty turns it off.
    public var points: [Int32]

    public init(days: Int32 = 30, points: [Int32] = []) {
        self.days = days
        self.points = points
    }
}

/// How long an incident may wait, by level; what ``IncidentAge`` tells. Never part of the score.
public struct WaitingRules: Hashable, Sendable {
    /// Milliseconds from the first tip until a unit has claimed it.
    public var claimWithin: [UrgencyLevel: Int64]

    public init(claimWithin: [UrgencyLevel: Int64] = [:]) { self.claimWithin = claimWithin }
}

/// The additive urgency score.
public struct UrgencyRules: Hashable, Sendable {
    public var lexicon: Lexicon
    /// What the wording as a whole says; nil leaves the level to the lexicon alone.
    public var wording: WordingRules?
    /// Night, in local hours: from `nightFrom` (inclusive) to `nightUntil` (exclusive), across midnight.
    public var nightFrom: Int
    public var nightUntil: Int
    public var nightPoints: Int32
    /// Minutes to add to UTC for the local hour.
    public var utcOffsetMinutes: Int
    /// Points for the second independent witness (another post, or another reporter at a post), the third, …;
    /// further ones add nothing.
    public var corroborationPoints: [Int32]
    public var trackRecord: TrackRecordRules
    public var repeatPlace: RepeatPlaceRules
    public var waiting: WaitingRules
    /// Points of the panic button; it is an emergency in any case.
    public var panicPoints: Int32
    /// Least score of each level above routine.
    public var priorityAt: Int32
    public var urgentAt: Int32
    public var emergencyAt: Int32

    public init(
        lexicon: Lexicon, wording: WordingRules? = nil, nightFrom: Int, nightUntil: Int, nightPoints: Int32,
        utcOffsetMinutes: Int, corroborationPoints: [Int32], trackRecord: TrackRecordRules = TrackRecordRules(),
        repeatPlace: RepeatPlaceRules = RepeatPlaceRules(), waiting: WaitingRules = WaitingRules(), panicPoints: Int32,
        priorityAt: Int32, urgentAt: Int32, emergencyAt: Int32
    ) {
        self.lexicon = lexicon
        self.wording = wording
        self.nightFrom = nightFrom
        self.nightUntil = nightUntil
        self.nightPoints = nightPoints
        self.utcOffsetMinutes = utcOffsetMinutes
        self.corroborationPoints = corroborationPoints
        self.trackRecord = trackRecord
        self.repeatPlace = repeatPlace
        self.waiting = waiting
        self.panicPoints = panicPoints
        self.priorityAt = priorityAt
        self.urgentAt = urgentAt
        self.emergencyAt = emergencyAt
    }

    /// The level that a score alone earns.
    public func level(of score: Int32) -> UrgencyLevel {
        if score >= emergencyAt { return .emergency }
        if score >= urgentAt { return .urgent }
        return score >= priorityAt ? .priority : .routine
    }

    /// The scores that earn `level`, up to 100.
    public func scores(of level: UrgencyLevel) -> ClosedRange<Int32> {
        let bounds: (Int32, Int32) =
            switch level {
            case .routine: (0, priorityAt - 1)
            case .priority: (priorityAt, urgentAt - 1)
            case .urgent: (urgentAt, emergencyAt - 1)
            case .emergency: (emergencyAt, 100)
            }
        return min(bounds.0, bounds.1)...max(bounds.0, bounds.1)
    }

    /// The level above that of `urgency`, and the points it still lacks (at least 0); nil at the top.
    public func next(above urgency: Urgency) -> (level: UrgencyLevel, points: Int32)? {
        guard let level = UrgencyLevel(rawValue: urgency.level.rawValue + 1) else { return nil }
        let threshold =
            switch level {
            case .routine: Int32(0)
            case .priority: priorityAt
            case .urgent: urgentAt
            case .emergency: emergencyAt
            }
        return (level, max(0, threshold - urgency.score))
    }
}

extension UrgencyRules {
    /// Rules that find nothing urgent, for where only correlation is asked.
    public static let none = UrgencyRules(
        lexicon: Lexicon(), nightFrom: 0, nightUntil: 0, nightPoints: 0, utcOffsetMinutes: 0, corroborationPoints: [],
        panicPoints: 0, priorityAt: 1, urgentAt: 2, emergencyAt: 3)
}

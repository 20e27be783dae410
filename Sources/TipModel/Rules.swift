/// One category of tips, from configuration.
public struct Category: Hashable, Sendable {
    public var code: String
    public var nameZh: String
    public var nameEn: String
    /// Urgency points before anything else is known, 0…100.
    public var base: Int32
    /// Whatever the score, the level is at least this.
    public var floor: UrgencyLevel

    public init(
        code: String, nameZh: String, nameEn: String, base: Int32, floor: UrgencyLevel
    ) {
        self.code = code
        self.nameZh = nameZh
        self.nameEn = nameEn
        self.base = base
        self.floor = floor
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

    /// Categories whose tips overtake others: those that are urgent before a word is read.
    public var expressCategories: Set<String> {
        Set(categories.values.filter { $0.floor >= .urgent || $0.base >= urgency.urgentAt }.map(\.code))
    }
}

/// What the words of a text say of its level, as fitted on labelled tips: for each term four weights, which add up
/// to a multinomial logistic model. docs/triage.md says how it is fitted and what it reaches.
public struct WordingRules: Hashable, Sendable {
    /// What a term speaks for, by level, in hundredths of a logit (natural logarithm of the odds).
    public struct Weights: Hashable, Sendable {
        public var routine: Int32
        public var priority: Int32
        public var urgent: Int32
        public var emergency: Int32

        public init(routine: Int32 = 0, priority: Int32 = 0, urgent: Int32 = 0, emergency: Int32 = 0) {
            self.routine = routine
            self.priority = priority
            self.urgent = urgent
            self.emergency = emergency
        }
    }

    /// By term: a run of 1…3 Chinese characters; one Latin word or 2…3 in a row; `burni*`, the beginning of a longer word;
    /// `not _ breathing`, two words with one between them.
    public var terms: [String: Weights]
    /// What is so before a word is read.
    public var bias: Weights
    /// What the chosen category speaks for, by code.
    public var categories: [String: Weights]
    public var night: Weights
    /// What the lexicon's own judgement speaks for: `level.<level>` that it comes to, and each of its reasons by code.
    public var marks: [String: Weights]
    /// What a grade two levels off costs, and three, where one level off costs 1: the level of least expected cost is taken,
    /// so that doubt ends in the middle.
    public var twoLevelsCost: Int32
    public var threeLevelsCost: Int32
    /// A word's floor of `emergency` does not hold where the whole wording gives an emergency less than so many percent.
    public var doubtPercent: Int32

    public init(
        terms: [String: Weights] = [:], bias: Weights = Weights(), categories: [String: Weights] = [:],
        night: Weights = Weights(), marks: [String: Weights] = [:], twoLevelsCost: Int32 = 3, threeLevelsCost: Int32 = 4,
        doubtPercent: Int32 = 10
    ) {
        self.terms = terms
        self.bias = bias
        self.categories = categories
        self.night = night
        self.marks = marks
        self.twoLevelsCost = twoLevelsCost
        self.threeLevelsCost = threeLevelsCost
        self.doubtPercent = doubtPercent
    }
}

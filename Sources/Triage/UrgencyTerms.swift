// A score in numbers. Names and phrases become text once, when the score is settled.

internal import TipModel

/// The codes of a tip's reasons by number, and what the rules behind them count for.
struct ReasonCodes: Sendable {
    static let category = 0, night = 1, wording = 2, doubted = 3, panic = 4, record = 5, place = 6, denied = 7
    /// Of what sets no bound.
    static let nothing = 8
    private static let fixed = ["category", "night", "wording", "wording.doubted", "panic", "record", "place", "denied", ""]
    private static let levels = UrgencyLevel.allCases

    static let corroboration = "corroboration"
    /// Of the reasons that name a bound; the level follows.
    static let floor = "floor."
    static let cap = "cap."

    /// By number.
    let names: [String]
    /// The number of `words.<code>` for each word rule, of `context.<code>` for each context.
    let words: [Int]
    let contexts: [Int]
    /// By word rule.
    let rules: [Rule]
    /// By context.
    let caps: [UrgencyLevel?]

    /// What a word rule counts for.
    struct Rule: Sendable {
        var points: Int32
        var floor: UrgencyLevel?
        var cap: UrgencyLevel?

        /// Without points or bounds it only serves other rules.
        var isServing: Bool { points == 0 && floor == nil && cap == nil }
    }

    init(_ lexicon: Lexicon) {
        var names = Self.fixed + Self.levels.map { Self.floor + $0.name } + Self.levels.map { Self.cap + $0.name }
        func number(_ name: String) -> Int {
            if let known = names.firstIndex(of: name) { return known }
            names.append(name)
            return names.count - 1
        }
        words = lexicon.words.map { number("words." + $0.code) }
        contexts = lexicon.contexts.map { number("context." + $0.code) }
        rules = lexicon.words.map { Rule(points: $0.points, floor: $0.floor, cap: $0.cap) }
        caps = lexicon.contexts.map(\.cap)
        self.names = names
    }

    /// Lends all of it for a text.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        names.withUnsafeBufferPointer { names in
            words.withUnsafeBufferPointer { words in
                contexts.withUnsafeBufferPointer { contexts in
                    rules.withUnsafeBufferPointer { rules in
                        caps.withUnsafeBufferPointer {
                            body(Lookup(names: names, words: words, contexts: contexts, rules: rules, caps: $0))
                        }
                    }
                }
            }
        }
    }

    /// As ``ReasonCodes``. Rules, contexts and codes are numbered alike there and in what asks.
    struct Lookup {
        let names: UnsafeBufferPointer<String>
        let words: UnsafeBufferPointer<Int>
        let contexts: UnsafeBufferPointer<Int>
        let rules: UnsafeBufferPointer<Rule>
        let caps: UnsafeBufferPointer<UrgencyLevel?>
    }

    static func floor(_ level: UrgencyLevel) -> Int { fixed.count + Int(level.rawValue) - 1 }
    static func cap(_ level: UrgencyLevel) -> Int { fixed.count + levels.count + Int(level.rawValue) - 1 }
}

/// The urgency of a tip as far as the tip alone decides it: its reporter's record and what happened at its place before are left
/// to add.
struct UrgencyReading: Sendable {
    /// With neither.
    var alone: Urgency
    /// Where their reasons go among those of ``alone``.
    var experience: Int
    /// From here on the reasons of ``alone`` tell what its bounds came to.
    var settled: Int
    /// Of all points, not clamped.
    var sum: Int64
    /// The level that the category holds it at.
    var category: UrgencyLevel
    var bounds: UrgencyTerms.Bounds
}

/// The sum as it grows, and what holds its level up or down. Its lines stand in memory that is lent for a text.
struct UrgencyTerms {
    /// What a line tells, as text only when it is told.
    enum Detail {
        case none
        /// The tip's category.
        case category
        /// Minutes since midnight.
        case clock(Int)
        /// What of the wording spoke most for its verdict.
        case telling
        /// By index of the findings.
        case phrase(Int)
        case code(Int)
    }

    struct Line {
        var code: Int32
        var points: Int32
        var detail: Detail
    }

    struct Bounds {
        var floor = UrgencyLevel.routine
        var floorCode = ReasonCodes.category
        var cap = UrgencyLevel.emergency
        var capCode = ReasonCodes.nothing
    }

    private let memory: UnsafeMutableBufferPointer<Line>
    private(set) var count = 0
    let category: UrgencyLevel
    var bounds = Bounds()

    /// Lends terms that take a line for each of `findings`, and all other lines that a tip can have.
    @inline(__always)
    static func with<Result>(category: UrgencyLevel, findings: Int, _ body: (inout UrgencyTerms) -> Result) -> Result {
        // Category, night, wording, doubt and panic; what did not count; a cap and a floor.
        withUnsafeTemporaryAllocation(of: Line.self, capacity: findings + 5 + untold + 2) { memory in
            var terms = UrgencyTerms(memory: memory, category: category)
            return body(&terms)
        }
    }

    /// At most so many reasons that only tell why a word did not count.
    static let untold = 6

    private init(memory: UnsafeMutableBufferPointer<Line>, category: UrgencyLevel) {
        (self.memory, self.category) = (memory, category)
    }

    var lines: UnsafeMutableBufferPointer<Line> { UnsafeMutableBufferPointer(rebasing: memory[..<count]) }

    mutating func add(_ code: Int, _ points: Int32, _ detail: Detail) {
        precondition(count < memory.count, "more lines than a tip can have")
        memory.initializeElement(at: count, to: Line(code: Int32(truncatingIfNeeded: code), points: points, detail: detail))
        count += 1
    }

    /// Adds the lines of `others`.
    mutating func add(_ others: UrgencyTerms) {
        for line in others.lines { add(Int(line.code), line.points, line.detail) }
    }

    /// Takes back all lines but the first `count`.
    mutating func take(backTo count: Int) { self.count = min(count, self.count) }

    mutating func raise(to level: UrgencyLevel, by code: Int) {
        guard level > bounds.floor else { return }
        bounds.floor = level
        bounds.floorCode = code
    }

    mutating func limit(to level: UrgencyLevel, by code: Int) {
        guard level < bounds.cap else { return }
        bounds.cap = level
        bounds.capCode = code
    }

    /// Takes back what words have set so far; gives back whether they held an emergency, and which.
    mutating func release() -> Int? {
        let holder = bounds.floor == .emergency ? bounds.floorCode : nil
        bounds = Bounds(floorCode: ReasonCodes.nothing)
        return holder
    }

    var sum: Int64 { lines.reduce(into: 0) { $0 &+= Int64($1.points) } }
    /// Within 0…100.
    static func score(_ sum: Int64) -> Int32 { Int32(max(0, min(100, sum))) }
}

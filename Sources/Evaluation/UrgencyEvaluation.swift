// How well the production scorer grades a labelled file that it has never seen. The rules come from configuration;
// nothing here knows a word.

public import TipModel
internal import Triage

/// A row that was graded otherwise than expected.
public struct UrgencyMiss: Sendable, Codable, Equatable {
    public struct Line: Sendable, Codable, Equatable {
        public var code: String
        public var points: Int32
        public var detail: String
    }

    public var line: Int
    public var text: String
    public var category: String
    public var expected: String
    public var scored: String
    public var score: Int32
    public var reasons: [Line]
}

/// What ``evaluateUrgency(_:rules:keepingMisses:)`` found. Shares are 0…1.
public struct UrgencyEvaluation: Sendable, Codable, Equatable {
    public var rows = 0
    public var accuracy = 0.0
    /// The mean of the four levels' F1; a level that neither occurs nor is scored does not count.
    public var macroF1 = 0.0
    /// Of the rows expected emergency or urgent, the share scored lower by two levels or more.
    public var underTriageRate = 0.0
    public var missesByOne = 0
    public var missesByTwoOrMore = 0
    /// Rows expected emergency and scored below urgent.
    public var emergencyBelowUrgent = 0
    /// Upper bounds of the share of rows missed by one level, and of ``underTriageRate``; one-sided, Clopper–Pearson.
    public var missesByOneUpper95 = 1.0
    public var underTriageUpper95 = 1.0
    /// Expected → scored → rows.
    public var confusion: [String: [String: Int]] = [:]
    public var misses: [UrgencyMiss]?

    enum CodingKeys: String, CodingKey {
        case rows
        case accuracy
        case macroF1 = "macro_f1"
        case underTriageRate = "under_triage_rate"
        case missesByOne = "misses_by_one"
        case missesByTwoOrMore = "misses_by_two_or_more"
        case emergencyBelowUrgent = "emergency_below_urgent"
        case missesByOneUpper95 = "misses_by_one_upper_95_clopper_pearson"
        case underTriageUpper95 = "under_triage_upper_95_clopper_pearson"
        case confusion
        case misses
    }

    public init() {}
}

/// Hands over every row of a CSV file with the columns text, category, time (RFC 3339) and expected_level, with its line.
/// - Throws: ``EvaluationError`` with the line for a row that cannot be graded, or for none at all.
func forEachLabelledTip(
    _ rows: inout CSVRows, file: String, rules: TriageRules, _ body: (Tip, UrgencyLevel, Int) -> Void
) throws {
    try rows.require(["text", "category", "time", "expected_level"])
    var count = 0
    while let row = try rows.next() {
        func field(_ name: String) -> String { row[name] ?? "" }
        func wrong(_ message: String) -> EvaluationError { EvaluationError(file: file, line: row.line, message) }
        guard let expected = UrgencyLevel(name: field("expected_level")) else {
            let names = UrgencyLevel.allCases.map(\.name).joined(separator: ", ")
            throw wrong("expected_level must be one of \(names); is '\(clipped(field("expected_level"), bytes: 40))'")
        }
        guard let time = Timestamp(rfc3339: field("time")) else {
            throw wrong("time must be like 2026-03-02T02:10:00+08:00, is '\(clipped(field("time"), bytes: 40))'")
        }
        guard rules.categories[field("category")] != nil else {
            throw wrong("category '\(clipped(field("category"), bytes: 40))' is none of the configured ones")
        }
        guard field("text").utf8.count <= TipLimits.textBytes else {
            throw wrong("text has \(field("text").utf8.count) bytes, at most \(TipLimits.textBytes) are possible")
        }
        let tip = Tip(id: TipID(high: 0, low: 0), observedAt: time, category: field("category"), text: field("text"))
        body(tip, expected, row.line)
        count += 1
    }
    guard count > 0 else { throw EvaluationError(file: file, line: nil, "has no rows") }
}

/// Grades every row of a CSV file with the columns text, category, time (RFC 3339) and expected_level.
/// - Throws: ``EvaluationError`` with the line for a row that cannot be graded.
public func evaluateUrgency(
    _ rows: inout CSVRows, file: String, rules: TriageRules, keepingMisses: Bool = false
) throws -> UrgencyEvaluation {
    let scorer = UrgencyScorer(rules)
    var tally = UrgencyTally()
    var misses: [UrgencyMiss] = []
    try forEachLabelledTip(&rows, file: file, rules: rules) { tip, expected, line in
        let urgency = scorer.score(tip)
        tally.add(expected: expected, scored: urgency.level)
        if keepingMisses, urgency.level != expected {
            misses.append(
                UrgencyMiss(
                    line: line, text: tip.text, category: tip.category, expected: expected.name,
                    scored: urgency.level.name, score: urgency.score,
                    reasons: urgency.reasons.map { .init(code: $0.code, points: $0.points, detail: $0.detail) }))
        }
    }
    var result = tally.result
    if keepingMisses { result.misses = misses }
    return result
}

/// Counts of a confusion table, and what follows from them.
struct UrgencyTally {
    private(set) var counts: [UrgencyLevel: [UrgencyLevel: Int]] = [:]
    private(set) var rows = 0

    mutating func add(expected: UrgencyLevel, scored: UrgencyLevel) {
        counts[expected, default: [:]][scored, default: 0] += 1
        rows += 1
    }

    private func count(_ expected: UrgencyLevel, _ scored: UrgencyLevel) -> Int { counts[expected]?[scored] ?? 0 }

    private func sum(where holds: (_ expected: Int, _ scored: Int) -> Bool) -> Int {
        var sum = 0
        for expected in UrgencyLevel.allCases {
            for scored in UrgencyLevel.allCases where holds(Int(expected.rawValue), Int(scored.rawValue)) {
                sum += count(expected, scored)
            }
        }
        return sum
    }

    var result: UrgencyEvaluation {
        var result = UrgencyEvaluation()
        result.rows = rows
        result.accuracy = Double(sum { $0 == $1 }) / Double(max(1, rows))
        result.missesByOne = sum { abs($0 - $1) == 1 }
        result.missesByTwoOrMore = sum { abs($0 - $1) > 1 }
        result.emergencyBelowUrgent = sum { $0 == 4 && $1 < 3 }
        let grave = sum { expected, _ in expected >= 3 }
        let under = sum { $0 >= 3 && $0 - $1 >= 2 }
        result.underTriageRate = grave == 0 ? 0 : Double(under) / Double(grave)
        result.missesByOneUpper95 = upperBound(result.missesByOne, of: rows)
        result.underTriageUpper95 = upperBound(under, of: grave)
        let scores = UrgencyLevel.allCases.compactMap { level -> Double? in
            let hits = count(level, level)
            let all = UrgencyLevel.allCases.reduce(0) { $0 + count(level, $1) + count($1, level) }
            return all == 0 ? nil : 2 * Double(hits) / Double(all)
        }
        result.macroF1 = scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
        for expected in UrgencyLevel.allCases {
            result.confusion[expected.name] = Dictionary(
                uniqueKeysWithValues: UrgencyLevel.allCases.map { ($0.name, count(expected, $0)) })
        }
        return result
    }
}

extension Timestamp {
    /// Reads `2026-03-02T02:10:00+08:00` or `…Z`, with an optional fraction of a second; nil for anything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20 else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64? {
            guard start + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[start..<(start + count)] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        let marks: [(Int, Character)] = [(4, "-"), (7, "-"), (13, ":"), (16, ":")]
        guard marks.allSatisfy({ bytes[$0.0] == $0.1.asciiValue }), [0x54, 0x74, 0x20].contains(bytes[10]),
            let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var scale: Int64 = 100
            while index < bytes.count, let digit = number(index, 1) {
                fraction += digit * scale
                scale /= 10
                index += 1
            }
        }
        var offset: Int64 = 0
        switch index < bytes.count ? bytes[index] : 0 {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard index + 1 == bytes.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard index + 6 == bytes.count, bytes[index + 3] == UInt8(ascii: ":"), let hours = number(index + 1, 2),
                let minutes = number(index + 4, 2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
        default: return nil
        }
        // Days since 1970-01-01 in the proleptic Gregorian calendar, years beginning in March.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60
        self.init(milliseconds: seconds * 1_000 + fraction)
    }
}

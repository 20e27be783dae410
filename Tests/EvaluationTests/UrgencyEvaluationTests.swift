@testable import Evaluation
import Settings
import Testing
import TipModel

@Suite("Evaluation of urgency")
struct UrgencyEvaluationTests {
    private static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")

    private func evaluate(_ text: String, misses: Bool = false) throws -> UrgencyEvaluation {
        var chunks = [Array(text.utf8)]
        var rows = CSVRows(file: "f.csv") { chunks.popLast() }
        let rules = try TriageFile.load(path: Self.root + "/config/triage.yaml")
        return try evaluateUrgency(&rows, file: "f.csv", rules: rules, keepingMisses: misses)
    }

    /// What the development set must keep. Fitted on these rows, so it guards against a step back and says nothing
    /// about rows never seen.
    @Test("the shipped rules on the development set")
    func developmentSet() throws {
        let path = Self.root + "/Tests/TriageTests/Data/urgency.csv"
        let chunks = try FileChunks(path)
        var rows = CSVRows(file: path) { try chunks.next() }
        let rules = try TriageFile.load(path: Self.root + "/config/triage.yaml")
        let result = try evaluateUrgency(&rows, file: path, rules: rules, keepingMisses: true)
        #expect(result.rows >= 1_000)
        #expect(result.macroF1 >= 0.92)
        #expect(result.emergencyBelowUrgent == 0)
        #expect(result.underTriageRate == 0, "\(result.misses ?? [])")
    }

    @Test("a small file: counts, shares and the row that was missed")
    func small() throws {
        let result = try evaluate(
            """
            text,category,time,expected_level
            有人持刀追人,weapon,2026-03-02T14:00:00+08:00,emergency
            "kitchen on fire, flames",fire,2026-03-02T06:00:00Z,routine
            谢谢昨晚的民警,other,2026-03-02T14:00:00+08:00,routine

            """, misses: true)
        #expect(result.rows == 3)
        #expect(result.missesByTwoOrMore == 1)
        #expect(result.missesByOne == 0)
        #expect(result.underTriageRate == 0)
        #expect(result.confusion["routine"]?["emergency"] == 1)
        #expect(result.misses?.map(\.line) == [3])
        #expect(abs(result.accuracy - 2.0 / 3) < 1e-9)
    }

    @Test("under-triage counts only two levels, of those expected urgent or worse")
    func tally() {
        var tally = UrgencyTally()
        tally.add(expected: .emergency, scored: .urgent)
        tally.add(expected: .emergency, scored: .priority)
        tally.add(expected: .urgent, scored: .routine)
        tally.add(expected: .urgent, scored: .urgent)
        tally.add(expected: .priority, scored: .routine)
        let result = tally.result
        #expect(result.underTriageRate == 0.5)
        #expect(result.emergencyBelowUrgent == 1)
        #expect(result.missesByOne == 2)
        #expect(result.missesByTwoOrMore == 2)
        #expect(abs(result.macroF1 - 0.5 / 4) < 1e-9)
    }

    @Test("a row that cannot be graded is told with its line", arguments: [
        ("x,fire,2026-03-02T14:00:00,urgent", "time must be like"),
        ("x,fire,2026-03-02T14:00:00Z,dire", "expected_level must be one of"),
        ("x,meteor,2026-03-02T14:00:00Z,urgent", "category 'meteor'"),
    ])
    func wrongRows(row: String, message: String) {
        let error = #expect(throws: EvaluationError.self) {
            try evaluate("text,category,time,expected_level\n" + row + "\n")
        }
        #expect(error?.line == 2)
        #expect(error?.message.hasPrefix(message) == true)
    }

    @Test("times", arguments: [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01T08:00:00+08:00", 0), ("2026-03-02T02:10:00.5+08:00", 1_772_388_600_500),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
    ] as [(String, Int64)])
    func times(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test("no time", arguments: ["", "2026-03-02", "2026-13-02T00:00:00Z", "2026-03-02T00:00:00+0800", "2026-03-02T00:00:00Zx"])
    func noTime(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("Clopper–Pearson upper bounds", arguments: [(0, 400, 0.00746), (1, 400, 0.01181), (10, 100, 0.16372), (5, 5, 1)])
    func bounds(count: Int, all: Int, expected: Double) {
        #expect(abs(upperBound(count, of: all) - expected) < 1e-4)
    }
}

import Evaluation
import Settings
import Testing
import TipModel

/// The shipped rules on pairs of tips that people told apart, or together. A false merge is worse than a missed one.
@Suite("Pairs of tips")
struct PairTests {
    private static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    private static let rules = Result { try TriageFile.load(path: root + "/config/triage.yaml") }

    private func evaluate(_ name: String) throws -> PairEvaluation {
        try evaluatePairs(Self.root + "/Tests/TriageTests/Data/\(name).csv", rules: try Self.rules.get())
    }

    @Test func lookalikesStayApart() throws {
        let result = try evaluate("lookalikes")
        #expect(result.pairs >= 100)
        #expect(result.attached <= 2)
        #expect(result.emergencyAttached == 0)
    }

    /// Where not attached, the desk is asked: most reports of one event come to its eyes as one.
    @Test func reportsOfOneEventAreAttachedOrSuggested() throws {
        let result = try evaluate("same-event")
        #expect(result.pairs >= 100)
        #expect(result.attached * 4 >= result.pairs)
        #expect((result.attached + result.suggested) * 4 >= result.pairs * 3)
    }

    @Test func aWrongRowIsNamed() throws {
        let error = try #require(throws: EvaluationError.self) {
            _ = try evaluatePairs(Self.root + "/Tests/TriageTests/Data/urgency.csv", rules: try Self.rules.get())
        }
        #expect(error.description.contains("has no column kind"))
    }
}

import Evaluation
import FoundationEssentials
import TestSupport
import Testing
import TipModel

/// The evaluation commands' figures on files small enough to check by hand.
@Suite("Evaluation of correlation and text")
struct StreamTests {
    private static let rules = CorrelationRules(
        windowMilliseconds: 86_400_000, timeScaleMilliseconds: 3_600_000, maximumDistance: 300, distanceScale: 50, spanMetres: 600,
        spanMilliseconds: 30 * 86_400_000, postAccuracy: 0, points: CorrelationPoints(distance: 50, time: 50, category: 50, text: 0),
        attachAt: 100, suggestAt: 100, emergencyMargin: 0, clearedGraceMilliseconds: 0, followMilliseconds: 0, candidateBound: 16,
        affinity: CategoryAffinity(others: 20), text: TextRules())

    private func write(_ text: String) throws -> (folder: TemporaryDirectory, path: String) {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/file"
        try Data(text.utf8).write(to: URL(filePath: path))
        return (folder, path)
    }

    private static let header = "id,open_dt,type,case_title,location,latitude,longitude,source,neighborhood,duplicate,duplicate_of"

    @Test func duplicatesAttachToTheCaseTheyName() throws {
        var lines = [Self.header]
        for day in 1...20 {
            let date = "2019-01-" + (day < 10 ? "0" : "") + "\(day)"
            lines.append("\(day * 10),\(date) 08:00:00,Dog,Dog,1 A St,42.\(100 + day),-71.0,app,x,0,")
            if day % 2 == 0 { lines.append("\(day * 10 + 1),\(date) 08:30:00,Dog,Dog,1 A St,42.\(100 + day),-71.0,app,x,1,\(day * 10)") }
        }
        let (folder, path) = try write(lines.joined(separator: "\n") + "\n")
        defer { withExtendedLifetime(folder) {} }
        var trial = try CorrelationTrial(path, rules: Self.rules)
        let result = trial.evaluate()
        #expect(result.rows == 30)
        #expect(result.flagged == 10)
        #expect(result.attachRate == 0)
        #expect(result.namedIncidentHit == 1)
        #expect(result.recallAt5 == 1)
    }

    @Test(arguments: [
        ("1,2019-01-01 08:00,D,D,a,42,-71,s,n,0,", "open_dt"), ("1,2019-01-01 08:00:00,D,D,a,142,-71,s,n,0,", "latitude"),
        ("1,2019-01-01 08:00:00,D,D,a,42,x,s,n,0,", "longitude"), ("1,2019-01-01 08:00:00,D,D,a,42,-71,s,n,yes,", "duplicate"),
    ])
    func aWrongFieldIsNamedWithItsLine(row: String, field: String) throws {
        let (folder, path) = try write(Self.header + "\n" + row + "\n")
        defer { withExtendedLifetime(folder) {} }
        let error = try #require(throws: EvaluationError.self) { _ = try CorrelationTrial(path, rules: Self.rules) }
        #expect(error.line == 2)
        #expect(error.message.hasPrefix(field))
    }

    @Test func theBestThresholdAndThePrecisionAtHalf() throws {
        let (folder, path) = try write("可疑男子在门口\t门口有可疑男子\t1\n电动车着火了\t电动车冒烟着火\t1\n路灯坏了\t有人打架\t0\n水管爆了\t电梯停了\t0\n")
        defer { withExtendedLifetime(folder) {} }
        let result = try evaluateText(path, rules: TextRules())
        #expect(result.pairs == 4)
        #expect(result.bestF1 == 1)
        #expect(result.precisionAtRecall50 == 1)
    }

    @Test(arguments: [("a\tb\n", 1), ("a\tb\t1\na\tb\t2\n", 2), ("a\tb\t0\n", nil)] as [(String, Int?)])
    func aFileThatIsNoListOfPairs(text: String, line: Int?) throws {
        let (folder, path) = try write(text)
        defer { withExtendedLifetime(folder) {} }
        let error = try #require(throws: EvaluationError.self) { _ = try evaluateText(path, rules: TextRules()) }
        #expect(error.line == line)
    }
}

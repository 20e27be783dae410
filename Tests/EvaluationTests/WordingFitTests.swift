@testable import Evaluation
import Foundation
import Settings
import Testing
import TipModel

@Suite("Fitting the wording")
struct WordingFitTests {
    private static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")

    /// A few words that mean one level each; names of places mean nothing.
    private func write(_ name: String, in folder: String, places: [String]) throws -> String {
        var text = "text,category,time,expected_level\n"
        for place in places {
            for (word, level) in [("呼救声", "emergency"), ("争吵声", "priority"), ("问路", "routine"), ("被抢", "urgent")] {
                text += "\(place)传来\(word),other,2026-03-02T14:00:00+08:00,\(level)\n"
            }
        }
        let path = folder + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("each file is graded by what the others taught; the table says which words did it")
    func heldOut() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wording-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = [
            try write("one.csv", in: folder, places: ["东门", "西门", "南门", "车库", "天台"]),
            try write("two.csv", in: folder, places: ["操场", "食堂", "码头", "地铁口", "桥头"]),
        ]
        var rules = try TriageFile.load(path: Self.root + "/config/triage.yaml")
        rules.urgency.lexicon = Lexicon()
        let trial = try WordingTrial(files, rules: rules)
        let (held, all) = try trial.holdingOut()
        #expect(held.map(\.file) == files)
        #expect(all.rows == 40)
        #expect(all.accuracy == 1, "\(all.confusion)")
        let (table, rows) = trial.fit()
        #expect(rows == 40)
        let alarm = try #require(table.terms["呼救"])
        #expect(alarm.emergency > max(alarm.routine, alarm.priority, alarm.urgent))
        #expect(table.terms["传来"] == nil, "a term of every row speaks for nothing")
    }

    /// The table that is shipped was fitted on the shipped tips by the shipped code.
    @Test("the shipped table grades what it was fitted on")
    func shipped() throws {
        let rules = try TriageFile.load(path: Self.root + "/config/triage.yaml")
        #expect(try #require(rules.urgency.wording).terms.count > 10_000)
        let path = Self.root + "/Tests/TriageTests/Data/wording/h.csv"
        let chunks = try FileChunks(path)
        var csv = CSVRows(file: path) { try chunks.next() }
        let result = try evaluateUrgency(&csv, file: path, rules: rules)
        #expect(result.rows == 1_500)
        #expect(result.macroF1 >= 0.9)
    }
}

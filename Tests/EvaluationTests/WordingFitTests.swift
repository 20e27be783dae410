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

    @Test("a term is held by what it is made of", arguments: [
        ("火", 1), ("着火", 3), ("没着火", 4), ("fire", 2), ("burni*", 2), ("no fire", 3), ("no fire here", 4), ("no _ here", 4),
    ])
    func penalties(term: String, expected: Double) {
        var options = WordingFitOptions()
        (options.characterPenalty, options.wordPenalty, options.pairPenalty, options.longPenalty) = (1, 2, 3, 4)
        #expect(options.penalty(of: term) == expected)
    }

    @Test("the margin keeps levels apart, the more the further they are from each other")
    func margin() throws {
        var sample = WordingSample()
        let lexical = Urgency(score: 0, level: .routine, reasons: [])
        for (text, level) in [("呼救", UrgencyLevel.emergency), ("被抢", .urgent), ("争吵", .priority), ("问路", .routine)] {
            for _ in 0..<6 {
                let tip = Tip(id: TipID(high: 0, low: 0), observedAt: Timestamp(milliseconds: 0), category: "other", text: text)
                sample.append(tip, expected: level, night: false, lexical: lexical)
            }
        }
        /// How far the word stands for an emergency above the other three levels.
        func leads(_ margin: Double) throws -> (routine: Int32, priority: Int32, urgent: Int32) {
            var options = WordingFitOptions()
            options.margin = margin
            let word = try #require(fitWording(sample, options: options).terms["呼救"])
            return (word.emergency - word.routine, word.emergency - word.priority, word.emergency - word.urgent)
        }
        let (plain, wide) = (try leads(0), try leads(3))
        #expect(abs(plain.routine - plain.priority) <= 2 && abs(plain.priority - plain.urgent) <= 2)
        #expect(wide.routine > wide.priority + 10 && wide.priority > wide.urgent + 10)
        #expect(wide.urgent > plain.urgent)
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

import Foundation
import Testing
import TipModel

@testable import Settings

@Suite("The table of wording")
struct WordingFileTests {
    private func read(_ text: String) throws -> (rules: WordingRules, wrong: String?) {
        let folder = try TemporaryFolder()
        let path = folder.path + "/words.tsv"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        var rules = WordingRules()
        let wrong = WordingFile.read(path, into: &rules)
        return (rules, wrong)
    }

    @Test("what is written is read again")
    func roundTrip() throws {
        let rules = WordingRules(
            terms: ["着火": .init(routine: -12, emergency: 340), "not _ breathing": .init(urgent: 5)], bias: .init(priority: 7),
            categories: ["fire": .init(emergency: 90)], night: .init(urgent: 1), marks: ["level.urgent": .init(urgent: 30)])
        let (again, wrong) = try read(WordingFile.text(rules, heading: ["a comment"]))
        #expect(wrong == nil)
        #expect(again == rules)
    }

    @Test("what is wrong is told with its line", arguments: [
        ("# none\n", "has no terms"), ("火\t1\t2\t3\n", "5 fields"), ("火\t1\t2\t3\tx\n", "whole number"),
        ("火\t1\t2\t3\t10001\n", "±10000"), ("火\t0\t0\t0\t0\n火\t0\t0\t0\t0\n", "is given twice"),
        ("\t1\t2\t3\t4\n", "1…96 bytes"),
    ])
    func wrong(text: String, message: String) throws {
        let wrong = try read(text).wrong ?? ""
        #expect(wrong.contains(message), "\(wrong)")
    }
}

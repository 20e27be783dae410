import Testing
import TipModel

@testable import Triage

@Suite("The wording as a whole")
struct WordingTests {
    @Test("a text falls into the terms that the table writes", arguments: [
        ("着火", ["着", "火", "着火"]),
        ("He won't breathe", ["he", "wont", "breathe", "breat*", "he wont", "wont breathe", "he wont breathe", "he _ breathe"]),
        ("3号楼fire", ["号", "楼", "号楼", "fire"]),
        ("", []), ("!? 123", []),
    ] as [(String, [String])])
    func terms(text: String, expected: [String]) {
        let terms = WordingTerms(text)
        #expect(Set(terms.hashes.map(terms.text(of:))) == Set(expected))
        #expect(Set(terms.hashes) == Set(expected.map(WordingTerms.hash(of:))))
    }

    @Test("terms that a table knows are those that a look-up of every term finds", arguments: 1...20 as ClosedRange<UInt64>)
    func known(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let pieces = ["火", "刀", "着", "a ", "bb ", "burning ", "burnt ", "，", "3"]
        func text(_ length: ClosedRange<Int>) -> String {
            (0..<Int.random(in: length, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }
        // Terms of other texts, so that long ones are known without their beginnings.
        let others = WordingTerms(text(20...60))
        let rules = Dictionary(
            uniqueKeysWithValues: others.hashes.map(others.text(of:)).filter { _ in Bool.random(using: &random) }.map { ($0, Self.weights(1, 2)) })
        let hashes = Set(rules.keys.map(WordingTerms.hash(of:)))
        let table = WordingTable(rules)
        #expect(table.count == rules.count)
        for _ in 0..<20 {
            var text = text(0...30)
            text.withUTF8 { bytes in
                WordingCut.with(bytes) { cut in
                    table.withLookup { lookup in
                        var (found, expected): ([UInt64], [UInt64]) = ([], [])
                        cut.forEachTerm(known: lookup) { entry, _ in found.append(lookup.hash(of: entry)) }
                        cut.forEachTerm { hash, _ in if hashes.contains(hash) { expected.append(hash) } }
                        #expect(found == expected)
                    }
                }
            }
        }
    }

    private static func weights(_ routine: Int32, _ emergency: Int32) -> WordingRules.Weights {
        .init(routine: routine, emergency: emergency)
    }

    private static func scorer(_ change: (inout WordingRules) -> Void = { _ in }) -> UrgencyScorer {
        var rules = Fixture.rules
        var wording = WordingRules(
            terms: ["谢谢": weights(900, 0), "不动": weights(0, 900), "刀": weights(0, 300)],
            bias: .init(priority: 100), doubtPercent: 10)
        change(&wording)
        rules.urgency.wording = wording
        return UrgencyScorer(rules)
    }

    private func score(_ text: String, _ scorer: UrgencyScorer = Self.scorer(), panic: Bool = false) -> Urgency {
        var tip = Fixture.tip(text, category: "other", at: Fixture.local(14))
        tip.panic = panic
        return scorer.score(tip)
    }

    @Test("it decides the level, and its points bring the sum there")
    func decides() {
        let grave = score("躺在地上不动")
        #expect(grave.level == .emergency)
        #expect(grave.score == grave.reasons.reduce(0) { $0 + $1.points })
        #expect(grave.reasons.contains { $0.code == "wording" && $0.detail == "不动" && $0.points > 0 })
        let light = score("谢谢昨晚过来的那两位同志，辛苦了")
        #expect(light.level == .routine)
    }

    @Test("a word's emergency holds unless the whole speaks against it; the panic button always does")
    func floors() {
        #expect(score("有人拿刀").level == .emergency)
        let thanked = score("谢谢你们把刀送回来")
        #expect(thanked.level == .routine)
        #expect(thanked.reasons.contains { $0.code == "wording.doubted" && $0.detail == "words.weapon" })
        #expect(score("谢谢你们把刀送回来", Self.scorer { $0.doubtPercent = 0 }).level == .emergency)
        #expect(score("谢谢你们把刀送回来", panic: true).level == .emergency)
    }

    @Test("doubt ends in the middle, the further the dearer two levels off are")
    func costs() {
        // Six to four for routine against an emergency, and little for what lies between.
        func torn(_ two: Int32, _ three: Int32) -> UrgencyLevel {
            score("东门口那边那个人今天怎么样了呢请你们看看", Self.scorer {
                ($0.terms, $0.bias) = ([:], .init(routine: 340, emergency: 300))
                ($0.twoLevelsCost, $0.threeLevelsCost) = (two, three)
            }).level
        }
        #expect(torn(2, 2) == .routine)
        #expect([.priority, .urgent].contains(torn(4, 9)))
    }

    @Test("where nothing is said, nothing speaks against an alarm that the category gives")
    func bare() {
        var rules = Fixture.rules
        rules.urgency.lexicon.words.append(
            WordRule(code: "bare_alarm", phrases: [], points: 0, floor: .emergency, negatable: false, needs: [["category.fire"]]))
        rules.urgency.wording = WordingRules(bias: .init(routine: 900))
        let urgency = UrgencyScorer(rules).score(Fixture.tip("东门", category: "fire", at: Fixture.local(14)))
        #expect(urgency.level == .emergency)
    }
}

import Testing

@testable import Triage

@Suite("Phrase automaton")
struct PhraseAutomatonTests {
    struct Match: Equatable {
        var phrase: Int
        var start: Int
        var end: Int
    }

    func matches(_ phrases: [String], _ text: String) -> [Match] {
        let automaton = PhraseAutomaton(phrases)
        var text = text
        return text.withUTF8 { bytes in
            var matches: [Match] = []
            automaton.scan(bytes) { matches.append(Match(phrase: automaton.phrases[$0], start: $1, end: $2)) }
            return matches
        }
    }

    @Test("overlapping, nested and equal phrases are all found")
    func overlapping() {
        #expect(
            matches(["灭火器", "火", "器材", "火"], "灭火器材") == [
                .init(phrase: 1, start: 3, end: 6), .init(phrase: 3, start: 3, end: 6),
                .init(phrase: 0, start: 0, end: 9), .init(phrase: 2, start: 6, end: 12),
            ])
    }

    @Test("no phrases, empty phrases, empty text")
    func empty() {
        #expect(matches([], "火") == [])
        #expect(matches(["", "火"], "火") == [.init(phrase: 1, start: 0, end: 3)])
        #expect(matches(["火"], "") == [])
    }

    @Test("a phrase that mixes scripts has an edge only on its Latin side")
    func mixed() {
        #expect(matches(["AED设备"], "有aed设备吗").count == 1)
        #expect(matches(["AED设备"], "xAED设备").isEmpty)
        #expect(matches(["拿AK"], "他拿ak47").isEmpty)
    }

    @Test("in words, too, it finds what a plain search finds at their edges", arguments: 1...20 as ClosedRange<UInt64>)
    func inWords(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let alphabet: [Character] = ["a", "b", "c", "1", " ", "'", "é", "火"]
        func word(_ length: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: length, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
        }
        func isWord(_ byte: UInt8) -> Bool { PhraseAutomaton.isWordByte(byte) }
        for _ in 0..<50 {
            let phrases = (0..<12).map { _ in word(1...4) }
            let text = word(0...40)
            let bytes = Array(text.utf8)
            var expected: Set<[Int]> = []
            for (index, phrase) in phrases.enumerated() {
                let wanted = Array(phrase.utf8)
                for start in bytes.indices where bytes[start...].starts(with: wanted) {
                    let end = start + wanted.count
                    // é is two bytes, and a letter of its word.
                    let isInside = start > 0 && (isWord(bytes[start - 1]) || bytes[start - 1] == 0xA9)
                    let goesOn = end < bytes.count && (isWord(bytes[end]) || bytes[end] == 0xC3)
                    if isWord(wanted[0]), isInside { continue }
                    if isWord(wanted[wanted.count - 1]), goesOn { continue }
                    expected.insert([index, start, end])
                }
            }
            #expect(Set(matches(phrases, text).map { [$0.phrase, $0.start, $0.end] }) == expected, "\(phrases) in \(text)")
        }
    }

    @Test("finds what a plain search finds", arguments: 1...20 as ClosedRange<UInt64>)
    func againstPlainSearch(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let alphabet: [Character] = ["火", "刀", "水", "灭", "、"]
        func word(_ length: ClosedRange<Int>) -> String {
            let count = Int.random(in: length, using: &random)
            return String((0..<count).map { _ in alphabet.randomElement(using: &random) ?? "火" })
        }
        for _ in 0..<50 {
            let phrases = (0..<8).map { _ in word(1...4) }
            let text = word(0...30)
            let bytes = Array(text.utf8)
            var expected: Set<[Int]> = []
            for (index, phrase) in phrases.enumerated() {
                let wanted = Array(phrase.utf8)
                for start in bytes.indices where bytes[start...].starts(with: wanted) {
                    expected.insert([index, start, start + wanted.count])
                }
            }
            let found = matches(phrases, text).map { [$0.phrase, $0.start, $0.end] }
            #expect(Set(found) == expected)
            #expect(found.count == expected.count)
        }
    }

    @Test("phrases with gaps are found where a part of many phrases ends them", arguments: 1...10 as ClosedRange<UInt64>)
    func gaps(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let firsts = (0..<60).compactMap { Unicode.Scalar(0x4E10 + $0).map(Character.init) }
        let finder = PhraseFinder(
            firsts.enumerated().map { PhraseFinder.Phrase(owner: $0, isException: false, text: "\($1)~人") }
                + [PhraseFinder.Phrase(owner: 60, isException: false, text: "人"), PhraseFinder.Phrase(owner: 61, isException: true, text: "人")],
            gap: 5)
        for length in [1, 5, 40, 200] {
            // Few of them in some texts, all in others.
            let alphabet = firsts.prefix(length < 100 ? 4 : 60) + ["人", "人", "，", "十"]
            let characters = (0..<length).map { _ in alphabet.randomElement(using: &random) ?? "人" }
            var expected: Set<[Int]> = []
            for (end, character) in characters.enumerated() where character == "人" {
                expected.formUnion([[60, end * 3, end * 3 + 3], [61, end * 3, end * 3 + 3]])
                for (owner, first) in firsts.enumerated() {
                    guard let start = characters[..<end].lastIndex(of: first), end - start - 1 <= 5,
                        !characters[start..<end].contains("，")
                    else { continue }
                    expected.insert([owner, start * 3, end * 3 + 3])
                }
            }
            var text = String(characters)
            var found: [[Int]] = []
            text.withUTF8 { finder.scan($0) { found.append([$0.owner, $0.start, $0.end]) } }
            #expect(Set(found) == expected)
            #expect(found.count == expected.count)
        }
    }
}

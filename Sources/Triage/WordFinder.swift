// Which word rules a text fires. The automaton gives every occurrence of every phrase; this decides which of
// them count: not one inside an exception ("灭火器" for "火"), not one that the text denies ("没看到刀").
// A text from outside may repeat one phrase a thousand times, so nothing here compares all with all.

import TipModel

/// The word rules, negations and exceptions of ``UrgencyRules``, compiled.
struct WordFinder: Sendable {
    /// A rule that a text fires, and the phrase that did it, as it stands in the text.
    struct Finding: Equatable {
        var rule: Int
        var phrase: String
    }

    private enum Meaning {
        case word(rule: Int)
        case exception(rule: Int)
        case negation
    }

    private struct Hit {
        var rule: Int
        var start: Int
        var end: Int
    }

    private let automaton: PhraseAutomaton
    /// By phrase index of the automaton.
    private let meanings: [Meaning]
    private let negatable: [Bool]
    private let reach: Int

    init(_ rules: UrgencyRules) {
        var phrases: [String] = []
        var meanings: [Meaning] = []
        for (index, rule) in rules.words.enumerated() {
            phrases += rule.phrases
            meanings += rule.phrases.map { _ in .word(rule: index) }
            phrases += rule.exceptions
            meanings += rule.exceptions.map { _ in .exception(rule: index) }
        }
        phrases += rules.negations
        meanings += rules.negations.map { _ in .negation }
        automaton = PhraseAutomaton(phrases)
        self.meanings = meanings
        negatable = rules.words.map(\.negatable)
        reach = max(0, rules.negationReach)
    }

    /// The rules that `text` fires, each once with its first phrase that counts, in the order of the rules.
    func find(in text: String) -> [Finding] {
        var text = text
        return text.withUTF8 { bytes in
            var words: [Hit] = []
            var exceptions: [Hit] = []
            var negationEnds: [Int] = []
            automaton.scan(bytes) { match in
                switch meanings[match.phrase] {
                case .word(let rule): words.append(Hit(rule: rule, start: match.start, end: match.end))
                case .exception(let rule): exceptions.append(Hit(rule: rule, start: match.start, end: match.end))
                case .negation: negationEnds.append(match.end)
                }
            }
            guard !words.isEmpty else { return [] }
            if words.count > 1 { words.sort { ($0.rule, $0.start, $1.end) < ($1.rule, $1.start, $0.end) } }
            let covered = Self.merged(exceptions)

            var findings: [Finding] = []
            for word in words where findings.last?.rule != word.rule {
                if Self.overlaps(word, covered) { continue }
                if negatable[word.rule], isDenied(word.start, negationEnds, in: bytes) { continue }
                let phrase = String(decoding: bytes[word.start..<word.end], as: UTF8.self)
                findings.append(Finding(rule: word.rule, phrase: phrase))
            }
            return findings
        }
    }

    /// Hits of each rule joined where they overlap: disjoint, ascending by (rule, start).
    private static func merged(_ hits: [Hit]) -> [Hit] {
        guard hits.count > 1 else { return hits }
        var result: [Hit] = []
        for hit in hits.sorted(by: { ($0.rule, $0.end) < ($1.rule, $1.end) }) {
            var joined = hit
            while let last = result.last, last.rule == hit.rule, last.end > joined.start {
                joined.start = min(joined.start, last.start)
                result.removeLast()
            }
            result.append(joined)
        }
        return result
    }

    private static func overlaps(_ word: Hit, _ covered: [Hit]) -> Bool {
        let index = firstIndex(in: covered.count) { (covered[$0].rule, covered[$0].end) > (word.rule, word.start) }
        return index < covered.count && covered[index].rule == word.rule && covered[index].start < word.end
    }

    /// Whether the nearest negation that ends before `start` (`ends` ascends) reaches it: at most `reach`
    /// characters between them and no clause mark. One farther off has more of both between.
    private func isDenied(_ start: Int, _ ends: [Int], in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let after = Self.firstIndex(in: ends.count) { ends[$0] > start }
        guard after > 0 else { return false }
        var characters = 0
        var index = ends[after - 1]
        while index < start {
            if Self.endsClause(index, in: bytes) { return false }
            // Continuation bytes (10xxxxxx) belong to the character before them.
            if bytes[index] & 0xC0 != 0x80 { characters += 1 }
            if characters > reach { return false }
            index += 1
        }
        return true
    }

    /// Whether the character that begins at `index` is one of ，。！？；、,.!?; or a line break.
    private static func endsClause(_ index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        switch bytes[index] {
        case UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: ";"),
            UInt8(ascii: "\n"), UInt8(ascii: "\r"):
            return true
        case 0xE3:  // 、 E3 80 81, 。 E3 80 82
            guard index + 2 < bytes.count, bytes[index + 1] == 0x80 else { return false }
            return bytes[index + 2] == 0x81 || bytes[index + 2] == 0x82
        case 0xEF:  // ！ EF BC 81, ， EF BC 8C, ； EF BC 9B, ？ EF BC 9F
            guard index + 2 < bytes.count, bytes[index + 1] == 0xBC else { return false }
            switch bytes[index + 2] {
            case 0x81, 0x8C, 0x9B, 0x9F: return true
            default: return false
            }
        default:
            return false
        }
    }

    /// The first of `0..<count` for which `isAfter` holds, by halving; `count` where none does.
    private static func firstIndex(in count: Int, where isAfter: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

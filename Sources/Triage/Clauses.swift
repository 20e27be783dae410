// Where clauses and sentences end, found once for a text. A negation and a `~` stay within a clause; a question or
// an "if" within a sentence.

/// The breaks of one text, as byte offsets.
struct Clauses {
    /// Ascending: where a clause mark or a word such as "but" begins.
    private(set) var clauseBreaks: [Int] = []
    /// Ascending: where a sentence mark begins.
    private(set) var sentenceBreaks: [Int] = []
    private let count: Int

    /// `words` are where clause words begin, ascending.
    init(_ bytes: UnsafeBufferPointer<UInt8>, words: [Int]) {
        count = bytes.count
        var index = 0
        var nextWord = 0
        while index < bytes.count {
            if nextWord < words.count, words[nextWord] == index {
                clauseBreaks.append(index)
                nextWord += 1
                while nextWord < words.count, words[nextWord] == index { nextWord += 1 }
            }
            switch Self.mark(at: index, in: bytes) {
            case .none: break
            case .clause: clauseBreaks.append(index)
            case .sentence:
                clauseBreaks.append(index)
                sentenceBreaks.append(index)
            }
            index += 1
        }
    }

    /// The clause around `position`: the break before it, and the first at or after `end`.
    func clause(_ position: Int, _ end: Int) -> Range<Int> { Self.part(clauseBreaks, position, end, count) }

    /// The sentence around `position..<end`.
    func sentence(_ position: Int, _ end: Int) -> Range<Int> { Self.part(sentenceBreaks, position, end, count) }

    /// Whether a clause ends in `start..<end`.
    func separates(_ start: Int, _ end: Int) -> Bool {
        let index = firstIndex(in: clauseBreaks.count) { clauseBreaks[$0] >= start }
        return index < clauseBreaks.count && clauseBreaks[index] < end
    }

    private static func part(_ breaks: [Int], _ position: Int, _ end: Int, _ count: Int) -> Range<Int> {
        let before = firstIndex(in: breaks.count) { breaks[$0] >= position }
        let after = firstIndex(in: breaks.count) { breaks[$0] >= end }
        let low = before > 0 ? breaks[before - 1] : 0
        return low..<max(position, after < breaks.count ? breaks[after] : count)
    }

    private enum Mark { case none, clause, sentence }

    /// ，、, end a clause; 。！？；.!?; and line breaks a sentence too. A point inside a number or a word does neither.
    private static func mark(at index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Mark {
        switch bytes[index] {
        case UInt8(ascii: ","): return .clause
        case UInt8(ascii: "."):
            let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: " ")
            return next < 0x80 && PhraseAutomaton.isWordByte(next) ? .none : .sentence
        case UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: ";"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
            return .sentence
        case 0xE3:  // 、 E3 80 81, 。 E3 80 82
            guard index + 2 < bytes.count, bytes[index + 1] == 0x80 else { return .none }
            return bytes[index + 2] == 0x81 ? .clause : bytes[index + 2] == 0x82 ? .sentence : .none
        case 0xEF:  // ！ EF BC 81, ， EF BC 8C, ； EF BC 9B, ？ EF BC 9F
            guard index + 2 < bytes.count, bytes[index + 1] == 0xBC else { return .none }
            switch bytes[index + 2] {
            case 0x8C: return .clause
            case 0x81, 0x9B, 0x9F: return .sentence
            default: return .none
            }
        default:
            return .none
        }
    }

    /// Whether a clause mark stands in `start..<end`.
    static func endsClause(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Bool {
        (start..<max(start, end)).contains { mark(at: $0, in: bytes) != .none }
    }

    /// Whether at most `reach` stands between: a Chinese (or other non-Latin) character counts 1, a Latin word 2.
    static func isWithin(_ reach: Int, from start: Int, to end: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var weight = 0
        var inWord = false
        var index = start
        while index < end {
            let byte = bytes[index]
            if byte < 0x80 {
                let isWord = PhraseAutomaton.isWordByte(byte) || byte == UInt8(ascii: "'")
                if isWord, !inWord { weight += 2 }
                inWord = isWord
            } else {
                inWord = false
                // Continuation bytes (10xxxxxx) belong to the character before them.
                if byte & 0xC0 != 0x80 { weight += 1 }
            }
            if weight > reach { return false }
            index += 1
        }
        return true
    }
}

/// The first of `0..<count` for which `isAfter` holds, by halving; `count` where none does.
func firstIndex(in count: Int, where isAfter: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
        let middle = (low + high) / 2
        if isAfter(middle) { high = middle } else { low = middle + 1 }
    }
    return low
}

/// Byte ranges that are disjoint and ascend.
struct Spans {
    private var ranges: [Range<Int>] = []

    init(_ unsorted: [Range<Int>]) {
        ranges.reserveCapacity(unsorted.count)
        for range in unsorted.count > 1 ? unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) : unsorted {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    /// The range that overlaps `start..<end`, if one does.
    func overlapping(_ start: Int, _ end: Int) -> Range<Int>? {
        let index = firstIndex(in: ranges.count) { ranges[$0].upperBound > start }
        return index < ranges.count && ranges[index].lowerBound < end ? ranges[index] : nil
    }
}

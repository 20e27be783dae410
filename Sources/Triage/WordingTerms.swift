// How a text falls into the terms that wording is weighed by. Fitting and scoring must cut alike, so both use this. Terms are
// told by a hash of their normalised scalars: a score then makes no strings.

/// The terms of a text, each once.
public struct WordingTerms: Sendable {
    /// Where a term stands, for telling it to a person.
    enum Place: Hashable, Sendable {
        /// Chinese characters, a range of ``scalars``.
        case run(Range<Int>)
        /// Words in a row, a range of ``words``.
        case words(Range<Int>)
        /// The beginning of a longer word.
        case prefix(Int)
        /// A word and the next but one.
        case gap(Int)
    }

    static let longestRun = 3
    static let longestPhrase = 3
    /// Of a word longer than this, the beginning counts as a term of its own.
    static let prefixLength = 5

    /// Lower case, without apostrophes; what is neither Chinese nor a Latin letter is 0.
    private var scalars: [UInt32] = []
    private var words: [Range<Int>] = []
    /// Hash → the first place of that term.
    private(set) var places: [UInt64: Place] = [:]

    public init(_ text: String) {
        scalars.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars { append(scalar.value) }
        var start = 0
        while start < scalars.count {
            let isHan = Self.isHan(scalars[start])
            guard isHan || Self.isLatin(scalars[start]) else {
                start += 1
                continue
            }
            var end = start + 1
            while end < scalars.count, isHan ? Self.isHan(scalars[end]) : Self.isLatin(scalars[end]) { end += 1 }
            if isHan { cut(run: start..<end) } else { words.append(start..<end) }
            start = end
        }
        phrases()
    }

    /// The hashes of all terms.
    public var hashes: some Collection<UInt64> { places.keys }

    /// The term as rules write it; empty for one that is not of this text.
    public func text(of hash: UInt64) -> String {
        switch places[hash] {
        case .run(let range): string(range)
        case .words(let range): range.map { string(words[$0]) }.joined(separator: " ")
        case .prefix(let word): string(words[word].prefix(Self.prefixLength)) + "*"
        case .gap(let word): string(words[word]) + " _ " + string(words[word + 2])
        case nil: ""
        }
    }

    /// The hash of a term as rules write it, which is the one that a text with it has.
    public static func hash(of term: String) -> UInt64 {
        var hash = Hash()
        for scalar in term.unicodeScalars { hash.add(scalar.value) }
        return hash.value
    }

    // MARK: - Cutting

    private mutating func append(_ scalar: UInt32) {
        switch scalar {
        case 0x27, 0x2019: break
        case 0x41...0x5A: scalars.append(scalar + 0x20)
        default: scalars.append(Self.isHan(scalar) || Self.isLatin(scalar) ? scalar : 0)
        }
    }

    private static func isHan(_ scalar: UInt32) -> Bool { (0x4E00...0x9FFF).contains(scalar) }
    private static func isLatin(_ scalar: UInt32) -> Bool { (0x61...0x7A).contains(scalar) }

    private mutating func cut(run: Range<Int>) {
        for start in run {
            var hash = Hash()
            for end in start..<min(run.upperBound, start + Self.longestRun) {
                hash.add(scalars[end])
                note(hash, .run(start..<end + 1))
            }
        }
    }

    private mutating func phrases() {
        for first in words.indices {
            var hash = Hash()
            for last in first..<min(words.count, first + Self.longestPhrase) {
                if last > first { hash.add(0x20) }
                hash.add(scalars[words[last]])
                note(hash, .words(first..<last + 1))
            }
            if words[first].count > Self.prefixLength {
                var prefix = Hash()
                prefix.add(scalars[words[first].prefix(Self.prefixLength)])
                prefix.add(0x2A)
                note(prefix, .prefix(first))
            }
            if first + 2 < words.count {
                var gap = Hash()
                gap.add(scalars[words[first]])
                for scalar: UInt32 in [0x20, 0x5F, 0x20] { gap.add(scalar) }
                gap.add(scalars[words[first + 2]])
                note(gap, .gap(first))
            }
        }
    }

    private mutating func note(_ hash: Hash, _ place: Place) {
        if places[hash.value] == nil { places[hash.value] = place }
    }

    private func string(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range].compactMap(Unicode.Scalar.init))
        return String(text)
    }

    /// FNV-1a over scalars, 64 bits.
    private struct Hash {
        private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

        mutating func add(_ scalar: UInt32) { value = (value ^ UInt64(scalar)) &* 0x100_0000_01B3 }
        mutating func add(_ scalars: ArraySlice<UInt32>) { for scalar in scalars { add(scalar) } }
    }
}

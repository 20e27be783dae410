// How a text falls into the terms that wording is weighed by. Fitting and scoring must cut alike, so both use this. Terms are
// told by a hash of their normalised scalars: a score then makes no strings.

/// The terms of a text, each once.
public struct WordingTerms: Sendable {
    /// Hash → the term as rules write it.
    private var texts: [UInt64: String] = [:]

    public init(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            WordingCut.with(bytes) { cut in
                cut.forEachTerm { hash, place in
                    guard texts[hash] == nil else { return }
                    texts[hash] = cut.withWriter(places: 1, separator: "") { writer in
                        writer.write(place)
                        return writer.string
                    }
                }
            }
        }
    }

    /// The hashes of all terms.
    public var hashes: some Collection<UInt64> { texts.keys }

    /// The term as rules write it; empty for one that is not of this text.
    public func text(of hash: UInt64) -> String { texts[hash] ?? "" }

    /// The hash of a term as rules write it, which is the one that a text with it has.
    public static func hash(of term: String) -> UInt64 {
        var hash = TermHash64()
        for scalar in term.unicodeScalars { hash.add(scalar.value) }
        return hash.value
    }
}

/// FNV-1a (Fowler, Noll, Vo) over scalars, 64 bits.
struct TermHash64 {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always)
    mutating func add(_ scalar: UInt32) { value = (value ^ UInt64(scalar)) &* 0x100_0000_01B3 }
}

/// A text cut into Chinese characters and Latin words, lent for the time of a closure.
struct WordingCut {
    /// Where a term stands.
    struct Place {
        enum Kind: UInt8 {
            /// Chinese characters, from ``start`` in the letters.
            case run
            /// Words in a row, from ``start`` in the words.
            case words
            /// The beginning of a longer word.
            case prefix
            /// A word and the next but one.
            case gap
        }

        var start: Int32
        var count: UInt8
        var kind: Kind
    }

    struct Word {
        var start: Int32
        var end: Int32

        var count: Int { Int(end - start) }
    }

    static let longestRun = 3
    static let longestPhrase = 3
    /// Of a word longer than this, the beginning counts as a term of its own.
    static let prefixLength = 5

    /// Lower case, without apostrophes; what is neither Chinese nor a Latin letter is 0.
    private let letters: UnsafeBufferPointer<UInt16>
    private let words: UnsafeBufferPointer<Word>

    /// The most places that a text can have: three of a character; three, a prefix and a gap of a word.
    var bound: Int { letters.count * 3 + words.count * 5 }

    /// Cuts `bytes`, which are UTF-8.
    static func with<Result>(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (WordingCut) -> Result) -> Result {
        // A scalar takes a byte at least; a word too, and another byte apart from the next.
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: max(1, bytes.count)) { letters in
            withUnsafeTemporaryAllocation(of: Word.self, capacity: bytes.count / 2 + 1) { words in
                var count = 0
                var index = 0
                while index < bytes.count {
                    let scalar = nextScalar(bytes, &index)
                    if scalar == 0x27 || scalar == 0x2019 { continue }
                    letters.initializeElement(at: count, to: normalised(scalar))
                    count += 1
                }
                var wordCount = 0
                var start = 0
                while start < count {
                    guard isLatin(letters[start]) else {
                        start += 1
                        continue
                    }
                    var end = start + 1
                    while end < count, isLatin(letters[end]) { end += 1 }
                    words.initializeElement(at: wordCount, to: Word(start: Int32(clamping: start), end: Int32(clamping: end)))
                    wordCount += 1
                    start = end
                }
                return body(
                    WordingCut(
                        letters: UnsafeBufferPointer(rebasing: letters[..<count]),
                        words: UnsafeBufferPointer(rebasing: words[..<wordCount])))
            }
        }
    }

    @inline(__always)
    private static func normalised(_ scalar: UInt32) -> UInt16 {
        switch scalar {
        case 0x4E00...0x9FFF, 0x61...0x7A: UInt16(truncatingIfNeeded: scalar)
        case 0x41...0x5A: UInt16(truncatingIfNeeded: scalar + 0x20)
        default: 0
        }
    }

    private static func isHan(_ letter: UInt16) -> Bool { letter >= 0x4E00 }
    private static func isLatin(_ letter: UInt16) -> Bool { letter >= 0x61 && letter <= 0x7A }

    /// Calls `body` with the hash and place of each term, as often as it stands in the text.
    @inline(__always)
    func forEachTerm(_ body: (UInt64, Place) -> Void) {
        for start in letters.indices where Self.isHan(letters[start]) {
            var hash = TermHash64()
            var end = start
            while end < letters.count, end - start < Self.longestRun, Self.isHan(letters[end]) {
                hash.add(UInt32(letters[end]))
                end += 1
                body(hash.value, Place(start: Int32(truncatingIfNeeded: start), count: UInt8(end - start), kind: .run))
            }
        }
        for first in words.indices {
            let place = Int32(truncatingIfNeeded: first)
            var hash = TermHash64()
            for last in first..<min(words.count, first + Self.longestPhrase) {
                if last > first { hash.add(0x20) }
                add(words[last], to: &hash)
                body(hash.value, Place(start: place, count: UInt8(last + 1 - first), kind: .words))
            }
            if words[first].count > Self.prefixLength {
                var prefix = TermHash64()
                for letter in Int(words[first].start)..<Int(words[first].start) + Self.prefixLength { prefix.add(UInt32(letters[letter])) }
                prefix.add(0x2A)
                body(prefix.value, Place(start: place, count: 1, kind: .prefix))
            }
            if first + 2 < words.count {
                var gap = TermHash64()
                add(words[first], to: &gap)
                for scalar: UInt32 in [0x20, 0x5F, 0x20] { gap.add(scalar) }
                add(words[first + 2], to: &gap)
                body(gap.value, Place(start: place, count: 3, kind: .gap))
            }
        }
    }

    @inline(__always)
    private func add(_ word: Word, to hash: inout TermHash64) {
        for letter in Int(word.start)..<Int(word.end) { hash.add(UInt32(letters[letter])) }
    }

    /// Lends memory for `places` terms as text.
    func withWriter<Result>(places: Int, separator: StaticString, _ body: (inout Writer) -> Result) -> Result {
        // A letter takes three bytes at most, and a term three more ("a _ b", "burni*") and what separates it.
        let capacity = places * (letters.count * 3 + 3 + separator.utf8CodeUnitCount)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { bytes in
            var writer = Writer(cut: self, separator: separator, bytes: bytes)
            return body(&writer)
        }
    }

    /// Terms as rules write them, one behind the other.
    struct Writer {
        fileprivate let cut: WordingCut
        fileprivate let separator: StaticString
        fileprivate let bytes: UnsafeMutableBufferPointer<UInt8>
        private var count = 0
        private(set) var texts: [Range<Int>] = []

        fileprivate init(cut: WordingCut, separator: StaticString, bytes: UnsafeMutableBufferPointer<UInt8>) {
            (self.cut, self.separator, self.bytes) = (cut, separator, bytes)
        }

        var string: String { String(decoding: UnsafeBufferPointer(rebasing: bytes[..<count]), as: UTF8.self) }

        mutating func write(_ place: Place) {
            if count > 0 {
                separator.withUTF8Buffer { for byte in $0 { put(byte) } }
            }
            let begin = count
            let (start, words) = (Int(place.start), cut.words)
            switch place.kind {
            case .run: for letter in start..<start + Int(place.count) { put(letter: cut.letters[letter]) }
            case .words:
                for word in start..<start + Int(place.count) {
                    if word > start { put(UInt8(ascii: " ")) }
                    put(words[word])
                }
            case .prefix:
                put(Word(start: words[start].start, end: words[start].start + Int32(WordingCut.prefixLength)))
                put(UInt8(ascii: "*"))
            case .gap:
                put(words[start])
                for byte in [UInt8(ascii: " "), UInt8(ascii: "_"), UInt8(ascii: " ")] { put(byte) }
                put(words[start + 2])
            }
            texts.append(begin..<count)
        }

        /// Takes the last one back.
        mutating func takeBack() {
            texts.removeLast()
            count = texts.last?.upperBound ?? 0
        }

        /// Whether the last is a part of another one, or that of it.
        var repeatsItself: Bool {
            guard let last = texts.last else { return false }
            return texts.dropLast().contains { $0.count < last.count ? contains(last, part: $0) : contains($0, part: last) }
        }

        /// Bytes will do: no character of UTF-8 begins inside another.
        private func contains(_ whole: Range<Int>, part: Range<Int>) -> Bool {
            for start in whole.lowerBound...whole.upperBound - part.count {
                var length = 0
                while length < part.count, bytes[start + length] == bytes[part.lowerBound + length] { length += 1 }
                if length == part.count { return true }
            }
            return false
        }

        private mutating func put(_ word: Word) {
            for letter in Int(word.start)..<Int(word.end) { put(letter: cut.letters[letter]) }
        }

        private mutating func put(letter: UInt16) {
            guard letter >= 0x80 else { return put(UInt8(truncatingIfNeeded: letter)) }
            put(0xE0 | UInt8(truncatingIfNeeded: letter >> 12))
            put(0x80 | UInt8(truncatingIfNeeded: letter >> 6 & 0x3F))
            put(0x80 | UInt8(truncatingIfNeeded: letter & 0x3F))
        }

        private mutating func put(_ byte: UInt8) {
            precondition(count < bytes.count, "more terms than were asked for")
            bytes.initializeElement(at: count, to: byte)
            count += 1
        }
    }
}

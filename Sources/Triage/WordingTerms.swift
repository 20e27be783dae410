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

    /// The hashes of what a term as rules write it begins with, which ``WordingCut/forEachTerm(known:_:)`` goes by.
    static func beginnings(of term: String) -> [(UInt64, WordingTable.Uses)] {
        let words = term.split(separator: " ", omittingEmptySubsequences: false)
        if words.count == 3, words[1] == "_" { return [(hash(of: String(words[0])), .gap)] }
        if words.count > 1 {
            return (1..<words.count).map { (hash(of: words[..<$0].joined(separator: " ")), .longer) }
        }
        let scalars = Array(term.unicodeScalars)
        // A Latin word has no beginnings but the one with a star, which is a term of its own.
        guard scalars.allSatisfy({ $0.value >= 0x4E00 }) else { return [] }
        return scalars.indices.dropFirst().map { end in
            var hash = TermHash64()
            for scalar in scalars[..<end] { hash.add(scalar.value) }
            return (hash.value, .longer)
        }
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
    /// Where a term stands, packed: a text has dozens.
    struct Place {
        enum Kind: UInt32 {
            /// Chinese characters, from ``start`` in the letters.
            case run
            /// Words in a row, from ``start`` in the words.
            case words
            /// The beginning of a longer word.
            case prefix
            /// A word and the next but one.
            case gap
        }

        private let packed: UInt32

        /// - Parameter count: up to 3.
        init(start: Int, count: Int, kind: Kind) {
            packed = UInt32(truncatingIfNeeded: start) << 4 | UInt32(truncatingIfNeeded: count) << 2 | kind.rawValue
        }

        var start: Int { Int(packed >> 4) }
        var count: Int { Int(packed >> 2 & 3) }
        var kind: Kind { Kind(rawValue: packed & 3) ?? .run }
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
    private let characters: Int

    /// The most places that a text can have: three of a Chinese character; three, a prefix and a gap of a word.
    var bound: Int { characters * 3 + words.count * 5 }

    /// Cuts `bytes`, which are UTF-8.
    static func with<Result>(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (WordingCut) -> Result) -> Result {
        // A scalar takes a byte at least; a word too, and another byte apart from the next.
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: max(1, bytes.count)) { letters in
            withUnsafeTemporaryAllocation(of: Word.self, capacity: bytes.count / 2 + 1) { words in
                var (count, wordCount, characters) = (0, 0, 0)
                var wasLatin = false
                var index = 0
                while index < bytes.count {
                    if isLatin(UInt16(bytes[index] | 0x20)) {
                        // A word, or its part after an apostrophe.
                        if !wasLatin {
                            let start = Int32(truncatingIfNeeded: count)
                            words.initializeElement(at: wordCount, to: Word(start: start, end: start))
                            wordCount &+= 1
                            wasLatin = true
                        }
                        while index < bytes.count, isLatin(UInt16(bytes[index] | 0x20)) {
                            letters.initializeElement(at: count, to: UInt16(bytes[index] | 0x20))
                            count &+= 1
                            index &+= 1
                        }
                        words[wordCount &- 1].end = Int32(truncatingIfNeeded: count)
                        continue
                    }
                    let scalar = nextScalar(bytes, &index)
                    if scalar == 0x27 || scalar == 0x2019 { continue }
                    wasLatin = false
                    let isCharacter = (0x4E00...0x9FFF).contains(scalar)
                    letters.initializeElement(at: count, to: isCharacter ? UInt16(truncatingIfNeeded: scalar) : 0)
                    count &+= 1
                    if isCharacter { characters &+= 1 }
                }
                return body(
                    WordingCut(
                        letters: UnsafeBufferPointer(start: letters.baseAddress, count: count),
                        words: UnsafeBufferPointer(start: words.baseAddress, count: wordCount), characters: characters))
            }
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
                body(hash.value, Place(start: start, count: end - start, kind: .run))
            }
        }
        for first in words.indices {
            var hash = TermHash64()
            for last in first..<min(words.count, first + Self.longestPhrase) {
                if last > first { hash.add(0x20) }
                add(words[last], to: &hash)
                body(hash.value, Place(start: first, count: last + 1 - first, kind: .words))
            }
            if words[first].count > Self.prefixLength {
                body(prefix(of: words[first]), Place(start: first, count: 1, kind: .prefix))
            }
            if first + 2 < words.count {
                var word = TermHash64()
                add(words[first], to: &word)
                body(gap(word, to: words[first + 2]), Place(start: first, count: 3, kind: .gap))
            }
        }
    }

    /// Calls `body` with the entry and place of each term that the table has, as often as it stands in the text: those that
    /// ``forEachTerm(_:)`` gives and the table knows, in the same order.
    @inline(__always)
    func forEachTerm(known lookup: WordingTable.Lookup, _ body: (_ entry: Int, Place) -> Void) {
        var start = -1
        while start &+ 1 < letters.count {
            start &+= 1
            if !Self.isHan(letters[start]) { continue }
            var hash = TermHash64()
            var end = start
            while end < letters.count, end &- start < Self.longestRun, Self.isHan(letters[end]) {
                hash.add(UInt32(letters[end]))
                end &+= 1
                guard let entry = lookup.entry(hash.value) else { break }
                let uses = lookup.uses(of: entry)
                if uses.contains(.term) { body(entry, Place(start: start, count: end - start, kind: .run)) }
                if !uses.contains(.longer) { break }
            }
        }
        for first in words.indices {
            var word = TermHash64()
            // Of a longer word the beginning is a term of its own.
            let isLong = words[first].count > Self.prefixLength
            var prefix = TermHash64()
            var letter = Int(words[first].start)
            if isLong {
                let end = letter &+ Self.prefixLength
                while letter < end {
                    word.add(UInt32(letters[letter]))
                    letter &+= 1
                }
                prefix = word
                prefix.add(0x2A)
            }
            while letter < Int(words[first].end) {
                word.add(UInt32(letters[letter]))
                letter &+= 1
            }
            var hash = word
            var last = first
            var hasGap = false
            while let entry = lookup.entry(hash.value) {
                let uses = lookup.uses(of: entry)
                if last == first { hasGap = uses.contains(.gap) }
                last += 1
                if uses.contains(.term) { body(entry, Place(start: first, count: last - first, kind: .words)) }
                guard uses.contains(.longer), last < words.count, last - first < Self.longestPhrase else { break }
                hash.add(0x20)
                add(words[last], to: &hash)
            }
            if isLong, let entry = lookup.entry(prefix.value), lookup.uses(of: entry).contains(.term) {
                body(entry, Place(start: first, count: 1, kind: .prefix))
            }
            if hasGap, first + 2 < words.count, let entry = lookup.entry(gap(word, to: words[first + 2])),
                lookup.uses(of: entry).contains(.term)
            {
                body(entry, Place(start: first, count: 3, kind: .gap))
            }
        }
    }

    @inline(__always)
    private func prefix(of word: Word) -> UInt64 {
        var prefix = TermHash64()
        for letter in Int(word.start)..<Int(word.start) + Self.prefixLength { prefix.add(UInt32(letters[letter])) }
        prefix.add(0x2A)
        return prefix.value
    }

    /// - Parameter first: of the word before the gap.
    @inline(__always)
    private func gap(_ first: TermHash64, to word: Word) -> UInt64 {
        var gap = first
        gap.add(0x20)
        gap.add(0x5F)
        gap.add(0x20)
        add(word, to: &gap)
        return gap.value
    }

    @inline(__always)
    private func add(_ word: Word, to hash: inout TermHash64) {
        var letter = Int(word.start)
        while letter < Int(word.end) {
            hash.add(UInt32(letters[letter]))
            letter &+= 1
        }
    }

    /// Lends memory for `places` terms as text.
    func withWriter<Result>(places: Int, separator: StaticString, _ body: (inout Writer) -> Result) -> Result {
        // A letter takes three bytes at most, and a term three more ("a _ b", "burni*") and what separates it.
        let capacity = places * (letters.count * 3 + 3 + separator.utf8CodeUnitCount)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { bytes in
            withUnsafeTemporaryAllocation(of: Range<Int>.self, capacity: max(1, places)) { texts in
                var writer = Writer(cut: self, separator: separator, bytes: bytes, texts: texts)
                return body(&writer)
            }
        }
    }

    /// Terms as rules write them, one behind the other.
    struct Writer {
        fileprivate let cut: WordingCut
        fileprivate let separator: StaticString
        fileprivate let bytes: UnsafeMutableBufferPointer<UInt8>
        private let texts: UnsafeMutableBufferPointer<Range<Int>>
        private var bytesWritten = 0
        /// Terms that stand.
        private(set) var count = 0

        fileprivate init(
            cut: WordingCut, separator: StaticString, bytes: UnsafeMutableBufferPointer<UInt8>, texts: UnsafeMutableBufferPointer<Range<Int>>
        ) {
            (self.cut, self.separator, self.bytes, self.texts) = (cut, separator, bytes, texts)
        }

        var string: String { String(decoding: UnsafeBufferPointer(rebasing: bytes[..<bytesWritten]), as: UTF8.self) }

        mutating func write(_ place: Place) {
            precondition(count < texts.count, "more terms than were asked for")
            if count > 0 {
                separator.withUTF8Buffer { for byte in $0 { put(byte) } }
            }
            let begin = bytesWritten
            let (start, words) = (place.start, cut.words)
            switch place.kind {
            case .run: for letter in start..<start + place.count { put(letter: cut.letters[letter]) }
            case .words:
                for word in start..<start + place.count {
                    if word > start { put(UInt8(ascii: " ")) }
                    put(words[word])
                }
            case .prefix:
                put(Word(start: words[start].start, end: words[start].start + Int32(WordingCut.prefixLength)))
                put(UInt8(ascii: "*"))
            case .gap:
                put(words[start])
                put(UInt8(ascii: " "))
                put(UInt8(ascii: "_"))
                put(UInt8(ascii: " "))
                put(words[start + 2])
            }
            texts.initializeElement(at: count, to: begin..<bytesWritten)
            count += 1
        }

        /// Takes the last one back.
        mutating func takeBack() {
            count -= 1
            bytesWritten = count > 0 ? texts[count - 1].upperBound : 0
        }

        /// Whether the last is a part of another one, or that of it.
        var repeatsItself: Bool {
            guard count > 1 else { return false }
            let last = texts[count - 1]
            for index in 0..<count - 1 {
                let text = texts[index]
                if text.count < last.count ? contains(last, part: text) : contains(text, part: last) { return true }
            }
            return false
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
            precondition(bytesWritten < bytes.count, "more terms than were asked for")
            bytes.initializeElement(at: bytesWritten, to: byte)
            bytesWritten += 1
        }
    }
}

// A text as weighted terms, so that two texts compare in one merge pass over numbers.
//
// Chinese has no spaces, and which characters make a word is a guess; each character counts, and each neighbouring pair
// for a quarter. Of Latin text each word counts, and each three letters in a row within a word for a fifth: they carry
// plurals and slips of the pen.

import TipModel

/// The terms of one text with their weights.
public struct TextTerms: Hashable, Sendable {
    /// Terms beyond this are left out, the last in the text first: 300 bytes of it hold at most 300.
    public static let bound = 320

    /// Ascending and distinct. The lowest two bits tell the kind; see ``Kind``.
    let terms: [UInt32]
    /// As many as ``terms``.
    let weights: [Float]
    /// The sum of the weights.
    let total: Float
    /// Whether Chinese characters outweigh Latin words; nil where there are neither.
    let isHan: Bool?

    enum Kind: UInt32 {
        case character = 0
        case pair = 1
        case word = 2
        case part = 3

        /// What a term of this kind counts for beside a whole one.
        var scale: Float {
            switch self {
            case .character, .word: 1
            case .pair: 0.25
            case .part: 0.2
            }
        }

        private static let scales = SIMD4<Float>(
            Kind.character.scale, Kind.pair.scale, Kind.word.scale, Kind.part.scale)

        /// That of a term's kind.
        static func scale(of term: UInt32) -> Float { scales[Int(term & 3)] }
    }

    init(_ text: String, weights table: TermWeights) {
        var (found, weights): ([UInt32], [Float]) = ([], [])
        var (han, latin) = (0, 0)
        var total: Float = 0
        TermScan.with(text) { scan in
            (han, latin) = (scan.han, scan.latin)
            let sorted = scan.sorted()
            // The distinct ones are no more than all.
            found = Array(unsafeUninitializedCapacity: sorted.count) { terms, distinct in
                for term in sorted where distinct == 0 || terms[distinct - 1] != term {
                    terms.initializeElement(at: distinct, to: term)
                    distinct += 1
                }
            }
            weights = Array(unsafeUninitializedCapacity: found.count) { weights, count in
                for term in found {
                    let weight = table.weight(of: term)
                    weights.initializeElement(at: count, to: weight)
                    total += weight
                    count += 1
                }
            }
        }
        terms = found
        self.weights = weights
        self.total = total
        isHan = han + latin == 0 ? nil : han * 2 >= latin
    }

    /// Calls `body` with each distinct term of `text`.
    static func forEachTerm(in text: String, _ body: (UInt32) -> Void) {
        TermScan.with(text) { scan in for term in Set(scan.sorted()) { body(term) } }
    }

    /// The weight of the terms that both have.
    func shared(with other: TextTerms) -> Float {
        var (left, right) = (0, 0)
        var shared: Float = 0
        terms.withUnsafeBufferPointer { mine in
            other.terms.withUnsafeBufferPointer { theirs in
                while left < mine.count, right < theirs.count {
                    let (one, two) = (mine[left], theirs[right])
                    if one == two { shared += weights[left] }
                    // Without branches: which side is behind is as good as random.
                    left += one <= two ? 1 : 0
                    right += two <= one ? 1 : 0
                }
            }
        }
        return shared
    }

    /// How alike they are, 0…1, by ``TextRules``.
    func similarity(to other: TextTerms, _ rules: TextRules) -> Double {
        let shared = shared(with: other)
        guard shared > 0 else { return 0 }
        let mine = Double(max(0, total - shared)), theirs = Double(max(0, other.total - shared))
        let against = rules.lesser * min(mine, theirs) + rules.greater * max(mine, theirs)
        return Double(shared) / (Double(shared) + rules.smoothing + against)
    }
}

/// Finds the terms of a text, in memory that is lent for the time of a closure.
private struct TermScan {
    private(set) var count = 0
    private(set) var han = 0
    /// Letters and digits.
    private(set) var latin = 0
    /// In the first half the terms, in the second half place to sort them.
    private let terms: UnsafeMutableBufferPointer<UInt32>
    private let bound: Int
    private var previous: UInt32 = 0
    private var previousHash: UInt32 = 0
    private var word: UInt32 = 0
    /// The last two letters of the word at hand, the older one above.
    private var letters: UInt32 = 0
    private var length = 0

    private init(_ terms: UnsafeMutableBufferPointer<UInt32>) {
        self.terms = terms
        bound = terms.count / 2
    }

    static func with(_ text: String, _ body: (TermScan) -> Void) {
        var text = text
        text.withUTF8 { bytes in
            // Never more terms than bytes: a word of n letters gives n at most, a character of three bytes two.
            let bound = min(TextTerms.bound, bytes.count + 1)
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * bound) { terms in
                var scan = TermScan(terms)
                scan.run(bytes)
                body(scan)
            }
        }
    }

    private mutating func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < bytes.count {
            let value = nextScalar(bytes, &index)
            if value < 0x80 {
                previous = 0
                if let letter = Self.lowercasedASCII(UInt8(truncatingIfNeeded: value)) { take(letter: letter) } else { endWord() }
            } else {
                endWord()
                if Self.isHan(value) { take(character: value) } else { previous = 0 }
            }
        }
        endWord()
    }

    private static let heaps = 64
    private static let heapShift: UInt32 = 26

    /// The terms in ascending order. Hashes are spread evenly: dealt out by their upper bits they are almost in order.
    func sorted() -> UnsafeMutableBufferPointer<UInt32>.SubSequence {
        let sorted = bound..<bound + count
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Self.heaps) { ends in
            ends.initialize(repeating: 0)
            // A heap is six bits of a term.
            for index in 0..<count { ends[Int(terms[index] >> Self.heapShift)] += 1 }
            var sum: UInt16 = 0
            for heap in 0..<Self.heaps {
                let size = ends[heap]
                ends[heap] = sum
                sum += size
            }
            for index in 0..<count {
                let term = terms[index]
                let heap = Int(term >> Self.heapShift)
                terms.initializeElement(at: sorted.lowerBound + Int(ends[heap]), to: term)
                ends[heap] += 1
            }
        }
        for index in sorted.dropFirst() {
            let term = terms[index]
            var place = index
            while place > sorted.lowerBound, term < terms[place - 1] {
                terms[place] = terms[place - 1]
                place -= 1
            }
            terms[place] = term
        }
        return terms[sorted]
    }

    private mutating func take(letter: UInt8) {
        latin += 1
        let value = UInt32(letter)
        word = TermHash.mix(length == 0 ? TermHash.basis : word, value)
        length += 1
        if length >= 3 { add(TermHash.mix(TermHash.mix(TermHash.basis, letters), value), .part) }
        letters = (letters & 0xFF) << 8 | value
    }

    private mutating func take(character: UInt32) {
        han += 1
        let hash = TermHash.mix(TermHash.basis, character)
        add(hash, .character)
        // 0 only where no Chinese character stands before.
        if previous != 0 { add(TermHash.mix(previousHash, character), .pair) }
        (previous, previousHash) = (character, hash)
    }

    private mutating func endWord() {
        guard length > 0 else { return }
        // A word of three letters is its own only part.
        if length == 3 { count -= 1 }
        add(word, .word)
        length = 0
        letters = 0
    }

    private mutating func add(_ hash: UInt32, _ kind: TextTerms.Kind) {
        guard count < bound else { return }
        terms.initializeElement(at: count, to: TermHash.term(hash, kind))
        count += 1
    }

    private static func lowercasedASCII(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
        default: nil
        }
    }

    private static func isHan(_ value: UInt32) -> Bool {
        (0x4E00...0x9FFF).contains(value) || (0x3400...0x4DBF).contains(value) || (0x20000...0x323AF).contains(value)
    }
}

/// FNV-1a (Fowler, Noll, Vo) over the four bytes of each value, 32 bits.
enum TermHash {
    static let basis: UInt32 = 2_166_136_261

    private static let prime: UInt32 = 16_777_619
    /// A byte of 0 only multiplies, so two or three of them are one multiplication.
    private static let primeSquared = prime &* prime
    private static let primeCubed = primeSquared &* prime

    @inline(__always)
    static func mix(_ hash: UInt32, _ value: UInt32) -> UInt32 {
        let low = ((hash ^ value & 0xFF) &* prime) ^ (value >> 8 & 0xFF)
        if value < 0x1_0000 { return low &* primeCubed }
        return (((low &* prime) ^ (value >> 16 & 0xFF)) &* prime ^ value >> 24) &* prime
    }

    static func term(_ hash: UInt32, _ kind: TextTerms.Kind) -> UInt32 { hash & ~3 | kind.rawValue }
}

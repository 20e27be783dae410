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

        static let scales = SIMD4<Float>(
            Kind.character.scale, Kind.pair.scale, Kind.word.scale, Kind.part.scale)

        /// That of a term's kind.
        static func scale(of term: UInt32) -> Float { scales[Int(term & 3)] }
    }

    init(_ text: String, weights table: TermWeights) {
        (terms, weights, total, isHan) = TermScan.with(text) { scan in
            let sorted = scan.sorted()
            return withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, sorted.count)) { weights in
                var (distinct, total): (Int, Float) = (0, 0)
                table.withLookup { table in
                    var last: UInt32?
                    for index in sorted.indices where sorted[index] != last {
                        let term = sorted[index]
                        last = term
                        let weight = table.weight(of: term)
                        sorted[distinct] = term
                        weights.initializeElement(at: distinct, to: weight)
                        total += weight
                        distinct += 1
                    }
                }
                let isHan = scan.han + scan.latin == 0 ? nil : scan.han * 2 >= scan.latin
                return (
                    Array(UnsafeBufferPointer(start: sorted.baseAddress, count: distinct)),
                    Array(UnsafeBufferPointer(start: weights.baseAddress, count: distinct)), total, isHan
                )
            }
        }
    }

    /// Calls `body` with each distinct term of `text`.
    static func forEachTerm(in text: String, _ body: (UInt32) -> Void) {
        TermScan.with(text) { scan in
            var last: UInt32?
            for term in scan.sorted() where term != last {
                last = term
                body(term)
            }
        }
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
    /// How many terms have each value of their upper bits.
    private let heaps: UnsafeMutableBufferPointer<UInt16>

    private init(_ terms: UnsafeMutableBufferPointer<UInt32>, heaps: UnsafeMutableBufferPointer<UInt16>) {
        self.terms = terms
        self.heaps = heaps
        bound = terms.count / 2
    }

    static func with<Result>(_ text: String, _ body: (TermScan) -> Result) -> Result {
        var text = text
        return text.withUTF8 { bytes in
            // Never more terms than bytes: a word of n letters gives n at most, a character of three bytes two.
            let bound = min(TextTerms.bound, bytes.count + 1)
            return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * bound) { terms in
                withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 1 << heapBits) { heaps in
                    heaps.initialize(repeating: 0)
                    var scan = TermScan(terms, heaps: heaps)
                    scan.run(bytes)
                    return body(scan)
                }
            }
        }
    }

    private mutating func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        // The character before and its hash; 0 only where no Chinese character stands before.
        var previous: UInt32 = 0
        var previousHash: UInt32 = 0
        while index < bytes.count {
            if Self.lowercasedASCII(bytes[index]) != nil {
                index = takeWord(bytes, from: index)
                previous = 0
                continue
            }
            let value = nextScalar(bytes, &index)
            guard Self.isHan(value) else {
                previous = 0
                continue
            }
            han += 1
            let hash = TermHash.mix(TermHash.basis, value)
            add(hash, .character)
            if previous != 0 { add(TermHash.mix(previousHash, value), .pair) }
            (previous, previousHash) = (value, hash)
        }
    }

    /// Takes the letters and digits from `start` on, of which there is one at least; gives back where they end.
    private mutating func takeWord(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        var word = TermHash.basis
        // The last two letters, the older one above.
        var letters: UInt32 = 0
        while index < bytes.count, let letter = Self.lowercasedASCII(bytes[index]) {
            word = TermHash.mix(word, byte: letter)
            if index - start >= 2 { add(TermHash.mix(TermHash.mix(TermHash.basis, letters), byte: letter), .part) }
            letters = (letters & 0xFF) << 8 | UInt32(letter)
            index += 1
        }
        latin += index - start
        // A word of three letters is its own only part.
        if index - start == 3 { takeBack() }
        add(word, .word)
        return index
    }

    private static let heapBits: UInt32 = 6

    private static func heap(of term: UInt32) -> Int { Int(term >> (32 - heapBits)) }

    private mutating func add(_ hash: UInt32, _ kind: TextTerms.Kind) {
        guard count < bound else { return }
        let term = TermHash.term(hash, kind)
        terms.initializeElement(at: count, to: term)
        heaps[Self.heap(of: term)] &+= 1
        count += 1
    }

    private mutating func takeBack() {
        count -= 1
        heaps[Self.heap(of: terms[count])] &-= 1
    }

    /// The terms in ascending order, equal ones side by side, as long as the memory is lent. Hashes are spread evenly: dealt out by their
    /// upper bits they are almost in order.
    func sorted() -> UnsafeMutableBufferPointer<UInt32> {
        let sorted = UnsafeMutableBufferPointer(rebasing: terms[bound..<bound + count])
        // From how many there are in each heap to where it begins.
        var sum: UInt16 = 0
        for heap in heaps.indices {
            let size = heaps[heap]
            heaps[heap] = sum
            sum &+= size
        }
        for index in 0..<count {
            let term = terms[index]
            let heap = Self.heap(of: term)
            sorted.initializeElement(at: Int(heaps[heap]), to: term)
            heaps[heap] &+= 1
        }
        sorted.sortBriefly()
        return sorted
    }

    @inline(__always)
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
    private static let primeToTheFourth = primeCubed &* prime

    @inline(__always)
    static func mix(_ hash: UInt32, _ value: UInt32) -> UInt32 {
        let low = ((hash ^ value & 0xFF) &* prime) ^ (value >> 8 & 0xFF)
        if value < 0x1_0000 { return low &* primeCubed }
        return (((low &* prime) ^ (value >> 16 & 0xFF)) &* prime ^ value >> 24) &* prime
    }

    @inline(__always)
    static func mix(_ hash: UInt32, byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* primeToTheFourth }

    static func term(_ hash: UInt32, _ kind: TextTerms.Kind) -> UInt32 { hash & ~3 | kind.rawValue }
}

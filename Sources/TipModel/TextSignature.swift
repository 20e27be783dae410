/// A text as a sorted set of hashed terms, so that two texts compare in one merge pass without touching strings.
///
/// Terms: each bigram of neighbouring Chinese characters, and each word of Latin letters or digits, lower-cased.
/// Chinese has no spaces and most of its words have two characters, so bigrams stand in for words.
public struct TextSignature: Hashable, Sendable {
    /// Ascending, distinct 32-bit FNV-1a hashes, at most ``bound``.
    public let terms: [UInt32]

    /// At most this many terms are kept (the smallest hashes: a fair sample, since the hash spreads them).
    public static let bound = 64

    /// Trusts `terms` to be ascending and distinct: for a snapshot that this type wrote.
    public init(sortedTerms terms: [UInt32]) { self.terms = terms }

    public init(_ text: String) {
        var terms: [UInt32] = []
        terms.reserveCapacity(48)
        var word: UInt32 = 0
        var previous: UInt32 = 0
        for scalar in text.unicodeScalars {
            let value = scalar.value
            if value < 0x80 {
                previous = 0
                if let letter = Self.lowercasedASCII(UInt8(value)) {
                    word = Self.mix(word == 0 ? Self.basis : word, UInt32(letter))
                    continue
                }
            } else if Self.isHan(value) {
                if previous != 0 { terms.append(Self.mix(Self.mix(Self.basis, previous), value)) }
                previous = value
            } else {
                previous = 0
            }
            if word != 0 { terms.append(word) }
            word = 0
        }
        if word != 0 { terms.append(word) }
        terms.sort()
        var distinct: [UInt32] = []
        distinct.reserveCapacity(min(terms.count, Self.bound))
        for term in terms where distinct.last != term && distinct.count < Self.bound { distinct.append(term) }
        self.terms = distinct
    }

    /// Shared terms over the terms of the shorter text, 0…1; 0 where either is empty. The shorter side is the
    /// measure because one guard writes a line and the next a paragraph about the same man.
    public func overlap(with other: TextSignature) -> Double {
        let shorter = min(terms.count, other.terms.count)
        guard shorter > 0 else { return 0 }
        var (left, right, shared) = (0, 0, 0)
        while left < terms.count, right < other.terms.count {
            if terms[left] == other.terms[right] {
                shared += 1
                left += 1
                right += 1
            } else if terms[left] < other.terms[right] {
                left += 1
            } else {
                right += 1
            }
        }
        return Double(shared) / Double(shorter)
    }

    private static let basis: UInt32 = 2_166_136_261

    /// FNV-1a over the four bytes of `value`.
    private static func mix(_ hash: UInt32, _ value: UInt32) -> UInt32 {
        var hash = hash
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            hash = (hash ^ (value >> shift & 0xFF)) &* 16_777_619
        }
        return hash == 0 ? 1 : hash
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

public import TipModel

/// The weights of terms by how rare they are: inverse document frequency (Spärck Jones 1972), ln((N + 1) / (n + ½)).
///
/// A flat table with open addressing: a tip asks for a hundred weights, and each must cost a few nanoseconds.
public struct TermWeights: Sendable {
    fileprivate struct Slot {
        var term: UInt32 = 0
        /// By the kind of the term. Not a number where the slot is free.
        var weight = Float.nan
    }

    private var slots: [Slot]
    private let mask: Int
    /// What a whole term weighs that is not listed.
    private let rarest: Float

    /// - Parameters:
    ///   - frequencies: documents in which each term occurs.
    ///   - documents: how many there are.
    init(frequencies: [UInt32: UInt32], documents: UInt32) {
        let capacity = max(16, (frequencies.count * 4).nextPowerOfTwo)
        mask = capacity - 1
        slots = Array(repeating: Slot(), count: capacity)
        let all = Double(documents) + 1
        rarest = Float(logarithm(all / 0.5))
        for (term, frequency) in frequencies {
            var slot = Self.slot(term) & mask
            while !slots[slot].weight.isNaN { slot = (slot + 1) & mask }
            let weight = Float(max(0, logarithm(all / (Double(frequency) + 0.5))))
            slots[slot] = Slot(term: term, weight: weight * TextTerms.Kind.scale(of: term))
        }
    }

    /// By the frequencies of `rules`; a listed text stands for the one term that it is.
    public init(_ rules: TextRules) {
        var frequencies: [UInt32: UInt32] = [:]
        for (text, frequency) in rules.frequencies {
            // The longest term of a listed text is the text itself: a pair has its characters as terms, too.
            var terms: [UInt32] = []
            TextTerms.forEachTerm(in: text) { terms.append($0) }
            let kinds: [TextTerms.Kind] = [.pair, .word, .character]
            for kind in kinds {
                if let term = terms.first(where: { $0 & 3 == kind.rawValue }) {
                    frequencies[term] = max(frequency, frequencies[term] ?? 0)
                    break
                }
            }
        }
        self.init(frequencies: frequencies, documents: rules.documents)
    }

    func weight(of term: UInt32) -> Float { withLookup { $0.weight(of: term) } }

    /// Lends the table for many questions.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        slots.withUnsafeBufferPointer { body(Lookup(slots: $0, mask: mask, rarest: rarest * TextTerms.Kind.scales)) }
    }

    struct Lookup {
        fileprivate let slots: UnsafeBufferPointer<Slot>
        fileprivate let mask: Int
        /// By kind.
        fileprivate let rarest: SIMD4<Float>

        @inline(__always)
        func weight(of term: UInt32) -> Float {
            // The mask keeps within the slots.
            var slot = TermWeights.slot(term) & mask
            while true {
                let found = slots[slot]
                if found.weight.isNaN { return rarest[Int(term & 3)] }
                if found.term == term { return found.weight }
                slot = (slot + 1) & mask
            }
        }
    }

    private static func slot(_ term: UInt32) -> Int { Int((term &* 2_654_435_761) >> 7) }
}

/// Counts in how many texts each term occurs, for ``TermWeights`` of texts that no rules know.
public struct TermCounter: Sendable {
    private var frequencies: [UInt32: UInt32] = [:]
    private var documents: UInt32 = 0

    public init() {}

    public mutating func add(_ text: String) {
        documents &+= 1
        TextTerms.forEachTerm(in: text) { frequencies[$0, default: 0] &+= 1 }
    }

    public var weights: TermWeights { TermWeights(frequencies: frequencies, documents: documents) }
}

/// Compares texts by themselves, as correlation does within its score.
public struct TextComparison: Sendable {
    private let rules: TextRules
    private let weights: TermWeights

    public init(_ rules: TextRules, weights: TermWeights) {
        self.rules = rules
        self.weights = weights
    }

    /// 0…1 by ``TextRules``.
    public func similarity(_ one: String, _ other: String) -> Double {
        TextTerms(one, weights: weights).similarity(to: TextTerms(other, weights: weights), rules)
    }
}

extension Int {
    var nextPowerOfTwo: Int {
        var power = 1
        while power < self { power *= 2 }
        return power
    }
}

internal import TipModel

/// The weights of terms by their hash: an open-addressing table, as a text asks for a hundred terms and most are not in it. It has the
/// beginnings of terms, too: where one is not in it, nothing that begins so is, and need not be asked for.
struct WordingTable: Sendable {
    /// Of each slot: 0 where it is free, else a part of the hash above and an entry's number, from 1, below.
    private var slots: [UInt32]
    private var entries: [Entry] = []
    /// By entry: what it speaks for each level, beside the others.
    private let strengths: [SIMD4<Float>]
    private let shift: UInt64
    /// Entries that are terms.
    private(set) var count = 0

    fileprivate struct Entry {
        var hash: UInt64
        var weights = SIMD4<Int16>.zero
        var uses: Uses = []
    }

    /// What an entry is there for.
    struct Uses: OptionSet {
        var rawValue: UInt8

        /// It is a term itself.
        static let term = Uses(rawValue: 1)
        /// It begins a longer run of characters or words.
        static let longer = Uses(rawValue: 2)
        /// It is the first word of a term with a gap.
        static let gap = Uses(rawValue: 4)
    }

    private static let entryBits: UInt32 = 20
    fileprivate static let entryMask: UInt32 = 1 << entryBits - 1

    /// More than a million terms with their beginnings are not taken, and weights within ±32,767; a file has 100,000 terms at most,
    /// within ±10,000.
    init(_ terms: [String: WordingRules.Weights]) {
        var known: [UInt64: Int] = [:]
        var entries: [Entry] = []
        func use(_ hash: UInt64, _ uses: Uses) -> Int? {
            if let entry = known[hash] {
                entries[entry].uses.formUnion(uses)
                return entry
            }
            guard entries.count < Int(Self.entryMask) else { return nil }
            known[hash] = entries.count
            entries.append(Entry(hash: hash, uses: uses))
            return entries.count - 1
        }
        for (term, weights) in terms {
            let hash = WordingTerms.hash(of: term)
            if let entry = known[hash], entries[entry].uses.contains(.term) { continue }
            guard let entry = use(hash, .term) else { break }
            entries[entry].weights = SIMD4(clamping: SIMD4<Int32>(weights))
            count += 1
            for (beginning, uses) in WordingTerms.beginnings(of: term) { _ = use(beginning, uses) }
        }
        let capacity = max(16, (entries.count * 2).nextPowerOfTwo)
        slots = Array(repeating: 0, count: capacity)
        shift = UInt64(64 - capacity.trailingZeroBitCount)
        for (number, entry) in entries.enumerated() {
            let mixed = Self.mixed(entry.hash)
            var slot = Int(mixed >> shift)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Self.mark(mixed) | UInt32(number + 1)
        }
        self.entries = entries
        strengths = entries.map { entry in
            let weights = SIMD4<Float>(SIMD4<Int32>(truncatingIfNeeded: entry.weights)) / 100
            return weights - weights.sum() / 4
        }
    }

    /// Lends the table for many questions: looking up its arrays for each would take as long as the questions.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        slots.withUnsafeBufferPointer { slots in
            entries.withUnsafeBufferPointer { entries in
                strengths.withUnsafeBufferPointer {
                    body(Lookup(slots: slots, mask: slots.count - 1, entries: entries, strengths: $0, shift: shift))
                }
            }
        }
    }

    struct Lookup {
        fileprivate let slots: UnsafeBufferPointer<UInt32>
        fileprivate let mask: Int
        fileprivate let entries: UnsafeBufferPointer<Entry>
        fileprivate let strengths: UnsafeBufferPointer<SIMD4<Float>>
        fileprivate let shift: UInt64

        /// The number of the entry with this hash.
        @inline(__always)
        func entry(_ hash: UInt64) -> Int? {
            let mixed = WordingTable.mixed(hash)
            let mark = WordingTable.mark(mixed)
            // As many bits as there are slots, and an entry's number is only written with the entry.
            var slot = Int(truncatingIfNeeded: mixed &>> shift)
            while true {
                let found = slots[slot]
                if found == 0 { return nil }
                if found & ~WordingTable.entryMask == mark {
                    let entry = Int(found & WordingTable.entryMask) - 1
                    if entries[entry].hash == hash { return entry }
                }
                slot = (slot &+ 1) & mask
            }
        }

        func uses(of entry: Int) -> Uses { entries[entry].uses }
        func hash(of entry: Int) -> UInt64 { entries[entry].hash }
        func weights(of entry: Int) -> SIMD4<Int32> { SIMD4(truncatingIfNeeded: entries[entry].weights) }
        func strength(of entry: Int, for level: Int) -> Float { strengths[entry][level] }
    }

    /// Spreads a hash over its upper bits, which choose the slot (Fibonacci hashing, Knuth).
    fileprivate static func mixed(_ hash: UInt64) -> UInt64 { hash &* 0x9E37_79B9_7F4A_7C15 }
    fileprivate static func mark(_ mixed: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: mixed >> 12) & ~entryMask }
}

extension SIMD4<Int32> {
    init(_ weights: WordingRules.Weights) {
        self.init(weights.routine, weights.priority, weights.urgent, weights.emergency)
    }
}

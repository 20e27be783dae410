internal import TipModel

/// The weights of terms by their hash: an open-addressing table, as a text asks for a hundred terms and most are not in it.
struct WordingTable: Sendable {
    /// Of each slot: 0 where it is free, else a part of the hash above and an entry's number, from 1, below.
    private var slots: [UInt32]
    private var entries: [Entry] = []
    private let shift: UInt64

    fileprivate struct Entry {
        var hash: UInt64
        var weights: SIMD4<Int16>
    }

    private static let entryBits: UInt32 = 20
    fileprivate static let entryMask: UInt32 = 1 << entryBits - 1

    /// More than a million terms are not taken, and weights within ±32,767; a file has 100,000 at most, within ±10,000.
    init(_ terms: [String: WordingRules.Weights]) {
        let capacity = max(16, (terms.count * 2).nextPowerOfTwo)
        slots = Array(repeating: 0, count: capacity)
        shift = UInt64(64 - capacity.trailingZeroBitCount)
        for (term, weights) in terms where entries.count < Int(Self.entryMask) {
            let hash = WordingTerms.hash(of: term)
            guard entry(hash) == nil else { continue }
            entries.append(Entry(hash: hash, weights: SIMD4(clamping: SIMD4<Int32>(weights))))
            let mixed = Self.mixed(hash)
            var slot = Int(mixed >> shift)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Self.mark(mixed) | UInt32(entries.count)
        }
    }

    var count: Int { entries.count }

    func hash(of entry: Int) -> UInt64 { entries[entry].hash }
    func weights(of entry: Int) -> SIMD4<Int32> { SIMD4(truncatingIfNeeded: entries[entry].weights) }

    /// The number of the term with this hash.
    func entry(_ hash: UInt64) -> Int? { withLookup { $0.entry(hash) } }

    /// Lends the table for many questions: looking up its arrays for each would take as long as the questions.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        slots.withUnsafeBufferPointer { slots in
            entries.withUnsafeBufferPointer { body(Lookup(slots: slots, entries: $0, shift: shift)) }
        }
    }

    struct Lookup {
        fileprivate let slots: UnsafeBufferPointer<UInt32>
        fileprivate let entries: UnsafeBufferPointer<Entry>
        fileprivate let shift: UInt64

        @inline(__always)
        func entry(_ hash: UInt64) -> Int? {
            let mixed = WordingTable.mixed(hash)
            let mark = WordingTable.mark(mixed)
            // As many bits as there are slots, and an entry's number is only written with the entry.
            var slot = Int(mixed >> shift)
            while true {
                let found = slots[slot]
                if found == 0 { return nil }
                if found & ~WordingTable.entryMask == mark {
                    let entry = Int(found & WordingTable.entryMask) - 1
                    if entries[entry].hash == hash { return entry }
                }
                slot = (slot + 1) & (slots.count - 1)
            }
        }
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

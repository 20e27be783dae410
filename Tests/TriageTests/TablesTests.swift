import Testing
import TipModel

@testable import Triage

/// The flat tables of the hot path against what the standard library says.
@Suite("Tables")
struct TablesTests {
    @Test("a scalar table tells what was put in, and 0 for all else")
    func scalars() {
        var random = SeededGenerator(state: 1)
        var table = ScalarTable()
        var known: [UInt32: UInt32] = [:]
        for _ in 0..<2_000 {
            let scalar = UInt32.random(in: 0...0x10_FFFF, using: &random)
            let value = UInt32.random(in: 0...9, using: &random)
            table[scalar] = value
            known[scalar] = value
        }
        for (scalar, value) in known {
            #expect(table[scalar] == value)
            #expect(table[scalar ^ 1] == known[scalar ^ 1] ?? 0)
        }
        #expect(table[.max] == 0)
    }

    @Test("scalars are read as the standard library reads them", arguments: ["", "a", "é", "楼", "𠀀", "3号楼 caf\u{E9} 🔥\u{0}", "\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"])
    func reading(text: String) {
        var text = text
        let expected = text.unicodeScalars.map(\.value)
        let found = text.withUTF8 { bytes in
            var (index, found) = (0, [UInt32]())
            while index < bytes.count { found.append(nextScalar(bytes, &index)) }
            return found
        }
        #expect(found == expected)
    }

    @Test("what is no UTF-8 is read to its end and no farther")
    func malformed() {
        var random = SeededGenerator(state: 2)
        for length in 0..<40 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0x70...0xFF, using: &random) }
            bytes.withUnsafeBufferPointer { bytes in
                var index = 0
                while index < bytes.count { _ = nextScalar(bytes, &index) }
                #expect(index == bytes.count)
            }
        }
    }

    @Test("heads of lists come and go as in a dictionary")
    func heads() {
        var random = SeededGenerator(state: 3)
        var heads = ListHeads()
        var known: [UInt64: Int32] = [:]
        for step in 0..<20_000 {
            // Few keys, so that they meet often; first more come than go, then the other way round.
            let place = UInt64.random(in: 0..<500, using: &random)
            let key = ListKey(area: UInt32(place % 3), place: place << 32)
            let adds = Int.random(in: 0..<10, using: &random) < (step < 10_000 ? 7 : 3)
            let value = adds ? Int32.random(in: 0...99, using: &random) : nil
            heads[key] = value
            known[place] = value
            let other = UInt64.random(in: 0..<500, using: &random)
            #expect(heads[ListKey(area: UInt32(other % 3), place: other << 32)] == known[other])
        }
    }

    @Test("short sorts sort", arguments: [0, 1, 2, 5, 31, 32, 33, 200])
    func sorts(count: Int) {
        var random = SeededGenerator(state: UInt64(count))
        let numbers = (0..<count).map { _ in Int.random(in: 0..<50, using: &random) }
        var sorted = numbers
        sorted.sortBriefly()
        #expect(sorted == numbers.sorted())
    }

    @Test("terms are in order however their hashes fall", arguments: ["", "a", "门", "the quick brown fox jumps over the lazy dog again and again", "三号楼东墙外有一名男子徘徊手里拿着工具往里看" + "一二三四五六七八九十"])
    func terms(text: String) {
        let terms = TextTerms(text, weights: Fixture.weights)
        #expect(terms.terms == Array(Set(terms.terms)).sorted())
        #expect(terms.weights == terms.terms.map(Fixture.weights.weight))
    }

    @Test("the hash of a value is that over its four bytes")
    func hashes() {
        var random = SeededGenerator(state: 4)
        for bits in 0..<32 {
            let value = UInt32.random(in: 0...(UInt32.max >> UInt32(bits)), using: &random)
            let hash = UInt32.random(in: 0...UInt32.max, using: &random)
            let expected = [0, 8, 16, 24].reduce(hash) { ($0 ^ value >> UInt32($1) & 0xFF) &* 16_777_619 }
            #expect(TermHash.mix(hash, value) == expected)
        }
    }
}

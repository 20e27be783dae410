import TestSupport
import Testing
import TipModel

@Suite struct TipIDTests {
    @Test func theULIDTextIsReadBack() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<2_000 {
            let id = TipID(high: random.next(), low: random.next())
            #expect(id.description.utf8.count == 26)
            #expect(TipID(id.description) == id)
            #expect(TipID(id.description.lowercased()) == id)
            #expect(TipID(bytes: id.bytes) == id)
        }
        #expect(TipID(high: 0, low: 0).description == "00000000000000000000000000")
        #expect(TipID(high: .max, low: .max).description == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
        // The specification's own example.
        #expect(TipID("01ARZ3NDEKTSV4RRFFQ69G5FAV")?.madeAt.milliseconds == 1_469_922_850_259)
    }

    @Test func aUUIDIsReadInItsFormOnly() {
        let id = TipID("0190f5a2-7b3c-7def-8123-456789abcdef")
        #expect(id == TipID(high: 0x0190_f5a2_7b3c_7def, low: 0x8123_4567_89ab_cdef))
        #expect(TipID("0190F5A2-7B3C-7DEF-8123-456789ABCDEF") == id)
        #expect(id?.madeAt.milliseconds == 0x0190_f5a2_7b3c)
        for text in [
            "", "0190f5a27b3c7def8123456789abcdef", "----0190f5a27b3c7def8123456789abcdef",
            "0190f5a27b3c7def8123456789abcdef----", "0190f5a2-7b3c-7def-8123-456789abcdeg",
            "0190f5a2-7b3c-7def-81234-56789abcdef", "８190f5a2-7b3c-7def-8123-456789abcd",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVV",
            "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FA{", "01ARZ3NDEKTSV4RRFFQ69G5F线",
        ] {
            #expect(TipID(text) == nil, "\(text)")
        }
    }

    @Test func onlySixteenBytesAreAnID() {
        for count in [0, 1, 15, 17, 4_000] { #expect(TipID(bytes: [UInt8](repeating: 1, count: count)) == nil) }
        #expect(TipID(bytes: [UInt8](1...16)[...])?.bytes == [UInt8](1...16))
    }

    @Test func idsSortByTimeOfMaking() {
        var random = SplitMix64(seed: 3)
        let ids = (0..<500).map { TipID.make(at: Timestamp(milliseconds: 1_700_000_000_000 + $0), using: &random) }
        #expect(ids == ids.sorted())
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
        #expect(ids[17].madeAt.milliseconds == 1_700_000_000_017)
        #expect(TipID(high: 1, low: .max) < TipID(high: 2, low: 0))
    }

    @Test func makingClampsAnyTime() {
        var random = SplitMix64(seed: 3)
        #expect(TipID.make(at: Timestamp(milliseconds: .min), using: &random).madeAt.milliseconds == 0)
        #expect(TipID.make(at: Timestamp(milliseconds: -1), using: &random).madeAt.milliseconds == 0)
        #expect(TipID.make(at: Timestamp(milliseconds: .max), using: &random).madeAt.milliseconds == 0xFFFF_FFFF_FFFF)
        #expect(TipID(high: .max, low: 0).madeAt.milliseconds == 0xFFFF_FFFF_FFFF)
    }
}

import TestSupport
import Testing

@testable import Patrol

@Suite struct KeyDecoderTests {
    private func keys(_ reads: String...) -> [Key] {
        var decoder = KeyDecoder()
        return reads.flatMap { decoder.keys(in: Array($0.utf8)) }
    }

    @Test func plainKeys() {
        #expect(keys("jx?3\r\n") == [.character("j"), .character("x"), .character("?"), .character("3"), .enter, .enter])
        #expect(keys("\u{3}\u{C}") == [.interrupt, .redraw])
        #expect(keys("\u{1A}\u{7F}\t") == [])
    }

    @Test func capsLockDoesNotMatter() { #expect(keys("CQ") == [.character("c"), .character("q")]) }

    @Test func sequencesOfDifferentTerminals() {
        #expect(keys("\u{1B}[A\u{1B}[B\u{1B}OA\u{1B}OB") == [.up, .down, .up, .down])
        #expect(keys("\u{1B}[H\u{1B}[F\u{1B}OH\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~") == [.home, .end, .home, .home, .end, .home, .end])
        #expect(keys("\u{1B}[5~\u{1B}[6~\u{1B}[5;2~") == [.pageUp, .pageDown, .pageUp])
        #expect(keys("\u{1B}[1;5A") == [.up])
    }

    @Test func keysThatAreNoneOfOursDoNothing() {
        // Delete, Insert, F5, F1, the Linux console's F1 and F3, and a mouse report: all of them end in our letters or digits.
        #expect(keys("\u{1B}[3~\u{1B}[2~\u{1B}[15~\u{1B}OP\u{1B}[[A\u{1B}[[C\u{1B}[<0;3;5M") == [])
        // A Chinese input method.
        #expect(keys("接单") == [])
    }

    @Test func escapeAlone() {
        #expect(keys("\u{1B}") == [.escape])
        #expect(keys("\u{1B}c") == [.escape, .character("c")])
        #expect(keys("\u{1B}\u{1B}[A") == [.escape, .up])
        #expect(keys("\u{1B}", "c") == [.escape, .character("c")])
    }

    /// What a slow line delivers in pieces: the digit of a Delete key must not answer how an incident ended.
    @Test func aSequenceInPiecesIsOneKeyAndItsRestIsNone() {
        #expect(keys("\u{1B}[", "A") == [.up])
        #expect(keys("\u{1B}[3", "~", "j") == [.character("j")])
        #expect(keys("x\u{1B}[", "3~") == [.character("x")])
        #expect(keys("\u{1B}", "[3~") == [.escape])
        #expect(keys("\u{1B}", "[B") == [.escape, .down])
        #expect(keys("\u{1B}[[", "C") == [])
    }

    @Test func aBrokenSequenceSwallowsNeitherCtrlCNorALaterKey() {
        #expect(keys("\u{1B}[", "\u{3}") == [.interrupt])
        #expect(keys("\u{1B}[1;\u{1B}[A") == [.up])
        #expect(keys("\u{1B}[" + String(repeating: "1;", count: 40), "c") == [.character("c")])
    }

    @Test func anyBytesInAnyPiecesAreStood() {
        var random = SplitMix64(seed: 11)
        var decoder = KeyDecoder()
        let alphabet: [UInt8] = [0x1B, 0x5B, 0x4F, 0x33, 0x3B, 0x7E, 0x41, 0x63, 0x03, 0xE4, 0xFF, 0x00]
        var interrupts = 0, expected = 0
        for _ in 0..<5_000 {
            let bytes = (0..<Int(random.next() % 6)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            expected += bytes.count { $0 == 3 }
            interrupts += decoder.keys(in: bytes).count { $0 == .interrupt }
        }
        #expect(interrupts == expected)
    }
}

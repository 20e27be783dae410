import TestSupport
import Testing

@testable import Patrol

/// Texts that try to be more than text.
enum Hostile {
    static let texts = [
        "\u{1B}[2J\u{1B}[31m红", "\u{1B}]0;owned\u{7}", "\u{9B}2Jx", "a\u{8}\u{8}b", "line\r\nnext\ttab", "x\u{0}y", "\u{202E}gnp.exe",
        "\u{2066}a\u{2069}", "zero\u{200B}\u{200D}\u{FEFF}width", "\u{E0041}tag", "\u{3164}\u{115F}", "z\u{0300}\u{0301}\u{0302}\u{0303}\u{0304}",
        "\u{2028}\u{2029}\u{85}", "❤️\u{FE0E}\u{E0100}", "\u{E000}\u{F8FF}\u{10FFFD}", "\u{1B}P1$r0m\u{1B}\\", "👨‍👩‍👧", "\u{AD}soft",
    ]

    /// Any scalars at all, with a liking for those that matter to a terminal.
    static func text(_ random: inout SplitMix64, _ count: Int) -> String {
        var view = String.UnicodeScalarView()
        for _ in 0..<count {
            let value: UInt32 =
                switch random.next() % 6 {
                case 0: UInt32(random.next() % 0x20)
                case 1: UInt32(random.next() % 0x100)
                case 2: 0x1B
                case 3: 0x4E00 + UInt32(random.next() % 0x5000)
                case 4: 0x2000 + UInt32(random.next() % 0x70)
                default: UInt32(random.next() % 0x11_0000)
                }
            if let scalar = Unicode.Scalar(value) { view.append(scalar) }
        }
        return String(view)
    }
}

/// Whether a terminal could obey anything in it, or show it elsewhere than it stands.
func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

@Suite struct TerminalTextTests {
    @Test(arguments: Hostile.texts) func nothingThatATerminalObeysIsLeft(_ text: String) {
        #expect(isHarmless(TerminalText.clean(text)))
    }

    @Test func whateverTheScalarsAre() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<300 {
            let cleaned = TerminalText.clean(Hostile.text(&random, 40))
            #expect(isHarmless(cleaned))
            #expect(TerminalText.clean(cleaned) == cleaned)
        }
    }

    @Test func textForPeopleStaysAsItIs() {
        for text in ["两点钟东墙外有人徘徊，手里有工具", "Ünïcode \"quoted\" — ok", "नमस्ते", "한국어", "😀 100 %", "３号楼　全角"] {
            #expect(TerminalText.clean(text) == text)
        }
        #expect(TerminalText.clean("a\tb\nc\r\nd") == "a b c  d")
        #expect(TerminalText.clean("\u{1B}[31mred") == "[31mred")
        #expect(TerminalText.clean("\u{E000}?") == "??")
    }

    @Test func widths() {
        #expect(TerminalText.width("abc") == 3)
        #expect(TerminalText.width("东门") == 4)
        #expect(TerminalText.width("，。【】（）") == 12)
        #expect(TerminalText.width("e\u{301}") == 1)
        #expect(TerminalText.width("한국") == 4)
        #expect(TerminalText.width("\u{1112}\u{1161}\u{11AB}") == 2)
        #expect(TerminalText.width("😀") == 2)
        #expect(TerminalText.width("…·×±↑") == 5)
        #expect(TerminalText.width("ｃ") == 2)
        #expect(TerminalText.width(drawn: "\u{1B}[1;97;41m特急\u{1B}[0m x") == 6)
    }

    @Test func fitAndPadNeverExceedAndCutBetweenCharacters() {
        #expect(TerminalText.fit("东苑一区", 8) == "东苑一区")
        #expect(TerminalText.fit("东苑一区", 7) == "东苑一…")
        #expect(TerminalText.fit("东苑一区", 6) == "东苑…")
        #expect(TerminalText.fit("东苑", 1) == "…")
        #expect(TerminalText.fit("东苑", 0) == "")
        #expect(TerminalText.pad("东", 5) == "东   ")
        #expect(TerminalText.pad("东苑一", 4) == "东… ")
        var random = SplitMix64(seed: 9)
        for _ in 0..<300 {
            let text = TerminalText.clean(Hostile.text(&random, 30))
            let columns = Int(random.next() % 40)
            #expect(TerminalText.width(TerminalText.fit(text, columns)) <= columns)
            #expect(TerminalText.width(TerminalText.pad(text, columns)) == columns)
        }
    }

    @Test func wrapBreaksAtSpacesAndBetweenChineseCharacters() {
        #expect(TerminalText.wrap("a man with a knife", 10) == ["a man with", "a knife"])
        #expect(TerminalText.wrap("两点钟东墙外有人", 6) == ["两点钟", "东墙外", "有人"])
        #expect(TerminalText.wrap("block 3号楼冒烟", 10) == ["block 3号", "楼冒烟"])
        #expect(TerminalText.wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"])
        #expect(TerminalText.wrap("", 10) == [""])
        #expect(TerminalText.wrap("x", 1) == [])
    }

    @Test func aLineBeginsWithNoClosingMarkAndEndsWithNoOpeningOne() {
        #expect(TerminalText.wrap("请尽快派人，不要鸣笛", 10) == ["请尽快派", "人，不要鸣", "笛"])
        #expect(TerminalText.wrap("东门外（车里还有人）", 8) == ["东门外", "（车里还", "有人）"])
    }

    @Test func wrappedLinesFitAndLoseNothing() {
        var random = SplitMix64(seed: 21)
        for _ in 0..<300 {
            let text = TerminalText.clean(Hostile.text(&random, 60))
            let columns = 2 + Int(random.next() % 30)
            let lines = TerminalText.wrap(text, columns)
            #expect(lines.allSatisfy { TerminalText.width($0) <= columns })
            func visible(_ text: String) -> [Unicode.Scalar] { text.unicodeScalars.filter { $0 != " " } }
            #expect(lines.flatMap(visible) == visible(text))
        }
    }
}

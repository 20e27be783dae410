import TestSupport
import Testing
import TipModel

@Suite struct TextSignatureTests {
    private func terms(_ text: String) -> Set<UInt32> { Set(TextSignature(text).terms) }

    @Test func neighbouringChineseCharactersAreTerms() {
        #expect(TextSignature("翻墙进院").terms.count == 3)
        #expect(terms("翻墙").isSubset(of: terms("有人翻墙进院")))
        #expect(terms("墙翻").isDisjoint(with: terms("翻墙")))
        // A mark or a space between two characters keeps them apart.
        #expect(TextSignature("翻，墙").terms.isEmpty)
        #expect(TextSignature("翻 墙").terms.isEmpty)
        #expect(TextSignature("墙").terms.isEmpty)
        // Beyond the basic plane too.
        #expect(TextSignature("𠮷𠮷").terms.count == 1)
    }

    @Test func latinWordsAndNumbersAreTerms() {
        #expect(terms("Van, plate ABC123") == terms("abc123 PLATE van"))
        #expect(TextSignature("van van VAN").terms.count == 1)
        #expect(terms("白色van停在门口") == terms("白色 van 停在门口"))
        #expect(TextSignature("3号楼").terms.count == 2)
        #expect(TextSignature("a").terms != TextSignature("b").terms)
    }

    @Test func textsWithoutWordsHaveNoTerms() {
        for text in ["", " ", "……！？", "\u{0}\u{7F}", "🚓🚓", "，。"] {
            #expect(TextSignature(text).terms.isEmpty)
            #expect(TextSignature(text).overlap(with: TextSignature("有人翻墙")) == 0)
        }
    }

    @Test func termsAreAscendingDistinctAndBounded() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<200 {
            let scalars = (0..<Int(random.next() % 400)).compactMap { _ in UnicodeScalar(UInt32(random.next() % 0x33000)) }
            let found = TextSignature(String(String.UnicodeScalarView(scalars))).terms
            #expect(found == Array(Set(found)).sorted())
            #expect(found.count <= TextSignature.bound)
        }
        let long = TextSignature((0..<1_000).map { "w\($0)" }.joined(separator: " "))
        #expect(long.terms.count == TextSignature.bound)
        // The smallest are kept, so a longer text still shares them.
        #expect(long.overlap(with: TextSignature((0..<1_001).map { "w\($0)" }.joined(separator: " "))) > 0.9)
    }

    @Test func overlapIsMeasuredOnTheShorterText() {
        let line = TextSignature("有人翻墙")
        let paragraph = TextSignature("监控里看到有人翻墙进了院子，正在撬一楼的窗户，请马上派人来")
        #expect(line.overlap(with: paragraph) == 1)
        #expect(paragraph.overlap(with: line) == 1)
        #expect(line.overlap(with: TextSignature("地下车库冒烟")) == 0)
        let half = TextSignature("alpha beta").overlap(with: TextSignature("beta gamma delta"))
        #expect(half == 0.5)
    }
}

import Testing
import TipModel

@testable import Triage

@Suite("Text terms")
struct TextTermsTests {
    private let even = TermWeights(frequencies: [:], documents: 0)

    private func terms(_ text: String) -> TextTerms { TextTerms(text, weights: even) }

    @Test("characters and pairs of them, words and their parts", arguments: [
        ("可疑", 3), ("可疑男子", 7), ("可, 疑", 2), ("man", 1), ("mans", 3), ("Man MAN", 1), ("3号楼", 4), ("", 0), ("，。！ …", 0),
    ])
    func counts(text: String, count: Int) { #expect(terms(text).terms.count == count) }

    @Test("ascending, distinct and bounded")
    func order() {
        var random = SeededGenerator(state: 3)
        let long = String(
            String.UnicodeScalarView((0..<2_000).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0x4E00...0x9FFF, using: &random)) }))
        let found = terms(long).terms
        #expect(found.count <= TextTerms.bound)
        #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("similarity: none, all, and what each has alone")
    func similarity() {
        let rules = TextRules(smoothing: 0, lesser: 0.5, greater: 0.5)
        #expect(terms("可疑男子").similarity(to: terms("路灯坏了"), rules) == 0)
        #expect(terms("可疑男子").similarity(to: terms("可疑男子"), rules) == 1)
        #expect(terms("").similarity(to: terms("可疑男子"), rules) == 0)
        // 3 shared characters and 2 pairs of 4 and 3 on either side: 3.5 of 3.5 + (1.25 + 1.25) / 2, in units of one character.
        let half = terms("可疑男子").similarity(to: terms("可疑男人"), rules)
        #expect(abs(half - 3.5 / 4.75) < 1e-6)
        var smooth = rules
        smooth.smoothing = 40
        #expect(terms("可疑").similarity(to: terms("可疑"), smooth) < terms("可疑男子").similarity(to: terms("可疑男子"), smooth))
    }

    @Test("rare words count for more, listed ones by how common they are")
    func weights() {
        let table = TermWeights(TextRules(documents: 100, frequencies: ["有": 90, "有人": 50, "man": 80]))
        func weight(_ text: String) -> Float { TextTerms(text, weights: table).total }
        #expect(weight("有") < weight("鳄"))
        #expect(weight("man") < weight("yak"))
        // The pair 有人 is listed and weighs less than another pair.
        #expect(weight("有人") - weight("有") - weight("人") < weight("鳄鱼") - weight("鳄") - weight("鱼"))
        #expect(abs(weight("有") - Float(logarithm(101 / 90.5))) < 1e-5)
    }

    @Test("Chinese or Latin, by what there is more of")
    func script() {
        #expect(terms("可疑").isHan == true)
        #expect(terms("suspicious man").isHan == false)
        #expect(terms("3号楼有人").isHan == true)
        #expect(terms("?!").isHan == nil)
    }
}

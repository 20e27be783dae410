import ArgumentParser
import Foundation
import Settings
import Testing
import TipModel
import Workbench

@testable import Localization
@testable import WatchpostCLI

private func hasChinese(_ text: String) -> Bool { text.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) } }

private let zh = Catalogue(.zh)
private let en = Catalogue(.en)

@Suite struct CatalogueTests {
    /// Texts that are the same signs in both languages.
    private static let signs: Set<Message> = [.actionSending, .holder, .lineBy, .inBrackets]

    /// `{0}`, `{1}`, … in a text.
    private func marks(_ text: String) -> Set<String> {
        Set((0...9).map { "{\($0)}" }.filter { text.contains($0) })
    }

    @Test(arguments: Message.allCases) func everyTextIsInBothLanguages(_ message: Message) {
        let texts = message.texts
        #expect(!texts.zh.isEmpty && !texts.en.isEmpty)
        #expect(hasChinese(texts.zh) || Self.signs.contains(message))
        #expect(!hasChinese(texts.en))
        // What is filled in is filled in both.
        #expect(marks(texts.zh) == marks(texts.en))
    }

    @Test func everyValueHasANameInBothLanguages() {
        let pairs =
            UrgencyLevel.allCases.map { (zh.name($0), en.name($0)) } + Phase.allCases.map { (zh.name($0), en.name($0)) }
            + EventKind.allCases.map { (zh.name($0), en.name($0)) } + Disposition.allCases.map { (zh.name($0), en.name($0)) }
            + Lane.allCases.map { (zh.name($0), en.name($0)) } + RejectionCode.allCases.map { (zh.name($0), en.name($0)) }
            + [Verdict.new, .correlated, .repeat].map { (zh.name($0), en.name($0)) }
            + Catalogue.categories.keys.map { (zh.category($0), en.category($0)) } + Catalogue.codes.keys.map { (zh.label($0), en.label($0)) }
        for (chinese, english) in pairs { #expect(hasChinese(chinese) && !hasChinese(english) && !english.isEmpty, "\(chinese) / \(english)") }
    }

    /// The words that the police and the posts use; nothing else may stand for them.
    @Test func theFieldsOwnWords() {
        #expect(UrgencyLevel.allCases.reversed().map { zh.name($0) } == ["特急", "紧急", "优先", "一般"])
        #expect(Phase.allCases.dropFirst().map { zh.name($0) } == ["接单", "出发", "到场", "处置完毕"])
        let words: [(Message, String)] = [
            (.actionClaim, "接单"), (.actionEnRoute, "出发"), (.actionOnScene, "到场"), (.actionClear, "处置完毕"), (.unit, "巡组"),
            (.zones, "责任区"), (.headingPost, "哨点"), (.headingIncident, "警情"), (.headingTips, "线索"), (.headingLevel, "紧急程度"),
            (.detailDisposition, "处置结果"), (.drill, "【演练】"), (.countDrills, "演练"),
        ]
        for (message, word) in words { #expect(zh.text(message) == word) }
        let categories = [
            "suspicious_person": "可疑人员", "theft": "盗窃", "burglary": "入室", "assault": "伤害", "weapon": "持械", "fire": "火情", "medical": "急救",
            "missing_person": "走失", "traffic": "交通", "disturbance": "扰民斗殴", "dispute": "纠纷", "fraud": "诈骗", "hazard": "安全隐患",
            "vehicle": "可疑车辆", "service_request": "点单", "other": "其他",
        ]
        for (code, word) in categories { #expect(zh.category(code) == word) }
        // 台账 is the ledger of addresses and people; the daemon's journal is not one.
        #expect(Message.allCases.allSatisfy { !zh.text($0).contains("台账") })
    }

    @Test func theShippedCategoriesHaveWords() throws {
        let rules = try TriageFile.load(path: Sources.root + "/config/triage.yaml")
        #expect(Set(rules.categories.keys) == Set(Catalogue.categories.keys))
    }

    @Test func argumentsAreFilledInOnceAndNotSearchedAgain() {
        #expect(zh.text(.linkEndpoint, "tcp://{0}") == "地址 tcp://{0}")
        #expect(en.text(.rewound, "a", "b", "c") == "a: the station's record went back to b (we were at c), receiving again")
        #expect(en.text(.linkEndpoint) == "address ")
        #expect(Catalogue.fill("{x} {9} {", ["a"]) == "{x}  {")
    }

    @Test func reasonsInWords() {
        #expect(zh.reason(Reason(code: "night", points: 10, detail: "02:10")) == "夜间 02:10 +10")
        #expect(zh.reason(Reason(code: "words.stealth", points: 15, detail: "徘徊")) == "用词「徘徊」 +15")
        #expect(en.reason(Reason(code: "words.stealth", points: 15, detail: "loiters")) == "words \"loiters\" +15")
        #expect(zh.reason(Reason(code: "distance", points: 31, detail: "82 m")) == "距离 82 米 +31")
        #expect(zh.reason(Reason(code: "distance.unknown", points: 0, detail: "tip")) == "位置不明 （线索）")
        #expect(zh.reason(Reason(code: "category.kin", points: 15, detail: "hazard ~ fire")) == "相近类别 安全隐患 ~ 火情 +15")
        #expect(zh.reason(Reason(code: "floor", points: 0, detail: "panic")) == "定级下限 一键报警")
        #expect(zh.reason(Reason(code: "escalation.unclaimed", points: 0, detail: "120 s")) == "无人接单 120 秒")
        // A code of another version reads as itself.
        #expect(zh.reason(Reason(code: "odd", points: -3, detail: "x")) == "odd x -3")
    }

    @Test func agesAndSpans() {
        let now = Timestamp(milliseconds: 1_000_000_000)
        func ago(_ seconds: Int64) -> String { zh.ago(now.advanced(byMilliseconds: -seconds * 1_000), now: now) }
        #expect([0, 4, 5, 59, 60, 3_599, 3_600, 172_800].map(ago) == ["刚刚", "刚刚", "5 秒前", "59 秒前", "1 分钟前", "59 分钟前", "1 小时前", "2 天前"])
        #expect(ago(-500) == "刚刚")
        #expect(en.span(-5) == "0 s")
        #expect(!zh.ago(Timestamp(milliseconds: .min), now: now).isEmpty)
    }
}

@Suite struct LanguageTests {
    @Test func theFlagThenTheLocaleThenEnglish() {
        func choose(_ flag: String?, _ environment: [String: String]) -> Language { Language.choose(flag: flag, environment: environment) }
        #expect(choose(nil, [:]) == .en)
        #expect(choose(nil, ["LANG": "zh_CN.UTF-8"]) == .zh)
        #expect(choose(nil, ["LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"]) == .en)
        #expect(choose(nil, ["LANG": "en_US.UTF-8", "LC_MESSAGES": "en", "LC_ALL": "zh_TW"]) == .zh)
        #expect(choose(nil, ["LC_ALL": "", "LANG": "zh"]) == .zh)
        // The first that is not empty decides alone, also for a language that is not spoken here.
        #expect(choose(nil, ["LC_ALL": "C", "LANG": "zh_CN"]) == .en)
        #expect(choose(nil, ["LANG": "de_DE.UTF-8"]) == .en)
        #expect(choose("en", ["LANG": "zh_CN.UTF-8"]) == .en)
        #expect(choose("auto", ["LANG": "zh_CN.UTF-8"]) == .zh)
        #expect(choose("fr", ["LANG": "zh_CN.UTF-8"]) == .zh)
    }

    @Test func tags() {
        for tag in ["zh-CN", "zh_CN.UTF-8", "ZH", "zh-Hans-CN", "chinese", "zh@pinyin"] { #expect(Language(tag: tag) == .zh, "\(tag)") }
        for tag in ["en", "en_GB.UTF-8", "English"] { #expect(Language(tag: tag) == .en, "\(tag)") }
        for tag in ["", "C", "POSIX", "auto", "zhx", "deutsch"] { #expect(Language(tag: tag) == nil, "\(tag)") }
    }
}

/// This tree's own sources: for what a compiler does not see.
enum Sources {
    static let root = #filePath.components(separatedBy: "/Tests/")[0]

    static func swift(_ folder: String) throws -> [(name: String, text: String)] {
        let path = root + "/" + folder
        return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".swift") }.sorted().map {
            ($0, try String(contentsOfFile: path + "/" + $0, encoding: .utf8))
        }
    }
}

@Suite struct WordPairTests {
    /// `words("中文", "English")` and the like: the first of a pair is Chinese and the second is not. The compiler sees to
    /// it that both are there; this that neither stands in the other's place.
    @Test func everyPairIsChineseThenEnglish() throws {
        let pair = /(?:words|tell|hint|self|pick)\(\(?\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"/
        var count = 0
        for folder in ["Sources/WatchpostCLI", "Sources/Localization"] {
            for (name, text) in try Sources.swift(folder) {
                for match in text.matches(of: pair) {
                    count += 1
                    let (chinese, english) = (String(match.1), String(match.2))
                    #expect(!hasChinese(english), "\(name): \(english)")
                    let said = chinese.replacing(/\\\([^)]*\)/, with: "")
                    #expect(hasChinese(said) || !said.contains(/[a-z]{3}/), "\(name): \(chinese)")
                    #expect(!chinese.contains("台账"), "\(name): \(chinese)")
                }
            }
        }
        #expect(count > 250)
    }
}

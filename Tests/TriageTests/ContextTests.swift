import Testing
import TipModel
import Triage

/// Each mechanism of the lexicon alone, with rules of its own.
@Suite("How words are meant")
struct ContextTests {
    private static let rules: TriageRules = {
        var rules = Fixture.rules
        rules.urgency.lexicon = Lexicon(
            words: [
                WordRule(code: "now", phrases: ["现在", "right now"], points: 0, floor: nil, negatable: false),
                WordRule(code: "fire", phrases: ["着火", "on fire", "smok*"], points: 40, floor: .emergency, negatable: true),
                WordRule(code: "knife", phrases: ["拿~刀", "has~knife", "can't breathe"], points: 40, floor: .emergency, negatable: true),
                WordRule(code: "child", phrases: ["孩子", "child"], points: 0, floor: nil, negatable: true),
                WordRule(code: "missing", phrases: ["走失", "missing"], points: 5, floor: .priority, negatable: true),
                WordRule(
                    code: "missing_child", phrases: [], points: 10, floor: .urgent, negatable: true,
                    needs: [["missing"], ["child"]]),
                WordRule(code: "tools", phrases: ["工具"], points: 5, floor: .urgent, negatable: true, needs: [["night"]]),
                WordRule(code: "steam", phrases: ["蒸汽"], points: 0, floor: nil, negatable: true),
                WordRule(code: "smell", phrases: ["糊味"], points: 10, floor: .urgent, negatable: true, unless: ["steam"]),
                WordRule(code: "parking", phrases: ["停车"], points: 0, floor: nil, cap: .routine, negatable: true),
            ],
            contexts: [
                ContextRule(code: "supposed", phrases: ["如果", "what if"], scope: .sentence, side: .after, limit: .routine, cap: .routine, until: ["now"]),
                ContextRule(code: "staged", phrases: ["演练", "drill"], scope: .text, limit: .routine, cap: .routine),
                ContextRule(code: "past", phrases: ["昨天", "yesterday"], scope: .text, limit: .priority, cap: .priority, spares: ["missing", "missing_child", "child"], until: ["now"]),
            ],
            negations: NegationRules(
                before: ["没有", "不是", "not", "no one"], adjacent: ["没", "no"], after: ["没看到", "not seen"],
                exceptions: ["不是没有", "not only"], reach: 4),
            clauseWords: ["但", "but"], gap: 8)
        return rules
    }()

    private let scorer = UrgencyScorer(rules)

    private func level(_ text: String, _ category: String = "hazard", at time: Timestamp = Fixture.local(12)) -> UrgencyLevel {
        scorer.score(Fixture.tip(text, category: category, at: time)).level
    }

    @Test("what is denied, supposed, a drill or long past", arguments: [
        ("着火了", .emergency), ("没着火", .routine), ("不是着火", .routine), ("着火没看到", .routine),
        ("不是没有着火", .emergency), ("not on fire", .routine), ("not only on fire", .emergency),
        ("没有人，着火了", .emergency), ("没有但着火", .emergency), ("no one but on fire", .emergency),
        ("如果着火", .routine), ("着火了，如果要来", .emergency), ("如果着火。着火了", .emergency),
        ("如果着火，现在着火", .emergency), ("what if it is on fire", .routine), ("what if. on fire", .emergency),
        ("着火演练", .routine), ("不是演练，着火了", .emergency), ("not a drill, on fire", .emergency),
        ("昨天着火", .priority), ("昨天吵架，现在着火", .emergency), ("on fire yesterday", .priority),
    ] as [(String, UrgencyLevel)])
    func meaning(text: String, level: UrgencyLevel) {
        #expect(self.level(text) == level)
    }

    @Test("a gap stays within its clause and its length; a stem begins a word; apostrophes are typed in three ways", arguments: [
        ("拿着一把刀", .emergency), ("拿，刀", .routine), ("拿一二三四五六七八刀", .emergency), ("拿一二三四五六七八九刀", .routine),
        ("拿拿刀", .emergency), ("has a big knife", .emergency), ("has it all in the big knife", .routine),
        ("smoking", .emergency), ("unsmoked", .routine), ("cant breathe", .emergency), ("can’t breathe", .emergency),
    ] as [(String, UrgencyLevel)])
    func phrases(text: String, level: UrgencyLevel) {
        #expect(self.level(text) == level)
    }

    @Test("combinations, and what forbids them")
    func combinations() {
        #expect(level("孩子走失") == .urgent)
        #expect(level("走失") == .priority)
        #expect(level("孩子没走失") == .routine)
        #expect(level("昨天孩子走失") == .urgent)
        #expect(level("拎着工具") == .routine)
        #expect(level("拎着工具", at: Fixture.local(23)) == .urgent)
        #expect(level("糊味") == .urgent)
        #expect(level("糊味，是蒸汽") == .routine)
        let reasons = scorer.score(Fixture.tip("孩子走失")).reasons
        #expect(reasons.contains(Reason(code: "words.missing_child", points: 10, detail: "走失 + 孩子")))
    }

    @Test("a cap holds the category down, never words")
    func caps() {
        #expect(level("停车", "fire") == .routine)
        #expect(level("停车，着火", "fire") == .emergency)
        #expect(level("", "fire") == .urgent)
    }

    @Test("what does not count is told")
    func told() {
        func reasons(_ text: String) -> [Reason] { scorer.score(Fixture.tip(text, category: "fire")).reasons }
        #expect(reasons("没有着火").contains(Reason(code: "denied", points: 0, detail: "没有着火")))
        #expect(reasons("没有着火").contains(Reason(code: "cap.priority", points: 0, detail: "denied")))
        #expect(reasons("如果着火").contains(Reason(code: "context.supposed", points: 0, detail: "着火")))
        #expect(reasons("昨天着火").contains(Reason(code: "words.fire", points: 20, detail: "着火")))
        #expect(reasons("昨天着火").contains(Reason(code: "cap.priority", points: 0, detail: "context.past")))
    }

    @Test("a reporter's record is bounded, follows the posterior, and never lowers a life threat")
    func record() {
        var rules = Self.rules
        rules.urgency.trackRecord = TrackRecordRules(priorReal: 8, priorFalse: 2, bound: 5)
        let scorer = UrgencyScorer(rules)
        var random = SeededGenerator(state: 7)
        #expect(rules.urgency.trackRecord.points(.init()) == 0)
        #expect(rules.urgency.trackRecord.points(.init(real: .max, wrong: 0)) == 5)
        #expect(rules.urgency.trackRecord.points(.init(real: 0, wrong: .max)) == -5)
        #expect(rules.urgency.trackRecord.points(.init(real: 8, wrong: 2)) == 0)
        for _ in 0..<300 {
            let counts = TrackRecord.Counts(
                real: .random(in: 0...80, using: &random), wrong: .random(in: 0...80, using: &random))
            let context = UrgencyContext(record: counts)
            for text in ["着火", "孩子走失", "停车", ""] {
                let tip = Fixture.tip(text, category: "fire", at: Fixture.local(.random(in: 0..<24, using: &random)))
                let (bare, judged) = (scorer.score(tip), scorer.score(tip, context: context))
                #expect(abs(judged.score - bare.score) <= 5)
                if bare.level == .emergency {
                    #expect(judged.level == .emergency)
                    #expect(judged.score >= bare.score)
                }
            }
        }
    }

    @Test("earlier incidents at the place add less and less")
    func place() {
        var rules = Self.rules
        rules.urgency.repeatPlace = RepeatPlaceRules(days: 30, points: [3, 2, 1])
        let scorer = UrgencyScorer(rules)
        let tip = Fixture.tip("", category: "hazard")
        let scores = [0, 1, 2, 3, 9].map { scorer.score(tip, context: UrgencyContext(earlierAtPlace: $0)).score }
        #expect(scores == [15, 18, 20, 21, 21])
    }

    @Test("CAP 1.2 keeps how soon, how grave and how sure apart", arguments: [
        ("着火", .immediate, .extreme, .likely), ("如果着火", .future, .minor, .unlikely),
        ("昨天着火", .past, .moderate, .likely), ("", .unknown, .minor, .possible),
    ] as [(String, AlertValues.Urgency, AlertValues.Severity, AlertValues.Certainty)])
    func alertValues(
        text: String, urgency: AlertValues.Urgency, severity: AlertValues.Severity, certainty: AlertValues.Certainty
    ) {
        let values = AlertValues(scorer.score(Fixture.tip(text, category: "hazard")))
        #expect(values.urgency == urgency)
        #expect(values.severity == severity)
        #expect(values.certainty == certainty)
    }

    @Test("waiting is told apart from the grade")
    func age() {
        let rules = WaitingRules(claimWithin: [.emergency: 30_000])
        func age(_ phase: Phase, _ seconds: Int64) -> IncidentAge? {
            IncidentAge(
                level: .emergency, phase: phase, openedAt: Timestamp(milliseconds: 0), phaseSince: Timestamp(milliseconds: 1_000),
                now: Timestamp(milliseconds: seconds * 1_000), rules: rules)
        }
        #expect(age(.open, 31)?.isOverdue == false)
        #expect(age(.open, 32)?.isOverdue == true)
        #expect(age(.open, 0)?.waitingMilliseconds == 0)
        #expect(age(.claimed, 99) == nil)
    }
}

import Testing
import TipModel
import Triage

@Suite("Urgency of one tip")
struct UrgencyScorerTests {
    let scorer = UrgencyScorer(Fixture.rules)

    @Test("each term alone is one reason")
    func termsAlone() {
        let plain = scorer.score(Fixture.tip("门口有人"))
        #expect(plain.reasons == [Reason(code: "category", points: 10, detail: "other")])
        #expect(plain.score == 10)
        #expect(plain.level == .routine)

        let words = scorer.score(Fixture.tip("有人流血"))
        #expect(words.reasons[1] == Reason(code: "words.injury", points: 25, detail: "流血"))
        #expect(words.score == 35)

        let night = scorer.score(Fixture.tip("门口有人", at: Fixture.local(2, 10)))
        #expect(night.reasons[1] == Reason(code: "night", points: 10, detail: "02:10"))
        #expect(night.score == 20)

        let panic = scorer.score(Fixture.tip("", panic: true))
        #expect(panic.reasons[1] == Reason(code: "panic", points: 60))
        #expect(panic.score == 70)
        #expect(panic.level == .emergency)
        #expect(panic.reasons[2] == Reason(code: "floor.emergency", points: 0, detail: "panic"))
    }

    @Test("terms add up, in a fixed order")
    func sum() {
        let urgency = scorer.score(
            Fixture.tip("一男子持刀，有人受伤", category: "suspicious_person", at: Fixture.local(23)))
        #expect(urgency.reasons.map(\.code) == ["category", "words.weapon", "words.injury", "night"])
        #expect(urgency.score == 100)
        #expect(urgency.level == .emergency)
    }

    @Test("the score stays within 0…100")
    func clamp() {
        let top = scorer.score(Fixture.tip("持刀 流血 着火 没呼吸", category: "fire", panic: true))
        #expect(top.score == 100)
        let bottom = scorer.score(Fixture.tip("已经离开", category: "other"))
        #expect(bottom.score == 0)
        #expect(bottom.reasons.contains(Reason(code: "words.gone", points: -15, detail: "已经离开")))
    }

    @Test("an unknown category counts 0")
    func unknownCategory() {
        let urgency = scorer.score(Fixture.tip("", category: "meteor"))
        let reason = Reason(code: "category", points: 0, detail: "meteor")
        #expect(urgency == Urgency(score: 0, level: .routine, reasons: [reason]))
    }

    @Test("a rule counts once, by the first and longest phrase", arguments: [
        ("持刀，拿刀，砍人", "持刀"),
        ("砍人，持刀", "砍"),
        ("Knife! KNIFE!", "Knife"),
    ])
    func onceEach(text: String, phrase: String) {
        let reasons = scorer.score(Fixture.tip(text)).reasons.filter { $0.code == "words.weapon" }
        #expect(reasons == [Reason(code: "words.weapon", points: 35, detail: phrase)])
    }

    @Test("Latin phrases are whole words, Chinese ones match anywhere", arguments: [
        ("He has a GUN", true), ("gun", true), ("gun.", true), ("有gun吗", true), ("(knife)", true),
        ("shotgun", false), ("gunman", false), ("gun2", false), ("éguné", false), ("begun", false),
        ("一把刀", true), ("水果刀具", true), ("力", false),
    ])
    func wholeWords(text: String, fires: Bool) {
        #expect(hasWord("words.weapon", text) == fires)
    }

    @Test("a denied phrase does not count", arguments: [
        ("没有受伤", "words.injury"), ("没人受伤", "words.injury"), ("没看到刀", "words.weapon"),
        ("无人受伤", "words.injury"), ("不是着火", "words.fire"), ("no weapon", "words.weapon"),
        ("No Knife", "words.weapon"), ("not a fire", "words.fire"), ("nobody came, no gun", "words.weapon"),
        ("没有一把刀", "words.weapon"),
    ])
    func denied(text: String, code: String) {
        #expect(!hasWord(code, text))
    }

    @Test("a negation reaches neither past its clause nor past its reach, nor back", arguments: [
        ("没有人，受伤了", "words.injury"), ("没事。流血了", "words.injury"), ("没有枪、刀", "words.weapon"),
        ("没有\n受伤", "words.injury"), ("not sure that he has a knife", "words.weapon"), ("not sure, he has a knife", "words.weapon"), ("no! knife", "words.weapon"),
        ("no, gun", "words.weapon"), ("没有看清楚他拿刀", "words.weapon"), ("not far from me, a gun", "words.weapon"),
        ("know knife", "words.weapon"), ("刀没有", "words.weapon"), ("没有？刀", "words.weapon"),
        ("没有！刀", "words.weapon"), ("没有；刀", "words.weapon"), ("no; gun", "words.weapon"),
    ])
    func notDenied(text: String, code: String) {
        #expect(hasWord(code, text))
    }

    @Test("the reach is counted in Chinese characters and half Latin words, inclusive")
    func reach() {
        #expect(!hasWord("words.weapon", "没一二三四刀"))
        #expect(hasWord("words.weapon", "没一二三四五刀"))
        #expect(!hasWord("words.weapon", "no long black gun"))
        #expect(hasWord("words.weapon", "no ifs or buts gun"))
    }

    @Test("one phrase denied leaves another of the same rule")
    func deniedOnce() {
        let urgency = scorer.score(Fixture.tip("没有看到刀，但是在砍人"))
        #expect(urgency.reasons.contains(Reason(code: "words.weapon", points: 35, detail: "砍")))
    }

    @Test("a phrase that holds a negation does not deny itself, and some rules cannot be denied")
    func notNegatable() {
        #expect(hasWord("words.unconscious", "他没呼吸了"))
        #expect(hasWord("words.unconscious", "not breathing"))
        #expect(hasWord("words.gone", "没有，已经离开"))
        #expect(hasWord("words.gone", "没等就已经离开"))
    }

    @Test("an exception cancels what it overlaps, and nothing else", arguments: [
        ("灭火器坏了", "words.fire", false), ("门口的刀削面店", "words.weapon", false),
        ("they sell at the Knife Shop", "words.weapon", false), ("planned fire drill", "words.fire", false),
        ("灭火器旁着火", "words.fire", true), ("着火了，拿灭火器", "words.fire", true),
        ("砍价时拿出刀", "words.weapon", true), ("fire drills", "words.fire", true),
        ("灭火器灭火器灭火", "words.fire", true), ("灭火器材不够", "words.fire", false),
    ])
    func exceptions(text: String, code: String, fires: Bool) {
        #expect(hasWord(code, text) == fires)
    }

    @Test("floors raise the level, not the score, and say what set them")
    func floors() {
        let category = scorer.score(Fixture.tip("", category: "fire"))
        #expect(category.score == 50)
        #expect(category.level == .urgent)
        #expect(category.reasons.last == Reason(code: "floor.urgent", points: 0, detail: "category"))

        let word = scorer.score(Fixture.tip("刀"))
        #expect(word.score == 45)
        #expect(word.level == .emergency)
        #expect(word.reasons.last == Reason(code: "floor.emergency", points: 0, detail: "words.weapon"))

        let earned = scorer.score(Fixture.tip("有人受伤", category: "burglary"))
        #expect(earned.level == .urgent)
        #expect(!earned.reasons.contains { $0.code.hasPrefix("floor") })
    }

    @Test("thresholds are inclusive", arguments: [
        (39, .routine), (40, .priority), (59, .priority), (60, .urgent), (79, .urgent), (80, .emergency),
    ] as [(Int32, UrgencyLevel)])
    func thresholds(base: Int32, level: UrgencyLevel) {
        var rules = Fixture.rules
        rules.categories["other"]?.base = base
        #expect(UrgencyScorer(rules).score(Fixture.tip("")).level == level)
    }

    @Test("night runs across midnight by the local clock", arguments: [
        (21, 59, nil), (22, 0, "22:00"), (23, 59, "23:59"), (0, 0, "00:00"), (5, 59, "05:59"), (6, 0, nil),
        (12, 0, nil), (30, 0, nil), (25, 5, "01:05"),
    ] as [(Int64, Int64, String?)])
    func night(hours: Int64, minutes: Int64, detail: String?) {
        #expect(night(Fixture.rules, Fixture.local(hours, minutes)) == detail)
    }

    @Test("the offset may be negative or absent, and a night within one day works")
    func offsets() {
        var rules = Fixture.rules
        rules.urgency.utcOffsetMinutes = -210
        let time = Timestamp(milliseconds: 20_514 * 24 * Fixture.hour)
        #expect(night(rules, time) == nil)  // 20:30 the day before
        rules.urgency.utcOffsetMinutes = -90
        #expect(night(rules, time) == "22:30")
        rules.urgency.utcOffsetMinutes = 0
        #expect(night(rules, time) == "00:00")
        rules.urgency.nightFrom = 1
        rules.urgency.nightUntil = 4
        #expect(night(rules, time) == nil)
        #expect(night(rules, time.advanced(byMilliseconds: Fixture.hour)) == "01:00")
        rules.urgency.nightUntil = 1
        #expect(night(rules, time.advanced(byMilliseconds: Fixture.hour)) == nil)
    }

    @Test("no timestamp and no text traps", arguments: [Int64.min, -1, 0, Int64.max])
    func extremes(milliseconds: Int64) {
        let text = String(repeating: "没刀灭火器🔥e\u{301}", count: 300) + "\u{0}\u{FFFD}"
        let urgency = scorer.score(Fixture.tip(text, at: Timestamp(milliseconds: milliseconds)))
        #expect((0...100).contains(urgency.score))
    }

    @Test("time before 1970 has a local clock too")
    func beforeTheEpoch() {
        #expect(night(Fixture.rules, Timestamp(milliseconds: -1 - 8 * Fixture.hour)) == "23:59")
        #expect(night(Fixture.rules, Timestamp(milliseconds: -8 * Fixture.hour)) == "00:00")
        #expect(night(Fixture.rules, Timestamp(milliseconds: -60_000 - 8 * Fixture.hour)) == "23:59")
    }

    private func night(_ rules: TriageRules, _ time: Timestamp) -> String? {
        UrgencyScorer(rules).score(Fixture.tip("", at: time)).reasons.first { $0.code == "night" }?.detail
    }

    private func hasWord(_ code: String, _ text: String) -> Bool {
        scorer.score(Fixture.tip(text)).reasons.contains { $0.code == code }
    }
}

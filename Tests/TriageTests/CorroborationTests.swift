import Testing
import TipModel
import Triage

@Suite("Urgency of an incident")
struct CorroborationTests {
    let engine = TriageEngine(rules: Fixture.rules)
    var scorer: UrgencyScorer { engine.scorer }

    @Test("each further witness adds points up to the maximum", arguments: [
        (0, 0), (1, 0), (2, 5), (3, 10), (4, 15), (5, 15), (Int.max, 15), (Int.min, 0),
    ] as [(Int, Int32)])
    func points(witnesses: Int, points: Int32) {
        let tip = scorer.score(Fixture.tip("", category: "suspicious_person"))
        let combined = scorer.combine(current: tip, tip: tip, witnesses: witnesses)
        #expect(combined.score == 30 + points)
        let reasons = combined.reasons.filter { $0.code == "corroboration" }
        #expect(reasons == (points == 0 ? [] : [Reason(code: "corroboration", points: points, detail: "\(witnesses)")]))
    }

    @Test("another post or reporter is a new witness, the same reporter again is not")
    func witnesses() {
        let gate = PostID(unchecked: "gate-3")
        let shop = PostID(unchecked: "shop-1")
        var seen: Set<UInt64> = [witnessHash(post: gate, reporter: "g-1")]
        #expect(!seen.insert(witnessHash(post: gate, reporter: "g-1")).inserted)
        #expect(seen.insert(witnessHash(post: gate, reporter: "g-2")).inserted)
        #expect(seen.insert(witnessHash(post: shop, reporter: "g-1")).inserted)
        #expect(seen.insert(witnessHash(post: gate, reporter: "")).inserted)
        #expect(!seen.insert(witnessHash(post: gate, reporter: "")).inserted)
    }

    @Test("a witness's hash is FNV-1a of post/reporter and never changes: snapshots keep it")
    func stableHash() {
        #expect(witnessHash(post: PostID(unchecked: "gate-3"), reporter: "g-1") == 0x1EEA_0340_3EB9_D31A)
    }

    @Test("corroboration raises the level by thresholds")
    func raises() {
        let tip = scorer.score(Fixture.tip("", category: "suspicious_person"))
        #expect(tip.level == .routine)
        #expect(scorer.combine(current: tip, tip: tip, witnesses: 2).level == .routine)
        #expect(scorer.combine(current: tip, tip: tip, witnesses: 3).level == .priority)
    }

    @Test("the more urgent of incident and tip goes on, with its reasons")
    func moreUrgent() {
        let lurker = scorer.score(Fixture.tip("", category: "suspicious_person"))
        let knife = scorer.score(Fixture.tip("持刀", category: "suspicious_person"))
        let up = scorer.combine(current: lurker, tip: knife, witnesses: 2)
        #expect(up.level == .emergency)
        #expect(up.score == 70)
        #expect(up.reasons.contains { $0.code == "words.weapon" })
        #expect(scorer.combine(current: knife, tip: lurker, witnesses: 2) == up)
    }

    @Test("the earlier corroboration is replaced, not added to")
    func replaced() {
        let tip = scorer.score(Fixture.tip("", category: "suspicious_person"))
        var incident = tip
        for witnesses in 2...6 { incident = scorer.combine(current: incident, tip: tip, witnesses: witnesses) }
        #expect(incident.score == 45)
        #expect(incident.reasons.count { $0.code == "corroboration" } == 1)
    }

    @Test("an incident is compared without its corroboration")
    func comparedBare() {
        func urgency(_ score: Int32) -> Urgency {
            Urgency(score: score, level: .routine, reasons: [Reason(code: "category", points: score, detail: "other")])
        }
        let (weaker, stronger) = (urgency(35), urgency(38))
        let corroborated = scorer.combine(current: weaker, tip: weaker, witnesses: 2)
        #expect(corroborated.level == .priority)
        let next = scorer.combine(current: corroborated, tip: stronger, witnesses: 2)
        #expect(next.score == 43)
    }

    @Test("a floor survives corroboration", arguments: ["fire", "other"])
    func floorSurvives(category: String) {
        let text = category == "other" ? "刀" : ""
        let strong = scorer.score(Fixture.tip(text, category: category))
        let weak = scorer.score(Fixture.tip("", category: "hazard"))
        var incident = strong
        for witnesses in 1...4 { incident = scorer.combine(current: incident, tip: weak, witnesses: witnesses) }
        #expect(incident.level >= strong.level)
        #expect(incident.reasons.filter { $0.code != "corroboration" } == strong.reasons)
    }

    @Test("a level that corroboration once earned stays, and says so")
    func earlierLevel() {
        var rules = Fixture.rules
        rules.urgency.corroborationPoints = [30]
        rules.categories["burglary"]?.base = 5
        let scorer = UrgencyScorer(rules)
        let person = scorer.score(Fixture.tip("", category: "suspicious_person"))
        let incident = scorer.combine(current: person, tip: person, witnesses: 2)
        #expect(incident.level == .urgent)
        // More urgent than the person alone by its floor, with too few points for the level reached together.
        let burglary = scorer.score(Fixture.tip("", category: "burglary"))
        let next = scorer.combine(current: incident, tip: burglary, witnesses: 2)
        #expect(next.score == 35)
        #expect(next.level == .urgent)
        #expect(next.reasons.contains(Reason(code: "floor.urgent", points: 0, detail: "earlier")))
        #expect(scorer.combine(current: next, tip: burglary, witnesses: 2) == next)
    }

    @Test("for any pair and count: never a lower level, and again changes nothing")
    func properties() {
        var random = SeededGenerator(state: 42)
        let texts = ["", "刀", "受伤", "着火", "已经离开", "没呼吸", "没有刀", "持刀 流血"]
        let categories = ["suspicious_person", "burglary", "fire", "hazard", "other", "meteor"]
        func any() -> Urgency {
            scorer.score(
                Fixture.tip(
                    texts.randomElement(using: &random) ?? "", category: categories.randomElement(using: &random) ?? "",
                    at: Fixture.local(.random(in: 0..<24, using: &random)),
                    panic: Int.random(in: 0..<4, using: &random) == 0))
        }
        for _ in 0..<500 {
            var incident = any()
            for witnesses in 1...5 {
                let tip = any()
                let next = scorer.combine(current: incident, tip: tip, witnesses: witnesses)
                #expect(next.level >= max(incident.level, tip.level))
                #expect(scorer.combine(current: next, tip: tip, witnesses: witnesses) == next)
                #expect(Int(next.score) == min(100, max(0, next.reasons.reduce(0) { $0 + Int($1.points) })))
                incident = next
            }
        }
    }
}

import Testing
import TipModel
import Triage

/// What a tip says by itself may be worked out on another thread, and under rules that are gone when it is used.
@Suite("Readings")
struct ReadingTests {
    private static let tips = [
        Fixture.tip("有人持刀在3号楼门口，没有看到火", category: "suspicious_person", at: Fixture.local(2)),
        Fixture.tip("没有着火", category: "fire", at: Fixture.local(14)),
        Fixture.tip("", category: "other", at: Fixture.local(14)),
    ]

    private func accepted(_ tip: Tip) -> TipAccepted {
        TipAccepted(
            post: PostID(unchecked: "gate-3"), zone: Fixture.zone, tip: tip, encoded: [], position: tip.position,
            receivedAt: tip.observedAt, skewMilliseconds: 0)
    }

    @Test("one that another thread made decides as one made on the spot", arguments: tips)
    func elsewhere(tip: Tip) async {
        let engine = TriageEngine(rules: Fixture.rules)
        let ahead = await Task.detached { engine.reading(of: tip) }.value
        #expect(ahead.isCurrent(for: engine))
        let now = tip.observedAt
        let (state, index) = (StationState(), engine.makeIndex())
        let one = engine.decide(accepted(tip), ahead, state: state, index: index, now: now)
        let other = engine.decide(accepted(tip), engine.reading(of: tip), state: state, index: index, now: now)
        #expect(one == other)
        #expect(one.tipUrgency == engine.scorer.score(tip))
    }

    @Test("one of other rules is made anew, one of a copy of the engine is not")
    func rules() {
        let engine = TriageEngine(rules: Fixture.rules)
        let copy = engine
        let reloaded = TriageEngine(rules: Fixture.rules)
        let tip = Self.tips[0]
        let reading = engine.reading(of: tip)
        #expect(copy.current(reading, of: tip) === reading)
        #expect(!reading.isCurrent(for: reloaded))
        #expect(reloaded.current(reading, of: tip) !== reading)
    }

    @Test("what is known of place and reporter adds its reasons and takes none", arguments: tips)
    func experience(tip: Tip) {
        var rules = Fixture.rules
        rules.urgency.repeatPlace = RepeatPlaceRules(points: [4, 3])
        rules.urgency.trackRecord = TrackRecordRules(bound: 10)
        let scorer = UrgencyScorer(rules)
        let alone = scorer.score(tip)
        let context = UrgencyContext(record: TrackRecord.Counts(real: 0, wrong: 40), earlierAtPlace: 3)
        let known = scorer.score(tip, context: context)
        let isBound = { (reason: Reason) in reason.code.hasPrefix("floor.") || reason.code.hasPrefix("cap.") }
        let said = known.reasons.filter { !["place", "record"].contains($0.code) && !isBound($0) }
        #expect(said == alone.reasons.filter { !isBound($0) })
        #expect(known.reasons.contains { $0.code == "place" })
        let sum = known.reasons.reduce(0) { $0 + $1.points }
        #expect(known.score == max(0, min(100, sum)))
    }
}

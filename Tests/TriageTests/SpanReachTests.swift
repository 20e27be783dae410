import Testing
import TipModel

@testable import Triage

/// The daemon passes over incidents that are out of the span; what it decides must be what it would decide of all.
@Suite("Span reach")
struct SpanReachTests {
    @Test("what the span search passes over is beyond the span")
    func reach() throws {
        var random = SeededGenerator(state: 5)
        let rules = Fixture.rules.correlation
        for _ in 0..<20_000 {
            let latitude = Double.random(in: -89...89, using: &random)
            let here = Position(latitude: latitude, longitude: 100, accuracy: .random(in: 0...400, using: &random))
            let degrees = Double.random(in: 0...0.03, using: &random)
            let there = Position(
                latitude: latitude + .random(in: -degrees...degrees, using: &random),
                longitude: 100 + .random(in: -degrees...degrees, using: &random), accuracy: .random(in: 0...400, using: &random))
            let slack = min(Double(here.accuracy), rules.maximumDistance)
            let limit = rules.spanMetres + slack + min(Double(there.accuracy), rules.maximumDistance)
            if let reach = SpanReach(here, slack: slack, rules: rules), reach.excludes(Whereabouts(first: there, positions: [])) {
                #expect(here.distance(to: there) > limit)
            }
            if let rough = RoughDistance(here) {
                if rough.isBeyond(limit, there) { #expect(here.distance(to: there) > limit) }
                if rough.isWithin(limit, there) { #expect(here.distance(to: there) <= limit) }
            }
        }
        let here = Fixture.position()
        let reach = try #require(SpanReach(here, slack: 0, rules: rules))
        func excludes(_ first: Position?) -> Bool { reach.excludes(Whereabouts(first: first, positions: [])) }
        #expect(excludes(Fixture.position(north: rules.spanMetres + 20)))
        #expect(!excludes(Fixture.position(north: rules.spanMetres - 20)))
        #expect(!excludes(nil))
    }

    @Test("a box is passed over only where all that is in it is too far")
    func boxes() throws {
        var random = SeededGenerator(state: 6)
        let rules = Fixture.rules.correlation
        var passed = 0
        for _ in 0..<5_000 {
            let latitude = Double.random(in: -80...80, using: &random)
            let here = Position(latitude: latitude, longitude: 100)
            let middle = Position(
                latitude: latitude + .random(in: -0.02...0.02, using: &random), longitude: 100 + .random(in: -0.03...0.03, using: &random))
            let positions = (0..<4).map { _ in
                Position(
                    latitude: middle.latitude + .random(in: -0.003...0.003, using: &random),
                    longitude: middle.longitude + .random(in: -0.003...0.003, using: &random), accuracy: .random(in: -9...400, using: &random))
            }
            guard let reach = SpanReach(here, slack: 0, rules: rules), reach.excludes(Whereabouts(first: nil, positions: positions)) else {
                continue
            }
            passed += 1
            for there in positions {
                let slack = there.accuracy > 0 ? min(Double(there.accuracy), rules.maximumDistance) : 0
                #expect(here.distance(to: there) > rules.maximumDistance + slack)
            }
        }
        #expect(passed > 500)
        let reach = try #require(SpanReach(Fixture.position(), slack: 0, rules: rules))
        let far = Fixture.position(north: rules.maximumDistance + 20)
        #expect(reach.excludes(Whereabouts(first: nil, positions: [far, far])))
        // What is not known may be near.
        #expect(!reach.excludes(Whereabouts(first: nil, positions: [far, nil])))
        #expect(!reach.excludes(Whereabouts(first: nil, positions: [far, Fixture.position(north: 20)])))
        #expect(!reach.excludes(Whereabouts(first: nil, positions: [])))
    }

    @Test("passing over changes no decision", arguments: 1...4 as ClosedRange<UInt64>)
    func decisions(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let engine = TriageEngine(rules: Fixture.rules)
        var state = StationState()
        var index = engine.makeIndex()
        var outcomes: Set<String> = []
        let texts = ["3号楼东墙外有一名可疑男子徘徊", "男子在东墙外徘徊", "京A12345停在门口", "a man at the wall", "3号楼冒烟着火"]
        for step in 0..<400 {
            let now = Fixture.local(2).advanced(byMilliseconds: Int64(step) * 4_000)
            var tip = Fixture.tip(
                texts.randomElement(using: &random) ?? "", category: ["suspicious_person", "burglary", "fire"].randomElement(using: &random) ?? "",
                at: now)
            if Int.random(in: 0..<20, using: &random) > 0 {
                tip.position = Fixture.position(
                    north: .random(in: 0...4_000, using: &random), east: .random(in: 0...4_000, using: &random),
                    accuracy: .random(in: 0...200, using: &random))
            }
            let accepted = TipAccepted(
                post: PostID(unchecked: "gate-3"), zone: Fixture.zone, tip: tip, encoded: [], position: tip.position, receivedAt: now,
                skewMilliseconds: 0)
            let reading = engine.reading(of: tip)
            let decision = engine.decide(accepted, reading, state: state, index: index, now: now)
            let view = TipView(accepted, isEmergency: decision.isAlarm, features: reading.features)
            let all = engine.correlator.decide(view, candidates: engine.candidates(for: view, in: index, now: now), now: now)
            #expect(decision.reasons == all.reasons)
            outcomes.insert(decision.verdict == .new ? decision.reasons.first?.code ?? "" : "attached")
            state.apply(Record(sequence: UInt64(step + 1), at: now, events: decision.events))
            index.follow(decision.incident, in: state, newest: reading.features)
        }
        #expect(outcomes.isSuperset(of: ["alone", "vetoed", "attached"]))
    }
}

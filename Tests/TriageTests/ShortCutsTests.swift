import Testing
import TipModel

@testable import Triage

/// Deciding leaves out what cannot win. What it decides must be what comparing everything in full says.
@Suite("Short cuts of correlation")
struct ShortCutsTests {
    private static let texts = [
        "3号楼东墙外有一名可疑男子徘徊", "男子在东墙外徘徊，手里有工具", "3号楼2单元冒烟", "京A12345停在门口", "a man in a red jacket at the wall",
        "一名穿红色外套的男子", "京B99999撞了人", "", "演练：3号楼着火",
    ]

    private func evidence(_ random: inout SeededGenerator) -> Evidence {
        Fixture.evidence(
            Self.texts.randomElement(using: &random) ?? "",
            category: ["suspicious_person", "burglary", "fire", "unlisted"].randomElement(using: &random) ?? "",
            at: Fixture.local(2, Int64.random(in: 0..<30, using: &random)),
            position: Int.random(in: 0..<5, using: &random) == 0
                ? nil
                : Fixture.position(
                    north: .random(in: 0...500, using: &random), east: .random(in: 0...500, using: &random),
                    accuracy: .random(in: 0...60, using: &random)),
            place: ["", "3号楼", "东墙"].randomElement(using: &random) ?? "")
    }

    @Test("a decision is that of the best in full", arguments: 1...3 as ClosedRange<UInt64>)
    func decisions(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let correlator = Correlator(Fixture.rules.correlation)
        let now = Fixture.local(2, 31)
        var attached = 0
        for _ in 0..<400 {
            let incidents = (1...UInt64.random(in: 1...9, using: &random)).map { number in
                let members = (0..<Int.random(in: 1...6, using: &random)).map { _ in evidence(&random) }
                return Fixture.incident(
                    number, category: members[0].category, lastTipAt: Fixture.local(2, Int64.random(in: 0..<30, using: &random)),
                    position: members[0].position, evidence: members)
            }
            let seen = evidence(&random)
            let tip = Fixture.tipView(
                seen.text, category: seen.category, at: seen.observedAt, position: seen.position, place: seen.place,
                isEmergency: Bool.random(using: &random))
            let scores = incidents.map { correlator.compare(tip, with: $0, now: now) }
            let best = incidents.indices.max {
                let (left, right) = (scores[$0], scores[$1])
                if (left.veto == nil) != (right.veto == nil) { return right.veto == nil }
                return (left.points, incidents[$0].lastTipAt, incidents[$0].id) < (right.points, incidents[$1].lastTipAt, incidents[$1].id)
            } ?? 0
            let decision = correlator.decide(tip, candidates: incidents, now: now)
            if case .attach(let id, let score, let reasons) = decision {
                attached += 1
                #expect(id == incidents[best].id && score == scores[best].points && reasons == scores[best].reasons)
            } else {
                #expect(Array(decision.reasons.dropFirst()) == scores[best].reasons)
                #expect(decision.reasons[0].detail.hasPrefix(incidents[best].id.description))
            }
        }
        #expect(attached > 20)
    }

    @Test("a category's row says what the matrix says, listed or not")
    func rows() {
        let rules = Fixture.rules.correlation
        let correlator = Correlator(rules)
        let categories = Set(rules.affinity.pairs.keys.flatMap { [$0.low, $0.high] }).union(["unlisted", "another"]).sorted()
        for one in categories {
            let row = correlator.row(one)
            for other in categories { #expect(row.percent(with: stableHash(other), other) == rules.affinity[one, other]) }
        }
    }

    @Test("a view made from the one before is as one made anew, and shares what it can")
    func views() {
        var incident = Fixture.incident()
        var view = Fixture.view(incident)
        var random = SeededGenerator(state: 9)
        for step in 0..<12 {
            if incident.evidence.count == Incident.Limits.evidence { incident.evidence.remove(at: 1) }
            incident.evidence.append(evidence(&random))
            let next = IncidentView(incident, weights: Fixture.weights, previous: view)
            let anew = Fixture.view(incident)
            #expect(next.evidence.map(\.source) == incident.evidence && next.newest == anew.newest)
            #expect(next.evidence.map(\.categoryHash) == anew.evidence.map(\.categoryHash))
            #expect(next.evidence.map(\.features.terms) == anew.evidence.map(\.features.terms))
            let shared = next.evidence.count { trace in view.evidence.contains { $0 === trace } }
            #expect(shared == min(step + 1, Incident.Limits.evidence - 1))
            view = next
        }
    }
}

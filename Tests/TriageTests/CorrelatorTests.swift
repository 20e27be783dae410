import Testing
import TipModel
import Triage

@Suite("Correlation")
struct CorrelatorTests {
    let correlator = Correlator(Fixture.rules.correlation)
    let now = Fixture.local(2, 20)

    func view(
        _ text: String = Fixture.lurker, category: String = "suspicious_person",
        at time: Timestamp = Fixture.local(2, 20), position: Position? = Fixture.position(), place: String = "",
        zone: ZoneID = Fixture.zone, drill: Bool = false, isEmergency: Bool = false
    ) -> TipView {
        Fixture.tipView(
            text, category: category, at: time, position: position, place: place, zone: zone, drill: drill, isEmergency: isEmergency)
    }

    // MARK: - The story

    @Test("five reports of one lurker are one incident", arguments: [
        ("东墙外有个男的鬼鬼祟祟，可疑", 2, 12, 40.0), ("可疑男子在3号楼附近徘徊", 2, 14, 80.0),
        ("监控看到一名男子在墙外徘徊", 2, 17, 120.0), ("suspicious man outside the wall", 2, 11, 15.0),
        ("墙外有人", 2, 22, 60.0),
    ] as [(String, Int64, Int64, Double)])
    func lurker(text: String, hour: Int64, minute: Int64, metres: Double) {
        let time = Fixture.local(hour, minute)
        let decision = correlator.decide(
            view(text, at: time, position: Fixture.position(east: metres)), candidates: [Fixture.incident()], now: time)
        guard case .attach(let id, let score, let reasons) = decision else {
            Issue.record("opened: \(decision)")
            return
        }
        #expect(id == IncidentID(7))
        #expect(score == reasons.reduce(0) { $0 + $1.points })
        #expect(reasons.prefix(3).map(\.code) == ["distance", "time", "category"])
    }

    @Test("nothing open nearby opens, and says so")
    func alone() {
        let decision = correlator.decide(view(), candidates: Candidates(), now: now)
        #expect(decision == .open(reasons: [Reason(code: "alone", points: 0)]))
    }

    @Test("a veto opens, and says which", arguments: Veto.allCases)
    func vetoes(veto: Veto) {
        var incident = Fixture.incident()
        var tip = view()
        var now = now
        var detail = ""
        func said(_ before: String, _ after: String) {
            incident.evidence = [Fixture.evidence(before)]
            tip.features = Fixture.features(after)
        }
        switch veto {
        case .zone:
            tip.zone = ZoneID(unchecked: "west-2")
            detail = "west-2 / east-1"
        case .drill:
            tip.drill = true
            detail = "drill / real"
        case .window:
            now = Fixture.local(26, 10)
            tip.observedAt = now
            detail = "1440 min"
        case .category:
            tip.category = "fire"
            detail = "fire / suspicious_person"
        case .distance:
            tip.position = Fixture.position(north: 500)
            detail = "500 m"
        case .span:
            tip.position = Fixture.position(north: 700)
            detail = "700 m"
        case .plate: said("黑车京A12345停着", "黑车京A54321停着")
        case .phone: said("13812345678打来的诈骗电话", "17700001111打来的诈骗电话")
        case .building: said("3号楼有人撬门", "5号楼有人撬门")
        case .unit: said("3号楼2单元有人撬门", "3号楼1单元有人撬门")
        case .room: said("有人撬502室的门", "有人撬301室的门")
        case .bay: said("有人在B1撬车", "有人在B3撬车")
        case .floor: said("12层有人撬门", "5楼有人撬门")
        }
        let reason = Reason(code: veto.code, points: 0, detail: detail)
        #expect(
            correlator.compare(tip, with: incident, now: now) == PairScore(points: 0, reasons: [reason], veto: veto))
        #expect(
            correlator.decide(tip, candidates: [incident], now: now)
                == .open(reasons: [Reason(code: "vetoed", points: 0, detail: "#7"), reason]))
    }

    @Test("too little in common opens, with the best candidate and its terms")
    func below() {
        let tip = view("路灯坏了", at: Fixture.local(2, 39), position: Fixture.position(north: 290))
        let decision = correlator.decide(tip, candidates: [Fixture.incident()], now: Fixture.local(2, 39))
        #expect(
            decision
                == .open(reasons: [
                    Reason(code: "below", points: 0, detail: "#7 22/50"),
                    Reason(code: "distance", points: 1, detail: "290 m"),
                    Reason(code: "time", points: 1, detail: "29 min"),
                    Reason(code: "category", points: 20, detail: "suspicious_person"),
                    Reason(code: "text", points: 0, detail: "0 %"),
                ]))
    }

    @Test("enough is exactly the threshold")
    func threshold() {
        let tip = view()
        let points = correlator.compare(tip, with: Fixture.incident(), now: now).points
        for (attachAt, attaches) in [(points, true), (points + 1, false)] {
            var rules = Fixture.rules
            rules.correlation.attachAt = attachAt
            let decision = Correlator(rules.correlation).decide(tip, candidates: [Fixture.incident()], now: now)
            #expect(isAttach(decision) == attaches)
        }
    }

    // MARK: - Terms

    @Test("distance falls linearly to 0 at the maximum", arguments: [
        (0, 30), (100, 20), (150, 15), (299, 0),
    ] as [(Double, Int32)])
    func distance(metres: Double, points: Int32) {
        let pair = correlator.compare(
            view(position: Fixture.position(north: metres)), with: Fixture.incident(), now: now)
        #expect(pair.reasons[0] == Reason(code: "distance", points: points, detail: "\(Int(metres)) m"))
    }

    @Test("accuracies widen the reach, each by the maximum at most", arguments: [
        (340, 20, 30, nil), (360, 20, 30, Veto.distance), (590, 9_000_000, 0, nil), (610, 9_000_000, 0, .distance),
        (320, .nan, 0, .distance), (320, -50, 0, .distance), (590, .infinity, 0, nil),
    ] as [(Double, Float, Float, Veto?)])
    func accuracy(metres: Double, one: Float, other: Float, veto: Veto?) {
        let incident = Fixture.incident(position: Fixture.position(accuracy: other))
        let tip = view(position: Fixture.position(north: metres, accuracy: one))
        #expect(correlator.compare(tip, with: incident, now: now).veto == veto)
    }

    @Test("time falls linearly to 0 at the window's end, before and after", arguments: [
        (0, 20), (15, 10), (-15, 10), (30, 0), (-30, 0),
    ] as [(Int64, Int32)])
    func time(minutes: Int64, points: Int32) {
        let time = Fixture.local(2, 10 + minutes)
        let pair = correlator.compare(view(at: time), with: Fixture.incident(), now: Fixture.local(2, 10))
        #expect(pair.veto == nil)
        #expect(pair.reasons[1] == Reason(code: "time", points: points, detail: "\(abs(minutes)) min"))
    }

    @Test("the window holds for the observation and for the arrival")
    func window() {
        let incident = Fixture.incident()
        let early = view(at: Fixture.local(1, 39))
        #expect(correlator.compare(early, with: incident, now: now).veto == .window)
        let late = view(at: Fixture.local(2, 11))
        #expect(correlator.compare(late, with: incident, now: Fixture.local(2, 40)).veto == nil)
        #expect(correlator.compare(late, with: incident, now: Fixture.local(2, 41)).veto == .window)
        // A daemon's clock that ran backwards closes nothing.
        #expect(correlator.compare(late, with: incident, now: Fixture.local(0)).veto == nil)
        for extreme in [Int64.min, Int64.max] {
            let tip = view(at: Timestamp(milliseconds: extreme))
            #expect(correlator.compare(tip, with: incident, now: now).veto == .window)
        }
    }

    @Test("a compatible category gets half, whichever side names it; a member's category gets all")
    func category() {
        let burglary = correlator.compare(view(category: "burglary"), with: Fixture.incident(), now: now)
        #expect(
            burglary.reasons[2]
                == Reason(code: "category.kin", points: 10, detail: "burglary ~ suspicious_person"))
        let person = correlator.compare(view(), with: Fixture.incident(category: "burglary"), now: now)
        #expect(person.reasons[2].points == 10)
        let member = Fixture.incident(
            category: "fire", evidence: [Fixture.evidence(Fixture.lurker, category: "suspicious_person")])
        #expect(correlator.compare(view(), with: member, now: now).reasons[2].points == 20)
        let unknown = correlator.compare(
            view(category: "meteor"), with: Fixture.incident(category: "meteor"), now: now)
        #expect(unknown.reasons[2] == Reason(code: "category", points: 20, detail: "meteor"))
    }

    @Test("text counts by its overlap")
    func text() {
        let same = correlator.compare(view(), with: Fixture.incident(), now: now)
        #expect(same.reasons[3] == Reason(code: "text", points: 30, detail: "100 %"))
        let other = correlator.compare(view("路灯坏了"), with: Fixture.incident(), now: now)
        #expect(other.reasons[3] == Reason(code: "text", points: 0, detail: "0 %"))
    }

    @Test("without a position the term is 0 and the reason says who lacks it", arguments: [
        (nil, Fixture.position(), "tip"), (Fixture.position(), nil, "incident"), (nil, nil, "tip"),
        (Position(latitude: .nan, longitude: 0), Fixture.position(), "tip"),
        (Position(latitude: 91, longitude: 0), Fixture.position(), "tip"),
        (Fixture.position(), Position(latitude: 0, longitude: .infinity), "incident"),
    ] as [(Position?, Position?, String)])
    func unlocated(tip: Position?, incident: Position?, who: String) {
        let pair = correlator.compare(view(position: tip), with: Fixture.incident(position: incident), now: now)
        #expect(pair.veto == nil)
        #expect(pair.reasons[0] == Reason(code: "distance.unknown", points: 0, detail: who))
    }

    // MARK: - Evidence

    @Test("the evidence that matches best is used, not the first")
    func bestEvidence() {
        let incident = Fixture.incident(evidence: [
            Fixture.evidence("有人翻墙", position: Fixture.position(north: 250)),
            Fixture.evidence(Fixture.lurker, at: Fixture.local(2, 18), position: Fixture.position(north: 30)),
            Fixture.evidence("狗叫", at: Fixture.local(2, 15), position: Fixture.position(north: 60)),
        ])
        let pair = correlator.compare(view(), with: incident, now: now)
        #expect(pair.reasons[0] == Reason(code: "distance", points: 27, detail: "30 m"))
        #expect(pair.reasons[1].detail == "2 min")
        #expect(pair.reasons[3].points == 30)
    }

    @Test("evidence out of reach does not compete, and the nearest decides the veto")
    func farEvidence() {
        let far = Fixture.evidence(Fixture.lurker, position: Fixture.position(north: 500))
        let near = Fixture.evidence("狗叫", position: Fixture.position(north: 30))
        let nowhere = Fixture.evidence(Fixture.lurker, position: nil)
        let mixed = correlator.compare(view(), with: Fixture.incident(evidence: [far, near]), now: now)
        #expect(mixed.veto == nil)
        #expect(mixed.reasons[3].points == 0)
        // One report without a place must not open the incident to the whole zone.
        let reached = correlator.compare(view(), with: Fixture.incident(evidence: [far, nowhere]), now: now)
        #expect(reached.veto == .distance)
    }

    @Test("the incident's own place and time stand in where evidence has none")
    func incidentStandsIn() {
        let nowhere = Fixture.incident(evidence: [Fixture.evidence(Fixture.lurker, position: nil)])
        let told = correlator.compare(view(position: Fixture.position(north: 100)), with: nowhere, now: now)
        #expect(told.reasons.map(\.points) == [20, 13, 20, 30, 10])
        #expect(
            correlator.compare(view(position: Fixture.position(north: 400)), with: nowhere, now: now).veto == .distance)
    }

    // MARK: - Choosing

    @Test("the higher score wins, then the newer, then the higher id, in whatever order they come")
    func ties() {
        let far = Fixture.incident(1, position: Fixture.position(north: 200))
        let older = Fixture.incident(9, lastTipAt: Fixture.local(2, 9), evidence: [Fixture.evidence(Fixture.lurker)])
        let low = Fixture.incident(3)
        let high = Fixture.incident(4)
        let vetoed = Fixture.incident(20, zone: ZoneID(unchecked: "west-2"), lastTipAt: Fixture.local(2, 20))
        var random = SeededGenerator(state: 7)
        for _ in 0..<20 {
            let all = [far, older, low, high, vetoed].shuffled(using: &random)
            #expect(attached(correlator.decide(view(), candidates: all, now: now)) == 4)
            let three = [far, older, low, vetoed].shuffled(using: &random)
            #expect(attached(correlator.decide(view(), candidates: three, now: now)) == 3)
            let two = [far, older, vetoed].shuffled(using: &random)
            #expect(attached(correlator.decide(view(), candidates: two, now: now)) == 9)
            let one = [far, vetoed].shuffled(using: &random)
            #expect(attached(correlator.decide(view(), candidates: one, now: now)) == 1)
        }
    }

    @Test("no more than the bound are compared")
    func bound() {
        var rules = Fixture.rules
        rules.correlation.candidateBound = 2
        let far = ZoneID(unchecked: "west-2")
        let candidates = [Fixture.incident(1, zone: far), Fixture.incident(2, zone: far), Fixture.incident(3)]
        #expect(!isAttach(Correlator(rules.correlation).decide(view(), candidates: candidates, now: now)))
        rules.correlation.candidateBound = 3
        #expect(isAttach(Correlator(rules.correlation).decide(view(), candidates: candidates, now: now)))
    }

    @Test("the decision's score and reasons are those of the comparison")
    func sameReasons() {
        let incident = Fixture.incident()
        let tip = view("墙外有人", position: Fixture.position(north: 40))
        let pair = correlator.compare(tip, with: incident, now: now)
        #expect(
            correlator.decide(tip, candidates: [incident], now: now)
                == .attach(incident.id, score: pair.points, reasons: pair.reasons))
    }

    private func attached(_ decision: CorrelationDecision) -> UInt64? {
        if case .attach(let id, _, _) = decision { id.rawValue } else { nil }
    }

    private func isAttach(_ decision: CorrelationDecision) -> Bool { attached(decision) != nil }
}

import Settings
import Testing
import TipModel
import Triage

/// The stories that the shipped rules must tell rightly. Levels and outcomes, not points: those may be tuned.
@Suite("Shipped rules")
struct ShippedRulesTests {
    /// Loaded once: compiling all phrases takes a debug build most of a second.
    private static let rules = Result {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let rules = try TriageFile.load(path: root + "/config/triage.yaml")
        return (rules: rules, engine: TriageEngine(rules: rules))
    }

    let engine: TriageEngine
    let window: Int64
    let bound: Int

    init() throws {
        let shipped = try Self.rules.get()
        engine = shipped.engine
        window = shipped.rules.correlation.windowMilliseconds
        bound = shipped.rules.correlation.candidateBound
    }

    @Test("the level that a guard would give", arguments: [
        ("suspicious_person", "一名男子在围墙外徘徊，手里拿着工具", 2, .urgent),
        ("suspicious_person", "有人持刀在门口", 14, .emergency),
        ("suspicious_person", "有人在门口，没有看到刀", 14, .priority),
        ("suspicious_person", "Man at the gate, no weapon", 14, .priority),
        ("suspicious_person", "not sure who, he has a knife", 14, .emergency),
        ("other", "灭火器过期了", 14, .routine),
        ("other", "not a fire", 14, .routine),
        ("fire", "not a drill, real fire on 3", 14, .emergency),
        ("fire", "明天下午消防演练，会放烟", 14, .routine),
        ("fire", "如果着火怎么办", 14, .routine),
        ("fire", "3号楼有情况", 14, .emergency),
        ("weapon", "", 14, .emergency),
        ("fire", "灭火器", 14, .routine),
        ("weapon", "没看到什么", 14, .routine),
        ("other", "孩子一个人锁在车里，热得满脸通红", 14, .emergency),
        ("theft", "a girl is being dragged to a van, screaming that he is not her dad", 14, .emergency),
        ("weapon", "昨天有人拿刀在门口闹过，今天没来", 14, .priority),
        ("fire", "火刚扑灭，没人受伤", 14, .urgent),
        ("other", "刀没看到，就是在门口站着", 14, .priority),
        ("other", "3号楼着火了", 14, .emergency),
        ("disturbance", "有人打架，没有受伤", 14, .urgent),
        ("service_request", "孩子上户口需要什么材料", 10, .routine),
    ] as [(String, String, Int64, UrgencyLevel)])
    func levels(category: String, text: String, hour: Int64, level: UrgencyLevel) {
        let urgency = engine.scorer.score(Fixture.tip(text, category: category, at: Fixture.local(hour)))
        #expect(urgency.level == level, "\(urgency.reasons)")
    }

    @Test("five reports of one lurker are one incident; the next night is another")
    func lurker() throws {
        let reports: [(post: String, text: String, minute: Int64, east: Double)] = [
            ("gate-3", "监控看到3号楼东墙外有一名男子徘徊", 0, 0),
            ("gate-3", "东墙外那个男的还在，鬼鬼祟祟", 4, 20),
            ("shop-1", "墙外有个可疑男子", 6, 90),
            ("gate-4", "有人在围墙外转悠，手里像拿着工具", 9, 60),
            ("gate-4", "男子往东门走了", 11, 110),
        ]
        var index = engine.makeIndex()
        var open: [IncidentID: Incident] = [:]

        func receive(_ report: (post: String, text: String, minute: Int64, east: Double), night: Int64) -> IncidentID {
            let now = Fixture.local(night * 24 + 2, report.minute)
            var tip = Fixture.tip(report.text, category: "suspicious_person", at: now)
            tip.position = Fixture.position(east: report.east, accuracy: 10)
            let view = TipView(
                post: PostID(unchecked: report.post), zone: Fixture.zone, observedAt: now, category: tip.category,
                position: tip.position, drill: false, isEmergency: false, features: engine.features(of: tip))
            let candidates = index.candidates(
                for: view, since: now.advanced(byMilliseconds: -window), clearedSince: now, bound: bound)
            let evidence = Fixture.evidence(report.text, at: now, position: tip.position)
            let witness = witnessHash(post: view.post, reporter: tip.reporter)
            let urgency = engine.scorer.score(tip)
            var incident: Incident
            switch engine.correlator.decide(view, candidates: candidates, now: now) {
            case .attach(let id, _, _):
                guard let member = open[id] else { return IncidentID(0) }
                incident = member
                incident.lastTipAt = now
                incident.evidence.append(evidence)
                if !incident.witnesses.contains(witness) { incident.witnesses.append(witness) }
                incident.urgency = engine.scorer.combine(
                    current: incident.urgency, tip: urgency, witnesses: incident.witnesses.count)
            case .open:
                incident = Fixture.incident(
                    UInt64(open.count + 1), lastTipAt: now, position: tip.position, evidence: [evidence])
                incident.witnesses = [witness]
                incident.urgency = urgency
            }
            open[incident.id] = incident
            index.update(incident)
            return incident.id
        }

        for report in reports { #expect(receive(report, night: 0) == IncidentID(1)) }
        let incident = try #require(open[IncidentID(1)])
        #expect(incident.witnesses.count == 3)
        #expect(incident.urgency.level >= .urgent)
        #expect(incident.urgency.reasons.last?.detail == "3")
        #expect(receive(reports[0], night: 1) == IncidentID(2))
    }
}

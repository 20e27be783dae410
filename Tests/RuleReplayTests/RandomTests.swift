import DispatchDesk
import Journal
import TestSupport
import Testing
import TipModel

@testable import Evaluation
@testable import Station

/// Long random histories with everything that units and the desk do.
struct RandomTests {
    private struct Doing {
        var random: SplitMix64
        var mergesToo = true
        var done: [String: Int] = [:]
        /// Tips that the desk took apart, by their numbers in the history.
        var apart: [(moved: Set<TipID>, stayed: Set<TipID>)] = []
        var tips: [TipID: IncidentID] = [:]

        mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(1, bound))) }
        mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

        mutating func act(_ history: History) throws {
            history.time.advance(milliseconds: Int64(below(100_000)))
            let open = history.state.openIncidents.map(\.id).sorted()
            history.escalate()
            switch below(open.isEmpty ? 10 : 24) {
            case 0...9: try tip(history)
            case 10...13:
                history.step(pick([.claim, .claim, .join, .goEnRoute, .arrive, .clear, .clear, .release]), pick(open), by: below(2))
            case 14, 15:
                guard mergesToo else { return }
                let (absorbed, survivor) = (pick(open), pick(open))
                guard history.desk(.merge(absorbed, into: survivor)) != nil else { return }
                done["merge", default: 0] += 1
                for (id, incident) in tips where incident == absorbed { tips[id] = survivor }
            case 16, 17, 18: split(history, pick(open))
            case 20: history.acknowledge(pick(open))
            case 21:
                let (incident, unit) = (pick(open), pick(History.units).id)
                let step = pick([DeskStep.assign(unit), .recall(unit), .handOver(from: nil, to: unit), .clear(.resolved)])
                if history.desk(.step(incident, step)) != nil { done["step", default: 0] += 1 }
            case 22, 23:
                let cleared = history.state.recentlyCleared.suffix(4)
                guard !cleared.isEmpty else { return }
                if history.desk(.step(pick(Array(cleared)), .reopen)) != nil { done["reopen", default: 0] += 1 }
            default:
                if history.desk(.regrade(pick(open), random.oneIn(4) ? nil : pick(UrgencyLevel.allCases))) != nil {
                    done["regrade", default: 0] += 1
                }
            }
        }

        private mutating func tip(_ history: History) throws {
            let texts = [History.lurker, "男子在墙外徘徊，还在", "地下车库冒烟", "两人吵架", "白色面包车 京A12345"]
            let tip = try history.tip(
                pick(texts), pick(["suspicious_person", "suspicious_person", "fire", "vehicle", "other"]), from: below(3),
                reporter: "r\(below(4))", panic: random.oneIn(40), drill: random.oneIn(10),
                north: random.oneIn(2) ? Double(below(300)) : nil)
            tips[tip.id] = tip.incident
        }

        private mutating func split(_ history: History, _ id: IncidentID) {
            let members = tips.filter { $0.value == id }.map(\.key).sorted()
            guard members.count > 1 else { return }
            let moved = Set(members.filter { _ in random.oneIn(2) })
            guard let new = history.desk(.split(id, tips: moved.sorted()))?.other else { return }
            done["split", default: 0] += 1
            apart.append((moved, Set(members).subtracting(moved)))
            for tip in moved { tips[tip] = new.id }
        }
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>) func theRulesThatMadeItChangeNothing(seed: UInt64) throws {
        let rules = try History.rules()
        let history = try History(rules)
        var doing = Doing(random: SplitMix64(seed: seed))
        for _ in 0..<1_000 { try doing.act(history) }
        for kind in ["merge", "split", "regrade", "step", "reopen"] { #expect(doing.done[kind, default: 0] > 3, "\(doing.done)") }
        var settings = RuleReplay.Settings()
        let middle = doing.pick(try history.records()).at
        for from in [nil, middle] {
            settings.from = from
            let replayed = try history.replay(rules, settings)
            #expect(replayed.report.isUnchanged, "seed \(seed): \(replayed.report)")
            #expect(replayed.report.real.attached.recorded > 50 || from != nil)
            #expect(SnapshotCodec.encode(replayed.replay.replayed) == SnapshotCodec.encode(history.state))
            #expect(replayed.replay.replayed == replayed.replay.recorded)
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func otherRulesLoseNoTip(seed: UInt64) throws {
        let history = try History(try History.rules())
        var doing = Doing(random: SplitMix64(seed: seed))
        for round in 0..<600 {
            // The station's own rules may have changed, too.
            if round == 300 { history.reload(try History.rules { $0.correlation.attachAt = 80 }) }
            try doing.act(history)
        }
        for attachAt in [15, 45, 75, 100, 900] as [Int32] {
            let rules = try History.rules {
                ($0.correlation.attachAt, $0.correlation.suggestAt) = (attachAt, min(attachAt, 45))
                $0.correlation.clearedGraceMilliseconds = 0
                $0.categories["other"] = attachAt == 15 ? nil : $0.categories["other"]
            }
            let (replay, report) = { ($0.replay, $0.report) }(try history.replay(rules))
            for tally in [report.real, report.drills] {
                #expect(tally.opened.recorded + tally.attached.recorded == tally.tips)
                #expect(tally.opened.replayed + tally.attached.replayed + tally.refused == tally.tips)
                #expect(tally.alerts.recorded + tally.alertsGained == tally.alerts.replayed + tally.alertsLost)
            }
            let count = replay.replayed.incidents.values.map { Int($0.tipCount) }
            #expect(!report.isUnchanged && count.reduce(0, +) > 0)
            // What a replayed incident counts are the tips that are linked to it.
            for incident in replay.replayed.incidents.values where incident.mergedInto == nil {
                #expect(Int(incident.tipCount) == replay.links.replayed[incident.id]?.count ?? 0, "\(incident.id) at \(attachAt)")
            }
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func noRulesBringTogetherWhatTheDeskTookApart(seed: UInt64) throws {
        let history = try History(try History.rules())
        var doing = Doing(random: SplitMix64(seed: seed), mergesToo: false)
        for _ in 0..<900 { try doing.act(history) }
        try #require(doing.apart.count > 10)
        let rules = try History.rules { ($0.correlation.attachAt, $0.correlation.suggestAt) = (15, 15) }
        let links = try history.replay(rules).replay.links
        var places: [TipID: IncidentID] = [:]
        for tip in links.tips.values { places[tip.member.accepted.tip.id] = tip.replayed }
        for (moved, stayed) in doing.apart {
            #expect(Set(moved.compactMap { places[$0] }).isDisjoint(with: stayed.compactMap { places[$0] }))
        }
    }
}

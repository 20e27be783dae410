import DispatchDesk
import TestSupport
import TipModel
import TipWire

@testable import Station

/// Whatever posts, units and the administration may ask for, at random but repeatable: valid, late, twice, forbidden.
struct Traffic {
    enum Move {
        case tip(TipCommand)
        case step(Step, PatrolUnit, IncidentID, Disposition?)
        case desk(DeskCommand.Action)
        case heartbeat(PostID, lowestUnsent: UInt64)
        case silent(PostID)
        case cursor(UnitID, FeedCursor)
        case enrol(Enrolment.Subject, key: UInt8, replace: Bool)
        case revoke(PrincipalID)
        case rules(TriageRules)
    }

    private var random: SplitMix64
    private var tips: SampleTips
    private var sent: [TipCommand] = []
    private(set) var now = ManualTime.night

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        tips = SampleTips(seed: seed)
    }

    /// What comes in one moment, and how long after the moment before.
    mutating func moment() -> (milliseconds: Int64, moves: [Move]) {
        let milliseconds = Int64(below(40_000))
        now = now.advanced(byMilliseconds: milliseconds)
        return (milliseconds, (0..<1 + below(12)).map { _ in move() })
    }

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(1, bound))) }

    private mutating func move() -> Move {
        switch below(46) {
        case 0...17: return .tip(tip())
        case 18...20: return .tip(sent.isEmpty ? tip() : sent[below(sent.count)])
        case 21: return .tip(sent.isEmpty ? tip() : sent[below(sent.count)].altered)
        case 22...32:
            let steps: [Step] = [.claim, .claim, .claim, .goEnRoute, .arrive, .clear, .clear, .release]
            return .step(
                steps[below(8)], Fixture.units[below(2)], IncidentID(UInt64(1 + below(3 + sent.count / 12))),
                random.oneIn(5) ? nil : .resolved)
        case 40, 41: return .desk(.merge(someIncident(), into: someIncident()))
        case 42, 43:
            guard !sent.isEmpty else { return .desk(.split(someIncident(), tips: [])) }
            let tips = (0...below(3)).map { _ in sent[below(sent.count)].tip.id }
            return .desk(random.oneIn(2) ? .detach(someIncident(), tip: tips[0]) : .split(someIncident(), tips: tips))
        case 44, 45: return .desk(.regrade(someIncident(), random.oneIn(4) ? nil : UrgencyLevel.allCases[below(4)]))
        case 33, 34: return .heartbeat(Fixture.posts[below(4)].id, lowestUnsent: UInt64(below(60)))
        case 35: return .silent(Fixture.posts[below(4)].id)
        case 36: return .cursor(Fixture.units[below(2)].id, FeedCursor(alert: UInt64(below(3)), main: UInt64(below(3))))
        case 37:
            let subject = random.oneIn(2) ? Enrolment.Subject.post(Fixture.posts[below(4)]) : .unit(Fixture.units[below(2)])
            return .enrol(subject, key: UInt8(below(40)), replace: !random.oneIn(3))
        case 38 where random.oneIn(6): return random.oneIn(2) ? .revoke(.post(Fixture.posts[below(4)].id)) : .revoke(.unit(Fixture.units[below(2)].id))
        case 38: return .enrol(.post(Fixture.posts[below(4)]), key: UInt8(below(40)), replace: true)
        default:
            var rules = Fixture.rules
            rules.correlation.attachAt = Int32(30 + below(40))
            rules.correlation.maximumDistance = Double(50 + below(400))
            rules.urgency.corroborationPoints = [Int32(below(12))]
            return .rules(rules)
        }
    }

    private mutating func someIncident() -> IncidentID { IncidentID(UInt64(1 + below(3 + sent.count / 12))) }

    private mutating func tip() -> TipCommand {
        let post = Fixture.posts[below(Fixture.posts.count)]
        // Some are too old, from the future, or of no category.
        var at = now
        if random.oneIn(30) { at = at.advanced(byMilliseconds: Int64(below(80) - 40) * 86_400_000) }
        var tip = tips.tip(from: post.id, at: at)
        if random.oneIn(30) { tip.category = "nothing" }
        if random.oneIn(3) { (tip.category, tip.text) = ("suspicious_person", Fixture.lurker) }
        // Most are where their post is, so that some are of one event.
        if random.oneIn(2) { tip.position = nil }
        let command = TipCommand(
            ticket: TipTicket(route: [1], request: UInt32(sent.count), index: 0), post: post, tip: tip,
            encoded: TipCodec.encode(tip), skewMilliseconds: 0)
        sent.append(command)
        return command
    }
}

extension CoreBench {
    func command(_ move: Traffic.Move) -> StationCommand {
        switch move {
        case .tip(let tip): return .tip(tip)
        case .step(let step, let unit, let incident, let disposition):
            return .step(command(step, by: unit, incident, disposition))
        case .desk(let action): return .desk(desk(action))
        case .heartbeat(let post, let lowest):
            return .heartbeat(post, series: SampleTips.series(of: post), lowestUnsent: lowest)
        case .silent(let post): return .silent(post, since: time.now())
        case .cursor(let unit, let cursor): return .cursor(unit, cursor)
        case .enrol(let subject, let key, let replace): return .enrol(enrol(subject, key: key, replace: replace))
        case .revoke(let principal): return revoke(principal)
        case .rules(let new):
            rules = new
            return .rules(new)
        }
    }
}

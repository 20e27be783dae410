import DispatchDesk
import Journal
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// A long random course of tips, steps and everything that the desk does: what the core has, what a restart reads and what
/// a replay from nothing gives are the same bytes.
struct DeskHistoryTests {
    /// What happens next, chosen from what is there, so that most of it is done and not refused.
    private struct Desk {
        var random: SplitMix64
        var tips: SampleTips
        var number: UInt64 = 0
        /// Where each accepted tip must be, told by receipts and answers alone.
        var owner: [TipKey: IncidentID] = [:]
        var done: [String: Int] = [:]

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            tips = SampleTips(seed: seed)
        }

        mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(1, bound))) }
        mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

        mutating func tip(at now: Timestamp) -> TipCommand {
            number += 1
            let texts = [Fixture.lurker, Fixture.lurker, "男子持刀", "smoke from the garage", "可疑车辆来回"]
            let category = pick(["suspicious_person", "suspicious_person", "fire", "burglary"])
            return Fixture.tip(
                number, from: pick(Fixture.posts), category, text: pick(texts), at: now, reporter: "r\(below(5))",
                panic: random.oneIn(40), drill: random.oneIn(12))
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func liveRestartedAndReplayedAreTheSameBytes(seed: UInt64) throws {
        let bench = CoreBench()
        var desk = Desk(seed: seed)
        var fold = try bench.folded()
        for round in 0..<700 {
            bench.time.advance(milliseconds: Int64(desk.below(60_000)))
            let before = bench.journal.lastSequence
            try act(bench, &desk)
            for stored in try bench.journal.memory.makeReader().records(after: before, limit: .max, bytes: .max) {
                fold.apply(stored.record)
            }
            #expect(bench.state == fold, "seed \(seed), round \(round)")
            if desk.random.oneIn(25) { bench.saveSnapshot() }
            if desk.random.oneIn(40) { try bench.restart() }
        }
        let live = SnapshotCodec.encode(bench.state)
        #expect(live == SnapshotCodec.encode(try bench.folded()))
        bench.saveSnapshot()
        try bench.restart()
        #expect(live == SnapshotCodec.encode(bench.state))
        #expect(SnapshotCodec.encode(try SnapshotCodec.decode(live)) == live)
        try expectEveryTipOnce(bench, desk)
        for action in ["merge", "split", "detach", "regrade", "lift", "overruled", "step"] {
            #expect(desk.done[action, default: 0] > 3, "\(action) \(desk.done)")
        }
    }

    private func act(_ bench: CoreBench, _ desk: inout Desk) throws {
        let open = bench.state.openIncidents.map(\.id).sorted()
        guard !open.isEmpty else { return try tip(bench, &desk) }
        switch desk.below(20) {
        case 0...9: try tip(bench, &desk)
        case 10...12:
            let step = desk.pick([Step.claim, .claim, .goEnRoute, .arrive, .clear, .release])
            let told = try bench.step(step, by: desk.pick(Fixture.units), desk.pick(open), .resolved)
            if told.sequence > 0 { desk.done["step", default: 0] += 1 }
        case 13, 14:
            let (absorbed, survivor) = (desk.pick(open), desk.pick(open))
            guard case .success = try bench.desk(.merge(absorbed, into: survivor)) else { return }
            desk.done["merge", default: 0] += 1
            for (key, incident) in desk.owner where incident == absorbed { desk.owner[key] = survivor }
        case 15, 16, 17:
            let many = open.filter { (bench.state.incidents[$0]?.tipCount ?? 0) > 1 }
            guard !many.isEmpty else { return }
            let source = desk.pick(many)
            let members = try bench.members(source).map(\.key)
            let leaving = desk.random.oneIn(2) ? [desk.pick(members)] : members.filter { _ in desk.random.oneIn(2) }
            let name = leaving.count == 1 ? "detach" : "split"
            let action: DeskCommand.Action =
                leaving.count == 1 ? .detach(source, tip: leaving[0].tip) : .split(source, tips: leaving.map(\.tip))
            guard case .success(let told) = try bench.desk(action) else { return }
            desk.done[name, default: 0] += 1
            for key in leaving { desk.owner[key] = try #require(told.other).id }
        default:
            let level = desk.random.oneIn(4) ? nil : desk.pick(UrgencyLevel.allCases)
            let regraded = open.filter { bench.state.incidents[$0]?.regrade != nil }
            let id = desk.pick(level == nil && !regraded.isEmpty ? regraded : open)
            guard case .success = try bench.desk(.regrade(id, level)) else { return }
            desk.done[level == nil ? "lift" : "regrade", default: 0] += 1
        }
    }

    private func tip(_ bench: CoreBench, _ desk: inout Desk) throws {
        let command = desk.tip(at: bench.time.now())
        let receipt = try bench.accept(command)
        desk.owner[TipKey(post: command.post.id, tip: command.tip.id)] = receipt.incident
        if bench.state.incidents[receipt.incident]?.urgency.reasons.first?.code == "regrade.overruled" {
            desk.done["overruled", default: 0] += 1
        }
    }

    /// Each accepted tip is a member of one incident that was not merged away, and each open incident counts its own.
    private func expectEveryTipOnce(_ bench: CoreBench, _ desk: Desk) throws {
        var found: [TipKey: IncidentID] = [:]
        var merged: Set<IncidentID> = []
        for stored in try bench.records() {
            for case .incidentMerged(let merge) in stored.record.events { merged.insert(merge.absorbed) }
        }
        for number in 1..<bench.state.nextIncident where !merged.contains(IncidentID(number)) {
            let id = IncidentID(number)
            let members = try bench.members(id)
            for member in members { #expect(found.updateValue(id, forKey: member.key) == nil, "\(member.key) twice") }
            if let incident = bench.state.incidents[id] { #expect(Int(incident.tipCount) == members.count, "\(id)") }
        }
        #expect(found == desk.owner)
    }
}

import DispatchDesk
import Journal
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// Long random runs: the invariants of docs/design.md hold at every commit, whatever fails in between.
struct CoreModelTests {
    /// A disk that fails now and then, restarts and snapshots in the middle.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func theStateIsTheFoldOfTheJournalAtEveryCommit(seed: UInt64) throws {
        let bench = CoreBench()
        var traffic = Traffic(seed: seed)
        var random = SplitMix64(seed: seed &+ 1_000)
        var fold = try bench.folded()
        var (failures, restarts, accepted) = (0, 0, 0)
        for _ in 0..<150 {
            let (milliseconds, moves) = traffic.moment()
            bench.time.advance(milliseconds: milliseconds)
            let isFull = random.oneIn(6)
            let isUnreadable = isFull && random.oneIn(3)
            bench.journal.set { $0.append = isFull ? diskFull : nil }
            bench.journal.set { $0.read = isUnreadable ? JournalError(.inputOutput, "the disk fails") : nil }
            let before = bench.journal.lastSequence
            let commands = moves.map(bench.command)
            let outcome = bench.run(commands)
            if outcome.failure != nil { failures += 1 }

            let new = try bench.journal.memory.makeReader().records(after: before, limit: .max, bytes: .max)
            for stored in new { fold.apply(stored.record) }
            if !isUnreadable { #expect(bench.state == fold, "seed \(seed)") }
            #expect(outcome.failure == nil || new.isEmpty)
            // Patrols are sent what the journal has, in its order.
            #expect(outcome.committed.map(\.event) == new.compactMap(\.feedEvent))
            accepted += try expectDurable(outcome.tips, commands, bench)

            if random.oneIn(10) { bench.saveSnapshot() }
            if !isUnreadable, random.oneIn(15) {
                try bench.restart()
                restarts += 1
                #expect(bench.state == fold, "seed \(seed)")
            }
        }
        #expect(failures > 5 && restarts > 2 && accepted > 150)
        #expect(try bench.folded() == fold)
        #expect(bench.replies.steps.contains { $0.refusal == nil } && bench.replies.codes.contains(nil))
    }

    /// Every receipt names a record that is in the journal, with the bytes that were sent.
    private func expectDurable(_ told: [TipOutcome], _ commands: [StationCommand], _ bench: CoreBench) throws -> Int {
        let tips = commands.compactMap { if case .tip(let tip) = $0 { tip } else { nil } }
        try #require(told.count == tips.count)
        var accepted = 0
        for (outcome, tip) in zip(told, tips) {
            #expect(outcome.ticket == tip.ticket && outcome.tip == tip.tip.id)
            guard case .success(let receipt) = outcome.result else { continue }
            accepted += 1
            let stored = try #require(try bench.journal.memory.find(post: tip.post.id, tip: tip.tip.id))
            #expect(stored.sequence == receipt.sequence && stored.encoded == tip.encoded)
            #expect(stored.incident == receipt.incident && stored.level == receipt.level && stored.score == receipt.score)
        }
        return accepted
    }

    /// The journal is a matter of what came in which order, and of nothing else: not of how it was grouped, nor of
    /// restarts in between.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func noGroupingAndNoRestartChangesTheJournal(seed: UInt64) throws {
        let single = try records(seed) { moves, _ in moves.map { [$0] } }
        let whole = try records(seed) { moves, _ in [moves] }
        #expect(single.count > 250 && single == whole)
        let mixed = try records(seed, restarts: true) { moves, random in
            var groups: [[Traffic.Move]] = [[]]
            for move in moves {
                if random.oneIn(3) { groups.append([]) }
                groups[groups.count - 1].append(move)
            }
            return groups
        }
        #expect(mixed == single)
    }

    private func records(
        _ seed: UInt64, restarts: Bool = false, _ group: ([Traffic.Move], inout SplitMix64) -> [[Traffic.Move]]
    ) throws -> [StoredRecord] {
        let bench = CoreBench()
        var traffic = Traffic(seed: seed)
        var random = SplitMix64(seed: seed &+ 2_000)
        for _ in 0..<100 {
            let (milliseconds, moves) = traffic.moment()
            bench.time.advance(milliseconds: milliseconds)
            for group in group(moves, &random) {
                bench.run(group.map(bench.command))
                if restarts, random.oneIn(6) {
                    if random.oneIn(2) { bench.saveSnapshot() }
                    try bench.restart()
                }
            }
        }
        return try bench.records()
    }
}

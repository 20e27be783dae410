// "A receipted tip survives a power loss": whatever append returned for is there when the power comes back, wherever it
// went. The counter-tests show that the same check tells when a sync is missing.
//
// The disk of Tests/CPowerLoss is one for the process, so these run one after the other. It is opened by name and never
// the default, so suites beside this one keep the real disk. Long loops here and in the other suites yield: all tests
// of the process share a few threads, and others have deadlines.

import CPowerLoss
import TestSupport
import Testing

@testable import Journal

@Suite("Power loss", .serialized) struct PowerLossTests {
    /// The power goes before each single change of the disk in turn, from the making of the file to its closing.
    @Test(arguments: CutMode.allCases)
    func whereverThePowerGoesNothingThatWasAppendedIsLost(mode: CutMode) async throws {
        for seed in 1...(isLongRun ? 4 : 1) as ClosedRange<UInt64> {
            let step: UInt64 = isLongRun ? 1 : 6
            var operation = 1 + (isLongRun ? 0 : UInt64(mode.rawValue) * 3)
            var wasCut = true
            while wasCut {
                var rig = try PowerLossRig(seed: seed)
                defer { rig.end() }
                wasCut = rig.live(groups: 12, cutAt: operation, seed: seed &* 1_000 &+ operation, mode: mode)
                let findings = rig.check()
                try #require(findings.isEmpty, "seed \(seed), operation \(operation)")
                operation += step
                await Task.yield()
            }
            // It was a run with checkpoints and all, and the cuts reached its end.
            #expect(operation > 150)
        }
    }

    /// Life after life on the same files: what one cut leaves behind must not hurt after the next.
    @Test(arguments: CutMode.allCases)
    func oneCutAfterTheOtherLosesNothing(mode: CutMode) async throws {
        var cuts = 0
        for seed in 1...(isLongRun ? 150 : 5) as ClosedRange<UInt64> {
            var random = SplitMix64(seed: seed &* 7 &+ UInt64(mode.rawValue))
            var rig = try PowerLossRig(seed: seed)
            defer { rig.end() }
            for _ in 0..<(isLongRun ? 8 : 4) {
                let operation = 1 + random.next() % 150
                if rig.live(groups: 16, cutAt: operation, seed: random.next(), mode: mode) { cuts += 1 }
                let findings = rig.check()
                try #require(findings.isEmpty, "seed \(seed), operation \(operation)")
                await Task.yield()
            }
            #expect(rig.acknowledged.count > 20)
        }
        #expect(cuts > 10)
    }

    /// A cut during recovery: the file is opened, and the power goes again.
    @Test func thePowerMayGoAgainWhileTheJournalOpens() async throws {
        for operation in 1...(isLongRun ? 40 : 12) as ClosedRange<UInt64> {
            var rig = try PowerLossRig(seed: operation)
            defer { rig.end() }
            let wasCut = rig.live(groups: 100, cutAt: 200, seed: operation, mode: .random)
            #expect(wasCut)
            powerloss_reset()
            _ = rig.live(groups: 0, cutAt: operation, seed: operation, mode: .random)
            let findings = rig.check()
            try #require(findings.isEmpty, "operation \(operation)")
            await Task.yield()
        }
    }

    /// The power goes at the very sync that would have ended it: by then all of it may be on the disk, or none.
    @Test func aGroupThatWasNotAcknowledgedIsThereWholeOrNotAtAll() async throws {
        let changes: UInt64
        do {
            var rig = try PowerLossRig(seed: 4)
            defer { rig.end() }
            changes = try rig.appendThree(cutAt: nil, seed: 0)
        }
        var found: Set<Int> = []
        for seed in 1...(isLongRun ? 1_000 : 60) as ClosedRange<UInt64> {
            var rig = try PowerLossRig(seed: 4)
            defer { rig.end() }
            _ = try rig.appendThree(cutAt: changes, seed: seed)
            #expect(rig.acknowledged.count == 12)
            let findings = rig.check()
            try #require(findings.isEmpty, "seed \(seed)")
            found.insert(rig.acknowledged.count)
            await Task.yield()
        }
        // Both happened, so that the check was a check of both.
        #expect(found == [12, 18])
    }

    @Test func oneGroupIsOneSyncOfTheDiskHoweverLargeItIs() throws {
        let rig = try PowerLossRig(seed: 3)
        defer { rig.end() }
        var history = SampleHistory(seed: 3)
        let journal = try SQLiteJournal(directory: rig.path, options: rig.optionsWithoutCheckpoints)
        defer { journal.close() }
        _ = try journal.append(history.drafts(1))
        for count in [1, 10, 200] {
            let before = powerloss_sync_count()
            _ = try journal.append(history.drafts(count))
            #expect(powerloss_sync_count() == before + 1)
            #expect(PowerLossRig.stats().unsynced_bytes == 0)
        }
        // The first also began the log.
        #expect(journal.syncs == 5)
    }

    /// Commits, the headers of a log begun anew, checkpoints and snapshots: what the daemon says that it synced is what
    /// reaches the disk.
    @Test func theSyncsThatAreToldAreThoseOfTheDisk() throws {
        let rig = try PowerLossRig(seed: 4)
        defer { rig.end() }
        var history = SampleHistory(seed: 4)
        let journal = try rig.openJournal()
        defer { journal.close() }
        let before = (told: journal.syncs, disk: powerloss_sync_count())
        for round in 1...200 {
            _ = try journal.append(history.drafts(1 + round % 7))
            if round % 40 == 0 { try journal.save(SnapshotCodec.encode(history.state)) }
        }
        let told = journal.syncs - before.told
        #expect(told == powerloss_sync_count() - before.disk)
        // Far more than the commits and snapshots: checkpoints happened.
        #expect(told > 205 + 50)
    }

    // MARK: That the check can fail

    @Test(arguments: CutMode.allCases)
    func withoutASyncForEachCommitTheCheckReportsLoss(mode: CutMode) throws {
        #expect(try losses(mode) { try PowerLossRig(seed: $0, synchronous: .normal) } > 0)
    }

    @Test(arguments: CutMode.allCases)
    func onADiskThatLiesTheCheckReportsLoss(mode: CutMode) throws {
        #expect(try losses(mode) { try PowerLossRig(seed: $0, isLying: true) } > 0)
    }

    /// How often something was lost in a few lives that end in a cut.
    private func losses(_ mode: CutMode, _ make: (UInt64) throws -> PowerLossRig) throws -> Int {
        var lost = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            var rig = try make(seed)
            defer { rig.end() }
            guard rig.live(groups: 1_000, cutAt: 120, seed: seed, mode: mode) else { continue }
            if rig.check().contains(where: { if case .lost = $0 { true } else { false } }) { lost += 1 }
        }
        return lost
    }
}

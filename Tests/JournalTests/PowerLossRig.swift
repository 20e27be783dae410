// A journal on a disk that loses its power (Tests/CPowerLoss), and the check of what it finds when it comes back.

import CPowerLoss
import Foundation
import TestSupport
import TipModel

@testable import Journal

/// Whether the crash and power-loss tests run at full length: `make test-long`.
let isLongRun = ProcessInfo.processInfo.environment["WATCHPOST_LONG"] != nil

enum CutMode: Int32, CaseIterable {
    /// All that was not synced is gone.
    case syncedOnly = 0
    /// Each write that was not synced survives or not, and one of them is torn.
    case random = 1
}

/// What is wrong after the power came back. An honest journal on an honest disk gives none of these.
enum Finding: Hashable {
    /// `append` had returned for more than is there.
    case lost(acknowledged: SequenceNumber, found: SequenceNumber)
    /// Some of a group is there and some is not, or more than was ever written.
    case half(acknowledged: SequenceNumber, found: SequenceNumber)
    case differs(at: SequenceNumber)
    case unsound(Verification)
    /// A record is there, and its tip is not found or found as another.
    case unfound(SequenceNumber)
    /// The fold from the newest snapshot is not the fold from nothing.
    case stateDiffers
    case refused(String)
}

/// A course of events written through power cuts, beside what must be left of it.
struct PowerLossRig {
    private let folder: TemporaryDirectory
    private let options: SQLiteJournal.Options
    private let isLying: Bool
    private var history: SampleHistory
    /// Everything that `append` returned for.
    private(set) var acknowledged: [Draft] = []
    /// The group whose `append` failed, and the history before it.
    private var open: (group: [Draft], before: SampleHistory)?

    /// - Parameter isLying: whether the disk says that it synced and does not.
    init(seed: UInt64, synchronous: SQLiteJournal.Options.Synchronous = .full, isLying: Bool = false) throws {
        folder = try TemporaryDirectory()
        self.isLying = isLying
        history = SampleHistory(seed: seed)
        var options = SQLiteJournal.Options()
        options.synchronous = synchronous
        options.fileSystem = "powerloss"
        // Few pages, so that the power also goes during checkpoints.
        options.checkpointPages = 24
        self.options = options
        guard powerloss_register(0) == 0, powerloss_watch(folder.path + "/") == 0 else {
            throw JournalError(.misuse, "the power-loss disk is in use")
        }
    }

    /// Nothing is watched any more. Every journal must be closed.
    func end() { powerloss_watch(nil) }

    var path: String { folder.path }

    /// For counting syncs: a checkpoint has its own.
    var optionsWithoutCheckpoints: SQLiteJournal.Options {
        var options = options
        options.checkpointPages = 100_000
        return options
    }

    static func stats() -> powerloss_stats {
        var stats = powerloss_stats()
        powerloss_stats(&stats)
        return stats
    }

    func openJournal() throws(JournalError) -> SQLiteJournal {
        try SQLiteJournal(directory: folder.path, options: options)
    }

    /// Opens the journal and appends `groups` groups with a snapshot now and then, until the power goes before the
    /// `operation`-th change of the disk.
    /// - Returns: false when all was done before that.
    mutating func live(groups: Int, cutAt operation: UInt64, seed: UInt64, mode: CutMode) -> Bool {
        powerloss_set_lying_disk(isLying ? 1 : 0)
        powerloss_cut_at(operation, seed, mode.rawValue)
        var random = SplitMix64(seed: seed)
        do throws(JournalError) {
            let journal = try openJournal()
            defer { journal.close() }
            for _ in 0..<groups {
                let before = history
                let group = history.drafts(1 + Int(random.next() % 10))
                open = (group, before)
                _ = try journal.append(group)
                acknowledged += group
                open = nil
                if random.oneIn(4) { try journal.save(SnapshotCodec.encode(history.state)) }
            }
        } catch {}
        if powerloss_is_cut() == 1 { return true }
        powerloss_cut_at(0, 0, 0)
        return false
    }

    /// Appends three groups of six, the power going before the `operation`-th change that the last one makes; nil for not
    /// at all.
    /// - Returns: how many changes the last one made.
    mutating func appendThree(cutAt operation: UInt64?, seed: UInt64) throws -> UInt64 {
        func changes() -> UInt64 { Self.stats().writes + Self.stats().syncs }
        let journal = try openJournal()
        defer { journal.close() }
        for _ in 0..<2 {
            let group = history.drafts(6)
            _ = try journal.append(group)
            acknowledged += group
        }
        let before = changes()
        let earlier = history
        let group = history.drafts(6)
        open = (group, earlier)
        if let operation { powerloss_cut_at(operation, seed, CutMode.random.rawValue) }
        if (try? journal.append(group)) != nil {
            acknowledged += group
            open = nil
        }
        return changes() - before
    }

    /// The power comes back: opens the journal and compares. What the history has become is what is on the disk.
    mutating func check() -> [Finding] {
        guard powerloss_reset() == 0 else { return [.refused("the disk could not be rewritten")] }
        do {
            let journal = try openJournal()
            defer { journal.close() }
            let reader = try journal.makeReader()
            defer { reader.close() }
            return try compare(journal, reader)
        } catch {
            return [.refused("\(error)")]
        }
    }

    private mutating func compare(_ journal: SQLiteJournal, _ reader: any JournalReader) throws -> [Finding] {
        let promised = SequenceNumber(acknowledged.count)
        let found = journal.lastSequence
        if found < promised { return [.lost(acknowledged: promised, found: found)] }
        if let open {
            // It was promised to nobody: whole or not at all.
            if found == promised + SequenceNumber(open.group.count) {
                acknowledged += open.group
            } else {
                history = open.before
            }
            self.open = nil
        }
        guard found == SequenceNumber(acknowledged.count) else { return [.half(acknowledged: promised, found: found)] }

        var findings: [Finding] = []
        let verification = try verify(reader)
        if verification != .sound(records: found) { findings.append(.unsound(verification)) }
        let records = try allRecords(reader)
        for (index, pair) in zip(records, stored(acknowledged)).enumerated() where pair.0 != pair.1 {
            findings.append(.differs(at: SequenceNumber(index) + 1))
        }
        for (index, draft) in acknowledged.enumerated() {
            guard let key = draft.tip else { continue }
            let sequence = SequenceNumber(index) + 1
            if try journal.find(post: key.post, tip: key.tip)?.sequence != sequence { findings.append(.unfound(sequence)) }
        }
        if try Replay.state(from: reader) != history.state { findings.append(.stateDiffers) }
        return findings
    }
}

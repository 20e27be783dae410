import GRDB
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Journal

/// The implementations that the conformance suite is run against.
enum Engine: String, CaseIterable, CustomTestStringConvertible {
    case sqlite, memory

    var testDescription: String { rawValue }

    func open() throws -> Bench {
        switch self {
        case .sqlite:
            let folder = try TemporaryDirectory()
            return Bench(journal: try SQLiteJournal(directory: folder.path), folder: folder)
        case .memory: return Bench(journal: MemoryJournal(), folder: nil)
        }
    }
}

/// A journal, with the folder that has to outlive it.
final class Bench {
    let journal: any Journal
    private let folder: TemporaryDirectory?

    init(journal: any Journal, folder: TemporaryDirectory?) {
        self.journal = journal
        self.folder = folder
    }

    deinit { journal.close() }

    /// Appends in groups of one to `most`.
    func append(_ drafts: [Draft], groupsOf most: Int, using random: inout SplitMix64) throws {
        var rest = drafts[...]
        while !rest.isEmpty {
            let group = rest.prefix(1 + Int(random.next() % UInt64(most)))
            rest = rest.dropFirst(group.count)
            _ = try journal.append(Array(group))
        }
    }
}

/// Everything that a reader gives, in pages of `limit`.
func allRecords(_ reader: any JournalReader, limit: Int = 500) throws -> [StoredRecord] {
    var found: [StoredRecord] = []
    while true {
        let page = try reader.records(after: found.last?.record.sequence ?? 0, limit: limit, bytes: .max)
        if page.isEmpty { return found }
        found += page
    }
}

/// What `drafts` must read back as when the first one got `first`.
func stored(_ drafts: [Draft], from first: SequenceNumber = 1) -> [StoredRecord] {
    drafts.enumerated().map { index, draft in
        StoredRecord(
            record: Record(sequence: first + SequenceNumber(index), at: draft.at, events: draft.events),
            feedEvent: draft.feed?.event)
    }
}

func verify(_ reader: any JournalReader) throws -> Verification { try reader.verify { _, _ in true } }

/// A tip's record that opens incident `incident`, as small as it can be.
func tipDraft(_ tip: Tip, from post: PostID, sequence: SequenceNumber, incident: UInt64, encoded: [UInt8]? = nil) -> Draft {
    let urgency = Urgency(score: 40, level: .priority, reasons: [])
    let id = IncidentID(incident)
    let zone = SampleTips.zone(of: post)
    let accepted = TipAccepted(
        post: post, zone: zone, tip: tip, encoded: encoded ?? TipCodec.encode(tip), position: tip.position,
        receivedAt: tip.observedAt, skewMilliseconds: 0)
    let event = FeedEvent(
        sequence: sequence, lane: .main, at: tip.observedAt, kind: .opened,
        incident: Incident(
            id: id, zone: zone, category: tip.category, drill: tip.drill, openedAt: tip.observedAt,
            lastTipAt: tip.observedAt, position: nil, place: "", headline: "", urgency: urgency, posts: [post],
            phaseSince: tip.observedAt, lastSequence: sequence))
    return Draft(
        at: tip.observedAt,
        events: [.tipAccepted(accepted), .incidentOpened(IncidentOpened(incident: id, urgency: urgency, reasons: []))],
        tip: TipKey(post: post, tip: tip.id), incident: id,
        feed: FeedDraft(lane: .main, zone: zone, level: .priority, event: FeedCodec.encode(event)))
}

/// A journal's file as another program sees it, for looking and for damaging.
struct RawFile {
    /// Brings a journal's index of incidents to what it was before there were blocks, schema 4.
    static let plainIndex =
        "DROP INDEX record_about; CREATE INDEX record_incident ON record (incident, sequence) WHERE incident IS NOT NULL"

    let path: String

    init(_ folder: TemporaryDirectory) { path = folder.file(SQLiteJournal.fileName) }

    /// Runs `body` on a connection of its own, with everything moved out of the write-ahead log afterwards.
    @discardableResult
    func change<Result>(_ body: (Database) throws -> Result) throws -> Result {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction { database in
            let result = try body(database)
            try database.checkpoint(.truncate)
            return result
        }
    }
}

/// Opens the journal in `folder`; the error when it is refused.
func refusal(of folder: TemporaryDirectory) -> JournalError? {
    do throws(JournalError) {
        try SQLiteJournal(directory: folder.path).close()
        return nil
    } catch {
        return error
    }
}

import Journal
import TipModel
import TipWire

/// What a journal holds, read through its own reader and read on from where it was: the truth that receipts and feeds are
/// compared with.
final class JournalView {
    struct Entry: Hashable {
        var sequence: SequenceNumber
        var incident: IncidentID
    }

    /// An event of the feed, small enough to keep a hundred thousand.
    struct Fed: Hashable {
        var sequence: SequenceNumber
        var content: Int

        init(_ event: FeedEvent) {
            sequence = event.sequence
            content = event.hashValue
        }
    }

    private let path: String
    private(set) var last: SequenceNumber = 0
    private(set) var tips: [TipKey: Entry] = [:]
    private(set) var accepted = 0
    /// What must never be: a tip twice, a hole in the numbering, a record that says nothing of its tip.
    private(set) var faults: [String] = []
    /// The feed of each lane in order, with the zone of each event.
    private(set) var fed: [Lane: [(zone: ZoneID, event: Fed)]] = [:]
    private var counts: [ZoneID: Int] = [:]
    private(set) var phases: [SequenceNumber: PhaseChanged] = [:]

    init(path: String) { self.path = path }

    /// Reads what was appended since the last time. What comes while it reads is left for the next: it may come faster than it is read.
    func read() throws {
        let reader = try SQLiteJournalReader(path: path)
        defer { reader.close() }
        let end = try reader.lastSequence()
        while last < end {
            let page = try reader.records(after: last, limit: 2_000, bytes: 4 << 20)
            if page.isEmpty { return }
            for stored in page { try take(stored) }
        }
    }

    /// Events of these zones, in both lanes.
    func feedCount(_ zones: [ZoneID]) -> Int { zones.reduce(0) { $0 + counts[$1, default: 0] } }

    private func take(_ stored: StoredRecord) throws {
        let record = stored.record
        if record.sequence != last + 1 { faults.append("record \(record.sequence) follows \(last)") }
        last = record.sequence
        var tip: TipAccepted?
        for event in record.events {
            switch event {
            case .tipAccepted(let accepted): tip = accepted
            case .incidentOpened(let opened): add(record.sequence, tip, opened.incident)
            case .tipCorrelated(let joined): add(record.sequence, tip, joined.incident)
            case .phaseChanged(let change): phases[record.sequence] = change
            default: break
            }
        }
        if let bytes = stored.feedEvent {
            let event = try FeedCodec.decodeEvent(bytes)
            fed[event.lane, default: []].append((event.incident.zone, Fed(event)))
            counts[event.incident.zone, default: 0] += 1
        } else if tip != nil {
            faults.append("record \(record.sequence) is a tip that nobody is fed")
        }
    }

    private func add(_ sequence: SequenceNumber, _ tip: TipAccepted?, _ incident: IncidentID) {
        guard let tip else { return faults.append("record \(sequence) has an incident and no tip") }
        accepted += 1
        let entry = Entry(sequence: sequence, incident: incident)
        if let before = tips.updateValue(entry, forKey: TipKey(post: tip.post, tip: tip.tip.id)) {
            faults.append("tip \(tip.tip.id) of \(tip.post) is in the journal as \(before.sequence) and as \(sequence)")
        }
    }
}

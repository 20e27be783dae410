internal import FoundationEssentials
internal import Journal
internal import TipModel
internal import TipWire

/// How a journal is made for a measurement.
struct BenchJournalPlan: Sendable {
    var tips: Int
    /// Incidents open at a time.
    var open: Int
    /// Tips of an incident before it is cleared; nil for never, and a new one with each tip until ``open`` are.
    var tipsOfIncident: Int? = 10
    /// Tips after the newest snapshot.
    var tail: Int
    var seed: UInt64
    var posts: [Post]
}

/// What was written.
struct BenchJournal: Sendable {
    var records: UInt64
    /// Records after the snapshot.
    var tail: Int
    var bytes: Int
    var seconds: Double
    var open: Int
}

/// Writes a journal through the journal's own library, as the daemon would have, without the wire: ten million tips in
/// minutes.
/// - Parameter folder: the daemon's data folder.
func writeBenchJournal(
    _ plan: BenchJournalPlan, in folder: String, progress: @escaping @Sendable (String) -> Void
) async throws -> BenchJournal {
    try makeFolder(folder)
    return try await offPool("bench-journal") {
        var writer = try JournalWriter(plan, folder: folder)
        let begun = nanoseconds()
        var told = begun
        var written = 0
        while written < plan.tips {
            // Groups as large as the daemon's; one ends where the snapshot is taken.
            let rest = plan.tips - written
            let count = min(512, rest > plan.tail ? rest - plan.tail : rest)
            try writer.append(count)
            written += count
            if nanoseconds() - told > 5_000_000_000 {
                told = nanoseconds()
                let rate = Double(written) / (Double(told - begun) / 1e9)
                progress("\(written) of \(plan.tips) tips written, \(Int(Double(plan.tips - written) / rate)) s to go")
            }
        }
        let state = writer.finish()
        let size = try FileManager.default.attributesOfItem(atPath: folder + "/" + SQLiteJournal.fileName)[.size]
        return BenchJournal(
            records: state.records, tail: Int(state.tail), bytes: (size as? UInt64).map(Int.init) ?? (size as? Int) ?? 0, seconds: Double(nanoseconds() - begun) / 1e9, open: state.open)
    }
}

private struct JournalWriter {
    private let plan: BenchJournalPlan
    private let journal: SQLiteJournal
    private var tips: BenchTips
    private var state = StationState()
    private var drafts: [Draft] = []
    /// Open incidents by scene, and their tips so far.
    private var incidents: [Int: (id: IncidentID, tips: Int)] = [:]
    private var time: Timestamp
    private let step: Int64
    private var left: Int
    private var snapshot: SequenceNumber?

    init(_ plan: BenchJournalPlan, folder: String) throws {
        self.plan = plan
        var options = SQLiteJournal.Options()
        // Only the writing is in a hurry; the daemon opens the same file with full syncs.
        options.synchronous = .normal
        options.checkpointPages = 16_384
        journal = try SQLiteJournal(directory: folder, options: options)
        tips = BenchTips(seed: plan.seed, posts: plan.posts, open: max(1, plan.open), duplicates: 0)
        left = plan.tips
        // Over the last ten days at most.
        step = max(1, min(60_000, 864_000_000 / Int64(max(1, plan.tips))))
        time = SystemTime().now().advanced(byMilliseconds: -step * Int64(plan.tips) - 1_000)
    }

    mutating func append(_ count: Int) throws {
        drafts.removeAll(keepingCapacity: true)
        for _ in 0..<count { tip() }
        left -= count
        _ = try journal.append(drafts)
        if snapshot == nil, left <= plan.tail {
            snapshot = state.sequence
            try journal.save(SnapshotCodec.encode(state))
        }
    }

    func finish() -> (records: UInt64, tail: UInt64, open: Int) {
        journal.close()
        return (state.sequence, state.sequence - (snapshot ?? 0), state.incidents.values.count { $0.phase != .cleared })
    }

    private mutating func tip() {
        time = time.advanced(byMilliseconds: step)
        let (tip, post, scene) = tips.next(now: time, isInOrder: plan.tipsOfIncident == nil)
        let accepted = TipAccepted(
            post: post.id, zone: post.zone, tip: tip, encoded: TipCodec.encode(tip), position: tip.position, receivedAt: time,
            skewMilliseconds: 0)
        let urgency = Urgency(
            score: 40, level: .priority,
            reasons: [Reason(code: "category", points: 30, detail: tip.category), Reason(code: "wording", points: 10, detail: "2")])
        if let known = incidents[scene] {
            incidents[scene]?.tips += 1
            let reasons = [
                Reason(code: "distance", points: 24, detail: "12 m"), Reason(code: "time", points: 50, detail: "3 min"),
                Reason(code: "category", points: 18, detail: tip.category),
            ]
            let joined = TipCorrelated(incident: known.id, score: 92, reasons: reasons, tipUrgency: urgency)
            record([.tipAccepted(accepted), .tipCorrelated(joined)], about: known.id, accepted, kind: .correlated, reasons: reasons)
            if let most = plan.tipsOfIncident, known.tips + 1 >= most { clear(known.id, scene) }
        } else {
            let id = IncidentID(state.nextIncident)
            incidents[scene] = (id, 1)
            let reasons = [Reason(code: "too_far", points: 0, detail: "2310 m")]
            record(
                [.tipAccepted(accepted), .incidentOpened(IncidentOpened(incident: id, urgency: urgency, reasons: reasons))], about: id,
                accepted, kind: .opened, reasons: reasons)
        }
    }

    private mutating func clear(_ id: IncidentID, _ scene: Int) {
        incidents[scene] = nil
        let change = PhaseChanged(incident: id, unit: nil, phase: .cleared, disposition: .resolved, by: Operator(.desk, "bench"))
        record([.phaseChanged(change)], about: id, nil, kind: .cleared, reasons: [])
    }

    private mutating func record(_ events: [Event], about id: IncidentID, _ accepted: TipAccepted?, kind: EventKind, reasons: [Reason]) {
        let sequence = state.sequence + 1
        state.apply(Record(sequence: sequence, at: time, events: events))
        guard let incident = state.incidents[id] else { return }
        let level = incident.urgency.level
        let summary = accepted.map {
            TipSummary(
                id: $0.tip.id, post: $0.post, observedAt: $0.tip.observedAt, category: $0.tip.category, text: $0.tip.text,
                place: $0.tip.place, position: $0.position, panic: false)
        }
        let event = FeedEvent(sequence: sequence, lane: Lane(level: level), at: time, kind: kind, incident: incident, tip: summary, reasons: reasons)
        drafts.append(
            Draft(
                at: time, events: events, tip: accepted.map { TipKey(post: $0.post, tip: $0.tip.id) }, incident: id,
                feed: FeedDraft(lane: event.lane, zone: incident.zone, level: level, event: FeedCodec.encode(event))))
    }
}

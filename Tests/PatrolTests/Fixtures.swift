import Access
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

let unitID = UnitID(unchecked: "patrol-east")
let otherUnit = UnitID(unchecked: "patrol-west")
let east = ZoneID(unchecked: "east")

func cursor(_ alert: SequenceNumber, _ main: SequenceNumber) -> FeedCursor { FeedCursor(alert: alert, main: main) }

/// An incident as a snapshot tells it.
func incident(
    _ id: UInt64, version: UInt32 = 1, level: UrgencyLevel = .routine, score: Int32 = 10, phase: Phase = .open,
    holder: UnitID? = nil, drill: Bool = false, headline: String = "有人徘徊", place: String = "", at: Timestamp = ManualTime.night,
    reasons: [Reason] = [], sequence: SequenceNumber = 1
) -> Incident {
    Incident(
        id: IncidentID(id), version: version, zone: east, category: "suspicious_person", drill: drill, openedAt: at,
        lastTipAt: at, position: nil, place: place, headline: headline,
        urgency: Urgency(score: score, level: level, reasons: reasons), posts: [PostID(unchecked: "gate-1")], phase: phase,
        holder: holder, phaseSince: at, disposition: phase == .cleared ? .resolved : nil, lastSequence: sequence)
}

func tip(_ number: UInt64, text: String = "有人徘徊", panic: Bool = false) -> TipSummary {
    TipSummary(
        id: TipID(high: 1 << 16, low: number), post: PostID(unchecked: "gate-1"), observedAt: ManualTime.night,
        category: "suspicious_person", text: text, place: "", position: nil, panic: panic)
}

func event(
    _ sequence: SequenceNumber, _ incident: Incident, _ kind: EventKind = .opened, tip: TipSummary? = nil, unit: UnitID? = nil,
    at: Timestamp = ManualTime.night
) -> FeedEvent {
    FeedEvent(
        sequence: sequence, lane: Lane(level: incident.urgency.level), at: at, kind: kind, incident: incident, tip: tip, unit: unit)
}

/// An item of a lane; `bytes` stand for its encoded size.
func item(after previous: SequenceNumber, _ sequence: SequenceNumber, _ lane: Lane = .main, bytes: Int = 100) -> FeedItem {
    let level: UrgencyLevel = lane == .alert ? .emergency : .routine
    return FeedItem(previous: previous, event: event(sequence, incident(sequence, level: level)), encodedBytes: bytes)
}

/// The encoded size of the events that ``feed(_:_:)`` sends.
func wireBytes(_ sequence: SequenceNumber, _ lane: Lane) -> UInt32 {
    UInt32(FeedCodec.encode(item(after: 0, sequence, lane).event).count)
}

/// The body of a FEED: pairs of (previous, sequence).
func feed(_ lane: Lane, _ pairs: [(SequenceNumber, SequenceNumber)]) -> [UInt8] {
    var writer = FeedBatchWriter(lane: lane)
    for (previous, sequence) in pairs { writer.append(previous: previous, event: FeedCodec.encode(item(after: previous, sequence, lane).event)) }
    return writer.body
}

func subscribed(begin: FeedCursor = FeedCursor(), heads: FeedCursor) -> [UInt8] {
    Subscribed(zones: [east], begin: begin, heads: heads).encoded
}

func rejections(_ code: RejectionCode, field: String = "", retryAfter: UInt32 = 0) -> [UInt8] {
    RejectionCodec.encode([TipRejection(tip: nil, Rejection(code, field: field, "no", retryAfterMilliseconds: retryAfter))])
}

/// A session with its clock: performs nothing, remembers what it was told to do.
struct Bench {
    var session: PatrolSession
    var now = Moment(wall: ManualTime.night, monotonic: 1_000_000)

    init(cursor: FeedCursor = FeedCursor(), fromNow: Bool = false, _ change: (inout SessionPlan) -> Void = { _ in }) {
        var plan = SessionPlan()
        change(&plan)
        session = PatrolSession(plan: plan, cursor: cursor, fromNow: fromNow, endpoint: "tcp://one", at: now)
        session.effects = []
    }

    /// A session that is connected and subscribed at `heads`.
    static func live(
        at cursor: FeedCursor = FeedCursor(), heads: FeedCursor? = nil, _ change: (inout SessionPlan) -> Void = { _ in }
    ) -> Bench {
        var bench = Bench(cursor: cursor, change)
        bench.session.linkChanged(.connected, at: bench.now)
        bench.answerSubscribe(begin: cursor, heads: heads ?? cursor)
        bench.session.tick(at: bench.now)
        bench.session.effects = []
        return bench
    }

    mutating func advance(_ milliseconds: Int64, ticks: Bool = true) {
        now.wall = now.wall.advanced(byMilliseconds: milliseconds)
        now.monotonic += milliseconds
        if ticks { session.tick(at: now) }
    }

    mutating func take() -> [SessionEffect] {
        defer { session.effects = [] }
        return session.effects
    }

    /// What was told, effects emptied.
    mutating func told() -> [PatrolOutput] {
        take().compactMap { if case .tell(let output) = $0 { output } else { nil } }
    }

    /// What was sent with this verb, effects emptied.
    mutating func sent(_ verb: Verb) -> [(header: Header, body: [UInt8])] {
        take().compactMap { if case .send(let header, let body) = $0, header.verb == verb { (header, body) } else { nil } }
    }

    /// The first that was sent with this verb, effects emptied.
    mutating func one(_ verb: Verb) throws -> (header: Header, body: [UInt8]) { try #require(sent(verb).first) }

    /// The subscription that is under way.
    var asked: UInt32? {
        if case .asked(let request, _) = session.subscription { request } else { nil }
    }

    mutating func receive(_ verb: Verb, _ body: [UInt8], request: UInt32 = 0) {
        session.receive(Header(verb, request: request), body, at: now)
    }

    mutating func answerSubscribe(begin: FeedCursor = FeedCursor(), heads: FeedCursor) {
        receive(.subscribed, subscribed(begin: begin, heads: heads), request: asked ?? 0)
    }

    mutating func heartbeat(heads: FeedCursor, clock offset: Int64 = 0) {
        let reply = HeartbeatReply(daemonTime: now.wall.advanced(byMilliseconds: offset), idWindowMilliseconds: 1, heads: heads)
        receive(.heartbeatReply, reply.encoded)
    }
}

/// ``eventually(deadline:_:)`` for an asynchronous test, whatever the condition: holds no thread while it waits.
func soon(deadline: Duration = .seconds(30), _ condition: () async throws -> Bool) async rethrows -> Bool {
    try await eventually(deadline: deadline) { () async throws in try await condition() }
}

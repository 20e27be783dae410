import TestSupport
import Testing
import TipModel
import TipWire

/// One message as it travels, with how it is read.
struct WireCase: Sendable, CustomTestStringConvertible {
    let name: String
    let encoded: [UInt8]
    /// Whether bytes say what the case says.
    let isSame: @Sendable ([UInt8]) throws -> Bool
    /// Bytes read and written again.
    let again: @Sendable ([UInt8]) throws -> [UInt8]

    var testDescription: String { name }

    init<Value: Equatable & Sendable>(
        _ name: String, _ value: Value, _ encode: @escaping @Sendable (Value) -> [UInt8],
        _ decode: @escaping @Sendable ([UInt8]) throws -> Value
    ) {
        self.name = name
        encoded = encode(value)
        isSame = { try decode($0) == value }
        again = { encode(try decode($0)) }
    }

    /// Every kind of message, and of each what a field can be that changes its shape. Names are those of golden.txt.
    static let all: [WireCase] = post + patrol + feed

    private static let post: [WireCase] = [
        WireCase("tip of docs/protocol.md", Sample.tip, TipCodec.encode, TipCodec.decode),
        WireCase("tip with every field", Sample.fullTip, TipCodec.encode, TipCodec.decode),
        WireCase("tip with what it needs", Sample.bareTip, TipCodec.encode, TipCodec.decode),
        WireCase(
            "SUBMIT", Submit(tips: [TipCodec.encode(Sample.tip), TipCodec.encode(Sample.fullTip)], sentAt: Sample.sent),
            \.encoded, { try Submit($0) }),
        WireCase("SUBMIT without a time", Submit(tips: [TipCodec.encode(Sample.bareTip)], sentAt: nil), \.encoded, { try Submit($0) }),
        WireCase(
            "POST_HEARTBEAT",
            PostHeartbeat(
                sentAt: Sample.sent, series: Sample.series, nextNumber: 1_000, lowestUnsent: 990, spoolDepth: 10,
                spoolOldest: Sample.observed, deadLetters: 2, software: "watchpost 0.1.0"), \.encoded,
            { try PostHeartbeat($0) }),
        WireCase(
            "POST_HEARTBEAT of an empty spool",
            PostHeartbeat(
                sentAt: Sample.sent, series: Sample.series, nextNumber: 1, lowestUnsent: 1, spoolDepth: 0, spoolOldest: nil,
                deadLetters: 0, software: ""), \.encoded, { try PostHeartbeat($0) }),
        WireCase(
            "RECEIPTS",
            zip([Verdict.new, .correlated, .repeat, .new], UrgencyLevel.allCases).enumerated().map { index, pair in
                Receipt(
                    tip: Sample.id, sequence: UInt64(index) * 300 + 3, incident: IncidentID(UInt64(index) + 1), verdict: pair.0,
                    level: pair.1, score: Int32(index) * 25)
            }, { ReceiptCodec.encode($0) }, ReceiptCodec.decode),
        WireCase(
            "REJECTIONS",
            RejectionCode.allCases.enumerated().map { index, code in
                TipRejection(
                    tip: index.isMultiple(of: 2) ? Sample.id : nil, index: UInt32(index),
                    Rejection(code, field: "tip.text", "in words", retryAfterMilliseconds: code.isRetriable ? 2_000 : 0))
            }, { RejectionCodec.encode($0) }, RejectionCodec.decode),
        WireCase(
            "HEARTBEAT_REPLY",
            HeartbeatReply(
                daemonTime: Sample.sent, idWindowMilliseconds: 2_592_000_000, heads: FeedCursor(alert: 300, main: 70_000)),
            \.encoded, { try HeartbeatReply($0) }),
        WireCase(
            "POST_HEARTBEAT of a post that takes progress",
            PostHeartbeat(
                sentAt: Sample.sent, series: Sample.series, nextNumber: 1, lowestUnsent: 1, spoolDepth: 0, spoolOldest: nil,
                deadLetters: 0, software: "", progressAfter: 0), \.encoded, { try PostHeartbeat($0) }),
        WireCase(
            "PROGRESS", PostProgress(items: Phase.allCases.map(Sample.progress), after: 300, through: 412), ProgressCodec.encode,
            ProgressCodec.decode),
        WireCase("HANDLED", Handled(incident: IncidentID(300), note: "已劝离"), \.encoded, { try Handled($0) }),
        WireCase(
            "PHOTO", PhotoPart(tip: Sample.id, sha256: [UInt8](1...32), total: 300, offset: 128, data: [0, 1, 0xFF]), \.encoded,
            { try PhotoPart($0) }),
        WireCase(
            "PHOTO_STATE", PhotoState(sha256: [UInt8](1...32), nextOffset: 300, isComplete: true), \.encoded, { try PhotoState($0) }),
        WireCase(
            "PHOTO_STATE that refuses",
            PhotoState(
                sha256: [UInt8](1...32), nextOffset: 0, refusal: Rejection(.unavailable, "full", retryAfterMilliseconds: 60_000)),
            \.encoded, { try PhotoState($0) }),
    ]

    private static let patrol: [WireCase] = [
        WireCase(
            "SUBSCRIBE",
            Subscribe(
                zones: SampleTips.zones, leastLevel: .priority, resume: FeedCursor(alert: 300, main: 70_000),
                alertCredit: Credit(events: 256, bytes: 1 << 20), mainCredit: Credit(events: 128, bytes: 65_536)), \.encoded,
            { try Subscribe($0) }),
        WireCase(
            "SUBSCRIBE from now",
            Subscribe(
                zones: [], leastLevel: .routine, resume: nil, alertCredit: Credit(events: 1, bytes: 1),
                mainCredit: Credit(events: 0, bytes: 0)), \.encoded, { try Subscribe($0) }),
        WireCase(
            "SUBSCRIBE from the beginning",
            Subscribe(
                zones: [], leastLevel: .emergency, resume: FeedCursor(), alertCredit: Credit(events: .max, bytes: .max),
                mainCredit: Credit(events: 1, bytes: 1)), \.encoded, { try Subscribe($0) }),
        WireCase(
            "SUBSCRIBED",
            Subscribed(
                zones: SampleTips.zones, begin: FeedCursor(alert: 300, main: 70_000), heads: FeedCursor(alert: 301, main: .max)),
            \.encoded, { try Subscribed($0) }),
        WireCase("CREDIT alert", CreditGrant(lane: .alert, credit: Credit(events: 128, bytes: 524_288)), \.encoded, { try CreditGrant($0) }),
        WireCase("CREDIT main", CreditGrant(lane: .main, credit: Credit(events: 1, bytes: 0)), \.encoded, { try CreditGrant($0) }),
        WireCase("ACKNOWLEDGE", FeedCursor(alert: 300, main: 70_000), AcknowledgeCodec.encode, AcknowledgeCodec.decode),
        WireCase("PATROL_HEARTBEAT", Sample.sent, { PatrolHeartbeatCodec.encode(sentAt: $0) }, PatrolHeartbeatCodec.decode),
        WireCase("CLAIM", Action(incident: IncidentID(9)), \.encoded, { try Action($0) }),
        WireCase("HAND_OVER", Action(incident: IncidentID(9), to: UnitID(unchecked: "patrol-3")), \.encoded, { try Action($0) }),
        WireCase("EN_ROUTE that diverts", Action(incident: IncidentID(9), divert: true), \.encoded, { try Action($0) }),
        WireCase(
            "ACTION_RESULT done", ActionResult(incidentID: IncidentID(9), refusal: nil, incident: Sample.incident, sequence: 412),
            \.encoded, { try ActionResult($0) }),
        WireCase(
            "ACTION_RESULT refused",
            ActionResult(incidentID: IncidentID(9), refusal: Rejection(.heldByOther, field: "", "patrol-2 has it"), incident: nil, sequence: 0),
            \.encoded, { try ActionResult($0) }),
    ]
        + Disposition.allCases.map {
            WireCase("CLEAR \($0.name)", Action(incident: IncidentID(9), disposition: $0, note: "已移交派出所"), \.encoded, { try Action($0) })
        }

    private struct FeedBody: Equatable {
        var lane: Lane
        var items: [FeedItem]
    }

    private static let feed: [WireCase] =
        EventKind.allCases.map { WireCase("FeedEvent \($0.name)", Sample.event($0), FeedCodec.encode, FeedCodec.decodeEvent) }
        + [
            WireCase(
                "FEED",
                FeedBody(
                    lane: .alert,
                    items: [
                        FeedItem(previous: 0, event: Sample.event(.opened)), FeedItem(previous: 411, event: Sample.event(.cleared)),
                    ]),
                { feed in
                    var writer = FeedBatchWriter(lane: feed.lane)
                    for item in feed.items { writer.append(previous: item.previous, event: FeedCodec.encode(item.event)) }
                    return writer.body
                },
                { body in
                    let (lane, items) = try FeedCodec.decode(body)
                    return FeedBody(lane: lane, items: items)
                })
        ]
}

/// Values with something in every field.
enum Sample {
    static let id = TipID(high: 0x01A1_FA1F_82AC_0B1C, low: 0x2D3E_4F50_6172_8394)
    static let series: UInt64 = 0x1122_3344_5566_7788
    static let observed = Timestamp(milliseconds: 1_795_197_730_000)
    static let sent = Timestamp(milliseconds: 1_795_197_731_600)

    /// The example of docs/protocol.md, section 13.
    static let tip = Tip(
        id: id, observedAt: observed, category: "suspicious_person", text: "男子在东墙外徘徊", place: "3号楼东墙外",
        reporter: "G-07", language: "zh-CN", series: series, number: 1)

    static let fullTip = Tip(
        id: id, observedAt: observed, category: "fire", text: "冒烟", position: Position(latitude: -39.9042, longitude: 116.4074, accuracy: 8.5),
        place: "地下车库B区", reporter: "员工12", panic: true, drill: true,
        attachments: [[UInt8](1...32), [UInt8](repeating: 0xFF, count: 32)], language: "zh-CN", series: .max, number: .max)

    static let bareTip = Tip(id: id, observedAt: Timestamp(milliseconds: 1), category: "x", text: "")

    static let incident = Incident(
        id: IncidentID(9), version: 4, zone: ZoneID(unchecked: "zone-3"), category: "fire", drill: true, openedAt: observed,
        lastTipAt: sent, position: Position(latitude: 39.9, longitude: -116.4, accuracy: 15), place: "地下车库B区", headline: "冒烟",
        urgency: Urgency(
            score: 55, level: .urgent,
            reasons: [Reason(code: "category", points: 60, detail: "fire"), Reason(code: "words.left", points: -5, detail: "已经离开")]),
        tipCount: 3, posts: [PostID(unchecked: "gate-7"), PostID(unchecked: "shop-1")], phase: .cleared,
        holder: UnitID(unchecked: "patrol-2"), phaseSince: sent, disposition: .handedOver, lastSequence: 412)

    static func progress(_ phase: Phase) -> ProgressItem {
        let isOver = phase == .cleared
        return ProgressItem(
            incident: IncidentID(UInt64(phase.rawValue)), tips: [id], sequence: 400 + UInt64(phase.rawValue),
            progress: IncidentProgress(
                phase: phase, level: .urgent, since: sent, acknowledgedAt: observed, claimedAt: observed, enRouteAt: observed,
                onSceneAt: sent, clearedAt: isOver ? sent : nil, disposition: isOver ? .resolved : nil,
                mergedInto: isOver ? IncidentID(2) : nil, escalated: .neighbours, drill: true), unitName: "东巡组")
    }

    static func event(_ kind: EventKind) -> FeedEvent {
        let isTip = kind == .opened || kind == .correlated
        let isDesk = kind == .merged || kind == .split || kind == .regraded
        var incident = incident
        if kind == .merged { (incident.mergedInto, incident.follows) = (IncidentID(300), IncidentID(7)) }
        if kind.rawValue > EventKind.regraded.rawValue { crew(&incident) }
        var event = FeedEvent(
            sequence: 412, lane: isTip ? .alert : .main, at: sent, kind: kind, incident: incident,
            tip: isTip
                ? TipSummary(
                    id: id, post: PostID(unchecked: "gate-7"), observedAt: observed, category: "fire", text: "冒烟",
                    place: "地下车库B区", position: fullTip.position, panic: true) : nil,
            unit: isTip || isDesk ? nil : UnitID(unchecked: "patrol-2"),
            reasons: isTip ? [Reason(code: "distance", points: 31, detail: "82 m")]
                : isDesk ? [Reason(code: "merge", points: 0, detail: "同一名男子")] : [],
            alarm: kind == .split, other: isDesk ? IncidentID(300) : nil,
            by: kind == .assigned ? Operator(.desk, "duty") : nil, from: kind == .handedOver ? UnitID(unchecked: "patrol-3") : nil,
            rung: kind == .escalated ? .neighbours : nil)
        if kind == .escalated { event.reminder = 2 }
        return event
    }
}

extension Sample {
    /// Gives an incident what came with crews.
    fileprivate static func crew(_ incident: inout Incident) {
        let (first, second) = (UnitID(unchecked: "patrol-2"), UnitID(unchecked: "patrol-3"))
        incident.crew = [
            Assignment(unit: first, phase: .onScene, since: sent, by: .unit(first)),
            Assignment(unit: second, phase: .claimed, since: observed, by: Operator(.desk, "duty")),
        ]
        incident.acknowledgement = Acknowledgement(by: Operator(.officer, "wang"), at: observed)
        incident.escalation = Escalation(since: observed, rung: .desk, toldAt: sent, reminders: 3, restUntil: sent)
        incident.grants = [Grant(unit: UnitID(unchecked: "patrol-4"), until: sent)]
    }
}

/// The refusal that `body` ends in; nil when it ends in none.
func rejection(_ body: () throws(Rejection) -> Void) -> Rejection? {
    do throws(Rejection) {
        try body()
        return nil
    } catch {
        return error
    }
}

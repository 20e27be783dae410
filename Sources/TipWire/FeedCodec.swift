internal import FoundationEssentials
internal import SwiftProtobuf
public import TipModel
internal import WatchpostProtobuf

/// One item of a FEED message, as a patrol reads it.
public struct FeedItem: Hashable, Sendable {
    /// The sequence before it in its lane for this subscription.
    public var previous: SequenceNumber
    public var event: FeedEvent

    public init(previous: SequenceNumber, event: FeedEvent) {
        self.previous = previous
        self.event = event
    }
}

/// Feed events. An event is encoded once, stored in the journal and sent to every patrol as the same bytes; only the
/// few bytes around it (the sequence before it) differ between subscriptions.
public enum FeedCodec {
    public static func encode(_ event: FeedEvent) -> [UInt8] {
        var message = Watchpost_V1_FeedEvent()
        message.sequence = event.sequence
        message.lane = .init(rawValue: Int(event.lane.rawValue)) ?? .unspecified
        message.atMs = event.at.milliseconds
        message.kind = .init(rawValue: Int(event.kind.rawValue)) ?? .unspecified
        message.incident = .init(event.incident)
        if let tip = event.tip { message.tip = .init(tip) }
        message.unit = event.unit?.rawValue ?? ""
        message.reasons = event.reasons.map { .init($0) }
        return encodeBody(message)
    }

    /// - Throws: `malformed`.
    public static func decodeEvent(_ bytes: [UInt8]) throws(Rejection) -> FeedEvent {
        let message: Watchpost_V1_FeedEvent = try parse(bytes, field: "feed_event")
        return try event(message)
    }

    /// Reads a FEED body.
    /// - Throws: `malformed`; `invalidField` for an event without sequence, lane or kind.
    public static func decode(_ body: [UInt8]) throws(Rejection) -> (lane: Lane, items: [FeedItem]) {
        let message: Watchpost_V1_Feed = try parse(body, field: "feed", limit: .max)
        guard let lane = UInt8(exactly: message.lane.rawValue).flatMap(Lane.init(rawValue:)) else {
            throw Rejection(.invalidField, field: "feed.lane", "unknown lane \(message.lane.rawValue)")
        }
        var items: [FeedItem] = []
        items.reserveCapacity(message.items.count)
        for item in message.items { items.append(FeedItem(previous: item.previous, event: try event(item.event))) }
        return (lane, items)
    }

    private static func event(_ message: Watchpost_V1_FeedEvent) throws(Rejection) -> FeedEvent {
        guard message.sequence > 0, let lane = UInt8(exactly: message.lane.rawValue).flatMap(Lane.init(rawValue:)),
            let kind = UInt8(exactly: message.kind.rawValue).flatMap(EventKind.init(rawValue:))
        else { throw Rejection(.invalidField, field: "feed_event", "needs a sequence, a lane and a known kind") }
        return FeedEvent(
            sequence: message.sequence, lane: lane, at: Timestamp(milliseconds: message.atMs), kind: kind,
            incident: Incident(message.incident, lastSequence: message.sequence),
            tip: message.hasTip ? TipSummary(message.tip) : nil,
            unit: message.unit.isEmpty ? nil : UnitID(unchecked: message.unit),
            reasons: message.reasons.map { Reason($0) })
    }
}

extension Watchpost_V1_TipSummary {
    init(_ tip: TipSummary) {
        self.init()
        id = .init(tip.id.bytes)
        post = tip.post.rawValue
        observedAtMs = tip.observedAt.milliseconds
        category = tip.category
        text = tip.text
        place = tip.place
        if let spot = tip.position { position = .init(spot) }
        panic = tip.panic
    }
}

extension TipSummary {
    init?(_ message: Watchpost_V1_TipSummary) {
        guard let id = TipID(bytes: message.id) else { return nil }
        self.init(
            id: id, post: PostID(unchecked: message.post),
            observedAt: Timestamp(milliseconds: message.observedAtMs), category: message.category,
            text: message.text, place: message.place,
            position: message.hasPosition ? Position(message.position) : nil, panic: message.panic)
    }
}

/// Builds FEED bodies around events that are already encoded.
///
/// Written by hand because the generated code would decode and encode each event again for each patrol. The bytes
/// are those of a `Feed` message: field 1 the lane, then for each item field 2 with `previous` (1) and `event` (2).
public struct FeedBatchWriter: Sendable {
    public let lane: Lane
    public private(set) var body: [UInt8]
    public private(set) var count = 0

    public init(lane: Lane) {
        self.lane = lane
        body = [0x08, lane.rawValue]
    }

    public mutating func append(previous: SequenceNumber, event: [UInt8]) {
        let previousLength = previous == 0 ? 0 : 1 + Self.varintLength(previous)
        let length = previousLength + 1 + Self.varintLength(UInt64(event.count)) + event.count
        body.append(0x12)
        appendVarint(UInt64(length))
        if previous != 0 {
            body.append(0x08)
            appendVarint(previous)
        }
        body.append(0x12)
        appendVarint(UInt64(event.count))
        body.append(contentsOf: event)
        count += 1
    }

    private mutating func appendVarint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            body.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        body.append(UInt8(value))
    }

    private static func varintLength(_ value: UInt64) -> Int {
        value == 0 ? 1 : (64 - value.leadingZeroBitCount + 6) / 7
    }
}

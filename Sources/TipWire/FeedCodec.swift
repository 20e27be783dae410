internal import FoundationEssentials
internal import SwiftProtobuf
public import TipModel
internal import WatchpostProtobuf

/// One item of a FEED message, as a patrol reads it.
public struct FeedItem: Hashable, Sendable {
    /// The sequence before it in its lane for this subscription.
    public var previous: SequenceNumber
    public var event: FeedEvent
    /// Bytes of the encoded event as it was sent: what the daemon took from the lane's credit. 0 for an item that
    /// was not read from the wire.
    public var encodedBytes: Int

    public init(previous: SequenceNumber, event: FeedEvent, encodedBytes: Int = 0) {
        self.previous = previous
        self.event = event
        self.encodedBytes = encodedBytes
    }

    // The size says how an item travelled, not what it is, so it takes no part in comparing.
    public static func == (left: FeedItem, right: FeedItem) -> Bool {
        left.previous == right.previous && left.event == right.event
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(previous)
        hasher.combine(event)
    }
}

/// Feed events. An event is encoded once, stored in the journal and sent to every patrol as the same bytes; only the
/// few bytes around it (the sequence before it) differ between subscriptions.
public enum FeedCodec {
    public static func encode(_ event: FeedEvent) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.write(event)
        return writer.bytes
    }

    /// - Throws: `malformed`.
    public static func decodeEvent(_ bytes: [UInt8]) throws(Rejection) -> FeedEvent {
        let message: Watchpost_V1_FeedEvent = try parse(bytes, field: "feed_event")
        return try event(message)
    }

    /// Reads a FEED body.
    /// - Throws: `malformed`; `invalidField` for an event without sequence, lane or kind. A kind that is not known is taken as
    ///   ``EventKind/changed``: a newer daemon must not silence an older patrol.
    public static func decode(_ body: [UInt8]) throws(Rejection) -> (lane: Lane, items: [FeedItem]) {
        let message: Watchpost_V1_Feed = try parse(body, field: "feed", limit: .max)
        guard let lane = UInt8(exactly: message.lane.rawValue).flatMap(Lane.init(rawValue:)) else {
            throw Rejection(.invalidField, field: "feed.lane", "unknown lane \(message.lane.rawValue)")
        }
        var items: [FeedItem] = []
        items.reserveCapacity(message.items.count)
        let sizes = eventSizes(body)
        for (index, item) in message.items.enumerated() {
            items.append(
                FeedItem(
                    previous: item.previous, event: try event(item.event),
                    encodedBytes: sizes.indices.contains(index) ? sizes[index] : 0))
        }
        return (lane, items)
    }

    /// Bytes of each item's encoded event (field 2 of field 2), in order: read off the wire, because encoding an
    /// event again would cost as much as reading it and could give another size than the daemon counted.
    static func eventSizes(_ body: [UInt8]) -> [Int] {
        var sizes: [Int] = []
        var fields = FieldScanner(body[...])
        while let (number, content) = fields.next() {
            guard number == 2, let content else { continue }
            var size = 0
            var inner = FieldScanner(content)
            while let (number, content) = inner.next() {
                if number == 2, let content { size += content.count }
            }
            sizes.append(size)
        }
        return sizes
    }

    private static func event(_ message: Watchpost_V1_FeedEvent) throws(Rejection) -> FeedEvent {
        guard message.sequence > 0, let lane = UInt8(exactly: message.lane.rawValue).flatMap(Lane.init(rawValue:)),
            message.kind != .unspecified
        else { throw Rejection(.invalidField, field: "feed_event", "needs a sequence, a lane and a kind") }
        let kind = UInt8(exactly: message.kind.rawValue).flatMap(EventKind.init(rawValue:)) ?? .changed
        var event = FeedEvent(
            sequence: message.sequence, lane: lane, at: Timestamp(milliseconds: message.atMs), kind: kind,
            incident: Incident(message.incident, lastSequence: message.sequence),
            tip: message.hasTip ? TipSummary(message.tip) : nil,
            unit: message.unit.isEmpty ? nil : UnitID(unchecked: message.unit),
            reasons: message.reasons.map { Reason($0) }, alarm: message.alarm, other: IncidentID(known: message.other),
            by: message.hasBy ? Operator(message.by) : nil, from: message.from.isEmpty ? nil : UnitID(unchecked: message.from),
            rung: EscalationRung(message.rung))
        event.reminder = message.reminder
        return event
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
        let previousLength = previous == 0 ? 0 : 1 + ProtobufWriter.size(previous)
        let length = previousLength + 1 + ProtobufWriter.size(UInt64(event.count)) + event.count
        body.append(0x12)
        ProtobufWriter.append(UInt64(length), to: &body)
        if previous != 0 {
            body.append(0x08)
            ProtobufWriter.append(previous, to: &body)
        }
        body.append(0x12)
        ProtobufWriter.append(UInt64(event.count), to: &body)
        body.append(contentsOf: event)
        count += 1
    }
}

/// Walks the fields of an encoded protobuf message without reading their contents.
package struct FieldScanner {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field's number, and its bytes where it is length-delimited; nil at the end and for what is no message.
    package mutating func next() -> (number: UInt64, content: ArraySlice<UInt8>?)? {
        guard let key = varint() else { return nil }
        switch key & 7 {
        case 0: return varint() == nil ? nil : (key >> 3, nil)
        case 1: return take(8) == nil ? nil : (key >> 3, nil)
        case 2:
            guard let length = varint(), let content = take(length) else { return nil }
            return (key >> 3, content)
        case 5: return take(4) == nil ? nil : (key >> 3, nil)
        default: return nil
        }
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private mutating func take(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(rest.count) else { return nil }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return taken
    }
}

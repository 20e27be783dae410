internal import FoundationEssentials
internal import SwiftProtobuf
public import TipModel
internal import WatchpostProtobuf

/// Tips between bytes and values, within ``TipLimits``.
public enum TipCodec {
    /// The bytes that travel, are stored and are the tip's identity. Encode once and keep them.
    public static func encode(_ tip: Tip) -> [UInt8] {
        var message = Watchpost_V1_Tip()
        message.id = .init(tip.id.bytes)
        message.observedAtMs = tip.observedAt.milliseconds
        message.category = tip.category
        message.text = tip.text
        if let position = tip.position { message.position = .init(position) }
        message.place = tip.place
        message.reporter = tip.reporter
        message.panic = tip.panic
        message.drill = tip.drill
        message.attachmentSha256 = tip.attachments.map { .init($0) }
        message.language = tip.language
        message.series = tip.series
        message.number = tip.number
        return encodeBody(message)
    }

    /// Decodes and checks one tip.
    /// - Throws: `malformed`, `tooLarge` or `invalidField`, naming the field and the limit.
    public static func decode(_ bytes: [UInt8]) throws(Rejection) -> Tip {
        if bytes.count <= TipLimits.encodedBytes, let tip = bytes.withUnsafeBytes({ plain($0) }) { return tip }
        return try any(bytes)
    }

    /// By the generated code, whatever it is.
    static func any(_ bytes: [UInt8]) throws(Rejection) -> Tip {
        let message: Watchpost_V1_Tip = try parse(bytes, field: "tip", limit: TipLimits.encodedBytes)
        return try tip(message)
    }

    /// A tip that is written plainly and within every limit; nil for all else, whatever it is.
    static func plain(_ bytes: UnsafeRawBufferPointer) -> Tip? {
        var reader = ProtobufReader(bytes)
        var id: TipID?
        var tip = Tip(id: TipID(high: 0, low: 0), observedAt: Timestamp(milliseconds: 0), category: "", text: "")
        var seen: UInt32 = 0
        while !reader.isAtEnd {
            guard let key = reader.varint(), key >> 3 < 14, seen & 1 << UInt32(key >> 3) == 0 || key >> 3 == 10 else { return nil }
            seen |= 1 << UInt32(key >> 3)
            switch key {
            case 1 << 3 | 2: id = reader.content().flatMap(TipID.init)
            case 2 << 3:
                guard let value = reader.varint() else { return nil }
                tip.observedAt = Timestamp(milliseconds: Int64(bitPattern: value))
            case 3 << 3 | 2:
                guard let text = reader.string(limit: TipLimits.categoryBytes) else { return nil }
                tip.category = text
            case 4 << 3 | 2:
                guard let text = reader.string(limit: TipLimits.textBytes) else { return nil }
                tip.text = text
            case 5 << 3 | 2:
                guard let position = reader.content().flatMap(position) else { return nil }
                tip.position = position
            case 6 << 3 | 2:
                guard let text = reader.string(limit: TipLimits.placeBytes) else { return nil }
                tip.place = text
            case 7 << 3 | 2:
                guard let text = reader.string(limit: TipLimits.reporterBytes) else { return nil }
                tip.reporter = text
            case 8 << 3:
                guard let value = reader.bool() else { return nil }
                tip.panic = value
            case 9 << 3:
                guard let value = reader.bool() else { return nil }
                tip.drill = value
            case 10 << 3 | 2:
                guard let hash = reader.content(), hash.count == 32, tip.attachments.count < TipLimits.attachments else { return nil }
                tip.attachments.append([UInt8](hash))
            case 11 << 3 | 2:
                guard let text = reader.string(limit: TipLimits.languageBytes) else { return nil }
                tip.language = text
            case 12 << 3 | 1:
                guard let value = reader.fixed64() else { return nil }
                tip.series = value
            case 13 << 3:
                guard let value = reader.varint() else { return nil }
                tip.number = value
            default: return nil
            }
        }
        guard let id, !tip.category.isEmpty, tip.observedAt.milliseconds > 0 else { return nil }
        tip.id = id
        return tip
    }

    private static func position(_ bytes: UnsafeRawBufferPointer) -> Position? {
        var reader = ProtobufReader(bytes)
        var position = Position(latitude: 0, longitude: 0, accuracy: 0)
        while !reader.isAtEnd {
            switch reader.varint() {
            case 1 << 3 | 1:
                guard let value = reader.fixed64() else { return nil }
                position.latitude = Double(bitPattern: value)
            case 2 << 3 | 1:
                guard let value = reader.fixed64() else { return nil }
                position.longitude = Double(bitPattern: value)
            case 3 << 3 | 5:
                guard let value = reader.fixed32() else { return nil }
                position.accuracy = Float(bitPattern: value)
            default: return nil
            }
        }
        // A NaN fails this.
        guard abs(position.latitude) <= 90, abs(position.longitude) <= 180, position.accuracy >= 0, position.accuracy <= 100_000
        else { return nil }
        return position
    }

    /// Decodes a tip that was checked when it was accepted: limits that have become tighter since do not apply.
    /// - Throws: `malformed` when the bytes are not a tip at all.
    public static func decodeStored(_ bytes: [UInt8]) throws(Rejection) -> Tip {
        let message: Watchpost_V1_Tip = try parse(bytes, field: "tip", limit: .max)
        guard let id = TipID(bytes: message.id) else {
            throw Rejection(.malformed, field: "tip.id", "must be 16 bytes")
        }
        return value(message, id: id)
    }

    /// The id of a tip that may be refused for something else; nil when not even that can be read.
    public static func id(of bytes: [UInt8]) -> TipID? {
        guard bytes.count <= WireLimits.messageBytes, let message = try? Watchpost_V1_Tip(serializedBytes: bytes) else {
            return nil
        }
        return TipID(bytes: message.id)
    }

    private static func tip(_ message: Watchpost_V1_Tip) throws(Rejection) -> Tip {
        guard let id = TipID(bytes: message.id) else {
            throw Rejection(.invalidField, field: "tip.id", "must be 16 bytes, is \(message.id.count)")
        }
        try limit("tip.category", message.category, TipLimits.categoryBytes)
        guard !message.category.isEmpty else {
            throw Rejection(.invalidField, field: "tip.category", "must not be empty")
        }
        try limit("tip.text", message.text, TipLimits.textBytes)
        try limit("tip.place", message.place, TipLimits.placeBytes)
        try limit("tip.reporter", message.reporter, TipLimits.reporterBytes)
        try limit("tip.language", message.language, TipLimits.languageBytes)
        guard message.attachmentSha256.count <= TipLimits.attachments else {
            throw Rejection(
                .tooLarge, field: "tip.attachment_sha256",
                "at most \(TipLimits.attachments), has \(message.attachmentSha256.count)")
        }
        guard message.attachmentSha256.allSatisfy({ $0.count == 32 }) else {
            throw Rejection(.invalidField, field: "tip.attachment_sha256", "each must be 32 bytes")
        }
        if message.hasPosition { try check(message.position) }
        guard message.observedAtMs > 0 else {
            throw Rejection(.invalidField, field: "tip.observed_at_ms", "must be after 1970")
        }
        return value(message, id: id)
    }

    private static func value(_ message: Watchpost_V1_Tip, id: TipID) -> Tip {
        Tip(
            id: id, observedAt: Timestamp(milliseconds: message.observedAtMs), category: message.category,
            text: message.text, position: message.hasPosition ? Position(message.position) : nil,
            place: message.place, reporter: message.reporter, panic: message.panic, drill: message.drill,
            attachments: message.attachmentSha256.map { [UInt8]($0) }, language: message.language,
            series: message.series, number: message.number)
    }

    private static func limit(_ field: String, _ text: String, _ bytes: Int) throws(Rejection) {
        guard text.utf8.count <= bytes else {
            throw Rejection(.tooLarge, field: field, "at most \(bytes) bytes of UTF-8, has \(text.utf8.count)")
        }
    }

    private static func check(_ position: Watchpost_V1_Position) throws(Rejection) {
        guard abs(position.latitude) <= 90, abs(position.longitude) <= 180 else {
            throw Rejection(.invalidField, field: "tip.position", "latitude within ±90 and longitude within ±180")
        }
        // A NaN fails this too.
        guard position.accuracyM >= 0, position.accuracyM <= 100_000 else {
            throw Rejection(.invalidField, field: "tip.position.accuracy_m", "must be 0…100000 metres")
        }
    }
}

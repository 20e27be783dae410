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
        let message: Watchpost_V1_Tip = try parse(bytes, field: "tip", limit: TipLimits.encodedBytes)
        return try tip(message)
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

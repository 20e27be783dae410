internal import FoundationEssentials
internal import SwiftProtobuf
public import TipModel
internal import WatchpostProtobuf

/// SUBMIT: encoded tips, and the post's clock when it made the message.
public struct Submit: Hashable, Sendable {
    public var tips: [[UInt8]]
    /// Nil where the post does not say.
    public var sentAt: Timestamp?

    public init(tips: [[UInt8]], sentAt: Timestamp?) {
        self.tips = tips
        self.sentAt = sentAt
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_Submit()
        message.tips = tips.map { .init($0) }
        message.sentAtMs = sentAt?.milliseconds ?? 0
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `tooLarge` (bytes or tips) or `invalidField` for an empty batch.
    public init(_ body: [UInt8]) throws(Rejection) {
        if body.count <= WireLimits.messageBytes, let plain = body.withUnsafeBytes({ Self.plain($0) }) {
            self = plain
            return
        }
        try self.init(any: body)
    }

    /// By the generated code, whatever it is.
    init(any body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_Submit = try parse(body, field: "submit")
        guard !message.tips.isEmpty else { throw Rejection(.invalidField, field: "submit.tips", "must not be empty") }
        guard message.tips.count <= WireLimits.tipsPerSubmit else {
            throw Rejection(
                .tooLarge, field: "submit.tips", "at most \(WireLimits.tipsPerSubmit) tips, has \(message.tips.count)")
        }
        tips = message.tips.map { [UInt8]($0) }
        sentAt = message.sentAtMs > 0 ? Timestamp(milliseconds: message.sentAtMs) : nil
    }

    /// A message that is written plainly and within every limit; nil for all else, whatever it is.
    static func plain(_ bytes: UnsafeRawBufferPointer) -> Submit? {
        var reader = ProtobufReader(bytes)
        var submit = Submit(tips: [], sentAt: nil)
        while !reader.isAtEnd {
            switch reader.varint() {
            case 1 << 3 | 2:
                guard let tip = reader.content(), submit.tips.count < WireLimits.tipsPerSubmit else { return nil }
                submit.tips.append([UInt8](tip))
            case 2 << 3:
                guard let value = reader.varint() else { return nil }
                let time = Int64(bitPattern: value)
                submit.sentAt = time > 0 ? Timestamp(milliseconds: time) : nil
            default: return nil
            }
        }
        return submit.tips.isEmpty ? nil : submit
    }
}

/// POST_HEARTBEAT: what the post still holds.
public struct PostHeartbeat: Hashable, Sendable {
    public var sentAt: Timestamp
    public var series: UInt64
    public var nextNumber: UInt64
    public var lowestUnsent: UInt64
    public var spoolDepth: UInt64
    public var spoolOldest: Timestamp?
    public var deadLetters: UInt64
    public var software: String
    /// The newest progress that the post has for good; nil from one that takes none.
    public var progressAfter: SequenceNumber?

    public init(
        sentAt: Timestamp, series: UInt64, nextNumber: UInt64, lowestUnsent: UInt64, spoolDepth: UInt64,
        spoolOldest: Timestamp?, deadLetters: UInt64, software: String, progressAfter: SequenceNumber? = nil
    ) {
        self.sentAt = sentAt
        self.series = series
        self.nextNumber = nextNumber
        self.lowestUnsent = lowestUnsent
        self.spoolDepth = spoolDepth
        self.spoolOldest = spoolOldest
        self.deadLetters = deadLetters
        self.software = software
        self.progressAfter = progressAfter
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_PostHeartbeat()
        message.sentAtMs = sentAt.milliseconds
        message.series = series
        message.nextNumber = nextNumber
        message.lowestUnsent = lowestUnsent
        message.spoolDepth = spoolDepth
        message.spoolOldestMs = spoolOldest?.milliseconds ?? 0
        message.deadLetters = deadLetters
        message.software = software
        if let progressAfter { message.progressAfter = progressAfter }
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `tooLarge`.
    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_PostHeartbeat = try parse(body, field: "post_heartbeat")
        self.init(
            sentAt: Timestamp(milliseconds: message.sentAtMs), series: message.series,
            nextNumber: message.nextNumber, lowestUnsent: message.lowestUnsent, spoolDepth: message.spoolDepth,
            spoolOldest: message.spoolOldestMs > 0 ? Timestamp(milliseconds: message.spoolOldestMs) : nil,
            deadLetters: message.deadLetters, software: clipped(message.software, bytes: 64),
            progressAfter: message.hasProgressAfter ? message.progressAfter : nil)
    }
}

/// HEARTBEAT_REPLY: the daemon's clock and how far its lanes have come.
public struct HeartbeatReply: Hashable, Sendable {
    public var daemonTime: Timestamp
    public var idWindowMilliseconds: Int64
    public var heads: FeedCursor

    public init(daemonTime: Timestamp, idWindowMilliseconds: Int64, heads: FeedCursor) {
        self.daemonTime = daemonTime
        self.idWindowMilliseconds = idWindowMilliseconds
        self.heads = heads
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_HeartbeatReply()
        message.daemonTimeMs = daemonTime.milliseconds
        message.idWindowMs = idWindowMilliseconds
        message.alertHead = heads.alert
        message.mainHead = heads.main
        return encodeBody(message)
    }

    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_HeartbeatReply = try parse(body, field: "heartbeat_reply")
        self.init(
            daemonTime: Timestamp(milliseconds: message.daemonTimeMs), idWindowMilliseconds: message.idWindowMs,
            heads: FeedCursor(alert: message.alertHead, main: message.mainHead))
    }
}

/// RECEIPTS, both ways.
public enum ReceiptCodec {
    public static func encode(_ receipts: some Sequence<Receipt>) -> [UInt8] {
        var writer = ProtobufWriter()
        for receipt in receipts {
            writer.message(1) {
                $0.id(1, receipt.tip)
                $0.unsigned(2, receipt.sequence)
                $0.unsigned(3, receipt.incident.rawValue)
                $0.unsigned(4, UInt64(receipt.verdict.rawValue))
                $0.unsigned(5, UInt64(receipt.level.rawValue))
                $0.signed(6, Int64(receipt.score))
                $0.bool(7, true)
            }
        }
        return writer.bytes
    }

    /// - Throws: `malformed`; `invalidField` for a receipt that does not say it is durable or names no tip: an
    ///   agent must not delete on such a word.
    public static func decode(_ body: [UInt8]) throws(Rejection) -> [Receipt] {
        let message: Watchpost_V1_Receipts = try parse(body, field: "receipts")
        var receipts: [Receipt] = []
        receipts.reserveCapacity(message.receipts.count)
        for one in message.receipts {
            guard let tip = TipID(bytes: one.tipID), one.durable,
                let verdict = UInt8(exactly: one.verdict.rawValue).flatMap(Verdict.init(rawValue:)),
                let level = UrgencyLevel(one.level)
            else { throw Rejection(.invalidField, field: "receipts", "a receipt is incomplete or not durable") }
            receipts.append(
                Receipt(
                    tip: tip, sequence: one.sequence, incident: IncidentID(one.incidentID), verdict: verdict,
                    level: level, score: one.score))
        }
        return receipts
    }
}

/// One refused tip, or a refused message where `tip` is nil.
public struct TipRejection: Hashable, Sendable {
    public var tip: TipID?
    /// The tip's place in its SUBMIT.
    public var index: UInt32
    public var rejection: Rejection

    public init(tip: TipID?, index: UInt32 = 0, _ rejection: Rejection) {
        self.tip = tip
        self.index = index
        self.rejection = rejection
    }
}

/// REJECTIONS, both ways.
public enum RejectionCodec {
    public static func encode(_ rejections: some Sequence<TipRejection>) -> [UInt8] {
        var message = Watchpost_V1_Rejections()
        message.rejections = rejections.map { refused in
            var one = Watchpost_V1_Rejection(refused.rejection)
            if let tip = refused.tip { one.tipID = .init(tip.bytes) }
            one.index = refused.index
            return one
        }
        return encodeBody(message)
    }

    public static func decode(_ body: [UInt8]) throws(Rejection) -> [TipRejection] {
        let message: Watchpost_V1_Rejections = try parse(body, field: "rejections")
        return message.rejections.map { TipRejection(tip: TipID(bytes: $0.tipID), index: $0.index, Rejection($0)) }
    }
}

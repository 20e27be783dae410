internal import FoundationEssentials
public import TipModel
internal import WatchpostProtobuf

/// PROGRESS, both ways.
public enum ProgressCodec {
    public static func encode(_ progress: PostProgress) -> [UInt8] {
        var message = Watchpost_V1_Progress()
        message.items = progress.items.map { .init($0) }
        message.after = progress.after
        message.through = progress.through
        return encodeBody(message)
    }

    /// Items of a phase that this version does not know are left out.
    /// - Throws: `malformed`, `tooLarge`.
    public static func decode(_ body: [UInt8]) throws(Rejection) -> PostProgress {
        let message: Watchpost_V1_Progress = try parse(body, field: "progress")
        return PostProgress(
            items: message.items.prefix(PostShares.incidentsBound).compactMap { ProgressItem($0) }, after: message.after,
            through: message.through)
    }
}

extension Watchpost_V1_ProgressItem {
    init(_ item: ProgressItem) {
        self.init()
        incidentID = item.incident.rawValue
        tipIds = item.tips.map { Data($0.bytes) }
        sequence = item.sequence
        let progress = item.progress
        phase = .init(rawValue: Int(progress.phase.rawValue)) ?? .unspecified
        level = .init(progress.level)
        unit = item.unitName
        sinceMs = progress.since.milliseconds
        acknowledgedAtMs = progress.acknowledgedAt?.milliseconds ?? 0
        claimedAtMs = progress.claimedAt?.milliseconds ?? 0
        enRouteAtMs = progress.enRouteAt?.milliseconds ?? 0
        onSceneAtMs = progress.onSceneAt?.milliseconds ?? 0
        clearedAtMs = progress.clearedAt?.milliseconds ?? 0
        disposition = .init(rawValue: Int(progress.disposition?.rawValue ?? 0)) ?? .unspecified
        mergedInto = progress.mergedInto?.rawValue ?? 0
        escalated = .init(rawValue: Int(progress.escalated?.rawValue ?? 0)) ?? .unspecified
        drill = progress.drill
    }
}

extension ProgressItem {
    /// Nil for a phase that this version does not know, and for an item without an incident.
    init?(_ message: Watchpost_V1_ProgressItem) {
        guard message.incidentID > 0, let phase = UInt8(exactly: message.phase.rawValue).flatMap(Phase.init(rawValue:)) else {
            return nil
        }
        func time(_ milliseconds: Int64) -> Timestamp? { milliseconds > 0 ? Timestamp(milliseconds: milliseconds) : nil }
        self.init(
            incident: IncidentID(message.incidentID),
            tips: message.tipIds.prefix(PostShares.tipsBound).compactMap { TipID(bytes: $0) }, sequence: message.sequence,
            progress: IncidentProgress(
                phase: phase,
                // An unknown level must not look harmless.
                level: UrgencyLevel(message.level) ?? .emergency, since: Timestamp(milliseconds: message.sinceMs),
                acknowledgedAt: time(message.acknowledgedAtMs), claimedAt: time(message.claimedAtMs),
                enRouteAt: time(message.enRouteAtMs), onSceneAt: time(message.onSceneAtMs), clearedAt: time(message.clearedAtMs),
                disposition: UInt8(exactly: message.disposition.rawValue).flatMap(Disposition.init(rawValue:)),
                mergedInto: IncidentID(known: message.mergedInto), escalated: UInt8(exactly: message.escalated.rawValue).flatMap(EscalationRung.init(rawValue:)),
                drill: message.drill),
            unitName: clipped(message.unit, bytes: 120))
    }
}

/// HANDLED: 自行处置.
public struct Handled: Hashable, Sendable {
    public var incident: IncidentID
    public var note: String

    public init(incident: IncidentID, note: String) {
        self.incident = incident
        self.note = note
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_Handled()
        message.incidentID = incident.rawValue
        message.note = note
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `tooLarge`, `invalidField` without an incident.
    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_Handled = try parse(body, field: "handled")
        guard message.incidentID > 0 else { throw Rejection(.invalidField, field: "handled.incident_id", "is missing") }
        guard message.note.utf8.count <= WireLimits.noteBytes else {
            throw Rejection(.tooLarge, field: "handled.note", "at most \(WireLimits.noteBytes) bytes, has \(message.note.utf8.count)")
        }
        self.init(incident: IncidentID(message.incidentID), note: message.note)
    }
}

/// PHOTO: a part of a photo.
public struct PhotoPart: Hashable, Sendable {
    public var tip: TipID
    /// Of the whole file, 32 bytes.
    public var sha256: [UInt8]
    public var total: Int
    public var offset: Int
    /// Empty only asks how much is there.
    public var data: [UInt8]

    public init(tip: TipID, sha256: [UInt8], total: Int, offset: Int, data: [UInt8]) {
        self.tip = tip
        self.sha256 = sha256
        self.total = total
        self.offset = offset
        self.data = data
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_Photo()
        message.tipID = Data(tip.bytes)
        message.sha256 = Data(sha256)
        message.total = UInt64(max(0, total))
        message.offset = UInt64(max(0, offset))
        message.data = Data(data)
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `tooLarge`, `invalidField`.
    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_Photo = try parse(body, field: "photo")
        guard let tip = TipID(bytes: message.tipID) else {
            throw Rejection(.invalidField, field: "photo.tip_id", "must be 16 bytes, is \(message.tipID.count)")
        }
        guard message.sha256.count == 32 else {
            throw Rejection(.invalidField, field: "photo.sha256", "must be 32 bytes, is \(message.sha256.count)")
        }
        guard message.total > 0 else { throw Rejection(.invalidField, field: "photo.total", "must be above 0") }
        guard message.total <= UInt64(WireLimits.photoBytes) else {
            throw Rejection(.tooLarge, field: "photo.total", "at most \(WireLimits.photoBytes) bytes, is \(message.total)")
        }
        guard message.data.count <= WireLimits.photoPartBytes else {
            throw Rejection(.tooLarge, field: "photo.data", "at most \(WireLimits.photoPartBytes) bytes, has \(message.data.count)")
        }
        guard message.offset <= message.total, UInt64(message.data.count) <= message.total - message.offset else {
            throw Rejection(.invalidField, field: "photo.offset", "the part does not lie within the photo's \(message.total) bytes")
        }
        self.init(
            tip: tip, sha256: [UInt8](message.sha256), total: Int(message.total), offset: Int(message.offset),
            data: [UInt8](message.data))
    }
}

/// PHOTO_STATE: how much of a photo the daemon has.
public struct PhotoState: Hashable, Sendable {
    public var sha256: [UInt8]
    /// Where the next part begins.
    public var nextOffset: Int
    /// Verified and on the daemon's disk.
    public var isComplete: Bool
    public var refusal: Rejection?

    public init(sha256: [UInt8], nextOffset: Int, isComplete: Bool = false, refusal: Rejection? = nil) {
        self.sha256 = sha256
        self.nextOffset = nextOffset
        self.isComplete = isComplete
        self.refusal = refusal
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_PhotoState()
        message.sha256 = Data(sha256)
        message.nextOffset = UInt64(max(0, nextOffset))
        message.complete = isComplete
        if let refusal { message.refusal = .init(refusal) }
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `tooLarge`.
    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_PhotoState = try parse(body, field: "photo_state")
        self.init(
            sha256: [UInt8](message.sha256), nextOffset: Int(clamping: message.nextOffset), isComplete: message.complete,
            refusal: message.hasRefusal ? Rejection(message.refusal) : nil)
    }
}

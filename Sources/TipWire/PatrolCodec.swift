internal import SwiftProtobuf
public import TipModel
internal import WatchpostProtobuf

/// What the daemon may still send in a lane.
public struct Credit: Hashable, Sendable {
    public var events: UInt32
    public var bytes: UInt32

    public init(events: UInt32, bytes: UInt32) {
        self.events = events
        self.bytes = bytes
    }

    init(_ message: Watchpost_V1_LaneCredit) { self.init(events: message.events, bytes: message.bytes) }

    var message: Watchpost_V1_LaneCredit {
        var message = Watchpost_V1_LaneCredit()
        message.events = events
        message.bytes = bytes
        return message
    }
}

/// SUBSCRIBE.
public struct Subscribe: Hashable, Sendable {
    /// Empty for all that the unit may see.
    public var zones: [ZoneID]
    public var leastLevel: UrgencyLevel
    /// Resume after these; nil to begin with what comes next.
    public var resume: FeedCursor?
    public var alertCredit: Credit
    public var mainCredit: Credit

    public init(
        zones: [ZoneID], leastLevel: UrgencyLevel, resume: FeedCursor?, alertCredit: Credit, mainCredit: Credit
    ) {
        self.zones = zones
        self.leastLevel = leastLevel
        self.resume = resume
        self.alertCredit = alertCredit
        self.mainCredit = mainCredit
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_Subscribe()
        message.zones = zones.map(\.rawValue)
        message.leastLevel = .init(leastLevel)
        message.alertAfter = resume?.alert ?? 0
        message.mainAfter = resume?.main ?? 0
        message.fromNow = resume == nil
        message.alertCredit = alertCredit.message
        message.mainCredit = mainCredit.message
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `tooLarge`, `invalidField`.
    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_Subscribe = try parse(body, field: "subscribe")
        guard message.zones.count <= WireLimits.zonesPerSubscribe else {
            throw Rejection(.tooLarge, field: "subscribe.zones", "at most \(WireLimits.zonesPerSubscribe)")
        }
        var zones: [ZoneID] = []
        for name in message.zones {
            guard let zone = ZoneID(name) else {
                throw Rejection(.invalidField, field: "subscribe.zones", "a zone id is 1–32 of a–z, 0–9 and '-'")
            }
            zones.append(zone)
        }
        self.init(
            zones: zones, leastLevel: UrgencyLevel(message.leastLevel) ?? .routine,
            resume: message.fromNow ? nil : FeedCursor(alert: message.alertAfter, main: message.mainAfter),
            alertCredit: Credit(message.alertCredit), mainCredit: Credit(message.mainCredit))
    }
}

/// SUBSCRIBED.
public struct Subscribed: Hashable, Sendable {
    public var zones: [ZoneID]
    public var begin: FeedCursor
    public var heads: FeedCursor

    public init(zones: [ZoneID], begin: FeedCursor, heads: FeedCursor) {
        self.zones = zones
        self.begin = begin
        self.heads = heads
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_Subscribed()
        message.zones = zones.map(\.rawValue)
        message.alertAfter = begin.alert
        message.mainAfter = begin.main
        message.alertHead = heads.alert
        message.mainHead = heads.main
        return encodeBody(message)
    }

    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_Subscribed = try parse(body, field: "subscribed")
        self.init(
            zones: message.zones.map { ZoneID(unchecked: $0) },
            begin: FeedCursor(alert: message.alertAfter, main: message.mainAfter),
            heads: FeedCursor(alert: message.alertHead, main: message.mainHead))
    }
}

/// CREDIT.
public struct CreditGrant: Hashable, Sendable {
    public var lane: Lane
    public var credit: Credit

    public init(lane: Lane, credit: Credit) {
        self.lane = lane
        self.credit = credit
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_Credit()
        message.lane = .init(rawValue: Int(lane.rawValue)) ?? .unspecified
        message.credit = credit.message
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `invalidField`.
    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_Credit = try parse(body, field: "credit")
        guard let lane = UInt8(exactly: message.lane.rawValue).flatMap(Lane.init(rawValue:)) else {
            throw Rejection(.invalidField, field: "credit.lane", "must be LANE_ALERT or LANE_MAIN")
        }
        self.init(lane: lane, credit: Credit(message.credit))
    }
}

/// ACKNOWLEDGE: how far the patrol has kept what it was sent.
public enum AcknowledgeCodec {
    public static func encode(_ cursor: FeedCursor) -> [UInt8] {
        var message = Watchpost_V1_Acknowledge()
        message.alertThrough = cursor.alert
        message.mainThrough = cursor.main
        return encodeBody(message)
    }

    public static func decode(_ body: [UInt8]) throws(Rejection) -> FeedCursor {
        let message: Watchpost_V1_Acknowledge = try parse(body, field: "acknowledge")
        return FeedCursor(alert: message.alertThrough, main: message.mainThrough)
    }
}

/// PATROL_HEARTBEAT.
public enum PatrolHeartbeatCodec {
    public static func encode(sentAt: Timestamp) -> [UInt8] {
        var message = Watchpost_V1_PatrolHeartbeat()
        message.sentAtMs = sentAt.milliseconds
        return encodeBody(message)
    }

    public static func decode(_ body: [UInt8]) throws(Rejection) -> Timestamp {
        let message: Watchpost_V1_PatrolHeartbeat = try parse(body, field: "patrol_heartbeat")
        return Timestamp(milliseconds: message.sentAtMs)
    }
}

/// The body of CLAIM, JOIN, EN_ROUTE, ON_SCENE, CLEAR, RELEASE, HAND_OVER and SEEN.
public struct Action: Hashable, Sendable {
    public var incident: IncidentID
    public var disposition: Disposition?
    public var note: String
    /// HAND_OVER: the unit that takes it.
    public var to: UnitID?
    /// EN_ROUTE and ON_SCENE: may set aside what the unit is active on.
    public var divert: Bool

    public init(
        incident: IncidentID, disposition: Disposition? = nil, note: String = "", to: UnitID? = nil, divert: Bool = false
    ) {
        self.incident = incident
        self.disposition = disposition
        self.note = note
        self.to = to
        self.divert = divert
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_Action()
        message.incidentID = incident.rawValue
        message.disposition = .init(rawValue: Int(disposition?.rawValue ?? 0)) ?? .unspecified
        message.note = note
        message.to = to?.rawValue ?? ""
        message.divert = divert
        return encodeBody(message)
    }

    /// - Throws: `malformed`, `tooLarge`, `invalidField`.
    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_Action = try parse(body, field: "action")
        guard message.note.utf8.count <= WireLimits.noteBytes else {
            throw Rejection(.tooLarge, field: "action.note", "at most \(WireLimits.noteBytes) bytes")
        }
        let disposition = UInt8(exactly: message.disposition.rawValue).flatMap(Disposition.init(rawValue:))
        guard disposition != nil || message.disposition == .unspecified else {
            throw Rejection(.invalidField, field: "action.disposition", "unknown value \(message.disposition.rawValue)")
        }
        var to: UnitID?
        if !message.to.isEmpty {
            guard let name = UnitID(message.to) else {
                throw Rejection(.invalidField, field: "action.to", "a unit id is 1–32 of a–z, 0–9 and '-'")
            }
            to = name
        }
        self.init(
            incident: IncidentID(message.incidentID), disposition: disposition, note: message.note, to: to, divert: message.divert)
    }
}

/// ACTION_RESULT.
public struct ActionResult: Hashable, Sendable {
    public var incidentID: IncidentID
    /// Nil when it was done.
    public var refusal: Rejection?
    /// As it is now; nil where the unit may not see it.
    public var incident: Incident?
    /// The record that the action made; 0 where nothing changed.
    public var sequence: SequenceNumber

    public init(incidentID: IncidentID, refusal: Rejection?, incident: Incident?, sequence: SequenceNumber) {
        self.incidentID = incidentID
        self.refusal = refusal
        self.incident = incident
        self.sequence = sequence
    }

    public var encoded: [UInt8] {
        var message = Watchpost_V1_ActionResult()
        message.incidentID = incidentID.rawValue
        message.done = refusal == nil
        if let refusal { message.refusal = .init(refusal) }
        if let incident { message.incident = .init(incident) }
        message.sequence = sequence
        return encodeBody(message)
    }

    public init(_ body: [UInt8]) throws(Rejection) {
        let message: Watchpost_V1_ActionResult = try parse(body, field: "action_result")
        self.init(
            incidentID: IncidentID(message.incidentID),
            refusal: message.done ? nil : Rejection(message.refusal),
            incident: message.hasIncident
                ? Incident(message.incident, lastSequence: message.sequence) : nil,
            sequence: message.sequence)
    }
}

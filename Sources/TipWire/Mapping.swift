package import TipModel
package import WatchpostProtobuf

// Values to protobuf and back, for the wire here and for the journal. A value from outside that this version does not know becomes the cautious one.

extension Watchpost_V1_Position {
    package init(_ position: Position) {
        self.init()
        latitude = position.latitude
        longitude = position.longitude
        accuracyM = position.accuracy
    }
}

extension Position {
    package init(_ message: Watchpost_V1_Position) {
        self.init(latitude: message.latitude, longitude: message.longitude, accuracy: message.accuracyM)
    }
}

extension Watchpost_V1_UrgencyLevel {
    package init(_ level: UrgencyLevel) { self = .init(rawValue: Int(level.rawValue)) ?? .unspecified }
}

extension UrgencyLevel {
    /// Nil for unspecified and unknown.
    package init?(_ level: Watchpost_V1_UrgencyLevel) {
        guard let value = UInt8(exactly: level.rawValue) else { return nil }
        self.init(rawValue: value)
    }
}

extension Watchpost_V1_Reason {
    package init(_ reason: Reason) {
        self.init()
        code = reason.code
        points = reason.points
        detail = reason.detail
    }
}

extension Reason {
    package init(_ message: Watchpost_V1_Reason) {
        self.init(code: message.code, points: message.points, detail: message.detail)
    }
}

extension Watchpost_V1_Rejection {
    package init(_ rejection: Rejection) {
        self.init()
        code = .init(rawValue: Int(rejection.code.rawValue)) ?? .unspecified
        field = rejection.field
        message = rejection.message
        retriable = rejection.code.isRetriable
        retryAfterMs = rejection.retryAfterMilliseconds
    }
}

extension Rejection {
    package init(_ message: Watchpost_V1_Rejection) {
        // A code from a newer daemon: what matters to a client is whether to try again.
        let code =
            UInt8(exactly: message.code.rawValue).flatMap(RejectionCode.init(rawValue:))
            ?? (message.retriable ? .unavailable : .forbidden)
        self.init(
            code, field: message.field, message.message, retryAfterMilliseconds: message.retryAfterMs)
    }
}

extension Watchpost_V1_IncidentSnapshot {
    package init(_ incident: Incident) {
        self.init()
        id = incident.id.rawValue
        version = incident.version
        zone = incident.zone.rawValue
        category = incident.category
        level = .init(incident.urgency.level)
        score = incident.urgency.score
        reasons = incident.urgency.reasons.map { .init($0) }
        phase = .init(rawValue: Int(incident.phase.rawValue)) ?? .unspecified
        holder = incident.holder?.rawValue ?? ""
        phaseSinceMs = incident.phaseSince.milliseconds
        openedAtMs = incident.openedAt.milliseconds
        lastTipAtMs = incident.lastTipAt.milliseconds
        if let place = incident.position { position = .init(place) }
        place = incident.place
        headline = incident.headline
        tips = incident.tipCount
        posts = incident.posts.map(\.rawValue)
        drill = incident.drill
        disposition = .init(rawValue: Int(incident.disposition?.rawValue ?? 0)) ?? .unspecified
        mergedInto = incident.mergedInto?.rawValue ?? 0
        follows = incident.follows?.rawValue ?? 0
        crew = incident.statedCrew?.map { .init($0) } ?? []
        if let seen = incident.acknowledgement { acknowledgement = .init(seen) }
        if incident.hasEscalated { escalation = .init(incident.escalation) }
        grants = incident.grants.map { .init($0) }
    }
}

extension Incident {
    package init(_ message: Watchpost_V1_IncidentSnapshot, lastSequence: SequenceNumber) {
        self.init(
            id: IncidentID(message.id), version: message.version, zone: ZoneID(unchecked: message.zone),
            category: message.category, drill: message.drill,
            openedAt: Timestamp(milliseconds: message.openedAtMs),
            lastTipAt: Timestamp(milliseconds: message.lastTipAtMs),
            position: message.hasPosition ? Position(message.position) : nil, place: message.place,
            headline: message.headline,
            urgency: Urgency(
                score: message.score,
                // An unknown level must not look harmless.
                level: UrgencyLevel(message.level) ?? .emergency,
                reasons: message.reasons.map { Reason($0) }),
            tipCount: message.tips, posts: message.posts.map { PostID(unchecked: $0) },
            phase: UInt8(exactly: message.phase.rawValue).flatMap(Phase.init(rawValue:)) ?? .open,
            holder: message.holder.isEmpty ? nil : UnitID(unchecked: message.holder),
            phaseSince: Timestamp(milliseconds: message.phaseSinceMs),
            disposition: UInt8(exactly: message.disposition.rawValue).flatMap(Disposition.init(rawValue:)),
            lastSequence: lastSequence)
        mergedInto = IncidentID(known: message.mergedInto)
        follows = IncidentID(known: message.follows)
        if !message.crew.isEmpty { crew = message.crew.prefix(Limits.crew).map { Assignment($0) } }
        if message.hasAcknowledgement { acknowledgement = Acknowledgement(message.acknowledgement) }
        if message.hasEscalation { escalation = Escalation(message.escalation) }
        grants = message.grants.prefix(Limits.grants).map { Grant($0) }
    }
}

extension IncidentID {
    /// Nil for 0, which stands for none: numbers begin with 1.
    package init?(known number: UInt64) {
        guard number > 0 else { return nil }
        self.init(number)
    }
}

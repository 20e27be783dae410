internal import FoundationEssentials
internal import SwiftProtobuf
internal import TipModel
internal import TipWire
internal import WatchpostProtobuf

// The journal's protobuf to values and back. What both the wire and the journal have (positions, reasons, levels,
// incident snapshots) is mapped in TipWire.

extension Urgency {
    init(_ message: Watchpost_Journal_V1_Urgency) {
        self.init(
            score: message.score, level: UrgencyLevel(message.level) ?? .emergency,
            reasons: message.reasons.map { Reason($0) })
    }
}

extension Watchpost_Journal_V1_Urgency {
    init(_ urgency: Urgency) {
        self.init()
        score = urgency.score
        level = .init(urgency.level)
        reasons = urgency.reasons.map { .init($0) }
    }
}

extension IncidentRestated {
    /// Nil where it makes no sense.
    init?(_ message: Watchpost_Journal_V1_IncidentRestated) {
        guard message.hasIncident, let cause = UInt8(exactly: message.cause.rawValue).flatMap(Cause.init(rawValue:)) else { return nil }
        var moved: [TipKey] = []
        for one in message.moved {
            guard let tip = TipID(bytes: one.tip) else { return nil }
            moved.append(TipKey(post: PostID(unchecked: one.post), tip: tip))
        }
        self.init(
            incident: Incident(message.incident), cause: cause, other: IncidentID(message.other), moved: moved,
            reason: message.reason, by: message.by)
    }
}

extension Watchpost_Journal_V1_Regrade {
    init(_ regrade: Regrade) {
        self.init()
        level = .init(regrade.level)
        reason = regrade.reason
        by = regrade.by
        atMs = regrade.at.milliseconds
        sequence = regrade.sequence
        overruled = regrade.isOverruled
    }
}

extension Regrade {
    init(_ message: Watchpost_Journal_V1_Regrade) {
        self.init(
            level: UrgencyLevel(message.level) ?? .emergency, reason: message.reason, by: message.by,
            at: Timestamp(milliseconds: message.atMs), sequence: message.sequence, isOverruled: message.overruled)
    }
}

extension TipAccepted {
    init?(_ message: Watchpost_Journal_V1_TipAccepted) {
        let encoded = [UInt8](message.tip)
        guard let tip = try? TipCodec.decodeStored(encoded) else { return nil }
        self.init(
            post: PostID(unchecked: message.post), zone: ZoneID(unchecked: message.zone), tip: tip, encoded: encoded,
            position: message.hasPosition ? Position(message.position) : nil,
            receivedAt: Timestamp(milliseconds: message.receivedAtMs), skewMilliseconds: message.skewMs)
    }
}

extension Watchpost_Journal_V1_Post {
    init(_ post: Post) {
        self.init()
        id = post.id.rawValue
        name = post.name
        zone = post.zone.rawValue
        if let spot = post.position { position = .init(spot) }
        kind = post.kind
        members = UInt32(clamping: post.members)
    }
}

extension Post {
    init(_ message: Watchpost_Journal_V1_Post) {
        self.init(
            id: PostID(unchecked: message.id), name: message.name, zone: ZoneID(unchecked: message.zone),
            position: message.hasPosition ? Position(message.position) : nil, kind: message.kind,
            members: Int(message.members))
    }
}

extension Watchpost_Journal_V1_PatrolUnit {
    init(_ unit: PatrolUnit) {
        self.init()
        id = unit.id.rawValue
        name = unit.name
        zones = unit.zones.map(\.rawValue)
    }
}

extension PatrolUnit {
    init(_ message: Watchpost_Journal_V1_PatrolUnit) {
        self.init(
            id: UnitID(unchecked: message.id), name: message.name,
            zones: message.zones.map { ZoneID(unchecked: $0) })
    }
}

extension Watchpost_Journal_V1_CursorAdvanced {
    init(_ id: UnitID, _ cursor: FeedCursor) {
        self.init()
        unit = id.rawValue
        alert = cursor.alert
        main = cursor.main
    }
}

extension Watchpost_Journal_V1_Evidence {
    init(_ evidence: Evidence) {
        self.init()
        post = evidence.post.rawValue
        observedAtMs = evidence.observedAt.milliseconds
        category = evidence.category
        if let spot = evidence.position { position = .init(spot) }
        text = evidence.text
        place = evidence.place
    }
}

extension Evidence {
    init(_ message: Watchpost_Journal_V1_Evidence) {
        self.init(
            post: PostID(unchecked: message.post), observedAt: Timestamp(milliseconds: message.observedAtMs),
            category: message.category, position: message.hasPosition ? Position(message.position) : nil,
            text: message.text, place: message.place)
    }
}

extension Watchpost_Journal_V1_IncidentState {
    init(_ incident: Incident) {
        self.init()
        snapshot = .init(incident)
        witnesses = incident.witnesses
        evidence = incident.evidence.map { .init($0) }
        lastSequence = incident.lastSequence
        leadLevel = .init(incident.leadLevel)
        leadScore = incident.leadScore
        suggestion = incident.suggestion?.rawValue ?? 0
        apart = incident.apart.map(\.rawValue)
        if let standing = incident.regrade {
            regrade = .init(standing)
            computed = .init(incident.computedUrgency)
        }
    }
}

extension Incident {
    init(_ message: Watchpost_Journal_V1_IncidentState) {
        self.init(message.snapshot, lastSequence: message.lastSequence)
        witnesses = message.witnesses
        evidence = message.evidence.map { Evidence($0) }
        leadLevel = UrgencyLevel(message.leadLevel) ?? urgency.level
        leadScore = message.leadScore
        suggestion = IncidentID(known: message.suggestion)
        apart = message.apart.map { IncidentID($0) }
        if message.hasRegrade {
            regrade = Regrade(message.regrade)
            setUrgency(Urgency(message.computed))
        }
    }
}

extension Watchpost_Journal_V1_PostLedger {
    init(_ id: PostID, _ ledger: PostLedger) {
        self.init()
        post = id.rawValue
        series = ledger.series
        highest = ledger.highest
        received = ledger.received
        gaps = ledger.gaps.map { gap in
            .with {
                $0.first = gap.lowerBound
                $0.last = gap.upperBound
            }
        }
        missing = ledger.missing
        forgotten = ledger.forgotten
        silentSinceMs = ledger.silentSince?.milliseconds ?? 0
        lastTipAtMs = ledger.lastTipAt?.milliseconds ?? 0
    }
}

extension PostLedger {
    init(_ message: Watchpost_Journal_V1_PostLedger) {
        self.init()
        series = message.series
        highest = message.highest
        received = message.received
        gaps = message.gaps.compactMap { $0.first <= $0.last ? $0.first...$0.last : nil }
        missing = message.missing
        forgotten = message.forgotten
        silentSince = message.silentSinceMs == 0 ? nil : Timestamp(milliseconds: message.silentSinceMs)
        lastTipAt = message.lastTipAtMs == 0 ? nil : Timestamp(milliseconds: message.lastTipAtMs)
    }
}

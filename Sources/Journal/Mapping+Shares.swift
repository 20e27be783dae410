internal import FoundationEssentials
internal import TipModel
internal import TipWire
internal import WatchpostProtobuf

// A post's part in an incident, in a snapshot.
extension Watchpost_Journal_V1_PostShare {
    init(_ post: PostID, _ share: PostShares.Share) {
        self.init()
        self.post = post.rawValue
        incident = share.incident.rawValue
        tips = share.tips.map { Data($0.bytes) }
        sequence = share.sequence
        guard let progress = share.progress else { return }
        phase = .init(rawValue: Int(progress.phase.rawValue)) ?? .unspecified
        level = .init(progress.level)
        unit = progress.unit?.rawValue ?? ""
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

extension PostShares.Share {
    init(_ message: Watchpost_Journal_V1_PostShare) {
        func time(_ milliseconds: Int64) -> Timestamp? { milliseconds > 0 ? Timestamp(milliseconds: milliseconds) : nil }
        self.init(
            incident: IncidentID(message.incident), tips: message.tips.compactMap { TipID(bytes: $0) },
            sequence: message.sequence)
        guard let phase = UInt8(exactly: message.phase.rawValue).flatMap(Phase.init(rawValue:)) else { return }
        progress = IncidentProgress(
            phase: phase, level: UrgencyLevel(message.level) ?? .emergency,
            unit: message.unit.isEmpty ? nil : UnitID(unchecked: message.unit), since: Timestamp(milliseconds: message.sinceMs),
            acknowledgedAt: time(message.acknowledgedAtMs), claimedAt: time(message.claimedAtMs),
            enRouteAt: time(message.enRouteAtMs), onSceneAt: time(message.onSceneAtMs), clearedAt: time(message.clearedAtMs),
            disposition: UInt8(exactly: message.disposition.rawValue).flatMap(Disposition.init(rawValue:)),
            mergedInto: IncidentID(known: message.mergedInto), escalated: UInt8(exactly: message.escalated.rawValue).flatMap(EscalationRung.init(rawValue:)), drill: message.drill)
    }
}

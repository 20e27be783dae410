/// How far the response to an incident is, as a post is told: who comes and since when, nothing of other posts.
public struct IncidentProgress: Hashable, Sendable {
    public var phase: Phase
    public var level: UrgencyLevel
    /// The unit that leads.
    public var unit: UnitID?
    /// Of the phase.
    public var since: Timestamp
    /// Somebody has seen it.
    public var acknowledgedAt: Timestamp?
    /// When the phases began in the present run; a release takes them back.
    public var claimedAt: Timestamp?
    public var enRouteAt: Timestamp?
    public var onSceneAt: Timestamp?
    public var clearedAt: Timestamp?
    public var disposition: Disposition?
    /// The incident that it is a part of now.
    public var mergedInto: IncidentID?
    /// The rung of escalation that was reached last.
    public var escalated: EscalationRung?
    public var drill: Bool

    public init(
        phase: Phase, level: UrgencyLevel, unit: UnitID? = nil, since: Timestamp, acknowledgedAt: Timestamp? = nil,
        claimedAt: Timestamp? = nil, enRouteAt: Timestamp? = nil, onSceneAt: Timestamp? = nil, clearedAt: Timestamp? = nil,
        disposition: Disposition? = nil, mergedInto: IncidentID? = nil, escalated: EscalationRung? = nil, drill: Bool = false
    ) {
        self.phase = phase
        self.level = level
        self.unit = unit
        self.since = since
        self.acknowledgedAt = acknowledgedAt
        self.claimedAt = claimedAt
        self.enRouteAt = enRouteAt
        self.onSceneAt = onSceneAt
        self.clearedAt = clearedAt
        self.disposition = disposition
        self.mergedInto = mergedInto
        self.escalated = escalated
        self.drill = drill
    }

    /// - Parameter before: what it was, for the times of the phases that it has passed.
    public init(_ incident: borrowing Incident, after before: IncidentProgress? = nil) {
        let phase = incident.phase
        let since = incident.phaseSince
        func time(_ of: Phase, _ known: Timestamp?) -> Timestamp? { phase == of ? since : phase.rawValue > of.rawValue ? known : nil }
        self.init(
            phase: phase, level: incident.urgency.level, unit: incident.holder ?? (phase == .cleared ? before?.unit : nil),
            since: since, acknowledgedAt: incident.acknowledgement?.at, claimedAt: time(.claimed, before?.claimedAt), enRouteAt: time(.enRoute, before?.enRouteAt),
            onSceneAt: time(.onScene, before?.onSceneAt), clearedAt: phase == .cleared ? since : nil,
            disposition: incident.disposition, mergedInto: incident.mergedInto, escalated: incident.escalation.rung, drill: incident.drill)
    }

    /// Whether ``init(_:after:)`` of the incident after this would say just this. Inlined, so that the incident is read where it lies.
    @inline(__always)
    func isTrue(of incident: borrowing Incident) -> Bool {
        func holds(_ time: Timestamp?, _ of: Phase) -> Bool { phase == of ? time == since : phase.rawValue > of.rawValue || time == nil }
        return phase == incident.phase && level == incident.urgency.level && since == incident.phaseSince
            && acknowledgedAt == incident.acknowledgement?.at && escalated == incident.escalation.rung
            && disposition == incident.disposition && mergedInto == incident.mergedInto && drill == incident.drill
            && holds(claimedAt, .claimed) && holds(enRouteAt, .enRoute) && holds(onSceneAt, .onScene)
            && clearedAt == (phase == .cleared ? since : nil) && unit == (incident.holder ?? (phase == .cleared ? unit : nil))
    }

    /// Whether it says no more than the receipts of its tips did.
    public var isFresh: Bool { phase == .open && acknowledgedAt == nil && escalated == nil }
}

/// What a post is told of one incident.
public struct ProgressItem: Hashable, Sendable {
    public var incident: IncidentID
    /// Of this post, oldest first.
    public var tips: [TipID]
    /// Of the change.
    public var sequence: SequenceNumber
    public var progress: IncidentProgress
    /// The unit's name, for people; "" for none.
    public var unitName: String

    public init(
        incident: IncidentID, tips: [TipID], sequence: SequenceNumber, progress: IncidentProgress, unitName: String = ""
    ) {
        self.incident = incident
        self.tips = tips
        self.sequence = sequence
        self.progress = progress
        self.unitName = unitName
    }
}

/// All that changed for a post after one record, up to another.
public struct PostProgress: Hashable, Sendable {
    /// By sequence.
    public var items: [ProgressItem]
    public var after: SequenceNumber
    public var through: SequenceNumber

    public init(items: [ProgressItem], after: SequenceNumber, through: SequenceNumber) {
        self.items = items
        self.after = after
        self.through = through
    }
}

public import TipModel

// The model's values as reports.

extension ReasonReport {
    public init(_ reason: Reason) { self.init(code: reason.code, points: reason.points, detail: reason.detail) }
}

extension PositionReport {
    public init(_ position: Position) {
        self.init(
            latitude: position.latitude, longitude: position.longitude,
            accuracyM: position.accuracy > 0 ? position.accuracy : nil)
    }

    /// Nil where it is no place on earth.
    public var position: Position? {
        guard abs(latitude) <= 90, abs(longitude) <= 180 else { return nil }
        return Position(latitude: latitude, longitude: longitude, accuracy: accuracyM ?? 0)
    }
}

extension UrgencyReport {
    public init(_ urgency: Urgency) {
        self.init(level: urgency.level.name, score: urgency.score, reasons: urgency.reasons.map { ReasonReport($0) })
    }
}

extension IncidentReport {
    public init(_ incident: Incident) {
        self.init(
            id: incident.id.rawValue, version: incident.version, zone: incident.zone.rawValue,
            category: incident.category, level: incident.urgency.level.name, score: incident.urgency.score,
            reasons: incident.urgency.reasons.map { ReasonReport($0) }, phase: incident.phase.name,
            holder: incident.holder?.rawValue, phaseSinceMs: incident.phaseSince.milliseconds,
            openedAtMs: incident.openedAt.milliseconds, lastTipAtMs: incident.lastTipAt.milliseconds,
            position: incident.position.map { PositionReport($0) }, place: incident.place, headline: incident.headline,
            tips: incident.tipCount, posts: incident.posts.map(\.rawValue), drill: incident.drill,
            disposition: incident.disposition?.name, mergedInto: incident.mergedInto?.rawValue,
            follows: incident.follows?.rawValue, suggestion: incident.suggestion?.rawValue,
            apart: incident.apart.map(\.rawValue),
            regrade: incident.regrade.map { regrade in
                RegradeReport(
                    level: regrade.level.name, reason: regrade.reason, by: regrade.by, atMs: regrade.at.milliseconds,
                    overruled: regrade.isOverruled, computedLevel: incident.computedUrgency.level.name)
            })
        crew = incident.crew.map {
            AssignmentReport(
                unit: $0.unit.rawValue, phase: $0.phase.name, sinceMs: $0.since.milliseconds, by: OperatorReport($0.by))
        }
        acknowledgement = incident.acknowledgement.map {
            AcknowledgementReport(by: OperatorReport($0.by), atMs: $0.at.milliseconds)
        }
        escalation = EscalationReport(
            sinceMs: incident.escalation.since.milliseconds, rung: incident.escalation.rung?.name,
            toldAtMs: incident.escalation.toldAt?.milliseconds, reminders: incident.escalation.reminders,
            restUntilMs: incident.escalation.restUntil?.milliseconds)
        grants = incident.grants.map { GrantReport(unit: $0.unit.rawValue, untilMs: $0.until.milliseconds) }
    }
}

extension OperatorReport {
    public init(_ by: Operator) { self.init(role: by.role.name, name: by.name) }
}

internal import Administration
internal import Settings
internal import TipModel

/// Tells incidents with what follows from the rules and the clock: CAP values, waiting time, distance to the next level.
struct Assessor: Sendable {
    let rules: UrgencyRules
    let now: Timestamp

    func report(_ incident: Incident, _ state: StationState) -> IncidentReport {
        var report = WatchpostDaemon.report(incident, state)
        let values = AlertValues(incident.urgency)
        report.cap = CAPReport(
            urgency: values.urgency.rawValue, severity: values.severity.rawValue, certainty: values.certainty.rawValue)
        let age = IncidentAge(
            level: incident.urgency.level, phase: incident.phase, openedAt: incident.openedAt,
            phaseSince: incident.phaseSince, now: now, rules: rules.waiting)
        let next = rules.next(above: incident.urgency)
        report.standing = StandingReport(
            waitingMs: age?.waitingMilliseconds, claimWithinMs: age?.limitMilliseconds, overdue: age?.isOverdue ?? false,
            nextLevel: next?.level.name, pointsToNext: next?.points)
        return report
    }
}

/// The order of lists: by level, then score; among equals what waits comes first, the longest first.
func isBefore(_ left: Incident, _ right: Incident) -> Bool {
    let (a, b) = (left.urgency, right.urgency)
    if a.level != b.level { return a.level > b.level }
    if a.score != b.score { return a.score > b.score }
    if (left.phase == .open) != (right.phase == .open) { return left.phase == .open }
    return (left.phaseSince, left.id) < (right.phaseSince, right.id)
}

extension StationView {
    var assessor: Assessor { Assessor(rules: live.settings.triage.urgency, now: time.now()) }
}

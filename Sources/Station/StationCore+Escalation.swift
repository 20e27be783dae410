internal import DispatchDesk
internal import Journal
internal import TipModel

// Who is told that nobody comes. The plan says what is due next for an incident, an index beside the state says which
// incident is due first; both follow from the fold, so a restart in the middle of a ladder goes on where it was.
extension StationCore {
    /// Notices in one group: after a long stop many are late at once, and tips must not wait for all of them.
    static let noticesBound = 256

    /// Whether a ``StationCommand/escalate`` would find something to do.
    var isEscalationDue: Bool { !isPaused && due.next.map { $0 <= time.now() } ?? false }

    /// Milliseconds until that may be so; nil where nothing is planned, or nothing can be stored now.
    var escalationDelay: Int64? { isPaused ? nil : due.next.map { max(0, $0.milliseconds(since: time.now())) } }

    mutating func escalate(now: Timestamp) {
        var left = Self.noticesBound
        while left > 0, let id = due.pop(now: now) {
            left -= 1
            guard let incident = state.incidents[id], let notice = plan.next(for: incident, now: now) else { continue }
            // It was put off since: by quiet hours, or by rules that were read anew.
            guard notice.at <= now else {
                due.set(id, notice.at)
                continue
            }
            notify(notice, incident, now: now)
        }
    }

    private mutating func notify(_ notice: EscalationPlan.Notice, _ incident: Incident, now: Timestamp) {
        let units = state.enrolments.values.lazy.compactMap { enrolment -> PatrolUnit? in
            guard !enrolment.isRevoked, case .unit(let unit) = enrolment.subject else { return nil }
            return unit
        }
        let event = plan.event(notice, for: incident, now: now, units: units)
        counters.escalations += 1
        _ = record(.incidentEscalated(event), about: incident.id, now: now) { told in
            told.kind = .escalated
            told.rung = event.rung
            told.reminder = event.reminder
            told.reasons = [event.reason]
            told.unit = event.rung == .unitIdle ? incident.holder : nil
        }
        schedule(incident.id, now: now)
    }

    /// When an incident is to be looked at next.
    mutating func schedule(_ id: IncidentID, now: Timestamp) {
        due.set(id, state.incidents[id].flatMap { plan.next(for: $0, now: now) }?.at)
    }

    /// All of them: at the start, after new rules, and when a group was undone.
    mutating func scheduleAll() {
        let now = time.now()
        due = DueIndex()
        for incident in state.openIncidents { schedule(incident.id, now: now) }
    }
}

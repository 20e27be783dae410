public import TipModel

/// Who is to be told next that nobody comes, or that a unit does not get on, and when. Pure: it follows from the incident,
/// whose state of the ladder is folded from the journal, from the rules, and from the time.
///
///     unclaimed     ──▶ officer ──▶ desk ──▶ neighbours   reminders of the rung that was reached
///     claimed       ──▶ the unit ──▶ desk                 reminders
///     en route, on scene for too long ──▶ desk            once
public struct EscalationPlan: Sendable {
    /// What is due.
    public struct Notice: Hashable, Sendable {
        public var at: Timestamp
        public var rung: EscalationRung
        /// 0 where the rung is reached.
        public var reminder: UInt32
    }

    public let rules: DispatchRules

    public init(rules: DispatchRules) { self.rules = rules }

    /// - Parameter now: nothing is due before it, and what is late waits for the end of quiet hours that hold now.
    /// - Returns: nil where nobody will be told any more.
    public func next(for incident: Incident, now: Timestamp) -> Notice? {
        let level = incident.urgency.level
        guard incident.phase != .cleared, let ladder = rules.ladder(level, in: incident.zone) else { return nil }
        let earliest = max(now, incident.escalation.restUntil ?? now)
        guard var notice = due(incident, ladder, earliest) else { return nil }
        if level < .emergency, ladder.isHeldInQuietHours, let end = rules.quietHours?.end(at: notice.at) { notice.at = end }
        return notice
    }

    /// By the ladder alone, but not before `earliest`.
    private func due(_ incident: Incident, _ ladder: DispatchRules.Ladder, _ earliest: Timestamp) -> Notice? {
        let state = incident.escalation
        let rungs = Self.rungs(incident.phase, ladder)
        let next = rungs.first { step in state.rung.map { step.rung > $0 } ?? true }
            .map { Notice(at: max(earliest, state.since.advanced(byMilliseconds: $0.after)), rung: $0.rung, reminder: 0) }
        guard let reminder = reminder(incident, ladder, earliest) else { return next }
        // A rung goes before a reminder of the one below it.
        return next.map { $0.at <= reminder.at ? $0 : reminder } ?? reminder
    }

    private func reminder(_ incident: Incident, _ ladder: DispatchRules.Ladder, _ earliest: Timestamp) -> Notice? {
        let state = incident.escalation
        guard incident.phase == .open || incident.phase == .claimed, let every = ladder.remindEvery,
            let rung = state.rung, let toldAt = state.toldAt
        else { return nil }
        // An acknowledgement that nothing came of is worth one reminder more, however many there were.
        let isForgotten = state.restUntil.map { toldAt < $0 } ?? false
        guard state.reminders < ladder.remindersAtMost || isForgotten else { return nil }
        return Notice(at: max(earliest, toldAt.advanced(byMilliseconds: every)), rung: rung, reminder: state.reminders + 1)
    }

    /// The rungs of a phase, in their order. One that is never reached is left out.
    private static func rungs(_ phase: Phase, _ ladder: DispatchRules.Ladder) -> [(rung: EscalationRung, after: Int64)] {
        let all: [(EscalationRung, Int64?)] =
            switch phase {
            case .open:
                [(.officer, ladder.officerAfter), (.desk, ladder.deskAfter), (.neighbours, ladder.neighboursAfter)]
            case .claimed: [(.unitIdle, ladder.unitIdleAfter), (.unitIdleDesk, ladder.unitIdleDeskAfter)]
            case .enRoute: [(.enRouteLong, ladder.enRouteLongAfter)]
            case .onScene: [(.onSceneLong, ladder.onSceneLongAfter)]
            case .cleared: []
            }
        return all.compactMap { rung, after in after.map { (rung, $0) } }
    }

    /// What happens when a notice is due.
    /// - Parameter units: enrolled ones.
    public func event(
        _ notice: Notice, for incident: Incident, now: Timestamp, units: some Sequence<PatrolUnit>
    ) -> IncidentEscalated {
        var event = IncidentEscalated(
            incident: incident.id, rung: notice.rung, reminder: notice.reminder,
            reason: Reason(
                code: "escalation." + (incident.phase == .open ? "unclaimed" : incident.phase.name), points: 0,
                detail: "\(max(0, now.milliseconds(since: incident.escalation.since)) / 1_000) s"))
        guard notice.rung == .neighbours, notice.reminder == 0,
            let ladder = rules.ladder(incident.urgency.level, in: incident.zone)
        else { return event }
        let near = Set(rules.neighbours[incident.zone] ?? [])
        let granted = units.filter { !$0.zones.contains(incident.zone) && !near.isDisjoint(with: $0.zones) }.map(\.id).sorted()
        event.granted = Array(granted.prefix(Incident.Limits.grants))
        event.until = now.advanced(byMilliseconds: ladder.grantFor)
        return event
    }
}

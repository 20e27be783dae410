/// How long an incident has waited to be claimed. Kept apart from how grave it is: waiting makes nothing worse, but
/// somebody must see that nobody came.
public struct IncidentAge: Hashable, Sendable {
    /// Milliseconds since it was opened or given back, never negative.
    public var waitingMilliseconds: Int64
    /// What its level allows; nil where nothing is configured.
    public var limitMilliseconds: Int64?

    public var isOverdue: Bool { limitMilliseconds.map { waitingMilliseconds > $0 } ?? false }

    /// Nil unless the incident waits for a unit. A unit that gives it back starts the wait anew.
    public init?(level: UrgencyLevel, phase: Phase, openedAt: Timestamp, phaseSince: Timestamp, now: Timestamp, rules: WaitingRules) {
        guard phase == .open else { return nil }
        waitingMilliseconds = max(0, now.milliseconds(since: max(openedAt, phaseSince)))
        limitMilliseconds = rules.claimWithin[level]
    }
}

public import TipModel

/// What the next shift must know: what is open and who has it, what was cleared, what had to be escalated, and which posts
/// are silent. From the shift's records, in their order, and the state at its end; drills count in nothing.
public struct ShiftFold: Sendable {
    /// Cleared incidents that are named; further ones are counted.
    public static let namedBound = 1_000

    public let from: Timestamp
    public let until: Timestamp
    private var summary = ShiftSummary()
    /// Of incidents that were opened in the shift, and were drills.
    private var drills: Set<IncidentID> = []

    public init(from: Timestamp, until: Timestamp) {
        self.from = from
        self.until = until
    }

    /// Takes a record; one from outside the shift changes nothing.
    public mutating func apply(_ record: Record) {
        guard record.at >= from, record.at < until else { return }
        var accepted: TipAccepted?
        for event in record.events {
            switch event {
            case .tipAccepted(let tip):
                accepted = tip
                if !tip.tip.drill { summary.tips += 1 }
            case .incidentOpened(let opened):
                if accepted?.tip.drill == true {
                    if drills.count < Self.namedBound { drills.insert(opened.incident) }
                } else {
                    summary.opened += 1
                }
            case .phaseChanged(let change): move(change, at: record.at)
            case .incidentMerged(let merge): clear(merge.absorbed, .duplicate, at: record.at)
            case .incidentEscalated(let step):
                guard !drills.contains(step.incident) else { continue }
                if step.reminder > 0 { summary.reminders += 1 } else { summary.escalations[step.rung, default: 0] += 1 }
            default: continue
            }
        }
    }

    private mutating func move(_ change: PhaseChanged, at time: Timestamp) {
        if change.phase == .cleared, let disposition = change.disposition { clear(change.incident, disposition, at: time) }
        if change.action == .reopen {
            // It counts as open again, however it was cleared before.
            guard let index = summary.cleared.lastIndex(where: { $0.incident == change.incident }) else { return }
            let again = summary.cleared.remove(at: index)
            let left = (summary.dispositions[again.disposition] ?? 1) - 1
            summary.dispositions[again.disposition] = left > 0 ? left : nil
        }
    }

    private mutating func clear(_ id: IncidentID, _ disposition: Disposition, at time: Timestamp) {
        guard !drills.contains(id) else { return }
        summary.dispositions[disposition, default: 0] += 1
        guard summary.cleared.count < Self.namedBound else { return }
        summary.cleared.append(ShiftSummary.Cleared(incident: id, disposition: disposition, at: time))
    }

    /// - Parameter state: as it is at the end of the shift, or now.
    public func summary(_ state: StationState) -> ShiftSummary {
        var summary = summary
        // One that the state still knows to be a drill was opened before the shift.
        for cleared in summary.cleared where state.incidents[cleared.incident]?.drill == true {
            let left = (summary.dispositions[cleared.disposition] ?? 1) - 1
            summary.dispositions[cleared.disposition] = left > 0 ? left : nil
        }
        summary.cleared.removeAll { state.incidents[$0.incident]?.drill == true }
        for incident in state.openIncidents where !incident.drill {
            let level = incident.urgency.level
            summary.open[level, default: 0] += 1
            if incident.phase == .open { summary.unclaimed[level, default: 0] += 1 }
            if incident.phase == .open, incident.acknowledgement == nil { summary.unseen += 1 }
            if incident.phase == .open {
                summary.oldestUnclaimed = min(summary.oldestUnclaimed ?? incident.openedAt, incident.openedAt)
            }
        }
        for (unit, ids) in state.assignments {
            summary.units[unit] = ids.sorted().compactMap { id in
                guard let incident = state.incidents[id], !incident.drill else { return nil }
                return incident.assignment(of: unit).map { ShiftSummary.Held(incident: id, phase: $0.phase, since: $0.since) }
            }
        }
        summary.units = summary.units.filter { !$0.value.isEmpty }
        for (post, ledger) in state.ledgers {
            guard let since = ledger.silentSince, state.enrolments[.post(post)]?.isRevoked == false else { continue }
            summary.silentPosts[post] = since
        }
        return summary
    }
}

/// See ``ShiftFold``.
public struct ShiftSummary: Hashable, Sendable {
    public struct Cleared: Hashable, Sendable {
        public var incident: IncidentID
        public var disposition: Disposition
        public var at: Timestamp
    }

    public struct Held: Hashable, Sendable {
        public var incident: IncidentID
        public var phase: Phase
        public var since: Timestamp
    }

    /// Open incidents at the end, those of them that nobody has, and how many nobody has even seen.
    public var open: [UrgencyLevel: UInt64] = [:]
    public var unclaimed: [UrgencyLevel: UInt64] = [:]
    public var unseen: UInt64 = 0
    /// When the one was opened that has waited longest.
    public var oldestUnclaimed: Timestamp?
    /// Who has what, in the order of the incidents' numbers.
    public var units: [UnitID: [Held]] = [:]
    /// Of the shift.
    public var tips: UInt64 = 0
    public var opened: UInt64 = 0
    public var dispositions: [Disposition: UInt64] = [:]
    /// In the order in which they were cleared, at most ``ShiftFold/namedBound``.
    public var cleared: [Cleared] = []
    /// Rungs that were reached.
    public var escalations: [EscalationRung: UInt64] = [:]
    public var reminders: UInt64 = 0
    /// Posts that do not speak now, and since when.
    public var silentPosts: [PostID: Timestamp] = [:]

    public init() {}
}

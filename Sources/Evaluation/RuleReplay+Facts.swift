internal import TipModel
internal import Triage

// What units and the desk did, put on the replayed incidents that it concerns.
extension RuleReplay {
    /// A unit's step goes to the replayed incident with the recorded one's first tip. A clear ends all that have tips of it,
    /// but none that also has tips of one that is still open: somebody is at work there.
    mutating func step(_ change: PhaseChanged, _ events: inout [Event], _ touched: inout [IncidentID]) {
        let homes: [IncidentID] =
            change.phase == .cleared
            ? links.homes(of: change.incident).filter { isOver(sourcesOf: $0) }.sorted()
            : links.home(of: change.incident).map { [$0] } ?? []
        for home in homes where isOpen(home) || change.action == .reopen && canReopen(home) {
            var change = change
            change.incident = home
            events.append(.phaseChanged(change))
            touched.append(home)
        }
        note(recorded: change.incident)
    }

    func isOpen(_ replayed: IncidentID) -> Bool {
        self.replayed.incidents[replayed].map { $0.phase != .cleared } ?? false
    }

    private func canReopen(_ replayed: IncidentID) -> Bool {
        self.replayed.incidents[replayed].map { $0.phase == .cleared && $0.mergedInto == nil } ?? false
    }

    private func isOver(sourcesOf replayed: IncidentID) -> Bool {
        links.sources(of: replayed).allSatisfy { recorded.incidents[$0].map { $0.phase == .cleared } ?? true }
    }

    /// The first record of a merge closes the one; the second tells what the other is then.
    mutating func begin(_ merge: IncidentMerged, _ events: inout [Event], _ touched: inout [IncidentID]) {
        pending = nil
        let (absorbed, survivor) = (links.home(of: merge.absorbed), links.home(of: merge.survivor))
        links.moveRecorded(links.recorded[merge.absorbed] ?? [], to: merge.survivor)
        tally.forget(recorded: merge.absorbed)
        note(recorded: merge.survivor)
        tally.report.desk.merges += 1
        guard absorbed != survivor else {
            tally.report.desk.mergesNeedless += 1
            return
        }
        guard let absorbed, let survivor, let one = replayed.incidents[survivor], let other = replayed.incidents[absorbed],
            one.mergedInto == nil, other.mergedInto == nil
        else { return }
        events.append(
            .incidentMerged(IncidentMerged(absorbed: absorbed, survivor: survivor, reason: merge.reason, by: merge.by)))
        touched.append(absorbed)
        pending = .merge(survivor: one, absorbed: other)
    }

    mutating func restate(
        _ restated: IncidentRestated, _ record: Record, _ events: inout [Event], _ touched: inout [IncidentID]
    ) {
        defer { note(recorded: restated.incident.id) }
        func told(_ incident: Incident, other: IncidentID, moved: [TipKey]) -> Event {
            .incidentRestated(
                IncidentRestated(
                    incident: incident, cause: restated.cause, other: other, moved: moved, reason: restated.reason,
                    by: restated.by))
        }
        switch pending.take() {
        case .merge(let survivor, let absorbed)? where restated.cause == .merge:
            let urgency = engine.scorer.merged(survivor, absorbed)
            let merged = survivor.absorbing(absorbed, computed: urgency, at: record.at, sequence: record.sequence)
            events.append(told(merged, other: absorbed.id, moved: []))
            touched.append(survivor.id)
            links.moveReplayed(links.replayed[absorbed.id] ?? [], to: survivor.id)
            tally.forget(replayed: absorbed.id, for: survivor.id)
        case .split(let new, let source, let moved)? where restated.isNew:
            events.append(told(new, other: source, moved: moved))
            touched.append(new.id)
        default:
            if restated.cause != .merge, !restated.isNew { split(restated, record, told, &events, &touched) }
        }
    }

    /// The tips that the desk split off leave every replayed incident that also has tips which stayed, into one new incident.
    private mutating func split(
        _ restated: IncidentRestated, _ record: Record, _ told: (Incident, IncidentID, [TipKey]) -> Event,
        _ events: inout [Event], _ touched: inout [IncidentID]
    ) {
        let source = restated.incident.id
        let moved = links.sequences(of: restated.moved)
        links.moveRecorded(moved, to: restated.other)
        tally.report.desk.splits += 1
        let stayed = links.homes(of: source)
        let torn = Set(moved.compactMap { links.tips[$0]?.replayed }).intersection(stayed).sorted()
            .compactMap { replayed.incidents[$0] }.filter { $0.mergedInto == nil }
        guard !torn.isEmpty else {
            tally.report.desk.splitsNeedless += 1
            return
        }
        let scorer = engine.scorer
        let combine = { (current: Urgency, tip: Urgency, witnesses: Int) in
            scorer.combine(current: current, tip: tip, witnesses: witnesses)
        }
        let id = IncidentID(replayed.nextIncident)
        let leaving = moved.filter { sequence in torn.contains { $0.id == links.tips[sequence]?.replayed } }
        let named = Set(leaving)
        let members = links.members(leaving)
        guard
            var new = Incident.split(
                off: id, members: members, at: record.at, sequence: record.sequence + 1, combine: combine)
        else { return }
        for one in torn {
            let staying = (links.replayed[one.id] ?? []).filter { !named.contains($0) }
            var left = one.restated(from: links.members(staying), sequence: record.sequence, combine: combine)
            left.setApart(from: id)
            for other in one.apart + [one.id] { new.setApart(from: other) }
            let gone = links.members((links.replayed[one.id] ?? []).filter(named.contains)).map(\.key)
            events.append(told(left, id, gone))
            touched.append(one.id)
        }
        links.moveReplayed(leaving, to: id)
        tally.label(id, recorded: restated.other)
        pending = .split(new, from: torn[0].id, moved: members.map(\.key))
    }

    mutating func regrade(_ change: IncidentRegraded, _ events: inout [Event], _ touched: inout [IncidentID]) {
        note(recorded: change.incident)
        guard let home = links.home(of: change.incident), isOpen(home) else { return }
        var change = change
        change.incident = home
        events.append(.incidentRegraded(change))
        touched.append(home)
    }

    /// Ends incidents that only the new rules open, of tips whose recorded incident was over: nobody's clear will come for them.
    /// They end when nothing could join them any more, and take nothing after that.
    mutating func endOrphans(at now: Timestamp) {
        let orphans = links.replayed.keys.sorted().filter { id in
            guard let incident = replayed.incidents[id], incident.phase != .cleared else { return false }
            return now.milliseconds(since: incident.lastTipAt) > rules.correlation.windowMilliseconds && isOver(sourcesOf: id)
        }
        guard !orphans.isEmpty else { return }
        let nobody = UnitID(unchecked: "nobody")
        replayed.apply(
            Record(
                sequence: replayed.sequence, at: now,
                events: orphans.map { .phaseChanged(PhaseChanged(incident: $0, unit: nobody, phase: .cleared)) }))
        for id in orphans { index.remove(id) }
        let known = replayed.incidents
        index.forgetCleared { known[$0] != nil }
    }
}

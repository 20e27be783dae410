// What the desk does to an incident as a whole. Pure: the core decides what comes of it, the journal keeps that.

extension Incident {
    /// Sets what the tips make of it; under a regrade the effective urgency follows from both.
    public mutating func setUrgency(_ computed: Urgency) {
        guard let regrade else {
            self.computed = nil
            urgency = computed
            return
        }
        self.computed = computed
        urgency = regrade.effective(on: computed)
    }

    mutating func regrade(_ change: IncidentRegraded, at time: Timestamp, sequence: SequenceNumber) {
        version &+= 1
        lastSequence = sequence
        let (computed, before) = (computedUrgency, urgency.level)
        regrade = change.level.map {
            Regrade(level: $0, reason: change.reason, by: change.by, at: time, sequence: sequence)
        }
        setUrgency(computed)
        restartLadder(from: before, at: time)
    }

    /// Closes it as a part of another one. Who had it stays on record.
    mutating func close(_ merge: IncidentMerged, at time: Timestamp, sequence: SequenceNumber) {
        version &+= 1
        lastSequence = sequence
        phase = .cleared
        phaseSince = time
        disposition = .duplicate
        mergedInto = merge.survivor
        suggestion = nil
        escalation = Escalation(since: time)
    }

    /// This one with `other` taken in: its tips, and its unit where it has none of its own. Its zone stays.
    /// - Parameter computed: what the tips of both make of it.
    public func absorbing(_ other: Incident, computed: Urgency, at time: Timestamp, sequence: SequenceNumber) -> Incident {
        var one = self
        one.version &+= 1
        one.lastSequence = sequence
        one.openedAt = min(openedAt, other.openedAt)
        one.lastTipAt = max(lastTipAt, other.lastTipAt)
        let (sum, overflow) = tipCount.addingReportingOverflow(other.tipCount)
        one.tipCount = overflow ? .max : sum
        one.posts = Self.union(posts, other.posts, bound: Limits.posts)
        one.witnesses = Self.union(witnesses, other.witnesses, bound: Limits.witnesses)
        // The first and the newest, as always.
        let all = (evidence + other.evidence).enumerated()
            .sorted { ($0.element.observedAt, $0.offset) < ($1.element.observedAt, $1.offset) }.map(\.element)
        one.evidence = all.count <= Limits.evidence ? all : [all[0]] + all.suffix(Limits.evidence - 1)
        if (other.leadLevel, other.leadScore) > (leadLevel, leadScore) {
            (one.leadLevel, one.leadScore) = (other.leadLevel, other.leadScore)
            (one.category, one.headline) = (other.category, other.headline)
        }
        if place.isEmpty { one.place = other.place }
        one.position = position ?? other.position
        // Whose ladder goes on, and for which level it was climbed.
        var climbed = urgency.level
        if phase == .open {
            (one.phase, one.crew, one.phaseSince, one.escalation) = (other.phase, other.crew, other.phaseSince, other.escalation)
            climbed = other.urgency.level
            if other.phase == .open {
                one.phaseSince = min(phaseSince, other.phaseSince)
                // That of the graver one, and among equals that of the one which has waited longer.
                let own = urgency.level == other.urgency.level
                    ? escalation.since <= other.escalation.since : urgency.level > other.urgency.level
                if own { (one.escalation, climbed) = (escalation, urgency.level) }
            }
        }
        one.acknowledgement = [acknowledgement, other.acknowledgement].compactMap(\.self).min { $0.at < $1.at }
        one.grants = Self.union(grants, other.grants, bound: Limits.grants)
        one.follows = follows ?? (other.follows == id ? nil : other.follows)
        one.suggestion = [suggestion, other.suggestion].compactMap(\.self).first { $0 != id && $0 != other.id }
        one.apart = Array(
            Self.union(other.apart, apart, bound: .max).filter { $0 != id && $0 != other.id }.suffix(Limits.apart))
        // The level never falls by a merge. A regrade of either stands where it is no lower than both were.
        let level = max(urgency.level, other.urgency.level)
        one.regrade = [regrade, other.regrade].compactMap(\.self).first { $0.effective(on: computed).level >= level }
        one.setUrgency(computed)
        // What was said of a lesser one is no rest for a graver one.
        one.restartLadder(from: climbed, at: time)
        return one
    }

    private static func union<Element: Equatable>(_ first: [Element], _ second: [Element], bound: Int) -> [Element] {
        var all = first
        for element in second where all.count < bound && !all.contains(element) { all.append(element) }
        return all
    }

    /// Made anew from the tips that are left to it. What units and the desk did to it stays.
    /// - Parameters:
    ///   - members: at least one, in the order of their records.
    ///   - combine: the computed urgency of an incident, a further tip's and the count of witnesses, that tip's included.
    public func restated(
        from members: [MemberTip], sequence: SequenceNumber, combine: (Urgency, Urgency, Int) -> Urgency
    ) -> Incident {
        guard let first = members.first else { return self }
        var one = Incident(
            opening: first, id: id, zone: zone, phaseSince: phaseSince, sequence: sequence)
        for member in members.dropFirst() {
            one.attach(member.accepted, urgency: member.urgency, sequence: sequence)
            one.setUrgency(combine(one.urgency, member.urgency, one.witnesses.count))
        }
        one.version = version &+ 1
        (one.phase, one.crew, one.disposition) = (phase, crew, disposition)
        (one.acknowledgement, one.escalation, one.grants) = (acknowledgement, escalation, grants)
        (one.mergedInto, one.follows, one.suggestion, one.apart) = (mergedInto, follows, suggestion, apart)
        let computed = one.urgency
        one.regrade = regrade
        if let sequence = regrade?.sequence {
            // What overruled it may have left.
            one.regrade?.isOverruled = members.contains { $0.urgency.level == .emergency && $0.sequence > sequence }
        }
        one.setUrgency(computed)
        return one
    }

    /// As it is when its first tip opens it. Where correlation opened it or a split did makes no difference.
    init(opening member: MemberTip, id: IncidentID, zone: ZoneID, phaseSince: Timestamp, sequence: SequenceNumber) {
        let (accepted, tip) = (member.accepted, member.accepted.tip)
        self.init(
            id: id, zone: zone, category: tip.category, drill: tip.drill, openedAt: member.at,
            lastTipAt: accepted.receivedAt, position: accepted.position, place: tip.place,
            headline: clipped(tip.text, bytes: Self.headlineBytes), urgency: member.urgency, posts: [accepted.post],
            witnesses: [accepted.witness], evidence: [Evidence(accepted)],
            phaseSince: phaseSince, lastSequence: sequence)
    }

    /// One that a split opens: nobody's yet, and as old as its first tip.
    public static func split(
        off id: IncidentID, members: [MemberTip], at time: Timestamp, sequence: SequenceNumber,
        combine: (Urgency, Urgency, Int) -> Urgency
    ) -> Incident? {
        guard let first = members.first else { return nil }
        var one = Incident(
            opening: first, id: id, zone: first.accepted.zone, phaseSince: time, sequence: sequence
        ).restated(from: members, sequence: sequence, combine: combine)
        one.version = 1
        return one
    }

    /// Notes that the desk took it apart from `other`.
    public mutating func setApart(from other: IncidentID) {
        apart = Array((apart.filter { $0 != other } + [other]).suffix(Limits.apart))
        if suggestion == other { suggestion = nil }
    }
}

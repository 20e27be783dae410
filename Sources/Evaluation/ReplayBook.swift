internal import TipModel

/// What a replay has seen so far: counts, what incidents look like, and the changes that are listed.
struct ReplayBook {
    /// What is told of an incident, after its state has forgotten it.
    struct Face {
        var zone: ZoneID
        var category: String
        var headline: String
        var drill: Bool
        var openedAt: Timestamp
        var urgency: Urgency
        /// It was in the alert lane at some time.
        var isAlerted: Bool
    }

    private enum Label {
        case recorded(IncidentID)
        /// The n-th that only the new rules open.
        case new(UInt64)

        var text: String {
            switch self {
            case .recorded(let id): "\(id)"
            case .new(let number): "+\(number)"
            }
        }
    }

    typealias Outcome = (verdict: Verdict, isSuggested: Bool, isAlert: Bool)

    var report = RuleReplayReport()
    var limit = 200
    var recordedFaces: [IncidentID: Face] = [:]
    var replayedFaces: [IncidentID: Face] = [:]
    /// What replayed incidents are called: by the recorded one that the same tip opened.
    private var labels: [IncidentID: Label] = [:]
    private var newIncidents: UInt64 = 0
    /// For a replayed incident the new correlation of the first tip that the journal has elsewhere.
    private var why: [IncidentID: [Reason]] = [:]
    /// Tips that only one history alerts; true where that is the new one.
    private var alertTips: [SequenceNumber: Bool] = [:]
    private var firstDecided: SequenceNumber?
    private var units: [ZoneID: [UnitID]] = [:]
    private var alerts: [ZoneID: [UnitID?: ReplayAlerts]] = [:]
    /// By importance, most first; each list at most ``limit`` long.
    private(set) var listed: [[ReplayChange]] = [[], [], [], []]
    private var changed: UInt64 = 0

    // MARK: While it runs

    mutating func note(_ incident: Incident, _ isAlarm: Bool, in faces: WritableKeyPath<ReplayBook, [IncidentID: Face]>) {
        let wasAlerted = self[keyPath: faces][incident.id]?.isAlerted ?? false
        self[keyPath: faces][incident.id] = Face(
            zone: incident.zone, category: incident.category, headline: incident.headline, drill: incident.drill,
            openedAt: incident.openedAt, urgency: incident.urgency,
            isAlerted: wasAlerted || isAlarm || incident.urgency.level >= .urgent)
    }

    mutating func forget(recorded id: IncidentID) { recordedFaces[id] = nil }

    mutating func forget(replayed id: IncidentID, for survivor: IncidentID? = nil) {
        let reasons = why.removeValue(forKey: id)
        if let survivor, let reasons, why[survivor] == nil { why[survivor] = reasons }
        replayedFaces[id] = nil
        labels[id] = nil
    }

    /// - Parameter recorded: the incident that the same tip or split opened in the journal.
    mutating func label(_ id: IncidentID, recorded: IncidentID?) {
        if let recorded {
            labels[id] = .recorded(recorded)
        } else {
            newIncidents += 1
            labels[id] = .new(newIncidents)
        }
    }

    mutating func explain(_ id: IncidentID, _ reasons: [Reason]) {
        guard why[id] == nil else { return }
        why[id] = reasons.map { reason in
            // Numbers of the replayed history mean nothing to a reader of the recorded one.
            guard reason.detail.first == "#" else { return reason }
            let digits = reason.detail.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard let number = UInt64(digits), let label = labels[IncidentID(number)] else { return reason }
            return Reason(
                code: reason.code, points: reason.points, detail: label.text + reason.detail.dropFirst(digits.count + 1))
        }
    }

    mutating func noteAlert(_ sequence: SequenceNumber, isGained: Bool) { alertTips[sequence] = isGained }

    mutating func noteEnrolments(in record: Record, _ state: StationState) {
        let changes = record.events.contains { event in
            switch event {
            case .unitEnrolled, .revoked: true
            default: false
            }
        }
        guard changes else { return }
        units = [:]
        for case .unit(let unit) in state.enrolments.values.filter({ !$0.isRevoked }).map(\.subject) {
            for zone in unit.zones { units[zone, default: []].append(unit.id) }
        }
    }

    /// - Parameter replayed: nil where the new rules refuse it.
    mutating func count(
        _ accepted: TipAccepted, at record: Record, recorded: Outcome, replayed: Outcome?, isElsewhere: Bool
    ) {
        firstDecided = firstDecided ?? record.sequence
        report.firstAtMs = report.firstAtMs ?? record.at.milliseconds
        report.lastAtMs = record.at.milliseconds
        let tally: WritableKeyPath<RuleReplayReport, ReplayTally> = accepted.tip.drill ? \.drills : \.real
        report[keyPath: tally].count(recorded, replayed, isElsewhere)
        let (was, would) = (recorded.isAlert, replayed?.isAlert ?? false)
        guard was || would, !accepted.tip.drill else { return }
        let holders: [UnitID?] = units[accepted.zone].map { $0.map(Optional.some) } ?? [nil]
        for unit in holders {
            var row =
                alerts[accepted.zone]?[unit] ?? ReplayAlerts(zone: accepted.zone.rawValue, unit: unit?.rawValue)
            row.count.recorded += was ? 1 : 0
            row.count.replayed += would ? 1 : 0
            row.gained += would && !was ? 1 : 0
            row.lost += was && !would ? 1 : 0
            alerts[accepted.zone, default: [:]][unit] = row
        }
    }

    // MARK: At the end of a group

    /// Compares a group as it is now, and lets its faces go.
    mutating func close(_ group: ReplayLinks.Group, _ links: ReplayLinks) {
        if let firstDecided, let last = group.tips.last, last >= firstDecided { compare(group, links) }
        for id in group.recorded { forget(recorded: id) }
        for id in group.replayed { forget(replayed: id) }
        for sequence in group.tips { alertTips[sequence] = nil }
    }

    private mutating func compare(_ group: ReplayLinks.Group, _ links: ReplayLinks) {
        let old = group.recorded.compactMap { id in recordedFaces[id].map { (id: id, face: $0) } }
        let new = group.replayed.compactMap { id in replayedFaces[id].map { (id: id, face: $0) } }
        guard let first = old.first else { return }
        let tally: WritableKeyPath<RuleReplayReport, ReplayTally> = first.face.drill ? \.drills : \.real
        for (_, face) in old { report[keyPath: tally].levels[face.urgency.level.name, default: ReplayPair()].recorded += 1 }
        for (_, face) in new { report[keyPath: tally].levels[face.urgency.level.name, default: ReplayPair()].replayed += 1 }
        let (was, would) = (Self.highest(old.map(\.face)), Self.highest(new.map(\.face)))
        let refused = group.tips.contains { links.tips[$0]?.replayed == nil }
        let gained = UInt64(group.tips.count { alertTips[$0] == true })
        let lost = UInt64(group.tips.count { alertTips[$0] == false })
        let (wasAlerted, wouldBeAlerted) = (old.contains(where: \.face.isAlerted), new.contains(where: \.face.isAlerted))
        let alert: ReplayChange.Alert? = wasAlerted == wouldBeAlerted ? nil : wouldBeAlerted ? .gained : .lost
        let kind: ReplayChange.Kind
        switch (old.count, new.count) {
        case (1, 1) where !refused:
            if was?.level != would?.level {
                kind = .level
            } else if was != would || gained + lost > 0 || alert != nil {
                kind = .score
            } else {
                return
            }
        case (_, 0), (1, 1): kind = .refused
        case (_, 1): kind = .joined
        case (1, _): kind = .parted
        default: kind = .regrouped
        }
        report[keyPath: tally].changed[kind.rawValue, default: 0] += 1
        let isRaised = (would?.level ?? .routine) > (was?.level ?? .routine)
        let isLowered = (would?.level ?? .routine) < (was?.level ?? .routine)
        if isRaised { report[keyPath: tally].raised += 1 }
        if isLowered { report[keyPath: tally].lowered += 1 }
        if alert == .gained { report[keyPath: tally].alertGroupsGained += 1 }
        if alert == .lost { report[keyPath: tally].alertGroupsLost += 1 }
        changed += 1
        let rank = alert != nil || gained + lost > 0 ? 0 : isRaised || isLowered ? 1 : kind == .score ? 3 : 2
        guard listed[rank].count < limit else { return }
        listed[rank].append(
            ReplayChange(
                kind: kind, zone: first.face.zone.rawValue, category: first.face.category, drill: first.face.drill,
                headline: first.face.headline, openedAtMs: first.face.openedAt.milliseconds,
                recorded: old.map { Self.side("\($0.id)", $0.face, tips: links.recorded[$0.id]?.count ?? 0) },
                replayed: new.map {
                    Self.side(labels[$0.id]?.text ?? "\($0.id)", $0.face, tips: links.replayed[$0.id]?.count ?? 0)
                },
                alert: alert, alertsGained: gained, alertsLost: lost,
                reasonsLost: Self.lines(was, without: would), reasonsGained: Self.lines(would, without: was),
                why: (new.compactMap { why[$0.id] }.first ?? []).map(ReplayChange.Line.init)))
    }

    private static func highest(_ faces: [Face]) -> Urgency? {
        faces.map(\.urgency).max { ($0.level, $0.score) < ($1.level, $1.score) }
    }

    private static func side(_ name: String, _ face: Face, tips: Int) -> ReplayChange.Side {
        ReplayChange.Side(incident: name, level: face.urgency.level.name, score: face.urgency.score, tips: tips)
    }

    /// The terms of `one` that `other` does not have.
    private static func lines(_ one: Urgency?, without other: Urgency?) -> [ReplayChange.Line] {
        var rest = other?.reasons ?? []
        return (one?.reasons ?? []).filter { reason in
            guard let index = rest.firstIndex(of: reason) else { return true }
            rest.remove(at: index)
            return false
        }.map(ReplayChange.Line.init)
    }

    func finished() -> RuleReplayReport {
        var report = report
        report.alerts = alerts.values.flatMap(\.values).sorted { ($0.zone, $0.unit ?? "") < ($1.zone, $1.unit ?? "") }
        report.changes = Array(listed.joined().prefix(limit))
        report.changesNotListed = changed - UInt64(report.changes.count)
        return report
    }
}

extension ReplayTally {
    fileprivate mutating func count(_ recorded: ReplayBook.Outcome, _ replayed: ReplayBook.Outcome?, _ isElsewhere: Bool) {
        tips += 1
        if recorded.verdict == .new { opened.recorded += 1 } else { attached.recorded += 1 }
        if recorded.isSuggested { suggested.recorded += 1 }
        if recorded.isAlert { alerts.recorded += 1 }
        let isAlert = replayed?.isAlert ?? false
        if isAlert { alerts.replayed += 1 }
        if isAlert, !recorded.isAlert { alertsGained += 1 }
        if !isAlert, recorded.isAlert { alertsLost += 1 }
        guard let replayed else {
            refused += 1
            return
        }
        if replayed.verdict == .new { opened.replayed += 1 } else { attached.replayed += 1 }
        if replayed.isSuggested { suggested.replayed += 1 }
        switch (recorded.verdict, replayed.verdict) {
        case (.new, .new): break
        case (.new, _): wouldAttach += 1
        case (_, .new): wouldOpen += 1
        default: if isElsewhere { elsewhere += 1 }
        }
    }
}

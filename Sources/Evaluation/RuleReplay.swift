// New rules over an old journal. Two states are folded side by side: the recorded one, and one in which each tip is decided
// anew by the engine that the daemon decides with. What people did is a fact and is applied to both: a unit's step or a desk
// action about a recorded incident goes to the replayed incident that has its first tip. Under the rules that made
// the journal both states are the same, record for record.

public import TipModel
internal import Triage

/// A fold over records that tells what other rules would have made of them. Memory grows with the incidents that either
/// history still knows and with their tips, not with the journal.
public struct RuleReplay {
    public struct Settings: Sendable {
        /// Records before it are taken as they are; nil decides all anew.
        public var from: Timestamp?
        /// Ends at the first record at or after it.
        public var until: Timestamp?
        /// Changes that are listed; further ones are counted.
        public var limit = 200

        public init() {}
    }

    let rules: TriageRules
    let engine: TriageEngine
    private let settings: Settings
    /// As the journal has it.
    public private(set) var recorded = StationState()
    /// As it would be.
    public internal(set) var replayed = StationState()
    var index: OpenIncidentIndex
    var links = ReplayLinks()
    var tally = ReplayBook()
    /// The second half of a merge or split that the record before began.
    var pending: Pending?
    private var hasStarted = false
    private var recordsToSweep = 0

    enum Pending {
        case merge(survivor: Incident, absorbed: Incident)
        case split(Incident, from: IncidentID, moved: [TipKey])
    }

    /// Some milliseconds: phrases are compiled.
    public init(rules: TriageRules, settings: Settings = Settings()) {
        self.rules = rules
        self.settings = settings
        engine = TriageEngine(rules: rules)
        index = engine.makeIndex()
        tally.limit = settings.limit
    }

    /// Folds the next record in.
    /// - Returns: false when the end was reached and no further record is wanted.
    @discardableResult
    public mutating func apply(_ record: Record) -> Bool {
        if let until = settings.until, record.at >= until { return false }
        if !hasStarted, settings.from.map({ record.at >= $0 }) ?? true {
            hasStarted = true
            index = engine.makeIndex(of: replayed.incidents.values)
        }
        tally.report.records += 1
        if let tip = RecordedTip(record) {
            hasStarted ? decide(tip, record) : take(tip, record)
        } else {
            follow(record)
        }
        tally.noteEnrolments(in: record, recorded)
        recordsToSweep -= 1
        if recordsToSweep <= 0 { sweep(record) }
        return true
    }

    /// What came of it. The replay is over then.
    public mutating func finish() -> RuleReplayReport {
        for group in links.groups() { tally.close(group, links) }
        return tally.finished()
    }

    // MARK: Tips

    /// A tip, and what the daemon made of it.
    private struct RecordedTip {
        var accepted: TipAccepted
        var incident: IncidentID
        var verdict: Verdict
        var urgency: Urgency
        var isSuggested: Bool

        init?(_ record: Record) {
            var accepted: TipAccepted?
            for event in record.events {
                switch event {
                case .tipAccepted(let tip): accepted = tip
                case .incidentOpened(let opened):
                    guard let accepted else { return nil }
                    self.init(
                        accepted: accepted, incident: opened.incident, verdict: .new, urgency: opened.urgency,
                        isSuggested: opened.suggestion != nil)
                    return
                case .tipCorrelated(let joined):
                    guard let accepted else { return nil }
                    self.init(
                        accepted: accepted, incident: joined.incident, verdict: .correlated, urgency: joined.tipUrgency,
                        isSuggested: false)
                    return
                default: continue
                }
            }
            return nil
        }

        init(accepted: TipAccepted, incident: IncidentID, verdict: Verdict, urgency: Urgency, isSuggested: Bool) {
            self.accepted = accepted
            self.incident = incident
            self.verdict = verdict
            self.urgency = urgency
            self.isSuggested = isSuggested
        }

        func member(_ record: Record, _ accepted: TipAccepted, _ urgency: Urgency) -> MemberTip {
            MemberTip(sequence: record.sequence, at: record.at, accepted: accepted, urgency: urgency)
        }
    }

    /// Before the start: both histories are the recorded one.
    private mutating func take(_ tip: RecordedTip, _ record: Record) {
        recorded.apply(record)
        replayed.apply(record)
        links.add(tip.member(record, tip.accepted, tip.urgency), recorded: tip.incident, replayed: tip.incident)
        if tip.verdict == .new { tally.label(tip.incident, recorded: tip.incident) }
        note(recorded: tip.incident)
        note(replayed: tip.incident)
    }

    private mutating func decide(_ tip: RecordedTip, _ record: Record) {
        let before = recorded.incidents[tip.incident]?.urgency.level
        recorded.apply(record)
        let wasAlert = isAlert(before, recorded.incidents[tip.incident], isAlarm: tip.urgency.level == .emergency)
        let isKnown = rules.categories[tip.accepted.tip.category] != nil
        guard isKnown else {
            replayed.apply(Record(sequence: record.sequence, at: record.at, events: []))
            links.add(tip.member(record, tip.accepted, tip.urgency), recorded: tip.incident, replayed: nil)
            tally.count(
                tip.accepted, at: record, recorded: (tip.verdict, tip.isSuggested, wasAlert), replayed: nil, isElsewhere: false)
            if wasAlert { tally.noteAlert(record.sequence, isGained: false) }
            note(recorded: tip.incident, isAlarm: tip.urgency.level == .emergency)
            return
        }
        var accepted = tip.accepted
        if case .post(let post)? = replayed.enrolments[.post(accepted.post)]?.subject {
            accepted.position = TriageEngine.position(of: accepted.tip, post: post.position, rules: rules.correlation)
        }
        let reading = engine.reading(of: accepted.tip)
        let decision = engine.decide(accepted, reading, state: replayed, index: index, now: record.at)
        let id = decision.incident
        let levelBefore = replayed.incidents[id]?.urgency.level
        replayed.apply(Record(sequence: record.sequence, at: record.at, events: decision.events))
        index.follow(id, in: replayed, newest: reading.features)
        let alerts = isAlert(levelBefore, replayed.incidents[id], isAlarm: decision.isAlarm)
        let isElsewhere =
            tip.verdict == .correlated && decision.verdict == .correlated && links.home(of: tip.incident) != id
        if decision.verdict == .new {
            tally.label(id, recorded: tip.verdict == .new ? tip.incident : nil)
        }
        links.add(tip.member(record, accepted, decision.tipUrgency), recorded: tip.incident, replayed: id)
        let isSuggested = decision.verdict == .new && replayed.incidents[id]?.suggestion != nil
        tally.count(
            tip.accepted, at: record, recorded: (tip.verdict, tip.isSuggested, wasAlert),
            replayed: (decision.verdict, isSuggested, alerts), isElsewhere: isElsewhere)
        if isElsewhere || tip.verdict != decision.verdict { tally.explain(id, decision.reasons) }
        if wasAlert != alerts { tally.noteAlert(record.sequence, isGained: alerts) }
        note(recorded: tip.incident, isAlarm: tip.urgency.level == .emergency)
        note(replayed: id, isAlarm: decision.isAlarm)
    }

    /// Whether the record of a tip goes out in the alert lane, as the daemon decides it.
    private func isAlert(_ before: UrgencyLevel?, _ after: Incident?, isAlarm: Bool) -> Bool {
        Lane(level: max(before ?? .routine, after?.urgency.level ?? .routine, isAlarm ? .emergency : .routine)) == .alert
    }

    // MARK: Facts

    /// A record that is no tip's: what people did, which the new rules change nothing of.
    private mutating func follow(_ record: Record) {
        recorded.apply(record)
        var events: [Event] = []
        var touched: [IncidentID] = []
        for event in record.events {
            switch event {
            case .phaseChanged(let change): step(change, &events, &touched)
            case .incidentMerged(let merge): begin(merge, &events, &touched)
            case .incidentRestated(let restated): restate(restated, record, &events, &touched)
            case .incidentRegraded(let change): regrade(change, &events, &touched)
            case .incidentAcknowledged(var seen):
                guard let home = links.home(of: seen.incident), isOpen(home) else { continue }
                seen.incident = home
                events.append(.incidentAcknowledged(seen))
            case .incidentEscalated(var step):
                guard let home = links.home(of: step.incident), isOpen(home) else { continue }
                step.incident = home
                events.append(.incidentEscalated(step))
            // For the record only.
            case .accountChanged, .identityRevealed: continue
            // Outcomes of rules, which the new ones have their own of.
            case .tipAccepted, .incidentOpened, .tipCorrelated, .urgencyChanged: continue
            case .postEnrolled, .unitEnrolled, .revoked, .postFellSilent, .postHeard, .tipsMissing, .cursorAdvanced:
                events.append(event)
            }
        }
        replayed.apply(Record(sequence: record.sequence, at: record.at, events: events))
        for id in touched {
            if hasStarted { index.follow(id, in: replayed) }
            note(replayed: id)
        }
    }

    mutating func note(recorded id: IncidentID, isAlarm: Bool = false) {
        if let incident = recorded.incidents[id] { tally.note(incident, isAlarm, in: \.recordedFaces) }
    }

    mutating func note(replayed id: IncidentID, isAlarm: Bool = false) {
        if let incident = replayed.incidents[id] { tally.note(incident, isAlarm, in: \.replayedFaces) }
    }

    // MARK: Letting go

    /// Now and then: closes what both histories have forgotten. How often grows with what is kept, so that a record's share of it
    /// does not.
    private mutating func sweep(_ record: Record) {
        if hasStarted { endOrphans(at: record.at) }
        for group in links.groups()
        where group.recorded.allSatisfy({ recorded.incidents[$0] == nil })
            && group.replayed.allSatisfy({ replayed.incidents[$0] == nil })
        {
            tally.close(group, links)
            links.forget(group)
        }
        recordsToSweep = max(1_024, 2 * links.tips.count)
    }
}

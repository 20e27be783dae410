internal import DispatchDesk
internal import Journal
internal import TipModel
internal import Triage

// Steps of units, of the desk and of posts: decided by the table of Lifecycle, journalled with who and when, and told.
extension StationCore {
    /// What a step is answered with.
    private struct Answer {
        var refusal: Rejection?
        /// Nil where who asks may not see it.
        var incident: Incident?
        var sequence: SequenceNumber = 0

        static func refuse(_ rejection: Rejection, _ incident: Incident? = nil) -> Answer {
            Answer(refusal: rejection, incident: incident)
        }
    }

    mutating func take(_ command: StepCommand, now: Timestamp) {
        answer(command.incident, decide(command, now: now), command.reply)
    }

    mutating func take(_ command: AcknowledgeCommand, now: Timestamp) {
        answer(command.incident, decide(command, now: now), command.reply)
    }

    mutating func take(_ command: PostHandledCommand, now: Timestamp) {
        answer(command.incident, decide(command, now: now), command.reply)
    }

    private mutating func answer(_ id: IncidentID, _ answer: Answer, _ reply: @escaping @Sendable (StepOutcome) -> Void) {
        if let refusal = answer.refusal { counters.count(refusal.code) }
        batch.replies.append { failure in
            reply(
                StepOutcome(
                    incidentID: id, refusal: failure.map(Rejection.init(unavailable:)) ?? answer.refusal,
                    incident: failure == nil ? answer.incident : nil, sequence: failure == nil ? answer.sequence : 0))
        }
    }

    /// The unit of an enrolment that holds; nil where there is none.
    func enrolled(_ id: UnitID) -> PatrolUnit? {
        guard let enrolment = state.enrolments[.unit(id)], !enrolment.isRevoked, case .unit(let unit) = enrolment.subject else {
            return nil
        }
        return unit
    }

    /// An incident as far as a unit may see it: of its zones, or as one of the crew, or by a grant.
    private func visible(_ id: IncidentID, to unit: PatrolUnit, now: Timestamp) -> Incident? {
        state.incidents[id].flatMap { unit.zones.contains($0.zone) || $0.admits(unit.id, at: now) ? $0 : nil }
    }

    /// The same words whether it does not exist or is not theirs to see.
    private func notFound(_ id: IncidentID) -> Rejection { Rejection(.notFound, "\(id) is not an incident of your zones") }

    private var revoked: Rejection { Rejection(.revoked, "this key was revoked; ask the station to enrol the unit again") }

    // MARK: Units

    private mutating func decide(_ command: StepCommand, now: Timestamp) -> Answer {
        let unit = command.unit
        guard isEnrolled(.unit(unit.id)) else { return .refuse(revoked) }
        guard let incident = visible(command.incident, to: unit, now: now) else { return .refuse(notFound(command.incident)) }
        let active = state.active(unit.id)
        let request = StepRequest(
            command.step, by: unit.id, to: command.to, diverts: command.diverts, disposition: command.disposition, note: command.note)
        switch Lifecycle.decide(request, on: incident, active: active) {
        case .already: return Answer(incident: incident)
        case .refuse(let rejection): return .refuse(rejection, incident)
        case .move(let change):
            // Beyond the zone only the desk sends somebody.
            if change.action == .handOver, let to = change.unit, enrolled(to)?.zones.contains(incident.zone) != true {
                let words = "\(to) is no unit of zone \(incident.zone); possible: a unit of the zone, or the desk assigns one"
                return .refuse(Rejection(.invalidField, field: "action.to", words), incident)
            }
            if change.phase == .enRoute || change.phase == .onScene, let active, active != incident.id,
                let former = state.incidents[active]
            {
                _ = record(Lifecycle.diversion(of: unit.id, from: former, to: incident.id), now: now)
            }
            return done(record(change, now: now))
        }
    }

    private func done(_ incident: Incident?) -> Answer { Answer(incident: incident, sequence: incident?.lastSequence ?? 0) }

    private mutating func decide(_ command: AcknowledgeCommand, now: Timestamp) -> Answer {
        let incident: Incident?
        switch command.scope {
        case .everything: incident = state.incidents[command.incident]
        case .zones(let zones): incident = state.incidents[command.incident].flatMap { zones.contains($0.zone) ? $0 : nil }
        case .unit(let unit):
            guard isEnrolled(.unit(unit.id)) else { return .refuse(revoked) }
            incident = visible(command.incident, to: unit, now: now)
        }
        guard let incident else { return .refuse(notFound(command.incident)) }
        let hold = plan.rules.ladder(incident.urgency.level, in: incident.zone)?.acknowledgedRest ?? 0
        switch Lifecycle.acknowledge(incident, by: command.by, now: now, hold: hold) {
        case .already: return Answer(incident: incident)
        case .refuse(let rejection): return .refuse(rejection, incident)
        case .acknowledge(let seen):
            let unit = seen.by.role == .unit ? UnitID(unchecked: seen.by.name) : nil
            return done(
                record(.incidentAcknowledged(seen), about: incident.id, now: now) { event in
                    event.kind = .acknowledged
                    event.unit = unit
                    event.by = unit == nil ? seen.by : nil
                })
        }
    }

    // MARK: Posts

    private mutating func decide(_ command: PostHandledCommand, now: Timestamp) -> Answer {
        guard isEnrolled(.post(command.post)) else {
            return .refuse(Rejection(.revoked, "this key was revoked; ask the station to enrol the post again"))
        }
        guard let incident = state.incidents[command.incident], incident.posts.contains(command.post) else {
            return .refuse(Rejection(.notFound, "\(command.incident) has no tip of this post"))
        }
        switch Lifecycle.handled(by: command.post, note: command.note, on: incident) {
        case .already: return Answer(incident: incident)
        case .refuse(let rejection): return .refuse(rejection, incident)
        case .move(let change): return done(record(change, now: now))
        }
    }

    // MARK: Desk

    /// - Returns: nil where it is so already.
    mutating func step(
        _ step: DeskStep, on incident: Incident, by: Operator, note: String, now: Timestamp
    ) throws(Rejection) -> Incident? {
        switch Lifecycle.decide(step, by: by, note: note, on: incident) {
        case .already: return nil
        case .refuse(let rejection): throw rejection
        case .move(let change):
            if change.phase == .claimed, let unit = change.unit, enrolled(unit) == nil {
                throw Rejection(.notFound, field: "unit", "no unit \(unit) is enrolled")
            }
            guard let moved = record(change, now: now) else { throw Rejection(.unavailable, "\(incident.id) could not be changed") }
            return moved
        }
    }

    /// Takes a unit off all that it has.
    mutating func takeOff(_ unit: UnitID, now: Timestamp) {
        for id in (state.assignments[unit] ?? []).sorted() where state.incidents[id]?.phase != .cleared {
            _ = record(
                PhaseChanged(incident: id, unit: unit, phase: .open, action: .recall, by: Operator(.desk, "")), now: now)
        }
    }

    // MARK: Records

    private mutating func record(_ change: PhaseChanged, now: Timestamp) -> Incident? {
        record(.phaseChanged(change), about: change.incident, now: now) { event in
            event.kind = EventKind(change, after: event.incident.phase)
            event.unit = change.unit
            event.by = change.statedBy
            event.from = change.from
            // The desk's words are for those who act on them. A unit's and a post's stay in the record.
            let isDesks = change.by.role == .desk || change.by.role == .officer
            if isDesks, !change.note.isEmpty { event.reasons = [Reason(code: change.action.name, points: 0, detail: change.note)] }
        }
    }

    /// Folds one event in and stages its record. It goes in the lane of the higher level, before or after, so that who saw
    /// an incident among the alerts hears that it is none any more.
    /// - Parameter telling: says what patrols are told of it.
    mutating func record(
        _ event: Event, about id: IncidentID, now: Timestamp, telling: (inout FeedEvent) -> Void
    ) -> Incident? {
        let sequence = nextSequence
        let before = state.incidents[id]
        state.apply(Record(sequence: sequence, at: now, events: [event]))
        guard let incident = state.incidents[id] else { return nil }
        index.follow(id, in: state)
        let level = max(before?.urgency.level ?? .routine, incident.urgency.level)
        var told = FeedEvent(sequence: sequence, lane: Lane(level: level), at: now, kind: .correlated, incident: incident)
        telling(&told)
        publish(told, level: level, events: [event], tip: nil, before: before)
        return incident
    }
}

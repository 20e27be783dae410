internal import DispatchDesk
internal import Journal
internal import TipModel
internal import Triage

// What the duty officer puts right: merge, split, detach, regrade, beside steps. Each is decided here with all that comes of it, and the
// fold only takes that over; so a replay needs neither today's rules nor the journal's older records.
extension StationCore {
    /// Records that are read to tell which tips an incident has. One with more cannot be split: the core would stand still.
    static let familyBound = 8_192
    /// Tips that one split may name.
    static let tipsBound = 1_000
    /// Tips that a refusal names.
    private static let namedBound = 5

    mutating func take(_ command: DeskCommand, now: Timestamp) {
        let result = decide(command, now: now)
        if case .failure(let rejection) = result { counters.count(rejection.code) }
        batch.replies.append { failure in
            command.reply(failure.map { .failure(Rejection(unavailable: $0)) } ?? result)
        }
    }

    private mutating func decide(_ command: DeskCommand, now: Timestamp) -> Result<DeskOutcome, Rejection> {
        do throws(Rejection) {
            let desk = try Desk(command)
            switch command.action {
            case .merge(let absorbed, let survivor):
                guard absorbed != survivor else {
                    throw Rejection(.invalidField, field: "into", "\(absorbed) cannot be merged into itself")
                }
                return .success(try merge(try open(absorbed), into: try open(survivor), desk, now: now))
            case .split(let id, let tips): return .success(try split(try open(id), tips, .split, desk, now: now))
            case .detach(let id, let tip): return .success(try split(try open(id), [tip], .detach, desk, now: now))
            case .regrade(let id, let level): return .success(try regrade(try open(id), level, desk, now: now))
            case .step(let id, let what):
                guard let incident = state.incidents[id] else { throw Rejection(.notFound, "there is no incident \(id)") }
                let moved = try step(what, on: incident, by: command.by, note: desk.reason, now: now)
                return .success(DeskOutcome(sequence: moved?.lastSequence ?? 0, incident: moved ?? incident))
            }
        } catch {
            return .failure(error)
        }
    }

    /// Who acts, and why.
    private struct Desk {
        let reason: String
        let by: String

        init(_ command: DeskCommand) throws(Rejection) {
            let bytes = command.reason.utf8.count
            let isNeeded = if case .step(_, let step) = command.action { step == .reopen } else { true }
            guard !(isNeeded && command.reason.allSatisfy(\.isWhitespace)), bytes <= DeskLimits.reasonBytes else {
                throw Rejection(
                    .invalidField, field: "reason",
                    "a reason of \(isNeeded ? 1 : 0) to \(DeskLimits.reasonBytes) bytes is needed; it has \(bytes)")
            }
            reason = command.reason
            by = command.by.name
        }

        /// Its words, as patrols are told them.
        func words(_ code: String) -> [Reason] { [Reason(code: code, points: 0, detail: reason)] }
    }

    private func open(_ id: IncidentID) throws(Rejection) -> Incident {
        guard let incident = state.incidents[id] else {
            throw Rejection(.notFound, "there is no open incident \(id)")
        }
        if let survivor = incident.mergedInto {
            throw Rejection(.illegalStep, "\(id) was merged into \(survivor); nothing more is possible")
        }
        guard incident.phase != .cleared else {
            throw Rejection(.illegalStep, "\(id) is cleared; nothing more is possible")
        }
        return incident
    }

    // MARK: Merge

    private mutating func merge(
        _ absorbed: Incident, into survivor: Incident, _ desk: Desk, now: Timestamp
    ) throws(Rejection) -> DeskOutcome {
        guard absorbed.drill == survivor.drill else {
            throw Rejection(.conflict, "\(absorbed.drill ? absorbed.id : survivor.id) is a drill and the other one is not")
        }
        let closing = Event.incidentMerged(
            IncidentMerged(absorbed: absorbed.id, survivor: survivor.id, reason: desk.reason, by: desk.by))
        let closed = try record(
            closing, about: absorbed.id, now: now, kind: .merged, reasons: desk.words("merge"), other: survivor.id)
        let merged = survivor.absorbing(absorbed, computed: engine.scorer.merged(survivor, absorbed), at: now, sequence: nextSequence)
        let one = try restate(merged, .merge, other: absorbed.id, [], desk, now: now)
        let leaves = survivor.holder != nil && absorbed.holder != survivor.holder
        return DeskOutcome(
            sequence: one.lastSequence, incident: one, other: closed, unitLeft: leaves ? absorbed.holder : nil)
    }

    // MARK: Split

    private mutating func split(
        _ source: Incident, _ tips: [TipID], _ cause: IncidentRestated.Cause, _ desk: Desk, now: Timestamp
    ) throws(Rejection) -> DeskOutcome {
        guard !tips.isEmpty, tips.count <= Self.tipsBound else {
            throw Rejection(.invalidField, field: "tips", "1 to \(Self.tipsBound) tips must be named")
        }
        let members = try members(of: source.id)
        let named = Set(tips)
        let unknown = named.subtracting(members.map(\.key.tip)).sorted()
        guard unknown.isEmpty else {
            let rest = unknown.count - Self.namedBound
            throw Rejection(
                .notFound, field: "tips",
                "not a tip of \(source.id): " + unknown.prefix(Self.namedBound).map(\.description).joined(separator: ", ")
                    + (rest > 0 ? " and \(rest) more" : ""))
        }
        let leaving = members.filter { named.contains($0.key.tip) }
        let staying = members.filter { !named.contains($0.key.tip) }
        guard !staying.isEmpty else {
            throw Rejection(.invalidField, field: "tips", "at least one tip of \(source.id) must stay; it has \(members.count)")
        }
        let scorer = engine.scorer
        let combine = { (current: Urgency, tip: Urgency, witnesses: Int) in
            scorer.combine(current: current, tip: tip, witnesses: witnesses)
        }
        let id = IncidentID(state.nextIncident)
        var left = source.restated(from: staying, sequence: nextSequence, combine: combine)
        left.setApart(from: id)
        guard var new = Incident.split(off: id, members: leaving, at: now, sequence: nextSequence + 1, combine: combine) else {
            throw Rejection(.invalidField, field: "tips", "at least one tip must leave")
        }
        // What the source was taken apart from, these tips were, too.
        for other in source.apart + [source.id] { new.setApart(from: other) }
        let moved = leaving.map(\.key)
        let one = try restate(left, cause, other: id, moved, desk, now: now)
        let other = try restate(new, cause, other: source.id, moved, desk, now: now)
        return DeskOutcome(sequence: other.lastSequence, incident: one, other: other, unitLeft: nil)
    }

    /// The tips of an incident, from the journal and from what this batch has decided so far.
    private func members(of id: IncidentID) throws(Rejection) -> [MemberTip] {
        var sequence = nextSequence - SequenceNumber(batch.drafts.count)
        var pending: [(incident: IncidentID, record: Record)] = []
        for draft in batch.drafts {
            if let incident = draft.incident {
                pending.append((incident, Record(sequence: sequence, at: draft.at, events: draft.events)))
            }
            sequence += 1
        }
        let family: IncidentFamily
        do throws(JournalError) {
            let reader = try journal.makeReader()
            defer { reader.close() }
            family = try reader.family(of: id, limit: Self.familyBound, pending: pending)
        } catch {
            throw Rejection(.unavailable, "the journal cannot be read: \(error.message)", retryAfterMilliseconds: 2_000)
        }
        guard !family.isCut else {
            throw Rejection(.tooLarge, "\(id) has more than \(Self.familyBound) records; it cannot be taken apart")
        }
        return family.membership[id]
    }

    // MARK: Regrade

    private mutating func regrade(
        _ incident: Incident, _ level: UrgencyLevel?, _ desk: Desk, now: Timestamp
    ) throws(Rejection) -> DeskOutcome {
        guard level != nil || incident.regrade != nil else {
            throw Rejection(.illegalStep, "\(incident.id) was not regraded; there is nothing to lift")
        }
        let change = Event.incidentRegraded(
            IncidentRegraded(incident: incident.id, level: level, reason: desk.reason, by: desk.by))
        let one = try record(
            change, about: incident.id, now: now, kind: .regraded, reasons: desk.words(level == nil ? "regrade.lifted" : "regrade"))
        return DeskOutcome(sequence: one.lastSequence, incident: one, other: nil, unitLeft: nil)
    }

    // MARK: Records

    private mutating func restate(
        _ incident: Incident, _ cause: IncidentRestated.Cause, other: IncidentID, _ moved: [TipKey], _ desk: Desk,
        now: Timestamp
    ) throws(Rejection) -> Incident {
        let code =
            switch cause {
            case .merge: "merge"
            case .split: "split"
            case .detach: "detach"
            }
        return try record(
            .incidentRestated(
                IncidentRestated(
                    incident: incident, cause: cause, other: other, moved: moved, reason: desk.reason, by: desk.by)),
            about: incident.id, now: now, kind: cause == .merge ? .merged : .split, reasons: desk.words(code), other: other)
    }

    private mutating func record(
        _ event: Event, about id: IncidentID, now: Timestamp, kind: EventKind, reasons: [Reason], other: IncidentID? = nil
    ) throws(Rejection) -> Incident {
        let incident = record(event, about: id, now: now) { told in
            told.kind = kind
            told.reasons = reasons
            told.other = other
        }
        guard let incident else { throw Rejection(.unavailable, "\(id) could not be changed") }
        return incident
    }
}

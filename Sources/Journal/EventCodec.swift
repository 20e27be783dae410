internal import FoundationEssentials
internal import SwiftProtobuf
internal import TipModel
internal import TipWire
internal import WatchpostProtobuf

/// Events between values and the journal's protobuf.
enum EventCodec {
    /// Of the whole record and of each kind of event. A kind that changes its meaning gets a higher one.
    static let version: UInt32 = 1

    /// - Parameter guests: see ``FeedDraft/guests``; in the payload, so that the chain of checksums covers them.
    static func encode(_ events: [Event], guests: [UnitID] = []) -> [UInt8] {
        var writer = ProtobufWriter()
        write(events, guests: guests, to: &writer)
        return writer.bytes
    }

    /// Appends the bytes of ``encode(_:guests:)``.
    static func write(_ events: borrowing [Event], guests: borrowing [UnitID], to writer: inout ProtobufWriter) {
        writer.unsigned(1, UInt64(version))
        // By address: an event taken out of the array would have all of its texts and lists retained.
        events.withUnsafeBufferPointer { events in
            guard var event = events.baseAddress else { return }
            for _ in 0..<events.count {
                let start = writer.begin(2)
                writer.write(event.pointee)
                writer.end(start)
                event += 1
            }
        }
        for index in guests.indices { writer.element(3, guests[index].rawValue) }
    }

    /// The guests of a record, without reading its events.
    static func guests(_ payload: [UInt8]) -> [String] {
        var guests: [String] = []
        var fields = FieldScanner(payload[...])
        while let (number, content) = fields.next() {
            if number == 3, let content { guests.append(String(decoding: content, as: UTF8.self)) }
        }
        return guests
    }

    /// - Throws: ``JournalError`` `corrupt` for bytes that are no record, `newerSchema` for a later version.
    static func decode(_ payload: [UInt8], sequence: SequenceNumber) throws(JournalError) -> [Event] {
        // Every record names its version: no bytes at all decode too, to one that says nothing.
        guard let message = try? Watchpost_Journal_V1_JournalRecord(serializedBytes: payload), message.version > 0 else {
            throw JournalError(.corrupt, "record \(sequence) cannot be decoded; run: watchpost journal verify")
        }
        guard message.version <= version, message.events.allSatisfy({ $0.version <= version }) else {
            throw JournalError(.newerSchema, "record \(sequence) was written by a newer version of Watchpost")
        }
        var events: [Event] = []
        events.reserveCapacity(message.events.count)
        for one in message.events {
            guard let event = try decode(one) else {
                throw JournalError(.corrupt, "record \(sequence) holds an event that cannot be read")
            }
            events.append(event)
        }
        return events
    }

    /// Nil for an event that this version cannot make sense of.
    private static func decode(_ message: Watchpost_Journal_V1_JournalEvent) throws(JournalError) -> Event? {
        switch message.kind {
        case .tipAccepted(let accepted): return TipAccepted(accepted).map(Event.tipAccepted)
        case .incidentOpened(let opened):
            return .incidentOpened(
                IncidentOpened(
                    incident: IncidentID(opened.incident), urgency: Urgency(opened.urgency),
                    reasons: opened.reasons.map { Reason($0) }, follows: IncidentID(known: opened.follows),
                    suggestion: IncidentID(known: opened.suggestion)))
        case .tipCorrelated(let correlated):
            return .tipCorrelated(
                TipCorrelated(
                    incident: IncidentID(correlated.incident), score: correlated.score,
                    reasons: correlated.reasons.map { Reason($0) }, tipUrgency: Urgency(correlated.tipUrgency)))
        case .urgencyChanged(let change):
            return .urgencyChanged(
                UrgencyChanged(
                    incident: IncidentID(change.incident), urgency: Urgency(change.urgency), overrules: change.overrules))
        case .phaseChanged(let change):
            guard let phase = UInt8(exactly: change.phase.rawValue).flatMap(Phase.init(rawValue:)) else { return nil }
            return .phaseChanged(
                PhaseChanged(
                    incident: IncidentID(change.incident), unit: change.unit.isEmpty ? nil : UnitID(unchecked: change.unit),
                    phase: phase, disposition: UInt8(exactly: change.disposition.rawValue).flatMap(Disposition.init(rawValue:)),
                    note: change.note, action: UInt8(exactly: change.action.rawValue).flatMap(StepAction.init(rawValue:)),
                    by: change.hasBy ? Operator(change.by) : nil,
                    from: change.from.isEmpty ? nil : UnitID(unchecked: change.from)))
        case .postEnrolled(let enrolled):
            return .postEnrolled(
                PostEnrolled(
                    post: Post(enrolled.post), publicKey: [UInt8](enrolled.publicKey), previousUntil: Timestamp(known: enrolled.previousUntilMs)))
        case .unitEnrolled(let enrolled):
            return .unitEnrolled(
                UnitEnrolled(
                    unit: PatrolUnit(enrolled.unit), publicKey: [UInt8](enrolled.publicKey), previousUntil: Timestamp(known: enrolled.previousUntilMs)))
        case .revoked(let revoked):
            let principal: PrincipalID =
                revoked.unit.isEmpty ? .post(PostID(unchecked: revoked.post)) : .unit(UnitID(unchecked: revoked.unit))
            return .revoked(Revoked(principal: principal, reason: revoked.reason))
        case .postFellSilent(let silent):
            return .postFellSilent(
                PostID(unchecked: silent.post), since: Timestamp(milliseconds: silent.sinceMs))
        case .postHeard(let heard):
            return .postHeard(
                PostID(unchecked: heard.post), silentSince: Timestamp(milliseconds: heard.silentSinceMs))
        case .tipsMissing(let missing):
            guard missing.first <= missing.last else { return nil }
            return .tipsMissing(
                PostID(unchecked: missing.post), series: missing.series, numbers: missing.first...missing.last)
        case .cursorAdvanced(let cursor):
            return .cursorAdvanced(UnitID(unchecked: cursor.unit), alert: cursor.alert, main: cursor.main)
        case .incidentMerged(let merge):
            return .incidentMerged(
                IncidentMerged(
                    absorbed: IncidentID(merge.absorbed), survivor: IncidentID(merge.survivor), reason: merge.reason,
                    by: merge.by))
        case .incidentRestated(let restated): return IncidentRestated(restated).map(Event.incidentRestated)
        case .incidentRegraded(let change):
            guard change.level == .unspecified || UrgencyLevel(change.level) != nil else { return nil }
            return .incidentRegraded(
                IncidentRegraded(
                    incident: IncidentID(change.incident), level: UrgencyLevel(change.level), reason: change.reason,
                    by: change.by))
        case .incidentAcknowledged(let seen):
            return .incidentAcknowledged(
                IncidentAcknowledged(
                    incident: IncidentID(seen.incident), by: Operator(seen.by), restUntil: Timestamp(milliseconds: seen.restUntilMs)))
        case .incidentEscalated(let step):
            guard let rung = EscalationRung(step.rung) else { return nil }
            return .incidentEscalated(
                IncidentEscalated(
                    incident: IncidentID(step.incident), rung: rung, reminder: step.reminder,
                    granted: step.granted.map { UnitID(unchecked: $0) }, until: Timestamp(known: step.untilMs),
                    reason: Reason(step.reason)))
        case .accountChanged(let change):
            guard let action = UInt8(exactly: change.action.rawValue).flatMap(AccountChanged.Action.init(rawValue:)) else { return nil }
            return .accountChanged(AccountChanged(name: change.name, action: action, role: change.role, by: change.by))
        case .identityRevealed(let revealed):
            guard let tip = TipID(bytes: revealed.tip) else { return nil }
            return .identityRevealed(
                IdentityRevealed(
                    incident: IncidentID(revealed.incident), post: PostID(unchecked: revealed.post), tip: tip,
                    reason: revealed.reason, by: revealed.by))
        case nil:
            return nil
        }
    }
}

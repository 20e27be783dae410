internal import SwiftProtobuf
internal import TipModel
internal import TipWire
internal import WatchpostProtobuf

// The messages of journal.proto that records are made of, written without the generated code (see ProtobufWriter). A
// field added there is added here, too; the test that compares with the generated code fails until it is.
extension ProtobufWriter {
    /// A nested message; see the one of TipWire.
    @inline(__always)
    mutating func message(_ field: Int, _ content: (inout ProtobufWriter) -> Void) {
        let start = begin(field)
        content(&self)
        end(start)
    }

    /// The fields of a JournalEvent. Inlined, so that the event is read where it lies.
    @inline(__always)
    mutating func write(_ event: borrowing Event) {
        unsigned(1, UInt64(EventCodec.version))
        switch event {
        case .tipAccepted(let accepted): message(2) { $0.write(accepted) }
        case .incidentOpened(let opened):
            message(3) { body in
                body.unsigned(1, opened.incident.rawValue)
                body.write(2, opened.urgency)
                body.write(3, opened.reasons)
                body.unsigned(4, opened.follows?.rawValue ?? 0)
                body.unsigned(5, opened.suggestion?.rawValue ?? 0)
            }
        case .tipCorrelated(let correlated):
            message(4) { body in
                body.unsigned(1, correlated.incident.rawValue)
                body.signed(2, Int64(correlated.score))
                body.write(3, correlated.reasons)
                body.write(4, correlated.tipUrgency)
            }
        case .urgencyChanged(let change):
            message(5) { body in
                body.unsigned(1, change.incident.rawValue)
                body.write(2, change.urgency)
                body.bool(3, change.overrules)
            }
        case .phaseChanged(let change): message(6) { $0.write(change) }
        case .postEnrolled(let enrolled):
            message(7) { body in
                body.message(1) { $0.write(enrolled.post) }
                body.blob(2, enrolled.publicKey)
                body.signed(3, enrolled.previousUntil?.milliseconds ?? 0)
            }
        case .unitEnrolled(let enrolled):
            message(8) { body in
                body.message(1) { $0.write(enrolled.unit) }
                body.blob(2, enrolled.publicKey)
                body.signed(3, enrolled.previousUntil?.milliseconds ?? 0)
            }
        case .revoked(let revoked):
            message(9) { body in
                switch revoked.principal {
                case .post(let post): body.string(1, post.rawValue)
                case .unit(let unit): body.string(2, unit.rawValue)
                }
                body.string(3, revoked.reason)
            }
        case .postFellSilent(let post, let since):
            message(10) { body in
                body.string(1, post.rawValue)
                body.signed(2, since.milliseconds)
            }
        case .postHeard(let post, let silentSince):
            message(11) { body in
                body.string(1, post.rawValue)
                body.signed(2, silentSince.milliseconds)
            }
        case .tipsMissing(let post, let series, let numbers):
            message(12) { body in
                body.string(1, post.rawValue)
                body.fixed64(2, series)
                body.unsigned(3, numbers.lowerBound)
                body.unsigned(4, numbers.upperBound)
            }
        case .cursorAdvanced(let unit, let alert, let main):
            message(13) { body in
                body.string(1, unit.rawValue)
                body.unsigned(2, alert)
                body.unsigned(3, main)
            }
        case .incidentMerged(let merge):
            message(14) { body in
                body.unsigned(1, merge.absorbed.rawValue)
                body.unsigned(2, merge.survivor.rawValue)
                body.string(3, merge.reason)
                body.string(4, merge.by)
            }
        case .incidentRestated(let restated): message(15) { $0.write(restated) }
        case .incidentRegraded(let change):
            message(16) { body in
                body.unsigned(1, change.incident.rawValue)
                body.unsigned(2, UInt64(change.level?.rawValue ?? 0))
                body.string(3, change.reason)
                body.string(4, change.by)
            }
        case .incidentAcknowledged(let seen):
            message(17) { body in
                body.unsigned(1, seen.incident.rawValue)
                body.message(2) { $0.write(seen.by) }
                body.signed(3, seen.restUntil.milliseconds)
            }
        case .incidentEscalated(let step):
            message(18) { body in
                body.unsigned(1, step.incident.rawValue)
                body.unsigned(2, UInt64(step.rung.rawValue))
                body.unsigned(3, UInt64(step.reminder))
                for unit in step.granted { body.element(4, unit.rawValue) }
                body.signed(5, step.until?.milliseconds ?? 0)
                body.write(6, [step.reason])
            }
        case .accountChanged(let change):
            message(30) { body in
                body.string(1, change.name)
                body.unsigned(2, UInt64(change.action.rawValue))
                body.string(3, change.role)
                body.string(4, change.by)
            }
        case .identityRevealed(let revealed):
            message(31) { body in
                body.unsigned(1, revealed.incident.rawValue)
                body.string(2, revealed.post.rawValue)
                body.blob(3, revealed.tip.bytes)
                body.string(4, revealed.reason)
                body.string(5, revealed.by)
            }
        }
    }

    /// The incident itself by the generated code, as in a snapshot: the desk is in no hurry.
    private mutating func write(_ restated: IncidentRestated) {
        blob(1, (try? Watchpost_Journal_V1_IncidentState(restated.incident).serializedBytes()) ?? [])
        unsigned(2, UInt64(restated.cause.rawValue))
        unsigned(3, restated.other.rawValue)
        for key in restated.moved {
            message(4) { moved in
                moved.string(1, key.post.rawValue)
                moved.blob(2, key.tip.bytes)
            }
        }
        string(5, restated.reason)
        string(6, restated.by)
    }

    private mutating func write(_ field: Int, _ urgency: Urgency) {
        message(field) { body in
            body.signed(1, Int64(urgency.score))
            body.unsigned(2, UInt64(urgency.level.rawValue))
            body.write(3, urgency.reasons)
        }
    }

    private mutating func write(_ accepted: TipAccepted) {
        string(1, accepted.post.rawValue)
        string(2, accepted.zone.rawValue)
        blob(3, accepted.encoded)
        signed(4, accepted.receivedAt.milliseconds)
        zigzag(5, accepted.skewMilliseconds)
        write(6, accepted.position)
    }

    private mutating func write(_ change: PhaseChanged) {
        unsigned(1, change.incident.rawValue)
        string(2, change.unit?.rawValue ?? "")
        unsigned(3, UInt64(change.phase.rawValue))
        unsigned(4, UInt64(change.disposition?.rawValue ?? 0))
        string(5, change.note)
        if let by = change.statedBy { message(6) { $0.write(by) } }
        unsigned(7, UInt64(change.statedAction?.rawValue ?? 0))
        string(8, change.from?.rawValue ?? "")
    }

    private mutating func write(_ post: Post) {
        string(1, post.id.rawValue)
        string(2, post.name)
        string(3, post.zone.rawValue)
        write(4, post.position)
        string(5, post.kind)
        unsigned(6, UInt64(UInt32(clamping: post.members)))
    }

    private mutating func write(_ unit: PatrolUnit) {
        string(1, unit.id.rawValue)
        string(2, unit.name)
        for zone in unit.zones { element(3, zone.rawValue) }
    }
}

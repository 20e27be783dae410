internal import Journal
internal import TipModel
internal import Triage

// What posts and the administration change.
extension StationCore {
    mutating func hear(_ post: PostID, series: UInt64, lowestUnsent: UInt64, now: Timestamp) {
        guard let ledger = state.ledgers[post] else { return }
        var events: [Event] = []
        if let since = ledger.silentSince { events.append(.postHeard(post, silentSince: since)) }
        for numbers in ledger.lost(series: series, lowestUnsent: lowestUnsent) {
            events.append(.tipsMissing(post, series: series, numbers: numbers))
        }
        if !events.isEmpty { stage(events, now: now) }
    }

    mutating func enrol(_ command: EnrolCommand, now: Timestamp) {
        let principal = Enrolment(subject: command.subject, publicKey: command.publicKey, generation: 0).principal
        if let known = state.enrolments[principal], !known.isRevoked, !command.replace {
            refuse(Rejection(.conflict, "\(principal) is enrolled already; revoke it or replace it"), command.reply)
            return
        }
        if let holder = holder(of: command.publicKey), holder.principal != principal {
            refuse(Rejection(.conflict, "this public key belongs to \(holder.principal)"), command.reply)
            return
        }
        let event: Event =
            switch command.subject {
            case .post(let post): .postEnrolled(PostEnrolled(post: post, publicKey: command.publicKey))
            case .unit(let unit): .unitEnrolled(UnitEnrolled(unit: unit, publicKey: command.publicKey))
            }
        record(event, reply: command.reply, now: now)
    }

    /// Enrols another key and lets the present one in for a time, so that nobody is cut off while a bundle is on its way. The
    /// key before the present one, where there is still one, is refused from now on: two are valid at most.
    mutating func rotate(_ command: RotateCommand, now: Timestamp) {
        guard let known = state.enrolments[command.principal], !known.isRevoked else {
            refuse(Rejection(.notFound, "\(command.principal) is not enrolled"), command.reply)
            return
        }
        if let holder = holder(of: command.publicKey) {
            refuse(Rejection(.conflict, "this public key belongs to \(holder.principal)"), command.reply)
            return
        }
        let until = command.keepMilliseconds > 0 ? now.advanced(byMilliseconds: command.keepMilliseconds) : nil
        let event: Event =
            switch known.subject {
            case .post(let post): .postEnrolled(PostEnrolled(post: post, publicKey: command.publicKey, previousUntil: until))
            case .unit(let unit): .unitEnrolled(UnitEnrolled(unit: unit, publicKey: command.publicKey, previousUntil: until))
            }
        record(event, reply: command.reply, now: now)
    }

    /// Whose key it is, or was until a rotation.
    private func holder(of publicKey: [UInt8]) -> Enrolment? {
        state.enrolments.values.first { !$0.isRevoked && ($0.publicKey == publicKey || $0.previous?.publicKey == publicKey) }
    }

    mutating func revoke(
        _ principal: PrincipalID, reason: String, reply: @escaping @Sendable (Result<SequenceNumber, Rejection>) -> Void,
        now: Timestamp
    ) {
        guard let known = state.enrolments[principal], !known.isRevoked else {
            refuse(Rejection(.notFound, "\(principal) is not enrolled"), reply)
            return
        }
        // While it is still enrolled, so that it hears of it: else what it has would stay with a unit that nobody can be.
        if case .unit(let unit) = principal { takeOff(unit, now: now) }
        record(.revoked(Revoked(principal: principal, reason: reason)), reply: reply, now: now)
    }

    private mutating func refuse(
        _ rejection: Rejection, _ reply: @escaping @Sendable (Result<SequenceNumber, Rejection>) -> Void
    ) {
        batch.replies.append { failure in reply(.failure(failure.map(Rejection.init(unavailable:)) ?? rejection)) }
    }

    private mutating func record(
        _ event: Event, reply: @escaping @Sendable (Result<SequenceNumber, Rejection>) -> Void, now: Timestamp
    ) {
        let sequence = stage([event], now: now)
        batch.enrolmentsChanged = true
        batch.replies.append { failure in
            reply(failure.map { .failure(Rejection(unavailable: $0)) } ?? .success(sequence))
        }
    }
}

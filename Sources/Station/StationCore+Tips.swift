internal import Journal
internal import TipModel
internal import TipWire
internal import Triage

// One tip: identity, correlate, score, and the record that comes of it. Access and decoding are behind it already.
extension StationCore {
    /// Whether a tip was accepted before.
    enum Identity {
        case new
        /// Accepted before, with this same body: the first answer again.
        case known(Receipt)
        case refused(Rejection)
    }

    mutating func take(_ command: TipCommand, now: Timestamp) {
        let (result, restsOnBatch) = currentFailure().map { (.failure($0), false) } ?? decide(command, now: now)
        batch.tips.append((TipOutcome(ticket: command.ticket, tip: command.tip.id, result: result), restsOnBatch))
    }

    /// - Returns: what became of it, and whether that holds only once groups that are not durable yet are.
    mutating func decide(_ command: TipCommand, now: Timestamp) -> (Result<Receipt, Rejection>, restsOnBatch: Bool) {
        let key = command.key
        guard command.post.id == .desk || isEnrolled(.post(command.post.id), generation: command.enrolment) else {
            // The revocation may be of this group, or of one before it that is not durable yet.
            return (.failure(Rejection(.revoked, "this key was revoked; ask the station to enrol the post again")), true)
        }
        if let pending = pendingTip(key) { return (answer(pending.receipt, matches: pending.encoded == command.encoded), true) }
        switch identify(key, encoded: command.encoded, now: now) {
        case .known(let receipt): return (.success(receipt), false)
        case .refused(let rejection): return (.failure(rejection), false)
        case .new: break
        }
        let result = acceptNew(command, key, now: now)
        if case .success = result { return (result, true) }
        return (result, false)
    }

    /// Accepts a tip that nobody knows yet.
    private mutating func acceptNew(_ command: TipCommand, _ key: TipKey, now: Timestamp) -> Result<Receipt, Rejection> {
        guard rules.categories[command.tip.category] != nil else {
            return .failure(
                Rejection(
                    .unknownCategory, field: "tip.category",
                    "'\(clipped(command.tip.category, bytes: 32))' is not one of the configured categories"))
        }
        let sequence = nextSequence
        let accepted = TipAccepted(
            post: command.post.id, zone: command.post.zone, tip: command.tip, encoded: command.encoded,
            position: TriageEngine.position(of: command.tip, post: command.post.position, rules: rules.correlation), receivedAt: now,
            skewMilliseconds: command.skewMilliseconds)
        let reading = command.reading.map { engine.current($0, of: command.tip) } ?? engine.reading(of: command.tip)
        let decision = engine.decide(accepted, reading, state: state, index: index, now: now)
        let isExpress = command.tip.panic || decision.isAlarm || express.contains(command.tip.category)
        if let refusal = disk.refusal(isExpress: isExpress) { return .failure(refusal) }
        let levelBefore = state.incidents.level(of: decision.incident)
        state.apply(Record(sequence: sequence, at: now, events: decision.events))
        guard let incident = state.incidents[decision.incident] else {
            return .failure(Rejection(.unavailable, "the incident could not be made"))
        }
        index.follow(incident, in: state, newest: reading.features)
        let level = max(levelBefore ?? .routine, incident.urgency.level, decision.isAlarm ? .emergency : .routine)
        publish(
            FeedEvent(
                sequence: sequence, lane: Lane(level: level), at: now,
                kind: decision.verdict == .new ? .opened : .correlated, incident: incident,
                tip: TipSummary(accepted), reasons: decision.reasons, alarm: decision.isAlarm),
            level: level, events: decision.events, tip: key)
        let receipt = Receipt(
            tip: command.tip.id, sequence: sequence, incident: incident.id, verdict: decision.verdict,
            level: incident.urgency.level, score: incident.urgency.score)
        newestTips.accept(key)
        batch.pending[key] = PendingTip(encoded: command.encoded, receipt: receipt)
        return .success(receipt)
    }

    /// A tip that was accepted and is not durable yet, of this group or of one before it.
    private func pendingTip(_ key: TipKey) -> PendingTip? {
        if let pending = batch.pending[key] { return pending }
        for group in undecided { if let pending = group.pending[key] { return pending } }
        return nil
    }

    func identify(_ key: TipKey, encoded: [UInt8], now: Timestamp) -> Identity {
        switch batch.stored {
        case .failure(let error): return .refused(Rejection(unavailable: error))
        case .success(let stored):
            guard let stored = stored[key] else { break }
            let receipt = Receipt(
                tip: key.tip, sequence: stored.sequence, incident: stored.incident, verdict: .repeat,
                level: stored.level, score: stored.score)
            switch answer(receipt, matches: stored.encoded == encoded) {
            case .success(let receipt): return .known(receipt)
            case .failure(let rejection): return .refused(rejection)
            }
        }
        let age = now.milliseconds(since: key.tip.madeAt)
        if age > settings.idWindowMilliseconds || age < -TipLimits.futureMilliseconds, let leap = PostTime.leap(now, origin: clockOrigin, time.monotonicMilliseconds()) {
            // By a clock that is wrong every tip is too old, and a post gives up what is refused for good.
            return .refused(
                Rejection(
                    .unavailable, "the station's clock leapt by \(leap / 86_400_000) days; the tip waits until it is set right",
                    retryAfterMilliseconds: 10_000))
        }
        if age > settings.idWindowMilliseconds {
            return .refused(
                Rejection(
                    .tooOld, field: "tip.id",
                    "made \(age / 86_400_000) days ago; repeats are recognised for \(settings.idWindowMilliseconds / 86_400_000) days"))
        }
        if age < -TipLimits.futureMilliseconds {
            return .refused(
                Rejection(.inFuture, field: "tip.id", "made \(-age / 3_600_000) hours ahead of the daemon's clock; set the post's"))
        }
        return .new
    }

    private func answer(_ receipt: Receipt, matches: Bool) -> Result<Receipt, Rejection> {
        guard matches else {
            return .failure(
                Rejection(
                    .conflict, field: "tip.id",
                    "tip \(receipt.tip) was accepted with another body as \(receipt.sequence); nothing was changed"))
        }
        var again = receipt
        again.verdict = .repeat
        return .success(again)
    }
}

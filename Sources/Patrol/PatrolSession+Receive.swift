import TipModel
public import TipWire

extension PatrolSession {
    /// Takes one message of the daemon's. What cannot be read or is not for a patrol is ignored, except a FEED.
    public mutating func receive(_ header: Header, _ body: [UInt8], at now: Moment) {
        switch header.verb {
        case .subscribed:
            if let subscribed = try? Subscribed(body) { take(subscribed, request: header.request, at: now) }
        case .feed: takeFeed(body, at: now)
        case .heartbeatReply:
            if let reply = try? HeartbeatReply(body) { take(reply, at: now) }
        case .actionResult:
            heard(at: now)
            guard let waiting = pending.removeValue(forKey: header.request) else { return }
            guard let result = try? ActionResult(body) else {
                return tell(.action(ActionOutcome(command: waiting.command, result: .timedOut)))
            }
            let outcome: ActionOutcome.Result =
                if let refusal = result.refusal { .refused(refusal, result.incident) } else {
                    .done(result.incident, sequence: result.sequence)
                }
            tell(.action(ActionOutcome(command: waiting.command, result: outcome)))
        case .rejections:
            guard let rejection = (try? RejectionCodec.decode(body))?.first?.rejection else { return }
            take(rejection, request: header.request, at: now)
        default: break
        }
    }

    private mutating func take(_ subscribed: Subscribed, request: UInt32, at now: Moment) {
        // An answer to an earlier subscription: the one that counts is under way.
        guard case .asked(request, _) = subscription else { return }
        heard(at: now)
        if !fromNow, Lane.allCases.contains(where: { subscribed.heads[$0] < tracker.cursor[$0] }) {
            return startOver(at: now)
        }
        for lane in Lane.allCases where subscribed.begin[lane] != tracker.cursor[lane] {
            if fromNow { tracker.move(lane, to: subscribed.begin[lane]) } else { move(lane, to: subscribed.begin[lane]) }
        }
        fromNow = false
        subscription = .live
        liveSince = now.monotonic
        heads = subscribed.heads
        behindAnswers = 0
        // Its answer tells sooner than the next regular one whether anything is still to come.
        heartbeatDue = now.monotonic
        tell(.subscribed(subscribed))
        acknowledged = nil
        acknowledge()
        reportPosition(isNew: true)
    }

    /// The daemon's journal ends before our cursor: it was restored from a backup or began anew. Its next events would
    /// look like repeats, so both lanes start from the beginning: old events show again, and none is missed.
    private mutating func startOver(at now: Moment) {
        for lane in Lane.allCases { move(lane, to: 0) }
        kept = nil
        subscribe(at: now)
    }

    private mutating func move(_ lane: Lane, to sequence: SequenceNumber) {
        tell(.rewound(lane, from: tracker.cursor[lane], to: sequence))
        tracker.move(lane, to: sequence)
    }

    private mutating func takeFeed(_ body: [UInt8], at now: Moment) {
        // Before SUBSCRIBED these belong to a subscription that was given up; all of it comes again.
        guard case .live = subscription else { return }
        let lane: Lane
        let items: [FeedItem]
        do throws(Rejection) {
            (lane, items) = try FeedCodec.decode(body)
        } catch {
            return fault(.undecodable, at: now)
        }
        heard(at: now)
        guard windows[lane]?.receive(Credit(of: items)) == true else { return fault(.overrun, at: now) }
        let (accepted, action) = tracker.take(items, lane: lane)
        if accepted.count < items.count {
            // Nobody will consume the rest, so it is given back here.
            consumed(Credit(of: items).subtracting(Credit(of: accepted)), lane: lane)
        }
        if !accepted.isEmpty {
            faults = 0
            tell(.events(FeedBatch(lane: lane, items: accepted)))
        }
        if case .resubscribe(let lane, let cursor, let found) = action {
            return fault(.gap(lane, expected: cursor[lane], found: found), at: now)
        }
        if var known = heads {
            known[lane] = max(known[lane], tracker.cursor[lane])
            heads = known
        }
        reportPosition()
    }

    private mutating func take(_ reply: HeartbeatReply, at now: Moment) {
        heard(at: now)
        let offset = reply.daemonTime.milliseconds(since: now.wall)
        // Small changes are the network's, not the clock's.
        if clockOffset.map({ abs($0 - offset) >= 1_000 }) ?? true {
            clockOffset = offset
            tell(.clock(offset: offset))
        }
        guard case .live = subscription else { return }
        heads = reply.heads
        let isBehind = Lane.allCases.contains { tracker.cursor[$0] < reply.heads[$0] }
        behindAnswers = isBehind ? behindAnswers + 1 : 0
        reportPosition()
    }

    private mutating func take(_ rejection: Rejection, request: UInt32, at now: Moment) {
        // A connection whose key was revoked stays so even when the unit is enrolled again. Its silence goes on, so
        // that a new one is made.
        if rejection.code != .revoked { heard(at: now) }
        if let waiting = pending.removeValue(forKey: request) {
            return tell(.action(ActionOutcome(command: waiting.command, result: .refused(rejection, nil))))
        }
        switch (subscription, rejection.code) {
        // From 0 there is nothing to start over: that refusal is one like any other, and waits.
        case (.asked(request, _), .invalidField)
        where rejection.field == "subscribe.after" && tracker.cursor != FeedCursor():
            startOver(at: now)
        case (.asked(request, _), _), (.live, .revoked), (.live, .forbidden):
            tell(.refused(rejection))
            subscription = .none
            isCaughtUp = false
            // A refusal for good is asked about again too, seldom: a person may enrol the unit meanwhile.
            let wait = rejection.code.isRetriable ? max(1_000, Int64(rejection.retryAfterMilliseconds)) : 10_000
            resubscribeAt = now.monotonic + wait
        case (.live, .notFound) where rejection.field == "subscription":
            // The daemon has ended it, for silence for instance.
            resubscribe(at: now)
        // What was said before there was a subscription needs none: it is being asked for anyway.
        case (.none, .notFound), (.asked, .notFound): break
        default: tell(.remark(rejection))
        }
    }

    private mutating func heard(at now: Moment) {
        heardAt = now
        guard staleSince != nil else { return }
        staleSince = nil
        tell(.fresh)
    }

    /// Tells when the cursor reaches the heads, or falls behind them.
    private mutating func reportPosition(isNew: Bool = false) {
        guard let heads else { return }
        let reached = Lane.allCases.allSatisfy { tracker.cursor[$0] >= heads[$0] }
        // One answer that names a newer head may only have crossed the event on its way.
        guard isNew || (reached && !isCaughtUp) || (!reached && isCaughtUp && behindAnswers > 1) else { return }
        isCaughtUp = reached
        tell(reached ? .caughtUp(tracker.cursor) : .behind(cursor: tracker.cursor, heads: heads))
    }
}

// The client's protocol as a state machine: what came in and what time it is go in, what to send and what to tell
// come out. PatrolClient is the thin shell that owns the socket and performs the effects. Tests drive this directly.

public import Access
public import TipModel
public import TipWire

/// The times and windows that a session works by. Milliseconds.
public struct SessionPlan: Hashable, Sendable {
    /// Empty for all that the unit may see.
    public var zones: [ZoneID] = []
    public var leastLevel = UrgencyLevel.routine
    public var alertCredit = Credit(events: 256, bytes: 1 << 20)
    public var mainCredit = Credit(events: 256, bytes: 1 << 20)
    public var heartbeat: Int64 = 5_000
    /// Silence after which what is shown counts as stale.
    public var staleAfter: Int64 = 10_000
    /// Wait for an action's result.
    public var actionDeadline: Int64 = 10_000
    /// Wait for SUBSCRIBED before asking again.
    public var subscribeDeadline: Int64 = 5_000
    /// Silence, or time without a usable connection, after which the next endpoint is tried.
    public var relinkAfter: Int64 = 20_000
    /// Between heartbeats while the patrol is behind: their answers tell when it no longer is.
    public var heartbeatBehind: Int64 = 1_000
    /// A subscription that lived this long was sound: the next fault is the first again.
    public var soundAfter: Int64 = 60_000
    /// Actions under way at a time.
    public var actionBound = 16

    public init() {}
}

/// Both clocks, read once for each round.
public struct Moment: Hashable, Sendable {
    public var wall: Timestamp
    /// Milliseconds on a clock that only runs forward.
    public var monotonic: Int64

    public init(wall: Timestamp, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }

    public init(_ source: some TimeSource) {
        self.init(wall: source.now(), monotonic: source.monotonicMilliseconds())
    }
}

/// What the shell must do.
public enum SessionEffect: Hashable, Sendable {
    /// Send it; if there is no room, say so with ``PatrolSession/notSent(_:at:)``.
    case send(Header, [UInt8])
    case tell(PatrolOutput)
    /// Close the link and open one to the next endpoint.
    case relink
}

public struct PatrolSession: Sendable {
    enum Subscription: Hashable {
        case none
        case asked(request: UInt32, deadline: Int64)
        case live
    }

    struct Pending: Hashable {
        var command: PatrolCommand
        var deadline: Int64
    }

    let plan: SessionPlan
    /// To be performed in order and emptied by the shell.
    public var effects: [SessionEffect] = []
    public internal(set) var tracker: FeedTracker
    var windows: [Lane: CreditWindow]
    var link = LinkState.connecting
    var endpoint: String
    var subscription = Subscription.none
    /// Begin with what comes next: no cursor is known and none is wanted.
    var fromNow: Bool
    var heads: FeedCursor?
    var isCaughtUp = false
    var nextRequest: UInt32 = 0
    var pending: [UInt32: Pending] = [:]
    /// When the daemon last answered, and by our wall clock.
    var heardAt: Moment
    var staleSince: Timestamp?
    var heartbeatDue: Int64 = 0
    var linkedAt: Int64
    /// When the daemon last confirmed a subscription.
    var liveSince: Int64
    /// Heartbeat answers in a row that put the patrol behind: one alone may only have crossed an event.
    var behindAnswers = 0
    /// Faults in a row without progress: the wait before subscribing again doubles with each.
    var faults = 0
    var resubscribeAt: Int64?
    var clockOffset: Int64?
    var acknowledged: FeedCursor?
    var kept: FeedCursor?

    /// - Parameters:
    ///   - cursor: where to resume.
    ///   - fromNow: ignore `cursor` and begin with what comes next.
    public init(plan: SessionPlan, cursor: FeedCursor, fromNow: Bool = false, endpoint: String, at now: Moment) {
        self.plan = plan
        self.fromNow = fromNow
        self.endpoint = endpoint
        tracker = FeedTracker(cursor: cursor)
        windows = [
            .alert: CreditWindow(window: plan.alertCredit), .main: CreditWindow(window: plan.mainCredit),
        ]
        heardAt = now
        linkedAt = now.monotonic
        liveSince = now.monotonic
        effects.append(.tell(.link(.connecting, endpoint: endpoint)))
    }

    // MARK: - The link

    /// The link's state changed. A new connection knows nothing of the old one's subscription.
    public mutating func linkChanged(_ state: LinkState, at now: Moment) {
        if state != link { tell(.link(state, endpoint: endpoint)) }
        link = state
        subscription = .none
        guard state == .connected else { return }
        linkedAt = now.monotonic
        heartbeatDue = now.monotonic
        resubscribeAt = now.monotonic
        faults = 0
        tick(at: now)
    }

    /// A new link to `endpoint` was made.
    public mutating func relinked(to endpoint: String, at now: Moment) {
        let isElsewhere = endpoint != self.endpoint
        self.endpoint = endpoint
        subscription = .none
        linkedAt = now.monotonic
        // Trying the same address once more is no news: what is wrong with it stays said until it changes.
        guard isElsewhere || link == .connected else { return }
        link = .connecting
        tell(.link(.connecting, endpoint: endpoint))
    }

    // MARK: - Time

    /// Does what is due.
    public mutating func tick(at now: Moment) {
        for (request, waiting) in pending.sorted(by: { $0.key < $1.key }) where waiting.deadline <= now.monotonic {
            pending[request] = nil
            tell(.action(ActionOutcome(command: waiting.command, result: .timedOut)))
        }
        if staleSince == nil, now.monotonic - heardAt.monotonic >= plan.staleAfter {
            staleSince = heardAt.wall
            tell(.stale(since: heardAt.wall))
        }
        // A connection that is silent is as good as none: a peer may be gone without a word (half-open TCP).
        if now.monotonic - max(linkedAt, heardAt.monotonic) >= plan.relinkAfter {
            linkedAt = now.monotonic
            effects.append(.relink)
            return
        }
        guard link == .connected else { return }
        if case .asked(_, let deadline) = subscription, deadline <= now.monotonic {
            subscription = .none
            resubscribeAt = now.monotonic
        }
        if let due = resubscribeAt, due <= now.monotonic { subscribe(at: now) }
        if heartbeatDue <= now.monotonic {
            heartbeatDue = now.monotonic + (isCaughtUp ? plan.heartbeat : min(plan.heartbeat, plan.heartbeatBehind))
            effects.append(.send(Header(.patrolHeartbeat), PatrolHeartbeatCodec.encode(sentAt: now.wall)))
        }
    }

    /// Milliseconds until ``tick(at:)`` has something to do.
    public func nextDue(at now: Moment) -> Int64 {
        var due = max(linkedAt, heardAt.monotonic) + plan.relinkAfter
        if staleSince == nil { due = min(due, heardAt.monotonic + plan.staleAfter) }
        for waiting in pending.values { due = min(due, waiting.deadline) }
        if link == .connected {
            due = min(due, heartbeatDue)
            if let resubscribeAt { due = min(due, resubscribeAt) }
            if case .asked(_, let deadline) = subscription { due = min(due, deadline) }
        }
        return max(0, due - now.monotonic)
    }

    // MARK: - Commands

    /// Sends a command, or says at once that it cannot be sent.
    public mutating func perform(_ command: PatrolCommand, at now: Moment) {
        guard link == .connected else { return tell(.action(ActionOutcome(command: command, result: .notSent))) }
        guard pending.count < plan.actionBound else {
            return tell(.action(ActionOutcome(command: command, result: .tooMany)))
        }
        let request = makeRequest()
        pending[request] = Pending(command: command, deadline: now.monotonic + plan.actionDeadline)
        let action = Action(
            incident: command.incident, disposition: command.disposition,
            note: clipped(command.note, bytes: WireLimits.noteBytes), to: command.to, divert: command.divert)
        effects.append(.send(Header(command.verb.wire, request: request), action.encoded))
    }

    /// A message could not be sent: the connection is gone or its queue full.
    public mutating func notSent(_ header: Header, at now: Moment) {
        if let waiting = pending.removeValue(forKey: header.request) {
            tell(.action(ActionOutcome(command: waiting.command, result: .notSent)))
        }
        switch header.verb {
        case .subscribe:
            subscription = .none
            resubscribeAt = now.monotonic + 50
        case .patrolHeartbeat: heartbeatDue = now.monotonic + 200
        // Credit that did not arrive would be missing for good; a new subscription sets it anew.
        case .credit: resubscribe(at: now)
        case .acknowledge: acknowledged = nil
        default: break
        }
    }

    /// The consumer is through with a batch.
    public mutating func consumed(_ amount: Credit, lane: Lane) {
        guard let grant = windows[lane]?.consume(amount), link == .connected, subscription != .none else { return }
        effects.append(.send(Header(.credit), CreditGrant(lane: lane, credit: grant).encoded))
    }

    /// The consumer has kept everything up to `cursor` on disk.
    public mutating func kept(_ cursor: FeedCursor) {
        kept = cursor
        acknowledge()
    }

    // MARK: - Shared

    mutating func tell(_ output: PatrolOutput) { effects.append(.tell(output)) }

    mutating func makeRequest() -> UInt32 {
        nextRequest = nextRequest == .max ? 1 : nextRequest + 1
        return nextRequest
    }

    mutating func acknowledge() {
        guard case .live = subscription, let kept else { return }
        // After a rewind the consumer may still tell of the place that it had before.
        let through = FeedCursor(
            alert: min(kept.alert, tracker.cursor.alert), main: min(kept.main, tracker.cursor.main))
        guard through != acknowledged else { return }
        acknowledged = through
        effects.append(.send(Header(.acknowledge), AcknowledgeCodec.encode(through)))
    }

    mutating func subscribe(at now: Moment) {
        resubscribeAt = nil
        let request = makeRequest()
        subscription = .asked(request: request, deadline: now.monotonic + plan.subscribeDeadline)
        let none = Credit(events: 0, bytes: 0)
        let subscribe = Subscribe(
            zones: plan.zones, leastLevel: plan.leastLevel, resume: fromNow ? nil : tracker.cursor,
            alertCredit: windows[.alert]?.restart() ?? none, mainCredit: windows[.main]?.restart() ?? none)
        effects.append(.send(Header(.subscribe, request: request), subscribe.encoded))
    }

    mutating func fault(_ fault: FeedFault, at now: Moment) {
        tell(.fault(fault))
        resubscribe(at: now)
    }

    /// Subscribes again from the cursor: at once the first time, then after 1, 2, 4 … 32 s, so that a daemon that
    /// sends the same fault again is not asked in a circle.
    mutating func resubscribe(at now: Moment) {
        if case .live = subscription, now.monotonic - liveSince >= plan.soundAfter { faults = 0 }
        subscription = .none
        let wait: Int64 = faults == 0 ? 0 : 1_000 << Int64(min(faults - 1, 5))
        faults += 1
        resubscribeAt = now.monotonic + wait
        if wait == 0, link == .connected { subscribe(at: now) }
    }
}

// The feed without its socket: what is done about each message, publication, page and passing of time. It belongs to the
// feed thread and talks through `FeedOutlet`, so that tests can drive it step by step with a patrol that is slow,
// gone or lying.
//
// FeedHub+Messages: what patrols ask. FeedHub+Sending: what they are sent, and in which order.

import Access
import Logging
import TipModel
import TipWire
import ZeroMQ

/// Where the hub sends and asks.
protocol FeedOutlet: AnyObject {
    /// Sends one message without waiting.
    func send(_ route: RouteID, _ header: Header, _ body: [UInt8]) -> SendOutcome
    /// Asks for a page; false when too many wait.
    func ask(_ request: PageRequest) -> Bool
    func act(_ action: UnitAction) -> Bool
    func report(_ unit: UnitID, _ cursor: FeedCursor)
}

final class FeedHub {
    let settings: FeedSettings
    let access: AccessTable
    let time: any TimeSource
    let outlet: any FeedOutlet
    let log: Logger

    var table = SubscriptionTable()
    var ring: LiveRing
    var zones = ZoneNumbers()
    var counters = FeedCounters()
    var cursors: CursorReports
    /// Pages asked for and not yet answered, whoever they were for.
    var asked: [Lane: Int] = [.alert: 0, .main: 0]
    /// Whose turn it is to be sent to and to be read for, for each lane.
    var turn: [Lane: Int] = [.alert: 0, .main: 0]
    var pageTurn: [Lane: Int] = [.alert: 0, .main: 0]
    private var accessVersion: Int
    private var lastID: UInt64 = 0
    private var nextSweep: Int64

    init(
        settings: FeedSettings, access: AccessTable, heads: FeedCursor, time: any TimeSource, outlet: any FeedOutlet,
        log: Logger = Logger(label: "watchpost.feed")
    ) {
        self.settings = settings
        self.access = access
        self.time = time
        self.outlet = outlet
        self.log = log
        ring = LiveRing(heads: heads, settings: settings)
        cursors = CursorReports(
            interval: settings.cursorReportInterval.milliseconds, bound: max(4_096, settings.maxSubscriptions))
        accessVersion = access.version
        nextSweep = time.monotonicMilliseconds()
    }

    /// Unique while the daemon runs: names subscriptions and page requests, so that an answer to one that is gone is
    /// not taken for another's.
    func nextID() -> UInt64 {
        lastID &+= 1
        return lastID
    }

    // MARK: From the core

    /// What the core has published since the last time.
    func take(_ taken: PublicationQueue.Taken) {
        ring.lose(through: taken.lost)
        for publication in taken.items {
            ring.append(
                LaneRing.Entry(
                    sequence: publication.sequence, zone: zones.number(of: publication.zone), level: publication.level,
                    event: publication.event, guests: publication.guests),
                to: publication.lane)
        }
    }

    /// The core's answer to an action.
    func answer(_ ticket: ReplyTicket, _ result: ActionResult) {
        // It may hold an incident: only for whom it was made.
        guard access.principal(userID: ticket.userID) != nil else { return }
        if let index = table.index(route: ticket.route), table.slots[index].userID != ticket.userID { return }
        reply(ticket.route, Header(.actionResult, request: ticket.request), result.encoded)
    }

    // MARK: From the journal

    func receive(_ answer: PageAnswer) {
        asked[answer.lane, default: 1] -= 1
        if answer.page == nil { counters.pageFailures += 1 } else { counters.pages += 1 }
        guard let index = table.index(id: answer.subscription) else { return }
        if let page = answer.page, table.slots[index][answer.lane].receive(page, token: answer.token) { return }
        let isNews = table.slots[index][answer.lane].fail(
            token: answer.token, now: time.monotonicMilliseconds(), retry: settings.journalRetryMilliseconds)
        guard isNews else { return }
        refuse(
            table.slots[index].route, 0,
            Rejection(
                .unavailable, field: "subscription.\(answer.lane.name)",
                "the journal cannot be read now; the lane goes on by itself when it can",
                retryAfterMilliseconds: UInt32(clamping: settings.journalRetryMilliseconds.lowerBound)))
    }

    // MARK: Time

    /// Ends what has been silent for too long and tells cursors that are due.
    /// - Returns: whether it was time for that, and so for a new status.
    func sweepIfDue(now: Int64) -> Bool {
        guard now >= nextSweep else { return false }
        nextSweep = now &+ max(1, settings.sweepInterval.milliseconds)
        let timeout = settings.heartbeatTimeout.milliseconds
        for subscription in table.slots where now &- subscription.heardAt >= timeout {
            counters.timedOut += 1
            end(
                subscription.id, because: "silent",
                telling: Rejection(
                    .notFound, field: "subscription", "nothing was heard for \(timeout) ms: subscribe again"))
        }
        for (unit, cursor) in cursors.takeDue(now: now) { outlet.report(unit, cursor) }
        return true
    }

    /// Checks every subscription again when the table of who may speak has changed. Called before anything is sent,
    /// so that nothing goes to a key after its revocation.
    func checkAccess() {
        let version = access.version
        guard version != accessVersion else { return }
        accessVersion = version
        for subscription in table.slots {
            guard case .unit(let unit)? = access.principal(userID: subscription.userID)?.subject else {
                end(subscription.id, because: "revoked", telling: Self.revoked)
                continue
            }
            let allowed = Set(unit.zones)
            let now = subscription.wantsAllZones ? allowed : subscription.zones.intersection(allowed)
            guard now != subscription.zones, let index = table.index(id: subscription.id) else { continue }
            if now.isEmpty {
                end(
                    subscription.id, because: "no zone left",
                    telling: Rejection(.forbidden, field: "subscribe.zones", "none of its zones is this unit's any more"))
            } else {
                table.slots[index].restrict(
                    to: now, filter: zones.filter(zones: now, leastLevel: subscription.leastLevel, unit: subscription.unit))
            }
        }
    }

    static let revoked = Rejection(.revoked, "this key was revoked or replaced: connect with the key now enrolled")

    /// Milliseconds until something has to be done that nobody wakes the loop for.
    func delay(now: Int64) -> Int {
        var due = nextSweep
        // By index, here and in the rounds: a copy of a subscription costs more than what is asked of it.
        for index in table.slots.indices {
            if let until = table.slots[index].blockedUntil { due = min(due, until) }
            if let retry = table.slots[index].alert.retryDue { due = min(due, max(retry, now &+ 1)) }
            if let retry = table.slots[index].main.retryDue { due = min(due, max(retry, now &+ 1)) }
        }
        return Int(max(0, min(due &- now, 60_000)))
    }

    // MARK: Ending

    /// Ends a subscription and tells how far it had come.
    func end(_ id: UInt64, because reason: String, telling rejection: Rejection? = nil) {
        guard let ended = table.remove(id: id) else { return }
        log.info(
            "a patrol's subscription ended",
            metadata: ["unit": "\(ended.unit)", "peer": "\(ended.peer)", "reason": "\(reason)"])
        if let rejection { refuse(ended.route, 0, rejection) }
        if let cursor = cursors.take(ended.unit) { outlet.report(ended.unit, cursor) }
    }

    /// The daemon stops: what is known of cursors is told.
    func endAll() {
        for subscription in table.slots { end(subscription.id, because: "stopping") }
    }

    var status: FeedStatus {
        var status = FeedStatus()
        status.counters = counters
        status.heads = ring.heads
        status.ringEvents = ring.alert.count + ring.main.count
        status.ringBytes = ring.alert.bytes + ring.main.bytes
        status.subscriptions = table.slots.map { subscription in
            func lane(_ progress: LaneProgress) -> LaneStatus {
                LaneStatus(
                    sent: progress.cursor, acknowledged: progress.acknowledged, head: ring[progress.lane].newest,
                    credit: progress.credit, isCatchingUp: !progress.isLive(in: ring[progress.lane]))
            }
            return SubscriptionStatus(
                unit: subscription.unit, zones: subscription.zones.sorted(), leastLevel: subscription.leastLevel,
                peer: subscription.peer, since: subscription.since, alert: lane(subscription.alert),
                main: lane(subscription.main), isBlocked: subscription.isProbing)
        }
        return status
    }
}

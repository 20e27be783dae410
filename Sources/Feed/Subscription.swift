import TipModel
import TipWire

/// One patrol's connection: what it may see, how far each lane has come, and whether it can be sent to now. It belongs
/// to a route and a user id together; the route alone proves nothing.
struct Subscription {
    /// A reply that waits for room.
    struct Reply {
        let header: Header
        let body: [UInt8]
    }

    let id: UInt64
    let route: RouteID
    let userID: String
    let unit: UnitID
    /// It asked for all zones of its unit, whichever those are.
    let wantsAllZones: Bool
    let leastLevel: UrgencyLevel
    let peer: String
    let since: Timestamp

    private(set) var zones: Set<ZoneID>
    private(set) var filter: ZoneFilter
    var alert: LaneProgress
    var main: LaneProgress

    /// When it was last heard, monotonic milliseconds.
    private(set) var heardAt: Int64

    /// Not to be tried before this; nil when it can be.
    private(set) var blockedUntil: Int64?
    private var blockedSince: Int64?
    private var backoff: Int64 = 0
    /// Replies that did not fit into its queue, oldest first; events wait behind them.
    private(set) var outbox: [Reply] = []

    init(
        id: UInt64, route: RouteID, userID: String, unit: UnitID, peer: String, ask: Subscribe, zones: Set<ZoneID>,
        filter: ZoneFilter, begin: FeedCursor, since: Timestamp, now: Int64
    ) {
        self.id = id
        self.route = route
        self.userID = userID
        self.unit = unit
        self.peer = peer
        self.since = since
        self.zones = zones
        self.filter = filter
        wantsAllZones = ask.zones.isEmpty
        leastLevel = ask.leastLevel
        alert = LaneProgress(lane: .alert, after: begin.alert, credit: ask.alertCredit)
        main = LaneProgress(lane: .main, after: begin.main, credit: ask.mainCredit)
        heardAt = now
    }

    subscript(lane: Lane) -> LaneProgress {
        get { lane == .alert ? alert : main }
        set { if lane == .alert { alert = newValue } else { main = newValue } }
    }

    var acknowledged: FeedCursor { FeedCursor(alert: alert.acknowledged, main: main.acknowledged) }

    /// A message came from it. A patrol that sends may have read, so it is tried again at once.
    mutating func heard(at now: Int64) {
        heardAt = now
        blockedUntil = nil
    }

    /// Takes an acknowledgement for both lanes, or for none.
    mutating func acknowledge(_ through: FeedCursor) throws(Rejection) {
        var (newAlert, newMain) = (alert, main)
        try newAlert.acknowledge(through.alert)
        try newMain.acknowledge(through.main)
        (alert, main) = (newAlert, newMain)
    }

    /// What it may see has changed. What the journal is reading for it was asked under the old rule and is not sent.
    mutating func restrict(to zones: Set<ZoneID>, filter: ZoneFilter) {
        self.zones = zones
        self.filter = filter
        alert.forgetPages()
        main.forgetPages()
    }

    // MARK: A queue that is full

    /// Nothing got through last time: the next try is with as little as possible.
    var isProbing: Bool { backoff > 0 }

    /// Whether it is to be left alone now. When the wait is over this says so once, so that a try that finds nothing to
    /// send does not keep the loop awake.
    mutating func isBlocked(at now: Int64) -> Bool {
        guard let until = blockedUntil else { return false }
        if now < until { return true }
        blockedUntil = nil
        return false
    }

    /// Its queue is full.
    mutating func block(at now: Int64, retry: ClosedRange<Int64>, pageHold: Int64) {
        backoff = min(retry.upperBound, max(retry.lowerBound, backoff &* 2))
        blockedUntil = now &+ backoff
        let since = blockedSince ?? now
        blockedSince = since
        if now &- since >= pageHold {
            alert.dropPage()
            main.dropPage()
        }
    }

    /// Something got through.
    mutating func unblock() {
        guard backoff > 0 else { return }
        backoff = 0
        blockedUntil = nil
        blockedSince = nil
    }

    /// Keeps a reply for later; false when `bound` wait already.
    mutating func keep(_ reply: Reply, bound: Int) -> Bool {
        guard outbox.count < bound else { return false }
        outbox.append(reply)
        return true
    }

    /// Takes over what waited for the connection under the subscription before.
    mutating func inherit(_ replies: ArraySlice<Reply>) { outbox = Array(replies) }

    /// The first `count` kept replies went out.
    mutating func removeReplies(_ count: Int) { outbox.removeFirst(min(count, outbox.count)) }
}

/// All subscriptions, found by route, by id and counted by unit.
struct SubscriptionTable {
    /// In no particular order. Only ``insert(_:)`` and ``remove(id:)`` change which there are.
    var slots: [Subscription] = []
    private var byRoute: [RouteID: Int] = [:]
    private var byID: [UInt64: Int] = [:]
    private var perUnit: [UnitID: Int] = [:]

    func index(route: RouteID) -> Int? { byRoute[route] }

    func index(id: UInt64) -> Int? { byID[id] }

    func count(of unit: UnitID) -> Int { perUnit[unit] ?? 0 }

    /// The route must have none.
    mutating func insert(_ subscription: Subscription) {
        byRoute[subscription.route] = slots.count
        byID[subscription.id] = slots.count
        perUnit[subscription.unit, default: 0] += 1
        slots.append(subscription)
    }

    @discardableResult
    mutating func remove(id: UInt64) -> Subscription? {
        guard let index = byID.removeValue(forKey: id) else { return nil }
        let removed = slots[index]
        byRoute[removed.route] = nil
        let left = (perUnit[removed.unit] ?? 1) - 1
        perUnit[removed.unit] = left > 0 ? left : nil
        let last = slots.removeLast()
        if last.id != removed.id {
            slots[index] = last
            byRoute[last.route] = index
            byID[last.id] = index
        }
        return removed
    }
}

// How far one subscription has come in one lane. A state machine without I/O: it plans a message, and learns whether that
// was sent; it asks for a page, and is given it.
//
// Three numbers, because a subscription does not see everything:
// - cursor: the last event sent (or where it began). It is what the next event names as its predecessor.
// - scanned: everything up to here was looked at; between cursor and here is nothing for this subscription.
// - acknowledged: what the patrol says it has kept.
//
// Live or catching up is not a mode that could disagree with the facts: it is whether the ring holds everything after
// `scanned`. As events enter the ring in order and without holes, a subscription that reads on from `scanned`, in the
// ring or from a page of the journal, can meet neither a gap nor a repeat at the join.

import Journal
import TipModel
import TipWire

struct LaneProgress {
    /// A planned message. Nothing has changed until it is committed.
    struct Batch {
        let body: [UInt8]
        let count: Int
        fileprivate let spent: Credit
        fileprivate let cursor: SequenceNumber
        fileprivate let scanned: SequenceNumber
        fileprivate let position: Position
    }

    fileprivate enum Position {
        case ring(UInt64)
        /// The page's next item; past the last it is done.
        case page(Int)
    }

    /// What one message may hold.
    struct BatchLimits {
        var events: Int
        var bytes: Int
    }

    let lane: Lane
    private(set) var cursor: SequenceNumber
    private(set) var scanned: SequenceNumber
    private(set) var acknowledged: SequenceNumber
    private(set) var credit: Credit

    private var ordinal: UInt64 = 0
    private var page: FeedPage?
    private var pageIndex = 0
    /// The page asked for and not yet here.
    private var asked: UInt64?
    /// The cost of the next event, where the credit in bytes did not cover it: a page is not read again before it does.
    private var needed: UInt32 = 0
    private var failures = 0
    private var retryAt: Int64 = 0

    init(lane: Lane, after start: SequenceNumber, credit: Credit) {
        self.lane = lane
        cursor = start
        scanned = start
        acknowledged = start
        self.credit = Credit(events: 0, bytes: 0)
        grant(credit)
    }

    // MARK: Credit and acknowledgement

    /// Adds credit; more than a lane may hold is cut to it.
    mutating func grant(_ more: Credit) {
        credit.events = Self.sum(credit.events, more.events, limit: WireLimits.creditEvents)
        credit.bytes = Self.sum(credit.bytes, more.bytes, limit: WireLimits.creditBytes)
    }

    private static func sum(_ left: UInt32, _ right: UInt32, limit: UInt32) -> UInt32 {
        UInt32(min(UInt64(left) + UInt64(right), UInt64(limit)))
    }

    /// What an event costs in bytes. One that is larger than a lane's whole credit costs all of it: it can be sent.
    static func cost(of event: [UInt8]) -> UInt32 { UInt32(min(event.count, Int(WireLimits.creditBytes))) }

    private func covers(_ cost: UInt32, spent: Credit) -> Bool {
        credit.events > spent.events && credit.bytes - spent.bytes >= cost
    }

    private var hasCredit: Bool { credit.events > 0 && credit.bytes >= max(1, needed) }

    /// Takes an acknowledgement; an older one than the last changes nothing.
    /// - Throws: `invalidField` for something that was not sent.
    mutating func acknowledge(_ through: SequenceNumber) throws(Rejection) {
        guard through <= cursor else {
            throw Rejection(
                .invalidField, field: "acknowledge.\(lane.name)_through",
                "\(through) was not sent; the last in this lane is \(cursor)")
        }
        acknowledged = max(acknowledged, through)
    }

    // MARK: Sending

    /// Whether what comes next is read from the ring.
    func isLive(in ring: LaneRing) -> Bool { page == nil && asked == nil && ring.holdsAll(after: scanned) }

    /// Whether an older event than those in the ring is about to be sent: the other lane should wait for it.
    func isFetching(from ring: LaneRing) -> Bool { !isLive(in: ring) && hasCredit && failures == 0 }

    /// Whether the journal is being waited for after a failure, and until when.
    var retryDue: Int64? { failures > 0 && asked == nil ? retryAt : nil }

    var holdsPage: Bool { page != nil }

    /// Plans the next message, as far as credit and limits go; nil when there is nothing to send now.
    mutating func nextBatch(from ring: LaneRing, filter: ZoneFilter, limits: BatchLimits) -> Batch? {
        if let batch = batchFromPage(limits) { return batch }
        guard page == nil, asked == nil, ring.newest > scanned, ring.holdsAll(after: scanned) else { return nil }

        var plan = Plan(self, limits)
        var at = ring.position(after: scanned, hint: ordinal)
        var looked = scanned
        while at < ring.end {
            let entry = ring[at]
            if filter.admits(entry), !plan.add(entry.sequence, entry.event) { break }
            looked = entry.sequence
            at &+= 1
        }
        guard plan.writer.count > 0 else {
            scanned = looked
            ordinal = at
            return nil
        }
        return plan.batch(scanned: looked, .ring(at))
    }

    private mutating func batchFromPage(_ limits: BatchLimits) -> Batch? {
        guard let page else { return nil }
        var plan = Plan(self, limits)
        var index = pageIndex
        var looked = scanned
        while index < page.items.count {
            let item = page.items[index]
            if item.sequence > scanned {
                guard plan.add(item.sequence, item.event) else { break }
                looked = item.sequence
            }
            index += 1
        }
        if index == page.items.count { looked = max(looked, page.reached) }
        if plan.writer.count > 0 { return plan.batch(scanned: looked, .page(index)) }
        // Either it is done, or the credit is: then the rest is not kept but read again.
        scanned = looked
        if index < page.items.count { needed = Self.cost(of: page.items[index].event) }
        dropPage()
        return nil
    }

    /// A planned message was sent.
    mutating func commit(_ batch: Batch) {
        cursor = batch.cursor
        scanned = batch.scanned
        credit.events -= batch.spent.events
        credit.bytes -= batch.spent.bytes
        needed = 0
        switch batch.position {
        case .ring(let at): ordinal = at
        case .page(let index):
            pageIndex = index
            if let page, index >= page.items.count { dropPage() }
        }
    }

    /// A message while it is planned.
    private struct Plan {
        var writer: FeedBatchWriter
        private let progress: LaneProgress
        private let limits: BatchLimits
        private var spent = Credit(events: 0, bytes: 0)
        private var cursor: SequenceNumber

        init(_ progress: LaneProgress, _ limits: BatchLimits) {
            self.progress = progress
            self.limits = limits
            cursor = progress.cursor
            writer = FeedBatchWriter(lane: progress.lane)
        }

        /// False when the event does not go into this message. A first event does whatever its size.
        mutating func add(_ sequence: SequenceNumber, _ event: [UInt8]) -> Bool {
            let cost = LaneProgress.cost(of: event)
            guard progress.covers(cost, spent: spent), writer.count < limits.events,
                writer.count == 0 || writer.body.count + event.count <= limits.bytes
            else { return false }
            writer.append(previous: cursor, event: event)
            cursor = sequence
            spent.events += 1
            spent.bytes += cost
            return true
        }

        func batch(scanned: SequenceNumber, _ position: Position) -> Batch {
            Batch(
                body: writer.body, count: writer.count, spent: spent, cursor: cursor, scanned: scanned,
                position: position)
        }
    }

    // MARK: Catching up

    /// Whether the journal is to be read: not where the ring has what comes next, a page is here or on its way, nothing
    /// could be sent, or the journal is given time after a failure.
    func needsPage(ring: LaneRing, now: Int64) -> Bool {
        page == nil && asked == nil && !ring.holdsAll(after: scanned) && hasCredit && now >= retryAt
    }

    /// What to read from the journal next; nil where ``needsPage(ring:now:)`` says no. No more is asked for than the
    /// credit covers.
    /// - Parameter token: names the request; the answer must bear it.
    mutating func askForPage(
        token: UInt64, ring: LaneRing, zones: Set<ZoneID>, guest: UnitID? = nil, leastLevel: UrgencyLevel,
        limits: BatchLimits, now: Int64
    ) -> FeedPageRequest? {
        guard needsPage(ring: ring, now: now) else { return nil }
        asked = token
        return FeedPageRequest(
            lane: lane, after: scanned, through: ring.newest, zones: zones, guest: guest, leastLevel: leastLevel,
            limit: max(1, min(limits.events, Int(credit.events))), bytes: max(1, min(limits.bytes, Int(credit.bytes))))
    }

    /// Takes the page that was asked for; any other is ignored.
    /// - Returns: false when it brings nothing on, which a sound journal does not do: taken as a failure.
    mutating func receive(_ arrived: FeedPage, token: UInt64) -> Bool {
        guard asked == token else { return true }
        guard max(arrived.reached, arrived.items.last?.sequence ?? 0) > scanned else { return false }
        asked = nil
        failures = 0
        retryAt = 0
        page = arrived
        pageIndex = 0
        return true
    }

    /// The page that was asked for could not be read.
    /// - Returns: whether this is news to the patrol: the first failure in a row.
    mutating func fail(token: UInt64, now: Int64, retry: ClosedRange<Int64>) -> Bool {
        guard asked == token else { return false }
        asked = nil
        retryAt = now &+ min(retry.upperBound, retry.lowerBound << Int64(min(failures, 16)))
        failures += 1
        return failures == 1
    }

    /// Lets go of a page; what was not sent of it is read again.
    mutating func dropPage() {
        page = nil
        pageIndex = 0
    }

    /// What may be seen has changed: what was read under the old rule must not be sent.
    mutating func forgetPages() {
        dropPage()
        asked = nil
    }
}

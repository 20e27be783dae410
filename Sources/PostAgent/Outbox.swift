import Settings
import TipModel
import TipWire

// What is sent next, what is on its way and what an answer means, without any I/O: the caller gives the time, loads the
// pages, sends the batches and writes to the spool. Rules:
//
// - The express lane always goes first, each tip in a message of its own at once. The other lane goes in batches: as
//   many as wait and fit, so a single tip when idle and full batches after an outage.
// - The window bounds what is sent and not answered. A part of it is kept for express tips, so that a window full of
//   routine tips never holds up an emergency.
// - A tip leaves only by a receipt or a final rejection. Without an answer in time, and after every lost connection, the
//   same bytes are sent again; the daemon knows the id.
// - Memory: at most the window and a page of each lane.
struct Outbox {
    struct Limits: Sendable {
        /// Most tips sent and not answered, both lanes together.
        var window: Int
        /// Of the window, what other tips leave to express tips.
        var expressReserve: Int
        var batchTips: Int
        var batchBytes: Int
        var receiptTimeout: Int64

        init(_ sending: AgentSettings.Sending) {
            window = max(2, sending.window)
            expressReserve = max(1, min(64, window / 8))
            batchTips = max(1, min(sending.batchTips, WireLimits.tipsPerSubmit))
            // Room for the message's own fields and each tip's length.
            batchBytes = min(sending.batchBytes, WireLimits.messageBytes - 16 * WireLimits.tipsPerSubmit)
            receiptTimeout = sending.receiptTimeout.milliseconds
        }

        var otherWindow: Int { max(1, window - expressReserve) }
    }

    /// One SUBMIT.
    struct Batch: Hashable, Sendable {
        var request: UInt32
        var tips: [OutboxTip]
    }

    /// What rejections mean for the caller.
    struct Refusals: Hashable, Sendable {
        struct Dead: Hashable, Sendable {
            var tip: OutboxTip
            var rejection: Rejection
        }

        /// To be moved to the dead letters; they stay in the window until ``settle(_:number:)``.
        var dead: [Dead] = []
        /// The post itself is refused, not a tip: nothing is lost, but nothing can be sent either.
        var barred: Rejection?
        /// Tips that stay and are sent again later.
        var kept = 0
        /// Why they wait, where it is the daemon's trouble.
        var deferred: Rejection?
    }

    private struct Sent {
        var at: Int64
        var ids: [TipID]
        /// Of `ids`, those without an answer.
        var open: Int
    }

    private struct Flight {
        var tip: OutboxTip
        var request: UInt32
    }

    /// Waits after `busy` and `unavailable`: the daemon's wish within these bounds, in milliseconds.
    static let pauses: ClosedRange<Int64> = 250...30_000
    /// The longest such wait for an express tip.
    static let longestExpressPause: Int64 = 5_000

    let limits: Limits
    private var express = OutboxLane()
    private var others = OutboxLane()
    private var flights: [TipID: Flight] = [:]
    private var expressFlights = 0
    private var messages: [UInt32: Sent] = [:]
    /// Requests in the order of sending, so that the first is the first to time out.
    private var order: [UInt32] = []
    private var lastRequest: UInt32 = 0

    init(limits: Limits) { self.limits = limits }

    /// Sent and not answered.
    var inFlight: Int { flights.count }
    /// In memory and not sent.
    var waiting: Int { express.count + others.count }
    /// Sent and not answered, and so perhaps accepted.
    func isInFlight(_ id: TipID) -> Bool { flights[id] != nil }

    /// A tip that is sent and not answered.
    func sent(_ id: TipID) -> OutboxTip? { flights[id]?.tip }

    /// A request number that no message of this outbox has; heartbeats take theirs here too. Never 0.
    mutating func nextRequest() -> UInt32 {
        lastRequest = lastRequest == .max ? 1 : lastRequest + 1
        return lastRequest
    }

    // MARK: - Loading

    /// The spool has one tip more, with the highest number; it need not be read back.
    mutating func spooled(_ tip: OutboxTip) {
        if tip.isExpress { express.add(tip, limit: limits.batchTips) } else { others.add(tip, limit: limits.batchTips) }
    }

    /// A tip may have come under a number that was passed.
    mutating func rewind(to number: UInt64) {
        express.rewind(to: number)
        others.rewind(to: number)
    }

    /// The page that should be loaded: tips of the lane with numbers above `after`, at most `limit`.
    func wantedPage() -> (isExpress: Bool, after: UInt64, limit: Int)? {
        if express.mayHaveMore, express.count < limits.batchTips { return (true, express.cursor, limits.batchTips) }
        if others.mayHaveMore, others.count < limits.batchTips { return (false, others.cursor, limits.batchTips) }
        return nil
    }

    mutating func loaded(_ page: [OutboxTip], isExpress: Bool, limit: Int) {
        let flights = flights
        if isExpress {
            express.load(page, limit: limit) { flights[$0] != nil }
        } else {
            others.load(page, limit: limit) { flights[$0] != nil }
        }
    }

    // MARK: - Sending

    /// The next message, now counted as sent; nil when nothing may be sent. Undo with ``unsent(_:)``.
    mutating func next(at now: Int64) -> Batch? {
        if let tip = nextExpress(at: now) { return launch([tip], at: now) }
        let tips = nextOthers(at: now)
        return tips.isEmpty ? nil : launch(tips, at: now)
    }

    /// The message could not be handed over.
    mutating func unsent(_ request: UInt32) { recall(request) }

    /// The connection is gone, and with it perhaps what was on its way: all of it is sent again.
    mutating func linkLost() {
        let tips = flights.values.map(\.tip)
        flights.removeAll(keepingCapacity: true)
        expressFlights = 0
        messages.removeAll(keepingCapacity: true)
        order.removeAll(keepingCapacity: true)
        express.putBack(tips.filter(\.isExpress))
        others.putBack(tips.filter { !$0.isExpress })
    }

    /// Puts back what has waited for its receipt too long.
    /// - Returns: how many tips will be sent again.
    mutating func recallOverdue(at now: Int64) -> Int {
        var count = 0
        while let request = order.first {
            if let sent = messages[request] {
                guard sent.at &+ limits.receiptTimeout <= now else { break }
                count += recall(request)
            }
            order.removeFirst()
        }
        return count
    }

    /// When something is to be done without any message coming: a receipt overdue or a pause over.
    func deadline() -> Int64? {
        var times: [Int64] = []
        if let oldest = order.lazy.compactMap({ messages[$0] }).first { times.append(oldest.at &+ limits.receiptTimeout) }
        if !express.isEmpty, express.pausedUntil > .min { times.append(express.pausedUntil) }
        if !others.isEmpty, others.pausedUntil > .min { times.append(others.pausedUntil) }
        return times.min()
    }

    // MARK: - Answers

    /// The tip is gone from the spool: receipted, or among the dead letters.
    mutating func settle(_ id: TipID, number: UInt64) {
        if let flight = flights[id] { return land(id, flight) }
        if express.remove(number: number) == nil { _ = others.remove(number: number) }
    }

    /// Takes in a REJECTIONS message.
    /// - Parameters:
    ///   - request: the request that it answers.
    ///   - jitter: added to a pause, in percent of it, so that 41 posts do not come back in one instant.
    mutating func refused(_ request: UInt32, _ items: [TipRejection], at now: Int64, jitter: Int64 = 0) -> Refusals {
        var refusals = Refusals()
        for item in items {
            if let id = item.tip {
                refuse(id, item.rejection, at: now, jitter, &refusals)
            } else {
                refuseMessage(request, item.rejection, at: now, jitter, &refusals)
            }
        }
        return refusals
    }
}

// MARK: - Inside

extension Outbox {
    private mutating func nextExpress(at now: Int64) -> OutboxTip? {
        guard now >= express.pausedUntil, flights.count < limits.window else { return nil }
        return express.takeFirst()
    }

    private mutating func nextOthers(at now: Int64) -> [OutboxTip] {
        guard now >= others.pausedUntil else { return [] }
        let used = flights.count - expressFlights
        let room = min(limits.otherWindow - used, limits.window - flights.count)
        guard room > 0 else { return [] }
        // With a backlog, wait until half a batch fits: answers for single tips would otherwise draw out single tips.
        if others.count > room, used > 0, room < min(limits.batchTips, limits.otherWindow) / 2 { return [] }
        var tips: [OutboxTip] = []
        var bytes = 0
        while tips.count < min(room, limits.batchTips), let tip = others.first {
            if !tips.isEmpty, tip.goesAlone || bytes + tip.bytes.count > limits.batchBytes { break }
            guard let taken = others.takeFirst() else { break }
            tips.append(taken)
            bytes += taken.bytes.count
            if taken.goesAlone { break }
        }
        return tips
    }

    private mutating func launch(_ tips: [OutboxTip], at now: Int64) -> Batch {
        let request = nextRequest()
        for tip in tips {
            flights[tip.id] = Flight(tip: tip, request: request)
            if tip.isExpress { expressFlights += 1 }
        }
        messages[request] = Sent(at: now, ids: tips.map(\.id), open: tips.count)
        order.append(request)
        return Batch(request: request, tips: tips)
    }

    private mutating func land(_ id: TipID, _ flight: Flight) {
        flights[id] = nil
        if flight.tip.isExpress { expressFlights -= 1 }
        messages[flight.request]?.open -= 1
        if messages[flight.request]?.open == 0 { messages[flight.request] = nil }
        // Answered messages at the front are let go, so that `order` is no longer than the window.
        while let first = order.first, messages[first] == nil { order.removeFirst() }
    }

    /// Puts a message's tips that are still on their way back into their lanes.
    @discardableResult
    private mutating func recall(_ request: UInt32, alone: Bool = false) -> Int {
        guard let message = messages.removeValue(forKey: request) else { return 0 }
        var back: [OutboxTip] = []
        for id in message.ids {
            guard var flight = flights[id], flight.request == request else { continue }
            flights[id] = nil
            if flight.tip.isExpress { expressFlights -= 1 }
            if alone { flight.tip.goesAlone = true }
            back.append(flight.tip)
        }
        express.putBack(back.filter(\.isExpress))
        others.putBack(back.filter { !$0.isExpress })
        return back.count
    }

    private mutating func refuse(
        _ id: TipID, _ rejection: Rejection, at now: Int64, _ jitter: Int64, _ refusals: inout Refusals
    ) {
        let flight = flights[id]
        guard let tip = flight?.tip ?? express.find(id) ?? others.find(id) else { return }
        // A revoked key is the post's trouble: its tips are good and wait until the post is enrolled again.
        guard rejection.code.isRetriable || rejection.code == .revoked else {
            refusals.dead.append(.init(tip: tip, rejection: rejection))
            return
        }
        refusals.kept += 1
        if let flight {
            land(id, flight)
            if tip.isExpress { express.putBack([tip]) } else { others.putBack([tip]) }
        }
        if rejection.code == .revoked {
            refusals.barred = rejection
        } else {
            refusals.deferred = rejection
            pause(rejection, isExpress: tip.isExpress, at: now, jitter)
        }
    }

    private mutating func refuseMessage(
        _ request: UInt32, _ rejection: Rejection, at now: Int64, _ jitter: Int64, _ refusals: inout Refusals
    ) {
        let tips = (messages[request]?.ids ?? []).compactMap { flights[$0] }.filter { $0.request == request }.map(\.tip)
        switch rejection.code {
        case .busy, .unavailable:
            refusals.kept += recall(request)
            refusals.deferred = rejection
            pause(rejection, isExpress: tips.contains(where: \.isExpress), at: now, jitter)
        case .revoked, .forbidden, .version, .unsupported:
            // Said about a whole message, these are about who speaks or how, and no tip is at fault.
            refusals.kept += recall(request)
            refusals.barred = rejection
        default:
            if tips.count == 1 {
                refusals.dead += tips.map { .init(tip: $0, rejection: rejection) }
            } else {
                // One bad tip must not take the others with it: each goes again in a message of its own.
                refusals.kept += recall(request, alone: true)
            }
        }
    }

    /// A daemon that has no room for an emergency has none for the rest either, so an express pause holds both lanes.
    private mutating func pause(_ rejection: Rejection, isExpress: Bool, at now: Int64, _ jitter: Int64) {
        var wait = min(max(Int64(rejection.retryAfterMilliseconds), Self.pauses.lowerBound), Self.pauses.upperBound)
        if isExpress { wait = min(wait, Self.longestExpressPause) }
        wait += wait * min(max(jitter, 0), 100) / 100
        others.pausedUntil = max(others.pausedUntil, now &+ wait)
        if isExpress { express.pausedUntil = max(express.pausedUntil, now &+ wait) }
    }
}

extension Duration {
    /// Whole milliseconds, for durations that settings have bounded.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000 &+ attoseconds / 1_000_000_000_000_000
    }
}

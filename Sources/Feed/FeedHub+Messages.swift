import Access
import Logging
import TipModel
import TipWire
import ZeroMQ

/// One message as it came in.
struct Incoming {
    var route: RouteID
    /// As ZAP attached it; nil without CURVE.
    var userID: String?
    var peer: String?
    var header: [UInt8]
    var body: [UInt8]
    /// Header and body: 2 is right.
    var frames: Int
}

extension FeedHub {
    /// Does what a message asks, or answers why not. Nothing that a peer sends can stop it.
    func receive(_ incoming: Incoming) {
        counters.received += 1
        let now = time.monotonicMilliseconds()
        var request: UInt32 = 0
        do throws(Rejection) {
            let header: Result<Header, HeaderError> = incoming.header.withUnsafeBytes { bytes in
                do throws(HeaderError) { return .success(try Header(bytes)) } catch { return .failure(error) }
            }
            var subscribes = false
            switch header {
            case .success(let header):
                request = header.request
                subscribes = header.verb == .subscribe
            case .failure(let error): request = error.request
            }

            let unit = try speaker(incoming, subscribes: subscribes, now: now)
            guard incoming.frames == 2 else {
                throw Rejection(.malformed, field: "frames", "a message is header and body, not \(incoming.frames) frames")
            }
            switch header {
            case .success(let header): try handle(header, incoming, from: unit, now: now)
            case .failure(let error): throw error.rejection
            }
        } catch {
            refuse(incoming.route, request, error)
        }
    }

    /// Who says this: by the user id that ZAP attached to this very message.
    private func speaker(_ incoming: Incoming, subscribes: Bool, now: Int64) throws(Rejection) -> PatrolUnit {
        let index = table.index(route: incoming.route)
        guard let userID = incoming.userID, let principal = access.principal(userID: userID) else {
            if let index, table.slots[index].userID == incoming.userID {
                end(table.slots[index].id, because: "revoked")
            }
            throw Self.revoked
        }
        guard case .unit(let unit) = principal.subject else {
            throw Rejection(.forbidden, "this endpoint is for patrols; posts send tips to the other one")
        }
        if let index {
            // A ROUTER has one peer for a route, so another user's message shows that the first one's connection is gone.
            // Only a SUBSCRIBE can be meant: all else is about a subscription that is not the speaker's.
            guard table.slots[index].userID == userID else {
                end(table.slots[index].id, because: "its route is another's now")
                if subscribes { return unit }
                throw Rejection(.forbidden, field: "subscription", "it was another user's: subscribe first")
            }
            table.slots[index].heard(at: now)
        }
        return unit
    }

    private func handle(_ header: Header, _ incoming: Incoming, from unit: PatrolUnit, now: Int64) throws(Rejection) {
        switch header.verb {
        case .subscribe:
            try subscribe(header.request, incoming, unit, now: now)
        case .credit:
            let grant = try CreditGrant(incoming.body)
            let index = try subscription(incoming.route)
            table.slots[index][grant.lane].grant(grant.credit)
        case .acknowledge:
            let through = try AcknowledgeCodec.decode(incoming.body)
            let index = try subscription(incoming.route)
            try table.slots[index].acknowledge(through)
            cursors.advance(unit.id, to: table.slots[index].acknowledged, now: now)
        case .patrolHeartbeat:
            _ = try PatrolHeartbeatCodec.decode(incoming.body)
            _ = try subscription(incoming.route)
            let answer = HeartbeatReply(
                daemonTime: time.now(), idWindowMilliseconds: settings.idWindowMilliseconds, heads: ring.heads)
            reply(incoming.route, Header(.heartbeatReply, request: header.request), answer.encoded)
        case .claim, .join, .enRoute, .onScene, .clear, .release, .handOver, .seen:
            let ticket = ReplyTicket(
                route: incoming.route, userID: incoming.userID ?? "", request: header.request)
            let action = UnitAction(unit: unit, verb: header.verb, action: try Action(incoming.body), ticket: ticket)
            guard outlet.act(action) else {
                throw Rejection(.busy, "the daemon has too much to do", retryAfterMilliseconds: 200)
            }
        default:
            throw Rejection(.unsupported, field: "header.verb", "verb \(header.verb.rawValue) is not for the feed")
        }
    }

    private func subscription(_ route: RouteID) throws(Rejection) -> Int {
        guard let index = table.index(route: route) else {
            throw Rejection(.notFound, field: "subscription", "this connection has no subscription: subscribe again")
        }
        return index
    }

    /// Begins a subscription in place of the one that the connection had. A refused SUBSCRIBE changes nothing.
    private func subscribe(
        _ request: UInt32, _ incoming: Incoming, _ unit: PatrolUnit, now: Int64
    ) throws(Rejection) {
        let ask = try Subscribe(incoming.body)
        let allowed = Set(unit.zones)
        for zone in ask.zones where !allowed.contains(zone) {
            throw Rejection(.forbidden, field: "subscribe.zones", "zone \(zone) is not one of unit \(unit.id)'s")
        }
        let wanted = ask.zones.isEmpty ? allowed : Set(ask.zones)
        guard !wanted.isEmpty else {
            throw Rejection(.forbidden, field: "subscribe.zones", "unit \(unit.id) has no zones")
        }
        let heads = ring.heads
        let begin = ask.resume ?? heads
        // Sequences are common to the lanes, so a patrol may name the newest it knows for both.
        guard max(begin.alert, begin.main) <= max(heads.alert, heads.main) else {
            throw Rejection(
                .invalidField, field: "subscribe.after",
                "\(max(begin.alert, begin.main)) is ahead of the newest event, \(max(heads.alert, heads.main)): "
                    + "this cursor is from another journal")
        }
        let replaced = table.index(route: incoming.route).map { table.slots[$0].id }
        try makeRoom(for: unit.id, replacing: replaced, now: now)
        var fresh = Subscription(
            id: nextID(), route: incoming.route, userID: incoming.userID ?? "", unit: unit.id,
            peer: incoming.peer ?? "", ask: ask, zones: wanted,
            filter: zones.filter(zones: wanted, leastLevel: ask.leastLevel, unit: unit.id), begin: begin, since: time.now(), now: now)
        if let replaced, let old = table.remove(id: replaced) {
            // Replies that wait still come first; one place is left for SUBSCRIBED.
            let bound = max(0, settings.outboxMessages - 1)
            counters.repliesDropped += UInt64(max(0, old.outbox.count - bound))
            fresh.inherit(old.outbox.suffix(bound))
        }
        table.insert(fresh)
        log.info(
            "a patrol subscribed",
            metadata: [
                "unit": "\(unit.id)", "peer": "\(incoming.peer ?? "")", "alert_after": "\(begin.alert)",
                "main_after": "\(begin.main)",
            ])
        reply(
            incoming.route, Header(.subscribed, request: request),
            Subscribed(zones: wanted.sorted(), begin: begin, heads: heads).encoded)
    }

    /// See ``FeedSettings/perUnitSubscriptions``.
    private func makeRoom(for unit: UnitID, replacing replaced: UInt64?, now: Int64) throws(Rejection) {
        guard replaced == nil else { return }
        if table.count(of: unit) >= settings.perUnitSubscriptions {
            let missedHeartbeat = settings.heartbeatTimeout.milliseconds / 3
            let quietest = table.slots.filter { $0.unit == unit }.min { $0.heardAt < $1.heardAt }
            guard let quietest, now &- quietest.heardAt >= missedHeartbeat else {
                throw Rejection(
                    .busy, field: "subscription",
                    "unit \(unit) has \(settings.perUnitSubscriptions) subscriptions, which is the most",
                    retryAfterMilliseconds: UInt32(clamping: missedHeartbeat))
            }
            end(
                quietest.id, because: "replaced",
                telling: Rejection(.notFound, field: "subscription", "replaced by a newer one of unit \(unit)"))
        }
        guard table.slots.count < settings.maxSubscriptions else {
            throw Rejection(
                .busy, field: "subscription", "there are \(settings.maxSubscriptions) subscriptions, which is the most",
                retryAfterMilliseconds: UInt32(clamping: settings.heartbeatTimeout.milliseconds))
        }
    }

    // MARK: Replies

    /// Answers a message with a rejection and counts it by its code.
    func refuse(_ route: RouteID, _ request: UInt32, _ rejection: Rejection) {
        counters.rejections[rejection.code, default: 0] += 1
        reply(
            route, Header(.rejections, request: request),
            RejectionCodec.encode([TipRejection(tip: nil, rejection)]))
    }

    /// Sends a reply; when the patrol's queue is full, after the replies that wait already.
    func reply(_ route: RouteID, _ header: Header, _ body: [UInt8]) {
        guard let index = table.index(route: route) else {
            switch outlet.send(route, header, body) {
            case .sent: break
            case .wouldBlock: counters.wouldBlock += 1; counters.repliesDropped += 1
            case .unreachable: counters.unreachable += 1
            }
            return
        }
        if table.slots[index].outbox.isEmpty {
            switch outlet.send(route, header, body) {
            case .sent:
                table.slots[index].unblock()
                return
            case .unreachable:
                counters.unreachable += 1
                end(table.slots[index].id, because: "unreachable")
                return
            case .wouldBlock:
                block(index)
            }
        }
        let kept = table.slots[index].keep(.init(header: header, body: body), bound: settings.outboxMessages)
        if !kept { counters.repliesDropped += 1 }
    }

    func block(_ index: Int) {
        counters.wouldBlock += 1
        table.slots[index].block(
            at: time.monotonicMilliseconds(), retry: settings.retryMilliseconds,
            pageHold: settings.pageHold.milliseconds)
    }
}

// One round of sending: replies that waited, then the alert lane of everybody, then the main lane of everybody, then
// pages are asked for. A round is short (bytesPerRound), because the next one begins with what the core has published
// meanwhile: an alert overtakes whatever is still to be sent in the main lane.

import TipModel
import TipWire
import ZeroMQ

extension FeedHub {
    /// - Returns: whether there is more to send at once.
    func sendRound() -> Bool {
        let now = time.monotonicMilliseconds()
        flushReplies(now: now)
        // Not one main-lane event while an alert could still go out.
        if send(.alert, now: now) {
            askForPages(now: now)
            return true
        }
        let hasMore = send(.main, now: now)
        askForPages(now: now)
        return hasMore
    }

    private func flushReplies(now: Int64) {
        var gone: [UInt64] = []
        for index in table.slots.indices where !table.slots[index].outbox.isEmpty {
            guard !table.slots[index].isBlocked(at: now) else { continue }
            var sent = 0
            loop: for reply in table.slots[index].outbox {
                switch outlet.send(table.slots[index].route, reply.header, reply.body) {
                case .sent:
                    sent += 1
                case .wouldBlock:
                    break loop
                case .unreachable:
                    gone.append(table.slots[index].id)
                    break loop
                }
            }
            if sent > 0 { table.slots[index].unblock() }
            table.slots[index].removeReplies(sent)
            if !table.slots[index].outbox.isEmpty { block(index) }
        }
        drop(gone)
    }

    /// Sends one lane to everybody who can take it, beginning with whose turn it is.
    /// - Returns: whether there may be more to send in this lane at once.
    private func send(_ lane: Lane, now: Int64) -> Bool {
        let count = table.slots.count
        guard count > 0 else { return false }
        let first = turn[lane, default: 0]
        var budget = settings.bytesPerRound
        var hasMore = false
        var gone: [UInt64] = []
        for step in 0..<count {
            let index = (first + step) % count
            guard canSend(lane, index, now: now) else { continue }
            switch send(lane, to: index, budget: &budget) {
            case .done: break
            case .more: hasMore = true
            case .gone: gone.append(table.slots[index].id)
            }
            if budget <= 0 {
                turn[lane] = (index + 1) % count
                hasMore = true
                break
            }
        }
        drop(gone)
        return hasMore
    }

    private func canSend(_ lane: Lane, _ index: Int, now: Int64) -> Bool {
        guard !table.slots[index].isBlocked(at: now), table.slots[index].outbox.isEmpty else { return false }
        // Alerts that are being read from the journal come before main-lane events too.
        return lane == .alert || !table.slots[index].alert.isFetching(from: ring.alert)
    }

    private enum Progress { case done, more, gone }

    private func send(_ lane: Lane, to index: Int, budget: inout Int) -> Progress {
        var left = settings.eventsPerRound
        while left > 0, budget > 0 {
            let limits = LaneProgress.BatchLimits(
                events: table.slots[index].isProbing ? 1 : left, bytes: settings.batchBytes)
            let filter = table.slots[index].filter
            guard let batch = table.slots[index][lane].nextBatch(from: ring[lane], filter: filter, limits: limits)
            else { return .done }
            switch outlet.send(table.slots[index].route, Header(.feed), batch.body) {
            case .sent:
                table.slots[index][lane].commit(batch)
                table.slots[index].unblock()
                counters.batches += 1
                counters.events += UInt64(batch.count)
                left -= batch.count
                budget -= batch.body.count
            case .wouldBlock:
                block(index)
                return .done
            case .unreachable:
                return .gone
            }
        }
        return .more
    }

    /// Asks the journal for what is behind the ring, alerts first.
    private func askForPages(now: Int64) {
        askForPages(.alert, now: now)
        askForPages(.main, now: now)
    }

    private func askForPages(_ lane: Lane, now: Int64) {
        let count = table.slots.count
        guard count > 0 else { return }
        var open = asked[lane, default: 0]
        for index in table.slots.indices where table.slots[index][lane].holdsPage { open += 1 }
        let first = pageTurn[lane, default: 0]
        for step in 0..<count {
            guard open < settings.pagesInFlight else { return }
            let index = (first + step) % count
            // Not for one that is held up by its alert lane: it would hold a page that others need.
            guard canSend(lane, index, now: now) else { continue }
            guard table.slots[index][lane].needsPage(ring: ring[lane], now: now) else { continue }
            let token = nextID()
            let subscription = table.slots[index]
            let limits = LaneProgress.BatchLimits(
                events: subscription.isProbing ? 1 : settings.pageEvents, bytes: settings.pageBytes)
            guard
                let page = table.slots[index][lane].askForPage(
                    token: token, ring: ring[lane], zones: subscription.zones, guest: subscription.unit,
                    leastLevel: subscription.leastLevel, limits: limits, now: now)
            else { continue }
            if outlet.ask(PageRequest(subscription: subscription.id, token: token, page: page)) {
                asked[lane, default: 0] += 1
                open += 1
                pageTurn[lane] = (index + 1) % count
            } else {
                _ = table.slots[index][lane].fail(token: token, now: now, retry: settings.journalRetryMilliseconds)
            }
        }
    }

    private func drop(_ gone: [UInt64]) {
        for id in gone {
            counters.unreachable += 1
            end(id, because: "unreachable")
        }
    }
}

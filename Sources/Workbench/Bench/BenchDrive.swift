internal import Glibc

/// How a run sends.
struct BenchPace: Sendable {
    /// Tips in flight for each post.
    var window: Int
    /// Tips in one message.
    var batch = 1
    /// Rest while more than half of the window is under way: the answers come in fewer, larger wake-ups. Not where a single
    /// answer is timed.
    var rests = false
}

extension BenchClients {
    /// Gives each post its tips.
    func assign(_ load: BenchLoad) {
        for (link, queue) in zip(posts, load.queues) { link.assign(queue) }
    }

    /// Closed loop: keeps a window of tips in flight for each post until every one has its receipt and reached every patrol.
    /// - Returns: when the first was sent.
    /// - Throws: ``WorkbenchError`` when a tip was refused, the feed had a gap, or something was missing at the deadline.
    @discardableResult
    func closedLoop(_ load: BenchLoad, _ ledger: BenchLedger, _ pace: BenchPace, deadline: UInt64) throws -> UInt64 {
        assign(load)
        ledgers = [ledger]
        let batch = max(1, pace.batch), window = max(pace.window, batch)
        // A refill of a quarter at a time: a message fewer to look at for each that comes back.
        let refill = max(0, window - max(batch, pace.rests ? window / 4 : 1))
        let most = min(load.count, window * posts.count)
        let begun = nanoseconds()
        var turn = posts
        var sent = 0
        while !ledger.isComplete {
            var isBlocked = false
            for link in turn where !link.hasAll && link.inFlight <= refill {
                let now = nanoseconds()
                while !link.hasAll, link.inFlight + batch <= window {
                    let before = link.next
                    guard try send(link, tips: batch, intended: now) else {
                        isBlocked = true
                        break
                    }
                    sent += link.next - before
                }
                try drain(link)
            }
            let underWay = sent - ledger.receiptCount
            if pace.rests, sent < load.count, underWay > most / 2 { usleep(1_000) }
            try receive(nanoseconds: isBlocked ? 1_000_000 : 50_000_000)
            turn = isBlocked ? posts : takeHeard()
            try check(ledger, deadline)
        }
        return begun
    }

    /// Sends a tip when the one before has its receipt.
    /// - Parameter between: what is done before every `every` tips, in nobody's time.
    func oneAtATime(
        _ load: BenchLoad, _ ledger: BenchLedger, deadline: UInt64, every: Int, _ between: () throws -> Void
    ) throws {
        assign(load)
        ledgers = [ledger]
        for next in 0..<load.count {
            if next % every == 0 { try between() }
            let link = posts[Int(load.order[next])]
            guard try send(link, tips: 1, intended: nanoseconds()) else { throw WorkbenchError("a tip could not be sent") }
            try drain(link)
            while ledger.receiptCount <= next {
                try receive(nanoseconds: 50_000_000)
                try check(ledger, deadline)
            }
            _ = takeHeard()
        }
        while !ledger.isComplete {
            try receive(nanoseconds: 50_000_000)
            try check(ledger, deadline)
        }
    }

    /// Open loop: sends one tip every `interval` nanoseconds, whatever comes back, and waits for the rest.
    func openLoop(_ load: BenchLoad, _ ledger: BenchLedger, interval: UInt64, deadline: UInt64) throws {
        assign(load)
        ledgers = [ledger]
        let begun = nanoseconds() + interval
        var next = 0
        while !ledger.isComplete {
            while next < load.count {
                let due = begun + UInt64(next) * interval
                guard due <= nanoseconds() else { break }
                let link = posts[Int(load.order[next])]
                guard try send(link, tips: 1, intended: due) else { break }
                try drain(link)
                next += 1
            }
            let now = nanoseconds()
            let due = begun + UInt64(next) * interval
            try receive(nanoseconds: next < load.count ? Int64(due > now ? due - now : 0) : 50_000_000)
            _ = takeHeard()
            try check(ledger, deadline)
        }
    }

    func check(_ ledger: BenchLedger, _ deadline: UInt64) throws {
        guard nanoseconds() < deadline else {
            throw WorkbenchError(
                "not all came back in time: \(ledger.receiptCount) receipts of \(ledger.count), \(ledger.eventCount) events")
        }
    }
}

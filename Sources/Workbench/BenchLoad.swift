internal import Access
internal import Glibc
internal import Histogram
internal import Synchronization
internal import TipModel
internal import TipWire
internal import ZeroMQ

/// Nanoseconds of the monotonic clock.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// When each tip of a run was meant to be sent, and how long its answers took. Latency counts from the intended
/// time, so that a stall of the sender does not hide a stall of the daemon (coordinated omission).
final class BenchClock: Sendable {
    private struct Contents {
        var intended: [UInt64] = []
        var receipts = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
        var events = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
        var receiptCount = 0
        var eventCount = 0
        var repeats = 0
    }

    private let contents: Mutex<Contents>
    /// Index of the run's first tip.
    let first: UInt64

    init(first: UInt64, count: Int) {
        self.first = first
        contents = Mutex(Contents(intended: Array(repeating: 0, count: count)))
    }

    func willSend(_ indices: Range<UInt64>, intended: UInt64) {
        contents.withLock { contents in
            for index in indices { contents.intended[Int(index - first)] = intended }
        }
    }

    func received(receipts: [Receipt]) {
        let now = nanoseconds()
        contents.withLock { contents in
            for receipt in receipts {
                let (place, isEarlier) = receipt.tip.low.subtractingReportingOverflow(first)
                guard !isEarlier, place < contents.intended.count, contents.intended[Int(place)] > 0 else { continue }
                if receipt.verdict == .repeat { contents.repeats += 1 }
                contents.receiptCount += 1
                contents.receipts.record(now - contents.intended[Int(place)])
            }
        }
    }

    func received(events: [FeedItem]) {
        let now = nanoseconds()
        contents.withLock { contents in
            for item in events {
                guard let tip = item.event.tip else { continue }
                let (place, isEarlier) = tip.id.low.subtractingReportingOverflow(first)
                guard !isEarlier, place < contents.intended.count, contents.intended[Int(place)] > 0 else { continue }
                contents.eventCount += 1
                contents.events.record(now - contents.intended[Int(place)])
            }
        }
    }

    var receiptCount: Int { contents.withLock { $0.receiptCount } }
    var eventCount: Int { contents.withLock { $0.eventCount } }
    var repeats: Int { contents.withLock { $0.repeats } }

    /// Milliseconds at percentiles 50, 99 and 99.9, and the largest.
    var receiptLatency: BenchLatency { contents.withLock { BenchLatency($0.receipts) } }
    var eventLatency: BenchLatency { contents.withLock { BenchLatency($0.events) } }
}

extension BenchLatency {
    init(_ histogram: Histogram<UInt64>) {
        func milliseconds(_ percentile: Double) -> Double {
            (Double(histogram.valueAtPercentile(percentile)) / 1_000).rounded() / 1_000
        }
        self.init(
            p50: milliseconds(50), p99: milliseconds(99), p999: milliseconds(99.9), max: milliseconds(100),
            samples: Int(histogram.totalCount))
    }
}

/// Sends encoded tips from several posts over one thread.
struct BenchSender: ~Copyable {
    private var links: [BenchLink] = []
    private var polls = PollSet()
    private var message = Multipart(maxFrames: 4)

    /// A class, because a link cannot be copied into an array.
    private final class BenchLink {
        var link: ClientLink
        var inFlight = 0

        init(_ link: consuming ClientLink) { self.link = link }
    }

    init(_ context: Context, endpoint: String, keys: [ClientKeys]) throws {
        for key in keys {
            let link = BenchLink(
                try ClientLink(context, keys: key, endpoint: endpoint, sendQueue: 100_000, reconnect: 100...1_000))
            polls.add(link.link.socket.handle)
            links.append(link)
        }
    }

    /// Closed loop: keeps `window` tips in flight for each post until all are sent and receipted, or the deadline.
    /// - Parameter batch: tips in one SUBMIT.
    /// - Returns: nanoseconds from the first send to the last receipt.
    mutating func run(
        _ tips: [(id: TipID, bytes: [UInt8])], clock: BenchClock, window: Int, batch: Int, deadline: UInt64
    ) throws -> UInt64 {
        let begun = nanoseconds()
        var next = 0
        while clock.receiptCount < tips.count, nanoseconds() < deadline {
            var isBlocked = false
            for link in links {
                while next < tips.count, link.inFlight + batch <= window {
                    let end = min(next + batch, tips.count)
                    let body = Submit(tips: tips[next..<end].map(\.bytes), sentAt: nil).encoded
                    clock.willSend(tips[next].id.low..<(tips[end - 1].id.low + 1), intended: nanoseconds())
                    guard try link.link.socket.trySend(frames: [Header(.submit).encoded, body]) == .sent else {
                        isBlocked = true
                        break
                    }
                    link.inFlight += end - next
                    next = end
                }
            }
            _ = try polls.poll(timeoutMilliseconds: isBlocked ? 1 : 100)
            try receive(clock)
        }
        return nanoseconds() - begun
    }

    /// Open loop: sends one tip every `interval` nanoseconds, whatever comes back.
    mutating func run(
        _ tips: [(id: TipID, bytes: [UInt8])], clock: BenchClock, interval: UInt64, deadline: UInt64
    ) throws {
        let begun = nanoseconds()
        var next = 0
        while clock.receiptCount < tips.count, nanoseconds() < deadline {
            while next < tips.count, begun + UInt64(next) * interval <= nanoseconds() {
                let link = links[next % links.count]
                clock.willSend(tips[next].id.low..<(tips[next].id.low + 1), intended: begun + UInt64(next) * interval)
                let body = Submit(tips: [tips[next].bytes], sentAt: nil).encoded
                guard try link.link.socket.trySend(frames: [Header(.submit).encoded, body]) == .sent else { break }
                next += 1
            }
            // Milliseconds are too coarse to wait for the next send, so the last one is spent asking.
            _ = try polls.poll(timeoutMilliseconds: next < tips.count ? 0 : 100)
            try receive(clock)
            if next < tips.count { usleep(100) }
        }
    }

    private mutating func receive(_ clock: BenchClock) throws {
        for link in links {
            _ = try link.link.readMonitor()
            while try link.link.socket.tryReceive(into: &message) {
                let header = try message.withFrame(0) { (frame) throws(HeaderError) in try Header(frame) }
                switch header.verb {
                case .receipts:
                    let receipts = try ReceiptCodec.decode(message.bytes(1))
                    link.inFlight -= receipts.count
                    clock.received(receipts: receipts)
                case .rejections:
                    let refused = try RejectionCodec.decode(message.bytes(1))
                    throw WorkbenchError("a tip was refused: \(refused.first.map { "\($0.rejection)" } ?? "")")
                default: break
                }
            }
        }
    }
}

/// A patrol that receives everything, on a thread of its own.
final class BenchPatrol: Sendable {
    private let clock = Mutex<BenchClock?>(nil)
    private let isStopping = Atomic<Bool>(false)
    private let isSubscribed = Atomic<Bool>(false)
    private let failure = Mutex<String?>(nil)
    private let thread = Mutex<ThreadHandle?>(nil)

    func start(_ context: Context, endpoint: String, keys: ClientKeys) throws {
        let handle = try spawnThread(name: "bench-patrol") { [self] in
            do {
                try run(context, endpoint: endpoint, keys: keys)
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
        }
        thread.withLock { $0 = handle }
        let deadline = nanoseconds() + 10_000_000_000
        while !isSubscribed.load(ordering: .acquiring) {
            if let failure = failure.withLock({ $0 }) { throw WorkbenchError("the patrol failed: \(failure)") }
            guard nanoseconds() < deadline else { throw WorkbenchError("the patrol was not let in within 10 s") }
            usleep(1_000)
        }
    }

    /// What is received from now on is timed by this clock.
    func measure(_ next: BenchClock) { clock.withLock { $0 = next } }

    /// - Throws: ``WorkbenchError`` when the feed had a gap or failed.
    func stop() throws {
        isStopping.store(true, ordering: .releasing)
        _ = thread.withLock { $0 }?.join(deadline: .seconds(5))
        if let failure = failure.withLock({ $0 }) { throw WorkbenchError("the patrol failed: \(failure)") }
    }

    private func run(_ context: Context, endpoint: String, keys: ClientKeys) throws {
        var link = try ClientLink(context, keys: keys, endpoint: endpoint, sendQueue: 1_000, reconnect: 100...1_000)
        var polls = PollSet()
        polls.add(link.socket.handle)
        polls.add(link.monitorHandle)
        var message = Multipart(maxFrames: 4)
        var cursor = FeedCursor()
        var used: [Lane: (events: UInt32, bytes: UInt32)] = [:]
        let credit = Credit(events: 32_768, bytes: 32 << 20)
        var heartbeatAt = nanoseconds()
        while !isStopping.load(ordering: .acquiring) {
            _ = try polls.poll(timeoutMilliseconds: 100)
            if try link.readMonitor() == .connected {
                let body = Subscribe(
                    zones: [], leastLevel: .routine, resume: nil, alertCredit: credit, mainCredit: credit)
                _ = try link.socket.trySend(frames: [Header(.subscribe).encoded, body.encoded])
            }
            if nanoseconds() > heartbeatAt {
                heartbeatAt = nanoseconds() + 3_000_000_000
                let beat = PatrolHeartbeatCodec.encode(sentAt: SystemTime().now())
                _ = try link.socket.trySend(frames: [Header(.patrolHeartbeat).encoded, beat])
            }
            while try link.socket.tryReceive(into: &message) {
                let header = try message.withFrame(0) { (frame) throws(HeaderError) in try Header(frame) }
                switch header.verb {
                case .subscribed:
                    cursor = try Subscribed(message.bytes(1)).begin
                    isSubscribed.store(true, ordering: .releasing)
                case .feed:
                    let body = message.bytes(1)
                    let (lane, items) = try FeedCodec.decode(body)
                    for item in items {
                        guard item.previous == cursor[lane] else {
                            throw WorkbenchError("gap in \(lane.name): \(item.previous) after \(cursor[lane])")
                        }
                        cursor[lane] = item.event.sequence
                    }
                    clock.withLock { $0 }?.received(events: items)
                    var spent = used[lane, default: (0, 0)]
                    spent.events += UInt32(items.count)
                    // A little more than the events' own bytes: the daemon cuts credit to its limit.
                    spent.bytes += UInt32(body.count)
                    if spent.events > credit.events / 4 || spent.bytes > credit.bytes / 4 {
                        let grant = CreditGrant(lane: lane, credit: Credit(events: spent.events, bytes: spent.bytes))
                        _ = try link.socket.trySend(frames: [Header(.credit).encoded, grant.encoded])
                        let acknowledged = AcknowledgeCodec.encode(cursor)
                        _ = try link.socket.trySend(frames: [Header(.acknowledge).encoded, acknowledged])
                        spent = (0, 0)
                    }
                    used[lane] = spent
                default: break
                }
            }
        }
    }
}

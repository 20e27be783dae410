internal import Access
internal import Glibc
internal import TipModel
internal import TipWire
internal import ZeroMQ

/// One connection of the load generator.
final class BenchLink {
    let socket: Socket
    /// What the post has to send; empty for a patrol.
    var queue = BenchQueue()
    /// The next tip of ``queue``.
    var next = 0
    var inFlight = 0
    // A patrol's.
    var isSubscribed = false
    var cursor = (alert: UInt64(0), main: UInt64(0))
    var spent = (alert: Credit(events: 0, bytes: 0), main: Credit(events: 0, bytes: 0))

    init(_ context: Context, keys: ClientKeys, endpoint: String, ready: borrowing ReadySet, tag: Int) throws {
        var options = SocketOptions()
        options.sendHighWaterMark = 100_000
        options.receiveHighWaterMark = 10_000
        options.maxMessageSize = 4 << 20
        options.handshakeInterval = 30_000
        options.reconnectInterval = 200
        // Nothing is queued before the connection holds, so that a first send tells that the key was let in.
        options.immediate = true
        options.curveClient(serverKey: keys.daemon, publicKey: keys.own.publicKey, secretKey: keys.own.secretKey)
        socket = try Socket(context, .dealer, options: options)
        try socket.connect(endpoint)
        try ready.add(socket, tag: tag)
    }

    /// Every tip was sent.
    var hasAll: Bool { next == queue.count }

    func assign(_ queue: BenchQueue) {
        self.queue = queue
        (next, inFlight) = (0, 0)
    }
}

/// Posts and patrols on one thread: it drains every link that has something, then waits for the next. No lock, no wake-up
/// between threads, and no copy of what is sent.
///
/// Safe to send: handed from thread to thread between runs by ``detach()``, never used by two at once.
final class BenchClients: @unchecked Sendable {
    private(set) var posts: [BenchLink] = []
    private(set) var patrols: [BenchLink] = []
    /// The runs whose tips are under way.
    var ledgers: [BenchLedger] = []
    private let context: Context
    private var ready: ReadySet
    private var message = Multipart(maxFrames: 4)
    private let frames: UnsafeMutableBufferPointer<UnsafeRawBufferPointer>
    private let submit: UnsafeMutableRawBufferPointer
    private var heartbeatAt: UInt64 = 0
    private var named: [Int] = []
    /// Posts that ``receive(nanoseconds:)`` heard from, which may send again.
    private var heard: [BenchLink] = []
    /// Bytes and events that a patrol may have under way in a lane.
    private let credit: Credit

    init(patrols: Int = 1) throws {
        context = try Context(maxSockets: 20_000)
        ready = try ReadySet()
        frames = .allocate(capacity: 2)
        let header = Header(.submit).encoded
        submit = .allocate(byteCount: header.count, alignment: 1)
        submit.copyBytes(from: header)
        // Each may hold a window in the kernel's and libzmq's buffers; a thousand of them share a gigabyte.
        let bytes = max(64 << 10, min(32 << 20, (1 << 30) / max(1, patrols)))
        credit = Credit(events: 32_768, bytes: UInt32(bytes))
    }

    deinit {
        frames.deallocate()
        submit.deallocate()
    }

    // MARK: - Connections

    func connectPosts(_ keys: [ClientKeys], endpoint: String) throws {
        for key in keys {
            posts.append(try BenchLink(context, keys: key, endpoint: endpoint, ready: ready, tag: posts.count + 1))
        }
    }

    /// - Throws: ``WorkbenchError`` when one was not let in within `seconds`.
    func connectPatrols(_ keys: [ClientKeys], endpoint: String, seconds: UInt64 = 30) throws {
        let begin = patrols.count
        for key in keys {
            patrols.append(try BenchLink(context, keys: key, endpoint: endpoint, ready: ready, tag: -(patrols.count + 1)))
        }
        let body = Subscribe(zones: [], leastLevel: .routine, resume: nil, alertCredit: credit, mainCredit: credit).encoded
        let deadline = nanoseconds() + seconds * 1_000_000_000
        var waiting = Array(patrols[begin...])
        while true {
            waiting = try waiting.filter { try $0.socket.trySend(frames: [Header(.subscribe).encoded, body]) != .sent }
            try receive(nanoseconds: 5_000_000)
            if waiting.isEmpty, patrols.allSatisfy(\.isSubscribed) { return }
            guard nanoseconds() < deadline else {
                throw WorkbenchError("\(patrols.count { !$0.isSubscribed }) of \(patrols.count) patrols were not let in within \(seconds) s")
            }
        }
    }

    /// Sends a heartbeat of every post, which only a connection that was let in can.
    func awaitPosts(seconds: UInt64 = 30) throws {
        let beat = PostHeartbeat(
            sentAt: SystemTime().now(), series: 0, nextNumber: 0, lowestUnsent: 0, spoolDepth: 0, spoolOldest: nil,
            deadLetters: 0, software: "bench").encoded
        let deadline = nanoseconds() + seconds * 1_000_000_000
        var waiting = posts
        while true {
            waiting = try waiting.filter { try $0.socket.trySend(frames: [Header(.postHeartbeat).encoded, beat]) != .sent }
            if waiting.isEmpty { return }
            guard nanoseconds() < deadline else {
                throw WorkbenchError("\(waiting.count) of \(posts.count) posts were not let in within \(seconds) s")
            }
            try receive(nanoseconds: 5_000_000)
        }
    }

    /// Gives the sockets up for the thread that uses them next.
    func detach() {
        for link in posts + patrols { link.socket.detachFromThread() }
    }

    // MARK: - Sending

    /// Sends the next tips of a post, in one message.
    /// - Returns: whether there was room.
    func send(_ link: BenchLink, tips: Int, intended: UInt64) throws -> Bool {
        let end = min(link.next + tips, link.queue.count)
        let from = link.queue.begins(link.next), until = link.queue.begins(end)
        let outcome = try link.queue.bytes.withUnsafeBytes { arena in
            frames[0] = UnsafeRawBufferPointer(submit)
            frames[1] = UnsafeRawBufferPointer(rebasing: arena[from..<until])
            return try link.socket.trySendFrames(UnsafeBufferPointer(frames))
        }
        guard outcome == .sent else { return false }
        for place in link.next..<end {
            let index = link.queue.indices[place]
            for ledger in ledgers { ledger.willSend(index, intended: intended) }
        }
        link.inFlight += end - link.next
        link.next = end
        return true
    }

    /// Takes what is there for a post. Needed after sending, which may have taken the word that something is there.
    func drain(_ link: BenchLink) throws { try drainPost(link) }

    /// The posts that were heard from since the last call.
    func takeHeard() -> [BenchLink] {
        defer { heard.removeAll(keepingCapacity: true) }
        return heard
    }

    // MARK: - Receiving

    /// Waits until something is there or the time is over, and takes all of it.
    func receive(nanoseconds wait: Int64) throws {
        var wait = wait
        // Up to 64 are named at a time. What is read is not named again, so this ends; the bound is for a flood.
        for _ in 0..<1_024 {
            named.removeAll(keepingCapacity: true)
            let count = try ready.wait(nanoseconds: wait) { named.append($0) }
            for tag in named {
                if tag > 0 {
                    try drainPost(posts[tag - 1])
                    heard.append(posts[tag - 1])
                } else {
                    try drainPatrol(patrols[-tag - 1])
                }
            }
            guard count == 64 else { break }
            wait = 0
        }
        let now = Workbench.nanoseconds()
        if now > heartbeatAt {
            heartbeatAt = now + 3_000_000_000
            let beat = PatrolHeartbeatCodec.encode(sentAt: SystemTime().now())
            for link in patrols where link.isSubscribed {
                _ = try link.socket.trySend(frames: [Header(.patrolHeartbeat).encoded, beat])
                try drainPatrol(link)
            }
        }
    }

    private func drainPost(_ link: BenchLink) throws {
        while try link.socket.tryReceive(into: &message) {
            let verb = message.withFrame(0) { $0.count == Header.bytes ? Verb(rawValue: $0[3]) : nil }
            switch verb {
            case .receipts:
                let now = Workbench.nanoseconds()
                let count = try message.withFrame(1) { try receipts($0, now) }
                link.inFlight -= count
            case .rejections:
                let refused = try RejectionCodec.decode(message.bytes(1))
                throw WorkbenchError("a tip was refused: \(refused.first.map { "\($0.rejection)" } ?? "")")
            default: break
            }
        }
    }

    private func receipts(_ body: UnsafeRawBufferPointer, _ now: UInt64) throws -> Int {
        var scan = BenchScan(body)
        var count = 0
        while let field = scan.next() {
            guard field.number == 1 else { continue }
            guard let receipt = BenchReceipt(field.content), receipt.isDurable else {
                throw WorkbenchError("a receipt is damaged or does not say that it is durable")
            }
            count += 1
            for ledger in ledgers where ledger.receipted(receipt, at: now, isFirst: count == 1) { break }
        }
        guard !scan.isDamaged else { throw WorkbenchError("a RECEIPTS message is damaged") }
        return count
    }

    private func drainPatrol(_ link: BenchLink) throws {
        while try link.socket.tryReceive(into: &message) {
            let verb = message.withFrame(0) { $0.count == Header.bytes ? Verb(rawValue: $0[3]) : nil }
            switch verb {
            case .subscribed:
                let begin = try Subscribed(message.bytes(1)).begin
                link.cursor = (begin.alert, begin.main)
                link.isSubscribed = true
            case .feed:
                let now = Workbench.nanoseconds()
                try message.withFrame(1) { try feed($0, link, now) }
            case .rejections:
                let refused = try RejectionCodec.decode(message.bytes(1))
                throw WorkbenchError("the patrol was refused: \(refused.first.map { "\($0.rejection)" } ?? "")")
            default: break
            }
        }
    }

    private func feed(_ body: UnsafeRawBufferPointer, _ link: BenchLink, _ now: UInt64) throws {
        var scan = BenchScan(body)
        var lane = Lane.main
        var events: UInt32 = 0
        var bytes: UInt32 = 0
        var hasTip = false
        while let field = scan.next() {
            if field.number == 1 { lane = field.value == 1 ? .alert : .main }
            guard field.number == 2 else { continue }
            guard let event = BenchEvent(field.content) else { throw WorkbenchError("a feed event is damaged") }
            let cursor = lane == .alert ? link.cursor.alert : link.cursor.main
            guard event.previous == cursor else {
                throw WorkbenchError("gap in \(lane.name): \(event.previous) after \(cursor)")
            }
            if lane == .alert { link.cursor.alert = event.sequence } else { link.cursor.main = event.sequence }
            events += 1
            bytes &+= UInt32(truncatingIfNeeded: event.size)
            guard let index = event.index else { continue }
            for ledger in ledgers where ledger.fed(index, at: now, isFirst: !hasTip) { break }
            hasTip = true
        }
        guard !scan.isDamaged else { throw WorkbenchError("a FEED message is damaged") }
        try account(link, lane, events, bytes)
    }

    /// Gives credit back when a quarter of it is used up.
    private func account(_ link: BenchLink, _ lane: Lane, _ events: UInt32, _ bytes: UInt32) throws {
        var spent = lane == .alert ? link.spent.alert : link.spent.main
        spent.events += events
        spent.bytes &+= bytes
        if spent.events > credit.events / 4 || spent.bytes > credit.bytes / 4 {
            _ = try link.socket.trySend(frames: [Header(.credit).encoded, CreditGrant(lane: lane, credit: spent).encoded])
            let cursor = FeedCursor(alert: link.cursor.alert, main: link.cursor.main)
            _ = try link.socket.trySend(frames: [Header(.acknowledge).encoded, AcknowledgeCodec.encode(cursor)])
            spent = Credit(events: 0, bytes: 0)
        }
        if lane == .alert { link.spent.alert = spent } else { link.spent.main = spent }
    }
}

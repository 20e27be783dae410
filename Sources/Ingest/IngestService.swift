public import Access
public import Logging
internal import Synchronization
public import TipModel
internal import TipWire
public import ZeroMQ

/// The thread that owns the posts' ROUTER: reads, admits, hands to the core; sends what comes back.
///
/// When the core has no room, the thread keeps what it has in hand and stops reading: the backlog then waits in
/// libzmq's and TCP's bounded buffers, and at last in the spools, where it is durable. Nothing is dropped. An
/// emergency of another post waits until the messages before it were read, a round of which is bounded, and then at most until
/// the core has taken its next group.
public final class IngestService: Sendable {
    private let settings: IngestSettings
    private let table: AccessTable
    private let ports: IngestPorts
    private let time: any TimeSource
    private let logger: Logger
    private let wake: WakeSignal
    private let answers: Mailbox<TipAnswer>
    private let outgoing: Mailbox<Outgoing>
    private let room: WakeSignal
    private let isStopping = Atomic<Bool>(false)
    private let isFinished = Atomic<Bool>(false)
    private let shared = Mutex(IngestCounters())
    private let dropped = Atomic<UInt64>(0)
    private let thread = Mutex<ThreadHandle?>(nil)

    /// - Parameter room: signalled when the core has taken tips.
    public init(
        settings: IngestSettings, table: AccessTable, room: WakeSignal, ports: IngestPorts, time: any TimeSource,
        logger: Logger
    ) throws(ZeroMQError) {
        self.settings = settings
        self.table = table
        self.ports = ports
        self.time = time
        self.logger = logger
        self.room = room
        wake = try WakeSignal()
        answers = Mailbox(bound: settings.answerQueue, wake: wake)
        outgoing = Mailbox(bound: settings.newsQueue, wake: wake)
    }

    /// Binds and starts the thread.
    /// - Returns: the address bound, with the port where the setting leaves it open.
    /// - Throws: ``ZeroMQError`` when the address is taken or cannot be bound.
    public func start(_ context: Context, secretKey: CurveSecretKey) throws(ZeroMQError) -> String {
        let result = Mutex<Result<String, ZeroMQError>?>(nil)
        let bound = try WakeSignal()
        let handle = try spawnThread(name: "ingest") { [self] in
            do throws(ZeroMQError) {
                let socket = try Self.open(context, settings, secretKey)
                let endpoint = try socket.lastEndpoint
                result.withLock { $0 = .success(endpoint) }
                bound.signal()
                try run(socket)
                // Closed and not only let go: the last answers have the linger time to get out.
                socket.close()
            } catch {
                let isBound = result.withLock { result in
                    if result == nil { result = .failure(error) }
                    return (try? result?.get()) != nil
                }
                bound.signal()
                // The watchdog is not fed any more and the daemon is restarted.
                if isBound, !error.isTerminated { logger.critical("the ingest thread ends", metadata: ["reason": "\(error)"]) }
            }
        }
        thread.withLock { $0 = handle }
        var polls = PollSet()
        _ = polls.add(fileDescriptor: bound.fileDescriptor)
        _ = try polls.poll(timeoutMilliseconds: 5_000)
        guard let result = result.withLock({ $0 }) else {
            throw ZeroMQError(code: 110, operation: "bind \(settings.endpoint)")
        }
        return try result.get()
    }

    /// Sends what the core answered; called on the core's thread.
    public func answer(_ more: [TipAnswer]) {
        if !answers.offer(all: more) { dropped.add(UInt64(more.count), ordering: .relaxed) }
    }

    /// Tells a post what became of its tips, where it listens; from any thread.
    public func tell(_ news: PostNews) { send(.news(news)) }

    /// Answers one question of a post; from any thread.
    public func reply(_ reply: PostReply) { send(.reply(reply)) }

    /// One mailbox for both, so that a post hears them in the order in which they were worked out.
    private enum Outgoing: Sendable {
        case news(PostNews)
        case reply(PostReply)
    }

    private func send(_ message: Outgoing) {
        if !outgoing.offer(message) { dropped.add(1, ordering: .relaxed) }
    }

    /// Stops reading at once; answers still go out until ``stop(deadline:)``.
    public func stopReading() {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
    }

    /// Ends the thread after a last round of answers.
    public func stop(deadline: Duration) -> Bool {
        isFinished.store(true, ordering: .releasing)
        wake.signal()
        guard let handle = thread.withLock({ $0 }) else { return true }
        return handle.join(deadline: deadline)
    }

    public var counters: IngestCounters {
        var counters = shared.withLock { $0 }
        counters.dropped = dropped.load(ordering: .relaxed)
        return counters
    }

    private static func open(
        _ context: Context, _ settings: IngestSettings, _ secretKey: CurveSecretKey
    ) throws(ZeroMQError) -> Socket {
        var options = SocketOptions()
        // Answers that are still on their way when the daemon stops get this long, in milliseconds.
        options.linger = 500
        options.sendHighWaterMark = 10_000
        options.receiveHighWaterMark = 1_000
        options.maxMessageSize = WireLimits.messageBytes
        options.routerMandatory = true
        options.handshakeInterval = 5_000
        options.backlog = 1_024
        options.tcpKeepalive = true
        options.tcpKeepaliveIdle = 60
        options.listeningDescriptor = settings.listeningDescriptor
        options.zapDomain = Gatekeeper.domain
        options.curveServer(secretKey: secretKey)
        let socket = try Socket(context, .router, options: options)
        try socket.bind(settings.endpoint)
        return socket
    }

    // MARK: The thread

    private func run(_ socket: borrowing Socket) throws(ZeroMQError) {
        var polls = PollSet()
        let readable = polls.add(socket.handle)
        _ = polls.add(fileDescriptor: wake.fileDescriptor)
        let roomIndex = polls.add(fileDescriptor: room.fileDescriptor, [])
        var message = Multipart(maxFrames: 4)
        let admitter = Admitter(isExpress: ports.isExpress)
        var inHand = TipsInHand()
        var listeners = PostListeners()
        while true {
            let isReading = inHand.isEmpty && !isStopping.load(ordering: .acquiring)
            polls.setEvents(isReading ? .readable : [], at: readable)
            // Room is made with every group; a thread that needs none is not woken for it.
            polls.setEvents(inHand.isEmpty ? [] : .readable, at: roomIndex)
            try polls.poll(timeoutMilliseconds: 1_000)
            ports.beat()
            wake.clear()
            if !inHand.isEmpty { room.clear() }
            let isLast = isFinished.load(ordering: .acquiring)
            try sendAnswers(socket)
            try sendNews(socket, &listeners)
            if isLast { return }
            var counted = IngestCounters()
            var hasRoom = inHand.offer(to: ports.offer)
            var left = settings.burst
            while isReading, hasRoom, left > 0, counted.tips < settings.burstTips, try socket.tryReceive(into: &message) {
                left -= 1
                counted.messages += 1
                try take(message, admitter, socket, &inHand, &listeners, &counted)
                if inHand.isDue { hasRoom = inHand.offer(to: ports.offer) }
            }
            hasRoom = inHand.offer(to: ports.offer)
            if !hasRoom, isReading { counted.waits += 1 }
            if counted.messages > 0 { shared.withLock { $0.add(counted) } }
        }
    }

    private func take(
        _ message: borrowing Multipart, _ admitter: Admitter, _ socket: borrowing Socket,
        _ inHand: inout TipsInHand, _ listeners: inout PostListeners,
        _ counted: inout IngestCounters
    ) throws(ZeroMQError) {
        let route = message.bytes(0)
        let now = time.now()
        let header: Header
        do throws(HeaderError) {
            guard message.frameCount >= 2 else {
                throw HeaderError(
                    rejection: Rejection(.malformed, field: "frames", "a message has two frames: header and body"),
                    request: 0)
            }
            header = try message.withFrame(1) { (frame) throws(HeaderError) in try Header(frame) }
        } catch {
            counted.count(error.rejection.code)
            try send(.rejections, error.request, RejectionCodec.encode([TipRejection(tip: nil, error.rejection)]), to: route, socket)
            return
        }
        let hasBody = message.frameCount == 3 && !message.overflowed
        let principal = message.userID.flatMap { table.principal(userID: $0) }
        let admission = admitter.admit(
            header, body: hasBody ? message.bytes(2) : nil, principal: principal, route: route, now: now)
        switch admission {
        case .refused(let rejection): try refuse(header, rejection, to: route, socket, &counted)
        case .heartbeat(let post, let heartbeat):
            counted.heartbeats += 1
            ports.heartbeat(post, heartbeat)
            let reply = HeartbeatReply(
                daemonTime: ports.time(post, heartbeat.sentAt), idWindowMilliseconds: settings.idWindowMilliseconds, heads: FeedCursor())
            try send(.heartbeatReply, header.request, reply.encoded, to: route, socket)
            listeners.heard(post, heartbeat, route: route, userID: message.userID)
            if let after = heartbeat.progressAfter { ports.progress(post, after, header.request) }
        case .handled(let post, let handled):
            if !ports.handled(post, handled, PostTicket(route: route, request: header.request)) {
                try refuse(header, .noRoom, to: route, socket, &counted)
            }
        case .photo(let post, let part):
            if !ports.photo(post, part, PostTicket(route: route, request: header.request)) {
                try refuse(header, .noRoom, to: route, socket, &counted)
            }
        case .tips(let ordinary, let express, let refused):
            counted.tips += UInt64(ordinary.count + express.count)
            if !refused.isEmpty {
                for one in refused { counted.count(one.rejection.code) }
                try send(.rejections, header.request, RejectionCodec.encode(refused), to: route, socket)
            }
            inHand.add(express: express)
            inHand.add(ordinary: ordinary)
        }
    }

    private func refuse(
        _ header: Header, _ rejection: Rejection, to route: [UInt8], _ socket: borrowing Socket, _ counted: inout IngestCounters
    ) throws(ZeroMQError) {
        counted.count(rejection.code)
        try send(.rejections, header.request, RejectionCodec.encode([TipRejection(tip: nil, rejection)]), to: route, socket)
    }

    private func sendNews(_ socket: borrowing Socket, _ listeners: inout PostListeners) throws(ZeroMQError) {
        for message in outgoing.drain() {
            switch message {
            case .reply(let reply):
                let (verb, body): (Verb, [UInt8]) =
                    switch reply.body {
                    case .handled(let result): (.actionResult, result.encoded)
                    case .photo(let state): (.photoState, state.encoded)
                    }
                try send(verb, reply.ticket.request, body, to: reply.ticket.route, socket)
            case .news(let news):
                guard let route = listeners.route(of: news.post, in: table) else { continue }
                try send(.progress, news.request, ProgressCodec.encode(news.news), to: route, socket)
                shared.withLock { $0.news += 1 }
            }
        }
    }

    /// Groups what waits by connection, so that under load one message carries many receipts.
    private func sendAnswers(_ socket: borrowing Socket) throws(ZeroMQError) {
        let waiting = answers.drain()
        guard !waiting.isEmpty else { return }
        var receipts: [[UInt8]: [Receipt]] = [:]
        var sent: UInt64 = 0
        for answer in waiting {
            switch answer.result {
            case .success(let receipt):
                sent += 1
                receipts[answer.route, default: []].append(receipt)
            case .failure(let rejection):
                shared.withLock { $0.count(rejection.code) }
                let body = RejectionCodec.encode([TipRejection(tip: answer.tip, index: answer.index, rejection)])
                try send(.rejections, answer.request, body, to: answer.route, socket)
            }
        }
        for (route, all) in receipts {
            var rest = all[...]
            while !rest.isEmpty {
                try send(.receipts, 0, ReceiptCodec.encode(rest.prefix(WireLimits.receiptsPerMessage)), to: route, socket)
                rest = rest.dropFirst(WireLimits.receiptsPerMessage)
            }
        }
        if sent > 0 { shared.withLock { $0.receipts += sent } }
    }

    /// A receipt that cannot be sent is not missed for long: the post sends the tip again and is told `repeat`.
    private func send(
        _ verb: Verb, _ request: UInt32, _ body: [UInt8], to route: [UInt8], _ socket: borrowing Socket
    ) throws(ZeroMQError) {
        switch try socket.trySend(frames: [route, Header(verb, request: request).encoded, body]) {
        case .sent: break
        case .unreachable: shared.withLock { $0.unreachable += 1 }
        case .wouldBlock: shared.withLock { $0.blocked += 1 }
        }
    }
}

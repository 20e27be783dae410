// The feed: two threads. "feed" owns the ROUTER that patrols connect to and everything about subscriptions (FeedHub);
// "feed-catchup" reads old events from the journal for it (CatchUpReader). The core thread hands over what it has
// committed with `publish` and never waits for either.
//
//     core ──publish──▶ PublicationQueue ─▶ LiveRing ─┐
//     journal ─▶ CatchUpReader ─▶ pages ──────────────┴▶ FeedHub ─▶ ROUTER ─▶ patrols
//     core ◀──onAction── FeedHub ◀── ROUTER ◀── patrols
//     core ──reply─────▶ FeedHub

public import Access
public import Logging
import Synchronization
public import TipModel
public import TipWire
public import ZeroMQ

/// Serves patrols. Made once, started once, stopped once; `stop` must be called for it to be let go.
public final class FeedService: Sendable {
    private struct Answer: Sendable {
        let ticket: ReplyTicket
        let result: ActionResult
    }

    /// Answers of the core that may wait for the feed thread; more than the core can have open.
    private static let answerBound = 4_096

    private let context: Context
    private let secretKey: CurveSecretKey
    private let access: AccessTable
    private let settings: FeedSettings
    private let ports: FeedPorts
    private let initialHeads: FeedCursor
    private let time: any TimeSource
    private let log: Logger

    private let wake: WakeSignal
    private let started: WakeSignal
    private let queue: PublicationQueue
    private let pages: Mailbox<PageAnswer>
    private let answers: Mailbox<Answer>
    private let reader: CatchUpReader

    private let isStopping = Atomic<Bool>(false)
    private let answersDropped = Atomic<UInt64>(0)
    private let binding = Mutex<Result<String, ZeroMQError>?>(nil)
    private let thread = Mutex<ThreadHandle?>(nil)
    private let lastStatus = Mutex(FeedStatus())

    /// - Parameters:
    ///   - context: with a ZAP server that answers by `access` (``Gatekeeper``), started before this is.
    ///   - secretKey: the daemon's CURVE secret key.
    ///   - heads: the newest sequence of each lane in the journal. What is appended later must be published.
    /// - Throws: when descriptors have run out.
    public init(
        context: Context, secretKey: CurveSecretKey, access: AccessTable, settings: FeedSettings, ports: FeedPorts,
        heads: FeedCursor, time: any TimeSource = SystemTime(),
        log: Logger = Logger(label: "watchpost.feed")
    ) throws(ZeroMQError) {
        self.context = context
        self.secretKey = secretKey
        self.access = access
        self.settings = settings
        self.ports = ports
        initialHeads = heads
        self.time = time
        self.log = log
        wake = try WakeSignal()
        started = try WakeSignal()
        queue = PublicationQueue(events: settings.queueEvents, bytes: settings.queueBytes, wake: wake)
        pages = Mailbox(bound: 2 * max(1, settings.pagesInFlight), wake: wake)
        answers = Mailbox(bound: Self.answerBound, wake: wake)
        reader = try CatchUpReader(
            bound: max(1, settings.pagesInFlight), answers: pages, log: log, makeReader: ports.makeReader)
    }

    // MARK: Start and stop

    /// Starts both threads and returns once patrols can connect.
    /// - Returns: the endpoint that was bound, with the port that a wildcard became.
    /// - Throws: ``FeedStartError`` when the endpoint cannot be bound.
    @discardableResult
    public func start() throws(FeedStartError) -> String {
        let outcome: Result<String, ZeroMQError>?
        do throws(ZeroMQError) {
            try reader.start()
            let spawned = try spawnThread(name: "feed") { [self] in run() }
            thread.withLock { $0 = spawned }
            var polls = PollSet()
            polls.add(fileDescriptor: started.fileDescriptor)
            let deadline = time.monotonicMilliseconds() &+ 10_000
            while binding.withLock({ $0 }) == nil, time.monotonicMilliseconds() < deadline {
                try polls.poll(timeoutMilliseconds: 1_000)
            }
            outcome = binding.withLock { $0 }
        } catch {
            outcome = .failure(error)
        }
        switch outcome {
        case .success(let endpoint)?:
            log.info("the feed is open to patrols", metadata: ["endpoint": "\(endpoint)"])
            return endpoint
        case .failure(let error)?:
            stop(deadline: .seconds(1))
            throw FeedStartError(endpoint: settings.endpoint, reason: error.message)
        case nil:
            stop(deadline: .zero)
            throw FeedStartError(endpoint: settings.endpoint, reason: "no answer within 10 s")
        }
    }

    /// Ends all subscriptions, telling cursors that were not told yet, and both threads.
    /// - Returns: false when a thread was still running at the deadline.
    @discardableResult
    public func stop(deadline: Duration) -> Bool {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        let end = ContinuousClock.now + deadline
        let feedEnded = thread.withLock { $0 }?.join(deadline: deadline) ?? true
        let readerEnded = reader.stop(deadline: max(.zero, end - ContinuousClock.now))
        return feedEnded && readerEnded
    }

    // MARK: From other threads

    /// Hands over what was committed, in order of sequence. Never waits: when the feed thread is far behind, its queue
    /// is emptied and patrols are served these from the journal.
    public func publish(_ publications: [Publication]) { queue.offer(publications) }

    /// The core's answer to a ``UnitAction``. One that finds the queue full is dropped and counted; the patrol asks again.
    public func reply(_ ticket: ReplyTicket, _ result: ActionResult) {
        if !answers.offer(Answer(ticket: ticket, result: result)) {
            answersDropped.add(1, ordering: .relaxed)
        }
    }

    /// The access table has changed: nothing more goes to whom it no longer lets in. Without this call it is noticed
    /// before anything is sent, but an idle patrol hears of it only at the next sweep.
    public func accessChanged() { wake.signal() }

    /// As of the last sweep, at most `sweepInterval` ago.
    public var status: FeedStatus { lastStatus.withLock { $0 } }

    // MARK: The feed thread

    private func run() {
        do throws(ZeroMQError) {
            let socket = try Socket(context, .router, options: options)
            try socket.bind(settings.endpoint)
            let endpoint = try socket.lastEndpoint
            let link = FeedLink(socket: socket, ports: ports, reader: reader)
            announce(.success(endpoint))
            try serve(link)
        } catch {
            if binding.withLock({ $0 }) == nil {
                announce(.failure(error))
            } else if !error.isTerminated {
                // The watchdog is not fed any more and the daemon is restarted.
                log.critical("the feed thread ends", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func announce(_ outcome: Result<String, ZeroMQError>) {
        binding.withLock { $0 = outcome }
        started.signal()
    }

    private var options: SocketOptions {
        var options = SocketOptions()
        options.linger = 0
        options.routerMandatory = true
        options.sendHighWaterMark = settings.sendQueueMessages
        options.receiveHighWaterMark = settings.receiveQueueMessages
        options.maxMessageSize = WireLimits.messageBytes
        options.handshakeInterval = 3_000
        options.listeningDescriptor = settings.listeningDescriptor
        options.backlog = 1_024
        options.tcpKeepalive = true
        options.zapDomain = Gatekeeper.domain
        options.curveServer(secretKey: secretKey)
        return options
    }

    private func serve(_ link: FeedLink) throws(ZeroMQError) {
        let hub = FeedHub(
            settings: settings, access: access, heads: initialHeads, time: time, outlet: link, log: log)
        defer { hub.endAll() }
        var polls = PollSet()
        let socketIndex = polls.add(link.socket.handle)
        polls.add(fileDescriptor: wake.fileDescriptor)
        // Route, header, body, and one more to see that there were too many.
        var message = Multipart(maxFrames: 4)
        var isBusy = false
        while !isStopping.load(ordering: .acquiring) {
            ports.beat()
            try polls.poll(timeoutMilliseconds: isBusy ? 0 : hub.delay(now: time.monotonicMilliseconds()))
            wake.clear()

            hub.checkAccess()
            let taken = queue.take(mainLimit: settings.takeEvents)
            hub.take(taken)
            for answer in pages.drain() { hub.receive(answer) }
            for answer in answers.drain() { hub.answer(answer.ticket, answer.result) }
            isBusy = taken.hasMore
            if polls.isReadable(socketIndex) { isBusy = try receive(link, hub, into: &message) || isBusy }
            isBusy = hub.sendRound() || isBusy
            if let fault = link.fault { throw fault }
            if hub.sweepIfDue(now: time.monotonicMilliseconds()) { refreshStatus(hub) }
        }
        refreshStatus(hub)
    }

    /// - Returns: whether there may be more.
    private func receive(_ link: FeedLink, _ hub: FeedHub, into message: inout Multipart) throws(ZeroMQError) -> Bool {
        for _ in 0..<settings.receivePerRound {
            guard try link.socket.tryReceive(into: &message) else { return false }
            hub.receive(
                Incoming(
                    route: message.bytes(0), userID: message.userID, peer: message.peerAddress,
                    header: message.bytes(1), body: message.bytes(2),
                    frames: message.frameCount - 1 + (message.overflowed ? 1 : 0)))
        }
        return true
    }

    private func refreshStatus(_ hub: FeedHub) {
        var status = hub.status
        status.counters.queueOverflows = queue.overflows
        status.counters.repliesDropped += answersDropped.load(ordering: .relaxed)
        lastStatus.withLock { $0 = status }
    }
}

/// The feed could not be opened.
public struct FeedStartError: Error, CustomStringConvertible, Sendable {
    /// What was to be bound.
    public var endpoint: String
    public var reason: String

    public var description: String { "the feed cannot listen on \(endpoint): \(reason)" }
}

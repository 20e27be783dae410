import Access
import Logging
import Settings
import Supervision
import Synchronization
import TipModel
import TipWire
import ZeroMQ

// The sender's thread: one round of the loop is housekeeping, sending what may be sent, one poll, reading what came.
// The decisions are in Outbox and EndpointPlan; the words in LinkCondition.
struct SenderLoop {
    /// The longest poll, so that deadlines are looked at and the watchdog is told. Milliseconds.
    static let longestPoll: Int64 = 1_000
    /// Messages read in one round, before answers are written and tips sent.
    static let messagesPerRound = 64
    /// Receipts, and messages of progress, that wait for the next quiet moment, so that writing them down, with a sync of its own, does
    /// not hold up the next tip; and how long that moment is, in milliseconds. What a power cut leaves in the spool is sent again and
    /// known; progress that it takes is told again.
    static let unsettledBound = 64
    static let quiet: Int64 = 20
    /// How often the daemon's time is written down.
    static let timeNoteInterval: Int64 = 600_000
    /// How often over-age tips are looked for.
    static let expiryInterval: Int64 = 60_000

    let parts: SenderParts
    let signals: SenderSignals
    var outbox: Outbox
    var plan: EndpointPlan
    var random = SystemRandomNumberGenerator()
    /// The last heartbeat: its request number and when it left.
    var heartbeat: (request: UInt32, at: Int64, progressAfter: SequenceNumber)?
    /// Questions on the present connection, by their request numbers.
    var questions: [UInt32: PostQuestion] = [:]
    var photos = PhotoSending()
    var unsettled: [Receipt] = []
    var unkept: [(news: PostProgress, startsAnew: Bool)] = []
    var nextHeartbeat: Int64 = 0
    /// What the daemon said when it refused the post on the present connection.
    var barred: Rejection?
    var handshakes = 0
    /// The daemon has answered on this connection.
    var isHeard = false
    /// The condition that was last logged for each endpoint.
    var logged: [String: String] = [:]
    /// The spool's trouble that was last logged.
    var spoolTrouble: String?
    private var nextPing: Int64 = 0
    private var nextTimeNote: Int64 = 0
    private var nextExpiry: Int64 = 0
    private var told = ""
    private var nextTold: Int64 = 0

    init(_ parts: SenderParts, _ signals: SenderSignals) {
        self.parts = parts
        self.signals = signals
        outbox = Outbox(limits: Outbox.Limits(parts.settings))
        plan = EndpointPlan(
            count: parts.endpoints.count * parts.keys.candidates.count, failoverAfter: parts.settings.failoverAfter.milliseconds,
            backoff: parts.settings.reconnectMin.milliseconds...parts.settings.reconnectMax.milliseconds)
    }

    var now: Int64 { parts.clock.time.monotonicMilliseconds() }
    var isStopping: Bool { signals.isStopping.load(ordering: .acquiring) }

    /// Until the agent stops.
    /// - Throws: what no retry can mend, such as the end of the context.
    mutating func run(_ context: Context) throws(ZeroMQError) {
        while !isStopping {
            let wait = try serveOneLink(context)
            linkLost()
            try rest(wait)
        }
        settle()
    }

    /// Opens a link to the plan's endpoint and serves it until it is given up.
    /// - Returns: how long to wait before the next, in milliseconds.
    private mutating func serveOneLink(_ context: Context) throws(ZeroMQError) -> Int64 {
        let endpoint = parts.endpoints[plan.index % parts.endpoints.count]
        // While the daemon's key is rotated every endpoint is tried with the one key, then with the other.
        let candidates = parts.keys.candidates
        let keys = candidates[plan.index / parts.endpoints.count % candidates.count]
        parts.board.change { $0.endpoint = endpoint }
        var link: ClientLink
        do throws(ZeroMQError) {
            link = try ClientLink(
                context, keys: keys, endpoint: endpoint, sendQueue: 1_000,
                reconnect: Int(parts.settings.reconnectMin.milliseconds)...Int(parts.settings.reconnectMax.milliseconds))
        } catch {
            guard !error.isTerminated else { throw error }
            // Descriptors may come back; without the loop the door would take tips that nobody sends.
            parts.logger.error("cannot open a connection", metadata: ["endpoint": "\(endpoint)", "error": "\(error)"])
            return Self.longestPoll
        }
        plan.opened(at: now)
        barred = nil
        isHeard = false
        handshakes = 0
        let wait = try serve(&link)
        link.close()
        return wait
    }

    private mutating func serve(_ link: inout ClientLink) throws(ZeroMQError) -> Int64 {
        var polls = PollSet()
        let socket = polls.add(link.socket.handle)
        polls.add(link.monitorHandle)
        polls.add(fileDescriptor: signals.wake.fileDescriptor)
        var message = Multipart(maxFrames: 3)
        while !isStopping {
            housekeeping()
            var isBlocked = false
            if link.state == .connected {
                isBlocked = try !sendAll(link)
                if !isBlocked { try sendPhoto(link) }
            }
            switch plan.decide(link.state, isBarred: barred != nil, at: now, using: &random) {
            case .stay: break
            case .reopen(let wait):
                if link.state == .connected, barred == nil { say(.silent, at: link.endpoint) }
                return wait
            }
            polls.setEvents(isBlocked ? [.readable, .writable] : .readable, at: socket)
            let wait = unsettled.isEmpty && unkept.isEmpty ? pollTime() : min(Self.quiet, pollTime())
            if try polls.poll(timeoutMilliseconds: Int(wait)) == 0 { settle() }
            signals.wake.clear()
            try readMonitor(&link)
            try receive(link, &message)
        }
        return 0
    }

    /// Waits without a link, watching for the end.
    private mutating func rest(_ wait: Int64) throws(ZeroMQError) {
        let until = now &+ wait
        var polls = PollSet()
        polls.add(fileDescriptor: signals.wake.fileDescriptor)
        while !isStopping, now < until {
            housekeeping()
            try polls.poll(timeoutMilliseconds: Int(min(max(until &- now, 0), Self.longestPoll)))
            signals.wake.clear()
        }
    }

    private mutating func readMonitor(_ link: inout ClientLink) throws(ZeroMQError) {
        let changed = try link.readMonitor()
        if link.handshakes != handshakes {
            // A new connection, even when the loss of the old one was not seen: what was on its way may be lost.
            handshakes = link.handshakes
            linkLost()
            nextHeartbeat = 0
            isHeard = false
        }
        guard let changed else { return }
        if changed != .connected { linkLost() }
        if changed == .connected { plan.heard(at: now) }
        // "Connecting" after a loss tells nobody anything, and "connected" is said when the daemon has answered: one that
        // lets the post in and then refuses its messages would be reported as both, over and over.
        if changed != .connecting, changed != .connected { say(LinkCondition(changed), at: link.endpoint) }
    }

    /// What was on its way may be lost: tips are sent again, who asked something is told.
    private mutating func linkLost() {
        settle()
        outbox.linkLost()
        photos.linkLost()
        for question in questions.values { question.answer.resolve(nil) }
        questions.removeAll()
    }

    private func pollTime() -> Int64 {
        let now = now
        var until = min(now &+ Self.longestPoll, nextHeartbeat > now ? nextHeartbeat : .max)
        if let deadline = outbox.deadline(), deadline > now { until = min(until, deadline) }
        return max(0, until &- now)
    }

    // MARK: - Housekeeping

    /// Tells how the link stands: to the board always, to the log once for each change at an endpoint.
    mutating func say(_ condition: LinkCondition, at endpoint: String) {
        let wall = parts.clock.time.now()
        parts.board.change { link in
            guard link.condition != condition || link.endpoint != endpoint else { return }
            link.condition = condition
            link.endpoint = endpoint
            link.since = wall
        }
        guard logged[endpoint] != condition.code else { return }
        // Once one endpoint works, every later failure is news again.
        if condition == .connected { logged.removeAll() }
        logged[endpoint] = condition.code
        let words = condition.words(endpoint: endpoint)
        switch condition {
        case .connected, .connecting: parts.logger.notice("\(words)", metadata: ["spooled": "\(parts.spool.counts.depth)"])
        case .unreachable, .silent: parts.logger.warning("\(words)")
        case .refused, .wrongDaemon, .barred: parts.logger.error("\(words)")
        }
    }

    private mutating func housekeeping() {
        let now = now
        if let interval = parts.notifier.watchdogInterval, now >= nextPing {
            parts.notifier.watchdogPing()
            nextPing = now &+ max(1, interval.milliseconds)
        }
        if let number = signals.rewind.withLock({ rewind in
            defer { rewind = nil }
            return rewind
        }) {
            outbox.rewind(to: number)
        }
        takeSubmissions()
        let overdue = outbox.recallOverdue(at: now)
        if overdue > 0 { parts.logger.info("no receipt in time: sent again", metadata: ["tips": "\(overdue)"]) }
        keepTime(now)
        tellSystemd(now)
    }

    /// Age is told by the daemon's clock only: a wrong clock at the post must not empty its spool.
    private mutating func keepTime(_ now: Int64) {
        guard let daemonTime = parts.clock.daemonTime, plan.failures == 0 else { return }
        let (spool, wall) = (parts.spool, parts.clock.time.now())
        if now >= nextTimeNote {
            nextTimeNote = now &+ Self.timeNoteInterval
            spoolStep { () throws(SpoolError) in try spool.note(daemonTime: daemonTime) }
        }
        if now >= nextExpiry {
            nextExpiry = now &+ Self.expiryInterval
            let limit = daemonTime.advanced(byMilliseconds: -parts.maxAge.milliseconds)
            let held = outbox
            bury(
                spoolStep { () throws(SpoolError) in try spool.expire(before: limit, at: wall) { held.isInFlight($0) } } ?? [])
        }
    }

    private mutating func tellSystemd(_ now: Int64) {
        guard parts.notifier.isEnabled, now >= nextTold else { return }
        let (link, counts) = (parts.board.link, parts.spool.counts)
        var text = "\(link.condition.words(endpoint: link.endpoint)); \(counts.depth) tips spooled"
        if counts.deadLetters > 0 { text += ", \(counts.deadLetters) dead letters" }
        guard text != told else { return }
        told = text
        nextTold = now &+ 1_000
        parts.notifier.status(text)
    }

    /// A step with the spool; a failure is logged once, and the step is tried again by the next occasion.
    @discardableResult
    mutating func spoolStep<Result>(_ body: () throws(SpoolError) -> Result) -> Result? {
        do throws(SpoolError) {
            let result = try body()
            if spoolTrouble != nil { parts.logger.notice("the spool works again") }
            spoolTrouble = nil
            return result
        } catch {
            if spoolTrouble != error.message { parts.logger.error("\(error.message)") }
            spoolTrouble = error.message
            return nil
        }
    }
}

// A patrol without a terminal: the real client, with waits that have a deadline in place of a screen.

public import Access
public import Patrol
public import Settings
import Synchronization
public import TipModel
import TipWire
public import ZeroMQ

/// What a ``DirectPatrol`` has seen.
public struct PatrolLog: Sendable {
    /// Events in order of arrival; the oldest go at ``DirectPatrol/eventBound``.
    public internal(set) var events: [FeedEvent] = []
    /// Events that went.
    public internal(set) var dropped = 0
    /// As the events left it: the newest version of each incident.
    public internal(set) var incidents: [IncidentID: Incident] = [:]
    public internal(set) var cursor = FeedCursor()
    public internal(set) var isSubscribed = false
    public internal(set) var isCaughtUp = false
    /// Gaps, undecodable messages and the like. A sound feed has none.
    public internal(set) var faults: [FeedFault] = []
    public internal(set) var refusals: [Rejection] = []
    /// The newest last.
    public internal(set) var links: [LinkState] = []
    /// Set when the client's thread ended by itself.
    public internal(set) var failure: String?
    var outcomes: [ActionOutcome] = []
}

/// A patrol unit in this process. Takes everything that comes, and acknowledges it.
public final class DirectPatrol: Sendable {
    /// Most events that the log keeps.
    public static let eventBound = 100_000
    /// Most outcomes, faults and links that it keeps of each.
    static let otherBound = 1_000

    public let unit: UnitID
    private let client: PatrolClient
    private let context: Context
    private let ownsContext: Bool
    private let log = Mutex(PatrolLog())
    private let observe: @Sendable (FeedBatch) -> Void
    private let isStopping = Atomic<Bool>(false)
    private let consumer = Mutex<ThreadHandle?>(nil)

    /// Connects and subscribes.
    /// - Parameters:
    ///   - cursor: where it resumes.
    ///   - plan: zones, level, credit and times.
    ///   - endpoint: instead of the bundle's first.
    ///   - context: shared with others, or nil for one of its own.
    ///   - observe: called with each batch as it came, before it is acknowledged; what ``seen`` drops is not lost to it.
    /// - Throws: ``ClientKeysError``, ``ZeroMQError``, ``WorkbenchError`` for the bundle of a post.
    public init(
        _ bundle: KeyBundle, cursor: FeedCursor = FeedCursor(), plan: SessionPlan = SessionPlan(), endpoint: String? = nil,
        context: Context? = nil, observe: @Sendable @escaping (FeedBatch) -> Void = { _ in }
    ) throws {
        guard case .unit(let unit, _) = bundle.holder else { throw WorkbenchError("the bundle is that of a post") }
        self.unit = unit
        self.observe = observe
        self.context = try context ?? Context()
        ownsContext = context == nil
        client = try PatrolClient(
            self.context, keys: try ClientKeys(bundle), endpoints: endpoint.map { [$0] } ?? bundle.endpoints, plan: plan,
            reconnect: 50...500)
        try client.start(cursor: cursor)
        let thread = try spawnThread(name: "direct-patrol") { [self] in consume() }
        consumer.withLock { $0 = thread }
    }

    /// What it has seen so far.
    public var seen: PatrolLog { log.withLock { $0 } }

    /// Waits until `found` finds something in what was seen.
    /// - Throws: ``WorkbenchError`` that names `what` when it was not found within `deadline`.
    public func wait<Found: Sendable>(
        for what: String, within deadline: Duration = .seconds(10), _ found: @Sendable (borrowing PatrolLog) -> Found?
    ) async throws -> Found {
        let result = try await eventually(within: deadline, every: .milliseconds(5)) { log.withLock { found($0) } }
        guard let result else {
            let last = log.withLock { "\($0.events.count) events seen, link \($0.links.last.map { "\($0)" } ?? "none")" }
            throw WorkbenchError("\(unit) did not see \(what) within \(deadline): \(last)")
        }
        return result
    }

    /// Waits until it has everything that the daemon had when it subscribed.
    public func waitUntilCaughtUp(within deadline: Duration = .seconds(10)) async throws {
        _ = try await wait(for: "the end of its catch-up", within: deadline) { $0.isCaughtUp ? true : nil }
    }

    /// Waits for an event of one kind about one incident.
    public func wait(
        for kind: EventKind, of incident: IncidentID, within deadline: Duration = .seconds(10)
    ) async throws -> FeedEvent {
        try await wait(for: "\(kind.name) of \(incident)", within: deadline) { log in
            log.events.last { $0.kind == kind && $0.incident.id == incident }
        }
    }

    /// Does a step and waits for its outcome. One command of a verb and incident at a time.
    /// - Throws: ``WorkbenchError`` when not even a time-out came within `deadline`.
    public func perform(_ command: PatrolCommand, within deadline: Duration = .seconds(15)) async throws -> ActionOutcome.Result {
        let before = log.withLock { $0.outcomes.count { $0.command == command } }
        client.perform(command)
        return try await wait(for: "the outcome of \(command.verb.name)", within: deadline) { log in
            let outcomes = log.outcomes.filter { $0.command == command }
            return outcomes.count > before ? outcomes.last?.result : nil
        }
    }

    /// Ends the connection and its threads.
    /// - Returns: false when they had not ended within `deadline`.
    @discardableResult
    public func stop(within deadline: Duration = .seconds(3)) async -> Bool {
        isStopping.store(true, ordering: .releasing)
        let ended = try? await offPool("stop-patrol") { [self] in
            let clientEnded = client.stop(deadline: deadline)
            let consumerEnded = consumer.withLock { $0 }?.join(deadline: deadline) ?? true
            guard ownsContext else { return clientEnded && consumerEnded }
            context.shutdown()
            return context.terminate(within: deadline) && clientEnded && consumerEnded
        }
        return ended ?? false
    }

    private func consume() {
        var polls = PollSet()
        polls.add(fileDescriptor: client.wakeDescriptor)
        while !isStopping.load(ordering: .acquiring) {
            guard (try? polls.poll(timeoutMilliseconds: 100)) != nil else { return }
            for output in client.takeOutputs() { take(output) }
        }
    }

    private func take(_ output: PatrolOutput) {
        switch output {
        case .events(let batch):
            observe(batch)
            let cursor = log.withLock { log in
                for item in batch.items {
                    log.events.append(item.event)
                    log.incidents[item.event.incident.id] = item.event.incident
                }
                let excess = log.events.count - Self.eventBound
                if excess > 0 {
                    log.events.removeFirst(excess)
                    log.dropped += excess
                }
                log.cursor[batch.lane] = batch.through
                return log.cursor
            }
            client.consumed(batch)
            client.kept(cursor)
        case .link(let state, _): log.withLock { Self.append(state, to: &$0.links) }
        case .subscribed: log.withLock { $0.isSubscribed = true }
        case .caughtUp: log.withLock { $0.isCaughtUp = true }
        case .action(let outcome): log.withLock { Self.append(outcome, to: &$0.outcomes) }
        case .fault(let fault): log.withLock { Self.append(fault, to: &$0.faults) }
        case .refused(let rejection): log.withLock { Self.append(rejection, to: &$0.refusals) }
        case .ended(let reason): log.withLock { $0.failure = reason }
        default: break
        }
    }

    private static func append<Element>(_ element: Element, to list: inout [Element]) {
        list.append(element)
        if list.count > otherBound { list.removeFirst(list.count - otherBound) }
    }
}

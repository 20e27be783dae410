import DequeModule
import Synchronization
public import TipModel
import TipWire

/// The newest feed events for all who watch the board.
///
/// A watcher has a cursor and no queue of its own, so a slow one costs no memory: it falls behind the ring, and then reads
/// the journal or starts anew. Events come from the core's thread, which only leaves the bytes here; they are decoded and
/// made JSON once, by the pump.
public final class LiveHub: Sendable {
    /// Bounds of what is kept and who watches.
    public struct Limits: Sendable {
        /// Events that wait for the pump; beyond, all are dropped and watchers read the journal.
        public var inbox = 16_384
        /// Events in the ring, and bytes of their JSON.
        public var ringEvents = 4_096
        public var ringBytes = 8 << 20
        /// Streams at once; one more is refused.
        public var streams = 256

        public init() {}
    }

    /// An event as the core published it.
    public struct Published: Sendable {
        public var sequence: SequenceNumber
        /// An encoded `FeedEvent`.
        public var event: [UInt8]
        /// Units beyond the incident's zone that are told of it, also one that has just lost it.
        public var guests: [UnitID]

        public init(sequence: SequenceNumber, event: [UInt8], guests: [UnitID] = []) {
            self.sequence = sequence
            self.event = event
            self.guests = guests
        }
    }

    /// What a watcher finds after its cursor.
    enum Reading: Sendable {
        /// Events of the ring, at least one.
        case items([LiveItem])
        /// The ring begins later: what lies up to here is in the journal.
        case behind(through: SequenceNumber)
        case nothing
    }

    private struct State {
        var head: SequenceNumber
        /// Everything after this is in the ring or in the inbox.
        var floor: SequenceNumber
        var inbox: [Published] = []
        var ring: Deque<LiveItem> = []
        var bytes = 0
        var watchers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextWatcher: UInt64 = 0
        var isFinished = false
    }

    private let limits: Limits
    private let state: Mutex<State>
    private let pumpSignal: AsyncStream<Void>
    private let pumpContinuation: AsyncStream<Void>.Continuation

    /// - Parameter head: the newest record when it begins.
    public init(limits: Limits = Limits(), head: SequenceNumber) {
        self.limits = limits
        state = Mutex(State(head: head, floor: head))
        (pumpSignal, pumpContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes committed events. Called on the core's thread: it copies references and wakes the pump.
    public func publish(_ events: [Published]) {
        guard let last = events.last else { return }
        state.withLock { state in
            state.head = max(state.head, last.sequence)
            if state.watchers.isEmpty || state.inbox.count + events.count > limits.inbox {
                // Nobody looks, or the pump does not follow: whoever needs them reads the journal.
                state.inbox.removeAll()
                state.ring.removeAll()
                state.bytes = 0
                state.floor = state.head
            } else {
                state.inbox += events
            }
        }
        pumpContinuation.yield()
    }

    /// Moves events from the inbox to the ring until ``finish()``, and lets every watcher look now and then.
    public func run(tick: Duration = .seconds(5)) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in for await _ in pumpSignal { pump() } }
            group.addTask { [self] in
                while !Task.isCancelled, (try? await Task.sleep(for: tick)) != nil { wakeAll() }
            }
            await group.next()
            group.cancelAll()
        }
        finish()
    }

    /// Ends all streams: the daemon stops.
    public func finish() {
        let watchers = state.withLock { state in
            state.isFinished = true
            defer { state.watchers.removeAll() }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
        pumpContinuation.finish()
    }

    private func pump() {
        let raw = state.withLock { state in
            // Kept until they are in the ring, so that a watcher does not take the gap between for "nothing".
            state.inbox
        }
        guard let last = raw.last else { return wakeAll() }
        let items = raw.compactMap { entry in (try? FeedCodec.decodeEvent(entry.event)).map { LiveItem($0, guests: entry.guests) } }
        state.withLock { state in
            // The inbox may have been dropped meanwhile, and the floor moved: then these are no longer wanted.
            guard state.floor < last.sequence else { return }
            state.inbox.removeAll { $0.sequence <= last.sequence }
            for item in items where item.sequence > state.floor {
                state.ring.append(item)
                state.bytes += item.json.count
            }
            while state.ring.count > limits.ringEvents || state.bytes > limits.ringBytes, let first = state.ring.popFirst() {
                state.bytes -= first.json.count
                state.floor = first.sequence
            }
        }
        wakeAll()
    }

    private func wakeAll() {
        let watchers = state.withLock { Array($0.watchers.values) }
        for watcher in watchers { watcher.yield() }
    }

    // MARK: Watchers

    /// The newest record.
    public var head: SequenceNumber { state.withLock { $0.head } }
    /// Whether the daemon stops.
    var isFinished: Bool { state.withLock { $0.isFinished } }
    public var watchers: Int { state.withLock { $0.watchers.count } }

    /// A place among the watchers; nil when there is none left. The stream tells when to look.
    func watch() -> (id: UInt64, wake: AsyncStream<Void>)? {
        let (wake, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> UInt64? in
            guard !state.isFinished, state.watchers.count < limits.streams else { return nil }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = continuation
            return state.nextWatcher
        }
        guard let id else { return nil }
        // Something may be there already.
        continuation.yield()
        return (id, wake)
    }

    func leave(_ id: UInt64) { state.withLock { state in state.watchers.removeValue(forKey: id) }?.finish() }

    /// What comes after `cursor`, oldest first.
    func read(after cursor: SequenceNumber, limit: Int) -> Reading {
        state.withLock { state in
            if cursor < state.floor { return .behind(through: state.floor) }
            // Sequences rise: the first that is wanted is found by halving.
            var (low, high) = (0, state.ring.count)
            while low < high {
                let middle = (low + high) / 2
                if state.ring[middle].sequence <= cursor { low = middle + 1 } else { high = middle }
            }
            let found = state.ring[low..<min(state.ring.count, low + limit)]
            return found.isEmpty ? .nothing : .items(Array(found))
        }
    }
}

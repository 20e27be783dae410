// The shell around PatrolSession: one OS thread owns the link and blocks in zmq_poll; the consumer, on a thread of its
// own, pulls.
//
// Pulled and not an AsyncSequence, for two reasons. The consumer waits for the keyboard and a signal as well, so it
// polls descriptors anyway, and `wakeDescriptor` is one more. And credit follows from consuming: with a pull it is
// plain when a batch was consumed, where a stream's own buffer would hide how much waits in it.

public import Access
import Synchronization
public import TipModel
import TipWire
public import ZeroMQ

/// Follows a feed: connects, subscribes, resumes, keeps the flow going, and carries commands.
///
/// ``takeOutputs()``, ``consumed(_:)``, ``kept(_:)`` and ``perform(_:)`` may be called from any thread.
public final class PatrolClient: Sendable {
    /// What the consumer gives back; merged, so that it needs no queue.
    private struct Returned {
        var consumed: [Lane: Credit] = [:]
        var kept: FeedCursor?
    }

    /// Most commands that wait for the thread. A full mailbox refuses the command.
    static let commandBound = 64

    private let outputs: OutputQueue
    private let commands: Mailbox<PatrolCommand>
    private let returned = Mutex(Returned())
    private let wake: WakeSignal
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<ThreadHandle?>(nil)
    private let context: Context
    private let keys: ClientKeys
    private let endpoints: [String]
    private let plan: SessionPlan
    private let time: any TimeSource
    private let reconnect: ClosedRange<Int>

    /// - Parameters:
    ///   - endpoints: in order of preference; at least one.
    ///   - reconnect: milliseconds from the first wait before connecting again to the longest.
    /// - Throws: when descriptors ran out.
    public init(
        _ context: Context, keys: ClientKeys, endpoints: [String], plan: SessionPlan, time: any TimeSource = SystemTime(),
        reconnect: ClosedRange<Int> = 200...5_000
    ) throws(ZeroMQError) {
        self.context = context
        self.keys = keys
        self.endpoints = endpoints
        self.plan = plan
        self.time = time
        self.reconnect = reconnect
        wake = try WakeSignal()
        outputs = OutputQueue(wake: try WakeSignal())
        commands = Mailbox(bound: Self.commandBound, wake: wake)
    }

    /// Starts the thread. Once.
    /// - Parameters:
    ///   - cursor: resume after these.
    ///   - fromNow: ignore the cursor and begin with what comes next.
    public func start(cursor: FeedCursor, fromNow: Bool = false) throws(ZeroMQError) {
        let started: Result<Void, ZeroMQError> = thread.withLock { thread in
            guard thread == nil else { return .success(()) }
            do throws(ZeroMQError) {
                thread = try spawnThread(name: "patrol-link") { self.run(cursor: cursor, fromNow: fromNow) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try started.get()
    }

    /// Ends the thread and the connection. What was consumed but not granted again is of no more use.
    /// - Returns: false when the thread was still running at the deadline.
    @discardableResult
    public func stop(deadline: Duration) -> Bool {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        return thread.withLock { $0 }?.join(deadline: deadline) ?? true
    }

    /// Readable when there are outputs: for the consumer's poll.
    public var wakeDescriptor: Int32 { outputs.wake.fileDescriptor }

    /// Everything there is, in order; empty when there is nothing.
    public func takeOutputs() -> [PatrolOutput] {
        outputs.wake.clear()
        return outputs.takeAll()
    }

    /// The batch was shown, printed or otherwise dealt with: lets as much more come.
    public func consumed(_ batch: FeedBatch) {
        let amount = Credit(of: batch.items)
        returned.withLock { returned in
            let none = Credit(events: 0, bytes: 0)
            returned.consumed[batch.lane] = (returned.consumed[batch.lane] ?? none).adding(amount)
        }
        wake.signal()
    }

    /// Everything up to `cursor` is on disk here: the daemon is told.
    public func kept(_ cursor: FeedCursor) {
        returned.withLock { $0.kept = cursor }
        wake.signal()
    }

    /// Sends a command; its outcome comes as an output, within the plan's deadline.
    public func perform(_ command: PatrolCommand) {
        if !commands.offer(command) {
            outputs.push(.action(ActionOutcome(command: command, result: .tooMany)))
        }
    }

    // MARK: - The thread

    private func run(cursor: FeedCursor, fromNow: Bool) {
        var session = PatrolSession(
            plan: plan, cursor: cursor, fromNow: fromNow, endpoint: endpoints.first ?? "", at: Moment(time))
        var attempt = 0
        do throws(ZeroMQError) {
            while !isStopping.load(ordering: .acquiring), !endpoints.isEmpty {
                // While the daemon's key is rotated every endpoint is tried with the one key, then with the other.
                let candidates = keys.candidates
                let candidate = attempt / endpoints.count % candidates.count
                try follow(
                    &session, keys: candidates[candidate], endpoint: endpoints[attempt % endpoints.count],
                    isLastKey: candidate == candidates.count - 1)
                attempt += 1
                guard !isStopping.load(ordering: .acquiring) else { break }
                session.relinked(to: endpoints[attempt % endpoints.count], at: Moment(time))
            }
            outputs.push(.ended(endpoints.isEmpty ? "no endpoint is given" : nil))
        } catch {
            outputs.push(.ended(error.isTerminated ? nil : "\(error)"))
        }
    }

    /// Works on one link until it is given up.
    /// - Parameter isLastKey: no other key is left to try; else a daemon that does not prove this one is given up at once.
    private func follow(_ session: inout PatrolSession, keys: ClientKeys, endpoint: String, isLastKey: Bool) throws(ZeroMQError) {
        var link = try ClientLink(context, keys: keys, endpoint: endpoint, sendQueue: 256, reconnect: reconnect)
        var handshakes = 0
        var frames = Multipart(maxFrames: 3)
        var polls = PollSet()
        polls.add(link.socket.handle)
        polls.add(link.monitorHandle)
        polls.add(fileDescriptor: wake.fileDescriptor)
        while !isStopping.load(ordering: .acquiring) {
            wake.clear()
            let changed = try link.readMonitor()
            if link.handshakes != handshakes {
                // Counted, because a connection that was lost and made anew between two looks shows no other state.
                handshakes = link.handshakes
                session.linkChanged(.connected, at: Moment(time))
                if link.state != .connected { session.linkChanged(link.state, at: Moment(time)) }
            } else if let changed {
                if changed == .wrongDaemon, !isLastKey { return }
                session.linkChanged(changed, at: Moment(time))
            }
            takeReturned(&session)
            for command in commands.drain() { session.perform(command, at: Moment(time)) }
            // A bound, so that a flood of events holds up neither heartbeats nor commands.
            for _ in 0..<64 {
                guard try link.socket.tryReceive(into: &frames) else { break }
                receive(frames, &session)
                if try perform(&session, link.socket) { return }
            }
            session.tick(at: Moment(time))
            if try perform(&session, link.socket) { return }
            let due = session.nextDue(at: Moment(time))
            try polls.poll(timeoutMilliseconds: Int(min(due, 1_000)))
        }
    }

    private func receive(_ frames: borrowing Multipart, _ session: inout PatrolSession) {
        guard frames.frameCount == 2, !frames.overflowed else { return }
        let header = frames.withFrame(0) { try? Header($0) }
        guard let header else { return }
        session.receive(header, frames.bytes(1), at: Moment(time))
    }

    private func takeReturned(_ session: inout PatrolSession) {
        let taken = returned.withLock { returned in
            defer { returned = Returned() }
            return returned
        }
        for (lane, amount) in taken.consumed { session.consumed(amount, lane: lane) }
        if let kept = taken.kept { session.kept(kept) }
    }

    /// - Returns: true when the link is to be given up.
    private func perform(_ session: inout PatrolSession, _ socket: borrowing Socket) throws(ZeroMQError) -> Bool {
        // Performing may add effects (a message that could not be sent), so it goes round until none are left. Each
        // message fails at most once in a round, and what follows from that waits for a later tick.
        var isDone = false
        while !session.effects.isEmpty {
            let effects = session.effects
            session.effects = []
            for effect in effects {
                switch effect {
                case .tell(let output): outputs.push(output)
                case .relink: isDone = true
                case .send(let header, let body):
                    if try socket.trySend(frames: [header.encoded, body]) != .sent {
                        session.notSent(header, at: Moment(time))
                    }
                }
            }
        }
        return isDone
    }
}

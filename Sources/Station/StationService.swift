public import Journal
public import Logging
internal import Synchronization
public import TipModel
internal import TipWire
internal import Triage
public import ZeroMQ

/// The core's thread: takes what waits, most urgent first, and commits it as one group.
///
/// Group commit needs no timer: while one group is being synced the next gathers, so a lone tip waits for nothing
/// and a flood is synced by the hundreds. A small group is committed on this thread, which saves two changes of thread; while a
/// large one is committed by the ``Committer`` the next is decided.
public final class StationService: Sendable {
    public struct Settings: Sendable {
        public var core = StationCore.Settings()
        /// Ordinary tips that may wait; the ingest thread stops reading its socket at the bound. Here and below at least a
        /// message's tips (`WireLimits.tipsPerSubmit`): they are taken together or not at all.
        public var queueTips = 1_024
        /// Emergencies that may wait beside them.
        public var queueExpress = WireLimits.tipsPerSubmit
        /// Steps, enrolments and questions that may wait; the asker is told `busy` at the bound.
        public var queueControl = 1_024
        /// Most tips in one group, so that an emergency never waits behind a longer one.
        public var batchTips = 512
        /// Records of a group from which it is committed beside the core.
        public var besideRecords = 32

        public init() {}
    }

    private let settings: Settings
    private let journal: Committer.JournalBox
    private let committer: Committer
    private let ports: StationPorts
    private let time: any TimeSource
    private let clock: PostTime
    private let logger: Logger
    private let wake: WakeSignal
    private let express: TipQueue
    private let ordinary: TipQueue
    private let control: Mailbox<StationCommand>
    /// Signalled after tips were taken, for an ingest thread that waits for room.
    public let room: WakeSignal
    /// That of the core, for who reads tips ahead of it.
    private let engine = Mutex<TriageEngine?>(nil)
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<ThreadHandle?>(nil)
    private let snapshotThread = Mutex<ThreadHandle?>(nil)

    public init(
        journal: sending any Journal, settings: Settings, ports: StationPorts, time: any TimeSource, logger: Logger
    ) throws(ZeroMQError) {
        self.settings = settings
        self.journal = Committer.JournalBox(journal)
        committer = try Committer(self.journal)
        self.ports = ports
        self.time = time
        clock = PostTime(time)
        self.logger = logger
        wake = try WakeSignal()
        room = try WakeSignal()
        express = TipQueue(bound: settings.queueExpress, wake: wake)
        ordinary = TipQueue(bound: settings.queueTips, wake: wake)
        control = Mailbox(bound: settings.queueControl, wake: wake)
    }

    /// Hands tips over, all or none; false when there is no room (then wait for ``room``).
    ///
    /// What a tip says by itself is worked out here, on the caller's thread: it is most of a decision's cost, and the core, which
    /// decides alone, is what bounds the rate.
    public func offer(_ tips: consuming [TipCommand], express isExpress: Bool) -> Bool {
        let queue = isExpress ? express : ordinary
        // First, since reading them again for every try would cost more than anything else here.
        guard queue.hasRoom(for: tips.count) else { return false }
        if let engine = engine.withLock({ $0 }) {
            for index in tips.indices { tips[index].reading = engine.reading(of: tips[index].tip) }
        }
        return queue.offer(tips)
    }

    /// Hands another command over; false when too many wait.
    public func offer(_ command: StationCommand) -> Bool { control.offer(command) }

    /// How many of each kind wait, for status.
    public var waiting: (express: Int, ordinary: Int, control: Int) { (express.count, ordinary.count, control.count) }

    /// What a post is told the time is, whose own clock shows `own`.
    public func time(toldTo own: Timestamp, by post: PostID) -> Timestamp { clock.told(to: own, by: post) }

    /// Starts the thread.
    /// - Parameters:
    ///   - state: folded from this service's journal.
    ///   - dispatch: when somebody is told that nobody comes.
    public func start(
        state: StationState, rules: TriageRules, dispatch: DispatchRules = .standard
    ) throws(ZeroMQError) {
        try committer.start()
        // Known before a post can ask.
        let origin = StationCore.clockOrigin(time, journal.journal, newest: state.sequence)
        clock.begin(at: origin)
        let handle = try spawnThread(name: "core") { [self] in run(state: state, rules: rules, dispatch: dispatch, clockOrigin: origin) }
        thread.withLock { $0 = handle }
    }

    /// Commits what waits, saves a snapshot, closes the journal and ends the thread. Producers must have stopped.
    /// - Returns: false when that took longer than `deadline`.
    public func stop(deadline: Duration) -> Bool {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        guard let handle = thread.withLock({ $0 }) else { return true }
        return handle.join(deadline: deadline)
    }

    private func run(state: StationState, rules: TriageRules, dispatch: DispatchRules, clockOrigin: Timestamp) {
        var core = StationCore(
            journal: journal.journal, state: state, rules: rules, dispatch: dispatch, settings: settings.core, time: time,
            clockOrigin: clockOrigin)
        engine.withLock { $0 = core.engine }
        var polls = PollSet()
        let wakeIndex = polls.add(fileDescriptor: wake.fileDescriptor)
        let doneIndex = polls.add(fileDescriptor: committer.done.fileDescriptor)
        var underWay = UnderWay()
        ports.enrolments(Array(state.enrolments.values))
        while true {
            // A second at most, to keep the watchdog informed; less where somebody is to be told earlier that nobody comes.
            // While a commit is awaited only its end, or the next second, brings anything.
            let delay = underWay.committing == nil ? core.escalationDelay ?? 1_000 : 1_000
            _ = try? polls.poll(timeoutMilliseconds: Int(min(1_000, max(1, delay))))
            // A commit that does not come back starves the watchdog.
            if underWay.committing == nil { ports.beat() }
            if polls.isReadable(wakeIndex) { wake.clear() }
            if polls.isReadable(doneIndex) { committer.done.clear() }
            let isLast = isStopping.load(ordering: .acquiring)
            while round(&core, &underWay) { ports.beat() }
            if isLast, underWay.committing == nil { break }
        }
        _ = snapshotThread.withLock { $0 }?.join(deadline: .seconds(2))
        // A snapshot that was under way is stored, too.
        let group = decide(gather(control.drain(limit: Self.controlInGroup), core), &core)
        deliver(core.finish(group, appended: core.append(group.drafts)))
        core.saveSnapshot()
        committer.stop()
        journal.journal.close()
    }

    /// Groups that are decided and not told.
    private struct UnderWay: ~Copyable {
        /// With the committer.
        var committing: StationCore.Group?
        /// Decided on it, and next.
        var ready: StationCore.Group?
        /// Control commands that wait until journal and state agree, and those behind them.
        var held: [StationCommand] = []
    }

    /// One step: takes what was committed, or decides a group.
    /// - Returns: whether anything was done; where not, a signal tells when to go on.
    private func round(_ core: inout StationCore, _ underWay: inout UnderWay) -> Bool {
        if let group = underWay.committing {
            if let appended = committer.take() {
                underWay.committing = nil
                // The next one first: the disk works while the first is told.
                let outcome = core.finish(group, appended: appended)
                let next = underWay.ready.take()
                if let failure = outcome.failure {
                    deliver(outcome)
                    if let next { deliver(core.abandon(next, because: failure)) }
                } else {
                    if let next { commit(next, &core, &underWay, before: { deliver(outcome) }) } else { deliver(outcome) }
                }
                if underWay.committing == nil, let due = core.takeDueSnapshot() { snapshot(due) }
                return true
            }
            guard underWay.ready == nil, underWay.held.isEmpty, !group.asksForState, !core.isSnapshotDue else { return false }
            let control = control.drain(limit: Self.controlInGroup)
            let end = control.firstIndex { $0.needsAgreement } ?? control.endIndex
            underWay.held = Array(control[end...])
            let next = gather(Array(control[..<end]), core)
            guard !next.isEmpty else { return false }
            if !next.tips.isEmpty { room.signal() }
            underWay.ready = decide(next, &core)
            return true
        }
        let control = underWay.held + control.drain(limit: Self.controlInGroup - underWay.held.count)
        underWay.held = []
        let next = gather(control, core)
        guard !next.isEmpty else { return false }
        if !next.tips.isEmpty { room.signal() }
        commit(decide(next, &core), &core, &underWay)
        if underWay.committing == nil, let due = core.takeDueSnapshot() { snapshot(due) }
        return true
    }

    /// Commits a group, beside the core where that pays.
    /// - Parameter tell: what came of the group before it; called before anything of this one is told.
    private func commit(
        _ group: consuming StationCore.Group, _ core: inout StationCore, _ underWay: inout UnderWay, before tell: () -> Void = {}
    ) {
        if group.records >= settings.besideRecords, core.mayAppend {
            var drafts: [Draft] = []
            swap(&drafts, &group.drafts)
            committer.begin(drafts)
            underWay.committing = group
            tell()
        } else {
            tell()
            deliver(core.finish(group, appended: core.append(group.drafts)))
        }
    }

    /// Control commands in one group.
    private static let controlInGroup = 256

    /// What is decided together.
    private struct Gathered {
        var commands: [StationCommand]
        var tips: [[TipCommand]]
        var escalates: Bool

        var isEmpty: Bool { commands.isEmpty && tips.isEmpty && !escalates }
    }

    /// The next group: control first (a claim or a revocation must not wait behind tips), then emergencies, then
    /// the rest up to the bound, then what is due to be escalated.
    private func gather(_ control: [StationCommand], _ core: borrowing StationCore) -> Gathered {
        var tips = express.drain(limit: settings.batchTips)
        let taken = control.count + tips.reduce(0) { $0 + $1.count }
        tips += ordinary.drain(limit: max(1, settings.batchTips - taken))
        return Gathered(commands: control, tips: tips, escalates: core.isEscalationDue)
    }

    private func decide(_ gathered: Gathered, _ core: inout StationCore) -> StationCore.Group {
        let group = core.decide(gathered.commands, tips: gathered.tips, escalates: gathered.escalates)
        // A reading by rules that were replaced meanwhile is made anew by the core.
        if group.rulesChanged { engine.withLock { $0 = core.engine } }
        return group
    }

    private func deliver(_ outcome: StationCore.Outcome) {
        if let failure = outcome.failure { logger.error("commit failed", metadata: ["reason": "\(failure)"]) }
        // The access table first: a revocation holds before anybody hears that it was done.
        if let enrolments = outcome.enrolments { ports.enrolments(enrolments) }
        // Patrols before receipts: the alarm is what somebody waits for.
        if !outcome.committed.isEmpty { ports.publish(outcome.committed) }
        if !outcome.tips.isEmpty { ports.tips(outcome.tips) }
        for reply in outcome.replies { reply() }
        // After the replies: one to a post's question was worked out before what this group changed.
        for (post, news) in outcome.progress { ports.progress(post, news) }
    }

    /// Encodes a snapshot beside the core; the core stores it when it comes back.
    private func snapshot(_ state: StationState) {
        let isRunning = snapshotThread.withLock { $0.map { !$0.join(deadline: .zero) } ?? false }
        guard !isRunning else { return }
        let handle = try? spawnThread(name: "snapshot") { [self] in
            let parcel = SnapshotCodec.encode(state)
            // Refused at the bound: the next one will do.
            _ = control.offer(.snapshot(parcel))
        }
        snapshotThread.withLock { $0 = handle }
    }
}

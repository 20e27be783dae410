internal import DispatchDesk
public import Journal
internal import Measurement
public import TipModel
internal import TipWire
internal import Triage

/// Decides commands, commits what they change with one sync, and only then tells.
///
/// Used by one thread. The state runs ahead of the journal within a batch, because the second tip of a batch may
/// belong to the incident that the first one opened. When the commit fails, the state is therefore thrown away and
/// rebuilt from the journal, and everybody who waited gets `unavailable`: what was not acknowledged is sent again.
public struct StationCore: ~Copyable {
    public struct Settings: Sendable {
        /// How old a tip id may be, in milliseconds.
        public var idWindowMilliseconds: Int64 = 30 * 86_400_000
        /// Records after which a snapshot is due; more where many incidents are open.
        public var snapshotEvery: UInt64 = 50_000
        /// After a failed commit, tips are refused at once for this long, so that a full disk is not hammered.
        public var failurePauseMilliseconds: Int64 = 2_000

        public init() {}
    }

    let journal: any Journal
    let settings: Settings
    let time: any TimeSource
    var state: StationState
    var rules: TriageRules
    /// Where the wall clock stood when the monotonic one began, as far as the start could tell.
    let clockOrigin: Timestamp
    /// Categories whose tips are taken as long as anything is.
    var express: Set<String>
    /// Set from outside; not part of the state, and asked of new tips only.
    var disk = DiskLevel.enough
    var plan: EscalationPlan
    var due = DueIndex()
    var engine: TriageEngine
    var index: OpenIncidentIndex
    var newestTips: NewestTips
    /// The group that is being decided.
    var batch = Group(first: 0)
    /// Tips of groups that are not finished, which the journal may not know yet: at most two groups.
    var undecided: [(first: SequenceNumber, pending: [TipKey: PendingTip])] = []
    /// Of the newest snapshot that this core made; 0 for none. How old the one is that it began from is not known, so
    /// the first is due as soon as the journal is long enough for one: else a daemon that never stops in good order
    /// would read ever more at each start.
    private var snapshotSequence: SequenceNumber = 0
    /// Set after a failed commit: the reason, and until when (monotonic) tips are refused without a try.
    private var failure: (error: JournalError, until: Int64)?
    /// Set while the state is ahead of the journal because a commit failed and it could not yet be rebuilt.
    private var isAhead = false
    public internal(set) var counters = StationCounters()

    /// The counters, with what only the journal counts.
    func currentCounters() -> StationCounters {
        var counters = counters
        counters.syncs = journal.syncs
        counters.isFailing = isAhead || failure != nil
        return counters
    }

    /// - Parameter state: folded from this journal.
    public init(
        journal: any Journal, state: StationState, rules: TriageRules, dispatch: DispatchRules = .standard, settings: Settings,
        time: any TimeSource, clockOrigin: Timestamp? = nil
    ) {
        self.journal = journal
        self.state = state
        self.rules = rules
        express = rules.expressCategories
        plan = EscalationPlan(rules: dispatch)
        self.settings = settings
        self.time = time
        self.clockOrigin = clockOrigin ?? Self.clockOrigin(time, journal, newest: state.sequence)
        engine = TriageEngine(rules: rules)
        index = engine.makeIndex(of: state.incidents.values)
        newestTips = NewestTips(journal)
        scheduleAll()
    }

    /// What came of a batch, to be told now that it is durable.
    public struct Outcome: Sendable {
        public var tips: [TipOutcome] = []
        public var committed: [CommittedEvent] = []
        /// What posts hear of it.
        public var progress: [(post: PostID, news: PostProgress)] = []
        public var replies: [@Sendable () -> Void] = []
        /// Set when enrolments changed.
        public var enrolments: [Enrolment]?
        /// Set when the commit failed.
        public var failure: JournalError?
    }

    /// Decides a group, commits it, and says what came of it.
    public mutating func process(_ commands: [StationCommand]) -> Outcome {
        let group = decide(commands)
        return finish(group, appended: append(group.drafts))
    }

    /// Decides commands in order, then tips, then what is due to be escalated. What they change is in the state from now on, and in no journal yet: the group's drafts are to be
    /// appended, and then given to ``finish(_:appended:)``, in the order in which groups were decided. The next one may be decided
    /// before that; it stands and falls with this one.
    public mutating func decide(_ commands: [StationCommand], tips: [[TipCommand]] = [], escalates: Bool = false) -> Group {
        if isAhead { rebuild() }
        batch = Group(first: nextSequence)
        let now = time.now()
        batch.stored = lookUp(commands, tips)
        for command in commands { handle(command, now: now) }
        for portion in tips {
            portion.withUnsafeBufferPointer { tips in
                // By address: a command taken out of the array would have its dozen references counted.
                guard var tip = tips.baseAddress else { return }
                for _ in 0..<tips.count {
                    take(tip.pointee, now: now)
                    tip += 1
                }
            }
        }
        if escalates { escalate(now: now) }
        for id in batch.touched { schedule(id, now: now) }
        batch.progress = news(of: batch)
        var group = Group(first: nextSequence)
        swap(&group, &batch)
        group.records = group.drafts.count
        if !group.pending.isEmpty { undecided.append((group.first, group.pending)) }
        return group
    }

    /// Nothing may be appended while the state is ahead of the journal for good.
    var mayAppend: Bool { !isAhead }

    /// Appends a group's drafts on this thread; nil where there is nothing to append.
    public func append(_ drafts: [Draft]) -> Appended? {
        drafts.isEmpty || isAhead ? nil : Appended(drafts, to: journal)
    }

    /// Asks the journal at once about all tips that it may have. What is not committed yet is asked of ``undecided``.
    private func lookUp(_ commands: [StationCommand], _ tips: [[TipCommand]]) -> Result<[TipKey: StoredTip], JournalError> {
        var keys: [TipKey] = []
        for case .tip(let command) in commands where newestTips.mayHave(command.key) { keys.append(command.key) }
        for portion in tips {
            // Where they lie: a copy of a command is a dozen references.
            for index in portion.indices {
                let key = portion[index].key
                if newestTips.mayHave(key) { keys.append(key) }
            }
        }
        do throws(JournalError) { return .success(try journal.find(keys)) } catch { return .failure(error) }
    }

    private mutating func handle(_ command: StationCommand, now: Timestamp) {
        switch command {
        case .tip(let tip): take(tip, now: now)
        case .step(let step): take(step, now: now)
        case .desk(let command): take(command, now: now)
        case .acknowledge(let command): take(command, now: now)
        case .postHandled(let command): take(command, now: now)
        case .escalate: escalate(now: now)
        case .heartbeat(let post, let series, let lowestUnsent):
            hear(post, series: series, lowestUnsent: lowestUnsent, now: now)
        case .progress(let query): tell(query)
        case .find(let key, let reply): find(key, reply)
        case .silent(let post, let since):
            guard let ledger = state.ledgers[post], ledger.silentSince == nil else { return }
            stage([.postFellSilent(post, since: since)], now: now)
        case .cursor(let unit, let cursor):
            guard state.cursors[unit] != cursor else { return }
            stage([.cursorAdvanced(unit, alert: cursor.alert, main: cursor.main)], now: now)
        case .enrol(let command): enrol(command, now: now)
        case .rotate(let command): rotate(command, now: now)
        case .record(let event, let incident, let reply):
            let sequence = stage([event], about: incident, now: now)
            batch.replies.append { failure in reply(failure.map { .failure(Rejection(unavailable: $0)) } ?? .success(sequence)) }
        case .revoke(let principal, let reason, let reply): revoke(principal, reason: reason, reply: reply, now: now)
        case .rules(let rules, let dispatch):
            self.rules = rules
            express = rules.expressCategories
            engine = TriageEngine(rules: rules)
            batch.rulesChanged = true
            index = engine.makeIndex(of: state.incidents.values)
            if let dispatch {
                plan = EscalationPlan(rules: dispatch)
                scheduleAll()
            }
        case .disk(let level): disk = level
        case .inspect(let body): batch.questions.append(body)
        case .snapshot(let snapshot):
            // Losing one costs start-up time and nothing else.
            do {
                try journal.save(snapshot)
                counters.snapshots += 1
            } catch {
                counters.snapshotFailures += 1
            }
        }
    }

    // MARK: Commit

    var nextSequence: SequenceNumber { state.sequence + 1 }

    /// Whether a key stands for it now. What waited for the core was let in before, and a revocation overtakes it.
    /// - Parameter generation: of the key that spoke; another one has been enrolled since where it differs, and a rotation may let
    ///   both in. Nil for any.
    func isEnrolled(_ principal: PrincipalID, generation: SequenceNumber? = nil) -> Bool {
        guard let enrolment = state.enrolments[principal], !enrolment.isRevoked else { return false }
        return generation.map { enrolment.admits(generation: $0, at: time.now()) } ?? true
    }

    /// Folds events in that patrols are not sent and stages them for the commit.
    @discardableResult
    mutating func stage(_ events: [Event], about incident: IncidentID? = nil, now: Timestamp) -> SequenceNumber {
        let sequence = nextSequence
        state.apply(Record(sequence: sequence, at: now, events: events))
        batch.drafts.append(Draft(at: now, events: events, incident: incident))
        return sequence
    }

    /// - Parameter before: the incident as it was: who leaves the crew hears that it did.
    mutating func publish(_ event: FeedEvent, level: UrgencyLevel, events: [Event], tip: TipKey?, before: Incident? = nil) {
        let guests = guests(of: event.incident, before, now: event.at)
        batch.touched.insert(event.incident.id)
        let encoded = FeedCodec.encode(event)
        let zone = event.incident.zone
        batch.drafts.append(
            Draft(
                at: event.at, events: events, tip: tip, incident: event.incident.id,
                feed: FeedDraft(lane: event.lane, zone: zone, level: level, event: encoded, guests: guests)))
        batch.committed.append(
            CommittedEvent(sequence: event.sequence, lane: event.lane, zone: zone, level: level, event: encoded, guests: guests))
    }

    /// Units beyond the incident's zone that are sent what happens to it.
    private func guests(of incident: Incident, _ before: Incident?, now: Timestamp) -> [UnitID] {
        var units = incident.guests(at: now)
        if let before { units.formUnion(before.guests(at: now)) }
        guard !units.isEmpty else { return [] }
        return units.filter { enrolled($0).map { !$0.zones.contains(incident.zone) } ?? false }.sorted()
    }

    /// What came of a group, now that its drafts are durable or are not.
    /// - Parameter appended: nil where there was nothing to append.
    public mutating func finish(_ done: Group, appended: Appended?) -> Outcome {
        undecided.removeAll { $0.first == done.first }
        var outcome = Outcome()
        do throws(JournalError) {
            if let appended {
                let first = try appended.first.get()
                counters.commitSeconds.observe(appended.seconds)
                guard first == done.first else {
                    throw JournalError(.misuse, "the journal numbered a record \(first) that is not the next")
                }
                counters.commits += 1
                counters.records += UInt64(done.records)
                counters.largestBatch = max(counters.largestBatch, UInt64(done.records))
                if !done.pending.isEmpty { counters.batchTips.observe(Double(done.pending.count)) }
                failure = nil
            }
            if isAhead, let failure { throw failure.error }
            outcome.tips = done.tips.map(\.outcome)
            outcome.committed = done.committed
            outcome.progress = done.progress
            outcome.replies = done.replies.map { reply in { reply(nil) } }
            if done.enrolmentsChanged { outcome.enrolments = Array(state.enrolments.values) }
        } catch {
            fail(error)
            outcome = refused(done, error)
        }
        for tip in outcome.tips { counters.count(tip.result) }
        for question in done.questions { question(state, currentCounters()) }
        return outcome
    }

    /// A group that was decided on one that then failed: it never happened either.
    public mutating func abandon(_ group: Group, because error: JournalError) -> Outcome {
        undecided.removeAll { $0.first == group.first }
        let outcome = refused(group, error)
        for tip in outcome.tips { counters.count(tip.result) }
        for question in group.questions { question(state, currentCounters()) }
        return outcome
    }

    private func refused(_ group: Group, _ error: JournalError) -> Outcome {
        var outcome = Outcome()
        outcome.failure = error
        let rejection = Rejection(unavailable: error)
        outcome.tips = group.tips.map { tip, restsOnBatch in
            restsOnBatch ? TipOutcome(ticket: tip.ticket, tip: tip.tip, result: .failure(rejection)) : tip
        }
        outcome.replies = group.replies.map { reply in { reply(error) } }
        return outcome
    }

    private mutating func fail(_ error: JournalError) {
        counters.commitFailures += 1
        failure = (error, time.monotonicMilliseconds() + settings.failurePauseMilliseconds)
        isAhead = true
        rebuild()
    }

    /// Takes the state back to what is durable: what a failed batch did to it never happened. Where even reading
    /// fails, nothing is committed until it succeeds.
    private mutating func rebuild() {
        guard let reader = try? journal.makeReader() else { return }
        defer { reader.close() }
        guard let rebuilt = try? Replay.state(from: reader), rebuilt.sequence == journal.lastSequence else { return }
        state = rebuilt
        index = engine.makeIndex(of: state.incidents.values)
        // From the journal: if this was wrong, the failure came of it.
        newestTips = NewestTips(journal)
        scheduleAll()
        isAhead = false
    }

    /// Set for a moment after a failed commit.
    var isPaused: Bool { failure.map { time.monotonicMilliseconds() < $0.until } ?? false }

    func currentFailure() -> Rejection? {
        guard let failure, isAhead || time.monotonicMilliseconds() < failure.until else { return nil }
        return Rejection(unavailable: failure.error)
    }

    /// The state to snapshot, when enough has happened since the last one; asking marks it as taken. Never one that is
    /// ahead of the journal: a later start would take it for what happened.
    ///
    /// A snapshot costs as much as there are incidents, so with more of them it is due less often: its cost for each
    /// record stays bounded however many are open.
    ///
    /// Only between groups.
    public mutating func takeDueSnapshot() -> StationState? {
        guard isSnapshotDue else { return nil }
        snapshotSequence = state.sequence
        return state
    }

    var isSnapshotDue: Bool {
        let due = max(settings.snapshotEvery, 2 * UInt64(state.incidents.count))
        // A snapshot is for a quick start; what room there is, is for claims and steps.
        return !isAhead && disk == .enough && state.sequence - snapshotSequence >= due
    }

    /// Writes a snapshot of the present state, for a quick start next time.
    public mutating func saveSnapshot() {
        guard !isAhead, disk == .enough, state.sequence > snapshotSequence else { return }
        do {
            try journal.save(SnapshotCodec.encode(state))
            snapshotSequence = state.sequence
        } catch {
            counters.snapshotFailures += 1
        }
    }
}

extension Rejection {
    /// For everybody who waited for a commit that failed.
    init(unavailable error: JournalError) {
        self.init(.unavailable, "not stored: \(error.message)", retryAfterMilliseconds: 2_000)
    }
}

extension TipSummary {
    /// What patrols see of a tip.
    init(_ accepted: TipAccepted) {
        let tip = accepted.tip
        self.init(
            id: tip.id, post: accepted.post, observedAt: tip.observedAt, category: tip.category, text: tip.text,
            place: tip.place, position: accepted.position, panic: tip.panic)
    }
}

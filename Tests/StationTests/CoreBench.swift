import DispatchDesk
import Journal
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// The core on a journal in memory and a clock that a test moves. Four posts and two units are enrolled.
final class CoreBench {
    let journal = FaultyJournal()
    let time = ManualTime()
    let replies = Replies()
    var rules = Fixture.rules
    var dispatch = DispatchRules.standard
    private(set) var core: StationCore
    private let settings: StationCore.Settings
    private var stepRequests = 0

    init(_ settings: StationCore.Settings = .init(), enrols: Bool = true, dispatch: DispatchRules = .standard) {
        self.settings = settings
        self.dispatch = dispatch
        core = StationCore(
            journal: journal, state: StationState(), rules: Fixture.rules, dispatch: dispatch, settings: settings, time: time)
        guard enrols else { return }
        let subjects = Fixture.posts.map(Enrolment.Subject.post) + Fixture.units.map(Enrolment.Subject.unit)
        run(subjects.enumerated().map { .enrol(enrol($1, key: UInt8($0 + 1))) })
        replies.clear()
    }

    var state: StationState { core.state }

    /// What a restart would know.
    func folded() throws -> StationState {
        let reader = try journal.memory.makeReader()
        defer { reader.close() }
        return try Replay.state(from: reader, ignoringSnapshots: true)
    }

    /// All records, as a replay of another day would read them.
    func records() throws -> [StoredRecord] {
        try journal.memory.makeReader().records(after: 0, limit: .max, bytes: .max)
    }

    /// A new core on the same journal, from the newest snapshot and what follows.
    func restart() throws {
        let reader = try journal.makeReader()
        defer { reader.close() }
        core = StationCore(
            journal: journal, state: try Replay.state(from: reader), rules: rules, dispatch: dispatch, settings: settings, time: time)
    }

    /// One group. Replies are given afterwards, as the service does.
    @discardableResult
    func run(_ commands: [StationCommand]) -> StationCore.Outcome {
        let outcome = core.process(commands)
        for reply in outcome.replies { reply() }
        return outcome
    }

    /// Decides a group of tips and no more.
    func decide(_ tips: [TipCommand]) -> StationCore.Group { core.decide(tips.map(StationCommand.tip)) }

    func commit(_ group: StationCore.Group) -> StationCore.Outcome { core.finish(group, appended: core.append(group.drafts)) }

    func abandon(_ group: StationCore.Group, because error: JournalError) -> StationCore.Outcome {
        core.abandon(group, because: error)
    }

    func run(_ tips: [TipCommand]) -> [Result<Receipt, Rejection>] { run(tips.map(StationCommand.tip)).tips.map(\.result) }

    /// A group of one tip that must be accepted.
    func accept(_ tip: TipCommand) throws -> Receipt { try #require(run([tip]).first).get() }

    func refusal(_ tip: TipCommand) -> Rejection? {
        guard case .failure(let rejection)? = run([tip]).first else { return nil }
        return rejection
    }

    /// One step in a group of its own.
    func step(
        _ step: Step, by unit: PatrolUnit = Fixture.east, _ incident: IncidentID, _ disposition: Disposition? = nil
    ) throws -> StepOutcome {
        run([.step(command(step, by: unit, incident, disposition))])
        return try #require(replies.steps.last)
    }

    func command(
        _ step: Step, by unit: PatrolUnit = Fixture.east, _ incident: IncidentID, _ disposition: Disposition? = nil
    ) -> StepCommand {
        let replies = replies
        return StepCommand(step: step, unit: unit, incident: incident, disposition: disposition, note: "") { replies.add($0) }
    }

    /// One action of the desk in a group of its own.
    @discardableResult
    func desk(_ action: DeskCommand.Action, reason: String = "同一名男子") throws -> Result<DeskOutcome, Rejection> {
        run([.desk(desk(action, reason: reason))])
        return try #require(replies.desk.last)
    }

    func desk(_ action: DeskCommand.Action, reason: String = "同一名男子") -> DeskCommand {
        let replies = replies
        return DeskCommand(action: action, reason: reason, by: Operator(.desk, "duty")) { replies.add($0) }
    }

    /// The tips of an incident, as the journal's records tell them.
    func members(_ id: IncidentID) throws -> [MemberTip] {
        let reader = try journal.memory.makeReader()
        defer { reader.close() }
        return try reader.family(of: id, limit: 100_000).membership[id]
    }

    func enrol(_ subject: Enrolment.Subject, key: UInt8, replace: Bool = false) -> EnrolCommand {
        let replies = replies
        return EnrolCommand(
            subject: subject, publicKey: [UInt8](repeating: key, count: 32), replace: replace) { replies.add($0) }
    }

    func revoke(_ principal: PrincipalID) -> StationCommand {
        let replies = replies
        return .revoke(principal, reason: "lost") { replies.add($0) }
    }

    /// An acknowledgement in a group of its own.
    @discardableResult
    func acknowledge(
        _ incident: IncidentID, by: Operator = Operator(.desk, "duty"), scope: AcknowledgeCommand.Scope = .everything
    ) throws -> StepOutcome {
        let replies = replies
        run([.acknowledge(AcknowledgeCommand(incident: incident, by: by, scope: scope) { replies.add($0) })])
        return try #require(replies.steps.last)
    }

    func saveSnapshot() { core.saveSnapshot() }
    func takeDueSnapshot() -> StationState? { core.takeDueSnapshot() }
}

/// What was answered, in order.
final class Replies: Sendable {
    private let told = Mutex(
        (steps: [StepOutcome](), changes: [Result<SequenceNumber, Rejection>](), desk: [Result<DeskOutcome, Rejection>]()))

    func add(_ step: StepOutcome) { told.withLock { $0.steps.append(step) } }
    func add(_ change: Result<SequenceNumber, Rejection>) { told.withLock { $0.changes.append(change) } }
    func clear() { told.withLock { $0 = ([], [], []) } }
    func add(_ desk: Result<DeskOutcome, Rejection>) { told.withLock { $0.desk.append(desk) } }
    var desk: [Result<DeskOutcome, Rejection>] { told.withLock { $0.desk } }
    var steps: [StepOutcome] { told.withLock { $0.steps } }
    /// Of enrolments and revocations.
    var changes: [Result<SequenceNumber, Rejection>] { told.withLock { $0.changes } }
    /// The codes of refused changes; nil for those done.
    var codes: [RejectionCode?] {
        changes.map { if case .failure(let rejection) = $0 { rejection.code } else { nil } }
    }
}

/// What questions were answered with.
final class Seen: Sendable {
    private let states = Mutex([(tips: UInt64, accepted: UInt64)]())
    func add(_ state: StationState, _ counters: StationCounters) {
        states.withLock { $0.append((state.totals.tips, counters.accepted)) }
    }
    var tips: [UInt64] { states.withLock { $0.map(\.tips) } }
    var accepted: [UInt64] { states.withLock { $0.map(\.accepted) } }
}

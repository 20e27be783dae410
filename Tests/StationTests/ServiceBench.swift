import DispatchDesk
import Journal
import Logging
import Synchronization
import TestSupport
import Testing
import TipModel
import ZeroMQ

@testable import Station

/// The longest that a test waits for something that must happen.
let patience = Duration.seconds(20)

/// The core's thread on a journal in memory.
final class ServiceBench {
    let journal: FaultyJournal
    let told = Told()
    let service: StationService
    /// Four posts and two units.
    static let enrolments = UInt64(Fixture.posts.count + Fixture.units.count)

    /// - Parameter journal: with what is enrolled in it; a new one when not given.
    init(
        _ journal: FaultyJournal = CoreBench().journal, _ change: (inout StationService.Settings) -> Void = { _ in },
        beat: @escaping @Sendable () -> Void = {}
    ) throws {
        self.journal = journal
        var settings = StationService.Settings()
        change(&settings)
        let told = told
        service = try StationService(
            journal: journal, settings: settings,
            ports: StationPorts(
                tips: { told.add(.tips($0)) }, publish: { told.add(.published($0)) }, enrolments: { told.add(.enrolments($0)) },
                beat: beat),
            time: ManualTime(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let reader = try journal.makeReader()
        try service.start(state: try Replay.state(from: reader), rules: Fixture.rules)
    }

    deinit { _ = service.stop(deadline: patience) }

    /// Keeps the core's thread busy until the gate is opened, so that what is offered meanwhile waits together.
    func hold() throws -> Gate {
        let gate = try Gate()
        try #require(service.offer(.inspect { _, _ in gate.hold() }))
        try #require(gate.isReached())
        return gate
    }

    func step(_ step: Step, by unit: PatrolUnit = Fixture.east, _ incident: UInt64) -> StationCommand {
        let told = told
        return .step(
            StepCommand(step: step, unit: unit, incident: IncidentID(incident), disposition: nil, note: "") { told.add(.step($0)) })
    }

    func counters() throws -> StationCounters {
        let answer = Mutex<StationCounters?>(nil)
        let box = Box(answer)
        try #require(service.offer(.inspect { _, counters in box.value.withLock { $0 = counters } }))
        try #require(eventually { box.value.withLock { $0 != nil } })
        return try #require(box.value.withLock { $0 })
    }

    /// Waits until so many tips were answered.
    func answered(_ count: Int) -> Bool { eventually { told.tips.count >= count } }
}

/// Holds a mutex where a closure that outlives the call can reach it.
private final class Box<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: consuming Mutex<Value>) { self.value = value }
}

/// What the service told, in order.
final class Told: Sendable {
    enum Entry: Sendable {
        case enrolments([Enrolment])
        case published([CommittedEvent])
        case tips([TipOutcome])
        case step(StepOutcome)
        case change(Result<SequenceNumber, Rejection>)
        case desk(Result<DeskOutcome, Rejection>)

        var name: String {
            switch self {
            case .enrolments: "enrolments"
            case .published: "published"
            case .tips: "tips"
            case .step: "step"
            case .change: "change"
            case .desk: "desk"
            }
        }
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }
    func clear() { entries.withLock { $0 = [] } }
    var all: [Entry] { entries.withLock { $0 } }
    /// The tips of each group.
    var groups: [[TipOutcome]] { all.compactMap { if case .tips(let tips) = $0 { tips } else { nil } } }
    var tips: [TipOutcome] { groups.flatMap(\.self) }
    var desk: [Result<DeskOutcome, Rejection>] { all.compactMap { if case .desk(let outcome) = $0 { outcome } else { nil } } }
    var steps: [StepOutcome] { all.compactMap { if case .step(let step) = $0 { step } else { nil } } }
    /// The numbers that the posts gave, in order of the journal.
    var numbers: [UInt64] {
        tips.compactMap { outcome in (try? outcome.result.get()).map { ($0.sequence, outcome.tip.low) } }
            .sorted { $0.0 < $1.0 }.map(\.1)
    }
}

/// Stops a thread until a test lets it go on.
final class Gate: Sendable {
    private let reached: WakeSignal
    private let opened: WakeSignal

    init() throws {
        reached = try WakeSignal()
        opened = try WakeSignal()
    }

    func hold() {
        reached.signal()
        _ = wait(opened)
    }

    func isReached() -> Bool { wait(reached) }
    func open() { opened.signal() }

    private func wait(_ signal: WakeSignal) -> Bool {
        var polls = PollSet()
        let index = polls.add(fileDescriptor: signal.fileDescriptor)
        _ = try? polls.poll(timeoutMilliseconds: 20_000)
        return polls.isReadable(index)
    }
}

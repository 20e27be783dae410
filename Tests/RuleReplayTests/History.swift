import DispatchDesk
import Evaluation
import Foundation
import Journal
import Settings
import Synchronization
import TestSupport
import TipModel
import TipWire
import Workbench

@testable import Station

/// A history as the daemon's own core makes one: in memory or in a folder, on a clock that a test moves.
final class History {
    static let posts = [
        post("gate-1", zone: "east", north: 0), post("gate-2", zone: "east", north: 40), post("gate-3", zone: "west", north: 9_000),
    ]
    static let units = [
        PatrolUnit(id: UnitID(unchecked: "patrol-1"), name: "东", zones: [ZoneID(unchecked: "east")]),
        PatrolUnit(id: UnitID(unchecked: "patrol-2"), name: "机动", zones: [ZoneID(unchecked: "east"), ZoneID(unchecked: "west")]),
    ]
    static let lurker = "一名黑衣男子在东墙外徘徊"

    private static func post(_ name: String, zone: String, north metres: Double) -> Post {
        Post(
            id: PostID(unchecked: name), name: name, zone: ZoneID(unchecked: zone),
            position: Position(latitude: 39.9 + metres / 111_195, longitude: 116.4, accuracy: 10), kind: "compound", members: 9)
    }

    /// The sample district's categories and words, with correlation of the tests' own.
    static func rules(_ change: (inout TriageRules) -> Void = { _ in }) throws -> TriageRules {
        let folder = try TemporaryDirectory()
        try Data(SampleDistrict.triage().utf8).write(to: URL(fileURLWithPath: folder.file("triage.yaml")))
        var rules = try TriageFile.load(path: folder.file("triage.yaml"))
        rules.correlation.windowMilliseconds = 30 * 60_000
        rules.correlation.clearedGraceMilliseconds = 5 * 60_000
        change(&rules)
        return rules
    }

    /// Under these nothing attaches.
    static func apart() throws -> TriageRules { try rules { $0.correlation.attachAt = 900; $0.correlation.suggestAt = 900 } }

    let time = ManualTime()
    let journal: any Journal
    private var core: StationCore
    private var number: UInt64 = 0
    private let folder: TemporaryDirectory?

    init(_ rules: TriageRules, folder: TemporaryDirectory? = nil) throws {
        self.folder = folder
        journal = try folder.map { try SQLiteJournal(directory: $0.path) } ?? MemoryJournal()
        core = StationCore(journal: journal, state: StationState(), rules: rules, settings: .init(), time: time)
        let subjects = Self.posts.map(Enrolment.Subject.post) + Self.units.map(Enrolment.Subject.unit)
        _ = core.process(
            subjects.enumerated().map {
                .enrol(EnrolCommand(subject: $1, publicKey: [UInt8](repeating: UInt8($0 + 1), count: 32), replace: false) { _ in })
            })
    }

    deinit { journal.close() }

    var state: StationState { core.state }

    /// Sends a tip, a second after whatever was before.
    @discardableResult
    func tip(
        _ text: String = lurker, _ category: String = "suspicious_person", from post: Int = 0, reporter: String = "",
        panic: Bool = false, drill: Bool = false, north metres: Double? = nil
    ) throws -> (incident: IncidentID, id: TipID) {
        time.advance(milliseconds: 1_000)
        number += 1
        let now = time.now()
        let tip = Tip(
            id: TipID(high: UInt64(now.milliseconds) << 16, low: number), observedAt: now, category: category, text: text,
            position: metres.map { Position(latitude: 39.9 + $0 / 111_195, longitude: 116.4, accuracy: 5) }, reporter: reporter,
            panic: panic, drill: drill)
        let command = TipCommand(
            ticket: TipTicket(route: [1], request: 1, index: 0), post: Self.posts[post], tip: tip, encoded: TipCodec.encode(tip),
            skewMilliseconds: 0)
        guard let result = core.process([.tip(command)]).tips.first?.result else { throw WorkbenchError("no answer") }
        return (try result.get().incident, tip.id)
    }

    func step(_ step: Step, _ incident: IncidentID, by unit: Int = 0) {
        time.advance(milliseconds: 1_000)
        _ = core.process([
            .step(StepCommand(step: step, unit: Self.units[unit], incident: incident, disposition: .resolved, note: "") { _ in })
        ])
    }

    func acknowledge(_ incident: IncidentID) {
        time.advance(milliseconds: 1_000)
        _ = core.process([
            .acknowledge(AcknowledgeCommand(incident: incident, by: Operator(.desk, "duty"), scope: .everything) { _ in })
        ])
    }

    /// Whatever is due by now.
    func escalate() { _ = core.process([.escalate]) }

    /// - Returns: the outcome; nil where it was refused.
    @discardableResult
    func desk(_ action: DeskCommand.Action) -> DeskOutcome? {
        time.advance(milliseconds: 1_000)
        let box = Told()
        for reply in core.process([.desk(DeskCommand(action: action, reason: "看过现场", by: Operator(.desk, "duty")) { box.set(try? $0.get()) })]).replies {
            reply()
        }
        return box.outcome.withLock { $0 }
    }

    private final class Told: Sendable {
        let outcome = Mutex<DeskOutcome?>(nil)
        func set(_ outcome: DeskOutcome?) { self.outcome.withLock { $0 = outcome } }
    }

    func reload(_ rules: TriageRules) { _ = core.process([.rules(rules)]) }

    func records() throws -> [Record] {
        let reader = try journal.makeReader()
        defer { reader.close() }
        return try reader.records(after: 0, limit: .max, bytes: .max).map(\.record)
    }

    func replay(_ rules: TriageRules, _ settings: RuleReplay.Settings = .init()) throws -> Replayed {
        var replay = RuleReplay(rules: rules, settings: settings)
        for record in try records() where !replay.apply(record) { break }
        let report = replay.finish()
        return Replayed(replay: replay, report: report)
    }

    struct Replayed {
        var replay: RuleReplay
        var report: RuleReplayReport
    }
}

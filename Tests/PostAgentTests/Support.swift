import Logging
import Settings
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import PostAgent

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Remembers what was logged, to check that a thing is said and said once.
struct RecordingLog: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        func count(containing text: String) -> Int { all.filter { $0.contains(text) }.count }
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { lines.add("\(event.level) \(event.message)") }
}

/// Drafts with ids in time order.
struct Drafts {
    var random = SplitMix64(seed: 7)
    var at = ManualTime.night

    mutating func next(
        _ category: String = "suspicious_person", text: String = "a man by the wall", panic: Bool = false, express: Bool? = nil
    ) -> TipDraft {
        at = at.advanced(byMilliseconds: 1)
        let tip = Tip(id: .make(at: at, using: &random), observedAt: at, category: category, text: text, panic: panic)
        return TipDraft(tip: tip, isExpress: express ?? panic, isTimeGiven: false)
    }
}

extension Spool {
    static func open(
        _ folder: TemporaryDirectory, maxTips: Int = 1_000, maxBytes: Int = 1 << 20, reserve: Int = 10, deadLetters: Int = 100
    ) throws -> Spool {
        var settings = AgentSettings(bundleFile: "", dataDirectory: folder.path)
        settings.spool.maxTips = maxTips
        settings.spool.maxBytes = maxBytes
        settings.spool.emergencyReserve = reserve
        settings.deadLetterMax = deadLetters
        return try Spool(directory: folder.path, limits: Spool.Limits(settings), logger: quiet)
    }

    func placeAndWait(_ draft: TipDraft, at now: Timestamp) throws -> Placement { try placeAndWait([(draft, now)])[0].get() }

    func keep(_ news: PostProgress, startsAnew: Bool) throws { try keep([(news, startsAnew)]) }

    @discardableResult
    func put(_ draft: TipDraft) throws -> UInt64 {
        guard case .spooled(let number, _) = try placeAndWait(draft, at: draft.tip.observedAt).record else { return 0 }
        return number
    }
}

func receipt(_ id: TipID, _ sequence: UInt64 = 1) -> Receipt {
    Receipt(tip: id, sequence: sequence, incident: IncidentID(1), verdict: .new, level: .urgent, score: 60)
}

/// ``eventually(deadline:_:)`` for an asynchronous test, whatever the condition: holds no thread while it waits.
func soon(deadline: Duration = .seconds(30), _ condition: () async throws -> Bool) async rethrows -> Bool {
    try await eventually(deadline: deadline) { () async throws in try await condition() }
}

extension TipRecord {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
}

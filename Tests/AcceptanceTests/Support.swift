import Administration
import FoundationEssentials
import Journal
import Settings
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench

/// All suites over the built programs. One after the other: each starts processes, and what a test says about order or
/// time should not depend on what its neighbours do.
@Suite(.serialized, .timeLimit(.minutes(isLong ? 60 : 5))) enum Acceptance {}

/// The full length, for `make test-long`.
let isLong = ProcessInfo.processInfo.environment["WATCHPOST_LONG"] == "1"

/// The folder of the programs under test: that of the tests themselves, or `WATCHPOST_BIN_DIR`, as `make test-release` sets it.
/// What is not there fails the test that needs it.
let binaryFolder = ProcessInfo.processInfo.environment["WATCHPOST_BIN_DIR"]

/// For a summary: which programs it is about, where they are not the tests' own.
let ofBuild = binaryFolder.map { "; the programs in \($0)" } ?? ""

/// Random numbers for one test. The seed is printed, and `WATCHPOST_SEED` repeats a run.
func seeded(_ test: String) -> SplitMix64 {
    let seed = ProcessInfo.processInfo.environment["WATCHPOST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
    print("\(test): WATCHPOST_SEED=\(seed)")
    return SplitMix64(seed: seed)
}

/// For threads of our own, where an expectation would not know its test.
func demand(_ condition: Bool, _ words: @autoclosure () -> String) throws { if !condition { throw WorkbenchError(words()) } }

/// Lets the programs run on for a while: for the random moment of a kill, and for nothing else.
func pause(milliseconds: Int) async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }

let east = ZoneID(unchecked: "dongyuan")
let south = ZoneID(unchecked: "nanhu")

/// One daemon as a process, with a folder that goes with it.
final class Station: Sendable {
    let folder: TemporaryFolder
    let daemon: DaemonProcess

    /// - Parameters:
    ///   - more: further lines of `watchpostd.yaml`.
    ///   - dispatch: the text of `dispatch.yaml`.
    ///   - change: anything else of the plan.
    init(
        _ more: String = "", dispatch: String = SampleDistrict.noEscalation, start: Bool = true,
        change: (inout DaemonProcess.Plan) throws -> Void = { _ in }
    ) async throws {
        folder = try TemporaryFolder(keeps: ProcessInfo.processInfo.environment["WATCHPOST_KEEP"] == "1")
        var plan = DaemonProcess.Plan(binaries: try Binaries(folder: binaryFolder), directory: folder.path)
        plan.more = more
        plan.dispatch = dispatch
        try change(&plan)
        daemon = try DaemonProcess(plan)
        if start { try await daemon.start() }
    }

    var binaries: Binaries { daemon.plan.binaries }

    func file(_ name: String) -> String { folder.path + "/" + name }

    static func post(_ id: String, _ zone: ZoneID = east) -> EnrolmentSubject {
        .post(
            Post(
                id: PostID(unchecked: id), name: id, zone: zone, position: SampleDistrict.position(north: 0, east: 0),
                kind: "compound", members: 3))
    }

    static func unit(_ id: String, _ zones: [ZoneID] = [east]) -> EnrolmentSubject {
        .unit(PatrolUnit(id: UnitID(unchecked: id), name: id, zones: zones))
    }

    func enrolPost(_ id: String, _ zone: ZoneID = east) async throws -> KeyBundle {
        try await daemon.enrol(Self.post(id, zone))
    }

    func enrolUnit(_ id: String, _ zones: [ZoneID] = [east]) async throws -> KeyBundle {
        try await daemon.enrol(Self.unit(id, zones))
    }

    /// Runs `watchpost` in English against this daemon.
    func tool(_ arguments: [String], within deadline: Duration = .seconds(30)) async throws -> (
        code: Int32, output: String, errors: String
    ) {
        try await runTool(binaries.tool, arguments + ["--lang", "en"], scratch: folder.path, within: deadline)
    }

    /// Everything in the journal's files, whether the daemon runs or not.
    func journal() throws -> JournalView {
        let view = JournalView(path: daemon.dataDirectory + "/" + SQLiteJournal.fileName)
        try view.read()
        return view
    }

    /// The journal's chain of checksums from the first record to the last.
    func verify() throws -> Verification {
        let reader = try SQLiteJournalReader(path: daemon.dataDirectory + "/" + SQLiteJournal.fileName)
        defer { reader.close() }
        return try reader.verify { _, _ in true }
    }

    /// Waits for a status that fits.
    func status(within deadline: Duration = .seconds(20), _ fits: (StatusReport) -> Bool) async throws -> StatusReport? {
        var found: StatusReport?
        _ = try await TestSupport.eventually(deadline: deadline) { () async throws in
            let status = try await daemon.admin.status()
            if fits(status) { found = status }
            return found != nil
        }
        return found
    }
}

/// What became of one encoded tip, sent on a connection of its own.
extension DirectPost {
    func answer(to tip: (id: TipID, bytes: [UInt8]), within deadline: Duration = .seconds(20)) async throws -> Answer {
        try #require(try await submit([tip.bytes], within: deadline)[tip.id], "no answer within \(deadline)")
    }

    func receipt(for tip: (id: TipID, bytes: [UInt8])) async throws -> Receipt {
        let answer = try await answer(to: tip)
        return try #require(answer.receipt, "refused: \(answer)")
    }

    func rejection(of tip: (id: TipID, bytes: [UInt8])) async throws -> Rejection {
        let answer = try await answer(to: tip)
        guard case .rejected(let refused) = answer else { throw WorkbenchError("it was taken: \(answer)") }
        return refused.rejection
    }
}

/// The text of a file; empty where there is none.
func text(of path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
}

/// Replaces a file.
func write(_ path: String, _ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

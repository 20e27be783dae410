import Access
import FoundationEssentials
import Settings
import TipModel
import Workbench

/// `watchpost patrol --json` as a process of its own, which can be stopped in its tracks as no thread can.
final class PatrolProcess: Sendable {
    /// One line about an event.
    struct Line: Decodable {
        var event: String
        var lane: String?
        var sequence: SequenceNumber?
        var previous: SequenceNumber?
    }

    private let binaries: Binaries
    private let directory: String
    private let child: ChildProcess

    /// Starts it.
    /// - Parameter credit: events that may be under way in each lane.
    init(binaries: Binaries, directory: String, bundle: KeyBundle, credit: Int) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try SecretFile.create(directory + "/bundle.yaml", Array(bundle.render().utf8))
        let settings = """
            bundle_file: bundle.yaml
            state_directory: .
            alert_credit: { events: \(credit), bytes: 64KiB }
            main_credit: { events: \(credit), bytes: 64KiB }
            """
        try Data(settings.utf8).write(to: URL(filePath: directory + "/patrol.yaml"))
        self.binaries = binaries
        self.directory = directory
        child = try ChildProcess(
            binaries.tool, ["patrol", "--config", directory + "/patrol.yaml", "--json", "--lang", "en"], output: directory + "/lines",
            errors: directory + "/patrol.log")
    }

    func signal(_ number: Int32) { child.signal(number) }

    func stop() async -> ExitStatus? { await child.stop() }

    /// Every event it has printed.
    func lines() throws -> [Line] {
        // The last line may still be written to.
        let whole = text(of: directory + "/lines").split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return try whole.filter { $0.hasPrefix(#"{"event":"feed""#) }.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    /// How many events it has printed: cheaper than reading them.
    func count() -> Int { text(of: directory + "/lines").split(separator: "\n").count { $0.hasPrefix(#"{"event":"feed""#) } }
}

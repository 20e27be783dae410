/// What every verb of `watchpost bench` is told.
public struct BenchOptions: Sendable {
    /// Posts that submit, each over a connection of its own.
    public var posts = 41
    /// Events that go on at a time; 0 for a new one with each tip that is no duplicate.
    public var open = 200
    /// Share of tips that report what another post reported just before.
    public var duplicates = 0.3
    /// The same tips for the same seed.
    public var seed: UInt64 = 1
    /// Where `watchpostd` lies; nil for beside this program.
    public var binaries: String?
    /// The folder of triage.yaml, urgency-words.tsv and district/.
    public var configuration = "config"
    /// Where the journal is written; nil for a temporary directory.
    public var directory: String?
    /// Told what is going on.
    public var progress: @Sendable (String) -> Void = { _ in }

    public init() {}
}

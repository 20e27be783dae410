public import TipModel

/// What `patrol.yaml` says: how a unit follows its feed. config/patrol.yaml documents every key; the initial values
/// here are the only place where the defaults live.
public struct PatrolSettings: Hashable, Sendable {
    /// What the daemon may send in one lane before it hears from the unit again.
    public struct Credit: Hashable, Sendable {
        public var events = 256
        public var bytes = 1 << 20

        public init() {}
    }

    /// The unit's one-file key bundle (``KeyBundle``).
    public var bundleFile: String
    /// The daemon's addresses in order of preference; nil for the bundle's own.
    public var endpoints: [String]?
    /// Folder of the cursors.
    public var stateDirectory: String
    /// Zones to follow; empty for all that the unit may see.
    public var zones: [ZoneID] = []
    /// Incidents below this level are not shown.
    public var leastLevel = UrgencyLevel.routine
    public var alertCredit = Credit()
    public var mainCredit = Credit()
    public var language = LanguageChoice.automatic
    /// Whether an alert rings the terminal's bell.
    public var bell = true
    public var logLevel = LogLevel.warning

    /// Defaults for everything that is not given.
    public init(bundleFile: String, stateDirectory: String) {
        self.bundleFile = bundleFile
        self.stateDirectory = stateDirectory
    }
}

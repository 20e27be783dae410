/// One line of the demo's timeline: what happened, and what there is to say of it. Fields that do not apply are nil, and
/// absent from the JSON.
public struct DemoEvent: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable {
        /// The daemon is ready; `detail` is its version.
        case daemonReady = "daemon_ready"
        /// `count` posts and units have keys.
        case enrolled
        /// An agent takes tips.
        case agentReady = "agent_ready"
        /// A patrol has all there is.
        case patrolReady = "patrol_ready"
        /// A tip is on the post's disk only; `detail` is the link's code.
        case spooled
        /// A tip has its receipt.
        case receipt
        /// The daemon's receipt was lost on the way.
        case receiptLost = "receipt_lost"
        /// The same bytes again, and the same answer.
        case repeated
        /// A patrol was told of a tip; `milliseconds` after it was submitted.
        case patrolTold = "patrol_told"
        /// The post's machine has lost its power (SIGKILL).
        case postDown = "post_down"
        /// It is back, with a network.
        case postUp = "post_up"
        /// What was spooled has arrived by itself.
        case drained
        /// `unit` has it.
        case claimWon = "claim_won"
        /// `unit` was told that `holder` has it.
        case claimLost = "claim_lost"
        /// SIGKILL for the daemon.
        case daemonKilled = "daemon_killed"
        /// It is back; `count` incidents are open as before.
        case daemonBack = "daemon_back"
        /// A unit's step; `detail` is its name.
        case step
        /// The daemon stopped on SIGTERM; `detail` says how it ended.
        case daemonStopped = "daemon_stopped"
        /// `count` records, and every checksum follows.
        case journalSound = "journal_sound"
        /// An expectation; `detail` is its name.
        case check
        /// The story could not go on; `detail` says why.
        case failed
    }

    public var event: Kind
    /// Seconds since the start.
    public var at: Double
    public var post: String?
    public var unit: String?
    /// The tip's text.
    public var text: String?
    /// The time of day in the district at which it was seen.
    public var seen: String?
    public var incident: UInt64?
    public var sequence: UInt64?
    public var verdict: String?
    public var level: String?
    public var score: Int?
    public var lane: String?
    public var holder: String?
    public var disposition: String?
    public var count: Int?
    public var milliseconds: Int?
    public var detail: String?
    /// Of a check.
    public var passed: Bool?
    public var expected: String?
    public var found: String?

    public init(_ event: Kind, at: Double = 0) {
        self.event = event
        self.at = at
    }
}

/// The demo's last line.
public struct DemoSummary: Hashable, Sendable {
    /// Distinct tips that posts submitted.
    public var submitted = 0
    /// Tips in the journal at the end.
    public var accepted = 0
    /// Repeats that were answered with the first answer.
    public var repeats = 0
    /// Incidents that came of them.
    public var incidents = 0
    /// Tips that every patrol of their zone was told of.
    public var delivered = 0
    /// Submitted tips that are not in the journal.
    public var lost = 0

    public init() {}

    /// One JSON object, its keys in this order.
    public var json: String {
        #"{"event":"summary","submitted":\#(submitted),"accepted":\#(accepted),"repeats":\#(repeats),"incidents":\#(incidents),"delivered":\#(delivered),"lost":\#(lost)}"#
    }
}

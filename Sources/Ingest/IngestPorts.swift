public import TipModel
public import TipWire

/// A tip that was let in and decoded, on its way to the core.
public struct AdmittedTip: Sendable {
    /// Where the answer goes: the connection's routing id, good for answering and nothing else.
    public var route: [UInt8]
    public var request: UInt32
    /// The tip's place in its SUBMIT.
    public var index: UInt32
    public var post: Post
    /// The record that enrolled the post: what its connection's key was let in by.
    public var enrolment: SequenceNumber
    public var tip: Tip
    public var encoded: [UInt8]
    /// The daemon's clock minus the post's when the message was made; 0 where the post did not say.
    public var skewMilliseconds: Int64
}

/// What became of a tip, on its way back.
public struct TipAnswer: Sendable {
    public var route: [UInt8]
    public var request: UInt32
    public var index: UInt32
    public var tip: TipID
    public var result: Result<Receipt, Rejection>

    public init(route: [UInt8], request: UInt32, index: UInt32, tip: TipID, result: Result<Receipt, Rejection>) {
        self.route = route
        self.request = request
        self.index = index
        self.tip = tip
        self.result = result
    }
}

/// What the ingest thread needs of the rest; the daemon wires it. Each is called on the ingest thread and none may block.
public struct IngestPorts: Sendable {
    /// Hands tips to the core, all or none; false when there is no room: the thread then waits for ``IngestService/room``.
    public var offer: @Sendable (_ tips: [AdmittedTip], _ express: Bool) -> Bool
    /// A post said what it still holds.
    public var heartbeat: @Sendable (PostID, PostHeartbeat) -> Void
    /// Whether tips of a category overtake others; asked for each tip.
    public var isExpress: @Sendable (_ category: String) -> Bool
    /// Called each time round, for the watchdog.
    public var beat: @Sendable () -> Void

    public init(
        offer: @escaping @Sendable ([AdmittedTip], Bool) -> Bool,
        heartbeat: @escaping @Sendable (PostID, PostHeartbeat) -> Void,
        isExpress: @escaping @Sendable (String) -> Bool, beat: @escaping @Sendable () -> Void
    ) {
        self.offer = offer
        self.heartbeat = heartbeat
        self.isExpress = isExpress
        self.beat = beat
    }
}

/// How the ingest socket is set up, and its bounds.
public struct IngestSettings: Sendable {
    public var endpoint: String
    /// How old a tip id may be, told to the posts.
    public var idWindowMilliseconds: Int64 = 30 * 86_400_000
    /// Answers that may wait to be sent. At the bound receipts are dropped and counted: the post sends again and
    /// is told `repeat`.
    public var answerQueue = 65_536
    /// Messages read before answers are sent again.
    public var burst = 256

    public init(endpoint: String) { self.endpoint = endpoint }
}

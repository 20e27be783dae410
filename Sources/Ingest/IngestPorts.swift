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

/// Where the answer to a post's question goes.
public struct PostTicket: Hashable, Sendable {
    var route: [UInt8]
    var request: UInt32
}

/// An answer to one question of a post.
public struct PostReply: Sendable {
    public enum Body: Sendable {
        /// To HANDLED. Without the incident: a post does not see what others said of it.
        case handled(ActionResult)
        case photo(PhotoState)
    }

    public var ticket: PostTicket
    public var body: Body

    public init(_ ticket: PostTicket, _ body: Body) {
        self.ticket = ticket
        self.body = body
    }
}

/// What a post is told of its tips.
public struct PostNews: Sendable {
    public var post: PostID
    /// The heartbeat that asked; 0 for what happened just now.
    public var request: UInt32
    public var news: PostProgress

    public init(post: PostID, request: UInt32 = 0, news: PostProgress) {
        self.post = post
        self.request = request
        self.news = news
    }
}

/// What the ingest thread needs of the rest; the daemon wires it. Each is called on the ingest thread and none may block.
public struct IngestPorts: Sendable {
    /// Hands tips to the core, all or none; false when there is no room: the thread then waits for ``IngestService/room``.
    public var offer: @Sendable (_ tips: [AdmittedTip], _ express: Bool) -> Bool
    /// A post said what it still holds.
    public var heartbeat: @Sendable (PostID, PostHeartbeat) -> Void
    /// A post asks what it has not heard; the answer comes by ``IngestService/tell(_:)``.
    public var progress: @Sendable (_ post: PostID, _ after: SequenceNumber, _ request: UInt32) -> Void
    /// A post dealt with an incident itself; the answer comes by ``IngestService/reply(_:)``. False when there is no room.
    public var handled: @Sendable (PostID, Handled, PostTicket) -> Bool
    /// A part of a photo; the answer comes by ``IngestService/reply(_:)``. False when there is no room.
    public var photo: @Sendable (PostID, PhotoPart, PostTicket) -> Bool
    /// Whether tips of a category overtake others; asked for each tip.
    public var isExpress: @Sendable (_ category: String) -> Bool
    /// What a post is told the time is, whose own clock shows that.
    public var time: @Sendable (PostID, Timestamp) -> Timestamp
    /// Called each time round, for the watchdog.
    public var beat: @Sendable () -> Void

    public init(
        offer: @escaping @Sendable ([AdmittedTip], Bool) -> Bool,
        heartbeat: @escaping @Sendable (PostID, PostHeartbeat) -> Void,
        progress: @escaping @Sendable (PostID, SequenceNumber, UInt32) -> Void,
        handled: @escaping @Sendable (PostID, Handled, PostTicket) -> Bool,
        photo: @escaping @Sendable (PostID, PhotoPart, PostTicket) -> Bool,
        isExpress: @escaping @Sendable (String) -> Bool, time: @escaping @Sendable (PostID, Timestamp) -> Timestamp, beat: @escaping @Sendable () -> Void
    ) {
        self.offer = offer
        self.heartbeat = heartbeat
        self.progress = progress
        self.handled = handled
        self.photo = photo
        self.isExpress = isExpress
        self.time = time
        self.beat = beat
    }
}

/// How the ingest socket is set up, and its bounds.
public struct IngestSettings: Sendable {
    public var endpoint: String
    /// A socket that listens there already, from systemd.
    public var listeningDescriptor: Int32?
    /// How old a tip id may be, told to the posts.
    public var idWindowMilliseconds: Int64 = 30 * 86_400_000
    /// Answers that may wait to be sent. At the bound receipts are dropped and counted: the post sends again and
    /// is told `repeat`.
    public var answerQueue = 65_536
    /// News and replies that may wait. At the bound they are dropped and counted: the next heartbeat brings the news
    /// again, and a post asks again.
    public var newsQueue = 4_096
    /// Messages read before answers are sent again.
    public var burst = 256
    /// Tips after which no further message is read before answers are sent again: each is read as a whole, which takes some 10 µs.
    public var burstTips = 512

    public init(endpoint: String) { self.endpoint = endpoint }
}

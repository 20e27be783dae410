import Access
import Ingest
import Logging
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

/// The longest that a test waits for something that must happen.
let patience = Duration.seconds(20)

/// The ingest thread on a real socket, with CURVE and ZAP, and a core that a test fills and empties.
final class IngestBench {
    let core = FakeCore()
    let table = AccessTable()
    let time = ManualTime()
    let room: WakeSignal
    let service: IngestService
    let endpoint: String
    private let context: Context
    private let keys: CurveKeyPair
    private let zap: ZAPServer
    private var enrolments: [PrincipalID: Enrolment] = [:]
    private var generation: SequenceNumber = 0

    init(_ change: (inout IngestSettings) -> Void = { _ in }) throws {
        context = try Context()
        keys = try CurveKeyPair.generate()
        let gatekeeper = Gatekeeper(table: table) { _, _ in }
        zap = try ZAPServer(context) { gatekeeper.decide($0) }
        try zap.start()
        room = try WakeSignal()
        var settings = IngestSettings(endpoint: "tcp://127.0.0.1:*")
        change(&settings)
        let (core, time) = (core, time)
        service = try IngestService(
            settings: settings, table: table, room: room,
            ports: IngestPorts(
                offer: { core.offer($0, express: $1) }, heartbeat: { core.heard($0, $1) },
                progress: { core.asked($0, $1, request: $2) }, handled: { core.handled($0, $1, $2) },
                photo: { core.photo($0, $1, $2) }, isExpress: { $0 == "fire" }, time: { _, _ in time.now() }, beat: { core.turned() }),
            time: time, logger: quiet)
        endpoint = try service.start(context, secretKey: keys.secretKey)
    }

    deinit {
        _ = service.stop(deadline: patience)
        zap.stop(deadline: patience)
    }

    /// Enrols, or enrols again under another key.
    func enrol(post name: String) throws -> CurveKeyPair {
        let post = Post(
            id: PostID(unchecked: name), name: name, zone: ZoneID(unchecked: "east"), position: nil, kind: "school", members: 3)
        return try enrol(.post(post))
    }

    func enrol(_ subject: Enrolment.Subject) throws -> CurveKeyPair {
        let pair = try CurveKeyPair.generate()
        generation += 1
        let enrolment = Enrolment(subject: subject, publicKey: pair.publicKey.bytes, generation: generation)
        enrolments[enrolment.principal] = enrolment
        table.replace(with: enrolments.values)
        return pair
    }

    func revoke(post name: String) {
        enrolments[.post(PostID(unchecked: name))]?.isRevoked = true
        table.replace(with: enrolments.values)
    }

    func connect(
        _ pair: CurveKeyPair, routingID: [UInt8]? = nil, receiveQueue: Int = 0
    ) throws -> TestPost {
        var options = SocketOptions()
        options.routingID = routingID
        options.receiveHighWaterMark = receiveQueue
        options.sendHighWaterMark = 0
        options.reconnectInterval = 20
        options.curveClient(serverKey: keys.publicKey, publicKey: pair.publicKey, secretKey: pair.secretKey)
        let socket = try Socket(context, .dealer, options: options)
        try socket.connect(endpoint)
        return TestPost(socket: socket)
    }

    /// Starts another service at the same address.
    func startAnother() throws {
        let core = core
        let other = try IngestService(
            settings: IngestSettings(endpoint: endpoint), table: table, room: try WakeSignal(),
            ports: IngestPorts(
                offer: { core.offer($0, express: $1) }, heartbeat: { _, _ in }, progress: { _, _, _ in },
                handled: { _, _, _ in false }, photo: { _, _, _ in false }, isExpress: { _ in false }, time: { $1 }, beat: {}),
            time: time, logger: quiet)
        defer { _ = other.stop(deadline: patience) }
        _ = try other.start(context, secretKey: keys.secretKey)
    }

    /// The core takes everything again, and says so.
    func makeRoom() {
        core.setFull(ordinary: false)
        room.signal()
    }

    /// Lets the thread go round so often that it would have done by now whatever it was going to do.
    func letItTurn(_ times: Int = 5) -> Bool {
        let turns = core.turns + times
        return eventually {
            room.signal()
            return core.turns >= turns
        }
    }
}

/// What ingest hands over, and whether there is room for more.
final class FakeCore: Sendable {
    struct Offer: Sendable {
        var tips: [AdmittedTip]
        var express: Bool
    }

    private struct Contents {
        var offers: [Offer] = []
        var isOrdinaryFull = false
        var isExpressFull = false
        var refusals = 0
        var heartbeats: [(PostID, PostHeartbeat)] = []
        var turns = 0
        var questions: [(PostID, SequenceNumber, request: UInt32)] = []
        var handled: [(PostID, Handled, PostTicket)] = []
        var photos: [(PostID, PhotoPart, PostTicket)] = []
    }

    private let contents = Mutex(Contents())

    func offer(_ tips: [AdmittedTip], express: Bool) -> Bool {
        contents.withLock { contents in
            guard !(express ? contents.isExpressFull : contents.isOrdinaryFull) else {
                contents.refusals += 1
                return false
            }
            contents.offers.append(Offer(tips: tips, express: express))
            return true
        }
    }

    func heard(_ post: PostID, _ heartbeat: PostHeartbeat) { contents.withLock { $0.heartbeats.append((post, heartbeat)) } }
    func asked(_ post: PostID, _ after: SequenceNumber, request: UInt32) {
        contents.withLock { $0.questions.append((post, after, request: request)) }
    }
    /// Full where ordinary tips have no room.
    func handled(_ post: PostID, _ handled: Handled, _ ticket: PostTicket) -> Bool {
        contents.withLock { contents in
            if !contents.isOrdinaryFull { contents.handled.append((post, handled, ticket)) }
            return !contents.isOrdinaryFull
        }
    }
    func photo(_ post: PostID, _ part: PhotoPart, _ ticket: PostTicket) -> Bool {
        contents.withLock { contents in
            if !contents.isOrdinaryFull { contents.photos.append((post, part, ticket)) }
            return !contents.isOrdinaryFull
        }
    }
    func turned() { contents.withLock { $0.turns += 1 } }
    func setFull(ordinary: Bool, express: Bool = false) {
        contents.withLock { ($0.isOrdinaryFull, $0.isExpressFull) = (ordinary, express) }
    }

    var offers: [Offer] { contents.withLock { $0.offers } }
    var tips: [AdmittedTip] { offers.flatMap(\.tips) }
    var tipCount: Int { contents.withLock { $0.offers.reduce(0) { $0 + $1.tips.count } } }
    var refusals: Int { contents.withLock { $0.refusals } }
    var heartbeats: [(PostID, PostHeartbeat)] { contents.withLock { $0.heartbeats } }
    var questions: [(PostID, SequenceNumber, request: UInt32)] { contents.withLock { $0.questions } }
    var handled: [(PostID, Handled, PostTicket)] { contents.withLock { $0.handled } }
    var photos: [(PostID, PhotoPart, PostTicket)] { contents.withLock { $0.photos } }
    var turns: Int { contents.withLock { $0.turns } }
}

/// A post as simple as can be.
final class TestPost {
    private let socket: Socket
    private var message = Multipart()
    private var tips = SampleTips(seed: 5)

    init(socket: consuming Socket) { self.socket = socket }

    func send(frames: [[UInt8]]) throws { try socket.send(frames: frames) }

    func send(_ verb: Verb, _ body: [UInt8], request: UInt32 = 1) throws {
        try send(frames: [Header(verb, request: request).encoded, body])
    }

    func submit(_ tips: [[UInt8]], request: UInt32 = 1, sentAt: Timestamp? = nil) throws {
        try send(.submit, Submit(tips: tips, sentAt: sentAt).encoded, request: request)
    }

    /// The next message; nil when patience runs out.
    func receive(for limit: Duration = patience) throws -> (header: Header, body: [UInt8])? {
        let end = ContinuousClock.now + limit
        var polls = PollSet()
        polls.add(socket.handle)
        while true {
            if try socket.tryReceive(into: &message) {
                return (try message.withFrame(0) { try Header($0) }, message.bytes(1))
            }
            guard ContinuousClock.now < end else { return nil }
            try polls.poll(timeoutMilliseconds: 100)
        }
    }

    /// The next message, if it is of this kind.
    func receive(_ verb: Verb) throws -> (request: UInt32, body: [UInt8])? {
        guard let (header, body) = try receive(), header.verb == verb else { return nil }
        return (header.request, body)
    }

    /// What the next message refuses.
    func rejections() throws -> [TipRejection] {
        guard let (_, body) = try receive(.rejections) else { return [] }
        return try RejectionCodec.decode(body)
    }
}

/// A valid tip with an id of its own.
func tip(
    _ number: UInt64, _ category: String = "theft", panic: Bool = false, text: String = "", position: Position? = nil
) -> Tip {
    Tip(
        id: TipID(high: UInt64(ManualTime.night.milliseconds) << 16, low: number), observedAt: ManualTime.night,
        category: category, text: text, position: position, panic: panic, series: 7, number: number)
}

func encoded(_ tip: Tip) -> [UInt8] { TipCodec.encode(tip) }

func heartbeat(_ series: UInt64 = 7, software: String = "test 1") -> PostHeartbeat {
    PostHeartbeat(
        sentAt: ManualTime.night, series: series, nextNumber: 10, lowestUnsent: 8, spoolDepth: 2,
        spoolOldest: ManualTime.night, deadLetters: 1, software: software)
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

import Access
import Synchronization
import TipModel
import TipWire
import ZeroMQ

@testable import Feed

/// The longest that any test waits for something that must happen.
let patience = Duration.seconds(20)

/// A feed with its ports, its keys and a journal in memory; patrols connect to it over TCP with CURVE.
final class ServiceBench {
    let context: Context
    let keys: CurveKeyPair
    let access = AccessTable()
    let journal = MemoryFeedEvents()
    let feed: FeedService
    let endpoint: String
    let actions = Collected<UnitAction>()
    let cursors = Collected<FeedCursor>()
    private let zap: ZAPServer
    private var enrolled: [UnitID: (unit: PatrolUnit, keys: CurveKeyPair, generation: SequenceNumber)] = [:]

    init(heads: FeedCursor = FeedCursor(), _ change: (inout FeedSettings) -> Void = { _ in }) throws {
        context = try Context()
        keys = try CurveKeyPair.generate()
        let gatekeeper = Gatekeeper(table: access) { _, _ in }
        zap = try ZAPServer(context) { gatekeeper.decide($0) }
        try zap.start()
        var settings = FeedSettings()
        settings.endpoint = "tcp://127.0.0.1:*"
        settings.sweepInterval = .milliseconds(20)
        change(&settings)
        let (journal, actions, cursors) = (journal, actions, cursors)
        feed = try FeedService(
            context: context, secretKey: keys.secretKey, access: access, settings: settings,
            ports: FeedPorts(
                onAction: { actions.add($0); return true }, onCursor: { _, cursor in cursors.add(cursor) },
                makeReader: { journal.makeReader() }),
            heads: heads)
        endpoint = try feed.start()
    }

    deinit {
        feed.stop(deadline: patience)
        zap.stop(deadline: patience)
    }

    func enrol(_ unit: PatrolUnit, generation: SequenceNumber = 1) throws {
        enrolled[unit.id] = (unit, try CurveKeyPair.generate(), generation)
        replaceTable()
    }

    func revoke(_ unit: UnitID) {
        enrolled[unit]?.generation = 0
        replaceTable()
        feed.accessChanged()
    }

    private func replaceTable() {
        access.replace(
            with: enrolled.values.map {
                enrolment($0.unit, key: $0.keys.publicKey.bytes, generation: $0.generation, isRevoked: $0.generation == 0)
            })
    }

    /// Commits and publishes, as the core does.
    func publish(_ publications: [Publication]) {
        journal.append(publications)
        feed.publish(publications)
    }

    func connect(_ unit: UnitID, receiveQueue: Int = 1_000) throws -> TestPatrol {
        guard let own = enrolled[unit] else { throw ZeroMQError(code: 2, operation: "find \(unit)") }
        var options = SocketOptions()
        options.receiveHighWaterMark = receiveQueue
        options.curveClient(
            serverKey: keys.publicKey, publicKey: own.keys.publicKey, secretKey: own.keys.secretKey)
        let socket = try Socket(context, .dealer, options: options)
        try socket.connect(endpoint)
        return TestPatrol(socket: socket)
    }

    /// Waits until the status shows something; it is renewed every few milliseconds.
    func status(_ fits: (FeedStatus) -> Bool) throws -> FeedStatus? {
        let end = ContinuousClock.now + patience
        let never = try WakeSignal()
        var polls = PollSet()
        polls.add(fileDescriptor: never.fileDescriptor)
        while ContinuousClock.now < end {
            let status = feed.status
            if fits(status) { return status }
            try polls.poll(timeoutMilliseconds: 5)
        }
        return nil
    }
}

/// What a port was called with.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    func add(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
}

/// A patrol as simple as can be.
final class TestPatrol {
    private let socket: Socket
    private var message = Multipart()

    init(socket: consuming Socket) { self.socket = socket }

    func send(_ verb: Verb, _ body: [UInt8], request: UInt32 = 1) throws {
        try socket.send(frames: [Header(verb, request: request).encoded, body])
    }

    func send(frames: [[UInt8]]) throws { try socket.send(frames: frames) }

    /// The next message; nil when patience runs out.
    func receive() throws -> (header: Header, body: [UInt8])? {
        let end = ContinuousClock.now + patience
        var polls = PollSet()
        polls.add(socket.handle)
        while ContinuousClock.now < end {
            if try socket.tryReceive(into: &message) {
                let header = try message.withFrame(0) { try Header($0) }
                return (header, message.bytes(1))
            }
            try polls.poll(timeoutMilliseconds: 100)
        }
        return nil
    }

    /// The next message, if it is of this kind.
    func receive(_ verb: Verb) throws -> [UInt8]? {
        guard let (header, body) = try receive(), header.verb == verb else { return nil }
        return body
    }

    func rejection() throws -> Rejection? {
        try receive(.rejections).flatMap { try RejectionCodec.decode($0).first?.rejection }
    }

    /// Reads FEED messages until there are `count` events.
    func items(_ count: Int) throws -> [FeedItem] {
        var items: [FeedItem] = []
        while items.count < count, let body = try receive(.feed) { items += try FeedCodec.decode(body).items }
        return items
    }
}

import Access
import Settings
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import PostAgent

/// The daemon's side as a post sees it: a ROUTER with CURVE and ZAP on 127.0.0.1, whose answers a test chooses.
final class FakeDaemon: Sendable {
    /// A message as it came.
    struct Received: Sendable {
        var header: Header
        var body: [UInt8]
        var userID: String?
        /// The tips of a SUBMIT.
        var tips: [Tip] { bytes.compactMap { try? TipCodec.decode($0) } }
        var bytes: [[UInt8]] { (try? Submit(body))?.tips ?? [] }
    }

    typealias Answer = @Sendable (Received) -> [(Header, [UInt8])]

    let keys: CurveKeyPair
    let endpoint: String
    private let context: Context
    private let zap: ZAPServer
    private let router: RouterThread

    var messages: [Received] { router.messages.withLock { $0 } }
    var submits: [Received] { messages.filter { $0.header.verb == .submit } }
    var tips: [Tip] { submits.flatMap(\.tips) }
    var heartbeats: [PostHeartbeat] {
        messages.filter { $0.header.verb == .postHeartbeat }.compactMap { try? PostHeartbeat($0.body) }
    }

    /// - Parameters:
    ///   - bind: where to listen; a free port unless named.
    ///   - answer: run on the router's thread for each message.
    ///   - knows: whether a key is let in, asked at each handshake.
    init(
        keys: CurveKeyPair? = nil, bind: String = "tcp://127.0.0.1:*", answer: @escaping Answer = FakeDaemon.accepting,
        knows: @escaping @Sendable (CurveKey) -> Bool = { _ in true }
    ) throws {
        let pair = try keys ?? CurveKeyPair.generate()
        self.keys = pair
        context = try Context()
        zap = try ZAPServer(context) { request in
            knows(request.publicKey) ? .allow(userID: "post:gate-1#1") : .deny(reason: "key not enrolled")
        }
        try zap.start()
        router = try RouterThread(context, pair, bind, answer)
        endpoint = try router.start()
    }

    /// Every tip is accepted; the daemon's clock is the machine's.
    @Sendable static func accepting(_ message: Received) -> [(Header, [UInt8])] {
        switch message.header.verb {
        case .submit: [(Header(.receipts), ReceiptCodec.encode(message.tips.map { receipt($0.id, $0.number) }))]
        case .postHeartbeat: [heartbeatReply(message)]
        default: []
        }
    }

    static func heartbeatReply(_ message: Received, at time: Timestamp = SystemTime().now()) -> (Header, [UInt8]) {
        let reply = HeartbeatReply(daemonTime: time, idWindowMilliseconds: 15 * 86_400_000, heads: FeedCursor(alert: 0, main: 0))
        return (Header(.heartbeatReply, request: message.header.request), reply.encoded)
    }

    func bundle(_ post: CurveKeyPair, endpoints: [String]? = nil) -> KeyBundle {
        KeyBundle(
            holder: .post(PostID(unchecked: "gate-1"), zone: ZoneID(unchecked: "zone-1")), endpoints: endpoints ?? [endpoint],
            daemonPublicKey: keys.publicKey.z85, publicKey: post.publicKey.z85, secretKey: SecretText(post.secretKey.exposedZ85))
    }

    func stop() {
        router.stop()
        zap.stop(deadline: .seconds(5))
        context.terminate(within: .seconds(5))
    }
}

private final class RouterThread: Sendable {
    let messages = Mutex<[FakeDaemon.Received]>([])
    private let context: Context
    private let keys: CurveKeyPair
    private let endpoint: String
    private let answer: FakeDaemon.Answer
    private let wake: WakeSignal
    private let isStopping = Atomic<Bool>(false)
    private let bound = Mutex<Result<String, ZeroMQError>?>(nil)
    private let thread = Mutex<ThreadHandle?>(nil)

    init(_ context: Context, _ keys: CurveKeyPair, _ endpoint: String, _ answer: @escaping FakeDaemon.Answer) throws {
        self.context = context
        self.keys = keys
        self.endpoint = endpoint
        self.answer = answer
        wake = try WakeSignal()
    }

    func start() throws -> String {
        let handle = try spawnThread(name: "fake-daemon") { [self] in
            do throws(ZeroMQError) { try run() } catch { bound.withLock { $0 = .failure(error) } }
        }
        thread.withLock { $0 = handle }
        _ = eventually { bound.withLock { $0 } != nil }
        return try #require(bound.withLock { $0 }).get()
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        _ = thread.withLock { $0 }?.join(deadline: .seconds(5))
    }

    private func run() throws(ZeroMQError) {
        var options = SocketOptions()
        options.zapDomain = "watchpost"
        options.curveServer(secretKey: keys.secretKey)
        let router = try Socket(context, .router, options: options)
        try router.bind(endpoint)
        let address = try router.lastEndpoint
        bound.withLock { $0 = .success(address) }
        var polls = PollSet()
        polls.add(router.handle)
        polls.add(fileDescriptor: wake.fileDescriptor)
        var message = Multipart(maxFrames: 4)
        while !isStopping.load(ordering: .acquiring) {
            try polls.poll(timeoutMilliseconds: 1_000)
            while try router.tryReceive(into: &message) {
                guard let header = try? message.withFrame(1, { try Header($0) }) else { continue }
                let received = FakeDaemon.Received(header: header, body: message.bytes(2), userID: message.userID)
                messages.withLock { $0.append(received) }
                for (header, body) in answer(received) {
                    _ = try router.trySend(frames: [message.bytes(0), header.encoded, body])
                }
            }
        }
    }
}

import Access
import Settings
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Patrol

/// The daemon's side as a patrol sees it: a real ROUTER with CURVE and ZAP on 127.0.0.1. It answers subscriptions and
/// heartbeats by itself; everything else is the test's.
final class FeedStation: Sendable {
    struct Received: Sendable {
        var header: Header
        var body: [UInt8]
        var userID: String?
    }

    typealias Answer = @Sendable (Received) -> [(Header, [UInt8])]

    let keys: CurveKeyPair
    let unit: CurveKeyPair
    let endpoint: String
    private let context: Context
    private let zap: ZAPServer
    private let router: RouterThread

    var messages: [Received] { router.state.withLock { $0.messages } }
    func received(_ verb: Verb) -> [Received] { messages.filter { $0.header.verb == verb } }
    var subscriptions: [Subscribe] { received(.subscribe).compactMap { try? Subscribe($0.body) } }
    var acknowledged: FeedCursor? { received(.acknowledge).last.flatMap { try? AcknowledgeCodec.decode($0.body) } }

    /// - Parameters:
    ///   - heads: what SUBSCRIBED and heartbeats say.
    ///   - answer: for the other verbs.
    init(
        keys: CurveKeyPair? = nil, unit: CurveKeyPair? = nil, bind: String = "tcp://127.0.0.1:*", heads: FeedCursor = FeedCursor(),
        knowsUnit: Bool = true, answer: @escaping Answer = { _ in [] }
    ) throws {
        self.keys = try keys ?? CurveKeyPair.generate()
        let pair = try unit ?? CurveKeyPair.generate()
        self.unit = pair
        context = try Context()
        zap = try ZAPServer(context) { request in
            knowsUnit && request.publicKey == pair.publicKey ? .allow(userID: "unit:patrol-east#1") : .deny(reason: "key not enrolled")
        }
        try zap.start()
        router = try RouterThread(context, self.keys, bind, heads, answer)
        endpoint = try router.start()
    }

    var clientKeys: ClientKeys { get throws { try ClientKeys(bundle()) } }

    func bundle(endpoints: [String]? = nil) -> KeyBundle {
        KeyBundle(
            holder: .unit(unitID, zones: [east]), endpoints: endpoints ?? [endpoint], daemonPublicKey: keys.publicKey.z85,
            publicKey: unit.publicKey.z85, secretKey: SecretText(unit.secretKey.exposedZ85))
    }

    /// Sends to whoever spoke last, and counts the sequence into the heads.
    func push(_ event: FeedEvent, after previous: SequenceNumber) {
        var writer = FeedBatchWriter(lane: event.lane)
        writer.append(previous: previous, event: FeedCodec.encode(event))
        push(Header(.feed), writer.body, head: event)
    }

    func push(_ header: Header, _ body: [UInt8], head: FeedEvent? = nil) {
        router.state.withLock { state in
            if let head { state.heads[head.lane] = max(state.heads[head.lane], head.sequence) }
            state.outgoing.append((header, body))
        }
        router.wake.signal()
    }

    func stop() {
        router.stop()
        zap.stop(deadline: .seconds(5))
        context.terminate(within: .seconds(5))
    }
}

private final class RouterThread: Sendable {
    struct State {
        var messages: [FeedStation.Received] = []
        var outgoing: [(Header, [UInt8])] = []
        var heads: FeedCursor
    }

    let state: Mutex<State>
    let wake: WakeSignal
    private let context: Context
    private let keys: CurveKeyPair
    private let endpoint: String
    private let answer: FeedStation.Answer
    private let isStopping = Atomic<Bool>(false)
    private let bound = Mutex<Result<String, ZeroMQError>?>(nil)
    private let thread = Mutex<ThreadHandle?>(nil)

    init(_ context: Context, _ keys: CurveKeyPair, _ endpoint: String, _ heads: FeedCursor, _ answer: @escaping FeedStation.Answer) throws {
        self.context = context
        self.keys = keys
        self.endpoint = endpoint
        self.answer = answer
        state = Mutex(State(heads: heads))
        wake = try WakeSignal()
    }

    func start() throws -> String {
        let handle = try spawnThread(name: "feed-station") { [self] in
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

    private func answers(to received: FeedStation.Received, _ heads: FeedCursor) -> [(Header, [UInt8])] {
        switch received.header.verb {
        case .subscribe:
            guard let asked = try? Subscribe(received.body) else { return [] }
            let body = Subscribed(zones: [east], begin: asked.resume ?? heads, heads: heads).encoded
            return [(Header(.subscribed, request: received.header.request), body)]
        case .patrolHeartbeat:
            let reply = HeartbeatReply(daemonTime: SystemTime().now(), idWindowMilliseconds: 1, heads: heads)
            return [(Header(.heartbeatReply, request: received.header.request), reply.encoded)]
        default: return answer(received)
        }
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
        var route: [UInt8] = []
        while !isStopping.load(ordering: .acquiring) {
            try polls.poll(timeoutMilliseconds: 1_000)
            wake.clear()
            while try router.tryReceive(into: &message) {
                route = message.bytes(0)
                guard let header = try? message.withFrame(1, { try Header($0) }) else { continue }
                let received = FeedStation.Received(header: header, body: message.bytes(2), userID: message.userID)
                let heads = state.withLock { state in
                    state.messages.append(received)
                    return state.heads
                }
                for (header, body) in answers(to: received, heads) {
                    _ = try router.trySend(frames: [route, header.encoded, body])
                }
            }
            let outgoing = state.withLock { state in
                defer { state.outgoing = [] }
                return state.outgoing
            }
            for (header, body) in outgoing { _ = try router.trySend(frames: [route, header.encoded, body]) }
        }
    }
}

/// The answer to an action: done, the incident now held by the unit.
@Sendable func granting(_ received: FeedStation.Received) -> [(Header, [UInt8])] {
    guard let action = try? Action(received.body), [.claim, .clear, .enRoute, .onScene, .release].contains(received.header.verb) else {
        return []
    }
    let held = incident(
        action.incident.rawValue, version: 9, level: .emergency, phase: received.header.verb == .clear ? .cleared : .claimed,
        holder: unitID, sequence: 77)
    let result = ActionResult(incidentID: action.incident, refusal: nil, incident: held, sequence: 77)
    return [(Header(.actionResult, request: received.header.request), result.encoded)]
}

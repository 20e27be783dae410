// A post without an agent: it speaks the wire protocol itself, so that a test decides when a message leaves, when the
// connection breaks and what is sent twice. No spool and no repetition by itself.

public import Access
public import Settings
import Synchronization
public import TipModel
public import TipWire
public import ZeroMQ

/// What came from the daemon.
public enum PostMessage: Hashable, Sendable {
    case receipts([Receipt])
    case rejections([TipRejection])
    case heartbeat(HeartbeatReply)
}

/// One connection of a post, used by the OS thread that made it. For a loop of one's own; ``DirectPost`` is simpler.
public struct PostConnection: ~Copyable {
    private var link: ClientLink
    private var polls = PollSet()
    private var frames = Multipart(maxFrames: 3)
    private var request: UInt32 = 0
    private let time = SystemTime()

    /// - Parameter endpoint: instead of the bundle's first.
    public init(
        _ context: Context, keys: ClientKeys, endpoint: String, sendQueue: Int = 1_000
    ) throws(ZeroMQError) {
        let link = try ClientLink(context, keys: keys, endpoint: endpoint, sendQueue: sendQueue, reconnect: 50...500)
        polls.add(link.socket.handle)
        polls.add(link.monitorHandle)
        self.link = link
    }

    /// How the connection stands, as last looked at.
    public var state: LinkState { link.state }
    /// Handshakes so far: one more than when something was sent says that it may be lost.
    public var handshakes: Int { link.handshakes }

    /// Waits for the handshake.
    /// - Returns: false when it did not succeed within `deadline`; ``state`` says why.
    public mutating func connect(within deadline: Duration) throws(ZeroMQError) -> Bool {
        let end = time.monotonicMilliseconds() + deadline.milliseconds
        while true {
            _ = try link.readMonitor()
            if link.state == .connected { return true }
            let left = end - time.monotonicMilliseconds()
            if left <= 0 { return false }
            try polls.poll(timeoutMilliseconds: Int(min(left, 100)))
        }
    }

    /// Sends one SUBMIT without waiting.
    /// - Returns: false when there is no connection or no room; nothing was sent then.
    public mutating func submit(_ tips: [[UInt8]]) throws(ZeroMQError) -> Bool {
        try send(.submit, Submit(tips: tips, sentAt: time.now()).encoded)
    }

    /// Sends one message of any kind without waiting.
    public mutating func send(_ verb: Verb, _ body: [UInt8]) throws(ZeroMQError) -> Bool {
        request &+= 1
        return try link.socket.trySend(frames: [Header(verb, request: request).encoded, body]) == .sent
    }

    /// The next message from the daemon.
    /// - Returns: nil when none came within `deadline`. What cannot be read is passed over.
    public mutating func receive(within deadline: Duration) throws(ZeroMQError) -> PostMessage? {
        let end = time.monotonicMilliseconds() + deadline.milliseconds
        while true {
            while try link.socket.tryReceive(into: &frames) {
                if let message = decode() { return message }
            }
            _ = try link.readMonitor()
            let left = end - time.monotonicMilliseconds()
            if left <= 0 { return nil }
            try polls.poll(timeoutMilliseconds: Int(left))
        }
    }

    /// Waits until something is there to be received, and leaves it there.
    public mutating func waitForMessage(within deadline: Duration) throws(ZeroMQError) -> Bool {
        let end = time.monotonicMilliseconds() + deadline.milliseconds
        while true {
            let left = end - time.monotonicMilliseconds()
            try polls.poll(timeoutMilliseconds: Int(max(0, min(left, 100))))
            if polls.isReadable(0) { return true }
            _ = try link.readMonitor()
            if left <= 0 { return false }
        }
    }

    private func decode() -> PostMessage? {
        guard frames.frameCount == 2, !frames.overflowed, let header = frames.withFrame(0, { try? Header($0) }) else {
            return nil
        }
        let body = frames.bytes(1)
        switch header.verb {
        case .receipts: return (try? ReceiptCodec.decode(body)).map { .receipts($0) }
        case .rejections: return (try? RejectionCodec.decode(body)).map { .rejections($0) }
        case .heartbeatReply: return (try? HeartbeatReply(body)).map { .heartbeat($0) }
        default: return nil
        }
    }

    /// Ends the connection; what it received and nobody read is gone.
    public consuming func close() {}
}

/// A post of one's own in this process. Each call is one connection, made and closed on a thread of its own; every wait has
/// a deadline.
public final class DirectPost: Sendable {
    /// What became of one tip.
    public enum Answer: Hashable, Sendable {
        case receipt(Receipt)
        case rejected(TipRejection)

        /// Nil for a rejection.
        public var receipt: Receipt? {
            if case .receipt(let receipt) = self { receipt } else { nil }
        }
    }

    private let keys: ClientKeys
    private let endpoint: String
    private let context: Context

    /// - Parameters:
    ///   - endpoint: instead of the bundle's first.
    ///   - context: shared with others, or nil for one of its own.
    /// - Throws: ``ClientKeysError``, ``ZeroMQError``, ``WorkbenchError`` for a bundle without an endpoint.
    public init(_ bundle: KeyBundle, endpoint: String? = nil, context: Context? = nil) throws {
        guard let endpoint = endpoint ?? bundle.endpoints.first else { throw WorkbenchError("no endpoint is given") }
        keys = try ClientKeys(bundle)
        self.endpoint = endpoint
        self.context = try context ?? Context()
    }

    /// A tip with a new id made now, and its bytes: send the same bytes for a repeat.
    public static func tip(
        category: String, text: String, observedAt: Timestamp? = nil, position: Position? = nil, place: String = "",
        reporter: String = "", panic: Bool = false, drill: Bool = false
    ) -> (id: TipID, bytes: [UInt8]) {
        var random = SystemRandomNumberGenerator()
        let now = SystemTime().now()
        let tip = Tip(
            id: TipID.make(at: now, using: &random), observedAt: observedAt ?? now, category: category, text: text,
            position: position, place: place, reporter: reporter, panic: panic, drill: drill)
        return (tip.id, TipCodec.encode(tip))
    }

    /// Submits tips in one message and waits for what becomes of each.
    /// - Returns: by tip; one without an answer within `deadline` is missing.
    /// - Throws: ``WorkbenchError`` when there is no connection within `deadline`.
    public func submit(_ tips: [[UInt8]], within deadline: Duration = .seconds(10)) async throws -> [TipID: Answer] {
        let ids = Set(tips.compactMap { TipCodec.id(of: $0) })
        return try await connected(within: deadline) { connection, end in
            guard try connection.submit(tips) else { throw WorkbenchError("the connection was lost before the tips were sent") }
            var answers: [TipID: Answer] = [:]
            while answers.count < ids.count, let message = try connection.receive(within: end.left) {
                switch message {
                case .receipts(let receipts): for receipt in receipts { answers[receipt.tip] = .receipt(receipt) }
                case .rejections(let rejections):
                    // One without a tip refuses the whole message.
                    for one in rejections {
                        for id in one.tip.map({ [$0] }) ?? Array(ids) { answers[id] = .rejected(one) }
                    }
                case .heartbeat: break
                }
            }
            return answers
        }
    }

    /// Submits tips, waits until an answer has come, and drops the connection without reading it: as when a post's machine
    /// loses its power with the receipt on the wire. The daemon has the tips on its disk then, and the post does not know.
    /// - Throws: ``WorkbenchError`` when there is no connection or no answer within `deadline`.
    public func submitAndDrop(_ tips: [[UInt8]], within deadline: Duration = .seconds(10)) async throws {
        try await connected(within: deadline) { connection, end in
            guard try connection.submit(tips) else { throw WorkbenchError("the connection was lost before the tips were sent") }
            guard try connection.waitForMessage(within: end.left) else { throw WorkbenchError("no answer within \(deadline)") }
        }
    }

    private func connected<Result: Sendable>(
        within deadline: Duration, _ body: @Sendable @escaping (inout PostConnection, Deadline) throws -> Result
    ) async throws -> Result {
        let (context, keys, endpoint) = (context, keys, endpoint)
        return try await offPool("direct-post") {
            let end = Deadline(deadline)
            var connection = try PostConnection(context, keys: keys, endpoint: endpoint)
            guard try connection.connect(within: deadline) else {
                throw WorkbenchError("no connection to \(endpoint) within \(deadline): \(connection.state)")
            }
            return try body(&connection, end)
        }
    }
}

/// A moment by which something must have ended.
struct Deadline: Sendable {
    private let end: Int64

    init(_ duration: Duration) { end = SystemTime().monotonicMilliseconds() + duration.milliseconds }

    /// What is left of it; never negative.
    var left: Duration { .milliseconds(max(0, end - SystemTime().monotonicMilliseconds())) }
}

extension Duration {
    /// Whole milliseconds, held to a day: no wait here is longer.
    var milliseconds: Int64 {
        let (seconds, fraction) = components
        return max(0, min(seconds, 86_400)) * 1_000 + fraction / 1_000_000_000_000_000
    }
}

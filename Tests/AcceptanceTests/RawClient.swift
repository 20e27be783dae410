import Access
import Settings
import TipModel
import TipWire
import ZeroMQ

/// A client that sends whatever frames it is given, over CURVE as everybody. Used by the thread that made it.
final class RawClient {
    private let socket: Socket
    private var monitor: SocketMonitor
    private var polls = PollSet()
    private var message = Multipart(maxFrames: 4)

    /// - Parameter routingID: what it calls itself; nil for what libzmq makes up.
    init(_ context: Context, _ bundle: KeyBundle, endpoint: String? = nil, routingID: String? = nil) throws {
        let keys = try ClientKeys(bundle)
        var options = SocketOptions()
        options.sendHighWaterMark = 0
        options.receiveHighWaterMark = 0
        options.reconnectInterval = 50
        options.routingID = routingID.map { Array($0.utf8) }
        options.curveClient(serverKey: keys.daemon, publicKey: keys.own.publicKey, secretKey: keys.own.secretKey)
        socket = try Socket(context, .dealer, options: options)
        monitor = try socket.monitor()
        try socket.connect(endpoint ?? bundle.endpoints[0])
        polls.add(socket.handle)
    }

    /// Whether a connection that stood was lost.
    private(set) var isDropped = false

    func send(_ frames: [[UInt8]]) throws { try socket.send(frames: frames) }

    func send(_ verb: Verb, _ body: [UInt8], request: UInt32 = 1) throws {
        try send([Header(verb, request: request).encoded, body])
    }

    /// The next message; nil when none came in time.
    func receive(within deadline: Duration = .seconds(30)) throws -> (header: Header, body: [UInt8])? {
        let end = ContinuousClock.now + deadline
        while true {
            while let report = try monitor.tryReceive() { if report.event == .disconnected { isDropped = true } }
            if try socket.tryReceive(into: &message) {
                return (try message.withFrame(0) { (frame) throws(HeaderError) in try Header(frame) }, message.bytes(1))
            }
            guard ContinuousClock.now < end else { return nil }
            try polls.poll(timeoutMilliseconds: 100)
        }
    }

    /// The next rejection; nil when something else came, or nothing.
    func rejection() throws -> Rejection? {
        guard let (header, body) = try receive(), header.verb == .rejections else { return nil }
        return try RejectionCodec.decode(body).first?.rejection
    }

    /// Submits one tip and waits for what becomes of it.
    func answer(to tip: [UInt8], within deadline: Duration = .seconds(30)) throws -> Result<Receipt, Rejection>? {
        try send(.submit, Submit(tips: [tip], sentAt: nil).encoded)
        guard let (header, body) = try receive(within: deadline) else { return nil }
        if header.verb == .receipts { return try ReceiptCodec.decode(body).first.map { .success($0) } }
        return try RejectionCodec.decode(body).first.map { .failure($0.rejection) }
    }
}

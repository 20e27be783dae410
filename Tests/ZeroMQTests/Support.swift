import Testing
import ZeroMQ

/// The longest that any test waits for something that must happen.
let patience = Duration.seconds(15)

/// Polls one socket until a whole message is there; false when patience ran out.
func waitFor(_ socket: borrowing Socket, into message: inout Multipart, for limit: Duration = patience) throws -> Bool {
    let end = ContinuousClock.now + limit
    var polls = PollSet()
    polls.add(socket.handle)
    while ContinuousClock.now < end {
        if try socket.tryReceive(into: &message) { return true }
        try polls.poll(timeoutMilliseconds: 100)
    }
    return false
}

/// Reads a monitor until an event fits; `nil` when patience ran out.
func waitFor(
    _ monitor: inout SocketMonitor, for limit: Duration = patience, _ fits: (MonitorEvent) -> Bool
) throws -> MonitorEvent? {
    let end = ContinuousClock.now + limit
    var polls = PollSet()
    polls.add(monitor.handle)
    while ContinuousClock.now < end {
        while let report = try monitor.tryReceive() {
            if fits(report.event) { return report.event }
        }
        try polls.poll(timeoutMilliseconds: 100)
    }
    return nil
}

extension MonitorEvent {
    var isHandshakeFailure: Bool {
        switch self {
        case .handshakeFailedAuth, .handshakeFailedProtocol, .handshakeFailedNoDetail: true
        default: false
        }
    }
}

/// A context with a ZAP handler that knows some keys, and what a CURVE server and its clients need.
struct Station {
    let context: Context
    let keys: CurveKeyPair
    let zap: ZAPServer

    /// - Parameter posts: the user id of each key that may come in.
    init(_ posts: [CurveKey: String], startsHandler: Bool = true) throws {
        context = try Context()
        keys = try CurveKeyPair.generate()
        zap = try ZAPServer(context) { request in
            guard request.domain == "posts", let name = posts[request.publicKey] else { return .deny(reason: "unknown key") }
            return .allow(userID: name)
        }
        if startsHandler { try zap.start() }
    }

    func router(_ change: (inout SocketOptions) -> Void = { _ in }) throws -> Socket {
        var options = SocketOptions()
        options.zapDomain = "posts"
        options.handshakeInterval = 3_000
        options.curveServer(secretKey: keys.secretKey)
        change(&options)
        return try Socket(context, .router, options: options)
    }

    func dealer(_ pair: CurveKeyPair?) throws -> Socket {
        var options = SocketOptions()
        options.reconnectInterval = 50
        if let pair {
            options.curveClient(serverKey: keys.publicKey, publicKey: pair.publicKey, secretKey: pair.secretKey)
        }
        return try Socket(context, .dealer, options: options)
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

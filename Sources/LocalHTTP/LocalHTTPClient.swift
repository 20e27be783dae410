import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why a request to a local server failed.
public enum LocalHTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection: `path` is the socket, or host and port.
    case cannotConnect(path: String, reason: String)
    /// The whole exchange did not end within its time. The server may have acted on the request.
    case timedOut
    /// The caller's task was cancelled. The server may have acted on the request.
    case cancelled
    /// What was to be sent, or what came back, is not HTTP or not the JSON expected.
    case malformed(String)
    /// The reply is over `LocalHTTPClient.greatestReply`.
    case tooLarge
    /// The server answered with an error (`requestJSON` only).
    case refused(status: Int, JSONError)

    /// A sentence for the terminal.
    public var description: String {
        switch self {
        case .cannotConnect(let path, let reason): "cannot connect to \(path): \(reason)"
        case .timedOut: "no complete reply in time"
        case .cancelled: "cancelled"
        case .malformed(let what): "the exchange was not understood: \(what)"
        case .tooLarge: "the reply is over \(LocalHTTPClient.greatestReply) bytes"
        case .refused(_, let error): error.message
        }
    }
}

/// A client for a server on this machine. It holds nothing open: each request has its own connection.
public struct LocalHTTPClient: Sendable {
    /// Where the server listens.
    public enum Target: Sendable, Equatable, CustomStringConvertible {
        /// A Unix socket.
        case unix(String)
        /// A TCP port; `host` is a name or an address without brackets.
        case tcp(host: String, port: Int)

        /// The path, or host and port.
        public var description: String {
            switch self {
            case .unix(let path): path
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            }
        }
    }

    /// The most bytes that a reply's body may have.
    public static let greatestReply = 16 * 1024 * 1024

    private let target: Target
    private let bearerToken: String?

    /// A client of one server; `bearerToken` is sent with every request if there is one.
    public init(_ target: Target, bearerToken: String? = nil) {
        self.target = target
        self.bearerToken = bearerToken
    }

    /// Sends one request and reads the whole reply.
    ///
    /// - Parameters:
    ///   - path: starts with a slash, printable ASCII (percent-encode the rest).
    ///   - headers: added to Host, Content-Length, Connection, Authorization, and Content-Type (`application/json` unless given).
    ///   - body: nil sends none.
    ///   - timeout: for everything from connecting to the last byte; at most an hour.
    /// - Returns: the status and the body, whatever the status is.
    public func request(
        method: String, path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(10)
    ) async throws(LocalHTTPClientError) -> (status: Int, body: [UInt8]) {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .malformed("the path must start with / and be printable ASCII")
        }
        // The method goes onto the request line as it is; a space or a line end in it would write a second request.
        guard !method.isEmpty, method.utf8.allSatisfy({ (0x41...0x5a).contains($0) }) else {
            throw .malformed("the method must be capital letters")
        }
        let exchange = Exchange(head: head(method: method, path: path, headers: headers, body: body), body: body)
        return try await exchange.run(target: target, timeout: min(timeout, .seconds(3600)))
    }

    private func head(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]?) -> HTTPRequestHead {
        var fields = HTTPHeaders()
        switch target {
        case .unix: fields.add(name: "Host", value: "localhost")
        case .tcp: fields.add(name: "Host", value: target.description)
        }
        fields.add(name: "Connection", value: "close")
        if let bearerToken { fields.add(name: "Authorization", value: "Bearer " + bearerToken) }
        if let body {
            fields.add(name: "Content-Type", value: "application/json")
            fields.add(name: "Content-Length", value: String(body.count))
        } else if ["POST", "PUT", "PATCH"].contains(method) {
            // Without it NIO's encoder would announce a chunked body, which the server refuses.
            fields.add(name: "Content-Length", value: "0")
        }
        for header in headers { fields.replaceOrAdd(name: header.name, value: header.value) }
        return HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: fields)
    }
}

/// One request on one connection.
private struct Exchange: Sendable {
    let head: HTTPRequestHead
    let body: [UInt8]?

    /// One promise ends the exchange; the reply, an error, the deadline and cancellation race for it and whoever loses changes nothing. The
    /// connection is closed by the promise's end, so no path leaks it.
    func run(target: LocalHTTPClient.Target, timeout: Duration) async throws(LocalHTTPClientError) -> (status: Int, body: [UInt8]) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Reply.self)
        let deadline = loop.scheduleTask(in: TimeAmount(timeout)) { promise.fail(LocalHTTPClientError.timedOut) }
        defer { deadline.cancel() }

        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ReplyHandler(head: head, body: body, promise: promise))
                }
            }
        let connected =
            switch target {
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            }
        connected.whenComplete { result in
            switch result {
            case .success(let channel): promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            case .failure(let error):
                promise.fail(LocalHTTPClientError.cannotConnect(path: target.description, reason: connectReason(error)))
            }
        }
        do {
            let reply = try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                promise.fail(LocalHTTPClientError.cancelled)
            }
            return (status: reply.status, body: reply.body)
        } catch let error as LocalHTTPClientError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }
}

private func connectReason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: reason(errno: error.errnoCode)
    case let error as NIOConnectionError: error.connectionErrors.first.map { connectReason($0.error) } ?? "the host name is not known"
    case SocketAddressError.unixDomainSocketPathTooLong: "the path is too long"
    case is ChannelError: "the connection timed out"
    default: "\(error)"
    }
}

private struct Reply: Sendable {
    var status: Int
    var body: [UInt8] = []
}

/// Writes the request when the connection is up and gathers the reply.
private final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let body: [UInt8]?
    private let promise: EventLoopPromise<Reply>
    private var reply: Reply?

    init(head: HTTPRequestHead, body: [UInt8]?, promise: EventLoopPromise<Reply>) {
        self.head = head
        self.body = body
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        // A header that is not allowed on the wire fails its write.
        let written = context.eventLoop.makePromise(of: Void.self)
        let promise = promise
        written.futureResult.whenFailure { error in
            if error is HTTPParserError { promise.fail(LocalHTTPClientError.malformed("a header may not be sent like this")) }
        }
        context.write(wrapOutboundOut(.head(head)), promise: written)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): reply = Reply(status: Int(head.status.code))
        case .body(let part):
            guard (reply?.body.count ?? 0) + part.readableBytes <= LocalHTTPClient.greatestReply else {
                promise.fail(LocalHTTPClientError.tooLarge)
                return
            }
            reply?.body.append(contentsOf: part.readableBytesView)
        case .end:
            if let reply { promise.succeed(reply) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(LocalHTTPClientError.malformed("the reply is not HTTP"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(LocalHTTPClientError.malformed("the connection was closed before the reply was complete"))
        context.fireChannelInactive()
    }
}

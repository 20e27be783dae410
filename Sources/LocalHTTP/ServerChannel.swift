import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Hummingbird's HTTP/1.1 channel, with the peer's identity read once for each connection and carried by the connection's task.
struct IdentifyingChannel: ServerChildChannel {
    struct Connection: ServerChildChannelValue {
        let http: HTTP1Channel.Value
        let peer: PeerCredentials?
        var channel: any Channel { http.channel }
    }

    let http: HTTP1Channel
    let transport: Transport
    let isSecure: Bool
    let logLevel: Logger.Level
    let handlers: LocalServer.Handlers

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        // The credentials come first: an async channel that was made and then dropped because of an error would trap.
        let peer: EventLoopFuture<PeerCredentials?> =
            transport == .unix ? PeerCredentials.read(from: channel) : channel.eventLoop.makeSucceededFuture(nil)
        let http = http
        return peer.flatMap { peer in
            http.setup(channel: channel, logger: logger).map { Connection(http: $0, peer: peer) }
        }
    }

    func handle(value: Connection, logger: Logger) async {
        let identity = ConnectionIdentity(transport: transport, isSecure: isSecure, peer: value.peer, logLevel: logLevel)
        switch handlers {
        case .onPool: await serve(value, identity, logger)
        case .onLoop:
            await withTaskExecutorPreference(LoopExecutor(value.channel.eventLoop)) { await serve(value, identity, logger) }
        }
    }

    private func serve(_ value: Connection, _ identity: ConnectionIdentity, _ logger: Logger) async {
        await ConnectionIdentity.$current.withValue(identity) {
            await http.handle(value: value.http, logger: logger)
        }
    }
}

/// The outermost responder: reads the body within the limits, so that no handler has to, and then asks the routes.
///
/// A body needs a Content-Length. A local client always knows it, and without it neither a refusal before reading nor a check that the body is whole
/// is possible.
struct LimitedResponder: HTTPResponder {
    let routes: RouterResponder<PeerRequestContext>
    let limits: LocalServer.Limits

    func respond(to request: Request, context: PeerRequestContext) async throws -> Response {
        var request = request
        switch BodyPlan(request: request, limit: limits.bodyBytes) {
        case .none: break
        case .read(let length):
            request.body = RequestBody(buffer: try await read(request, length: length, context: context))
        case .refuse(let refusal):
            context.closeSoon()
            var response = refusal.response
            response.headers[.connection] = "close"
            return response
        }
        return deadline(try await routes.respond(to: request, context: context), context)
    }

    /// Closes the connection of a peer that does not take its answer: hummingbird's idle timeout rests while one is under way, and a
    /// few peers that never read would hold all connections. A stream has no end; it bounds each of its writes itself.
    private func deadline(_ response: Response, _ context: PeerRequestContext) -> Response {
        let body = response.body
        // A short answer is one buffer that there is room for: it goes out with its head in one write, and nothing waits for the peer.
        if let length = body.contentLength, length <= LocalServer.Limits.shortAnswer, context.hasRoom { return response }
        let timer = context.closeLater(limits.answerTimeout)
        var response = response
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            if body.contentLength == nil { timer.cancel() }
            defer { timer.cancel() }
            try await body.write(writer)
        }
        return response
    }

    private func read(_ request: Request, length: Int, context: PeerRequestContext) async throws -> ByteBuffer {
        let timer = context.closeLater(limits.bodyTimeout)
        defer { timer.cancel() }
        let body = try await request.body.collect(upTo: length)
        // Hummingbird reads the end of a broken connection as the end of the body.
        guard body.readableBytes == length else { throw JSONRefusal(.badRequest, code: "cut_body", message: "the body is not whole") }
        return body
    }
}

/// What to do with a request's body, from its headers.
enum BodyPlan: Equatable {
    case none
    case read(Int)
    case refuse(JSONRefusal)

    init(request: Request, limit: Int) {
        self.init(length: request.headers[.contentLength], chunked: request.headers[.transferEncoding] != nil, limit: limit)
    }

    init(length: String?, chunked: Bool, limit: Int) {
        if chunked {
            self = .refuse(JSONRefusal(.lengthRequired, code: "length_required", message: "send the body with a Content-Length"))
            return
        }
        guard let length else {
            self = .none
            return
        }
        guard let bytes = Int(length), bytes >= 0 else {
            self = .refuse(JSONRefusal(.badRequest, code: "bad_length", message: "Content-Length is not a number", field: "Content-Length"))
            return
        }
        guard bytes <= limit else {
            self = .refuse(JSONRefusal(.contentTooLarge, code: "body_too_large", message: "the body may have at most \(limit) bytes"))
            return
        }
        self = bytes == 0 ? .none : .read(bytes)
    }
}

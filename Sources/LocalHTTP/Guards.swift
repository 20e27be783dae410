import Glibc
public import Hummingbird
import Logging

/// Lets only named local users use a Unix socket.
///
/// The socket's mode already keeps others out; this holds when somebody widens the mode or moves the socket.
public struct PeerCredentialMiddleware: RouterMiddleware {
    /// The context this works on.
    public typealias Context = PeerRequestContext

    /// What to do with a request that came over TCP, where no user is known.
    public enum TCPRule: Sendable {
        /// Refuse it: the default, so that a router meant for a Unix socket is not open when it is served over TCP by mistake.
        case refuse
        /// Pass it on, because a `LoopbackGuard` on the same router decides.
        case leaveToLoopbackGuard
    }

    /// The user ids that may ask.
    public let allowedUIDs: Set<UInt32>
    /// What happens with TCP.
    public let onTCP: TCPRule

    /// Allows exactly these users.
    public init(allowedUIDs: Set<UInt32>, onTCP: TCPRule = .refuse) {
        self.allowedUIDs = allowedUIDs
        self.onTCP = onTCP
    }

    /// Allows root, the user of this process, and the users named.
    public init(alsoAllowing others: Set<UInt32> = [], onTCP: TCPRule = .refuse) {
        self.init(allowedUIDs: others.union([0, geteuid()]), onTCP: onTCP)
    }

    /// The decision, without a socket: nil lets the request pass.
    public func check(transport: Transport, peer: PeerCredentials?) -> JSONRefusal? {
        switch (transport, peer) {
        case (.tcp, _):
            onTCP == .leaveToLoopbackGuard
                ? nil : JSONRefusal(.forbidden, code: "unix_socket_only", message: "this is served over the Unix socket only")
        case (.unix, nil):
            JSONRefusal(.forbidden, code: "unknown_user", message: "the kernel does not say which user is connected")
        case (.unix, let peer?):
            allowedUIDs.contains(peer.uid)
                ? nil
                : JSONRefusal(
                    .forbidden, code: "user_not_allowed",
                    message: "user \(peer.uid) may not use this socket; run the command as the service's user or as root")
        }
    }

    /// Called by hummingbird for each request.
    public func handle(
        _ request: Request, context: PeerRequestContext,
        next: (Request, PeerRequestContext) async throws -> Response
    ) async throws -> Response {
        if let refusal = check(transport: context.transport, peer: context.peer) {
            context.closeSoon()
            return refusal.response
        }
        return try await next(request, context)
    }
}

/// Applies a `LoopbackPolicy` to every request that came over TCP; requests over a Unix socket pass.
public struct LoopbackGuard: RouterMiddleware {
    /// The context this works on.
    public typealias Context = PeerRequestContext

    private let policy: LoopbackPolicy

    /// A guard that enforces `policy`.
    public init(_ policy: LoopbackPolicy) { self.policy = policy }

    /// Called by hummingbird for each request.
    public func handle(
        _ request: Request, context: PeerRequestContext,
        next: (Request, PeerRequestContext) async throws -> Response
    ) async throws -> Response {
        if context.transport == .tcp, let refusal = policy.check(.init(request)) {
            context.closeSoon()
            return refusal.reply.response
        }
        return try await next(request, context)
    }
}

extension LoopbackPolicy.Headers {
    /// Those of a request.
    public init(_ request: Request) {
        func only(_ name: String) -> String? {
            // Several fields of one name are joined by hummingbird with a comma, which no rule accepts.
            HTTPFields.Element.Name(name).flatMap { request.headers[$0] }
        }
        self.init(
            host: request.head.authority, origin: only("Origin"), fetchSite: only("Sec-Fetch-Site"),
            authorization: only("Authorization"), contentType: only("Content-Type"),
            hasBody: (only("Content-Length").map { $0 != "0" } ?? false) || only("Transfer-Encoding") != nil)
    }
}

/// Turns whatever a handler throws into a JSON error: first in the chain of every local router.
public struct JSONErrors: RouterMiddleware {
    /// The context this works on.
    public typealias Context = PeerRequestContext

    /// The only way to make one.
    public init() {}

    /// Called by hummingbird for each request.
    public func handle(
        _ request: Request, context: PeerRequestContext,
        next: (Request, PeerRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let refusal as JSONRefusal {
            return refusal.response
        } catch let error as HTTPError {
            let status = error.status
            let code = status == .notFound ? "not_found" : "http_\(status.code)"
            return JSONRefusal(status, code: code, message: error.body ?? status.reasonPhrase).response
        } catch let error as any HTTPResponseError {
            return try error.response(from: request, context: context)
        } catch {
            // What went wrong stays in our log: the text may hold a path or a query.
            context.logger.error("a request handler failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            return JSONRefusal(.internalServerError, code: "internal", message: "the request failed; see the service's log").response
        }
    }
}

extension Router where Context == PeerRequestContext {
    /// A router whose errors are JSON and whose guards run before any route. Middleware only covers routes added after it, so start from here.
    ///
    /// - Parameters:
    ///   - peers: the users of the Unix socket.
    ///   - loopback: the rules for TCP; nil if the router is served over a Unix socket only, and then TCP is refused by the default of `peers`.
    ///   - open: adds routes that the guard for loopback does not cover, because they have one of their own.
    public static func local(
        peers: PeerCredentialMiddleware, loopback: LoopbackGuard? = nil, open: (Router<PeerRequestContext>) -> Void = { _ in }
    ) -> Router<PeerRequestContext> {
        let router = Router<PeerRequestContext>(context: PeerRequestContext.self)
        router.add(middleware: JSONErrors())
        router.add(middleware: peers)
        open(router)
        if let loopback { router.add(middleware: loopback) }
        return router
    }
}

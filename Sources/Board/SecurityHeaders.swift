import HTTPTypes
import Hummingbird
import LocalHTTP

/// Sets on every answer what keeps a browser from doing more than the page says: nothing is loaded from elsewhere, no script or
/// style stands in the page itself, nobody puts it into a frame.
struct SecurityHeaders: RouterMiddleware {
    typealias Context = PeerRequestContext

    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'self'; "
        + "frame-ancestors 'none'; base-uri 'none'"
    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")

    func handle(
        _ request: Request, context: PeerRequestContext, next: (Request, PeerRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        if let name = Self.referrerPolicy { response.headers[name] = "same-origin" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if context.isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        return response
    }
}

/// Answers 405 where a path exists and the method does not: the router itself knows only "not found".
struct MethodGuard: RouterMiddleware {
    typealias Context = PeerRequestContext

    /// By path template.
    let methods: [(path: [String], allowed: Set<String>)]

    init(methods: [String: Set<String>]) {
        self.methods = methods.map { (APIRoute.segments($0.key), $0.value) }
    }

    func handle(
        _ request: Request, context: PeerRequestContext, next: (Request, PeerRequestContext) async throws -> Response
    ) async throws -> Response {
        let path = APIRoute.segments(request.uri.path)
        guard path.first == "api" else { return try await next(request, context) }
        // Of several templates the one that says most literally, as the router takes it.
        let best = methods.filter { Self.matches($0.path, path) }.max { Self.literals($0.path) < Self.literals($1.path) }
        let allowed = best?.allowed ?? []
        guard allowed.isEmpty || allowed.contains(request.method.rawValue) else {
            let list = allowed.sorted().joined(separator: ", ")
            var response = JSONRefusal(.methodNotAllowed, code: "method_not_allowed", message: "possible here: \(list)").response
            response.headers[.allow] = list
            return response
        }
        return try await next(request, context)
    }

    private static func literals(_ template: [String]) -> Int { template.count { !$0.hasPrefix("{") } }

    private static func matches(_ template: [String], _ path: [String]) -> Bool {
        template.count == path.count && zip(template, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}

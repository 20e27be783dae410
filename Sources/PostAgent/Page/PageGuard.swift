import HTTPTypes
import Hummingbird
import LocalHTTP

/// Before every route of the page: where the request comes from; behind it: what a browser may do with the answer.
///
/// On loopback the rules of ``LoopbackPolicy`` about Host, Origin and Sec-Fetch-Site hold. Over TLS the certificate tells
/// the host, and a request that another site started is refused. HSTS is not set: a browser then would let nobody past
/// the warning about a certificate that the post made itself.
struct PageGuard: RouterMiddleware {
    typealias Context = PeerRequestContext

    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'self'; "
        + "frame-ancestors 'none'; base-uri 'none'"
    private static let extra: [(HTTPField.Name, String)] = [
        ("Referrer-Policy", "same-origin"), ("Permissions-Policy", "geolocation=(self), camera=(self)"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }

    func handle(
        _ request: Request, context: PeerRequestContext, next: (Request, PeerRequestContext) async throws -> Response
    ) async throws -> Response {
        if let refusal = Self.check(LoopbackPolicy.Headers(request), isSecure: context.isSecure) { throw refusal }
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        for (name, value) in Self.extra { response.headers[name] = value }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }

    static func check(_ headers: LoopbackPolicy.Headers, isSecure: Bool) -> JSONRefusal? {
        guard isSecure else { return LoopbackPolicy.checkSource(headers)?.reply }
        if let site = headers.fetchSite, site != "same-origin", site != "none" { return LoopbackPolicy.Refusal.crossSite.reply }
        if let origin = headers.origin, origin.lowercased() != "https://" + (headers.host ?? "").lowercased() {
            return LoopbackPolicy.Refusal.foreignOrigin.reply
        }
        return nil
    }
}

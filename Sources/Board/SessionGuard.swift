import Accounts
import HTTPTypes
import Hummingbird
import LocalHTTP
import Localization
import TipModel

/// Finds out who asks, and refuses a request that changes something unless it comes from our own page or from a script.
///
/// A script sends the session's token as a bearer token, which no browser adds by itself; its cookies are not looked at. A
/// browser sends the cookie with everything, so there its own marks must say that our page sent it, and the session's CSRF
/// token must come along.
struct SessionGuard: RouterMiddleware {
    typealias Context = BoardContext

    enum Kind { case api, page }

    let board: Board
    let kind: Kind

    /// Over TLS the name binds the cookie to this host and to TLS.
    static func cookieName(isSecure: Bool) -> String { isSecure ? "__Host-watchpost" : "watchpost" }
    static let languageCookie = "watchpost_language"

    func handle(
        _ request: Request, context: BoardContext, next: (Request, BoardContext) async throws -> Response
    ) async throws -> Response {
        // A name that somebody made to resolve to this machine is not ours: the page behind it must not get at the board.
        if !context.peer.isSecure, let refusal = LoopbackPolicy.checkSource(.init(host: request.head.authority)) {
            throw refusal.reply
        }
        var context = context
        let preferences = Preferences(request)
        (context.language, context.theme) = (preferences.language, preferences.theme)
        let bearer = try Self.bearer(request)
        let text = bearer ?? request.cookies[Self.cookieName(isSecure: context.peer.isSecure)]?.value
        context.token = text.flatMap { SessionToken($0) }
        if let token = context.token, let session = board.accounts.session(token) {
            do {
                context.user = try await board.user(session)
            } catch is JSONRefusal where kind == .page && Self.isForEverybody(request.uri.path) {
                // A unit that was taken off must still be able to sign out, and in again.
            }
        } else if bearer != nil {
            throw JSONRefusal(.unauthorized, code: "session_ended", message: "the token is not valid, or its session has ended; sign in again")
        }
        if request.method != .get, request.method != .head, bearer == nil {
            try Self.checkOrigin(request)
            if let user = context.user { try await Self.checkToken(request, user) }
        }
        return try await next(request, context)
    }

    private static func isForEverybody(_ path: String) -> Bool {
        ["/login", "/logout", "/preferences"].contains(path) || path.hasPrefix("/assets/")
    }

    private static func bearer(_ request: Request) throws -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw JSONRefusal(.unauthorized, code: "wrong_scheme", message: "send Authorization: Bearer and the session's token", field: "Authorization")
        }
        return String(parts[1])
    }

    private static func checkOrigin(_ request: Request) throws {
        let site = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] }
        if let site, site != "same-origin", site != "none" {
            throw JSONRefusal(.forbidden, code: "cross_site", message: "requests from other sites are refused", field: "Sec-Fetch-Site")
        }
        guard let origin = request.headers[.origin] else { return }
        let host = request.head.authority?.lowercased()
        let own = host.map { [("http://" + $0), ("https://" + $0)] } ?? []
        guard own.contains(origin.lowercased()) else {
            throw JSONRefusal(.forbidden, code: "foreign_origin", message: "requests from other web pages are refused", field: "Origin")
        }
    }

    private static func checkToken(_ request: Request, _ user: BoardUser) async throws {
        var offered = HTTPField.Name("X-CSRF-Token").flatMap { request.headers[$0] }
        if offered == nil, FormFields.isForm(request) { offered = try await FormFields(request)["csrf"] }
        guard let offered, constantTimeEqual(Array(offered.utf8), Array(user.csrfToken.utf8)) else {
            throw JSONRefusal(
                .forbidden, code: "csrf_token", message: "the page's token is missing or of an earlier session; load the page again",
                field: "X-CSRF-Token")
        }
    }

}

extension Board {
    /// A user with what they may see now: a unit's zones come from its enrolment, which may have changed.
    func user(_ session: LiveSession) async throws -> BoardUser {
        let account = session.account
        let sight: BoardUser.Sight
        switch account.role {
        case .desk, .admin: sight = .all
        case .officer: sight = .zones(Set(account.zones))
        case .patrol:
            guard let unit = account.unit else {
                throw JSONRefusal(.forbidden, code: "no_unit", message: "this account has no unit; ask the station")
            }
            do { sight = .unit(unit, try await ports.sight(unit)) } catch { throw JSONRefusal(error) }
        }
        return BoardUser(name: account.name, role: account.role, sight: sight, csrfToken: session.csrfToken)
    }

    /// The cookie of a session.
    func cookie(_ token: String, isSecure: Bool, seconds: Int64) -> String {
        "\(SessionGuard.cookieName(isSecure: isSecure))=\(token); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }
}

import Accounts
import Hummingbird
import LocalHTTP
import TipModel

/// `POST /api/v1/session`.
struct SignInBody: Codable {
    var name: String
    var password: String
}

/// A session as its owner sees it.
struct SessionReport: Codable {
    /// Only in the answer to a sign-in.
    var token: String?
    var csrfToken: String
    var name: String
    var role: String
    var unit: String?
    /// Nil where everything is seen.
    var zones: [String]?
    var expiresAtMs: Int64?

    enum CodingKeys: String, CodingKey {
        case token
        case csrfToken = "csrf_token"
        case name
        case role
        case unit
        case zones
        case expiresAtMs = "expires_at_ms"
    }

    init(_ user: BoardUser, token: String? = nil, expiresAt: Timestamp? = nil) {
        self.token = token
        csrfToken = user.csrfToken
        name = user.name
        role = user.role.rawValue
        unit = user.unit?.rawValue
        zones =
            switch user.sight {
            case .all: nil
            case .zones(let zones), .unit(_, let zones): zones.map(\.rawValue).sorted()
            }
        expiresAtMs = expiresAt?.milliseconds
    }
}

extension Board {
    func openSession(_ request: Request, _ context: BoardContext) async throws -> Response {
        let body = try await apiBody(SignInBody.self, request)
        let opened = try await answered { () async throws(AccountError) in
            try await accounts.signIn(name: body.name, password: body.password, address: context.peer.remoteAddress)
        }
        let user = try await user(LiveSession(opened))
        return jsonResponse(.created, SessionReport(user, token: opened.token.text, expiresAt: opened.expiresAt))
    }

    func showSession(_ context: BoardContext) async throws -> Response { jsonResponse(.ok, SessionReport(try context.requireUser())) }

    func closeSession(_ context: BoardContext) async throws -> Response {
        _ = try context.requireUser()
        guard let token = context.token else { throw JSONRefusal(.unauthorized, code: "no_session", message: "sign in first") }
        try await answered { () async throws(AccountError) in try await accounts.signOut(token) }
        return Response(status: .noContent)
    }
}

import Hummingbird
import LocalHTTP
import Testing

@Suite("loopback policy")
struct LoopbackPolicyTests {
    typealias Headers = LoopbackPolicy.Headers

    private static let bearer = "Bearer " + token

    /// One row: what is sent, what is decided.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let headers: Headers
        let expected: LoopbackPolicy.Refusal?
        init(_ name: String, _ headers: Headers, _ expected: LoopbackPolicy.Refusal?) {
            self.name = name
            self.headers = headers
            self.expected = expected
        }
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row("curl", Headers(host: "127.0.0.1:8080", authorization: bearer), nil),
        Row("localhost in capitals", Headers(host: "LOCALHOST:8080", authorization: bearer), nil),
        Row("IPv6", Headers(host: "[::1]:8080", authorization: bearer), nil),
        Row("no port", Headers(host: "localhost", authorization: bearer), nil),
        Row("own page", Headers(host: "localhost:8080", origin: "http://localhost:8080", fetchSite: "same-origin", authorization: bearer), nil),
        Row("own page on port 80", Headers(host: "localhost", origin: "http://localhost:80", authorization: bearer), nil),
        Row("typed into the browser", Headers(host: "localhost:8080", fetchSite: "none", authorization: bearer), nil),
        Row("scheme in lower case", Headers(host: "localhost", authorization: "bearer " + token), nil),
        Row("JSON body", Headers(host: "localhost", authorization: bearer, contentType: "Application/JSON; charset=utf-8", hasBody: true), nil),

        Row("no host", Headers(authorization: bearer), .foreignHost),
        Row("rebound name", Headers(host: "evil.example:8080", authorization: bearer), .foreignHost),
        Row("name that starts like ours", Headers(host: "localhost.evil.example", authorization: bearer), .foreignHost),
        Row("address that starts like ours", Headers(host: "127.0.0.10", authorization: bearer), .foreignHost),
        Row("user part", Headers(host: "localhost:80@evil.example", authorization: bearer), .foreignHost),
        Row("port with a sign", Headers(host: "localhost:+80", authorization: bearer), .foreignHost),
        Row("port too high", Headers(host: "localhost:65536", authorization: bearer), .foreignHost),
        Row("empty port", Headers(host: "localhost:", authorization: bearer), .foreignHost),
        Row("two hosts", Headers(host: "localhost, evil.example", authorization: bearer), .foreignHost),
        Row("any address", Headers(host: "0.0.0.0:8080", authorization: bearer), .foreignHost),

        Row("other site", Headers(host: "localhost:8080", origin: "https://evil.example", authorization: bearer), .foreignOrigin),
        Row("other port", Headers(host: "localhost:8080", origin: "http://localhost:3000", authorization: bearer), .foreignOrigin),
        Row("other name of this machine", Headers(host: "localhost:8080", origin: "http://127.0.0.1:8080", authorization: bearer), .foreignOrigin),
        Row("https", Headers(host: "localhost:8080", origin: "https://localhost:8080", authorization: bearer), .foreignOrigin),
        Row("sandboxed page", Headers(host: "localhost:8080", origin: "null", authorization: bearer), .foreignOrigin),
        Row("cross-site", Headers(host: "localhost:8080", fetchSite: "cross-site", authorization: bearer), .crossSite),
        Row("same site, other origin", Headers(host: "localhost:8080", fetchSite: "same-site", authorization: bearer), .crossSite),

        Row("no token", Headers(host: "localhost"), .missingToken),
        Row("other scheme", Headers(host: "localhost", authorization: "Basic " + token), .missingToken),
        Row("scheme alone", Headers(host: "localhost", authorization: "Bearer "), .missingToken),
        Row("wrong token", Headers(host: "localhost", authorization: "Bearer x" + token.dropFirst()), .wrongToken),
        Row("start of the token", Headers(host: "localhost", authorization: "Bearer " + token.dropLast()), .wrongToken),
        Row("token twice", Headers(host: "localhost", authorization: "Bearer " + token + token), .wrongToken),

        Row("body without a type", Headers(host: "localhost", authorization: bearer, hasBody: true), .notJSON),
        Row("form", Headers(host: "localhost", authorization: bearer, contentType: "application/x-www-form-urlencoded", hasBody: true), .notJSON),
        Row("text", Headers(host: "localhost", authorization: bearer, contentType: "text/plain", hasBody: true), .notJSON),
        Row("type that starts like JSON", Headers(host: "localhost", authorization: bearer, contentType: "application/jsonp", hasBody: true), .notJSON),
        Row("JSON as a parameter", Headers(host: "localhost", authorization: bearer, contentType: "text/plain; application/json", hasBody: true), .notJSON),
    ]

    @Test("table", arguments: rows)
    func table(row: Row) throws {
        #expect(try LoopbackPolicy(token: token).check(row.headers) == row.expected)
    }

    @Test("each refusal has its status and names its header")
    func replies() {
        #expect(LoopbackPolicy.Refusal.foreignHost.reply.status.code == 421)
        #expect(LoopbackPolicy.Refusal.foreignOrigin.reply.status.code == 403)
        #expect(LoopbackPolicy.Refusal.crossSite.reply.status.code == 403)
        #expect(LoopbackPolicy.Refusal.missingToken.reply.status.code == 401)
        #expect(LoopbackPolicy.Refusal.wrongToken.reply.status.code == 401)
        #expect(LoopbackPolicy.Refusal.notJSON.reply.status.code == 415)
        #expect(LoopbackPolicy.Refusal.notJSON.reply.error.field == "Content-Type")
    }

    @Test("a short token is a configuration error", arguments: ["", "short", "fifteen bytes.."])
    func weakToken(token: String) {
        #expect(throws: LocalServerError.weakToken) { try LoopbackPolicy(token: token) }
    }
}

@Suite("peer policy")
struct PeerPolicyTests {
    private let peer = PeerCredentials(pid: 10, uid: 1000, gid: 1000)

    @Test("only named users pass")
    func users() {
        #expect(PeerCredentialMiddleware(allowedUIDs: [1000]).check(transport: .unix, peer: peer) == nil)
        #expect(PeerCredentialMiddleware(allowedUIDs: [0]).check(transport: .unix, peer: peer)?.error.code == "user_not_allowed")
        #expect(PeerCredentialMiddleware(allowedUIDs: [1000]).check(transport: .unix, peer: nil)?.error.code == "unknown_user")
        #expect(PeerCredentialMiddleware(alsoAllowing: [1000]).allowedUIDs.isSuperset(of: [0, 1000]))
    }

    @Test("TCP passes only if it is left to the loopback guard")
    func tcp() {
        #expect(PeerCredentialMiddleware().check(transport: .tcp, peer: nil)?.error.code == "unix_socket_only")
        #expect(PeerCredentialMiddleware(onTCP: .leaveToLoopbackGuard).check(transport: .tcp, peer: nil) == nil)
    }
}

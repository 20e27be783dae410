import Hummingbird

// A port on 127.0.0.1 is not private: every web page in a browser on the same machine can send requests to it, and every local user can connect.
// The rules below are for those two. The Host rule stops DNS rebinding (a page's own name made to resolve to 127.0.0.1); Origin and
// Sec-Fetch-Site stop a page of another site; the JSON content type keeps a cross-site request from being "simple", so a browser asks first and
// is refused; the bearer token stops other local users. Any one of them failing refuses the request.

/// The rules for a request over loopback TCP, as a pure decision.
public struct LoopbackPolicy: Sendable {
    /// What the rules look at. Header names are case-insensitive; the values are as received.
    public struct Headers: Sendable {
        /// `Host`.
        public var host: String?
        /// `Origin`: only browsers send it.
        public var origin: String?
        /// `Sec-Fetch-Site`: only browsers send it.
        public var fetchSite: String?
        /// `Authorization`.
        public var authorization: String?
        /// `Content-Type`.
        public var contentType: String?
        /// Whether a body follows.
        public var hasBody: Bool

        /// The headers of one request.
        public init(
            host: String? = nil, origin: String? = nil, fetchSite: String? = nil, authorization: String? = nil,
            contentType: String? = nil, hasBody: Bool = false
        ) {
            self.host = host
            self.origin = origin
            self.fetchSite = fetchSite
            self.authorization = authorization
            self.contentType = contentType
            self.hasBody = hasBody
        }
    }

    /// Why a request is refused.
    public enum Refusal: Sendable, Equatable {
        /// The Host is missing or is not a name of the loopback interface.
        case foreignHost
        /// The page that sent it is from elsewhere.
        case foreignOrigin
        /// The browser says that another site started it.
        case crossSite
        /// There is no bearer token.
        case missingToken
        /// There is a bearer token, but it is not ours.
        case wrongToken
        /// The body is not said to be JSON.
        case notJSON

        /// What the peer is told.
        public var reply: JSONRefusal {
            switch self {
            case .foreignHost:
                JSONRefusal(
                    .misdirectedRequest, code: "foreign_host", message: "use 127.0.0.1, localhost or [::1] as the host", field: "Host")
            case .foreignOrigin:
                JSONRefusal(.forbidden, code: "foreign_origin", message: "requests from other web pages are refused", field: "Origin")
            case .crossSite:
                JSONRefusal(.forbidden, code: "cross_site", message: "requests from other sites are refused", field: "Sec-Fetch-Site")
            case .missingToken:
                JSONRefusal(
                    .unauthorized, code: "token_missing", message: "send Authorization: Bearer and the token of this service",
                    field: "Authorization")
            case .wrongToken:
                JSONRefusal(.unauthorized, code: "token_wrong", message: "the token is not valid here", field: "Authorization")
            case .notJSON:
                JSONRefusal(
                    .unsupportedMediaType, code: "not_json", message: "send the body as application/json", field: "Content-Type")
            }
        }
    }

    /// The fewest bytes a token may have.
    public static let leastTokenBytes = 16

    private let token: [UInt8]

    /// The policy with the token that callers must send.
    ///
    /// - Throws: `LocalServerError.weakToken` for a token under 16 bytes.
    public init(token: String) throws(LocalServerError) {
        self.token = Array(token.utf8)
        guard self.token.count >= Self.leastTokenBytes else { throw .weakToken }
    }

    /// The rules for a page that people open: those about where a request comes from. Who asks is for a session to tell.
    public static func checkSource(_ headers: Headers) -> Refusal? {
        guard let host = headers.host.flatMap(Authority.init(loopback:)) else { return .foreignHost }
        if let site = headers.fetchSite, site != "same-origin", site != "none" { return .crossSite }
        if let origin = headers.origin, Authority(origin: origin) != host { return .foreignOrigin }
        return nil
    }

    /// The decision: nil lets the request pass.
    public func check(_ headers: Headers) -> Refusal? {
        if let refusal = Self.checkSource(headers) { return refusal }
        guard let authorization = headers.authorization else { return .missingToken }
        guard let offered = Self.bearerToken(authorization) else { return .missingToken }
        guard constantTimeEqual(offered, token) else { return .wrongToken }
        if headers.hasBody, !Self.isJSON(headers.contentType) { return .notJSON }
        return nil
    }

    private static func bearerToken(_ authorization: String) -> [UInt8]? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return Array(parts[1].utf8)
    }

    private static func isJSON(_ contentType: String?) -> Bool {
        guard let type = contentType?.split(separator: ";", maxSplits: 1).first else { return false }
        return type.lowercased().split(whereSeparator: { $0 == " " || $0 == "\t" }) == ["application/json"]
    }
}

/// A loopback host and port as a browser or a client writes them.
private struct Authority: Equatable {
    let name: String
    let port: UInt16

    /// From a Host header; nil unless it names the loopback interface.
    init?(loopback text: String) {
        let lower = text.lowercased()
        guard let name = ["127.0.0.1", "localhost", "[::1]"].first(where: { lower == $0 || lower.hasPrefix($0 + ":") }) else { return nil }
        self.name = name
        if lower == name {
            port = 80
        } else {
            let digits = lower.dropFirst(name.count + 1)
            // UInt16's own parser takes a sign.
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { return nil }
            self.port = port
        }
    }

    /// From an Origin header; only http, since a local server has no certificate.
    init?(origin text: String) {
        guard text.lowercased().hasPrefix("http://") else { return nil }
        self.init(loopback: String(text.dropFirst("http://".count)))
    }
}

/// Whether two byte strings are equal, in a time that depends on the length of `offered` only, so that a token cannot be guessed byte by byte.
public func constantTimeEqual(_ offered: [UInt8], _ expected: [UInt8]) -> Bool {
    guard !expected.isEmpty else { return false }
    var difference: UInt8 = offered.count == expected.count ? 0 : 1
    for (index, byte) in offered.enumerated() {
        difference |= byte ^ expected[index % expected.count]
    }
    return difference == 0
}

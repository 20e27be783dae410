public import Administration
public import LocalHTTP
public import Settings
public import TipModel
public import ZeroMQ

/// The daemon's admin socket, call by call. Every call has a deadline and throws ``LocalHTTPClientError``.
public struct AdminClient: Sendable {
    private let client: LocalHTTPClient
    private let timeout: Duration

    /// - Parameter timeout: for each call.
    public init(socket: String, timeout: Duration = .seconds(10)) {
        client = LocalHTTPClient(.unix(socket))
        self.timeout = timeout
    }

    public func status() async throws(LocalHTTPClientError) -> StatusReport { try await get("/v1/status") }

    /// - Parameters:
    ///   - zone, level: only these; nil for all. Names, which need no escaping.
    ///   - limit: at most so many.
    public func incidents(
        all: Bool = false, zone: ZoneID? = nil, level: UrgencyLevel? = nil, limit: Int = 100
    ) async throws(LocalHTTPClientError) -> IncidentList {
        var query = "state=\(all ? "all" : "open")&limit=\(limit)"
        if let zone { query += "&zone=\(zone)" }
        if let level { query += "&level=\(level.name)" }
        return try await get("/v1/incidents?" + query)
    }

    public func incident(_ id: UInt64) async throws(LocalHTTPClientError) -> IncidentDetail {
        try await get("/v1/incidents/\(id)")
    }

    public func merge(_ id: UInt64, _ body: MergeIncident) async throws(LocalHTTPClientError) -> DeskReport {
        try await send("/v1/incidents/\(id)/merge", body)
    }

    public func split(_ id: UInt64, _ body: SplitIncident) async throws(LocalHTTPClientError) -> DeskReport {
        try await send("/v1/incidents/\(id)/split", body)
    }

    public func detach(_ id: UInt64, _ body: DetachTip) async throws(LocalHTTPClientError) -> DeskReport {
        try await send("/v1/incidents/\(id)/detach", body)
    }

    public func regrade(_ id: UInt64, _ body: RegradeIncident) async throws(LocalHTTPClientError) -> DeskReport {
        try await send("/v1/incidents/\(id)/regrade", body)
    }

    public func enrolments() async throws(LocalHTTPClientError) -> EnrolmentList { try await get("/v1/enrolments") }

    public func enrol(_ post: EnrolPost) async throws(LocalHTTPClientError) -> Enrolled {
        try await send("/v1/posts", post)
    }

    public func enrol(_ unit: EnrolUnit) async throws(LocalHTTPClientError) -> Enrolled {
        try await send("/v1/units", unit)
    }

    public func rotate(_ rotate: RotateKey) async throws(LocalHTTPClientError) -> Enrolled {
        try await send("/v1/rotations", rotate)
    }

    public func revoke(_ revoke: Revoke) async throws(LocalHTTPClientError) -> Revocation {
        try await send("/v1/revocations", revoke)
    }

    /// - Parameter step: `assign`, `recall`, `hand-over`, `clear`, `reopen` or `acknowledge`.
    public func step(
        _ id: UInt64, _ step: String, _ body: StepIncident
    ) async throws(LocalHTTPClientError) -> DeskReport { try await send("/v1/incidents/\(id)/\(step)", body) }

    public func users() async throws(LocalHTTPClientError) -> UserList { try await get("/v1/users") }

    public func addUser(_ body: AddUser) async throws(LocalHTTPClientError) -> UserReport { try await send("/v1/users", body) }

    public func setPassword(_ name: String, _ body: SetPassword) async throws(LocalHTTPClientError) -> UserReport {
        try await send("/v1/users/\(name)/password", body)
    }

    public func setUser(_ name: String, disabled: Bool) async throws(LocalHTTPClientError) -> UserReport {
        try await send("/v1/users/\(name)/\(disabled ? "disable" : "enable")", nil)
    }

    public func sessions(_ name: String) async throws(LocalHTTPClientError) -> SessionList {
        try await get("/v1/users/\(name)/sessions")
    }

    public func endSessions(_ name: String) async throws(LocalHTTPClientError) -> SessionsEnded {
        try await send("/v1/users/\(name)/end-sessions", nil)
    }

    public func firstLink() async throws(LocalHTTPClientError) -> FirstLink { try await send("/v1/first-link", nil) }

    public func reload() async throws(LocalHTTPClientError) -> Reloaded { try await send("/v1/reload", nil) }

    private func get<Reply: Decodable>(_ path: String) async throws(LocalHTTPClientError) -> Reply {
        try await client.requestJSON(Reply.self, method: "GET", path: path, timeout: timeout)
    }

    private func send<Reply: Decodable>(
        _ path: String, _ body: (any Encodable & Sendable)?
    ) async throws(LocalHTTPClientError) -> Reply {
        try await client.requestJSON(Reply.self, method: "POST", path: path, body: body, timeout: timeout)
    }
}

// MARK: - Enrolling

/// Who is enrolled: a post or a unit, with what the station knows of it.
public enum EnrolmentSubject: Hashable, Sendable {
    case post(Post)
    case unit(PatrolUnit)

    /// Its id.
    public var id: String {
        switch self {
        case .post(let post): post.id.rawValue
        case .unit(let unit): unit.id.rawValue
        }
    }

    /// As in ``EnrolmentReport/kind``.
    public var kind: String {
        switch self {
        case .post: "post"
        case .unit: "unit"
        }
    }
}

extension AdminClient {
    /// Enrols a public key; the secret never leaves the caller.
    public func enrol(
        _ subject: EnrolmentSubject, publicKey: String, replace: Bool = false
    ) async throws(LocalHTTPClientError) -> Enrolled {
        switch subject {
        case .post(let post):
            try await enrol(
                EnrolPost(
                    id: post.id.rawValue, name: post.name, zone: post.zone.rawValue, kind: post.kind,
                    members: post.members, position: post.position.map { PositionReport($0) }, publicKey: publicKey,
                    replace: replace))
        case .unit(let unit):
            try await enrol(
                EnrolUnit(
                    id: unit.id.rawValue, name: unit.name, zones: unit.zones.map(\.rawValue), publicKey: publicKey,
                    replace: replace))
        }
    }
}

extension KeyBundle {
    /// The bundle of someone just enrolled with `keys`.
    /// - Parameter endpoints: instead of the daemon's own; nil for those.
    public init(_ subject: EnrolmentSubject, keys: CurveKeyPair, enrolled: Enrolled, endpoints: [String]? = nil) {
        let holder: Holder
        let own: String
        switch subject {
        case .post(let post):
            holder = .post(post.id, zone: post.zone)
            own = enrolled.tipsEndpoint
        case .unit(let unit):
            holder = .unit(unit.id, zones: unit.zones)
            own = enrolled.feedEndpoint
        }
        self.init(
            holder: holder, endpoints: endpoints ?? [own], daemonPublicKey: enrolled.daemonPublicKey,
            publicKey: keys.publicKey.z85, secretKey: SecretText(keys.secretKey.exposedZ85))
    }
}

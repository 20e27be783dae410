// Accounts over the admin socket.

/// `POST /v1/users`.
public struct AddUser: Codable, Sendable, Equatable {
    public var name: String
    /// `desk`, `officer`, `patrol` or `admin`.
    public var role: String
    /// Of an officer.
    public var zones: [String]?
    /// Of a patrol: an enrolled unit.
    public var unit: String?
    public var password: String

    public init(name: String, role: String, zones: [String]? = nil, unit: String? = nil, password: String) {
        self.name = name
        self.role = role
        self.zones = zones
        self.unit = unit
        self.password = password
    }
}

/// `POST /v1/users/NAME/password`.
public struct SetPassword: Codable, Sendable, Equatable {
    public var password: String

    public init(password: String) { self.password = password }
}

/// An account of the board.
public struct UserReport: Codable, Sendable, Equatable {
    public var name: String
    public var role: String
    public var zones: [String]
    public var unit: String?
    public var disabled: Bool
    public var createdAtMs: Int64
    /// How many sessions are open.
    public var sessions: Int

    enum CodingKeys: String, CodingKey {
        case name
        case role
        case zones
        case unit
        case disabled
        case createdAtMs = "created_at_ms"
        case sessions
    }

    public init(name: String, role: String, zones: [String], unit: String?, disabled: Bool, createdAtMs: Int64, sessions: Int) {
        self.name = name
        self.role = role
        self.zones = zones
        self.unit = unit
        self.disabled = disabled
        self.createdAtMs = createdAtMs
        self.sessions = sessions
    }
}

/// `GET /v1/users`.
public struct UserList: Codable, Sendable, Equatable {
    public var users: [UserReport]

    public init(users: [UserReport]) { self.users = users }
}

/// An open session.
public struct SessionLine: Codable, Sendable, Equatable {
    public var user: String
    public var openedAtMs: Int64
    public var usedAtMs: Int64
    public var address: String

    enum CodingKeys: String, CodingKey {
        case user
        case openedAtMs = "opened_at_ms"
        case usedAtMs = "used_at_ms"
        case address
    }

    public init(user: String, openedAtMs: Int64, usedAtMs: Int64, address: String) {
        self.user = user
        self.openedAtMs = openedAtMs
        self.usedAtMs = usedAtMs
        self.address = address
    }
}

/// `GET /v1/users/NAME/sessions`.
public struct SessionList: Codable, Sendable, Equatable {
    public var sessions: [SessionLine]

    public init(sessions: [SessionLine]) { self.sessions = sessions }
}

/// `POST /v1/users/NAME/end-sessions`.
public struct SessionsEnded: Codable, Sendable, Equatable {
    public var user: String
    public var ended: Int

    public init(user: String, ended: Int) {
        self.user = user
        self.ended = ended
    }
}

/// `POST /v1/first-link`: where the first admin is made, once, within 24 hours.
public struct FirstLink: Codable, Sendable, Equatable {
    public var url: String

    public init(url: String) { self.url = url }
}

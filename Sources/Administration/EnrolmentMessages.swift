// Enrolment, revocation and reload over the admin socket.

/// `POST /v1/posts`.
public struct EnrolPost: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    public var zone: String
    public var kind: String
    public var members: Int
    public var position: PositionReport?
    /// Z85, 40 characters. The secret stays with whoever made the pair.
    public var publicKey: String
    /// Replace an enrolment under the same id: its old key is refused from then on.
    public var replace: Bool

    enum CodingKeys: String, CodingKey {
        case id
        case name
        case zone
        case kind
        case members
        case position
        case publicKey = "public_key"
        case replace
    }

    public init(
        id: String, name: String, zone: String, kind: String, members: Int, position: PositionReport? = nil,
        publicKey: String, replace: Bool
    ) {
        self.id = id
        self.name = name
        self.zone = zone
        self.kind = kind
        self.members = members
        self.position = position
        self.publicKey = publicKey
        self.replace = replace
    }
}

/// `POST /v1/units`.
public struct EnrolUnit: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    public var zones: [String]
    /// Z85, 40 characters.
    public var publicKey: String
    public var replace: Bool

    enum CodingKeys: String, CodingKey {
        case id
        case name
        case zones
        case publicKey = "public_key"
        case replace
    }

    public init(id: String, name: String, zones: [String], publicKey: String, replace: Bool) {
        self.id = id
        self.name = name
        self.zones = zones
        self.publicKey = publicKey
        self.replace = replace
    }
}

/// The answer: what a bundle needs.
public struct Enrolled: Codable, Sendable, Equatable {
    public var principal: String
    /// The record of the enrolment.
    public var sequence: UInt64
    /// Z85.
    public var daemonPublicKey: String
    public var tipsEndpoint: String
    public var feedEndpoint: String

    enum CodingKeys: String, CodingKey {
        case principal
        case sequence
        case daemonPublicKey = "daemon_public_key"
        case tipsEndpoint = "tips_endpoint"
        case feedEndpoint = "feed_endpoint"
    }

    public init(
        principal: String, sequence: UInt64, daemonPublicKey: String, tipsEndpoint: String, feedEndpoint: String
    ) {
        self.principal = principal
        self.sequence = sequence
        self.daemonPublicKey = daemonPublicKey
        self.tipsEndpoint = tipsEndpoint
        self.feedEndpoint = feedEndpoint
    }
}

/// `POST /v1/rotations`: another key for a post or unit that is enrolled. Answered like an enrolment.
public struct RotateKey: Codable, Sendable, Equatable {
    /// `post` or `unit`.
    public var kind: String
    public var id: String
    /// Z85, 40 characters.
    public var publicKey: String
    /// How long the present key is let in beside it, in milliseconds; 0 refuses it at once.
    public var keepPreviousMs: Int64

    enum CodingKeys: String, CodingKey {
        case kind
        case id
        case publicKey = "public_key"
        case keepPreviousMs = "keep_previous_ms"
    }

    public init(kind: String, id: String, publicKey: String, keepPreviousMs: Int64) {
        self.kind = kind
        self.id = id
        self.publicKey = publicKey
        self.keepPreviousMs = keepPreviousMs
    }
}

/// `POST /v1/revocations`.
public struct Revoke: Codable, Sendable, Equatable {
    /// `post` or `unit`.
    public var kind: String
    public var id: String
    public var reason: String

    public init(kind: String, id: String, reason: String) {
        self.kind = kind
        self.id = id
        self.reason = reason
    }
}

/// The answer.
public struct Revocation: Codable, Sendable, Equatable {
    public var principal: String
    public var sequence: UInt64

    public init(principal: String, sequence: UInt64) {
        self.principal = principal
        self.sequence = sequence
    }
}

/// One key on record.
public struct EnrolmentReport: Codable, Sendable, Equatable {
    public var kind: String
    public var id: String
    public var name: String
    public var zones: [String]
    /// Z85.
    public var publicKey: String
    /// The record that enrolled it.
    public var sequence: UInt64
    public var revoked: Bool
    /// The key before this one and until when it is let in, while a rotation lets both in.
    public var previousPublicKey: String?
    public var previousUntilMs: Int64?

    enum CodingKeys: String, CodingKey {
        case kind
        case id
        case name
        case zones
        case publicKey = "public_key"
        case sequence
        case revoked
        case previousPublicKey = "previous_public_key"
        case previousUntilMs = "previous_until_ms"
    }

    public init(
        kind: String, id: String, name: String, zones: [String], publicKey: String, sequence: UInt64, revoked: Bool,
        previousPublicKey: String? = nil, previousUntilMs: Int64? = nil
    ) {
        self.previousPublicKey = previousPublicKey
        self.previousUntilMs = previousUntilMs
        self.kind = kind
        self.id = id
        self.name = name
        self.zones = zones
        self.publicKey = publicKey
        self.sequence = sequence
        self.revoked = revoked
    }
}

/// `GET /v1/enrolments`.
public struct EnrolmentList: Codable, Sendable, Equatable {
    /// Z85.
    public var daemonPublicKey: String
    public var enrolments: [EnrolmentReport]

    enum CodingKeys: String, CodingKey {
        case daemonPublicKey = "daemon_public_key"
        case enrolments
    }

    public init(daemonPublicKey: String, enrolments: [EnrolmentReport]) {
        self.daemonPublicKey = daemonPublicKey
        self.enrolments = enrolments
    }
}

/// `POST /v1/reload`: what a reload did.
public struct Reloaded: Codable, Sendable, Equatable {
    public var applied: Bool
    /// Keys that changed and take effect only at a restart.
    public var needRestart: [String]
    /// Why nothing was applied.
    public var issues: [String]

    enum CodingKeys: String, CodingKey {
        case applied
        case needRestart = "need_restart"
        case issues
    }

    public init(applied: Bool, needRestart: [String], issues: [String]) {
        self.applied = applied
        self.needRestart = needRestart
        self.issues = issues
    }
}

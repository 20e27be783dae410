/// What was done to an account of the board; never a secret.
public struct AccountChanged: Hashable, Sendable {
    public enum Action: UInt8, CaseIterable, Sendable {
        case added = 1
        case passwordChanged = 2
        case disabled = 3
        case enabled = 4
        case sessionsEnded = 5

        public var name: String {
            switch self {
            case .added: "added"
            case .passwordChanged: "password_changed"
            case .disabled: "disabled"
            case .enabled: "enabled"
            case .sessionsEnded: "sessions_ended"
            }
        }
    }

    /// The account.
    public var name: String
    public var action: Action
    /// Of the account: `desk`, `officer`, `patrol` or `admin`.
    public var role: String
    /// Who did it.
    public var by: String

    public init(name: String, action: Action, role: String, by: String) {
        self.name = name
        self.action = action
        self.role = role
        self.by = by
    }
}

/// The desk looked at who reported a tip. Journalled before it is told.
public struct IdentityRevealed: Hashable, Sendable {
    public var incident: IncidentID
    public var post: PostID
    public var tip: TipID
    public var reason: String
    /// Who looked.
    public var by: String

    public init(incident: IncidentID, post: PostID, tip: TipID, reason: String, by: String) {
        self.incident = incident
        self.post = post
        self.tip = tip
        self.reason = reason
        self.by = by
    }
}

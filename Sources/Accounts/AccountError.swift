/// Why something about an account was refused, in words to act on.
public struct AccountError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A name, role, zone list or password that is not possible.
        case invalidField = "invalid_field"
        /// The name is taken.
        case conflict
        /// There is no such account.
        case notFound = "not_found"
        /// The name or the password is wrong, or the account is disabled: one answer for all, so that nobody learns names.
        case wrongCredentials = "wrong_credentials"
        /// Too many failed tries; ``AccountError/retryAfterMilliseconds`` says how long to wait.
        case lockedOut = "locked_out"
        /// A one-time link that is used up, expired, or not needed any more.
        case linkInvalid = "link_invalid"
        /// The last admin must stay able to sign in.
        case lastAdmin = "last_admin"
        /// At the bound of accounts or of parallel sign-ins.
        case busy
        /// The disk or SQLite failed.
        case inputOutput = "unavailable"
    }

    public var code: Code
    public var field: String?
    public var message: String
    /// For ``Code/lockedOut`` and ``Code/busy``.
    public var retryAfterMilliseconds: Int64

    public init(_ code: Code, field: String? = nil, _ message: String, retryAfterMilliseconds: Int64 = 0) {
        self.code = code
        self.field = field
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    public var description: String { message }
}

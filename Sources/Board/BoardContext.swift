public import Accounts
public import Hummingbird
public import LocalHTTP
public import Localization

/// What a handler of the board knows about its request.
public struct BoardContext: ChildRequestContext {
    public var coreContext: CoreRequestContextStorage
    /// The connection: where from, and how.
    public let peer: PeerRequestContext
    /// Who is signed in; nil on the pages that need nobody.
    public var user: BoardUser?
    /// Of the session that ``user`` came with.
    public var token: SessionToken?
    /// The language of the answer.
    public var language: Language = .zh

    public init(context: PeerRequestContext) {
        coreContext = context.coreContext
        peer = context
    }

    /// Who is signed in.
    /// - Throws: 401, which a page turns into the way to the login.
    public func requireUser() throws -> BoardUser {
        guard let user else { throw JSONRefusal(.unauthorized, code: "no_session", message: "sign in first") }
        return user
    }

    /// Who is signed in, if they may do what the desk does.
    public func requireDesk() throws -> BoardUser {
        let user = try requireUser()
        guard user.isDesk else { throw JSONRefusal(.forbidden, code: "not_desk", message: "only the desk may do this") }
        return user
    }

    /// Who is signed in, if they manage accounts.
    public func requireAdmin() throws -> BoardUser {
        let user = try requireUser()
        guard user.isAdmin else { throw JSONRefusal(.forbidden, code: "not_admin", message: "only an admin may do this") }
        return user
    }
}

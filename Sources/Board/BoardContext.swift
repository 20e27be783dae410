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
}

internal import Access
internal import TipModel
internal import TipWire

/// The connections that posts are told of their tips by: the one whose heartbeat came last, where that says that the post
/// takes progress. At most one for each enrolled post.
struct PostListeners {
    private struct Listener {
        var route: [UInt8]
        var userID: String
    }

    private var listeners: [PostID: Listener] = [:]

    mutating func heard(_ post: PostID, _ heartbeat: PostHeartbeat, route: [UInt8], userID: String?) {
        guard let userID, heartbeat.progressAfter != nil else {
            listeners[post] = nil
            return
        }
        listeners[post] = Listener(route: route, userID: userID)
    }

    /// Where to tell a post; nil for one that does not listen. Its key may have been revoked or replaced since it spoke.
    mutating func route(of post: PostID, in table: AccessTable) -> [UInt8]? {
        guard let listener = listeners[post] else { return nil }
        guard let principal = table.principal(userID: listener.userID), principal.id == .post(post) else {
            listeners[post] = nil
            return nil
        }
        return listener.route
    }
}

extension Rejection {
    /// For a question that the daemon has no room for now.
    static let noRoom = Rejection(.busy, "too much waits; ask again", retryAfterMilliseconds: 1_000)
}

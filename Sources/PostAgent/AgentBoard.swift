import Synchronization
import TipModel

/// What the sender's thread tells the door: how the link stands and when something last came.
final class AgentBoard: Sendable {
    struct Link: Hashable, Sendable {
        var condition = LinkCondition.connecting
        var endpoint = ""
        /// By the post's clock.
        var since: Timestamp?
        var lastHeard: Timestamp?
        var lastReceipt: Timestamp?
        /// Why the daemon took a tip not yet; nil once it takes them.
        var deferred: Rejection?
        /// The daemon's time less the post's, in milliseconds.
        var skew: Int64?
    }

    private let contents = Mutex(Link())
    /// For those who watch.
    let bell = ChangeBell()

    var link: Link { contents.withLock { $0 } }

    func change(_ body: (inout Link) -> Void) {
        let isNews = contents.withLock { link in
            let before = link
            body(&link)
            // What every heartbeat changes is nothing to wake anybody for.
            return before.condition != link.condition || before.endpoint != link.endpoint || before.lastReceipt != link.lastReceipt
        }
        if isNews { bell.ring() }
    }
}

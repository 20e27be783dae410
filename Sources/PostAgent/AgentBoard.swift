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
        /// The daemon's time less the post's, in milliseconds.
        var skew: Int64?
    }

    private let contents = Mutex(Link())

    var link: Link { contents.withLock { $0 } }

    func change(_ body: (inout Link) -> Void) { contents.withLock { body(&$0) } }
}

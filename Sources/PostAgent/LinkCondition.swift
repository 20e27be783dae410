import Access
import TipModel

/// How the agent stands with the daemon, in a stable code and in words to act on.
enum LinkCondition: Hashable, Sendable {
    case connecting
    case connected
    /// The key is unknown or revoked.
    case refused
    case wrongDaemon
    case unreachable
    /// Connected, but no answer for `failover_after`.
    case silent
    /// The daemon does not take this agent's messages, for the reason it gave.
    case barred(Rejection)

    init(_ state: LinkState) {
        self =
            switch state {
            case .connecting: .connecting
            case .connected: .connected
            case .refused: .refused
            case .wrongDaemon: .wrongDaemon
            case .unreachable: .unreachable
            }
    }

    /// For programs and catalogues: `connecting`, `connected`, `refused`, `wrong_daemon`, `unreachable`, `silent`, `barred`.
    var code: String {
        switch self {
        case .connecting: "connecting"
        case .connected: "connected"
        case .refused: "refused"
        case .wrongDaemon: "wrong_daemon"
        case .unreachable: "unreachable"
        case .silent: "silent"
        case .barred(let rejection): rejection.code == .revoked ? "refused" : "barred"
        }
    }

    /// A sentence in English for the log and the status.
    func words(endpoint: String) -> String {
        switch self {
        case .connecting: "connecting to the daemon at \(endpoint)"
        case .connected: "connected to the daemon at \(endpoint)"
        case .refused:
            "the daemon at \(endpoint) refused this post's key: it is unknown or was revoked; ask the station to enrol the post again"
        case .wrongDaemon:
            "whoever answers at \(endpoint) does not hold the daemon's key: check the endpoint, or ask the station for a new key bundle"
        case .unreachable: "nobody answers at \(endpoint): check the network; tips are kept and sent when it is back"
        case .silent: "the daemon at \(endpoint) has stopped answering; tips are kept and sent when it is back"
        case .barred(let rejection):
            rejection.code == .revoked
                ? Self.refused.words(endpoint: endpoint)
                : "the daemon at \(endpoint) does not take this post's messages (\(rejection)); tips are kept"
        }
    }
}

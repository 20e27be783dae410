import Access

/// Which endpoint is tried, for how long, and how long to wait before the next try: decisions only, no sockets.
///
/// libzmq connects again by itself while nobody answers. But after a refused key it never does, a handshake that breaks
/// off it repeats at its shortest interval for ever, and of a connection that has gone dead without a word it knows
/// nothing; those are given up here.
struct EndpointPlan {
    enum Decision: Hashable {
        case stay
        /// Close the link, wait, and open one to ``EndpointPlan/index``.
        case reopen(afterMilliseconds: Int64)
    }

    /// How long an endpoint where nobody answers is tried while there are others, in milliseconds.
    static let unreachablePatience: Int64 = 2_000

    let count: Int
    let failoverAfter: Int64
    let backoff: ClosedRange<Int64>
    /// The endpoint in use, from 0 in the order of the settings.
    private(set) var index = 0
    /// When the link was opened or last heard.
    private(set) var quietSince: Int64 = 0
    private var openedAt: Int64 = 0
    /// Links given up since a daemon last served this post.
    private(set) var failures = 0

    init(count: Int, failoverAfter: Int64, backoff: ClosedRange<Int64>) {
        self.count = max(1, count)
        self.failoverAfter = failoverAfter
        self.backoff = backoff
    }

    mutating func opened(at now: Int64) {
        openedAt = now
        quietSince = now
    }

    /// Something came from the daemon.
    mutating func heard(at now: Int64) { quietSince = now }

    /// The daemon did what was asked of it: a later failure is a first one.
    mutating func served() { failures = 0 }

    /// - Parameter isBarred: the daemon said on this connection that the post may not speak.
    mutating func decide(
        _ state: LinkState, isBarred: Bool = false, at now: Int64, using random: inout some RandomNumberGenerator
    ) -> Decision {
        let isOver =
            switch state {
            case .refused, .wrongDaemon: true
            case .connected where isBarred: true
            case .connected, .connecting: now &- quietSince >= failoverAfter
            case .unreachable: count > 1 && now &- max(openedAt, quietSince) >= min(failoverAfter, Self.unreachablePatience)
            }
        guard isOver else { return .stay }
        failures += 1
        index = (index + 1) % count
        // The other endpoints are tried at once; only after a whole round does it wait.
        if failures % count != 0 { return .reopen(afterMilliseconds: 0) }
        let doublings = min(failures / count - 1, 20)
        let wait = min(backoff.lowerBound << Int64(doublings), backoff.upperBound)
        return .reopen(afterMilliseconds: Int64.random(in: max(1, wait / 2)...max(1, wait + wait / 2), using: &random))
    }
}

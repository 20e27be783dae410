import Synchronization
import TipModel

/// The time that tip ids are made with.
///
/// A tip's id begins with the time it was made, and the daemon refuses ids that are older than its memory (`too_old`) or
/// far ahead (`in_future`). A post's computer with a dead CMOS battery starts in 1970 or 2000, and every tip from it
/// would be refused. So once the daemon has told its time, and it differs by more than an hour, ids follow the daemon's;
/// before that, no id is older than the time the daemon told in an earlier run.
///
/// The daemon's time is carried on by the monotonic clock: a wall clock that is set right meanwhile would otherwise be
/// corrected twice. Only ids use this; `observed_at` and `sent_at` stay the post's own clock, and the daemon sees the skew.
final class PostClock: Sendable {
    private struct Anchor {
        var daemon: Timestamp
        var monotonic: Int64
        var skew: Int64
    }

    /// Differences up to this are left alone. Milliseconds.
    static let tolerance: Int64 = 3_600_000

    let time: any TimeSource
    private let earlier: Timestamp?
    private let anchor = Mutex<Anchor?>(nil)

    /// - Parameter earlier: a time that the daemon told in an earlier run.
    init(time: any TimeSource, earlier: Timestamp?) {
        self.time = time
        self.earlier = earlier
    }

    /// Takes in a heartbeat's answer.
    /// - Parameters:
    ///   - sent: when the heartbeat left, monotonic; half of the round trip is added to what the daemon said.
    /// - Returns: the daemon's time less the post's, in milliseconds.
    @discardableResult
    func learn(daemonTime: Timestamp, sent: Int64) -> Int64 {
        let now = time.monotonicMilliseconds()
        let trip = max(0, now &- sent)
        let daemon = daemonTime.advanced(byMilliseconds: trip / 2)
        let skew = daemon.milliseconds(since: time.now())
        anchor.withLock { $0 = Anchor(daemon: daemon, monotonic: now, skew: skew) }
        return skew
    }

    /// The daemon's time less the post's when last heard, in milliseconds; nil before the first answer.
    var skew: Int64? { anchor.withLock { $0?.skew } }

    /// The daemon's time now; nil before the first answer.
    var daemonTime: Timestamp? {
        anchor.withLock { $0 }.map { $0.daemon.advanced(byMilliseconds: time.monotonicMilliseconds() &- $0.monotonic) }
    }

    /// The time for a new tip id.
    var idTime: Timestamp {
        let own = time.now()
        guard let daemon = daemonTime else { return max(own, earlier ?? own) }
        let difference = daemon.milliseconds(since: own)
        return difference > Self.tolerance || difference < -Self.tolerance ? daemon : own
    }
}

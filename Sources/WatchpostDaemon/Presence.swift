internal import Synchronization
internal import TipModel
internal import TipWire

/// When each post was last heard, and what its last heartbeat said. Not journalled: it changes every few seconds and
/// means nothing after a restart. What matters of it, a silence and its end, is.
final class Presence: Sendable {
    struct Sighting: Sendable {
        /// On the monotonic clock, milliseconds.
        var heardAt: Int64
        var wall: Timestamp
        var heartbeat: PostHeartbeat
        var skewMilliseconds: Int64
        /// Whether the silence that began at `heardAt` was reported.
        var isReportedSilent = false
    }

    // Bounded by the enrolled posts: only an enrolled key's heartbeat gets here.
    private let sightings = Mutex<[PostID: Sighting]>([:])
    /// Accepted tips at each of the last eleven seconds, newest last.
    private let accepted = Mutex<[UInt64]>([])

    func heard(_ post: PostID, _ heartbeat: PostHeartbeat, time: some TimeSource) {
        let now = time.now()
        sightings.withLock {
            $0[post] = Sighting(
                heardAt: time.monotonicMilliseconds(), wall: now, heartbeat: heartbeat,
                skewMilliseconds: now.milliseconds(since: heartbeat.sentAt))
        }
    }

    subscript(post: PostID) -> Sighting? { sightings.withLock { $0[post] } }

    /// Posts that have become silent since the last call, with when they were last heard.
    func newlySilent(after milliseconds: Int64, now: Int64) -> [(PostID, Timestamp)] {
        sightings.withLock { sightings in
            var silent: [(PostID, Timestamp)] = []
            for (post, sighting) in sightings where !sighting.isReportedSilent && now - sighting.heardAt > milliseconds {
                sightings[post]?.isReportedSilent = true
                silent.append((post, sighting.wall))
            }
            return silent
        }
    }

    /// The report of a silence did not get through: it is due again.
    func reportAgain(_ post: PostID) { sightings.withLock { $0[post]?.isReportedSilent = false } }

    /// Notes how many tips have been accepted; called once a second.
    func sample(accepted count: UInt64) {
        accepted.withLock { samples in
            samples.append(count)
            if samples.count > 11 { samples.removeFirst() }
        }
    }

    /// Accepted tips a second, over at most the last ten seconds.
    var tipsPerSecond: Double {
        accepted.withLock { samples in
            guard samples.count > 1, let first = samples.first, let last = samples.last else { return 0 }
            return Double(last - first) / Double(samples.count - 1)
        }
    }
}

internal import Synchronization
internal import TipModel

/// The time that posts are told: the wall clock's, but while that has leapt, one that they may go by.
///
/// A post makes the ids of its tips by what it is told, and gives up what has waited for too long by it. One that followed a leap would
/// empty its spool at once, and what it made meanwhile would be refused for good after the way back.
final class PostTime: Sendable {
    private struct Start {
        var origin: Timestamp
        /// The wall clock was away from what the journal tells already at the start.
        var isDoubted: Bool
    }

    private let time: any TimeSource
    private let state = Mutex<State>(State())

    private struct State {
        var start: Start?
        /// Posts whose clocks were a leap away while the wall clock stood where it began, and where by theirs the monotonic clock began.
        /// At most as many as are enrolled.
        var others: [PostID: Timestamp] = [:]
    }

    init(_ time: any TimeSource) { self.time = time }

    /// - Parameter origin: where the wall clock stood when the monotonic one began, as far as the journal lets believe it.
    func begin(at origin: Timestamp) {
        let isDoubted = Self.leap(time.now(), origin: origin, time.monotonicMilliseconds()) != nil
        state.withLock { $0.start = Start(origin: origin, isDoubted: isDoubted) }
    }

    /// - Parameters:
    ///   - own: the post's own clock.
    ///   - post: that sent it.
    func told(to own: Timestamp, by post: PostID) -> Timestamp {
        let (wall, monotonic) = (time.now(), time.monotonicMilliseconds())
        let origin = own.advanced(byMilliseconds: -monotonic)
        return state.withLock { state in
            guard let start = state.start else { return wall }
            guard Self.leap(wall, origin: start.origin, monotonic) != nil else {
                state.others[post] = Self.leap(own, origin: start.origin, monotonic) == nil ? nil : origin
                return wall
            }
            // It showed this time before the leap, and went on evenly: the daemon's clock was wrong at the start, as that of a machine
            // without a battery is, and has been set right. A clock that leapt together with the daemon's says nothing.
            if let earlier = state.others[post], Self.isNear(earlier, origin), Self.isNear(own, wall) {
                state.start = Start(origin: wall.advanced(byMilliseconds: -monotonic), isDoubted: false)
                state.others = [:]
                return wall
            }
            // A leap that was seen is known. Of a start in another year nobody here can tell whether the clock is wrong now or was wrong when
            // the journal was written; so the post goes by its own clock.
            return start.isDoubted ? own : start.origin.advanced(byMilliseconds: monotonic)
        }
    }

    private static func isNear(_ one: Timestamp, _ other: Timestamp) -> Bool { one.milliseconds(since: other).magnitude <= near }

    /// By how much the wall clock has gone another way than time since the start; nil for what setting a clock right explains.
    static func leap(_ wall: Timestamp, origin: Timestamp, _ monotonic: Int64) -> Int64? {
        let leap = wall.milliseconds(since: origin.advanced(byMilliseconds: monotonic))
        return leap.magnitude > bound ? leap : nil
    }

    /// A day: no clock that runs drifts so far, and no daylight rule moves it so far.
    private static let bound: UInt64 = 86_400_000
    /// An hour: what posts take for their clocks being right.
    private static let near: UInt64 = 3_600_000
}

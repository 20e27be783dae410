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
    private let isSynchronized: @Sendable () -> Bool
    private let start = Mutex<Start?>(nil)

    /// - Parameter isSynchronized: whether a time service keeps the wall clock now. Who sets a clock by hand ends that.
    init(_ time: any TimeSource, isSynchronized: @escaping @Sendable () -> Bool = { false }) {
        self.time = time
        self.isSynchronized = isSynchronized
    }

    /// - Parameter origin: where the wall clock stood when the monotonic one began, as far as the journal lets believe it.
    func begin(at origin: Timestamp) {
        let isDoubted = Self.leap(time.now(), origin: origin, time.monotonicMilliseconds()) != nil
        start.withLock { $0 = Start(origin: origin, isDoubted: isDoubted) }
    }

    /// - Parameter own: the post's own clock.
    func told(to own: Timestamp) -> Timestamp {
        let (wall, monotonic) = (time.now(), time.monotonicMilliseconds())
        guard let start = start.withLock(\.self), Self.leap(wall, origin: start.origin, monotonic) != nil else { return wall }
        if isSynchronized() {
            // It was wrong at the start, as one without a battery is, and has been set right.
            self.start.withLock { $0 = Start(origin: wall.advanced(byMilliseconds: -monotonic), isDoubted: false) }
            return wall
        }
        // A leap that was seen is known. Of a start in another year nobody here can tell whether the clock is wrong now or was wrong when
        // the journal was written; so the post goes by its own clock.
        return start.isDoubted ? own : start.origin.advanced(byMilliseconds: monotonic)
    }

    /// By how much the wall clock has gone another way than time since the start; nil for what setting a clock right explains.
    static func leap(_ wall: Timestamp, origin: Timestamp, _ monotonic: Int64) -> Int64? {
        let leap = wall.milliseconds(since: origin.advanced(byMilliseconds: monotonic))
        return leap.magnitude > bound ? leap : nil
    }

    /// A day: no clock that runs drifts so far, and no daylight rule moves it so far.
    private static let bound: UInt64 = 86_400_000
}

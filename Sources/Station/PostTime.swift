internal import Synchronization
internal import TipModel

/// The time that posts are told and measured by: the wall clock's, but while that has leapt, time as it went on since the start.
///
/// A post goes by what it is told: it makes the ids of its tips by it, and gives up what has waited for too long by it. One that
/// followed a leap would empty its spool at once, and what it made meanwhile would be refused for good after the way back.
final class PostTime: TimeSource {
    private let time: any TimeSource
    private let origin = Mutex<Timestamp?>(nil)

    init(_ time: any TimeSource) { self.time = time }

    /// - Parameter origin: where the wall clock stood when the monotonic one began.
    func begin(at origin: Timestamp) { self.origin.withLock { $0 = origin } }

    func now() -> Timestamp {
        let wall = time.now()
        guard let origin = origin.withLock(\.self), let leap = Self.leap(wall, origin: origin, time.monotonicMilliseconds()) else { return wall }
        return wall.advanced(byMilliseconds: -leap)
    }

    func monotonicMilliseconds() -> Int64 { time.monotonicMilliseconds() }

    /// By how much the wall clock has gone another way than time since the start; nil for what setting a clock right explains.
    static func leap(_ wall: Timestamp, origin: Timestamp, _ monotonic: Int64) -> Int64? {
        let leap = wall.milliseconds(since: origin.advanced(byMilliseconds: monotonic))
        return leap.magnitude > bound ? leap : nil
    }

    /// A day: no clock that runs drifts so far, and no daylight rule moves it so far.
    private static let bound: UInt64 = 86_400_000
}

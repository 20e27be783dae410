import Synchronization
public import TipModel

/// A clock that stands still until a test moves it.
public final class ManualTime: TimeSource {
    /// 02:10 on a winter night in Beijing: the hour of the story.
    public static let night = Timestamp(milliseconds: 1_767_204_600_000)

    private struct Clocks {
        var wall: Timestamp
        var monotonic: Int64
    }

    private let clocks: Mutex<Clocks>

    public init(_ wall: Timestamp = ManualTime.night, monotonicMilliseconds: Int64 = 1_000_000) {
        clocks = Mutex(Clocks(wall: wall, monotonic: monotonicMilliseconds))
    }

    public func now() -> Timestamp { clocks.withLock { $0.wall } }

    public func monotonicMilliseconds() -> Int64 { clocks.withLock { $0.monotonic } }

    /// Lets time pass on both clocks.
    public func advance(milliseconds: Int64) {
        clocks.withLock { clocks in
            clocks.wall = clocks.wall.advanced(byMilliseconds: milliseconds)
            clocks.monotonic &+= milliseconds
        }
    }

    /// Sets the wall clock alone, as a clock that is put right does.
    public func setWall(_ time: Timestamp) { clocks.withLock { $0.wall = time } }

    /// Sets the forward clock alone.
    public func setMonotonic(milliseconds: Int64) { clocks.withLock { $0.monotonic = milliseconds } }
}

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The machine's own clocks.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Timestamp { Timestamp(milliseconds: Self.read(CLOCK_REALTIME)) }

    public func monotonicMilliseconds() -> Int64 { Self.read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

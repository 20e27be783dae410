import Glibc
import Synchronization

// The watchdog must bark when any one of the loops that do the work hangs, not only when the thread that pings does. Each loop marks its own
// turns; the pinging side asks the gate, and the gate says no as soon as one loop is late. Nothing here reads a clock: every time is handed
// in, as the time since any fixed start (CLOCK_MONOTONIC, or a manual clock), the same for all.

/// Decides from the turns of several loops whether the process may claim to be alive.
public final class WatchdogGate: Sendable {
    /// Whether to ping.
    public enum Decision: Sendable, Equatable {
        /// Every loop turned within its bound.
        case ping
        /// These loops did not: name and time since the last turn.
        case withhold(stale: [String: Duration])
    }

    /// One loop's pulse.
    public final class Beat: Sendable {
        /// The loop's name, for the log.
        public let name: String
        /// The longest time between two turns.
        public let bound: Duration
        private let last: Atomic<Int64>

        fileprivate init(name: String, bound: Duration, now: Duration) {
            self.name = name
            self.bound = bound
            last = Atomic(now.nanoseconds)
        }

        /// The loop has come round at `now`. One atomic store: cheap enough for every turn.
        public func tick(now: Duration) { last.store(now.nanoseconds, ordering: .relaxed) }

        /// The time since the last turn; negative if a tick came after `now` was read.
        func age(now: Duration) -> Duration { .nanoseconds(now.nanoseconds &- last.load(ordering: .relaxed)) }
    }

    private let beats = Mutex<[ObjectIdentifier: Beat]>([:])

    /// A gate without loops, which lets every ping pass.
    public init() {}

    /// Adds a loop, which counts as alive from `now`.
    ///
    /// - Parameters:
    ///   - name: for the log; two loops of one name are both watched.
    ///   - bound: the longest time between two ticks. More than the loop's poll timeout, less than the watchdog's limit.
    public func register(name: String, bound: Duration = .seconds(10), now: Duration) -> Beat {
        let beat = Beat(name: name, bound: bound, now: now)
        beats.withLock { $0[ObjectIdentifier(beat)] = beat }
        return beat
    }

    /// Removes a loop that ends in order. A loop that ends otherwise stays, and stops the ping.
    public func retire(_ beat: Beat) {
        _ = beats.withLock { $0.removeValue(forKey: ObjectIdentifier(beat)) }
    }

    /// `CLOCK_MONOTONIC`, the `now` of a real process.
    public static func monotonicNow() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The decision at `now`.
    public func shouldPing(now: Duration) -> Decision {
        var stale: [String: Duration] = [:]
        for beat in beats.withLock({ Array($0.values) }) {
            let age = beat.age(now: now)
            if age > beat.bound { stale[beat.name] = max(age, stale[beat.name] ?? age) }
        }
        return stale.isEmpty ? .ping : .withhold(stale: stale)
    }
}

extension Duration {
    /// Whole nanoseconds, held to what fits (292 years).
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}

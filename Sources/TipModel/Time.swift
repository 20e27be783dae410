/// A moment as milliseconds since 1970-01-01T00:00:00Z: the resolution of the wire, the journal and tip ids.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since the Unix epoch; negative before 1970.
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment `milliseconds` later. Saturates: times come from outside and must never trap.
    public func advanced(byMilliseconds delta: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
        return Timestamp(milliseconds: overflow ? (delta < 0 ? .min : .max) : sum)
    }

    /// Milliseconds from `earlier` to this moment, saturating.
    public func milliseconds(since earlier: Timestamp) -> Int64 {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return overflow ? (milliseconds < earlier.milliseconds ? .min : .max) : difference
    }
}

/// Where a component takes its time from. Injected, so that tests and replays choose it.
public protocol TimeSource: Sendable {
    /// The wall clock: what people and journals mean by a time. It may jump.
    func now() -> Timestamp
    /// Milliseconds on a clock that only runs forward: for deadlines and silences.
    func monotonicMilliseconds() -> Int64
}

internal import CTimex

/// What the kernel knows of its clock's discipline. Every time service tells it there: systemd-timesyncd, chrony, ntpd.
public struct KernelClock: Hashable, Sendable {
    /// Microseconds by which the clock may be wrong. A service that synchronises sets it; it grows without one, up to ``unknown``.
    public var maximumError: Int

    /// From here on nobody has synchronised it.
    static let unknown = 16_000_000

    public init(maximumError: Int) { self.maximumError = maximumError }

    /// As it is now; nil where this process may not ask.
    public init?() {
        // No mode is set, so that nothing is changed and no privilege is needed.
        var state = timex()
        guard adjtimex(&state) >= 0 else { return nil }
        maximumError = state.maxerror
    }

    /// Judged as `timedatectl` does, by the error and not by STA_UNSYNC: chrony without `rtcsync` leaves that flag set so that the
    /// kernel keeps its hands off the hardware clock.
    public var isSynchronized: Bool { maximumError >= 0 && maximumError < Self.unknown }
}

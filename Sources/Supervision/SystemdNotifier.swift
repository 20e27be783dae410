import Glibc
public import Logging
import Synchronization

/// Tells systemd how the service is, by the sd_notify protocol, without libsystemd.
///
/// Every call sends at most one datagram, never waits and never throws; without `NOTIFY_SOCKET` it does nothing. A failure is logged once, at
/// debug: a service that systemd cannot hear is still a service.
public final class SystemdNotifier: Sendable {
    /// How often to call `watchdogPing`: half of what systemd allows. Nil if the unit has no watchdog or it is meant for another process.
    public let watchdogInterval: Duration?

    private let address: NotifyAddress?
    private let logger: Logger
    private let hasLogged = Atomic<Bool>(false)

    /// Whether somebody listens to what is sent.
    public var isEnabled: Bool { address != nil }

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` from `environment`.
    ///
    /// - Parameters:
    ///   - environment: usually `ProcessInfo.processInfo.environment`.
    ///   - processID: compared with `WATCHDOG_PID`; nil is this process.
    public init(environment: [String: String], processID: Int32? = nil, logger: Logger) {
        self.logger = logger
        address = environment["NOTIFY_SOCKET"].flatMap(NotifyAddress.init(environmentValue:))
        let isForUs = environment["WATCHDOG_PID"].map { $0 == String(processID ?? getpid()) } ?? true
        // Half of one microsecond would be no interval at all.
        if isForUs, let text = environment["WATCHDOG_USEC"], let limit = Int64(text), limit >= 2, limit <= Self.longestWatchdog {
            watchdogInterval = .microseconds(limit / 2)
        } else {
            watchdogInterval = nil
        }
    }

    /// A day: anything above is not a watchdog. Microseconds.
    private static let longestWatchdog: Int64 = 86_400_000_000

    /// The service has started and serves.
    public func ready(status: String? = nil) {
        send(["READY=1"] + (status.map { ["STATUS=" + Self.line($0)] } ?? []))
    }

    /// One line for `systemctl status`.
    public func status(_ text: String) { send(["STATUS=" + Self.line(text)]) }

    /// The service re-reads its configuration; `ready` ends it.
    ///
    /// - Parameter monotonicMicroseconds: `CLOCK_MONOTONIC` now, by which systemd tells this reload from an earlier one.
    public func reloading(monotonicMicroseconds: UInt64 = SystemdNotifier.monotonicMicroseconds()) {
        send(["RELOADING=1", "MONOTONIC_USEC=\(monotonicMicroseconds)"])
    }

    /// The service is stopping.
    public func stopping() { send(["STOPPING=1"]) }

    /// The service is alive. Call it only when `WatchdogGate` says so.
    public func watchdogPing() { send(["WATCHDOG=1"]) }

    /// `CLOCK_MONOTONIC` in microseconds.
    public static func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000 &+ UInt64(clamping: time.tv_nsec) / 1000
    }

    private func send(_ lines: [String]) {
        guard let address else { return }
        let code = address.send(lines.joined(separator: "\n"))
        if code != 0, !hasLogged.exchange(true, ordering: .relaxed) {
            logger.debug("systemd could not be told", metadata: ["errno": "\(code)"])
        }
    }

    /// A status may hold text from outside, and a line end in it would start another assignment. Control characters become spaces; the rest is cut at
    /// 500 characters to stay one datagram.
    private static func line(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(500) {
            clean.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(clean)
    }
}

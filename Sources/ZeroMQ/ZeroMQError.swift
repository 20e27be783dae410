import CZeroMQ
import Glibc

/// A libzmq or Linux call that failed.
public struct ZeroMQError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The `errno` value, with libzmq's own codes (`ETERM`, `EFSM`, …) among them.
    public let code: Int32
    /// What was being done, for example `bind tcp://0.0.0.0:7410`. Never holds a secret.
    public let operation: String

    /// - Parameters:
    ///   - code: an `errno` value.
    ///   - operation: what was being done.
    public init(code: Int32, operation: String) {
        self.code = code
        self.operation = operation
    }

    /// The text that libzmq has for the code.
    public var message: String { String(cString: zmq_strerror(code)) }

    /// True when the same call may succeed later without a change (`EAGAIN`, `EINTR`).
    public var isRetriable: Bool { code == EAGAIN || code == EINTR }

    /// True when the context was shut down: the thread should close its sockets and end.
    public var isTerminated: Bool { code == ETERM }

    public var description: String { "\(operation): \(message) (\(code))" }

    /// The error of the libzmq call that just failed on this thread.
    static func last(_ operation: @autoclosure () -> String) -> ZeroMQError {
        let code = zmq_errno()
        return ZeroMQError(code: code, operation: operation())
    }
}

/// The version of the libzmq that is loaded, for example `4.3.4`. Use it as `ZeroMQ.version`.
public var version: String {
    var major: Int32 = 0
    var minor: Int32 = 0
    var patch: Int32 = 0
    zmq_version(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
}

/// Whether the libzmq that is loaded can do CURVE. Use it as `ZeroMQ.hasCurve`; a program that needs CURVE checks it at start.
public var hasCurve: Bool { zmq_has("curve") == 1 }

extension Duration {
    /// Whole milliseconds, rounded up so that a short positive wait is not turned into none; bounded to what fits.
    var wholeMilliseconds: Int64 {
        let parts = components
        let (scaled, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return parts.seconds > 0 ? .max / 2 : 0 }
        return scaled &+ (parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}

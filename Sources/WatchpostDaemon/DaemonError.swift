internal import LocalHTTP

/// Why the daemon cannot start or go on, with the exit code that docs/operations.md lists (sysexits.h).
public struct DaemonError: Error, CustomStringConvertible, Sendable {
    public enum Code: Int32, Sendable {
        /// An address is taken or cannot be bound.
        case unavailable = 69
        case software = 70
        /// A file or the disk fails.
        case inputOutput = 74
        /// Another daemon has the directory: trying again may help.
        case temporary = 75
        /// The configuration is wrong; systemd does not restart on this one.
        case configuration = 78
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// What ended the daemon while it ran, with the code for it.
    public init(endedBy error: any Error) {
        if let error = error as? DaemonError {
            self = error
            return
        }
        let code: Code =
            switch error as? LocalServerError {
            case .inUse, .cannotBind: .unavailable
            case .notASocket, .pathTooLong, .notLoopback, .weakToken: .configuration
            case nil: .software
            }
        self.init(code, "\(error)")
    }
}

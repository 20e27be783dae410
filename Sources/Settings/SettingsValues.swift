/// How much a process logs; the names are swift-log's.
public enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}

/// The language a person reads.
public enum LanguageChoice: String, CaseIterable, Sendable {
    case chinese = "zh-CN"
    case english = "en"
    /// From the environment (`LANG`).
    case automatic = "auto"
}

/// A TCP address to listen on.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A numeric address or `localhost`, without brackets.
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Text that must not reach a log: printing, interpolating or dumping it shows `<secret>`.
public struct SecretText: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: String

    public init(_ value: String) { self.value = value }

    /// The text itself; the long name is meant to be seen in review.
    public var revealed: String { value }
    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

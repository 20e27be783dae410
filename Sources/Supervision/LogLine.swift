public import Logging

// A log line may carry text from outside: a tip's place, a file name, a peer's message. A line end in it would let its author write a record of his
// own into the log, with any priority, and an escape sequence would reach the terminal of whoever reads it. So one record is one line: every
// control character and every line or direction mark of Unicode is escaped, and a value that could be taken for several is quoted.

/// How a record looks on standard error.
public enum LogLine: Sendable, Equatable {
    /// `<N>[label] message key=value`: the journal reads the syslog priority N and keeps its own time.
    case journal
    /// `HH:MM:SS level [label] message key=value`, with the time of day in UTC.
    case terminal

    /// One line, with its line end.
    ///
    /// - Parameter secondOfDay: seconds since midnight, UTC; used by `terminal`.
    public func render(
        level: Logger.Level, label: String, message: String, metadata: Logger.Metadata, secondOfDay: Int
    ) -> String {
        var line: String
        switch self {
        case .journal: line = "<\(Self.priority(level))>"
        case .terminal:
            line = Self.timeOfDay(secondOfDay) + " " + level.rawValue.padded(to: 8) + " "
        }
        return line + Self.body(label: label, message: message, metadata: metadata) + "\n"
    }

    /// `[label] message key=value`.
    static func body(label: String, message: String, metadata: Logger.Metadata) -> String {
        var line = "[" + escape(label) + "] " + escape(message)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line += " " + escape(key) + "=" + Self.value(value) }
        return line
    }

    /// The syslog priority of a level.
    static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    private static func timeOfDay(_ second: Int) -> String {
        let second = ((second % 86_400) + 86_400) % 86_400
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(second / 3600) + ":" + two(second / 60 % 60) + ":" + two(second % 60)
    }

    /// A metadata value: quoted when it is empty or has a space, a quote or an equals sign.
    private static func value(_ value: Logger.MetadataValue) -> String {
        let text = escape("\(value)")
        guard text.isEmpty || text.utf8.contains(where: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }) else {
            return text
        }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }

    /// The text without anything that could end a line or move a cursor.
    static func escape(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: mustEscape) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case _ where mustEscape(scalar):
                result.append(contentsOf: ("\\u{" + String(scalar.value, radix: 16) + "}").unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x5c: true
        case 0x20...0x7e: false
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - utf8.count)) }
}

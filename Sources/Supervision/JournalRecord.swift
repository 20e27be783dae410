import Logging

/// A record in systemd-journald's own protocol: one datagram of `FIELD=value` lines, so that `journalctl WATCHPOST_POST=gate-dongyuan-01`
/// finds what `[core] … post=gate-dongyuan-01` says. The message has everything too, for who only reads it.
///
/// Values are escaped as on a line (see ``LogLine``), so none has a line end in it, and the protocol's binary form is not needed.
enum JournalRecord {
    /// Fields of metadata; more are only in the message.
    static let fieldBound = 32
    /// Scalars of one value, and of the message.
    static let valueBound = 1_024
    static let messageBound = 4_000

    /// Where journald listens.
    static let socket = "/run/systemd/journal/socket"

    static func render(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata, identifier: String) -> String {
        var lines = [
            "PRIORITY=\(LogLine.priority(level))", "SYSLOG_IDENTIFIER=\(cut(LogLine.escape(identifier), 64))",
            "WATCHPOST_COMPONENT=\(cut(LogLine.escape(label), 64))",
        ]
        var names: Set<String> = []
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }).prefix(fieldBound) {
            let name = field(key)
            // Two keys may look alike as fields; the first one counts, and the message has both.
            guard names.insert(name).inserted else { continue }
            lines.append("\(name)=\(cut(LogLine.escape("\(value)"), valueBound))")
        }
        lines.append("MESSAGE=" + cut(LogLine.body(label: label, message: message, metadata: metadata), messageBound))
        return lines.joined(separator: "\n") + "\n"
    }

    /// The name of a field: capital letters, digits and underscores, at most 64.
    static func field(_ key: String) -> String {
        let name = key.uppercased().unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "A"..."Z", "0"..."9": Character(scalar)
            default: "_"
            }
        }
        return String(("WATCHPOST_" + String(name)).prefix(64))
    }

    private static func cut(_ text: String, _ bound: Int) -> String {
        // More scalars than bytes there cannot be.
        text.utf8.count <= bound ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(bound)))
    }
}

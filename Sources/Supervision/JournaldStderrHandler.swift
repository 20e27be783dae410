import Glibc
public import Logging
import Synchronization

/// An index into `Logger.Level.allCases`.
private let processLevel = Atomic<Int>(2)

/// A swift-log handler that writes each record to standard error as one line with one `write(2)`.
///
/// Standard output is not used: piped, it is buffered, and what is in the buffer is lost in a crash. Records under the pipe's atomic size (4096
/// bytes) never mix; a longer message is cut there.
public struct JournaldStderrHandler: LogHandler {
    /// The most bytes of a line, with its line end.
    public static let longestLine = 4096

    /// The least level that is written: this handler's own, else the process's (``setLevel(_:)``).
    public var logLevel: Logger.Level {
        get { ownLevel ?? Logger.Level.allCases[processLevel.load(ordering: .relaxed)] }
        set { ownLevel = newValue }
    }
    private var ownLevel: Logger.Level?
    /// What every record carries.
    public var metadata: Logger.Metadata = [:]
    /// More that every record carries, asked for each time.
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let style: LogLine
    private let descriptor: Int32
    /// journald's own socket, where a record keeps its fields; nil writes lines only.
    private let journal: NotifyAddress?
    private let identifier: String

    /// A handler for the logger `label`.
    ///
    /// - Parameters:
    ///   - level: nil to follow the process's.
    ///   - style: see `LogLine`; usually `JournaldStderrHandler.style(environment:)`, asked once.
    ///   - descriptor: 2 is standard error; a pipe in tests.
    ///   - journalSocket: of journald; a record that it does not take is written as a line.
    ///   - identifier: of the program, for journald.
    public init(
        label: String, level: Logger.Level?, style: LogLine, metadataProvider: Logger.MetadataProvider? = nil,
        descriptor: Int32 = 2, journalSocket: String? = nil, identifier: String = "watchpost"
    ) {
        journal = journalSocket.flatMap { NotifyAddress(environmentValue: $0) }
        self.identifier = identifier
        self.label = label
        ownLevel = level
        self.style = style
        self.metadataProvider = metadataProvider
        self.descriptor = descriptor
    }

    /// Makes this the handler of every logger. Call it once, first in `main`; a second call traps in swift-log.
    ///
    /// - Parameter environment: usually `ProcessInfo.processInfo.environment`.
    public static func bootstrap(level: Logger.Level, environment: [String: String]) {
        let style = style(environment: environment)
        setLevel(level)
        // Only where the lines would go to the journal anyway: then they go with their fields.
        let journal = style == .journal ? JournalRecord.socket : nil
        let program = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "watchpost"
        LoggingSystem.bootstrap {
            JournaldStderrHandler(label: $0, level: nil, style: style, journalSocket: journal, identifier: program)
        }
    }

    /// Changes the level of every logger that has none of its own: a reload need not restart the process.
    public static func setLevel(_ level: Logger.Level) {
        processLevel.store(Logger.Level.allCases.firstIndex(of: level) ?? 0, ordering: .relaxed)
    }

    /// The journal's style if standard error goes to it: `JOURNAL_STREAM` names its device and inode. The variable alone proves nothing, since it is
    /// inherited by programs whose standard error was sent elsewhere.
    public static func style(environment: [String: String], descriptor: Int32 = 2) -> LogLine {
        guard let stream = environment["JOURNAL_STREAM"] else { return .terminal }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .terminal }
        return stream == "\(status.st_dev):\(status.st_ino)" ? .journal : .terminal
    }

    /// One value of `metadata`.
    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Called by swift-log for each record.
    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let given = event.metadata { all.merge(given) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        if let journal {
            let record = JournalRecord.render(
                level: event.level, label: label, message: event.message.description, metadata: all, identifier: identifier)
            if journal.send(record) == 0 { return }
        }
        let line = style.render(
            level: event.level, label: label, message: event.message.description, metadata: all, secondOfDay: Int(time(nil) % 86_400))
        Self.write(line, to: descriptor)
    }

    private static func write(_ line: String, to descriptor: Int32) {
        var bytes = Array(line.utf8)
        if bytes.count > longestLine {
            bytes.removeSubrange((longestLine - 1)...)
            // Not in the middle of a character: the journal would show the whole record as binary.
            while let last = bytes.last, last & 0xc0 == 0x80 { bytes.removeLast() }
            if let last = bytes.last, last & 0xc0 == 0xc0 { bytes.removeLast() }
            bytes.append(UInt8(ascii: "\n"))
        }
        // A full or closed standard error must not stop the service, so the result is only looked at for an interrupted call.
        while Glibc.write(descriptor, bytes, bytes.count) < 0, errno == EINTR {}
    }
}

import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@testable import Supervision

/// A datagram socket in a temporary directory, or with an abstract name, that stands for systemd.
private final class FakeSystemd {
    let descriptor: Int32
    let notifySocket: String
    private let directory: String?

    init(abstract: Bool = false) throws {
        let unique = "watchpost-test-\(UUID().uuidString)"
        var bytes: [UInt8]
        if abstract {
            notifySocket = "@" + unique
            directory = nil
            bytes = [0] + Array(unique.utf8)
        } else {
            let path = FileManager.default.temporaryDirectory.path + "/" + unique
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            directory = path
            notifySocket = path + "/notify"
            bytes = Array(notifySocket.utf8) + [0]
        }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(2 + bytes.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(result == 0)
    }

    deinit {
        close(descriptor)
        if let directory { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// The next datagram, which is there already: a send on a Unix socket has arrived when it returns.
    func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

/// Counts records.
private struct CountingHandler: LogHandler {
    final class Count: Sendable { let value = Atomic<Int>(0) }
    let count: Count
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()
    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { count.value.add(1, ordering: .relaxed) }
}

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

@Suite("sd_notify")
struct SystemdNotifierTests {
    @Test("every message is one datagram", arguments: [false, true])
    func messages(abstract: Bool) throws {
        let systemd = try FakeSystemd(abstract: abstract)
        let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": systemd.notifySocket], logger: quiet)
        #expect(notifier.isEnabled)
        notifier.ready(status: "12 posts")
        notifier.ready()
        notifier.status("busy")
        notifier.reloading(monotonicMicroseconds: 4711)
        notifier.watchdogPing()
        notifier.stopping()
        #expect(systemd.next() == "READY=1\nSTATUS=12 posts")
        #expect(systemd.next() == "READY=1")
        #expect(systemd.next() == "STATUS=busy")
        #expect(systemd.next() == "RELOADING=1\nMONOTONIC_USEC=4711")
        #expect(systemd.next() == "WATCHDOG=1")
        #expect(systemd.next() == "STOPPING=1")
        #expect(systemd.next() == nil)
    }

    @Test("a status cannot start another assignment")
    func statusIsOneLine() throws {
        let systemd = try FakeSystemd()
        let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": systemd.notifySocket], logger: quiet)
        notifier.status("gate 4\nMAINPID=1")
        #expect(systemd.next() == "STATUS=gate 4 MAINPID=1")
        notifier.status(String(repeating: "x", count: 100_000))
        #expect(systemd.next()?.count == 507)
    }

    @Test("without systemd nothing happens", arguments: [nil, "", "@", "relative", "/" + String(repeating: "x", count: 200)])
    func withoutSystemd(value: String?) {
        let notifier = SystemdNotifier(environment: value.map { ["NOTIFY_SOCKET": $0] } ?? [:], logger: quiet)
        #expect(!notifier.isEnabled)
        notifier.ready()
    }

    @Test("a full or missing receiver does not hold the service up, and is logged once")
    func neverBlocks() throws {
        let systemd = try FakeSystemd()
        let count = CountingHandler.Count()
        let logger = Logger(label: "test") { _ in CountingHandler(count: count) }
        let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": systemd.notifySocket], logger: logger)
        // More than the kernel queues for one datagram socket.
        for _ in 0..<2000 { notifier.watchdogPing() }
        #expect(count.value.load(ordering: .relaxed) == 1)
        SystemdNotifier(environment: ["NOTIFY_SOCKET": "/nonexistent/notify"], logger: logger).ready()
        #expect(count.value.load(ordering: .relaxed) == 2)
    }

    @Test(
        "the watchdog interval is half the limit, for this process only",
        arguments: [
            (["WATCHDOG_USEC": "30000000"], Duration.seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"], .seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"], nil),
            (["WATCHDOG_USEC": "0"], nil), (["WATCHDOG_USEC": "-5"], nil), (["WATCHDOG_USEC": "soon"], nil),
            (["WATCHDOG_USEC": "99999999999999999999"], nil), ([:], nil),
        ] as [([String: String], Duration?)])
    func interval(environment: [String: String], expected: Duration?) {
        #expect(SystemdNotifier(environment: environment, processID: 42, logger: quiet).watchdogInterval == expected)
    }
}

@Suite("watchdog gate")
struct WatchdogGateTests {
    @Test("one late loop withholds the ping until it turns again")
    func decisions() {
        let gate = WatchdogGate()
        #expect(gate.shouldPing(now: .seconds(0)) == .ping)
        let ingest = gate.register(name: "ingest", bound: .seconds(10), now: .seconds(100))
        let feed = gate.register(name: "feed", bound: .seconds(2), now: .seconds(100))
        #expect(gate.shouldPing(now: .seconds(102)) == .ping)
        #expect(gate.shouldPing(now: .seconds(103)) == .withhold(stale: ["feed": .seconds(3)]))
        feed.tick(now: .seconds(110))
        #expect(gate.shouldPing(now: .seconds(110)) == .ping)
        #expect(gate.shouldPing(now: .seconds(115)) == .withhold(stale: ["feed": .seconds(5), "ingest": .seconds(15)]))
        ingest.tick(now: .seconds(115))
        gate.retire(feed)
        #expect(gate.shouldPing(now: .seconds(116)) == .ping)
    }

    @Test("a tick after the question was asked is not late, and no time traps")
    func edges() {
        let gate = WatchdogGate()
        let beat = gate.register(name: "loop", now: .seconds(5))
        beat.tick(now: .seconds(7))
        #expect(gate.shouldPing(now: .seconds(6)) == .ping)
        beat.tick(now: .seconds(Int64.max))
        _ = gate.shouldPing(now: .seconds(Int64.min))
    }

    @Test("two loops of one name are both watched")
    func sameName() {
        let gate = WatchdogGate()
        let first = gate.register(name: "reader", bound: .seconds(1), now: .zero)
        _ = gate.register(name: "reader", bound: .seconds(1), now: .zero)
        first.tick(now: .seconds(5))
        #expect(gate.shouldPing(now: .seconds(5)) == .withhold(stale: ["reader": .seconds(5)]))
    }
}

@Suite("credentials")
struct CredentialsTests {
    @Test("a credential is found by its plain name only")
    func lookup() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/watchpost-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data("secret".utf8).write(to: URL(fileURLWithPath: directory + "/curve.key"))

        let credentials = Credentials(environment: ["CREDENTIALS_DIRECTORY": directory])
        #expect(credentials.path(of: "curve.key") == directory + "/curve.key")
        for name in ["other", "", ".", "..", "../passwd", "a/b", "curve.key\0x"] {
            #expect(credentials.path(of: name) == nil)
        }
        #expect(Credentials(environment: [:]).path(of: "curve.key") == nil)
    }
}

@Suite("log lines")
struct LogLineTests {
    @Test("both styles")
    func styles() {
        let metadata: Logger.Metadata = ["post": "gate-4", "place": "north fence", "count": "3"]
        #expect(
            LogLine.terminal.render(level: .info, label: "ingest", message: "tip accepted", metadata: metadata, secondOfDay: 3_725)
                == "01:02:05 info     [ingest] tip accepted count=3 place=\"north fence\" post=gate-4\n")
        #expect(
            LogLine.journal.render(level: .warning, label: "ingest", message: "late", metadata: [:], secondOfDay: 0)
                == "<4>[ingest] late\n")
    }

    @Test(
        "outside text stays within its value",
        arguments: [
            ("a\n<0>[root] forged", "a\\n<0>[root] forged"), ("a\r\nb", "a\\r\\nb"), ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\u{2028}b", "a\\u{2028}b"), ("a\u{202e}b", "a\\u{202e}b"), ("a\0b", "a\\u{0}b"), ("a\\nb", "a\\\\nb"),
            ("Nørre Æble 北門", "Nørre Æble 北門"),
        ])
    func escaping(text: String, expected: String) {
        #expect(LogLine.escape(text) == expected)
        let line = LogLine.terminal.render(level: .error, label: text, message: text, metadata: ["k\n": "\(text)"], secondOfDay: 0)
        #expect(line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        #expect(line.hasSuffix("\n"))
    }

    @Test("a value cannot pretend to be two")
    func quoting() {
        let line = LogLine.journal.render(
            level: .notice, label: "l", message: "m", metadata: ["a": "1 b=\"2", "c": ""], secondOfDay: 0)
        #expect(line == "<5>[l] m a=\"1 b=\\\"2\" c=\"\"\n")
    }

    @Test("one record is one write, and a long one is cut between characters")
    func writing() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let logger = Logger(label: "t") { JournaldStderrHandler(label: $0, level: .info, style: .journal, descriptor: ends[1]) }
        logger.debug("not written")
        logger.info("first\nline", metadata: ["k": "v"])
        func readOnce() -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = read(ends[0], &buffer, buffer.count)
            return Array(buffer.prefix(max(count, 0)))
        }
        #expect(String(decoding: readOnce(), as: UTF8.self) == "<6>[t] first\\nline k=v\n")

        logger.info("\(String(repeating: "é", count: 5_000))")
        let cut = readOnce()
        #expect(cut.count <= JournaldStderrHandler.longestLine)
        #expect(cut.count > JournaldStderrHandler.longestLine - 4)
        #expect(String(validating: cut, as: UTF8.self)?.hasSuffix("é\n") == true)
    }

    @Test("journald gets the values as fields, and what it does not take is a line")
    func journalFields() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let (descriptor, path) = (ends[1], FileManager.default.temporaryDirectory.path + "/none-\(UUID().uuidString)")
        func log(to socket: String) {
            let logger = Logger(label: "core") {
                JournaldStderrHandler(label: $0, level: .info, style: .journal, descriptor: descriptor, journalSocket: socket, identifier: "watchpostd")
            }
            logger.warning("a post\nPRIORITY=0 is silent", metadata: ["post": "gate\nMESSAGE=x", "last.heard": "9 s"])
        }
        let journald = try FakeSystemd()
        log(to: journald.notifySocket)
        let fields = try #require(journald.next()).split(separator: "\n")
        #expect(
            fields == [
                "PRIORITY=4", "SYSLOG_IDENTIFIER=watchpostd", "WATCHPOST_COMPONENT=core", "WATCHPOST_LAST_HEARD=9 s",
                "WATCHPOST_POST=gate\\nMESSAGE=x",
                "MESSAGE=[core] a post\\nPRIORITY=0 is silent last.heard=\"9 s\" post=\"gate\\nMESSAGE=x\"",
            ])
        log(to: path)
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = read(ends[0], &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).hasPrefix("<4>[core] a post"))
    }

    @Test("a field is bounded and has a name that journald takes")
    func journalBounds() {
        #expect(JournalRecord.field("é-1 x") == "WATCHPOST___1_X")
        #expect(JournalRecord.field(String(repeating: "k", count: 99)).utf8.count == 64)
        let record = JournalRecord.render(
            level: .info, label: "l", message: String(repeating: "m", count: 9_000),
            metadata: Dictionary(uniqueKeysWithValues: (0..<99).map { ("k\($0)", "\(String(repeating: "v", count: 5_000))") }), identifier: "i")
        #expect(record.split(separator: "\n").count == 4 + JournalRecord.fieldBound)
        #expect(record.utf8.count < 64 << 10)
    }

    @Test("the journal's style only if standard error is the journal's stream")
    func style() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        var status = stat()
        try #require(fstat(ends[1], &status) == 0)
        func style(_ value: String?) -> LogLine {
            JournaldStderrHandler.style(environment: value.map { ["JOURNAL_STREAM": $0] } ?? [:], descriptor: ends[1])
        }
        #expect(style("\(status.st_dev):\(status.st_ino)") == .journal)
        #expect(style("\(status.st_dev):\(status.st_ino &+ 1)") == .terminal)
        #expect(style("nonsense") == .terminal)
        #expect(style(nil) == .terminal)
    }
}

@Suite struct RefusalJournalTests {
    @Test func eachKindIsNamedOnceAndRepeatsAreCounted() {
        var journal = RefusalJournal()
        #expect(journal.lines(["posts: revoked": 0], now: 0).isEmpty)
        #expect(journal.lines(["posts: revoked": 2], now: 1_000) == [.init(kind: "posts: revoked", count: 2, isFirst: true)])
        // Thousands more in the same minute are one line at its end.
        #expect(journal.lines(["posts: revoked": 900], now: 2_000).isEmpty)
        #expect(journal.lines(["posts: revoked": 5_000, "patrols: busy": 1], now: 60_999) == [.init(kind: "patrols: busy", count: 1, isFirst: true)])
        #expect(journal.lines(["posts: revoked": 5_002, "patrols: busy": 1], now: 61_000) == [.init(kind: "posts: revoked", count: 5_000, isFirst: false)])
        // Nothing new, nothing said.
        #expect(journal.lines(["posts: revoked": 5_002, "patrols: busy": 1], now: 999_000).isEmpty)
    }
}

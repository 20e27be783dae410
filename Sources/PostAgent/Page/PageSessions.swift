import Crypto
import FoundationEssentials
import GRDB
import Synchronization
import TipModel

/// Who may use the page: sessions in the spool's file, one-time codes and tries of the PIN in memory.
///
/// Bounds: ``sessionBound`` sessions and ``codeBound`` codes, the oldest go. A session ends ``idleTime`` after its last
/// use and ``longestTime`` after it was opened. Only hashes of tokens are stored.
final class PageSessions: Sendable {
    struct Session: Hashable, Sendable {
        /// What every form must carry.
        var csrf: String
    }

    static let sessionBound = 32
    static let codeBound = 8
    /// Milliseconds, all of them.
    static let idleTime: Int64 = 7 * 86_400_000
    static let longestTime: Int64 = 30 * 86_400_000
    static let codeTime: Int64 = 300_000
    private static let seenInterval: Int64 = 600_000

    private struct Contents {
        /// When each code ends, by the monotonic clock.
        var codes: [(code: String, until: Int64)] = []
        var tries = PinTries()
    }

    private let spool: Spool
    private let time: any TimeSource
    private let pin: String?
    private let contents = Mutex(Contents())

    /// - Parameter pin: nil where the page is served on this machine only.
    init(spool: Spool, time: any TimeSource, pin: String?) {
        self.spool = spool
        self.time = time
        self.pin = pin
    }

    /// A code that opens one session.
    func makeCode() -> String {
        let code = Self.random(16)
        let until = time.monotonicMilliseconds() + Self.codeTime
        contents.withLock { contents in
            contents.codes.append((code, until))
            if contents.codes.count > Self.codeBound { contents.codes.removeFirst() }
        }
        return code
    }

    /// Uses a code up.
    func take(code: String) -> Bool {
        let now = time.monotonicMilliseconds()
        return contents.withLock { contents in
            contents.codes.removeAll { $0.until <= now }
            guard let index = contents.codes.firstIndex(where: { Self.isEqual($0.code, code) }) else { return false }
            contents.codes.remove(at: index)
            return true
        }
    }

    /// One try of the PIN.
    func check(pin offered: String) -> PinTries.Outcome {
        guard let pin else { return .wrong }
        let now = time.monotonicMilliseconds()
        return contents.withLock { $0.tries.attempt(isRight: Self.isEqual(offered, pin), at: now) }
    }

    /// - Returns: the token for the browser's cookie.
    func open() async throws(SpoolError) -> String {
        let (token, csrf, now) = (Self.random(32), Self.random(16), time.now())
        let hash = Self.hash(token)
        try await spool.transactionAsync { db, _ in
            try db.execute(
                sql: "INSERT INTO page_session (token, csrf, opened_at, seen_at) VALUES (?, ?, ?, ?)",
                arguments: [hash, csrf, now.milliseconds, now.milliseconds])
            try db.execute(
                sql: "DELETE FROM page_session WHERE token NOT IN (SELECT token FROM page_session ORDER BY seen_at DESC LIMIT ?)",
                arguments: [Self.sessionBound])
        }
        return token
    }

    /// Nil for a token that is unknown or has ended.
    func session(_ token: String?) async throws(SpoolError) -> Session? {
        guard let token, token.utf8.count <= 128 else { return nil }
        let (hash, now) = (Self.hash(token), time.now().milliseconds)
        let found = try await spool.readAsync { db in
            try Row.fetchOne(db, sql: "SELECT csrf, opened_at, seen_at FROM page_session WHERE token = ?", arguments: [hash])
                .map { row in (csrf: row["csrf"] as String, opened: row["opened_at"] as Int64, seen: row["seen_at"] as Int64) }
        }
        guard let found, now - found.opened < Self.longestTime, now - found.seen < Self.idleTime else { return nil }
        if now - found.seen > Self.seenInterval {
            try await spool.transactionAsync { db, _ in
                try db.execute(sql: "UPDATE page_session SET seen_at = ? WHERE token = ?", arguments: [now, hash])
            }
        }
        return Session(csrf: found.csrf)
    }

    func end(_ token: String) async throws(SpoolError) {
        let hash = Self.hash(token)
        try await spool.transactionAsync { db, _ in
            try db.execute(sql: "DELETE FROM page_session WHERE token = ?", arguments: [hash])
        }
    }

    // MARK: - Secrets

    static func random(_ bytes: Int) -> String {
        var random = SystemRandomNumberGenerator()
        return hexadecimal((0..<bytes).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    private static func hash(_ token: String) -> Data { Data(SHA256.hash(data: Data(token.utf8))) }

    /// In a time that tells nothing of where they differ: hashes are compared.
    static func isEqual(_ one: String, _ other: String) -> Bool {
        SHA256.hash(data: Data(one.utf8)) == SHA256.hash(data: Data(other.utf8))
    }
}

/// Tries of the PIN, slower after each wrong one, for everybody together: who guesses from many addresses is as slow as
/// from one. It never locks for good, and sessions that are open go on.
struct PinTries: Hashable, Sendable {
    enum Outcome: Hashable, Sendable {
        case right
        case wrong
        /// Not looked at; wait so many milliseconds.
        case wait(Int64)
    }

    /// Wrong tries without a wait.
    static let free = 3
    static let longest: Int64 = 300_000

    private var wrong = 0
    private var next: Int64 = .min

    mutating func attempt(isRight: Bool, at now: Int64) -> Outcome {
        guard now >= next else { return .wait(next - now) }
        if isRight {
            self = PinTries()
            return .right
        }
        wrong = min(wrong + 1, 1_000)
        if wrong >= Self.free { next = now + min(Self.longest, 1_000 << Int64(min(wrong - Self.free, 20))) }
        return .wrong
    }
}

/// Bytes from hexadecimal; nil for anything else.
func unhex(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        case 0x41...0x46: digit - 0x41 + 10
        default: nil
        }
    }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}

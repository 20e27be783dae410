public import TipModel

/// The secret that a signed-in browser or script carries: 256 random bits, told once and stored only as their SHA-256.
public struct SessionToken: Hashable, Sendable {
    /// 64 hexadecimal digits.
    public let text: String
    let hash: [UInt8]

    /// What a client sent; nil for what no token looks like.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 64, let raw = bytes(hex: text) else { return nil }
        self.text = String(text)
        hash = sha256(raw)
    }

    init(random: inout some RandomNumberGenerator) {
        let raw = randomBytes(32, &random)
        text = hexadecimal(raw)
        hash = sha256(raw)
    }
}

/// A session that was just opened.
public struct OpenedSession: Sendable {
    public var token: SessionToken
    public var account: Account
    /// What must come back with every request that changes something.
    public var csrfToken: String
    /// When it ends at the latest.
    public var expiresAt: Timestamp
}

/// A session that was found for a token.
public struct LiveSession: Sendable {
    public var account: Account
    public var csrfToken: String

    public init(_ opened: OpenedSession) {
        self.init(account: opened.account, csrfToken: opened.csrfToken)
    }

    init(account: Account, csrfToken: String) {
        self.account = account
        self.csrfToken = csrfToken
    }
}

/// What the admin sees of a session.
public struct SessionSummary: Hashable, Sendable {
    public var account: String
    public var openedAt: Timestamp
    public var usedAt: Timestamp
    public var address: String
}

/// A session as it is kept.
struct SessionRecord: Hashable, Sendable {
    var hash: [UInt8]
    var account: String
    var csrf: String
    var openedAt: Timestamp
    var usedAt: Timestamp
    /// When ``usedAt`` was last written to the disk.
    var writtenAt: Timestamp
    var address: String
}

/// The open sessions: bounded, the least recently used goes. A plain value, so that its rules are tested without a disk.
struct SessionTable {
    var limits: AccountLimits
    private(set) var sessions: [[UInt8]: SessionRecord] = [:]

    init(limits: AccountLimits) { self.limits = limits }

    func isAlive(_ session: SessionRecord, now: Timestamp) -> Bool {
        // A clock that was set back must not keep a session for ever: it counts as used now at the latest.
        let age = now.milliseconds(since: session.openedAt)
        let idle = now.milliseconds(since: session.usedAt)
        return age < limits.sessionMilliseconds && idle < limits.idleMilliseconds && age > -limits.sessionMilliseconds
    }

    /// The session of this token. A use is to be written to the disk where `write` says so: once a minute is often enough.
    mutating func use(_ hash: [UInt8], now: Timestamp) -> (session: SessionRecord, write: Bool)? {
        guard var session = sessions[hash], isAlive(session, now: now) else { return nil }
        session.usedAt = now
        let write = abs(now.milliseconds(since: session.writtenAt)) >= 60_000
        if write { session.writtenAt = now }
        sessions[hash] = session
        return (session, write)
    }

    /// Adds one.
    /// - Returns: those that had to go, to be deleted from the disk too.
    mutating func add(_ session: SessionRecord, now: Timestamp) -> [[UInt8]] {
        var gone = sessions.values.filter { !isAlive($0, now: now) }.map(\.hash)
        for hash in gone { sessions[hash] = nil }
        let own = sessions.values.filter { $0.account == session.account }.sorted { $0.usedAt < $1.usedAt }
        gone += own.prefix(max(0, own.count - limits.sessionsPerAccount + 1)).map(\.hash)
        for hash in gone { sessions[hash] = nil }
        while sessions.count >= limits.sessions, let oldest = sessions.values.min(by: { $0.usedAt < $1.usedAt }) {
            sessions[oldest.hash] = nil
            gone.append(oldest.hash)
        }
        sessions[session.hash] = session
        return gone
    }

    mutating func load(_ all: [SessionRecord]) {
        sessions = Dictionary(all.map { ($0.hash, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func has(_ hash: [UInt8]) -> Bool { sessions[hash] != nil }

    mutating func end(_ hash: [UInt8]) -> Bool { sessions.removeValue(forKey: hash) != nil }

    /// Ends all of an account but one.
    mutating func endAll(of account: String, except kept: [UInt8]? = nil) -> Int {
        let before = sessions.count
        sessions = sessions.filter { $0.value.account != account || $0.key == kept }
        return before - sessions.count
    }

    func live(of account: String?, now: Timestamp) -> [SessionRecord] {
        sessions.values.filter { (account == nil || $0.account == account) && isAlive($0, now: now) }
    }
}

/// Bounds of accounts and sessions.
public struct AccountLimits: Hashable, Sendable {
    public var accounts = 1_000
    public var sessions = 4_096
    public var sessionsPerAccount = 8
    /// A session that is not used for this long ends.
    public var idleMilliseconds: Int64 = 12 * 3_600_000
    /// A session ends after this long in any case.
    public var sessionMilliseconds: Int64 = 7 * 24 * 3_600_000
    /// How long a one-time link holds.
    public var linkMilliseconds: Int64 = 24 * 3_600_000

    public init() {}
}

import FoundationEssentials
import GRDB
import Glibc
import TipModel

/// accounts.sqlite: accounts with their password hashes, sessions by the hash of their token, the one-time link. Secrets
/// are apart from the journal, which is kept for ever and copied about.
final class AccountStore: Sendable {
    static let fileName = "accounts.sqlite"
    private static let version = 1

    private let queue: DatabaseQueue

    struct Contents {
        var accounts: [Account] = []
        var hashes: [String: String] = [:]
        var sessions: [SessionRecord] = []
        var pseudonymKey: [UInt8] = []
    }

    init(path: String) throws(AccountError) {
        // Made here first, because SQLite would make it with the umask's mode; its -wal and -shm take the file's own.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw AccountError(.inputOutput, "\(path): cannot be opened: \(String(cString: strerror(errno)))") }
        let isPrivate = fchmod(descriptor, 0o600) == 0
        Glibc.close(descriptor)
        guard isPrivate else { throw AccountError(.inputOutput, "\(path): its mode cannot be set to 0600") }
        do {
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(5)
            configuration.label = "accounts"
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                // GRDB sets NORMAL while it opens a WAL database; a changed password must be on the disk when it is confirmed.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
                    throw AccountError(.inputOutput, "\(path): SQLite refuses synchronous=FULL")
                }
            }
            try queue.write(Self.prepare)
        } catch let error as AccountError {
            throw error
        } catch {
            throw AccountError(.inputOutput, "\(path): \(error)")
        }
    }

    private static func prepare(_ db: Database) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= Self.version else {
            throw AccountError(.inputOutput, "the accounts have schema \(version), this program knows \(Self.version): upgrade it")
        }
        guard version == 0 else { return }
        try db.execute(
            sql: """
                CREATE TABLE account (
                    name       TEXT PRIMARY KEY,
                    role       TEXT NOT NULL,
                    zones      TEXT NOT NULL,     -- separated by spaces
                    unit       TEXT,
                    disabled   INTEGER NOT NULL,
                    created_at INTEGER NOT NULL,
                    password   TEXT NOT NULL      -- scrypt$N$r$p$salt$key
                ) WITHOUT ROWID;
                CREATE TABLE session (
                    hash      BLOB PRIMARY KEY,   -- SHA-256 of the token
                    account   TEXT NOT NULL,
                    csrf      TEXT NOT NULL,
                    opened_at INTEGER NOT NULL,
                    used_at   INTEGER NOT NULL,
                    address   TEXT NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE link (hash BLOB PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE secret (pseudonym BLOB NOT NULL);
                INSERT INTO secret VALUES (randomblob(32));
                PRAGMA user_version = 1;
                """)
    }

    func load() throws(AccountError) -> Contents {
        try access { db in
            var contents = Contents()
            contents.pseudonymKey = [UInt8](try Data.fetchOne(db, sql: "SELECT pseudonym FROM secret") ?? Data())
            for row in try Row.fetchAll(db, sql: "SELECT * FROM account ORDER BY name") {
                let (name, role): (String, String) = (row["name"], row["role"])
                let (zones, unit): (String, String?) = (row["zones"], row["unit"])
                guard let role = Role(rawValue: role) else { continue }
                contents.accounts.append(
                    Account(
                        name: name, role: role, zones: zones.split(separator: " ").map { ZoneID(unchecked: String($0)) },
                        unit: unit.map { UnitID(unchecked: $0) }, isDisabled: row["disabled"],
                        createdAt: Timestamp(milliseconds: row["created_at"])))
                contents.hashes[name] = row["password"]
            }
            for row in try Row.fetchAll(db, sql: "SELECT * FROM session") {
                let hash: Data = row["hash"]
                let used = Timestamp(milliseconds: row["used_at"])
                contents.sessions.append(
                    SessionRecord(
                        hash: [UInt8](hash), account: row["account"], csrf: row["csrf"],
                        openedAt: Timestamp(milliseconds: row["opened_at"]), usedAt: used, writtenAt: used, address: row["address"]))
            }
            return contents
        }
    }

    /// Adds an account, and uses the one-time link up in the same transaction where it came by one.
    /// - Returns: false when the link is not there or has expired, and then nothing was added.
    func add(_ account: Account, password: String, link: (hash: [UInt8], now: Timestamp)?) async throws(AccountError) -> Bool {
        try await write { db in
            if let link {
                try db.execute(
                    sql: "DELETE FROM link WHERE hash = ? AND expires_at > ?", arguments: [Data(link.hash), link.now.milliseconds])
                guard db.changesCount == 1 else { return false }
            }
            try db.execute(
                sql: "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    account.name, account.role.rawValue, account.zones.map(\.rawValue).joined(separator: " "), account.unit?.rawValue,
                    account.isDisabled, account.createdAt.milliseconds, password,
                ])
            return true
        }
    }

    /// Sets a password, and ends all sessions of the account but one.
    func setPassword(_ name: String, _ password: String, keeping session: [UInt8]?) async throws(AccountError) {
        try await write { db in
            try db.execute(sql: "UPDATE account SET password = ? WHERE name = ?", arguments: [password, name])
            try db.execute(
                sql: "DELETE FROM session WHERE account = ? AND hash IS NOT ?", arguments: [name, session.map { Data($0) }])
        }
    }

    func setDisabled(_ name: String, _ isDisabled: Bool) async throws(AccountError) {
        try await write { db in
            try db.execute(sql: "UPDATE account SET disabled = ? WHERE name = ?", arguments: [isDisabled, name])
            if isDisabled { try db.execute(sql: "DELETE FROM session WHERE account = ?", arguments: [name]) }
        }
    }

    func endSessions(of name: String) async throws(AccountError) {
        try await write { db in try db.execute(sql: "DELETE FROM session WHERE account = ?", arguments: [name]) }
    }

    /// Adds a session and deletes those that had to make room.
    func add(_ session: SessionRecord, removing gone: [[UInt8]]) async throws(AccountError) {
        try await write { db in
            for hash in gone { try db.execute(sql: "DELETE FROM session WHERE hash = ?", arguments: [Data(hash)]) }
            try db.execute(
                sql: "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    Data(session.hash), session.account, session.csrf, session.openedAt.milliseconds, session.usedAt.milliseconds,
                    session.address,
                ])
        }
    }

    func noteUse(_ hash: [UInt8], at now: Timestamp) async throws(AccountError) {
        try await write { db in
            try db.execute(sql: "UPDATE session SET used_at = ? WHERE hash = ?", arguments: [now.milliseconds, Data(hash)])
        }
    }

    func endSession(_ hash: [UInt8]) async throws(AccountError) {
        try await write { db in try db.execute(sql: "DELETE FROM session WHERE hash = ?", arguments: [Data(hash)]) }
    }

    /// The one link that holds: an earlier one does not any more.
    func setLink(_ hash: [UInt8], expiresAt: Timestamp) throws(AccountError) {
        try access { db in
            try db.execute(sql: "DELETE FROM link")
            try db.execute(sql: "INSERT INTO link VALUES (?, ?)", arguments: [Data(hash), expiresAt.milliseconds])
        }
    }

    func hasLink(_ hash: [UInt8], now: Timestamp) async throws(AccountError) -> Bool {
        try await write { db in
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM link WHERE hash = ? AND expires_at > ?", arguments: [Data(hash), now.milliseconds]) == 1
        }
    }

    func close() { try? queue.close() }

    /// On SQLite's own queue, so that no thread of Swift's pool waits for the disk.
    private func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws(AccountError) -> Result {
        do { return try await queue.write(body) } catch { throw Self.failure(error) }
    }

    /// At start, before anybody waits.
    private func access<Result>(_ body: (Database) throws -> Result) throws(AccountError) -> Result {
        do { return try queue.write(body) } catch { throw Self.failure(error) }
    }

    private static func failure(_ error: any Error) -> AccountError {
        if let known = error as? AccountError { return known }
        if let database = error as? DatabaseError, database.resultCode == .SQLITE_CONSTRAINT {
            return AccountError(.conflict, field: "name", "there is an account of this name already")
        }
        return AccountError(.inputOutput, "the accounts cannot be read or written: \(error)")
    }
}

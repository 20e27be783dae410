import GRDB
import Logging
import Settings
import Synchronization
import TipModel
import TipWire

// The durable queue: a tip that was spooled is on the disk before anybody is told so, and stays until the daemon's
// receipt or a final rejection. One SQLite connection; a transaction for each submission and for each round of answers.
//
// Bounds and what happens at them:
// - tips and bytes: a new tip is refused with words; nothing that waits is dropped. Emergencies have a reserve.
// - age: an over-age tip goes to the dead letters (only by the daemon's clock: a wrong clock here must not empty the spool).
// - dead letters: the oldest goes, with a log line. Receipts: the last 1,000 are kept for `tip` and status.
final class Spool: Sendable {
    struct Limits: Sendable {
        var maxTips: Int
        var maxBytes: Int
        var emergencyReserve: Int
        var deadLetters: Int

        init(_ settings: AgentSettings) {
            maxTips = settings.spool.maxTips
            maxBytes = settings.spool.maxBytes
            emergencyReserve = settings.spool.emergencyReserve
            deadLetters = settings.deadLetterMax
        }

        /// Of `maxBytes`, what is kept for emergencies: one part in sixteen.
        var reservedBytes: Int { maxBytes / 16 }
    }

    /// Receipts that are remembered.
    static let receiptBound: Int64 = 1_000

    let limits: Limits
    let logger: Logger
    private let folder: SpoolFolder
    private let queue: DatabaseQueue
    private let state = Mutex(SpoolCounts())
    /// What the daemon's time was when last noted; nil for a spool that never heard a daemon.
    let earlierDaemonTime: Timestamp?

    /// Opens the spool, or makes it in an empty folder.
    /// - Throws: `inUse`, `newer`, `diskFull`, `failed`.
    init(directory: String, limits: Limits, logger: Logger) throws(SpoolError) {
        self.limits = limits
        self.logger = logger
        folder = try SpoolFolder(path: directory)
        do {
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(5)
            let series = UInt64.random(in: 1 ... .max)
            queue = try DatabaseQueue(path: folder.databasePath, configuration: configuration)
            try Self.makeDurable(queue)
            let (counts, heard) = try queue.write { db in
                try SpoolSchema.prepare(db, series: series)
                return try Self.count(db)
            }
            earlierDaemonTime = heard > 0 ? Timestamp(milliseconds: heard) : nil
            state.withLock { $0 = counts }
        } catch {
            folder.release()
            throw SpoolError(error)
        }
    }

    /// GRDB sets `synchronous = NORMAL` while it opens a WAL database, and then a commit is not on the disk. Set
    /// afterwards on the one connection, and read back.
    private static func makeDurable(_ queue: DatabaseQueue) throws {
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2,
                try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal"
            else { throw SpoolError(.failed, "the spool cannot be made durable: SQLite refuses WAL with synchronous=FULL") }
        }
    }

    private static func count(_ db: Database) throws -> (SpoolCounts, heard: Int64) {
        guard let meta = try Row.fetchOne(db, sql: "SELECT series, next_number, daemon_time, progress_after FROM meta"),
            let sums = try Row.fetchOne(db, sql: "SELECT COUNT(*) AS depth, COALESCE(SUM(LENGTH(bytes)), 0) AS bytes FROM tip")
        else { throw SpoolError(.failed, "the spool has no meta row: it is damaged; move it away and tell the station") }
        var counts = SpoolCounts()
        counts.series = UInt64(bitPattern: meta["series"])
        counts.nextNumber = UInt64(bitPattern: meta["next_number"])
        counts.progressAfter = UInt64(bitPattern: meta["progress_after"])
        counts.depth = sums["depth"]
        counts.bytes = sums["bytes"]
        counts.deadLetters = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM dead_letter") ?? 0
        try findOldest(db, &counts)
        return (counts, heard: meta["daemon_time"])
    }

    static func findOldest(_ db: Database, _ counts: inout SpoolCounts) throws {
        let row = try Row.fetchOne(db, sql: "SELECT number, spooled_at FROM tip ORDER BY number LIMIT 1")
        counts.lowest = row.map { UInt64(bitPattern: $0["number"]) }
        counts.oldest = row.map { Timestamp(milliseconds: $0["spooled_at"]) }
    }

    var photoFolder: PhotoFolder { PhotoFolder(path: folder.path + "/photos") }

    /// How full it is now.
    var counts: SpoolCounts { state.withLock { $0 } }

    /// Closes the file and lets the next agent in.
    func close() {
        try? queue.close()
        folder.release()
    }

    // MARK: - Transactions

    /// One durable transaction. `body` changes a copy of the counts, which counts only once the commit is on the disk.
    func transaction<Result>(_ body: (Database, inout SpoolCounts) throws -> Result) throws(SpoolError) -> Result {
        do {
            return try queue.write { try commit($0, body) }
        } catch {
            throw SpoolError(error)
        }
    }

    /// As ``transaction(_:)``, on SQLite's own queue, so that no thread of Swift's pool waits for the disk.
    func transactionAsync<Result: Sendable>(
        _ body: @Sendable (Database, inout SpoolCounts) throws -> Result
    ) async throws(SpoolError) -> Result {
        do {
            return try await queue.write { try commit($0, body) }
        } catch {
            throw SpoolError(error)
        }
    }

    func read<Result>(_ body: (Database) throws -> Result) throws(SpoolError) -> Result {
        do { return try queue.read(body) } catch { throw SpoolError(error) }
    }

    func readAsync<Result: Sendable>(_ body: @Sendable (Database) throws -> Result) async throws(SpoolError) -> Result {
        do { return try await queue.read(body) } catch { throw SpoolError(error) }
    }

    private func commit<Result>(
        _ db: Database, _ body: (Database, inout SpoolCounts) throws -> Result
    ) throws -> Result {
        // All transactions run one after the other on the queue, so nobody changes the counts between here and the commit.
        var changed = counts
        let result = try body(db, &changed)
        let counts = changed
        db.afterNextTransaction { [weak self] _ in self?.state.withLock { $0 = counts } }
        return result
    }
}

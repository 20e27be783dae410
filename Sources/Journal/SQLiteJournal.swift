internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite
internal import Synchronization
public import TipModel
internal import TipWire

/// The embedded journal: one SQLite database in WAL mode with synchronous FULL, one writer.
///
/// GRDB owns the connections; the hot append and the idempotency lookup run prepared statements on connections that it lends.
public final class SQLiteJournal: Journal {
    public static let fileName = "journal.sqlite"

    public struct Options: Sendable {
        /// For the power-loss test, which must be able to show that it notices: NORMAL does not sync a commit.
        public enum Synchronous: String, Sendable {
            case full = "FULL"
            case normal = "NORMAL"
        }

        public var synchronous: Synchronous = .full
        /// How long a statement of the writer waits for another connection's lock before it fails.
        public var busy = Duration.seconds(5)
        /// Pages of 16 KiB in the write-ahead log after which a commit also checkpoints: 4 MiB, some 10 ms. The core decides one group
        /// meanwhile, which takes as long, and a claim waits for no more.
        public var checkpointPages = 256
        /// Snapshots kept.
        public var snapshots = 2
        /// Pages that the database may have, so that a test can fill it; nil for no bound of ours.
        var maximumPages: Int?
        /// The SQLite VFS to open with, for the power-loss test; nil for the system's.
        var fileSystem: String?

        public init() {}
    }

    private let path: String
    private let options: Options
    private let lock: DirectoryLock
    private let queue: DatabaseQueue
    private var statements: WriterStatements?
    private var checkpointer: Checkpointer?
    private var finder: TipFinder?
    private var chain = Chain()
    public private(set) var lastSequence: SequenceNumber = 0
    private let syncCount = Atomic<UInt64>(0)

    /// Opens or creates the journal in `directory`, which must exist.
    /// - Throws: ``JournalError`` `locked`, `newerSchema`, `corrupt`, `inputOutput`.
    public init(directory: String, options: Options = Options()) throws(JournalError) {
        self.options = options
        let file = directory + "/" + Self.fileName
        path = options.fileSystem.map { "file:\(file)?vfs=\($0)" } ?? file
        lock = try DirectoryLock(directory: directory)
        guard !FileWork.exists(directory + "/" + Restore.marker) else {
            throw JournalError(.inputOutput, "\(directory): a restore did not finish; run watchpost restore again")
        }
        var configuration = Configuration()
        configuration.label = "journal"
        configuration.busyMode = .timeout(options.busy / .seconds(1))
        configuration.prepareDatabase { database in
            // Of a new journal. Rows are about a kilobyte and come in order, so that large pages are full when they are
            // written, and each is one write of the log and one of a checkpoint.
            try database.execute(sql: "PRAGMA page_size = 16384")
            // The default of 2 MiB does not hold the inner pages of four trees, so that each commit would read them anew.
            try database.execute(sql: "PRAGMA cache_size = -16384")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { database in
                // Before anything is written: another program's file stays as it is. For that reason WAL is not asked
                // of GRDB either, which would set it while it opens, and NORMAL with it.
                let isNew = try Schema.isNew(database)
                guard try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL") == "wal" else {
                    throw JournalError(.inputOutput, "\(path): SQLite cannot use a write-ahead log here")
                }
                try database.execute(sql: "PRAGMA synchronous = \(options.synchronous.rawValue)")
                if isNew { try Schema.create(database) } else { try Schema.upgrade(database) }
                if let pages = options.maximumPages { try database.execute(sql: "PRAGMA max_page_count = \(pages)") }
            }
        } catch {
            throw JournalError(opening: error, path: path)
        }
        let level = try synchronousLevel()
        guard options.synchronous != .full || level == 2 else {
            throw JournalError(.misuse, "SQLite does not take synchronous = FULL (it says \(level))")
        }
        try access { (connection) throws(JournalError) in
            try readTail(connection)
            statements = try WriterStatements(connection)
            checkpointer = Checkpointer(connection, threshold: options.checkpointPages)
        }
        finder = try TipFinder(path: path)
    }

    /// Finds where to go on, and checks the newest rows: a journal must not be continued from a damaged one.
    private func readTail(_ connection: OpaquePointer) throws(JournalError) {
        let newest = try Statement(connection, "SELECT max(sequence) FROM record")
        guard try newest.step(), let last = newest.optionalInteger(0) else { return }
        guard last > 0 else { throw JournalError(.corrupt, "\(path): record \(last) cannot be") }
        let first = max(0, last - Self.tailRows)
        var walk = try ChainWalk(connection, after: SequenceNumber(first))
        if let damage = try walk.step(connection, through: SequenceNumber(last), rows: Self.tailRows) {
            throw JournalError(
                .corrupt,
                "\(path): record \(damage.sequence) is damaged (\(damage.reason)); run: watchpost journal verify")
        }
        lastSequence = walk.reached
        chain = walk.chain
    }

    /// Rows checked by each start: about a large group, in a few milliseconds.
    private static let tailRows: Int64 = 512

    /// What SQLite itself says of the writer: 2 is FULL.
    public func synchronousLevel() throws(JournalError) -> Int {
        do {
            return try queue.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
        } catch {
            throw JournalError(opening: error, path: path)
        }
    }

    public var syncs: UInt64 { syncCount.load(ordering: .relaxed) }

    public func append(_ drafts: [Draft]) throws(JournalError) -> SequenceNumber {
        let first = lastSequence + 1
        guard !drafts.isEmpty else { return first }
        var chain = self.chain
        try access { (connection) throws(JournalError) in
            guard let statements else { throw JournalError(.misuse, "the journal is closed") }
            try statements.begin.run()
            do throws(JournalError) {
                try statements.insert(drafts, from: first, chain: &chain)
                try statements.commit.run()
                count(connection)
            } catch {
                // A failed commit may have ended the transaction by itself.
                if sqlite3_get_autocommit(connection) == 0 { try? statements.rollback.run() }
                // It may also have reached the disk before it failed: what is there is the truth.
                try? readTail(connection)
                throw error
            }
        }
        self.chain = chain
        lastSequence += SequenceNumber(drafts.count)
        return first
    }

    public func find(_ keys: [TipKey]) throws(JournalError) -> [TipKey: StoredTip] {
        guard !keys.isEmpty else { return [:] }
        guard let finder else { throw JournalError(.misuse, "the journal is closed") }
        return try finder.find(keys)
    }

    public func newestTip() throws(JournalError) -> TipID? {
        try access { (connection) throws(JournalError) in
            let statement = try Statement(connection, "SELECT max(tip) FROM record WHERE tip IS NOT NULL")
            guard try statement.step(), let bytes = statement.blob(0) else { return nil }
            guard let tip = TipID(bytes: bytes) else { throw JournalError(.corrupt, "a tip's id has \(bytes.count) bytes") }
            return tip
        }
    }

    public func save(_ snapshot: StoredSnapshot) throws(JournalError) {
        do {
            try queue.write { database in
                try database.execute(
                    sql: "INSERT OR REPLACE INTO snapshot (sequence, state) VALUES (?, ?)",
                    arguments: [Int64(clamping: snapshot.sequence), Data(snapshot.bytes)])
                try database.execute(
                    sql: "DELETE FROM snapshot WHERE sequence NOT IN (SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT ?)",
                    arguments: [options.snapshots])
            }
            try access { (connection) throws(JournalError) in count(connection) }
        } catch {
            throw JournalError(opening: error, path: path)
        }
    }

    public func makeReader() throws(JournalError) -> any JournalReader { try SQLiteJournalReader(path: path) }

    public func close() {
        guard statements != nil else { return }
        finder?.close()
        finder = nil
        try? access { (connection) throws(JournalError) in
            statements = nil
            checkpointer?.detach(connection)
            checkpointer = nil
        }
        try? queue.close()
        lock.release()
    }

    deinit { close() }

    private func count(_ connection: OpaquePointer) {
        syncCount.add(checkpointer?.committed(connection) ?? 1, ordering: .relaxed)
    }

    /// Lends the connection; the body runs on this thread.
    func access<Result>(
        _ body: (OpaquePointer) throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        do {
            return try queue.writeWithoutTransaction { try body($0.lent(by: "journal")) }
        } catch {
            throw JournalError(opening: error, path: path)
        }
    }
}

extension Statement {
    /// Steps a statement that gives no rows, and makes it ready for the next time.
    func run() throws(JournalError) {
        defer { reset() }
        _ = try step()
    }
}

extension JournalError {
    /// From whatever GRDB throws.
    init(opening error: any Error, path: String) {
        switch error {
        case let error as JournalError: self = error
        case let error as DatabaseError:
            self.init(sqlite: error.extendedResultCode.rawValue, "\(path): \(error.message ?? "\(error.resultCode)")")
        default: self.init(.inputOutput, "\(path): \(error)")
        }
    }
}

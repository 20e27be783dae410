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
    private var statements: Statements?
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
            statements = try Statements(connection)
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
            return try statement.step() ? statement.blob(0).flatMap { TipID(bytes: $0) } : nil
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

/// The prepared statements of the writer.
private final class Statements {
    let begin: Statement
    let commit: Statement
    let rollback: Statement
    private let insert: Statement
    private let insertGuest: Statement
    private var image = RowImage()

    init(_ connection: OpaquePointer) throws(JournalError) {
        begin = try Statement(connection, "BEGIN IMMEDIATE")
        commit = try Statement(connection, "COMMIT")
        rollback = try Statement(connection, "ROLLBACK")
        insert = try Statement(
            connection,
            """
            INSERT INTO record (sequence, at, post, tip, incident, lane, zone, level, event, payload, chain)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insertGuest = try Statement(connection, "INSERT OR IGNORE INTO guest (unit, lane, sequence) VALUES (?, ?, ?)")
    }

    /// Inserts all of a group, within a transaction.
    func insert(_ drafts: borrowing [Draft], from first: SequenceNumber, chain: inout Chain) throws(JournalError) {
        // The rows' memory is the next group's, and SQLite must not look at it any more.
        defer { insert.clear() }
        try drafts.withUnsafeBufferPointer { (drafts) throws(JournalError) in
            guard var draft = drafts.baseAddress else { return }
            for index in 0..<drafts.count {
                try insert(draft.pointee, sequence: first + SequenceNumber(index), chain: &chain)
                draft += 1
            }
        }
    }

    private func insert(_ draft: borrowing Draft, sequence: SequenceNumber, chain: inout Chain) throws(JournalError) {
        let incident: Int64? = if let incident = draft.incident { Int64(bitPattern: incident.rawValue) } else { nil }
        let (lane, level): (Int64?, Int64?) =
            if let feed = draft.feed { (Int64(feed.lane.rawValue), Int64(feed.level.rawValue)) } else { (nil, nil) }
        image.begin(after: chain, sequence: sequence, at: draft.at.milliseconds, incident: incident, lane: lane, level: level)
        if let key = draft.tip {
            image.add(.post, text: key.post.rawValue)
            image.add(.tip) { row in
                row.append(key.tip.high.byteSwapped)
                row.append(key.tip.low.byteSwapped)
            }
        }
        if let feed = draft.feed {
            image.add(.zone, text: feed.zone.rawValue)
            feed.event.withUnsafeBytes { image.add(.event, $0) }
            image.add(.payload) { EventCodec.write(draft.events, guests: feed.guests, to: &$0) }
        } else {
            image.add(.payload) { EventCodec.write(draft.events, guests: [], to: &$0) }
        }
        chain = Chain(over: image)
        insert.bind(1, Int64(bitPattern: sequence))
        insert.bind(2, draft.at.milliseconds)
        insert.bind(5, incident)
        insert.bind(6, lane)
        insert.bind(8, level)
        let sum = chain.words
        try withUnsafeBytes(of: sum) { (sum) throws(JournalError) in
            try image.withBytes { (row) throws(JournalError) in
                insert.bind(3, lentText: image.place(.post, in: row))
                insert.bind(4, lentBlob: image.place(.tip, in: row))
                insert.bind(7, lentText: image.place(.zone, in: row))
                insert.bind(9, lentBlob: image.place(.event, in: row))
                insert.bind(10, lentBlob: image.place(.payload, in: row))
                insert.bind(11, lentBlob: sum)
                try insert.run()
            }
        }
        guard let feed = draft.feed, !feed.guests.isEmpty else { return }
        for guest in feed.guests {
            insertGuest.bind(1, text: guest.rawValue)
            insertGuest.bind(2, Int64(feed.lane.rawValue))
            insertGuest.bind(3, Int64(bitPattern: sequence))
            try insertGuest.run()
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

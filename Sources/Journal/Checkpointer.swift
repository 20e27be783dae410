internal import GRDBSQLite

/// Moves the write-ahead log into the database when it has grown, and counts what commits and this cost in syncs.
///
/// SQLite's automatic checkpoint does the same and tells nobody, so that the syncs we report would be too few. The
/// counts follow SQLite's source (wal.c), and a test compares them with what reaches the file system.
final class Checkpointer {
    private let threshold: Int32
    /// Pages in the log after the newest commit, written by SQLite's hook.
    private let pages: UnsafeMutablePointer<Int32>
    /// The log is in the database as a whole, so that the next commit may begin it anew.
    private var isMoved = false
    /// Pages of the log that are in the database already.
    private var moved: Int32 = 0
    /// Changes whenever the log is begun anew; nil for an empty one.
    private var log: UInt32?

    /// - Parameter threshold: pages of the log from which a commit is followed by a checkpoint.
    init(_ connection: OpaquePointer, threshold: Int) {
        self.threshold = Int32(clamping: threshold)
        pages = .allocate(capacity: 1)
        pages.initialize(to: 0)
        // What a daemon that was killed left behind goes first. A failure is met again by the first commit.
        _ = checkpoint(connection)
        log = Self.sequence(connection)
        // The hook replaces the automatic checkpoint.
        sqlite3_wal_hook(
            connection,
            { context, _, _, count in
                context?.assumingMemoryBound(to: Int32.self).pointee = count
                return SQLITE_OK
            }, pages)
    }

    /// Must be called before the connection closes.
    func detach(_ connection: OpaquePointer) { sqlite3_wal_hook(connection, nil, nil) }

    deinit { pages.deallocate() }

    /// To be called after each commit that wrote.
    /// - Returns: syncs that the commit and a checkpoint after it made.
    func committed(_ connection: OpaquePointer) -> UInt64 {
        var syncs: UInt64 = 1
        if isMoved {
            let current = Self.sequence(connection)
            if current != log {
                // It was begun anew, and its header is synced by itself.
                syncs += 1
                log = current
                moved = 0
            }
            isMoved = false
        }
        return pages.pointee < threshold ? syncs : syncs + checkpoint(connection)
    }

    /// Passive: waits for no reader. A failure costs log space only; the next commit tries again.
    private func checkpoint(_ connection: OpaquePointer) -> UInt64 {
        var (pages, done): (Int32, Int32) = (0, 0)
        guard sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &done) == SQLITE_OK else { return 0 }
        defer { moved = done }
        isMoved = done == pages
        // The log, before anything is moved, and the database once all of it is.
        return done > moved ? (isMoved ? 2 : 1) : 0
    }

    /// The checkpoint sequence number in the log's header.
    private static func sequence(_ connection: OpaquePointer) -> UInt32? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK, let file,
            let read = file.pointee.pMethods?.pointee.xRead
        else { return nil }
        var value: UInt32 = 0
        return read(file, &value, 4, 12) == SQLITE_OK ? value : nil
    }
}

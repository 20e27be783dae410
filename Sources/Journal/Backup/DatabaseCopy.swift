internal import GRDBSQLite

/// Copies a SQLite database that others write to, and checks the copy.
enum DatabaseCopy {
    /// One whole copy in one step: a moment of the source, whatever is written meanwhile. In smaller steps a busy writer would make
    /// it begin again and again. The copy is one file, without a write-ahead log.
    static func copy(_ source: String, to target: String) throws(JournalError) {
        let from = try Connection(source, SQLITE_OPEN_READONLY)
        let to = try Connection(target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        // The whole file is synced once, when it is complete.
        try to.run("PRAGMA synchronous = OFF")
        guard let backup = sqlite3_backup_init(to.handle, "main", from.handle, "main") else {
            throw JournalError(sqlite: sqlite3_errcode(to.handle), to.handle)
        }
        let code = sqlite3_backup_step(backup, -1)
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw failure(code, to, source, target) }
        try to.run("PRAGMA journal_mode = DELETE")
    }

    private static func failure(_ code: Int32, _ to: Connection, _ source: String, _ target: String) -> JournalError {
        var error = JournalError(sqlite: code, to.handle)
        if error.code == .full { error.message = "no space left for \(target); free some and try again" }
        if error.code == .inputOutput { error.message = "\(source) cannot be copied to \(target) (\(error.message))" }
        return error
    }

    /// SQLite's own check of every page and index.
    /// - Throws: ``JournalError`` `corrupt`.
    static func check(_ path: String) throws(JournalError) {
        let connection = try Connection(path, SQLITE_OPEN_READONLY)
        let statement = try Statement(connection.handle, "PRAGMA integrity_check(1)")
        guard try statement.step() else { return }
        let words = statement.text(0) ?? ""
        guard words == "ok" else { throw JournalError(.corrupt, "\(path) is damaged (SQLite: \(words))") }
    }

    private final class Connection {
        let handle: OpaquePointer

        init(_ path: String, _ flags: Int32) throws(JournalError) {
            var handle: OpaquePointer?
            let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
            guard code == SQLITE_OK, let handle else {
                let error = JournalError(sqlite: code, "\(path): " + (handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? ""))
                sqlite3_close_v2(handle)
                throw error
            }
            sqlite3_busy_timeout(handle, 5_000)
            self.handle = handle
        }

        func run(_ sql: String) throws(JournalError) {
            let code = sqlite3_exec(handle, sql, nil, nil, nil)
            guard code == SQLITE_OK else { throw JournalError(sqlite: code, handle) }
        }

        // Version 2 waits for statements that are still open.
        deinit { sqlite3_close_v2(handle) }
    }
}

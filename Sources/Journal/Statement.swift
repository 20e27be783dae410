internal import GRDB
internal import GRDBSQLite
internal import TipModel

/// A prepared statement of SQLite's C API, for the paths where GRDB's row handling would be most of the cost: the
/// hot append and the idempotency lookup (150,000 rows a second against 30,000, measured). Lives only while its
/// connection does, and is used only where GRDB lends that connection.
final class Statement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ connection: OpaquePointer, _ sql: String) throws(JournalError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw JournalError(sqlite: code, connection) }
        self.handle = handle
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(handle, index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, blob: [UInt8]?) {
        guard let blob else {
            sqlite3_bind_null(handle, index)
            return
        }
        // SQLITE_TRANSIENT: SQLite copies.
        blob.withUnsafeBytes { bytes in
            if bytes.isEmpty {
                _ = sqlite3_bind_zeroblob(handle, index, 0)
            } else {
                _ = sqlite3_bind_blob64(
                    handle, index, bytes.baseAddress, UInt64(bytes.count), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }
        }
    }

    func bind(_ index: Int32, text: String?) {
        guard var text else {
            sqlite3_bind_null(handle, index)
            return
        }
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(
                    handle, index, characters.baseAddress, Int32(characters.count),
                    unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }
        }
    }

    /// Binds memory of the caller's: it must stay as it is until the value is bound anew or ``clear()`` was called.
    func bind(_ index: Int32, lentBlob bytes: UnsafeRawBufferPointer?) {
        guard let bytes, let address = bytes.baseAddress else {
            sqlite3_bind_null(handle, index)
            return
        }
        sqlite3_bind_blob64(handle, index, address, UInt64(bytes.count), nil)
    }

    /// The same for a text of UTF-8.
    func bind(_ index: Int32, lentText bytes: UnsafeRawBufferPointer?) {
        guard let bytes, let address = bytes.baseAddress else {
            sqlite3_bind_null(handle, index)
            return
        }
        sqlite3_bind_text64(
            handle, index, address.assumingMemoryBound(to: CChar.self), UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
    }

    /// Binds NULL everywhere, so that no lent memory is left.
    func clear() { sqlite3_clear_bindings(handle) }

    /// Steps once; true for a row.
    func step() throws(JournalError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw JournalError(sqlite: code, connection)
        }
    }

    func reset() { sqlite3_reset(handle) }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_int64(handle, column)
    }

    func text(_ column: Int32) -> String? {
        // The address before the length: asking for text may convert the value.
        guard let address = sqlite3_column_text(handle, column) else { return nil }
        return String(decoding: UnsafeBufferPointer(start: address, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self)
    }

    /// What the column holds, as `SQLITE_INTEGER` and the like: SQLite keeps any kind in any column.
    func kind(_ column: Int32) -> Int32 { sqlite3_column_type(handle, column) }

    /// What a column holds, as bytes that are lent until the next step; nil for NULL.
    func lent(_ column: Int32) -> UnsafeRawBufferPointer? {
        guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
        // The address before the length: asking for it may convert the value.
        let address = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: address, count: address == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }

    func blob(_ column: Int32) -> [UInt8]? {
        guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count > 0, let address = sqlite3_column_blob(handle, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: address, count: count))
    }
}

extension Database {
    /// The connection, lent for statements of our own while GRDB runs the caller.
    /// - Throws: ``JournalError`` `misuse` once it is closed; `name` says whose it was.
    func lent(by name: String) throws(JournalError) -> OpaquePointer {
        guard let connection = sqliteConnection else { throw JournalError(.misuse, "the \(name) is closed") }
        return connection
    }
}

extension JournalError {
    /// From a result code of SQLite's C API, with the connection's own words.
    init(sqlite code: Int32, _ connection: OpaquePointer?) {
        let words = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "code \(code)"
        self.init(sqlite: code, words)
    }

    init(sqlite code: Int32, _ words: String) {
        switch code & 0xFF {
        case SQLITE_FULL: self.init(.full, "the disk is full (SQLite: \(words)); free space, the daemon goes on by itself")
        // The -shm file could not grow.
        case SQLITE_IOERR where code == SQLITE_IOERR | (19 << 8):
            self.init(.full, "the disk is full (SQLite: \(words)); free space, the daemon goes on by itself")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self.init(.corrupt, "the journal is damaged (SQLite: \(words)); restore a backup")
        case SQLITE_CONSTRAINT, SQLITE_MISUSE: self.init(.misuse, "SQLite refused the record: \(words)")
        default: self.init(.inputOutput, "the journal cannot be written or read (SQLite \(code): \(words))")
        }
    }
}

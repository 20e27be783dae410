internal import GRDB
internal import GRDBSQLite

/// The tables of journal.sqlite.
enum Schema {
    /// In `user_version` of a new file.
    ///
    /// 2 has a table of guests. 4 has the index of incidents by blocks, which an earlier program asks for by its old name: files that
    /// were begun as 1 or 2 stay 2.
    static let version: Int32 = 4
    private static let beforeBlocks: Int32 = 2
    /// Of a file of which records were dropped: an earlier program would take them for lost.
    static let compacted: Int32 = 5
    /// The same for a file without blocks.
    private static let compactedBeforeBlocks: Int32 = 3
    /// A file with a higher one is refused: a downgrade must not guess.
    static let newest = compacted
    /// In `application_id`: "WPj1", so that another program's database is not taken for a journal.
    static let applicationID: Int32 = 0x5750_6A31

    /// Since version 2.
    private static let guests = """
        -- Units that are sent a record whatever their zones: an index of what the record's payload says.
        CREATE TABLE guest (
            unit     TEXT NOT NULL,
            lane     INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY (unit, lane, sequence)
        ) WITHOUT ROWID;
        """

    static let sql = """
        CREATE TABLE record (
            sequence INTEGER PRIMARY KEY,  -- dense from 1
            at       INTEGER NOT NULL,     -- the daemon's clock, milliseconds since 1970
            post     TEXT,                 -- with tip: the idempotency key
            tip      BLOB,                 -- 16 bytes
            incident INTEGER,
            lane     INTEGER,              -- with zone, level and event: what patrols are sent
            zone     TEXT,
            level    INTEGER,
            event    BLOB,                 -- encoded watchpost.v1.FeedEvent
            payload  BLOB NOT NULL,        -- encoded watchpost.journal.v1.JournalRecord
            chain    BLOB NOT NULL         -- 16 bytes, see Chain.swift
        );
        -- Tip first: ids are made in time order, so new entries go to the end of the index.
        CREATE UNIQUE INDEX record_tip ON record (tip, post) WHERE tip IS NOT NULL;
        -- Covers the feed's filter, so that only the rows sent are read.
        CREATE INDEX record_feed ON record (lane, sequence, level, zone) WHERE lane IS NOT NULL;
        \(IncidentIndex.sql)
        \(guests)
        CREATE TABLE snapshot (
            sequence INTEGER PRIMARY KEY,
            state    BLOB NOT NULL
        );
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """

    /// True for an empty file; else checks that the file is a journal of this version.
    static func isNew(_ database: Database) throws -> Bool {
        if try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0 { return true }
        try check(database)
        return false
    }

    /// Creates the tables.
    static func create(_ database: Database) throws {
        try database.inTransaction {
            try database.execute(sql: sql)
            return .commit
        }
    }

    /// Brings a journal of version 1 to version 2, in one transaction. An older program then refuses the file.
    static func upgrade(_ database: Database) throws {
        guard try version(of: database) < 2 else { return }
        // No record of version 1 has guests.
        try database.inTransaction {
            try database.execute(sql: guests + "PRAGMA user_version = \(beforeBlocks)")
            return .commit
        }
    }

    /// Makes room for a base, within the transaction that drops records.
    static func prepareBase(_ connection: OpaquePointer) throws(JournalError) {
        let version = try IncidentIndex(connection) == .blocks ? compacted : compactedBeforeBlocks
        let code = sqlite3_exec(connection, JournalBase.schema + "PRAGMA user_version = \(version)", nil, nil, nil)
        guard code == SQLITE_OK else { throw JournalError(sqlite: code, connection) }
    }

    static func version(of database: Database) throws -> Int32 {
        try Int32.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    /// Checks that the file is a journal of this version or an earlier one.
    static func check(_ database: Database) throws {
        let version = try version(of: database)
        let application = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        guard application == applicationID else {
            throw JournalError(.misuse, "the file is a database of another program")
        }
        guard version <= newest else {
            throw JournalError(
                .newerSchema, "the journal has schema \(version), this program knows \(newest): upgrade it")
        }
    }
}

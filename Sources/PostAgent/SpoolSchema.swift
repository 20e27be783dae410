import GRDB

/// The spool's tables. 64-bit unsigned values are stored by their bit patterns, times as milliseconds since 1970.
enum SpoolSchema {
    static let version = 2

    /// Makes the tables in a new file, and what is missing in one of an earlier version.
    /// - Throws: `newer` for a file of a later version, which this one must not touch.
    static func prepare(_ db: Database, series: UInt64) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw SpoolError(
                .newer, "the spool has version \(found) and this program knows up to \(version): install the newer version again")
        }
        if found < 1 { try first(db, series: series) }
        if found < 2 { try second(db) }
        if found < version { try db.execute(sql: "PRAGMA user_version = \(version)") }
    }

    private static func first(_ db: Database, series: UInt64) throws {
        try db.execute(
            sql: """
                CREATE TABLE meta (
                    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
                    series INTEGER NOT NULL,
                    next_number INTEGER NOT NULL,
                    daemon_time INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE tip (
                    number INTEGER PRIMARY KEY,
                    id BLOB NOT NULL UNIQUE,
                    express INTEGER NOT NULL,
                    bytes BLOB NOT NULL,
                    content INTEGER NOT NULL,
                    spooled_at INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX tip_by_lane ON tip (express, number);
                CREATE INDEX tip_by_age ON tip (spooled_at);
                CREATE TABLE dead_letter (
                    number INTEGER PRIMARY KEY,
                    id BLOB NOT NULL UNIQUE,
                    express INTEGER NOT NULL,
                    bytes BLOB NOT NULL,
                    content INTEGER NOT NULL,
                    code TEXT NOT NULL,
                    field TEXT NOT NULL,
                    message TEXT NOT NULL,
                    at INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE receipt (
                    place INTEGER PRIMARY KEY,
                    id BLOB NOT NULL UNIQUE,
                    number INTEGER NOT NULL,
                    content INTEGER NOT NULL,
                    sequence INTEGER NOT NULL,
                    incident INTEGER NOT NULL,
                    verdict INTEGER NOT NULL,
                    level INTEGER NOT NULL,
                    score INTEGER NOT NULL,
                    at INTEGER NOT NULL
                ) STRICT;
                """)
        try db.execute(
            sql: "INSERT INTO meta VALUES (1, ?, 1, 0)", arguments: [Int64(bitPattern: series)])
    }

    /// What the guard's page shows: what was submitted, what became of it, photos, who may look.
    private static func second(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE meta ADD COLUMN progress_after INTEGER NOT NULL DEFAULT 0;
                CREATE TABLE submitted (
                    number INTEGER PRIMARY KEY,
                    id BLOB NOT NULL UNIQUE,
                    category TEXT NOT NULL,
                    text TEXT NOT NULL,
                    place TEXT NOT NULL,
                    panic INTEGER NOT NULL,
                    drill INTEGER NOT NULL,
                    photos INTEGER NOT NULL,
                    at INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE progress (
                    incident INTEGER PRIMARY KEY,
                    sequence INTEGER NOT NULL,
                    item BLOB NOT NULL
                ) STRICT;
                CREATE TABLE progress_tip (
                    id BLOB PRIMARY KEY,
                    incident INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE photo (
                    sha256 BLOB PRIMARY KEY,
                    tip BLOB,
                    size INTEGER NOT NULL,
                    state TEXT NOT NULL,
                    message TEXT NOT NULL DEFAULT '',
                    at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE page_session (
                    token BLOB PRIMARY KEY,
                    csrf TEXT NOT NULL,
                    opened_at INTEGER NOT NULL,
                    seen_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }
}

extension TipDraft {
    /// FNV-1a over the encoded content: tells a repeated submission from an id used twice by mistake. No defence
    /// against forgery, and none is needed: who may submit may submit anything.
    static func digest(_ bytes: [UInt8]) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(bitPattern: hash)
    }
}

// Damage: whatever changes in the file after it was written is found, and the record is named.

import Foundation
import GRDB
import TestSupport
import Testing
import TipModel

@testable import Journal

@Suite("The chain of checksums") struct ChainTests {
    private let folder: TemporaryDirectory
    private let raw: RawFile
    private let drafts: [Draft]

    /// A closed journal of 40 records, with a tip, a step and a plain record among the newest.
    init() throws {
        folder = try TemporaryDirectory()
        raw = RawFile(folder)
        let journal = try SQLiteJournal(directory: folder.path)
        var history = SampleHistory(seed: 61)
        drafts = history.drafts(40)
        _ = try journal.append(drafts)
        journal.close()
    }

    private func check() throws -> Verification {
        let reader = try SQLiteJournalReader(path: raw.path)
        defer { reader.close() }
        return try verify(reader)
    }

    /// Does `sql` in a transaction, verifies on the same connection and takes it back: quicker than a file for each.
    private func damage(_ database: Database, _ sql: String, _ arguments: StatementArguments = []) throws -> ChainWalk.Damage? {
        var found: ChainWalk.Damage?
        try database.inTransaction {
            try database.execute(sql: sql, arguments: arguments)
            #expect(database.changesCount > 0, "\(sql) changed nothing")
            var walk = ChainWalk()
            let connection = try #require(database.sqliteConnection)
            found = try walk.step(connection, through: 40, rows: 100)
            return .rollback
        }
        return found
    }

    private func sequence(where isWanted: (Draft) -> Bool) throws -> Int {
        try #require(drafts.firstIndex { isWanted($0) && $0.at != drafts[0].at }) + 1
    }

    @Test func anUndamagedJournalIsSound() throws {
        #expect(try check() == .sound(records: 40))
    }

    @Test func aFlippedBitAnywhereInAPayloadIsFoundAtItsRecord() throws {
        let number = try sequence { $0.tip != nil }
        try raw.change { database in
            for column in ["payload", "event", "tip", "chain"] {
                let bytes = try #require(
                    try Data.fetchOne(database, sql: "SELECT \(column) FROM record WHERE sequence = ?", arguments: [number]))
                for index in bytes.indices {
                    var flipped = bytes
                    flipped[index] ^= 1 << UInt8(index % 8)
                    let found = try damage(
                        database, "UPDATE record SET \(column) = ? WHERE sequence = ?", [flipped, number])
                    try #require(found?.sequence == SequenceNumber(number), "\(column), byte \(index)")
                }
            }
        }
    }

    @Test func everyColumnOfARowIsCovered() throws {
        let tip = try sequence { $0.tip != nil }
        let plain = try sequence { $0.incident == nil }
        let changes: [(row: Int, [String])] = [
            (
                tip,
                [
                    "at = at + 1", "post = 'gate-9'", "post = post || char(0)", "post = NULL, tip = NULL", "incident = incident + 1",
                    "incident = NULL", "lane = 3 - lane", "zone = 'zone-9'", "level = level % 4 + 1", "level = NULL",
                    "event = NULL", "payload = x''",
                    // The same bytes as another kind of value: not what the indexes look for.
                    "post = CAST(post AS BLOB)", "zone = CAST(zone AS BLOB)", "payload = CAST(payload AS TEXT)",
                    "tip = CAST(tip AS TEXT)", "at = at + 0.5",
                ]
            ),
            (
                plain,
                [
                    "incident = -1", "incident = 0", "lane = -1", "lane = 0", "level = -1", "level = 0", "post = ''",
                    "zone = ''", "tip = x''", "event = x''",
                ]
            ),
        ]
        try raw.change { database in
            for (row, sets) in changes {
                for set in sets {
                    let found = try damage(database, "UPDATE record SET \(set) WHERE sequence = ?", [row])
                    #expect(found?.sequence == SequenceNumber(row), "\(set)")
                }
            }
        }
    }

    @Test func aMissingRecordIsFound() throws {
        try raw.change { database in
            for number in [1, 2, 20, 39] {
                let found = try damage(database, "DELETE FROM record WHERE sequence = ?", [number])
                #expect(found?.sequence == SequenceNumber(number) && found?.reason == "the record is missing")
            }
            let found = try damage(database, "DELETE FROM record WHERE sequence > 10 AND sequence < 30")
            #expect(found?.sequence == 11)
        }
    }

    @Test func exchangedAndMovedRecordsAreFound() throws {
        try raw.change { database in
            for (left, right) in [(1, 2), (5, 30), (39, 40)] {
                let found = try damage(
                    database, "UPDATE record SET sequence = CASE sequence WHEN ?1 THEN -?2 ELSE -?1 END WHERE sequence IN (?1, ?2)",
                    [left, right])
                #expect(found?.sequence == SequenceNumber(left))
            }
            // Everything after a record moves up into its place.
            let moved = try damage(database, "UPDATE record SET sequence = sequence - 1 WHERE sequence = 1")
            #expect(moved?.sequence == 1)
        }
        // In earnest, and all the way through the reader.
        try raw.change { database in
            try database.execute(sql: "UPDATE record SET sequence = -sequence WHERE sequence IN (7, 8)")
            try database.execute(sql: "UPDATE record SET sequence = 15 + sequence WHERE sequence < 0")
        }
        #expect(try check() == .damaged(at: 7, reason: "its checksum does not match its content"))
    }

    /// Nothing follows them whose checksum could break.
    @Test func recordsMissingAtTheEndAreToldByASnapshot() throws {
        let journal = try SQLiteJournal(directory: folder.path)
        let reader = try journal.makeReader()
        try journal.save(SnapshotCodec.encode(try Replay.state(from: reader)))
        reader.close()
        journal.close()
        try raw.change { try $0.execute(sql: "DELETE FROM record WHERE sequence > 37") }
        #expect(try check() == .damaged(at: 38, reason: "the record is missing, a snapshot was taken at 40"))
    }

    /// The layout of what is hashed must never change: this is what every version wrote.
    @Test func theChecksumsAreThoseOfEveryVersion() throws {
        let last = try raw.change { try String.fetchOne($0, sql: "SELECT hex(chain) FROM record WHERE sequence = 40") }
        #expect(last == "2C15ABD15CDE8B01B9DF2A7088EA8581")
    }

    /// The index is what makes a tip count once; without its entry the next repeat would be accepted.
    @Test(arguments: ["record_tip", "record_feed", "record_about"])
    func aRecordThatAnIndexNoLongerFindsIsFound(index: String) throws {
        let number = try sequence { $0.tip != nil }
        try raw.change { database in
            let sql = try #require(
                try String.fetchOne(database, sql: "SELECT sql FROM sqlite_master WHERE name = ?", arguments: [index]))
            func redefine(_ sql: String) throws {
                try database.execute(sql: "PRAGMA writable_schema = ON")
                try database.execute(sql: "UPDATE sqlite_master SET sql = ? WHERE name = ?", arguments: [sql, index])
                // A change of the schema's number makes SQLite read it again.
                let version = try Int.fetchOne(database, sql: "PRAGMA schema_version") ?? 0
                try database.execute(sql: "PRAGMA schema_version = \(version + 1)")
                try database.execute(sql: "PRAGMA writable_schema = OFF")
            }
            try redefine(sql + " AND sequence <> \(number)")
            try database.execute(sql: "REINDEX \(index)")
            try redefine(sql)
        }
        #expect(try check() == .damaged(at: SequenceNumber(number), reason: "an index does not find it"))
    }

    // MARK: The index of incidents

    private func recordsOfIncidents() throws -> [[StoredRecord]] {
        let reader = try SQLiteJournalReader(path: raw.path)
        defer { reader.close() }
        return try Set(drafts.compactMap(\.incident)).sorted().flatMap { incident in
            try [2, 1_000].map { try reader.records(about: incident, limit: $0) }
        }
    }

    /// It keeps the index that it has, and everything finds by it.
    @Test func aJournalWithAnIndexOverIncidentsAloneReadsTheSame() throws {
        let before = try recordsOfIncidents()
        try raw.change { try $0.execute(sql: "\(RawFile.plainIndex); PRAGMA user_version = 2") }
        #expect(try recordsOfIncidents() == before)
        #expect(try check() == .sound(records: 40))
        try SQLiteJournal(directory: folder.path).close()
        #expect(try recordsOfIncidents() == before)
    }

    @Test func theRecordsOfAnIncidentAreFoundInEveryBlock() throws {
        let before = try recordsOfIncidents().map { $0.map(\.record.events) }
        let block = 1 << IncidentIndex.blockShift
        // Each record into a block of its own, with empty ones between, the newest first.
        try raw.change { try $0.execute(sql: "UPDATE record SET sequence = sequence * \(3 * block) + \(40 * 3 * block)") }
        #expect(try recordsOfIncidents().map { $0.map(\.record.events) } == before)
        #expect(before.contains { $0.count > 2 })
    }

    /// Any bit of the pages that hold rows and indexes: it is found, or SQLite refuses to read, or it was in unused space
    /// and everything reads as before.
    @Test func aGuestThatTheIndexForgotIsFound() throws {
        let first = try #require(
            try raw.change { try Int64.fetchOne($0, sql: "SELECT min(sequence) FROM guest") })
        try raw.change { try $0.execute(sql: "DELETE FROM guest WHERE sequence = ?", arguments: [first]) }
        #expect(try check() == .damaged(at: SequenceNumber(first), reason: "an index does not find it"))
    }

    @Test func aFlippedBitAnywhereInTheFileIsFoundOrHarmless() async throws {
        let file = URL(fileURLWithPath: raw.path)
        let original = try Data(contentsOf: file)
        let before = try content()
        var random = SplitMix64(seed: 62)
        var found = 0
        for _ in 0..<400 {
            var bytes = original
            // Page 1 is the schema; a page is 16 KiB.
            let place = 16_384 + Int(random.next() % UInt64(bytes.count - 16_384))
            bytes[place] ^= 1 << UInt8(random.next() % 8)
            try bytes.write(to: file)
            let isSound: Bool
            do {
                isSound = try check() == .sound(records: 40)
            } catch is JournalError {
                isSound = false
            }
            if isSound { #expect(try content() == before, "byte \(place)") } else { found += 1 }
            await Task.yield()
        }
        #expect(found > 40)
    }

    /// All that is stored and all that the indexes lead to, with the kind of each value.
    private func content() throws -> [String] {
        let columns = ["sequence", "at", "post", "tip", "incident", "lane", "zone", "level", "event", "payload", "chain"]
            .map { "typeof(\($0)) || quote(\($0))" }.joined(separator: " || ")
        let queue = try DatabaseQueue(path: raw.path)
        defer { try? queue.close() }
        return try queue.read { database in
            try String.fetchAll(database, sql: "SELECT \(columns) FROM record ORDER BY sequence")
                + String.fetchAll(
                    database, sql: "SELECT tip || post || sequence FROM record INDEXED BY record_tip WHERE tip IS NOT NULL ORDER BY sequence")
                + String.fetchAll(
                    database,
                    sql: "SELECT lane || zone || level || sequence FROM record INDEXED BY record_feed WHERE lane IS NOT NULL ORDER BY sequence")
                + String.fetchAll(
                    database, sql: "SELECT incident || sequence FROM record INDEXED BY record_about WHERE incident IS NOT NULL ORDER BY sequence")
        }
    }

    // MARK: At the start

    @Test(arguments: [
        "payload = payload || x'00'", "chain = x'00'", "chain = zeroblob(16)", "at = at + 1", "zone = 'zone-9'",
        "sequence = 50", "sequence = -40",
    ])
    func aDamagedTailIsRefusedAtTheStart(set: String) throws {
        try raw.change { try $0.execute(sql: "UPDATE record SET \(set) WHERE sequence = 40") }
        if set == "sequence = -40" {
            // Without the others there is nothing but it.
            try raw.change { try $0.execute(sql: "DELETE FROM record WHERE sequence > 0") }
        }
        let error = try #require(refusal(of: folder))
        #expect(error.code == .corrupt)
        #expect(error.message.contains(raw.path))
    }

    @Test func aDamagedTailIsNamedWithWhatToDo() throws {
        try raw.change { try $0.execute(sql: "UPDATE record SET at = at + 1 WHERE sequence = 33") }
        let error = try #require(refusal(of: folder))
        #expect(
            error.message
                == "\(raw.path): record 33 is damaged (its checksum does not match its content); run: watchpost journal verify")
    }

    /// Only the tail: a start must not read everything.
    @Test func damageFurtherBackIsFoundByVerifyingOnly() throws {
        let journal = try SQLiteJournal(directory: folder.path)
        var history = SampleHistory(seed: 63)
        let more = history.drafts(700)
        // Incidents and tips of another history: only the chain matters here.
        for start in stride(from: 0, to: more.count, by: 100) { _ = try journal.append(Array(more[start..<start + 100])) }
        journal.close()
        try raw.change { try $0.execute(sql: "UPDATE record SET at = at + 1 WHERE sequence = 100") }
        #expect(refusal(of: folder) == nil)
        #expect(try check() == .damaged(at: 100, reason: "its checksum does not match its content"))
    }
}

import FoundationEssentials
import GRDB
import TipModel
import TipWire

// What became of this post's tips after their receipts, and the list of the newest ones.
//
// Bounds: progress of the newest 256 incidents, a line about each of the newest 1,000 tips that left the spool; the oldest go.
extension Spool {
    static let progressBound: Int64 = 256
    static let submittedBound: Int64 = 1_000
    /// UTF-8 bytes of a tip's text and place in the list.
    static let lineBytes = 240

    /// Keeps what the daemon told, in the order in which it did, in one transaction. Where an earlier message was lost, the mark stays
    /// where it was: the next heartbeat asks from there.
    /// - Parameter all: each message, and whether the daemon's journal is another one than this post's progress came from.
    func keep(_ all: [(news: PostProgress, startsAnew: Bool)]) throws(SpoolError) {
        try transaction { db, counts in
            for (news, startsAnew) in all {
                if startsAnew {
                    try db.execute(sql: "DELETE FROM progress; DELETE FROM progress_tip")
                    counts.progressAfter = 0
                }
                for item in news.items { try Self.keep(item, db) }
                let isWhole = news.after <= counts.progressAfter && news.through >= counts.progressAfter
                if isWhole || startsAnew { counts.progressAfter = news.through }
            }
            try db.execute(
                sql: """
                    DELETE FROM progress WHERE incident NOT IN (SELECT incident FROM progress ORDER BY sequence DESC LIMIT ?)
                    """, arguments: [Self.progressBound])
            if db.changesCount > 0 {
                try db.execute(sql: "DELETE FROM progress_tip WHERE incident NOT IN (SELECT incident FROM progress)")
            }
            try db.execute(sql: "UPDATE meta SET progress_after = ?", arguments: [Int64(bitPattern: counts.progressAfter)])
        }
    }

    private static func keep(_ item: ProgressItem, _ db: Database) throws {
        let bytes = ProgressCodec.encode(PostProgress(items: [item], after: 0, through: item.sequence))
        try db.execute(
            sql: """
                INSERT INTO progress (incident, sequence, item) VALUES (?, ?, ?)
                ON CONFLICT (incident) DO UPDATE SET sequence = excluded.sequence, item = excluded.item
                WHERE excluded.sequence >= sequence
                """,
            arguments: [Int64(bitPattern: item.incident.rawValue), Int64(bitPattern: item.sequence), bytes.data])
        // One that was merged away keeps naming its tips; they belong to the other.
        guard item.progress.mergedInto == nil, db.changesCount > 0 else { return }
        for tip in item.tips {
            try db.execute(
                sql: "INSERT OR REPLACE INTO progress_tip (id, incident) VALUES (?, ?)",
                arguments: [tip.data, Int64(bitPattern: item.incident.rawValue)])
        }
    }

    /// A tip's record with what became of its incident.
    func state(of id: TipID) async throws(SpoolError) -> (record: TipRecord, progress: ProgressItem?)? {
        try await readAsync { db in
            guard let record = try Self.find(id, db)?.record else { return nil }
            return (record, try Self.progress(of: id, record, db))
        }
    }

    private static func progress(of id: TipID, _ record: TipRecord, _ db: Database) throws -> ProgressItem? {
        let moved = try Int64.fetchOne(db, sql: "SELECT incident FROM progress_tip WHERE id = ?", arguments: [id.data])
        var incident = moved
        if case .accepted(_, let receipt, _) = record, moved == nil { incident = Int64(bitPattern: receipt.incident.rawValue) }
        guard let incident,
            let bytes = try Data.fetchOne(db, sql: "SELECT item FROM progress WHERE incident = ?", arguments: [incident])
        else { return nil }
        return (try? ProgressCodec.decode([UInt8](bytes)))?.items.first
    }

    /// The newest tips of this post, the newest first: those in the spool are read from it, of the others a line was kept.
    func recent(_ limit: Int) async throws(SpoolError) -> [RecentTip] {
        try await readAsync { db in
            var found: [(number: UInt64, tip: RecentTip)] = []
            let waiting = try Row.fetchAll(db, sql: "SELECT number, bytes, spooled_at FROM tip ORDER BY number DESC LIMIT ?", arguments: [limit])
            for row in waiting {
                guard let tip = try? TipCodec.decodeStored([UInt8](row["bytes"] as Data)), let record = try Self.find(tip.id, db)?.record
                else { continue }
                found.append(
                    (
                        UInt64(bitPattern: row["number"]),
                        RecentTip(
                            id: tip.id, category: tip.category, text: clipped(tip.text, bytes: Self.lineBytes),
                            place: clipped(tip.place, bytes: Self.lineBytes), panic: tip.panic, drill: tip.drill,
                            photos: tip.attachments.count, at: Timestamp(milliseconds: row["spooled_at"]), record: record,
                            progress: try Self.progress(of: tip.id, record, db))
                    ))
            }
            let here = Set(found.map(\.number))
            for row in try Row.fetchAll(db, sql: "SELECT * FROM submitted ORDER BY number DESC LIMIT ?", arguments: [limit]) {
                let number = UInt64(bitPattern: row["number"])
                guard !here.contains(number), let id = TipID(bytes: row["id"] as Data), let record = try Self.find(id, db)?.record
                else { continue }
                found.append(
                    (
                        number,
                        RecentTip(
                            id: id, category: row["category"], text: row["text"], place: row["place"], panic: row["panic"],
                            drill: row["drill"], photos: row["photos"], at: Timestamp(milliseconds: row["at"]), record: record,
                            progress: try Self.progress(of: id, record, db))
                    ))
            }
            return found.sorted { $0.number > $1.number }.prefix(limit).map(\.tip)
        }
    }

    /// Keeps a line for the list of a tip that leaves the spool.
    /// - Parameter row: of the table `tip`.
    /// - Returns: the bytes that it had.
    @discardableResult
    static func noteLine(_ row: Row, _ db: Database) throws -> Int {
        let bytes = [UInt8](row["bytes"] as Data)
        guard let tip = try? TipCodec.decodeStored(bytes) else { return bytes.count }
        let note = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO submitted (number, id, category, text, place, panic, drill, photos, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try note.execute(
            arguments: [
                row["number"] as Int64, tip.id.data, tip.category, clipped(tip.text, bytes: lineBytes),
                clipped(tip.place, bytes: lineBytes), tip.panic, tip.drill, tip.attachments.count, row["spooled_at"] as Int64,
            ])
        return bytes.count
    }

    /// After lines were added.
    static func pruneLines(_ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM submitted WHERE number <= (SELECT MAX(number) FROM submitted) - ?", arguments: [submittedBound])
    }
}

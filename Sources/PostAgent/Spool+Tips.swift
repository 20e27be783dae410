import FoundationEssentials
import GRDB
import TipModel
import TipWire

/// What a submission led to.
struct Placement: Hashable, Sendable {
    var id: TipID
    /// False for an id that was there before, with the same content.
    var isNew: Bool
    var record: TipRecord
    /// As it goes to the daemon, where it is new.
    var tip: OutboxTip?
}

// Tips in and out.
extension Spool {
    /// Numbers a tip and puts it on the disk; a repeated submission changes nothing and gets the tip's state.
    /// - Parameter now: by the clock that its age is told by.
    /// - Throws: `full`, `diskFull`, `conflict`, `failed`; then nothing was kept.
    func place(_ draft: TipDraft, at now: Timestamp) async throws(SpoolError) -> Placement {
        try await transactionAsync { db, counts in try self.place(draft, at: now, db, &counts) }
    }

    /// As the other, waiting for the disk, which is asked once for all of them: for threads of our own.
    /// - Returns: what became of each. What is refused leaves no trace, and the others are kept.
    /// - Throws: `diskFull`, `failed`; then nothing was kept.
    func placeAndWait(_ drafts: [(draft: TipDraft, at: Timestamp)]) throws(SpoolError) -> [Result<Placement, SpoolError>] {
        try transaction { db, counts in
            try drafts.map { draft, at in
                do {
                    return .success(try self.place(draft, at: at, db, &counts))
                } catch let refusal as SpoolError {
                    return .failure(refusal)
                }
            }
        }
    }

    /// Refusals of its own come before anything was written.
    private func place(
        _ draft: TipDraft, at now: Timestamp, _ db: Database, _ counts: inout SpoolCounts
    ) throws -> Placement {
        let id = draft.tip.id
        if try Self.knows(id, db), let (record, content) = try Self.find(id, db) {
            guard content == draft.content else {
                throw SpoolError(.conflict, "the id \(id) belongs to another tip of this post; make a new id for each tip")
            }
            return Placement(id: id, isNew: false, record: record)
        }
        // The number is part of the bytes, and the bytes are the tip's identity: both are fixed here, once.
        var tip = draft.tip
        tip.series = counts.series
        tip.number = counts.nextNumber
        let bytes = TipCodec.encode(tip)
        try checkRoom(bytes.count, isExpress: draft.isExpress, counts)
        try Self.claim(tip.attachments, for: id, db)
        counts.nextNumber += 1
        try db.cachedStatement(sql: "UPDATE meta SET next_number = ?").execute(arguments: [Int64(bitPattern: counts.nextNumber)])
        try Self.insert(
            number: tip.number, id: id, isExpress: draft.isExpress, bytes: bytes, content: draft.content, at: now, db, &counts)
        return Placement(
            id: id, isNew: true, record: .spooled(number: tip.number, isExpress: draft.isExpress),
            tip: OutboxTip(number: tip.number, id: id, isExpress: draft.isExpress, bytes: bytes))
    }

    static func insert(
        number: UInt64, id: TipID, isExpress: Bool, bytes: [UInt8], content: Int64, at now: Timestamp, _ db: Database,
        _ counts: inout SpoolCounts
    ) throws {
        try db.cachedStatement(sql: "INSERT INTO tip (number, id, express, bytes, content, spooled_at) VALUES (?, ?, ?, ?, ?, ?)")
            .execute(arguments: [Int64(bitPattern: number), id.data, isExpress, bytes.data, content, now.milliseconds])
        counts.depth += 1
        counts.bytes += bytes.count
        if number < counts.lowest ?? .max {
            counts.lowest = number
            counts.oldest = now
        }
    }

    func checkRoom(_ bytes: Int, isExpress: Bool, _ counts: SpoolCounts) throws(SpoolError) {
        let tips = limits.maxTips - (isExpress ? 0 : limits.emergencyReserve)
        let room = limits.maxBytes - (isExpress ? 0 : limits.reservedBytes)
        guard counts.depth < tips, counts.bytes + bytes <= room else {
            let rest = isExpress ? "" : "; only emergencies are still taken"
            throw SpoolError(
                .full,
                "the spool is full: \(counts.depth) tips and \(counts.bytes) bytes wait for the daemon (limits \(tips) and \(room))\(rest). "
                    + "Report by telephone, and see why the daemon cannot be reached")
        }
    }

    /// Tips of a lane with numbers above `after`, in order.
    func page(isExpress: Bool, after: UInt64, limit: Int) throws(SpoolError) -> [OutboxTip] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT number, id, bytes FROM tip WHERE express = ? AND number > ? ORDER BY number LIMIT ?",
                arguments: [isExpress, Int64(bitPattern: after), limit]
            ).compactMap { row in
                guard let id = TipID(bytes: row["id"] as Data) else { return nil }
                return OutboxTip(
                    number: UInt64(bitPattern: row["number"]), id: id, isExpress: isExpress, bytes: [UInt8](row["bytes"] as Data))
            }
        }
    }

    /// Deletes tips that the daemon has on its disk, remembers their receipts, all in one transaction.
    ///
    /// A receipt for a dead letter counts too: the tip was accepted, and its earlier answer was lost.
    /// - Returns: those that were here, with their numbers; other ids are ignored.
    func accept(_ receipts: [Receipt], at now: Timestamp) throws(SpoolError) -> [(receipt: Receipt, number: UInt64)] {
        guard !receipts.isEmpty else { return [] }
        return try transaction { db, counts in
            var known: [(receipt: Receipt, number: UInt64)] = []
            for receipt in receipts {
                guard let (number, content) = try Self.take(receipt.tip, db, &counts) else { continue }
                known.append((receipt: receipt, number: number))
                let keep = try db.cachedStatement(
                    sql: """
                        INSERT OR REPLACE INTO receipt (id, number, content, sequence, incident, verdict, level, score, at)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """)
                try keep.execute(
                    arguments: [
                        receipt.tip.data, Int64(bitPattern: number), content, Int64(bitPattern: receipt.sequence),
                        Int64(bitPattern: receipt.incident.rawValue), Int64(receipt.verdict.rawValue),
                        Int64(receipt.level.rawValue), Int64(receipt.score), now.milliseconds,
                    ])
            }
            if !known.isEmpty {
                try db.execute(
                    sql: "DELETE FROM receipt WHERE place <= (SELECT MAX(place) FROM receipt) - ?", arguments: [Self.receiptBound])
                try Self.pruneLines(db)
                try Self.findOldest(db, &counts)
            }
            return known
        }
    }

    /// Removes a tip from the spool or the dead letters. Only now is its line of the list written: a tip waits for as few pages as
    /// can be.
    private static func take(
        _ id: TipID, _ db: Database, _ counts: inout SpoolCounts
    ) throws -> (number: UInt64, content: Int64)? {
        let remove = try db.cachedStatement(sql: "DELETE FROM tip WHERE id = ? RETURNING number, content, bytes, spooled_at")
        if let row = try Row.fetchOne(remove, arguments: [id.data]) {
            counts.depth -= 1
            counts.bytes -= try Self.noteLine(row, db)
            return (UInt64(bitPattern: row["number"]), row["content"])
        }
        guard
            let row = try Row.fetchOne(
                db, sql: "DELETE FROM dead_letter WHERE id = ? RETURNING number, content", arguments: [id.data])
        else { return nil }
        counts.deadLetters -= 1
        return (UInt64(bitPattern: row["number"]), row["content"])
    }

    /// What became of a tip; nil for one that is unknown or was receipted over 1,000 receipts ago.
    func record(of id: TipID) async throws(SpoolError) -> TipRecord? {
        try await readAsync { db in try Self.find(id, db)?.record }
    }

    private static func knows(_ id: TipID, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM tip WHERE id = ?1) OR EXISTS (SELECT 1 FROM dead_letter WHERE id = ?1)
                OR EXISTS (SELECT 1 FROM receipt WHERE id = ?1)
                """)
        return try Bool.fetchOne(statement, arguments: [id.data]) ?? false
    }

    static func find(_ id: TipID, _ db: Database) throws -> (record: TipRecord, content: Int64)? {
        if let row = try Row.fetchOne(db, sql: "SELECT number, express, content FROM tip WHERE id = ?", arguments: [id.data]) {
            return (.spooled(number: UInt64(bitPattern: row["number"]), isExpress: row["express"]), row["content"])
        }
        if let row = try Row.fetchOne(db, sql: "SELECT * FROM dead_letter WHERE id = ?", arguments: [id.data]) {
            return (.dead(DeadLetter(row, id: id)), row["content"])
        }
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM receipt WHERE id = ?", arguments: [id.data]) else { return nil }
        let receipt = Receipt(
            tip: id, sequence: UInt64(bitPattern: row["sequence"]), incident: IncidentID(UInt64(bitPattern: row["incident"])),
            verdict: Verdict(rawValue: row["verdict"]) ?? .new, level: UrgencyLevel(rawValue: row["level"]) ?? .emergency,
            score: row["score"])
        let number = UInt64(bitPattern: row["number"])
        return (.accepted(number: number, receipt, at: Timestamp(milliseconds: row["at"])), row["content"])
    }

    /// Notes the daemon's time, for tip ids after a restart without a clock.
    func note(daemonTime: Timestamp) throws(SpoolError) {
        try transaction { db, _ in
            try db.execute(sql: "UPDATE meta SET daemon_time = ?", arguments: [daemonTime.milliseconds])
        }
    }
}

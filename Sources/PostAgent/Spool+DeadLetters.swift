import FoundationEssentials
import GRDB
import Logging
import TipModel
import TipWire

// Tips that will not be sent by themselves any more.
extension Spool {
    /// Moves refused tips to the dead letters, in one transaction.
    /// - Returns: what was moved; tips that are gone already are left out.
    func bury(_ refused: [(id: TipID, rejection: Rejection)], at now: Timestamp) throws(SpoolError) -> [DeadLetter] {
        guard !refused.isEmpty else { return [] }
        return try transaction { db, counts in
            try bury(
                refused.map { (id: $0.id, code: $0.rejection.code.name, field: $0.rejection.field, message: $0.rejection.message) },
                at: now, db, &counts)
        }
    }

    /// Moves tips that were spooled before `limit` to the dead letters, at most 256 at a time.
    /// - Parameter isInFlight: such a tip may have been accepted; it is left until its answer.
    func expire(before limit: Timestamp, at now: Timestamp, isInFlight: (TipID) -> Bool) throws(SpoolError) -> [DeadLetter] {
        // Looked for first, so that the usual "none" costs no transaction.
        let old = try read { db in
            try Data.fetchAll(
                db, sql: "SELECT id FROM tip WHERE spooled_at < ? ORDER BY spooled_at LIMIT 256", arguments: [limit.milliseconds]
            ).compactMap { TipID(bytes: $0) }.filter { !isInFlight($0) }
        }
        guard !old.isEmpty else { return [] }
        return try transaction { db, counts in
            try bury(
                old.map {
                    (id: $0, code: DeadLetter.expired, field: "", message: "waited in the spool longer than spool.max_age allows")
                }, at: now, db, &counts)
        }
    }

    private func bury(
        _ tips: [(id: TipID, code: String, field: String, message: String)], at now: Timestamp, _ db: Database,
        _ counts: inout SpoolCounts
    ) throws -> [DeadLetter] {
        var moved: [DeadLetter] = []
        for (id, code, field, message) in tips {
            guard let row = try Row.fetchOne(db, sql: "DELETE FROM tip WHERE id = ? RETURNING *", arguments: [id.data]) else { continue }
            let letter = DeadLetter(
                number: UInt64(bitPattern: row["number"]), id: id, isExpress: row["express"], bytes: [UInt8](row["bytes"] as Data),
                code: code, field: field, message: message, at: now)
            try Self.noteLine(row, db)
            try db.execute(
                sql: """
                    INSERT INTO dead_letter (number, id, express, bytes, content, code, field, message, at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    Int64(bitPattern: letter.number), id.data, letter.isExpress, letter.bytes.data, row["content"] as Int64, code, field,
                    message, now.milliseconds,
                ])
            counts.depth -= 1
            counts.bytes -= letter.bytes.count
            counts.deadLetters += 1
            moved.append(letter)
        }
        try Self.findOldest(db, &counts)
        try Self.pruneLines(db)
        try pruneDeadLetters(db, &counts)
        return moved
    }

    private func pruneDeadLetters(_ db: Database, _ counts: inout SpoolCounts) throws {
        let over = counts.deadLetters - limits.deadLetters
        guard over > 0 else { return }
        let gone = try Int64.fetchAll(
            db,
            sql: "DELETE FROM dead_letter WHERE number IN (SELECT number FROM dead_letter ORDER BY at, number LIMIT ?) RETURNING number",
            arguments: [over])
        counts.deadLetters -= gone.count
        logger.error(
            "the dead-letter list is full: the oldest were dropped",
            metadata: ["dropped": "\(gone.count)", "numbers": "\(gone.prefix(20))", "limit": "\(limits.deadLetters)"])
    }

    /// Dead letters with numbers above `after`, in order.
    func deadLetters(after: UInt64, limit: Int) async throws(SpoolError) -> [DeadLetter] {
        try await readAsync { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM dead_letter WHERE number > ? ORDER BY number LIMIT ?",
                arguments: [Int64(clamping: after), limit]
            ).compactMap { row in TipID(bytes: row["id"] as Data).map { DeadLetter(row, id: $0) } }
        }
    }

    /// Removes one for good.
    /// - Throws: `notFound`.
    func deleteDeadLetter(_ number: UInt64) async throws(SpoolError) {
        try await transactionAsync { db, counts in
            try db.execute(sql: "DELETE FROM dead_letter WHERE number = ?", arguments: [Int64(bitPattern: number)])
            guard db.changesCount == 1 else { throw Self.noDeadLetter(number) }
            counts.deadLetters -= 1
        }
    }

    /// Spools one again; see ``DeadLetter/needsNewID`` for when it gets another id, and with it another number.
    /// - Parameter newID: used only where it is needed.
    /// - Throws: `notFound`, `full`, `diskFull`, `failed`.
    func retryDeadLetter(_ number: UInt64, newID: TipID, at now: Timestamp) async throws(SpoolError) -> Placement {
        try await transactionAsync { db, counts in
            guard
                let row = try Row.fetchOne(
                    db, sql: "DELETE FROM dead_letter WHERE number = ? RETURNING *", arguments: [Int64(bitPattern: number)]),
                let id = TipID(bytes: row["id"] as Data)
            else { throw Self.noDeadLetter(number) }
            var letter = DeadLetter(row, id: id)
            if letter.needsNewID {
                var tip = try TipCodec.decodeStored(letter.bytes)
                tip.id = newID
                tip.number = counts.nextNumber
                counts.nextNumber += 1
                try db.execute(sql: "UPDATE meta SET next_number = ?", arguments: [Int64(bitPattern: counts.nextNumber)])
                letter.id = newID
                letter.number = tip.number
                letter.bytes = TipCodec.encode(tip)
            }
            try self.checkRoom(letter.bytes.count, isExpress: letter.isExpress, counts)
            counts.deadLetters -= 1
            try Self.insert(
                number: letter.number, id: letter.id, isExpress: letter.isExpress, bytes: letter.bytes, content: row["content"],
                at: now, db, &counts)
            return Placement(
                id: letter.id, isNew: letter.id != id, record: .spooled(number: letter.number, isExpress: letter.isExpress))
        }
    }

    private static func noDeadLetter(_ number: UInt64) -> SpoolError {
        SpoolError(.notFound, "there is no dead letter with number \(number)")
    }
}

extension DeadLetter {
    init(_ row: Row, id: TipID) {
        self.init(
            number: UInt64(bitPattern: row["number"]), id: id, isExpress: row["express"], bytes: [UInt8](row["bytes"] as Data),
            code: row["code"], field: row["field"], message: row["message"], at: Timestamp(milliseconds: row["at"]))
    }
}

extension TipID {
    var data: Data { Data(bytes) }
}

extension [UInt8] {
    var data: Data { Data(self) }
}

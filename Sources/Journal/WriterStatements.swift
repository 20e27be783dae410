internal import TipModel
internal import TipWire

/// The prepared statements of the writer.
final class WriterStatements {
    let begin: Statement
    let commit: Statement
    let rollback: Statement
    private let one: Statement
    private let several: Statement
    private let insertGuest: Statement
    private var image = RowImage()

    /// Rows of one statement while there are as many: what SQLite does for each statement is a quarter of its work for a row.
    private static let rows = 8
    private static let columns: Int32 = 11

    init(_ connection: OpaquePointer) throws(JournalError) {
        begin = try Statement(connection, "BEGIN IMMEDIATE")
        commit = try Statement(connection, "COMMIT")
        rollback = try Statement(connection, "ROLLBACK")
        one = try Statement(connection, Self.insert(rows: 1))
        several = try Statement(connection, Self.insert(rows: Self.rows))
        insertGuest = try Statement(connection, "INSERT OR IGNORE INTO guest (unit, lane, sequence) VALUES (?, ?, ?)")
    }

    private static func insert(rows: Int) -> String {
        // A row that is refused ends the whole transaction: else SQLite would keep what it needs to take back the statement alone.
        """
        INSERT OR ROLLBACK INTO record (sequence, at, post, tip, incident, lane, zone, level, event, payload, chain) VALUES
        \(Array(repeating: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", count: rows).joined(separator: ", "))
        """
    }

    /// Inserts all of a group, within a transaction.
    func insert(_ drafts: borrowing [Draft], from first: SequenceNumber, chain: inout Chain) throws(JournalError) {
        // The rows' memory is the next group's, and SQLite must not look at it any more.
        defer {
            one.clear()
            several.clear()
        }
        try drafts.withUnsafeBufferPointer { (drafts) throws(JournalError) in
            var done = 0
            while done < drafts.count {
                let statement = drafts.count - done >= Self.rows ? several : one
                let count = drafts.count - done >= Self.rows ? Self.rows : 1
                let group = UnsafeBufferPointer(rebasing: drafts[done..<done + count])
                try insert(group, with: statement, from: first + SequenceNumber(done), chain: &chain)
                done += count
            }
        }
    }

    private func insert(
        _ drafts: UnsafeBufferPointer<Draft>, with statement: Statement, from first: SequenceNumber, chain: inout Chain
    ) throws(JournalError) {
        guard let group = drafts.baseAddress else { return }
        image.removeAll()
        for row in 0..<drafts.count { add((group + row).pointee, first + SequenceNumber(row), &chain) }
        image.add(chain)
        try image.withBytes { (bytes) throws(JournalError) in
            for row in 0..<drafts.count {
                let column = Int32(row) * Self.columns
                let draft = group + row
                statement.bind(column + 1, Int64(bitPattern: first + SequenceNumber(row)))
                statement.bind(column + 2, draft.pointee.at.milliseconds)
                statement.bind(column + 3, lentText: image.place(.post, of: row, in: bytes))
                statement.bind(column + 4, lentBlob: image.place(.tip, of: row, in: bytes))
                statement.bind(column + 5, draft.pointee.incidentNumber)
                statement.bind(column + 6, draft.pointee.laneNumber)
                statement.bind(column + 7, lentText: image.place(.zone, of: row, in: bytes))
                statement.bind(column + 8, draft.pointee.levelNumber)
                statement.bind(column + 9, lentBlob: image.place(.event, of: row, in: bytes))
                statement.bind(column + 10, lentBlob: image.place(.payload, of: row, in: bytes))
                statement.bind(column + 11, lentBlob: image.checksum(of: row, in: bytes))
            }
            try statement.run()
        }
        for row in 0..<drafts.count {
            guard let feed = (group + row).pointee.feed, !feed.guests.isEmpty else { continue }
            for guest in feed.guests {
                insertGuest.bind(1, text: guest.rawValue)
                insertGuest.bind(2, Int64(feed.lane.rawValue))
                insertGuest.bind(3, Int64(bitPattern: first + SequenceNumber(row)))
                try insertGuest.run()
            }
        }
    }

    /// Lays a row out, and takes its checksum.
    private func add(_ draft: borrowing Draft, _ sequence: SequenceNumber, _ chain: inout Chain) {
        image.begin(
            after: chain, sequence: sequence, at: draft.at.milliseconds, incident: draft.incidentNumber, lane: draft.laneNumber,
            level: draft.levelNumber)
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
    }
}

extension Draft {
    // As the columns hold them.
    var incidentNumber: Int64? { if let incident { Int64(bitPattern: incident.rawValue) } else { nil } }
    var laneNumber: Int64? { if let feed { Int64(feed.lane.rawValue) } else { nil } }
    var levelNumber: Int64? { if let feed { Int64(feed.level.rawValue) } else { nil } }
}

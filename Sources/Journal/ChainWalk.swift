internal import GRDBSQLite
internal import TipModel

/// Checks rows against the chain of checksums and against the indexes that find them: the whole journal for `verify`,
/// its tail at each start.
struct ChainWalk {
    struct Damage {
        var sequence: SequenceNumber
        var reason: String
    }

    /// The newest sequence that was checked.
    private(set) var reached: SequenceNumber = 0
    /// The checksum at it.
    private(set) var chain = Chain()

    /// From the first record.
    init() {}

    /// From behind `sequence`, whose own checksum is taken as it is; 0 for the first record. Where it was dropped, from behind
    /// the run that it belongs to.
    /// - Throws: ``JournalError`` `corrupt` when there is none.
    init(_ connection: OpaquePointer, after sequence: SequenceNumber) throws(JournalError) {
        guard sequence > 0 else { return }
        if let gap = try JournalBase.readGaps(connection).first(where: { $0.first <= sequence && sequence <= $0.last }) {
            reached = gap.last
            chain = Chain(value: gap.chain)
            return
        }
        let statement = try Statement(connection, "SELECT chain FROM record WHERE sequence = ?")
        statement.bind(1, Int64(clamping: sequence))
        guard try statement.step(), let value = statement.blob(0), value.count == Chain.bytes else {
            throw JournalError(.corrupt, "record \(sequence) is missing or has no checksum; run: watchpost journal verify")
        }
        reached = sequence
        chain = Chain(value: value)
    }

    /// Checks the next `rows` rows, none after `last`.
    mutating func step(
        _ connection: OpaquePointer, through last: SequenceNumber, rows: Int64
    ) throws(JournalError) -> Damage? {
        let begin = reached
        let statement = try Statement(
            connection,
            """
            SELECT sequence, at, post, tip, incident, lane, zone, level, event, payload, chain FROM record
            WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?
            """)
        statement.bind(1, Int64(clamping: begin))
        statement.bind(2, Int64(clamping: last))
        statement.bind(3, rows)
        var guests: [(sequence: SequenceNumber, lane: Int64, units: [String])] = []
        let gaps = Dictionary(
            try JournalBase.readGaps(connection).map { ($0.first, $0) }, uniquingKeysWith: { first, _ in first })
        var left = rows
        var image = RowImage()
        while try statement.step() {
            left -= 1
            pass(gaps, through: last)
            let expected = reached + 1
            guard SequenceNumber(bitPattern: statement.integer(0)) == expected else {
                return Damage(sequence: expected, reason: "the record is missing")
            }
            guard Self.hasKinds(statement) else { return Damage(sequence: expected, reason: "a column holds another kind of value") }
            image.take(statement, after: chain)
            chain = Chain(over: image)
            guard chain.value == statement.blob(10) else {
                return Damage(sequence: expected, reason: "its checksum does not match its content")
            }
            reached = expected
            let units = EventCodec.guests(statement.blob(9) ?? [])
            if !units.isEmpty { guests.append((expected, statement.integer(5), units)) }
        }
        if left > 0 { pass(gaps, through: last) }
        if left > 0, reached < last {
            return Damage(sequence: reached + 1, reason: "the record is missing")
        }
        let unfound = [
            try Self.unfound(connection, after: begin, through: reached), try Self.uninvited(connection, guests),
        ].compactMap(\.self).min()
        return unfound.map { Damage(sequence: $0, reason: "an index does not find it") }
    }

    /// Goes on behind dropped records, from the checksum that was kept of the last.
    private mutating func pass(_ gaps: [SequenceNumber: JournalBase.Gap], through last: SequenceNumber) {
        guard let gap = gaps[reached + 1], gap.last >= gap.first, gap.last <= last else { return }
        reached = gap.last
        chain = Chain(value: gap.chain)
    }

    /// One flipped bit makes a text a blob of the same bytes, which has the same checksum and compares as another.
    private static func hasKinds(_ statement: Statement) -> Bool {
        let kinds: [(kind: Int32, isOptional: Bool)] = [
            (SQLITE_INTEGER, false), (SQLITE_INTEGER, false), (SQLITE_TEXT, true), (SQLITE_BLOB, true),
            (SQLITE_INTEGER, true), (SQLITE_INTEGER, true), (SQLITE_TEXT, true), (SQLITE_INTEGER, true),
            (SQLITE_BLOB, true), (SQLITE_BLOB, false), (SQLITE_BLOB, false),
        ]
        return kinds.enumerated().allSatisfy { column, expected in
            let kind = statement.kind(Int32(column))
            return kind == expected.kind || (kind == SQLITE_NULL && expected.isOptional)
        }
    }

    /// The first row that one of its guests would not be sent.
    private static func uninvited(
        _ connection: OpaquePointer, _ guests: [(sequence: SequenceNumber, lane: Int64, units: [String])]
    ) throws(JournalError) -> SequenceNumber? {
        guard !guests.isEmpty else { return nil }
        let statement = try Statement(connection, "SELECT 1 FROM guest WHERE unit = ? AND lane = ? AND sequence = ?")
        for row in guests {
            for unit in row.units {
                statement.bind(1, text: unit)
                statement.bind(2, row.lane)
                statement.bind(3, Int64(clamping: row.sequence))
                guard try statement.step() else { return row.sequence }
                statement.reset()
            }
        }
        return nil
    }

    /// The first row that an index does not lead to: a repeat of its tip would be accepted again, or a patrol that
    /// catches up would miss it.
    ///
    /// The checksum is asked for because no index has it: so SQLite follows the entry to its row as a look-up does. An entry
    /// whose length is damaged compares as before and leads to another row.
    private static func unfound(
        _ connection: OpaquePointer, after: SequenceNumber, through: SequenceNumber
    ) throws(JournalError) -> SequenceNumber? {
        let statement = try Statement(
            connection,
            """
            SELECT sequence FROM record AS r WHERE sequence > ? AND sequence <= ? AND (
                tip IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM record INDEXED BY record_tip
                    WHERE tip = r.tip AND post = r.post AND sequence = r.sequence AND chain = r.chain)
                OR lane IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM record INDEXED BY record_feed
                    WHERE lane = r.lane AND sequence = r.sequence AND level = r.level AND zone = r.zone
                        AND chain = r.chain)
                OR incident IS NOT NULL AND NOT \(IncidentIndex(connection).findsRow))
            ORDER BY sequence LIMIT 1
            """)
        statement.bind(1, Int64(clamping: after))
        statement.bind(2, Int64(clamping: through))
        return try statement.step() ? SequenceNumber(bitPattern: statement.integer(0)) : nil
    }
}

extension RowImage {
    /// From the columns in their order of ``ChainWalk/step(_:through:rows:)``.
    fileprivate mutating func take(_ statement: Statement, after chain: Chain) {
        removeAll()
        begin(
            after: chain, sequence: SequenceNumber(bitPattern: statement.integer(0)), at: statement.integer(1),
            incident: statement.optionalInteger(4), lane: statement.optionalInteger(5), level: statement.optionalInteger(7))
        for (column, field) in [(2, .post), (3, .tip), (6, .zone), (8, .event), (9, .payload)] as [(Int32, Field)] {
            add(field, statement.lent(column))
        }
    }
}

internal import GRDBSQLite

/// How a journal finds the records about an incident.
///
/// By blocks of records, and within a block by incident: under load hundreds of incidents get records at a time, and an index
/// over the incidents alone is then written all over, a page of 16 KiB for a record or two, in the log and again by a
/// checkpoint. A block's entries lie on some fifteen pages. Who asks for an incident looks into each block.
enum IncidentIndex: Sendable {
    case blocks
    /// Over the incidents alone: of journals that were begun before there were blocks. They keep it.
    case plain

    /// Records of a block are those with the same sequence shifted right by this; part of the index, so it never changes.
    static let blockShift = 14

    /// Of a new journal.
    static let sql = "CREATE INDEX record_about ON record (sequence >> \(blockShift), incident) WHERE incident IS NOT NULL;"

    /// What a journal has.
    init(_ connection: OpaquePointer) throws(JournalError) {
        let statement = try Statement(connection, "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'record_about'")
        self = try statement.step() ? .blocks : .plain
    }

    /// The sequences of the records about incident `?1`, of all records or the first `?2`, in no order where all are asked for.
    func sequences(isLimited: Bool) -> String {
        let limit = isLimited ? " ORDER BY record.sequence LIMIT ?2" : ""
        return switch self {
        case .plain: "SELECT sequence FROM record WHERE incident = ?1" + limit
        case .blocks:
            """
            WITH RECURSIVE block(number) AS (
                SELECT min(sequence) >> \(Self.blockShift) FROM record
                UNION ALL
                SELECT number + 1 FROM block WHERE number < (SELECT max(sequence) >> \(Self.blockShift) FROM record)
            )
            SELECT record.sequence FROM block CROSS JOIN record
            WHERE record.sequence >> \(Self.blockShift) = block.number AND record.incident = ?1
            """ + limit
        }
    }

    /// A condition that row `r` is found by its incident.
    var findsRow: String {
        switch self {
        case .plain:
            """
            EXISTS (SELECT 1 FROM record INDEXED BY record_incident
            WHERE incident = r.incident AND sequence = r.sequence AND chain = r.chain)
            """
        case .blocks:
            """
            EXISTS (SELECT 1 FROM record INDEXED BY record_about
            WHERE sequence >> \(Self.blockShift) = r.sequence >> \(Self.blockShift) AND incident = r.incident
            AND sequence = r.sequence AND chain = r.chain)
            """
        }
    }
}

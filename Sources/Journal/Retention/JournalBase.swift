internal import Crypto
internal import GRDBSQLite
public import TipModel

/// What stands for records that were dropped: the state at the newest of them, and for each run of dropped records the checksum
/// of its last one. So the chain goes on across a run, and every record that is left is checked as before.
///
/// The seal is a checksum over all of it. A journal without a base has its records from 1 on.
public struct JournalBase: Hashable, Sendable {
    /// A run of dropped records.
    public struct Gap: Hashable, Sendable {
        public var first: SequenceNumber
        public var last: SequenceNumber
        /// The checksum of ``last``.
        public var chain: [UInt8]
    }

    /// Everything up to here was dropped, but for what stays between the gaps.
    public var sequence: SequenceNumber
    /// The state at ``sequence``.
    public var snapshot: StoredSnapshot
    /// In order.
    public var gaps: [Gap]

    /// How many records were dropped.
    public var dropped: UInt64 { gaps.reduce(0) { $0 + ($1.last - $1.first + 1) } }

    static let schema = """
        -- One row: the state at the newest record that compaction could drop, and a seal over it and the gaps.
        CREATE TABLE IF NOT EXISTS base (
            sequence INTEGER PRIMARY KEY,
            state    BLOB NOT NULL,
            seal     BLOB NOT NULL
        );
        -- Runs of dropped records; chain is that of the last of each.
        CREATE TABLE IF NOT EXISTS gap (
            first INTEGER PRIMARY KEY,
            last  INTEGER NOT NULL,
            chain BLOB NOT NULL
        );
        """

    var seal: [UInt8] {
        var hash = SHA256()
        func add(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) } }
        add(sequence)
        add(UInt64(snapshot.bytes.count))
        snapshot.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        for gap in gaps {
            add(gap.first)
            add(gap.last)
            gap.chain.withUnsafeBytes { hash.update(bufferPointer: $0) }
        }
        return hash.finalize().withUnsafeBytes { [UInt8]($0.prefix(Chain.bytes)) }
    }

    /// Reads the base; nil for a journal of which nothing was dropped.
    /// - Throws: ``JournalError`` `corrupt` where its seal does not hold.
    static func read(_ connection: OpaquePointer) throws(JournalError) -> JournalBase? {
        guard try exists(connection) else { return nil }
        let statement = try Statement(connection, "SELECT sequence, state, seal FROM base ORDER BY sequence DESC LIMIT 1")
        guard try statement.step() else { throw damaged }
        let sequence = SequenceNumber(bitPattern: statement.integer(0))
        let base = JournalBase(
            sequence: sequence, snapshot: StoredSnapshot(sequence: sequence, bytes: statement.blob(1) ?? []),
            gaps: try readGaps(connection))
        guard base.isOrdered, statement.blob(2) == base.seal else { throw damaged }
        return base
    }

    static func readGaps(_ connection: OpaquePointer) throws(JournalError) -> [Gap] {
        guard try exists(connection) else { return [] }
        let statement = try Statement(connection, "SELECT first, last, chain FROM gap ORDER BY first")
        var gaps: [Gap] = []
        while try statement.step() {
            gaps.append(
                Gap(
                    first: SequenceNumber(bitPattern: statement.integer(0)), last: SequenceNumber(bitPattern: statement.integer(1)),
                    chain: statement.blob(2) ?? []))
        }
        return gaps
    }

    private static func exists(_ connection: OpaquePointer) throws(JournalError) -> Bool {
        try Statement(connection, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'gap'").step()
    }

    private static let damaged = JournalError(.corrupt, "the base that stands for dropped records is damaged; restore a backup")

    private var isOrdered: Bool {
        var reached: SequenceNumber = 0
        for gap in gaps {
            guard gap.first > reached, gap.last >= gap.first, gap.last <= sequence, gap.chain.count == Chain.bytes else { return false }
            reached = gap.last
        }
        return true
    }

    /// Writes it in place of what there was.
    func write(_ connection: OpaquePointer) throws(JournalError) {
        try Statement(connection, "DELETE FROM base").run()
        try Statement(connection, "DELETE FROM gap").run()
        let row = try Statement(connection, "INSERT INTO gap (first, last, chain) VALUES (?, ?, ?)")
        for gap in gaps {
            row.bind(1, Int64(clamping: gap.first))
            row.bind(2, Int64(clamping: gap.last))
            row.bind(3, blob: gap.chain)
            try row.run()
        }
        let statement = try Statement(connection, "INSERT INTO base (sequence, state, seal) VALUES (?, ?, ?)")
        statement.bind(1, Int64(clamping: sequence))
        statement.bind(2, blob: snapshot.bytes)
        statement.bind(3, blob: seal)
        try statement.run()
    }
}

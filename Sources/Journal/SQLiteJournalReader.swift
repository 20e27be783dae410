internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite
public import TipModel

/// Reads the journal beside its writer, through a connection of its own that cannot write.
public final class SQLiteJournalReader: JournalReader {
    private let path: String
    private let queue: DatabaseQueue
    /// A journal of version 1 that no daemon has opened since has no table of guests, and no guests.
    private let hasGuests: Bool
    private let incidents: IncidentIndex

    /// - Parameter path: of journal.sqlite.
    /// - Throws: ``JournalError`` when the file is missing, damaged or of a newer schema.
    public init(path: String) throws(JournalError) {
        self.path = path
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "journal-reader"
        configuration.busyMode = .timeout(5)
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            (hasGuests, incidents) = try queue.read { database in
                try Schema.check(database)
                return (try Schema.version(of: database) >= 2, try IncidentIndex(database.lent(by: "journal")))
            }
        } catch {
            throw JournalError(opening: error, path: path)
        }
    }

    public func records(
        after sequence: SequenceNumber, limit: Int, bytes: Int
    ) throws(JournalError) -> [StoredRecord] {
        try access { (connection) throws(JournalError) in
            let statement = try Statement(
                connection, "SELECT sequence, at, payload, event FROM record WHERE sequence > ? ORDER BY sequence LIMIT ?")
            statement.bind(1, Int64(clamping: sequence))
            statement.bind(2, Int64(max(0, limit)))
            return try self.collect(statement, bytes: bytes)
        }
    }

    public func records(about incident: IncidentID, limit: Int) throws(JournalError) -> [StoredRecord] {
        try access { (connection) throws(JournalError) in
            let statement = try Statement(
                connection,
                "SELECT sequence, at, payload, event FROM record WHERE sequence IN (\(incidents.sequences(isLimited: true))) ORDER BY sequence")
            statement.bind(1, Int64(bitPattern: incident.rawValue))
            statement.bind(2, Int64(max(0, limit)))
            return try self.collect(statement, bytes: .max)
        }
    }

    private func collect(_ statement: Statement, bytes: Int) throws(JournalError) -> [StoredRecord] {
        var found: [StoredRecord] = []
        var size = 0
        while found.isEmpty || size < bytes, try statement.step() {
            let sequence = SequenceNumber(bitPattern: statement.integer(0))
            let payload = statement.blob(2) ?? []
            size += payload.count
            found.append(
                StoredRecord(
                    record: Record(
                        sequence: sequence, at: Timestamp(milliseconds: statement.integer(1)),
                        events: try EventCodec.decode(payload, sequence: sequence)),
                    feedEvent: statement.blob(3)))
        }
        return found
    }

    public func feedPage(_ request: FeedPageRequest) throws(JournalError) -> FeedPage {
        // Room for nothing means that nothing was looked at.
        guard request.limit > 0 else { return FeedPage(items: [], reached: request.after) }
        guard request.after < request.through, !request.zones.isEmpty || request.guest != nil else {
            return FeedPage(items: [], reached: max(request.after, request.through))
        }
        return try access { (connection) throws(JournalError) in
            let zones = try request.zones.isEmpty ? nil : ofZones(request, connection)
            let guest = try hasGuests ? request.guest.map { guest throws(JournalError) in try ofGuest(request, guest, connection) } : nil
            var merged = try MergedRows(zones, guest)
            var items: [FeedPage.Item] = []
            var size = 0
            while items.count < request.limit, size < request.bytes, let item = try merged.next() {
                items.append(item)
                size += item.event.count
            }
            let isCut = items.count == request.limit || size >= request.bytes
            return FeedPage(items: items, reached: isCut ? items.last?.sequence ?? request.through : request.through)
        }
    }

    private func ofZones(_ request: FeedPageRequest, _ connection: OpaquePointer) throws(JournalError) -> Statement {
        let places = Array(repeating: "?", count: request.zones.count).joined(separator: ",")
        let statement = try Statement(
            connection,
            """
            SELECT sequence, event FROM record
            WHERE lane = ? AND sequence > ? AND sequence <= ? AND level >= ? AND zone IN (\(places))
            ORDER BY sequence LIMIT ?
            """)
        statement.bind(1, Int64(request.lane.rawValue))
        // Clamped, since a cursor comes from a client: taken as bits a large one would be negative.
        statement.bind(2, Int64(clamping: request.after))
        statement.bind(3, Int64(clamping: request.through))
        statement.bind(4, Int64(request.leastLevel.rawValue))
        var index: Int32 = 5
        for zone in request.zones.sorted() {
            statement.bind(index, text: zone.rawValue)
            index += 1
        }
        statement.bind(index, Int64(request.limit))
        return statement
    }

    private func ofGuest(
        _ request: FeedPageRequest, _ guest: UnitID, _ connection: OpaquePointer
    ) throws(JournalError) -> Statement {
        let statement = try Statement(
            connection,
            """
            SELECT g.sequence, r.event FROM guest AS g CROSS JOIN record AS r ON r.sequence = g.sequence
            WHERE g.unit = ? AND g.lane = ? AND g.sequence > ? AND g.sequence <= ? AND r.level >= ?
            ORDER BY g.sequence LIMIT ?
            """)
        statement.bind(1, text: guest.rawValue)
        statement.bind(2, Int64(request.lane.rawValue))
        statement.bind(3, Int64(clamping: request.after))
        statement.bind(4, Int64(clamping: request.through))
        statement.bind(5, Int64(request.leastLevel.rawValue))
        statement.bind(6, Int64(request.limit))
        return statement
    }

    /// The rows of two ordered queries in one order, each sequence once.
    private struct MergedRows {
        private let statements: [Statement?]
        private var heads: [FeedPage.Item?]

        init(_ statements: Statement?...) throws(JournalError) {
            self.statements = statements
            heads = Array(repeating: nil, count: statements.count)
            for index in heads.indices { try advance(index) }
        }

        mutating func next() throws(JournalError) -> FeedPage.Item? {
            guard let first = heads.compactMap(\.self).min(by: { $0.sequence < $1.sequence }) else { return nil }
            for index in heads.indices where heads[index]?.sequence == first.sequence { try advance(index) }
            return first
        }

        private mutating func advance(_ index: Int) throws(JournalError) {
            guard let statement = statements[index], try statement.step() else {
                heads[index] = nil
                return
            }
            heads[index] = FeedPage.Item(
                sequence: SequenceNumber(bitPattern: statement.integer(0)), event: statement.blob(1) ?? [])
        }
    }

    public func laneHeads() throws(JournalError) -> FeedCursor {
        try access { (connection) throws(JournalError) in
            let statement = try Statement(connection, "SELECT max(sequence) FROM record WHERE lane = ?")
            var heads = FeedCursor()
            for lane in Lane.allCases {
                statement.bind(1, Int64(lane.rawValue))
                if try statement.step() { heads[lane] = SequenceNumber(bitPattern: statement.integer(0)) }
                statement.reset()
            }
            return heads
        }
    }

    public func latestSnapshot() throws(JournalError) -> StoredSnapshot? {
        try access { (connection) throws(JournalError) in
            let statement = try Statement(
                connection, "SELECT sequence, state FROM snapshot ORDER BY sequence DESC")
            while try statement.step() {
                let snapshot = StoredSnapshot(
                    sequence: SequenceNumber(bitPattern: statement.integer(0)), bytes: statement.blob(1) ?? [])
                if SnapshotCodec.isIntact(snapshot) { return snapshot }
            }
            return nil
        }
    }

    public func lastSequence() throws(JournalError) -> SequenceNumber {
        try access { (connection) throws(JournalError) in
            let statement = try Statement(connection, "SELECT max(sequence) FROM record")
            return try statement.step() ? SequenceNumber(bitPattern: statement.integer(0)) : 0
        }
    }

    /// What the files hold, for a person.
    public func storage() throws(JournalError) -> JournalStorage {
        try access { (connection) throws(JournalError) in
            func number(_ sql: String) throws(JournalError) -> Int {
                let statement = try Statement(connection, sql)
                return try statement.step() ? Int(statement.integer(0)) : 0
            }
            let page = try number("PRAGMA page_size")
            var storage = JournalStorage(
                bytes: page * (try number("PRAGMA page_count")), freeBytes: page * (try number("PRAGMA freelist_count")),
                logBytes: FileWork.size(path + "-wal") ?? 0)
            let statement = try Statement(connection, "SELECT sequence, state FROM snapshot ORDER BY sequence DESC LIMIT 100")
            while try statement.step() {
                let snapshot = StoredSnapshot(
                    sequence: SequenceNumber(bitPattern: statement.integer(0)), bytes: statement.blob(1) ?? [])
                storage.snapshots.append((snapshot.sequence, snapshot.bytes.count, SnapshotCodec.isIntact(snapshot)))
            }
            return storage
        }
    }

    public func base() throws(JournalError) -> JournalBase? {
        try access { (connection) throws(JournalError) in try JournalBase.read(connection) }
    }

    public func verify(
        progress: (SequenceNumber, SequenceNumber) -> Bool
    ) throws(JournalError) -> Verification {
        let last = try lastSequence()
        if let base = try base(), (try? SnapshotCodec.decode(base.snapshot)) == nil {
            return .damaged(at: base.sequence, reason: "the state that stands for dropped records cannot be read")
        }
        var walk = ChainWalk()
        // In pages, each its own short read, so that a long check holds back no checkpoint of the running daemon.
        while walk.reached < last {
            let damage = try access { (connection) throws(JournalError) in
                try walk.step(connection, through: last, rows: 10_000)
            }
            if let damage { return .damaged(at: damage.sequence, reason: damage.reason) }
            guard progress(walk.reached, last) else { return .stopped(at: walk.reached) }
        }
        // The chain cannot tell that its newest records are missing; a snapshot that was taken after them can.
        if let snapshot = try latestSnapshot(), snapshot.sequence > walk.reached, (try? SnapshotCodec.decode(snapshot)) != nil {
            return .damaged(at: walk.reached + 1, reason: "the record is missing, a snapshot was taken at \(snapshot.sequence)")
        }
        return .sound(records: walk.reached)
    }

    public func close() { try? queue.close() }

    private func access<Result>(
        _ body: (OpaquePointer) throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        do {
            return try queue.read { try body($0.lent(by: "reader")) }
        } catch {
            throw JournalError(opening: error, path: path)
        }
    }
}

/// What a journal's files hold.
public struct JournalStorage: Sendable {
    public var bytes: Int
    /// Of them in pages that are free for new records.
    public var freeBytes: Int
    /// Of the write-ahead log's file.
    public var logBytes: Int
    /// The newest first.
    public var snapshots: [(sequence: SequenceNumber, bytes: Int, isIntact: Bool)] = []
}

internal import GRDB
internal import GRDBSQLite
internal import TipModel
internal import TipWire

/// The idempotency index of the SQLite journal: looks tips up on a connection of its own, so that the next group is decided while
/// the one before it is synced.
final class TipFinder {
    private let path: String
    private let queue: DatabaseQueue
    private var statements: (begin: Statement, find: Statement, end: Statement)?

    /// - Parameter path: of a journal that is open.
    init(path: String) throws(JournalError) {
        self.path = path
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "journal-finder"
        configuration.busyMode = .timeout(5)
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw JournalError(opening: error, path: path)
        }
        try access { (connection) throws(JournalError) in
            statements = (
                try Statement(connection, "BEGIN"),
                try Statement(connection, "SELECT sequence, payload, event FROM record WHERE tip = ? AND post = ?"),
                try Statement(connection, "COMMIT")
            )
        }
    }

    func find(_ keys: [TipKey]) throws(JournalError) -> [TipKey: StoredTip] {
        var found: [TipKey: StoredTip] = [:]
        try access { (connection) throws(JournalError) in
            guard let statements else { throw JournalError(.misuse, "the journal is closed") }
            // One transaction, so that the file is locked and the log looked through once.
            try statements.begin.run()
            defer { if sqlite3_get_autocommit(connection) == 0 { try? statements.end.run() } }
            for key in keys {
                if let tip = try find(key, statements.find) { found[key] = tip }
            }
        }
        return found
    }

    private func find(_ key: TipKey, _ statement: Statement) throws(JournalError) -> StoredTip? {
        let id = (key.tip.high.bigEndian, key.tip.low.bigEndian)
        var post = key.post.rawValue
        // Lent for the step: nothing of a look-up is copied.
        let found = withUnsafeBytes(of: id) { id in
            post.withUTF8 { post -> Result<StoredTip?, JournalError> in
                defer {
                    statement.reset()
                    statement.clear()
                }
                statement.bind(1, lentBlob: id)
                statement.bind(2, lentText: UnsafeRawBufferPointer(post))
                do throws(JournalError) {
                    guard try statement.step() else { return .success(nil) }
                    return .success(
                        try StoredTip(
                            sequence: SequenceNumber(bitPattern: statement.integer(0)), payload: statement.blob(1) ?? [],
                            event: statement.blob(2) ?? []))
                } catch {
                    return .failure(error)
                }
            }
        }
        return try found.get()
    }

    func close() {
        try? access { (_) throws(JournalError) in statements = nil }
        try? queue.close()
    }

    /// Lends the connection; the body runs on this thread.
    private func access<Result>(_ body: (OpaquePointer) throws(JournalError) -> Result) throws(JournalError) -> Result {
        do {
            return try queue.inDatabase { try body($0.lent(by: "journal")) }
        } catch {
            throw JournalError(opening: error, path: path)
        }
    }
}

extension StoredTip {
    init(sequence: SequenceNumber, payload: [UInt8], event: [UInt8]) throws(JournalError) {
        let events = try EventCodec.decode(payload, sequence: sequence)
        for case .tipAccepted(let accepted) in events {
            guard let feed = try? FeedCodec.decodeEvent(event) else { break }
            self.init(
                sequence: sequence, encoded: accepted.encoded, incident: feed.incident.id,
                level: feed.incident.urgency.level, score: feed.incident.urgency.score)
            return
        }
        throw JournalError(.corrupt, "record \(sequence) is indexed as a tip and holds none")
    }
}

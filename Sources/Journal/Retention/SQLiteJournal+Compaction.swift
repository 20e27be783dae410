internal import GRDBSQLite
public import TipModel

// Drops what is old. What goes: records up to a bound, but for those about incidents that the daemon still remembers (all that
// are open, and the newest cleared ones) and their families. What stays in their place: the state at the bound, and the
// checksums that the chain goes on from. All of it is one transaction.
extension SQLiteJournal {
    /// Compacts a journal that no daemon has open.
    /// - Parameters:
    ///   - isTrial: only says what would be done.
    ///   - progress: of the check before and after; false stops it.
    /// - Throws: ``JournalError``; then nothing was dropped.
    public func compact(
        _ retention: Retention, now: Timestamp, isTrial: Bool = false,
        progress: (SequenceNumber, SequenceNumber) -> Bool = { _, _ in true }
    ) throws(JournalError) -> Compaction {
        let reader = try makeReader()
        defer { reader.close() }
        // What is sealed is vouched for: only what holds may be.
        try Self.check(try reader.verify(progress: progress))
        var result = Compaction()
        let state = try Replay.state(from: reader)
        try access { (connection) throws(JournalError) in
            let plan = CompactionPlan(connection)
            result.records = try plan.number("SELECT count(*) FROM record")
            result.bytesBefore = try plan.bytes()
            result.bytesAfter = result.bytesBefore
            result.through = try plan.through(retention, now: now, state: state, last: lastSequence, bound: &result.bound)
            guard result.through > 0 else { return }
            try plan.collect(try Self.remembered(state, reader), through: result.through)
            result.kept = try plan.number("SELECT count(*) FROM temp.stays")
            result.dropped = try plan.number("SELECT count(*) FROM record WHERE sequence <= \(result.through)") - result.kept
            guard !isTrial, result.dropped > 0 else { return }
            let folded = try Self.fold(reader, through: result.through)
            let base = JournalBase(
                sequence: result.through, snapshot: SnapshotCodec.encode(folded), gaps: try plan.gaps(through: result.through))
            guard try SnapshotCodec.decode(base.snapshot) == folded else {
                throw JournalError(.misuse, "the state at \(result.through) cannot be kept; nothing was dropped")
            }
            try plan.drop(base)
        }
        guard !isTrial, result.dropped > 0 else { return result }
        try Self.check(try reader.verify(progress: progress))
        result.bytesAfter = try shrink()
        return result
    }

    private static func check(_ verification: Verification) throws(JournalError) {
        switch verification {
        case .sound: return
        case .damaged(let sequence, let reason): throw JournalError(.corrupt, "record \(sequence) is damaged (\(reason)); nothing is dropped")
        case .stopped(let sequence): throw JournalError(.misuse, "stopped at \(sequence)")
        }
    }

    /// Gives the freed pages back. It needs room for a copy: where there is none, they are used for new records instead.
    private func shrink() throws(JournalError) -> Int {
        try access { (connection) throws(JournalError) in
            if (try? Statement(connection, "VACUUM").run()) != nil {
                _ = try? Statement(connection, "PRAGMA wal_checkpoint(TRUNCATE)").step()
            }
            return try CompactionPlan(connection).bytes()
        }
    }

    /// The incidents that the daemon remembers, and those that gave them tips.
    private static func remembered(_ state: StationState, _ reader: any JournalReader) throws(JournalError) -> Set<IncidentID> {
        var met = Set(state.incidents.keys)
        var waiting = Array(met)
        while let next = waiting.popLast() {
            for stored in try reader.records(about: next, limit: .max) {
                for relative in Membership.relatives(of: next, in: stored.record) where met.insert(relative).inserted {
                    waiting.append(relative)
                }
            }
        }
        return met
    }

    private static func fold(_ reader: any JournalReader, through: SequenceNumber) throws(JournalError) -> StationState {
        var state = try Replay.base(of: reader)
        while state.sequence < through {
            let page = try reader.records(after: state.sequence, limit: Int(min(4_096, through - state.sequence)), bytes: 8 << 20)
            guard let first = page.first, first.record.sequence == state.sequence + 1 else {
                throw JournalError(.corrupt, "record \(state.sequence + 1) is missing")
            }
            for stored in page { state.apply(stored.record) }
        }
        return state
    }
}

/// Finds how far a compaction goes and does it, on the writer's connection.
private struct CompactionPlan {
    let connection: OpaquePointer

    init(_ connection: OpaquePointer) { self.connection = connection }

    func number(_ sql: String, _ values: Int64...) throws(JournalError) -> UInt64 { try signed(sql, values).map { UInt64(clamping: $0) } ?? 0 }

    private func signed(_ sql: String, _ values: [Int64]) throws(JournalError) -> Int64? {
        let statement = try Statement(connection, sql)
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        return try statement.step() ? statement.optionalInteger(0) : nil
    }

    /// Of the pages in use.
    func bytes() throws(JournalError) -> Int {
        let pages = try number("PRAGMA page_count") - min(number("PRAGMA freelist_count"), number("PRAGMA page_count"))
        return Int(clamping: pages * (try number("PRAGMA page_size")))
    }

    /// The newest record that may go; 0 where none may. Never the newest of all, which tells where to go on.
    func through(
        _ retention: Retention, now: Timestamp, state: StationState, last: SequenceNumber, bound: inout Compaction.Bound?
    ) throws(JournalError) -> SequenceNumber {
        let begin = try JournalBase.read(connection)?.sequence ?? 0
        guard last > begin + 1 else { return 0 }
        // Of the two, the earlier: a clock that has just been set forward makes nothing old.
        let newest = try signed("SELECT at FROM record WHERE sequence = ?", [Int64(clamping: last)]) ?? now.milliseconds
        let today = Timestamp(milliseconds: min(now.milliseconds, newest))
        func older(than age: Int64) throws(JournalError) -> SequenceNumber {
            let moment = today.advanced(byMilliseconds: -age).milliseconds
            let first = try signed(
                "SELECT min(sequence) FROM record WHERE sequence > ? AND at >= ?", [Int64(clamping: begin), moment])
            return first.map { SequenceNumber(clamping: $0 - 1) } ?? last
        }
        var through: SequenceNumber = 0
        if let age = retention.age { through = try older(than: max(age, retention.youngest)) }
        if let bytes = retention.bytes { through = max(through, min(try beyond(bytes), try older(than: retention.youngest))) }
        through = min(through, last - 1)
        if let unread = try unread(state, after: begin, through: through) {
            bound = .unread(unread.unit, unread.sequence)
            through = unread.sequence - 1
        }
        guard through > begin else { return 0 }
        if !retention.trustsClock, let leap = try leap(after: through) {
            bound = .leap(through, leap)
            return 0
        }
        return through
    }

    /// The newest record that does not fit into `bytes`; every row counts with its part of the indexes.
    private func beyond(_ bytes: Int) throws(JournalError) -> SequenceNumber {
        let size = "length(payload) + coalesce(length(event), 0) + 200"
        let (content, used) = (try number("SELECT sum(\(size)) FROM record"), UInt64(try self.bytes()))
        guard used > UInt64(bytes), content > 0 else { return 0 }
        let room = Double(bytes) * Double(content) / Double(used)
        let statement = try Statement(connection, "SELECT sequence, \(size) FROM record ORDER BY sequence DESC")
        var sum = 0.0
        while try statement.step() {
            sum += Double(statement.integer(1))
            if sum > room { return SequenceNumber(clamping: statement.integer(0)) }
        }
        return 0
    }

    /// The first event that a unit has not told that it has. A unit that reads on later would not know that it is missing.
    private func unread(
        _ state: StationState, after: SequenceNumber, through: SequenceNumber
    ) throws(JournalError) -> (unit: UnitID, sequence: SequenceNumber)? {
        var first: (unit: UnitID, sequence: SequenceNumber)?
        for (id, cursor) in state.cursors.sorted(by: { $0.key < $1.key }) {
            guard let enrolment = state.enrolments[.unit(id)], !enrolment.isRevoked, case .unit(let unit) = enrolment.subject else { continue }
            for lane in Lane.allCases {
                let zones = unit.zones.indices.map { "?\(5 + $0)" }.joined(separator: ",")
                let statement = try Statement(
                    connection,
                    """
                    SELECT min(sequence) FROM (
                        SELECT sequence FROM record WHERE lane = ?1 AND sequence > ?2 AND sequence <= ?3 AND zone IN (\(zones))
                        UNION ALL SELECT sequence FROM guest WHERE unit = ?4 AND lane = ?1 AND sequence > ?2 AND sequence <= ?3)
                    """)
                statement.bind(1, Int64(lane.rawValue))
                statement.bind(2, Int64(clamping: max(cursor[lane], after)))
                statement.bind(3, Int64(clamping: through))
                statement.bind(4, text: id.rawValue)
                for (index, zone) in unit.zones.enumerated() { statement.bind(Int32(5 + index), text: zone.rawValue) }
                guard try statement.step(), let found = statement.optionalInteger(0) else { continue }
                let sequence = SequenceNumber(clamping: found)
                if first.map({ sequence < $0.sequence }) ?? true { first = (id, sequence) }
            }
        }
        return first
    }

    private func leap(after sequence: SequenceNumber) throws(JournalError) -> Int64? {
        let before = try signed("SELECT at FROM record WHERE sequence = ?", [Int64(clamping: sequence)])
        let behind = try signed("SELECT at FROM record WHERE sequence = ?", [Int64(clamping: sequence + 1)])
        guard let before, let behind else { return nil }
        let leap = Timestamp(milliseconds: behind).milliseconds(since: Timestamp(milliseconds: before))
        return leap > Retention.leap ? leap : nil
    }

    /// Notes what stays: the records about `incidents`, and the newest of each lane, where the feed's heads are read.
    func collect(_ incidents: Set<IncidentID>, through: SequenceNumber) throws(JournalError) {
        try Statement(connection, "CREATE TEMP TABLE IF NOT EXISTS stays (sequence INTEGER PRIMARY KEY)").run()
        try Statement(connection, "DELETE FROM temp.stays").run()
        let about = try Statement(
            connection,
            "INSERT OR IGNORE INTO temp.stays SELECT sequence FROM (\(IncidentIndex(connection).sequences(isLimited: false))) WHERE sequence <= ?2")
        for incident in incidents {
            about.bind(1, Int64(bitPattern: incident.rawValue))
            about.bind(2, Int64(clamping: through))
            try about.run()
        }
        let head = try Statement(
            connection,
            "INSERT OR IGNORE INTO temp.stays SELECT m FROM (SELECT max(sequence) AS m FROM record WHERE lane = ?) WHERE m <= ?")
        for lane in Lane.allCases {
            head.bind(1, Int64(lane.rawValue))
            head.bind(2, Int64(clamping: through))
            try head.run()
        }
    }

    /// The runs between what stays. One that grew ends at a record that is there still, or where an old one ended.
    func gaps(through: SequenceNumber) throws(JournalError) -> [JournalBase.Gap] {
        let old = Dictionary(try JournalBase.readGaps(connection).map { ($0.last, $0.chain) }, uniquingKeysWith: { first, _ in first })
        let chain = try Statement(connection, "SELECT chain FROM record WHERE sequence = ?")
        var gaps: [JournalBase.Gap] = []
        func close(_ first: SequenceNumber, _ last: SequenceNumber) throws(JournalError) {
            guard first <= last else { return }
            chain.bind(1, Int64(clamping: last))
            defer { chain.reset() }
            guard let value = try chain.step() ? chain.blob(0) : old[last] else {
                throw JournalError(.corrupt, "record \(last) is missing; nothing is dropped")
            }
            gaps.append(.init(first: first, last: last, chain: value))
        }
        let stays = try Statement(connection, "SELECT sequence FROM temp.stays ORDER BY sequence")
        var next: SequenceNumber = 1
        while try stays.step() {
            let sequence = SequenceNumber(clamping: stays.integer(0))
            try close(next, sequence - 1)
            next = sequence + 1
        }
        try close(next, through)
        return gaps
    }

    func drop(_ base: JournalBase) throws(JournalError) {
        try Statement(connection, "BEGIN IMMEDIATE").run()
        do throws(JournalError) {
            try Schema.prepareBase(connection)
            for table in ["record", "guest"] {
                try Statement(
                    connection,
                    "DELETE FROM \(table) WHERE sequence <= \(base.sequence) AND sequence NOT IN (SELECT sequence FROM temp.stays)"
                ).run()
            }
            // The records that they would be folded on with are gone.
            try Statement(connection, "DELETE FROM snapshot WHERE sequence < \(base.sequence)").run()
            try base.write(connection)
            try Statement(connection, "COMMIT").run()
        } catch {
            if sqlite3_get_autocommit(connection) == 0 { try? Statement(connection, "ROLLBACK").run() }
            throw error
        }
    }
}

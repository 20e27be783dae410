public import TipModel

/// Rebuilds the state: from the newest usable snapshot and everything after it.
public enum Replay {
    /// - Parameter progress: called after each page with the sequence reached and the last.
    /// - Throws: ``JournalError`` when a record cannot be read or is missing. A snapshot that cannot is passed over.
    public static func state(
        from reader: any JournalReader, ignoringSnapshots: Bool = false,
        progress: (SequenceNumber, SequenceNumber) -> Void = { _, _ in }
    ) throws(JournalError) -> StationState {
        var state = try base(of: reader)
        let last = try reader.lastSequence()
        if !ignoringSnapshots, let snapshot = try reader.latestSnapshot(), snapshot.sequence >= state.sequence,
            let restored = try? SnapshotCodec.decode(snapshot)
        {
            // It was taken after its records were on the disk. Going on without them would give their numbers twice.
            guard snapshot.sequence <= last else {
                throw JournalError(
                    .corrupt,
                    "a snapshot was taken at \(snapshot.sequence) and the newest record is \(last): records are missing; restore a backup")
            }
            state = restored
        }
        while state.sequence < last {
            let page = try reader.records(after: state.sequence, limit: 4_096, bytes: 8 << 20)
            guard !page.isEmpty else {
                throw JournalError(.corrupt, "records after \(state.sequence) are missing, the last is \(last)")
            }
            for stored in page {
                guard stored.record.sequence == state.sequence + 1 else {
                    throw JournalError(.corrupt, "record \(state.sequence + 1) is missing")
                }
                state.apply(stored.record)
            }
            progress(state.sequence, last)
        }
        return state
    }

    /// Where a fold from the beginning begins: with nothing, or with the state that stands for dropped records.
    static func base(of reader: any JournalReader) throws(JournalError) -> StationState {
        guard let base = try reader.base() else { return StationState() }
        return try SnapshotCodec.decode(base.snapshot)
    }
}

public import TipModel

/// Every incident of a journal as it last was, each once, without holding all of them: the state forgets one that ended long
/// ago, and is looked at before it does.
public enum IncidentFold {
    private static let few = 8

    /// - Parameter body: gets those that are forgotten in that order, then those that are not by their number.
    public static func each(of reader: any JournalReader, _ body: (Incident) throws -> Void) throws {
        var state = try Replay.base(of: reader)
        let last = try reader.lastSequence()
        while state.sequence < last {
            let page = try reader.records(after: state.sequence, limit: 4_096, bytes: 8 << 20)
            guard let first = page.first, first.record.sequence == state.sequence + 1 else {
                throw JournalError(.corrupt, "record \(state.sequence + 1) is missing; run: watchpost journal verify")
            }
            for stored in page where stored.record.sequence <= last {
                // At the bound, what one record may push out is among the oldest: it clears or touches few.
                let leaving = state.recentlyCleared.count >= StationState.clearedBound - few
                    ? state.recentlyCleared.prefix(few).compactMap { state.incidents[$0] } : []
                state.apply(stored.record)
                for incident in leaving where state.incidents[incident.id] == nil { try body(incident) }
            }
        }
        for id in state.incidents.keys.sorted() { if let incident = state.incidents[id] { try body(incident) } }
    }
}

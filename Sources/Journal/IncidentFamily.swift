public import TipModel

/// What an incident's tips are told from: its own records, and those of the incidents that gave it tips.
public struct IncidentFamily: Sendable {
    /// About the incident itself, oldest first.
    public var own: [StoredRecord]
    /// Which tips belong to which of the family.
    public var membership: Membership
    /// There are more records than were asked for, so tips may be missing.
    public var isCut: Bool
}

extension JournalReader {
    /// Reads an incident's family: merges bring other incidents' records along, and so does having been split off.
    /// - Parameters:
    ///   - limit: records in all, of the whole family.
    ///   - pending: records that are decided and not appended yet, each with the incident that it is about.
    public func family(
        of id: IncidentID, limit: Int, pending: [(incident: IncidentID, record: Record)] = []
    ) throws(JournalError) -> IncidentFamily {
        var family = IncidentFamily(own: [], membership: Membership(), isCut: false)
        var folded: [SequenceNumber: Record] = [:]
        var left = limit
        var (waiting, met) = ([id], Set([id]))
        while let next = waiting.popLast(), !family.isCut {
            let found = try records(about: next, limit: left + 1)
            family.isCut = found.count > left
            let stored = found.prefix(left)
            left -= stored.count
            if next == id { family.own = Array(stored) }
            for record in stored.map(\.record) + pending.filter({ $0.incident == next }).map(\.record) {
                folded[record.sequence] = record
                for relative in Membership.relatives(of: next, in: record) where met.insert(relative).inserted {
                    waiting.append(relative)
                }
            }
        }
        for record in folded.values.sorted(by: { $0.sequence < $1.sequence }) { family.membership.apply(record) }
        return family
    }
}

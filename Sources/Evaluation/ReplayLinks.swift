// Two histories of the same tips: where the daemon put each, and where the new rules put it. What units and the desk did is
// known of recorded incidents only; these links tell which replayed incidents it concerns.

internal import TipModel

/// Where each tip is, in both histories. Holds what is still linked: ``forget(_:)`` lets go.
struct ReplayLinks {
    struct Tip {
        /// As triage under the new rules sees it; without the bytes that were sent.
        var member: MemberTip
        var recorded: IncidentID
        /// Nil where the new rules refuse it.
        var replayed: IncidentID?
    }

    /// Incidents of both histories that share tips, directly or through others.
    struct Group {
        var recorded: [IncidentID] = []
        var replayed: [IncidentID] = []
        /// In the order of their records.
        var tips: [SequenceNumber] = []
    }

    /// By the tip's record.
    private(set) var tips: [SequenceNumber: Tip] = [:]
    /// The tips of each recorded incident, oldest first.
    private(set) var recorded: [IncidentID: [SequenceNumber]] = [:]
    private(set) var replayed: [IncidentID: [SequenceNumber]] = [:]
    private var sequences: [TipKey: SequenceNumber] = [:]

    mutating func add(_ member: MemberTip, recorded: IncidentID, replayed: IncidentID?) {
        var member = member
        member.accepted.encoded = []
        tips[member.sequence] = Tip(member: member, recorded: recorded, replayed: replayed)
        sequences[member.key] = member.sequence
        self.recorded[recorded, default: []].append(member.sequence)
        if let replayed { self.replayed[replayed, default: []].append(member.sequence) }
    }

    func sequences(of keys: [TipKey]) -> [SequenceNumber] { keys.compactMap { sequences[$0] }.sorted() }

    /// The members of a replayed incident, oldest first.
    func members(_ sequences: some Sequence<SequenceNumber>) -> [MemberTip] { sequences.compactMap { tips[$0]?.member } }

    /// The replayed incident that a recorded one is: that of its first tip.
    func home(of id: IncidentID) -> IncidentID? {
        for sequence in recorded[id] ?? [] {
            if let home = tips[sequence]?.replayed { return home }
        }
        return nil
    }

    /// All replayed incidents that have tips of a recorded one.
    func homes(of id: IncidentID) -> Set<IncidentID> { Set((recorded[id] ?? []).compactMap { tips[$0]?.replayed }) }

    /// All recorded incidents that a replayed one has tips of.
    func sources(of id: IncidentID) -> Set<IncidentID> { Set((replayed[id] ?? []).compactMap { tips[$0]?.recorded }) }

    mutating func moveRecorded(_ moved: [SequenceNumber], to id: IncidentID) {
        for sequence in moved {
            guard let old = tips[sequence]?.recorded, old != id else { continue }
            tips[sequence]?.recorded = id
            Self.drop(sequence, from: old, in: &recorded)
        }
        recorded[id] = Self.union(recorded[id], moved)
    }

    mutating func moveReplayed(_ moved: [SequenceNumber], to id: IncidentID) {
        for sequence in moved {
            guard let old = tips[sequence]?.replayed, old != id else { continue }
            tips[sequence]?.replayed = id
            Self.drop(sequence, from: old, in: &replayed)
        }
        replayed[id] = Self.union(replayed[id], moved)
    }

    private static func drop(
        _ sequence: SequenceNumber, from id: IncidentID, in side: inout [IncidentID: [SequenceNumber]]
    ) {
        side[id]?.removeAll { $0 == sequence }
        if side[id]?.isEmpty == true { side[id] = nil }
    }

    private static func union(_ one: [SequenceNumber]?, _ other: [SequenceNumber]) -> [SequenceNumber] {
        Set(one ?? []).union(other).sorted()
    }

    /// All groups, by their oldest tips.
    func groups() -> [Group] {
        var seen: Set<IncidentID> = []
        var groups: [Group] = []
        for start in recorded.keys where !seen.contains(start) {
            var group = Group()
            var met: Set<IncidentID> = []
            var waiting = [start]
            seen.insert(start)
            while let next = waiting.popLast() {
                group.recorded.append(next)
                group.tips += recorded[next] ?? []
                for home in homes(of: next) where met.insert(home).inserted {
                    group.replayed.append(home)
                    for source in sources(of: home) where seen.insert(source).inserted { waiting.append(source) }
                }
            }
            group.recorded.sort()
            group.replayed.sort()
            group.tips.sort()
            groups.append(group)
        }
        return groups.sorted { ($0.tips.first ?? 0) < ($1.tips.first ?? 0) }
    }

    mutating func forget(_ group: Group) {
        for sequence in group.tips {
            if let key = tips.removeValue(forKey: sequence)?.member.key { sequences[key] = nil }
        }
        for id in group.recorded { recorded[id] = nil }
        for id in group.replayed { replayed[id] = nil }
    }
}

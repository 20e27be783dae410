public import TipModel

/// One incident as a patrol knows it.
public struct BoardEntry: Hashable, Sendable {
    /// The newest snapshot.
    public var incident: Incident
    /// The newest tips, newest last, at most ``IncidentBoard/tipsKept``.
    public var tips: [TipSummary] = []
    /// Why the newest tip was joined or opened an incident.
    public var correlation: [Reason] = []
    /// What happened, newest last, at most ``IncidentBoard/stepsKept``.
    public var steps: [BoardStep] = []
    /// Nobody has looked at it since its last tip.
    public var isNew = true

    public init(incident: Incident) { self.incident = incident }

    /// Somebody pressed the panic button. The reasons tell it even after a restart, when the tips are not here any more.
    public var isPanic: Bool {
        tips.contains(where: \.panic) || incident.urgency.reasons.contains { $0.code == "panic" }
    }
}

/// One line of an incident's history.
public struct BoardStep: Hashable, Sendable {
    public var kind: EventKind
    public var at: Timestamp
    public var unit: UnitID?
    /// The other incident of a merge or split.
    public var other: IncidentID?
    /// Who did it, where that is not the unit itself.
    public var by: Operator?

    public init(kind: EventKind, at: Timestamp, unit: UnitID?, other: IncidentID? = nil, by: Operator? = nil) {
        self.kind = kind
        self.at = at
        self.unit = unit
        self.other = other
        self.by = by
    }
}

/// The newest snapshot of every incident that a feed told of. Pure.
///
/// Snapshots are versioned, so it does not matter that the lanes overtake each other: a lower version than the one
/// held is older and ignored. Bounded by ``bound``; cleared ones go first, the longest cleared first, then the
/// oldest of the least urgent.
public struct IncidentBoard: Sendable {
    /// Member tips kept for the details.
    public static let tipsKept = 4
    /// Steps kept for the details.
    public static let stepsKept = 8

    /// Cleared incidents that went for room and are remembered as such.
    static let forgottenBound = 65_536

    public let bound: Int
    private var entries: [IncidentID: BoardEntry] = [:]
    /// Incidents dropped at the bound while still open: what is shown is not all.
    public private(set) var droppedOpen: UInt64 = 0
    /// Cleared ones that went for room. The other lane may still bring an older snapshot, from when it was open; it
    /// would then stand here for ever, because nothing more is told of a cleared incident.
    private var forgotten: Set<IncidentID> = []

    public init(bound: Int = 2_000) { self.bound = max(1, bound) }

    public var count: Int { entries.count }

    public subscript(id: IncidentID) -> BoardEntry? { entries[id] }

    /// Takes an event in.
    /// - Returns: false when the board already held a newer snapshot; the event's tip and step are kept all the same.
    ///   Also for an incident that was cleared so long ago that it went for room.
    @discardableResult
    public mutating func apply(_ event: FeedEvent) -> Bool {
        guard !forgotten.contains(event.incident.id) else { return false }
        var entry = entries[event.incident.id] ?? BoardEntry(incident: event.incident)
        let isNewer = event.incident.version >= entry.incident.version
        if isNewer { entry.incident = event.incident }
        if let tip = event.tip, !entry.tips.contains(where: { $0.id == tip.id }) {
            entry.tips.append(tip)
            if entry.tips.count > Self.tipsKept { entry.tips.removeFirst() }
            entry.correlation = event.reasons
            entry.isNew = true
        }
        if isNewer, event.kind == .split {
            // Which of the tips kept here have left is not told; the snapshot has what counts.
            entry.tips.removeAll()
            entry.correlation.removeAll()
        }
        let step = BoardStep(kind: event.kind, at: event.at, unit: event.unit, other: event.other, by: event.by)
        if !entry.steps.contains(step) {
            entry.steps.append(step)
            // The lanes may overtake each other; the history is told in the order in which it happened.
            entry.steps.sort { $0.at < $1.at }
            if entry.steps.count > Self.stepsKept { entry.steps.removeFirst() }
        }
        entries[event.incident.id] = entry
        makeRoom()
        return isNewer
    }

    /// Takes a snapshot that came without an event: with an action's result, or from disk.
    @discardableResult
    public mutating func apply(_ snapshot: Incident) -> Bool {
        if let known = entries[snapshot.id], known.incident.version >= snapshot.version { return false }
        guard !forgotten.contains(snapshot.id) else { return false }
        entries[snapshot.id, default: BoardEntry(incident: snapshot)].incident = snapshot
        makeRoom()
        return true
    }

    /// Takes an incident away: the daemon says that there is none, or none that this unit may see.
    public mutating func remove(_ id: IncidentID) { entries[id] = nil }

    /// Takes away what this unit may see no more: beyond its zones, with no part in the crew, and a grant that has run out.
    /// Nothing more is told of it.
    public mutating func removeBeyond(_ zones: [ZoneID], unit: UnitID, at now: Timestamp) {
        guard !zones.isEmpty else { return }
        let gone = entries.values.filter { !zones.contains($0.incident.zone) && !$0.incident.admits(unit, at: now) }
        for entry in gone { entries[entry.incident.id] = nil }
    }

    /// Forgets everything: the daemon's journal was set back, so its incidents are told anew.
    public mutating func removeAll() {
        entries.removeAll()
        forgotten.removeAll()
        droppedOpen = 0
    }

    /// Notes that a person has looked at it.
    public mutating func markSeen(_ id: IncidentID) { entries[id]?.isNew = false }

    /// The open ones in the order of the screen: by level, real before drill, by score, and the newest first.
    public var open: [BoardEntry] { entries.values.filter { $0.incident.phase != .cleared }.sorted(by: Self.goesBefore) }

    private mutating func makeRoom() {
        guard entries.count > bound else { return }
        // Cleared ones go by the sixteenth, so that the search for them is not made for every incident of a long
        // history; open ones only as room is needed.
        let cleared = entries.values.filter { $0.incident.phase == .cleared }.sorted(by: Self.leavesBefore)
        for entry in cleared.prefix(max(1, bound / 16)) {
            entries.removeValue(forKey: entry.incident.id)
            forgotten.insert(entry.incident.id)
        }
        // Numbers are given in order, so the lowest ones are the oldest.
        if forgotten.count > Self.forgottenBound { forgotten = Set(forgotten.sorted().suffix(Self.forgottenBound / 2)) }
        while entries.count > bound, let victim = entries.values.min(by: Self.leavesBefore) {
            droppedOpen &+= 1
            entries.removeValue(forKey: victim.incident.id)
        }
    }

    private static func goesBefore(_ left: BoardEntry, _ right: BoardEntry) -> Bool {
        let (left, right) = (left.incident, right.incident)
        if left.urgency.level != right.urgency.level { return left.urgency.level > right.urgency.level }
        if left.drill != right.drill { return right.drill }
        if left.urgency.score != right.urgency.score { return left.urgency.score > right.urgency.score }
        if left.openedAt != right.openedAt { return left.openedAt > right.openedAt }
        return left.id > right.id
    }

    private static func leavesBefore(_ left: BoardEntry, _ right: BoardEntry) -> Bool {
        let (left, right) = (left.incident, right.incident)
        let isLeftCleared = left.phase == .cleared
        if isLeftCleared != (right.phase == .cleared) { return isLeftCleared }
        if isLeftCleared { return (left.phaseSince, left.id) < (right.phaseSince, right.id) }
        return (left.urgency.level, left.openedAt, left.id) < (right.urgency.level, right.openedAt, right.id)
    }
}

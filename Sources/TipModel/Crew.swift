// Who has an incident, who did what to it, and who else may see it.

/// Who does something: kept with each step, so that the record says who and when.
public struct Operator: Hashable, Sendable {
    public enum Role: UInt8, CaseIterable, Sendable {
        /// 巡组, by its unit's id.
        case unit = 1
        /// 值班台, by the user's name.
        case desk = 2
        /// 社区民警, by the user's name.
        case officer = 3
        /// 哨点, by its post's id.
        case post = 4

        public var name: String {
            switch self {
            case .unit: "unit"
            case .desk: "desk"
            case .officer: "officer"
            case .post: "post"
            }
        }
    }

    public var role: Role
    /// At most ``DeskLimits/byBytes`` bytes.
    public var name: String

    /// Cuts `name` to what is kept.
    public init(_ role: Role, _ name: String) {
        self.role = role
        self.name = clipped(name, bytes: DeskLimits.byBytes)
    }

    public static func unit(_ id: UnitID) -> Operator { Operator(.unit, id.rawValue) }
}

/// What was done in a step.
public enum StepAction: UInt8, CaseIterable, Sendable {
    /// 接单.
    case claim = 1
    /// 支援: a further unit.
    case join = 2
    /// 指派, by the desk.
    case assign = 3
    /// 退单: a unit leaves.
    case release = 4
    /// 召回: the desk takes a unit off.
    case recall = 5
    /// 移交: from one unit to another.
    case handOver = 6
    /// 改派: the unit went to another incident first; this one waits for it again.
    case divert = 7
    case enRoute = 8
    case onScene = 9
    case clear = 10
    /// 重新打开.
    case reopen = 11
    /// 自行处置, by the post.
    case handledByPost = 12

    public var name: String {
        switch self {
        case .claim: "claim"
        case .join: "join"
        case .assign: "assign"
        case .release: "release"
        case .recall: "recall"
        case .handOver: "hand_over"
        case .divert: "divert"
        case .enRoute: "en_route"
        case .onScene: "on_scene"
        case .clear: "clear"
        case .reopen: "reopen"
        case .handledByPost: "handled_by_post"
        }
    }

    /// What a record that does not say stands for: those from before there were crews.
    public init(phase: Phase) {
        self =
            switch phase {
            case .open: .release
            case .claimed: .claim
            case .enRoute: .enRoute
            case .onScene: .onScene
            case .cleared: .clear
            }
    }
}

/// A unit's part in an incident.
public struct Assignment: Hashable, Sendable {
    public var unit: UnitID
    /// `claimed`, `enRoute` or `onScene`.
    public var phase: Phase
    /// When it came to this phase.
    public var since: Timestamp
    /// Who brought it there.
    public var by: Operator

    public init(unit: UnitID, phase: Phase, since: Timestamp, by: Operator) {
        self.unit = unit
        self.phase = phase
        self.since = since
        self.by = by
    }
}

/// 已阅: somebody has seen it.
public struct Acknowledgement: Hashable, Sendable {
    public var by: Operator
    public var at: Timestamp

    public init(by: Operator, at: Timestamp) {
        self.by = by
        self.at = at
    }
}

/// Lets a unit beyond its zones see one incident and act on it, until a moment.
public struct Grant: Hashable, Sendable {
    public var unit: UnitID
    public var until: Timestamp

    public init(unit: UnitID, until: Timestamp) {
        self.unit = unit
        self.until = until
    }
}

/// 上报升级: who was told that nobody comes, or that a unit does not get on.
public enum EscalationRung: UInt8, CaseIterable, Comparable, Sendable {
    /// Unclaimed: the zone's community officer.
    case officer = 1
    /// Unclaimed: the station desk.
    case desk = 2
    /// Unclaimed: patrols of the neighbouring zones.
    case neighbours = 3
    /// Claimed and not under way: the unit.
    case unitIdle = 4
    /// Claimed and still not under way: the desk.
    case unitIdleDesk = 5
    /// Under way for too long: the desk.
    case enRouteLong = 6
    /// On scene for too long: the desk.
    case onSceneLong = 7

    public static func < (left: EscalationRung, right: EscalationRung) -> Bool { left.rawValue < right.rawValue }

    public var name: String {
        switch self {
        case .officer: "officer"
        case .desk: "desk"
        case .neighbours: "neighbours"
        case .unitIdle: "unit_idle"
        case .unitIdleDesk: "unit_idle_desk"
        case .enRouteLong: "en_route_long"
        case .onSceneLong: "on_scene_long"
        }
    }
}

/// How far the ladder has come that runs for an incident. It begins anew with each phase, with a hand-over, and when the
/// level rises.
public struct Escalation: Hashable, Sendable {
    /// What its times count from.
    public var since: Timestamp
    /// The rung that was reached last.
    public var rung: EscalationRung?
    /// The newest notice: of the rung, or a reminder.
    public var toldAt: Timestamp?
    /// Reminders since the ladder began.
    public var reminders: UInt32
    /// An acknowledgement lets it rest until then.
    public var restUntil: Timestamp?

    public init(
        since: Timestamp, rung: EscalationRung? = nil, toldAt: Timestamp? = nil, reminders: UInt32 = 0, restUntil: Timestamp? = nil
    ) {
        self.since = since
        self.rung = rung
        self.toldAt = toldAt
        self.reminders = reminders
        self.restUntil = restUntil
    }
}

extension Incident {
    /// The unit that leads, from claim to clear: the first of the crew.
    public var holder: UnitID? { crew.first?.unit }

    /// A unit's part in it; nil where it has none.
    public func assignment(of unit: UnitID) -> Assignment? { crew.first { $0.unit == unit } }

    /// Whether a unit may see it beyond its own zones: it is in the crew, or has a grant that lives.
    public func admits(_ unit: UnitID, at now: Timestamp) -> Bool {
        assignment(of: unit) != nil || grants.contains { $0.unit == unit && now < $0.until }
    }

    /// Those that are told of it beyond its zone.
    public func guests(at now: Timestamp) -> Set<UnitID> {
        if crew.isEmpty, grants.isEmpty { return [] }
        return Set(crew.map(\.unit)).union(grants.lazy.filter { now < $0.until }.map(\.unit))
    }

    /// The furthest of the crew.
    private var crewPhase: Phase { crew.map(\.phase).max { $0.rawValue < $1.rawValue } ?? .open }

    mutating func move(_ change: PhaseChanged, at time: Timestamp, sequence: SequenceNumber) {
        version &+= 1
        lastSequence = sequence
        let (before, lead) = (phase, holder)
        // A new life: who had and who had seen the old one says nothing about it.
        if before == .cleared, change.phase != .cleared { (crew, acknowledgement) = ([], nil) }
        switch change.phase {
        case .open: crew.removeAll { $0.unit == change.unit }
        case .claimed, .enRoute, .onScene: assign(change, at: time)
        // A clear keeps the names of those who had it.
        case .cleared:
            if crew.isEmpty, let unit = change.unit {
                crew = [Assignment(unit: unit, phase: .claimed, since: time, by: change.by)]
            }
        }
        phase = change.phase == .cleared ? .cleared : crewPhase
        disposition = phase == .cleared ? change.disposition : nil
        if phase != before { phaseSince = time }
        // Whoever has it now has been reminded of nothing yet.
        if phase != before || holder != lead || change.action == .handOver { escalation = Escalation(since: time) }
    }

    private mutating func assign(_ change: PhaseChanged, at time: Timestamp) {
        guard let unit = change.unit else { return }
        let assignment = Assignment(unit: unit, phase: change.phase, since: time, by: change.by)
        if let from = change.from, from != unit, let place = crew.firstIndex(where: { $0.unit == from }) {
            crew[place] = assignment
            let former = crew.indices.first { $0 != place && crew[$0].unit == unit }
            if let former { crew.remove(at: former) }
        } else if let place = crew.firstIndex(where: { $0.unit == unit }) {
            crew[place] = assignment
        } else if crew.count < Limits.crew {
            crew.append(assignment)
        }
    }

    mutating func acknowledge(_ seen: IncidentAcknowledged, at time: Timestamp, sequence: SequenceNumber) {
        version &+= 1
        lastSequence = sequence
        if acknowledgement == nil { acknowledgement = Acknowledgement(by: seen.by, at: time) }
        escalation.restUntil = seen.restUntil
    }

    mutating func escalate(_ step: IncidentEscalated, at time: Timestamp, sequence: SequenceNumber) {
        version &+= 1
        lastSequence = sequence
        escalation.rung = step.rung
        escalation.toldAt = time
        if step.reminder > 0 { escalation.reminders = step.reminder }
        guard let until = step.until else { return }
        for unit in step.granted {
            grants.removeAll { $0.unit == unit || $0.until <= time }
            if grants.count < Limits.grants { grants.append(Grant(unit: unit, until: until)) }
        }
    }

    /// Begins its ladder anew where its level has risen from `before`.
    mutating func restartLadder(from before: UrgencyLevel, at time: Timestamp) {
        if phase != .cleared, urgency.level > before { escalation = Escalation(since: time) }
    }
}

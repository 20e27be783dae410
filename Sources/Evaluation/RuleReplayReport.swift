public import TipModel

/// What other rules would change of a recorded history.
public struct RuleReplayReport: Sendable, Codable, Hashable {
    /// Records that were read, those before the start among them.
    public var records: UInt64 = 0
    /// The first and the last tip that was decided anew; nil where there was none.
    public var firstAtMs: Int64?
    public var lastAtMs: Int64?
    /// Without drills, which count in ``drills`` alone.
    public var real = ReplayTally()
    public var drills = ReplayTally()
    /// Tips in the alert lane, by who would hear of them. Without drills.
    public var alerts: [ReplayAlerts] = []
    public var desk = ReplayDesk()
    /// The most important first, at most as many as were asked for.
    public var changes: [ReplayChange] = []
    public var changesNotListed: UInt64 = 0

    public init() {}

    /// Nothing would be another way.
    public var isUnchanged: Bool { changes.isEmpty && real.isUnchanged && drills.isUnchanged && desk.isUnchanged }

    enum CodingKeys: String, CodingKey {
        case records, real, drills, alerts, desk, changes
        case firstAtMs = "first_at_ms"
        case lastAtMs = "last_at_ms"
        case changesNotListed = "changes_not_listed"
    }
}

/// A count as it is in the journal and as it would be.
public struct ReplayPair: Sendable, Codable, Hashable {
    public var recorded: UInt64 = 0
    public var replayed: UInt64 = 0

    public init(recorded: UInt64 = 0, replayed: UInt64 = 0) {
        self.recorded = recorded
        self.replayed = replayed
    }
}

/// Counts of what was decided, recorded and anew.
public struct ReplayTally: Sendable, Codable, Hashable {
    public var tips: UInt64 = 0
    /// Tips whose category the new rules do not have.
    public var refused: UInt64 = 0
    public var opened = ReplayPair()
    public var attached = ReplayPair()
    /// Incidents opened with a suggestion for the desk.
    public var suggested = ReplayPair()
    /// Tips that opened an incident and would join one.
    public var wouldAttach: UInt64 = 0
    /// Tips that joined an incident and would open one.
    public var wouldOpen: UInt64 = 0
    /// Tips that would join another incident.
    public var elsewhere: UInt64 = 0
    /// Tips that go out in the alert lane, and those of them that only one of the two has.
    public var alerts = ReplayPair()
    public var alertsGained: UInt64 = 0
    public var alertsLost: UInt64 = 0
    /// By the level at the end (or when it is forgotten), `routine` … `emergency`; what was merged away does not count.
    public var levels: [String: ReplayPair] = [:]
    /// Groups of incidents that share tips, by what changes of them; see ``ReplayChange/Kind``.
    public var changed: [String: UInt64] = [:]
    /// Groups whose highest level rises or falls, whatever else changes.
    public var raised: UInt64 = 0
    public var lowered: UInt64 = 0
    /// Groups that reach `urgent` under one of the two only.
    public var alertGroupsGained: UInt64 = 0
    public var alertGroupsLost: UInt64 = 0

    public init() {}

    var isUnchanged: Bool {
        refused == 0 && wouldAttach == 0 && wouldOpen == 0 && elsewhere == 0 && alertsGained == 0 && alertsLost == 0
            && suggested.recorded == suggested.replayed && changed.isEmpty
    }

    enum CodingKeys: String, CodingKey {
        case tips, refused, opened, attached, suggested, elsewhere, alerts, levels, changed, raised, lowered
        case wouldAttach = "would_attach"
        case wouldOpen = "would_open"
        case alertsGained = "alerts_gained"
        case alertsLost = "alerts_lost"
        case alertGroupsGained = "alert_groups_gained"
        case alertGroupsLost = "alert_groups_lost"
    }
}

/// Alerts of one zone to one unit that was on record for it when they came.
public struct ReplayAlerts: Sendable, Codable, Hashable {
    public var zone: String
    /// Nil where no unit had the zone.
    public var unit: String?
    public var count = ReplayPair()
    public var gained: UInt64 = 0
    public var lost: UInt64 = 0
}

/// What the desk put right, and how much of that the new rules do by themselves.
public struct ReplayDesk: Sendable, Codable, Hashable {
    public var merges: UInt64 = 0
    public var mergesNeedless: UInt64 = 0
    public var splits: UInt64 = 0
    public var splitsNeedless: UInt64 = 0

    public init() {}

    var isUnchanged: Bool { mergesNeedless == 0 && splitsNeedless == 0 }

    enum CodingKeys: String, CodingKey {
        case merges, splits
        case mergesNeedless = "merges_needless"
        case splitsNeedless = "splits_needless"
    }
}

/// Incidents that share tips and that are not as they were.
public struct ReplayChange: Sendable, Codable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Several recorded incidents would be one.
        case joined
        /// One recorded incident would be several.
        case parted
        /// Several would be several others.
        case regrouped
        /// The same tips, but some would be refused.
        case refused
        /// The same tips, another level.
        case level
        /// The same tips and level, another score or other reasons.
        case score
    }

    /// One incident of either history.
    public struct Side: Sendable, Codable, Hashable {
        /// "#12" as recorded; "+3" for the third that only the new rules open.
        public var incident: String
        public var level: String
        public var score: Int32
        public var tips: Int
    }

    public struct Line: Sendable, Codable, Hashable {
        public var code: String
        public var points: Int32
        public var detail: String

        public var reason: Reason { Reason(code: code, points: points, detail: detail) }

        init(_ reason: Reason) { (code, points, detail) = (reason.code, reason.points, reason.detail) }
    }

    public enum Alert: String, Sendable, Codable { case gained, lost }

    public var kind: Kind
    public var zone: String
    public var category: String
    public var drill: Bool
    /// Of the first recorded incident.
    public var headline: String
    public var openedAtMs: Int64
    public var recorded: [Side]
    public var replayed: [Side]
    /// Whether the group reaches `urgent` under one of the two only.
    public var alert: Alert?
    /// Its tips that enter or leave the alert lane.
    public var alertsGained: UInt64
    public var alertsLost: UInt64
    /// Urgency terms that only the recorded has, or only the new one, each of its most urgent incident.
    public var reasonsLost: [Line]
    public var reasonsGained: [Line]
    /// Why the first tip that goes elsewhere does: the terms of its new correlation.
    public var why: [Line]

    enum CodingKeys: String, CodingKey {
        case kind, zone, category, drill, headline, recorded, replayed, alert, why
        case openedAtMs = "opened_at_ms"
        case alertsGained = "alerts_gained"
        case alertsLost = "alerts_lost"
        case reasonsLost = "reasons_lost"
        case reasonsGained = "reasons_gained"
    }
}

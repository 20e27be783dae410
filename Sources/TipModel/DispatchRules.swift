/// When somebody is told that nobody comes: by level, with other values for single zones.
public struct DispatchRules: Hashable, Sendable {
    /// What a level allows, in milliseconds. Nil: never.
    public struct Ladder: Hashable, Sendable {
        /// Unclaimed for so long: the zone's community officer, the desk, patrols of neighbouring zones.
        public var officerAfter: Int64?
        public var deskAfter: Int64?
        public var neighboursAfter: Int64?
        /// How long patrols of neighbouring zones may see it.
        public var grantFor: Int64
        /// Reminders on the rung that was reached, and how many at most until the ladder begins anew.
        public var remindEvery: Int64?
        public var remindersAtMost: UInt32
        /// How long an acknowledgement lets the alarm rest.
        public var acknowledgedRest: Int64
        /// Claimed and not under way: the unit, the desk.
        public var unitIdleAfter: Int64?
        public var unitIdleDeskAfter: Int64?
        /// Under way, on scene: the desk.
        public var enRouteLongAfter: Int64?
        public var onSceneLongAfter: Int64?
        /// Whether notices wait for the end of the quiet hours. Never those of an emergency.
        public var isHeldInQuietHours: Bool

        public init(
            officerAfter: Int64?, deskAfter: Int64?, neighboursAfter: Int64?, grantFor: Int64, remindEvery: Int64?,
            remindersAtMost: UInt32, acknowledgedRest: Int64, unitIdleAfter: Int64?, unitIdleDeskAfter: Int64?,
            enRouteLongAfter: Int64?, onSceneLongAfter: Int64?, isHeldInQuietHours: Bool = false
        ) {
            self.officerAfter = officerAfter
            self.deskAfter = deskAfter
            self.neighboursAfter = neighboursAfter
            self.grantFor = grantFor
            self.remindEvery = remindEvery
            self.remindersAtMost = remindersAtMost
            self.acknowledgedRest = acknowledgedRest
            self.unitIdleAfter = unitIdleAfter
            self.unitIdleDeskAfter = unitIdleDeskAfter
            self.enRouteLongAfter = enRouteLongAfter
            self.onSceneLongAfter = onSceneLongAfter
            self.isHeldInQuietHours = isHeldInQuietHours
        }
    }

    /// Local time in which levels below emergency may wait. May pass midnight; equal ends are no quiet hours.
    public struct QuietHours: Hashable, Sendable {
        /// Minutes of the day, 0…1439.
        public var from: Int32
        public var until: Int32
        public var utcOffsetMinutes: Int32

        public init(from: Int32, until: Int32, utcOffsetMinutes: Int32) {
            self.from = from
            self.until = until
            self.utcOffsetMinutes = utcOffsetMinutes
        }

        /// The end of the quiet hours that `moment` is in; nil outside them.
        public func end(at moment: Timestamp) -> Timestamp? {
            let day: Int64 = 86_400_000
            let (local, overflow) = moment.milliseconds.addingReportingOverflow(Int64(utcOffsetMinutes) * 60_000)
            guard !overflow else { return nil }
            let time = ((local % day) + day) % day
            let (start, end) = (Int64(from) * 60_000, Int64(until) * 60_000)
            let isQuiet = start <= end ? time >= start && time < end : time >= start || time < end
            guard isQuiet else { return nil }
            return moment.advanced(byMilliseconds: time < end ? end - time : day - time + end)
        }
    }

    public var levels: [UrgencyLevel: Ladder]
    public var zones: [ZoneID: [UrgencyLevel: Ladder]]
    public var quietHours: QuietHours?
    public var neighbours: [ZoneID: [ZoneID]]

    public init(
        levels: [UrgencyLevel: Ladder], zones: [ZoneID: [UrgencyLevel: Ladder]] = [:], quietHours: QuietHours? = nil,
        neighbours: [ZoneID: [ZoneID]] = [:]
    ) {
        self.levels = levels
        self.zones = zones
        self.quietHours = quietHours
        self.neighbours = neighbours
    }

    /// What holds for an incident; nil where nothing is configured, and then nobody is told.
    public func ladder(_ level: UrgencyLevel, in zone: ZoneID) -> Ladder? { zones[zone]?[level] ?? levels[level] }

    /// What holds where no file says otherwise.
    public static let standard: DispatchRules = {
        func ladder(
            officer: Int64, desk: Int64, neighbours: Int64?, remind: Int64, rest: Int64, idle: Int64, enRoute: Int64, onScene: Int64
        ) -> Ladder {
            Ladder(
                officerAfter: officer * 1_000, deskAfter: desk * 1_000, neighboursAfter: neighbours.map { $0 * 1_000 },
                grantFor: 3_600_000, remindEvery: remind * 1_000, remindersAtMost: 20, acknowledgedRest: rest * 1_000,
                unitIdleAfter: idle * 1_000, unitIdleDeskAfter: idle * 2_000, enRouteLongAfter: enRoute * 1_000,
                onSceneLongAfter: onScene * 1_000)
        }
        var routine = ladder(
            officer: 900, desk: 1_800, neighbours: nil, remind: 1_800, rest: 7_200, idle: 1_800, enRoute: 3_600, onScene: 7_200)
        routine.isHeldInQuietHours = true
        return DispatchRules(levels: [
            .emergency: ladder(
                officer: 30, desk: 60, neighbours: 120, remind: 30, rest: 120, idle: 60, enRoute: 900, onScene: 3_600),
            .urgent: ladder(
                officer: 60, desk: 120, neighbours: 300, remind: 60, rest: 300, idle: 180, enRoute: 1_200, onScene: 3_600),
            .priority: ladder(
                officer: 300, desk: 600, neighbours: 1_200, remind: 300, rest: 1_800, idle: 600, enRoute: 1_800, onScene: 7_200),
            .routine: routine,
        ])
    }()
}

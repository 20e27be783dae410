public import TipModel

/// What a station is judged by, over a period: how many tips and incidents, when, of which kind, and how soon somebody was
/// there. A fold over the period's records, in their order; drills count in nothing.
///
/// Response is from the first tip's acceptance to the first unit on scene. Records up to ``grace`` after the period are
/// taken for that alone, so that an incident of its last minutes is not told as unanswered.
public struct DispatchStatistics: Sendable {
    public struct Period: Hashable, Sendable {
        /// From this moment on, and before the other.
        public var from: Timestamp
        public var until: Timestamp
        /// For the hours of the day.
        public var utcOffsetMinutes: Int32

        public init(from: Timestamp, until: Timestamp, utcOffsetMinutes: Int32) {
            self.from = from
            self.until = until
            self.utcOffsetMinutes = utcOffsetMinutes
        }
    }

    /// Within this somebody is to be there: the district's promise.
    public static let promise: Int64 = 20 * 60_000
    public static let grace: Int64 = 2 * 3_600_000
    /// Incidents of a period that are followed; of further ones only the numbers are counted.
    public static let bound = 200_000

    private struct Followed {
        var zone: ZoneID
        var openedAt: Timestamp
        var arrivedAt: Timestamp?
        var clearedAt: Timestamp?
        var isMerged = false
    }

    public let period: Period
    private var tips = Counts()
    private var opened = Counts()
    private var byZone: [ZoneID: (tips: UInt64, incidents: UInt64)] = [:]
    private var dispositions: [Disposition: UInt64] = [:]
    private var followed: [IncidentID: Followed] = [:]
    private var notFollowed: UInt64 = 0
    /// Of the newest record that was taken.
    private var reached: Timestamp

    public init(period: Period) {
        self.period = period
        reached = period.from
    }

    /// Whether records from `moment` on have nothing to tell any more.
    public func isPast(_ moment: Timestamp) -> Bool { moment >= period.until.advanced(byMilliseconds: Self.grace) }

    /// Takes a record; one from outside the period and its grace changes nothing.
    public mutating func apply(_ record: Record) {
        guard record.at >= period.from, !isPast(record.at) else { return }
        reached = max(reached, record.at)
        let isInside = record.at < period.until
        var accepted: TipAccepted?
        for event in record.events {
            switch event {
            case .tipAccepted(let tip):
                accepted = tip
                guard isInside, !tip.tip.drill else { continue }
                tips.add(record.at, tip.tip.category, period)
                byZone[tip.zone, default: (0, 0)].tips += 1
            case .incidentOpened(let new):
                guard isInside, let accepted, !accepted.tip.drill else { continue }
                open(new.incident, accepted.zone, accepted.tip.category, at: record.at)
            case .incidentRestated(let restated):
                guard isInside, restated.isNew, !restated.incident.drill else { continue }
                open(restated.incident.id, restated.incident.zone, restated.incident.category, at: record.at)
                followed[restated.incident.id]?.openedAt = restated.incident.openedAt
            case .incidentMerged(let merge): followed[merge.absorbed]?.isMerged = true
            case .phaseChanged(let change): move(change, at: record.at, isInside: isInside)
            default: continue
            }
        }
    }

    private mutating func open(_ id: IncidentID, _ zone: ZoneID, _ category: String, at time: Timestamp) {
        opened.add(time, category, period)
        byZone[zone, default: (0, 0)].incidents += 1
        guard followed.count < Self.bound else {
            notFollowed += 1
            return
        }
        followed[id] = Followed(zone: zone, openedAt: time)
    }

    private mutating func move(_ change: PhaseChanged, at time: Timestamp, isInside: Bool) {
        guard var incident = followed[change.incident] else { return }
        switch change.phase {
        case .onScene: incident.arrivedAt = incident.arrivedAt ?? time
        case .cleared:
            incident.clearedAt = time
            if isInside, let disposition = change.disposition { dispositions[disposition, default: 0] += 1 }
        case .open where change.action == .reopen: incident.clearedAt = nil
        case .open, .claimed, .enRoute: break
        }
        followed[change.incident] = incident
    }

    // MARK: What it comes to

    public struct Response: Hashable, Sendable {
        /// Incidents that somebody came to.
        public var arrived = 0
        /// Half of them within, nine in ten within, milliseconds; nil where nobody came to any.
        public var median: Int64?
        public var ninetieth: Int64?
        /// Within the promise, of those that somebody came to or should have by now.
        public var kept = 0
        public var promised = 0
        /// Ended without anybody on scene: by telephone, by the post, as a false alarm.
        public var endedBefore = 0
        /// Open, nobody on scene yet, and not yet late.
        public var waiting = 0

        /// 0…1; nil where nothing was promised.
        public var share: Double? { promised > 0 ? Double(kept) / Double(promised) : nil }
    }

    public struct ZoneReport: Hashable, Sendable {
        public var tips: UInt64
        public var incidents: UInt64
        public var response: Response
    }

    public struct Report: Hashable, Sendable {
        public var period: Period
        public var tips: Counts
        public var incidents: Counts
        public var response: Response
        public var zones: [ZoneID: ZoneReport]
        /// How the period's incidents were cleared within it.
        public var dispositions: [Disposition: UInt64]
        /// Incidents beyond ``DispatchStatistics/bound``, whose response is not in here.
        public var notFollowed: UInt64
    }

    public var report: Report {
        let all = followed.values.filter { !$0.isMerged }
        let grouped = Dictionary(grouping: all, by: \.zone)
        return Report(
            period: period, tips: tips, incidents: opened, response: response(all),
            zones: byZone.reduce(into: [:]) { zones, entry in
                zones[entry.key] = ZoneReport(
                    tips: entry.value.tips, incidents: entry.value.incidents, response: response(grouped[entry.key] ?? []))
            }, dispositions: dispositions, notFollowed: notFollowed)
    }

    private func response(_ incidents: [Followed]) -> Response {
        var response = Response()
        var times: [Int64] = []
        for incident in incidents {
            if let arrivedAt = incident.arrivedAt {
                times.append(max(0, arrivedAt.milliseconds(since: incident.openedAt)))
            } else if incident.clearedAt != nil {
                response.endedBefore += 1
            } else if reached.milliseconds(since: incident.openedAt) > Self.promise {
                response.promised += 1
            } else {
                response.waiting += 1
            }
        }
        times.sort()
        response.arrived = times.count
        response.promised += times.count
        response.kept = times.count { $0 <= Self.promise }
        response.median = Self.percentile(50, of: times)
        response.ninetieth = Self.percentile(90, of: times)
        return response
    }

    /// The nearest rank: a time that really occurred.
    static func percentile(_ percent: Int, of sorted: [Int64]) -> Int64? {
        guard !sorted.isEmpty else { return nil }
        return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
    }

    /// Something counted by the hour of the day and by category.
    public struct Counts: Hashable, Sendable {
        public private(set) var total: UInt64 = 0
        /// By local hour, 24 of them.
        public private(set) var hours = [UInt64](repeating: 0, count: 24)
        /// By category; beyond ``categoryBound`` of them the rest is `other`.
        public private(set) var categories: [String: UInt64] = [:]

        public static let categoryBound = 128

        public init() {}

        mutating func add(_ time: Timestamp, _ category: String, _ period: Period) {
            total += 1
            let local = time.advanced(byMilliseconds: Int64(period.utcOffsetMinutes) * 60_000).milliseconds
            let day: Int64 = 86_400_000
            hours[Int(((local % day) + day) % day / 3_600_000)] += 1
            let isRoom = categories[category] != nil || categories.count < Self.categoryBound
            categories[isRoom ? category : "other", default: 0] += 1
        }
    }
}

import Localization
import TipModel

/// Which shift a hand-over is about.
struct Shift: Hashable {
    enum Name: String { case day, night, other }

    let name: Name
    let from: Timestamp
    let until: Timestamp

    /// Day from 8 to 20 by the local clock, night for the rest: the one that `now` is in.
    static func current(_ clock: LocalClock) -> Shift {
        let hour = clock.parts(clock.now).hour
        return latest(hour >= 8 && hour < 20 ? .day : .night, clock)
    }

    /// The latest shift of a kind that has begun.
    static func latest(_ name: Name, _ clock: LocalClock) -> Shift {
        let today = clock.parts(clock.now)
        func start(_ daysBack: Int64) -> Timestamp {
            clock.moment(year: today.year, month: today.month, day: today.day, hour: name == .day ? 8 : 20)
                .advanced(byMilliseconds: -daysBack * 86_400_000)
        }
        let from = start(0) <= clock.now ? start(0) : start(1)
        return Shift(name: name, from: from, until: from.advanced(byMilliseconds: 12 * 3_600_000))
    }

    /// What the page's address says; the current shift where it says nothing, or nothing sensible.
    init(_ query: some Collection<(key: Substring, value: Substring)>, _ clock: LocalClock) {
        func value(_ key: String) -> String? { query.first { $0.key == key }.map { String($0.value) } }
        if let from = value("from").flatMap({ clock.parse($0) }), let until = value("until").flatMap({ clock.parse($0) }), from < until {
            self.init(name: .other, from: from, until: until)
        } else if let name = value("shift").flatMap({ Name(rawValue: $0) }), name != .other {
            self = Self.latest(name, clock)
        } else {
            self = Self.current(clock)
        }
    }

    init(name: Name, from: Timestamp, until: Timestamp) {
        self.name = name
        self.from = from
        self.until = until
    }

    func contains(_ moment: Timestamp) -> Bool { from <= moment && moment < until }
}

/// What one shift tells the next, on one sheet of paper. Told from how things stand now and from what was cleared lately.
struct HandoverPage {
    struct Line {
        let number: String
        let level: LevelView
        let title: String
        let detail: String
        let isDrill: Bool
    }

    struct Holding {
        let name: String
        let lines: [Line]
    }

    struct Period {
        let address: String
        let label: String
        let isCurrent: Bool
    }

    struct Tally {
        let label: String
        let count: String
    }

    let periods: [Period]
    let fromField: String
    let untilField: String
    let span: String
    let counts: [DeskPage.Count]
    let unclaimed: [Line]
    let holdings: [Holding]
    let tallies: [Tally]
    let cleared: [Line]
    let escalated: [Line]
    let silent: [DeskPage.SilentPost]

    init(_ scope: PageScope, shift: Shift) {
        let (words, clock, overview) = (scope.words, scope.clock, scope.overview)
        periods = [
            Period(address: "/handover?shift=day", label: words(.dayShift), isCurrent: shift.name == .day),
            Period(address: "/handover?shift=night", label: words(.nightShift), isCurrent: shift.name == .night),
        ]
        fromField = clock.field(shift.from)
        untilField = clock.field(shift.until)
        span = "\(clock.full(shift.from)) – \(clock.full(shift.until))"
        let open = overview.open.inBoardOrder()
        counts = UrgencyLevel.allCases.reversed().map { level in
            DeskPage.Count(level: scope.level(level), count: "\(open.filter { $0.urgency.level == level && !$0.drill }.count)")
        }
        func line(_ incident: Incident, _ detail: String) -> Line {
            Line(
                number: "\(incident.id.rawValue)", level: scope.level(incident.urgency.level), title: scope.title(incident), detail: detail,
                isDrill: incident.drill)
        }
        func location(_ incident: Incident) -> String {
            [scope.names[incident.zone], incident.place].filter { !$0.isEmpty }.joined(separator: " · ")
        }
        unclaimed = open.filter { $0.phase == .open }.map { incident in
            line(incident, "\(location(incident)) · " + words(.waited, scope.span(since: incident.openedAt)))
        }
        let units = Set(open.flatMap { $0.crew.map(\.unit) }).sorted()
        holdings = units.map { unit in
            Holding(
                name: scope.names[unit],
                lines: open.compactMap { incident in
                    incident.assignment(of: unit).map {
                        line(incident, "\(location(incident)) · \(words.catalogue.name($0.phase)) \(clock.text($0.since))")
                    }
                })
        }
        let ended = overview.cleared.filter { shift.contains($0.phaseSince) }
        tallies = Disposition.allCases.compactMap { disposition in
            let count = ended.filter { $0.disposition == disposition && !$0.drill }.count
            return count == 0 ? nil : Tally(label: words.catalogue.name(disposition), count: "\(count)")
        }
        cleared = ended.map { incident in
            let how = incident.disposition.map { words.catalogue.name($0) } ?? ""
            let who = incident.holder.map { scope.names[$0] }
            return line(incident, [clock.text(incident.phaseSince), how, who].compactMap(\.self).joined(separator: " · "))
        }
        escalated = (open + ended).compactMap { incident in
            guard let rung = incident.escalation.rung, let told = incident.escalation.toldAt, shift.contains(told) else { return nil }
            return line(incident, "\(clock.text(told)) · \(words.catalogue.name(rung))")
        }
        silent = DeskPage.silentPosts(scope)
    }
}

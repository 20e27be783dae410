import DispatchDesk
import Hummingbird
import LocalHTTP
import Localization
import TipModel

/// Which days the statistics are of: whole local days, up to now.
enum StatisticsPeriod: String, CaseIterable {
    case today, week, month, year

    var label: PageText {
        switch self {
        case .today: .today
        case .week: .sevenDays
        case .month: .thirtyDays
        case .year: .thisYear
        }
    }

    /// With what it is compared, where it is.
    func bounds(_ clock: LocalClock) -> (from: Timestamp, before: (from: Timestamp, until: Timestamp)?) {
        let now = clock.parts(clock.now)
        let midnight = clock.moment(year: now.year, month: now.month, day: now.day)
        switch self {
        case .today: return (midnight, nil)
        case .week: return (midnight.advanced(byMilliseconds: -6 * 86_400_000), nil)
        case .month: return (midnight.advanced(byMilliseconds: -29 * 86_400_000), nil)
        case .year:
            // 29 February is compared with 1 March: the day before is then told in both.
            return (
                clock.moment(year: now.year, month: 1, day: 1),
                (
                    clock.moment(year: now.year - 1, month: 1, day: 1),
                    clock.moment(year: now.year - 1, month: now.month, day: now.day, hour: now.hour, minute: now.minute)
                )
            )
        }
    }
}

/// Charts and response times of a period.
struct StatisticsPage {
    struct Period {
        let address: String
        let label: String
        let isCurrent: Bool
    }

    struct Figure {
        let name: String
        let value: String
        /// The word that says whether a promise is kept; colour only repeats it.
        let verdict: String?
        let css: String
        let sub: String?
    }

    struct ZoneLine {
        let name: String
        let tips: String
        let incidents: String
        let median: String
        let ninetieth: String
        let share: String
    }

    struct Chart {
        let id: String
        let title: String
        let heading: String
        let chart: BarChart
    }

    let periods: [Period]
    let figures: [Figure]
    let charts: [Chart]
    let zoneLines: [ZoneLine]
    let isEmpty: Bool
    let isCut: Bool
    let span: String

    init(_ scope: PageScope, period: StatisticsPeriod, _ statistics: BoardStatistics, before earlier: BoardStatistics?) {
        let (now, before) = (statistics.report, earlier?.report)
        let (words, clock) = (scope.words, scope.clock)
        periods = StatisticsPeriod.allCases.map {
            Period(address: "/statistics?period=\($0.rawValue)", label: words($0.label), isCurrent: $0 == period)
        }
        span = "\(clock.full(period.bounds(clock).from)) – \(clock.full(clock.now))"
        isEmpty = now.tips.total == 0 && now.incidents.total == 0
        isCut = statistics.isCut || earlier?.isCut == true
        figures = Self.figures(now, before, words)
        let (tips, incidents) = (words(.tips), words(.incidents))
        let hours = (0..<24).map { hour in
            BarChart.Entry(
                name: "\(hour)", first: now.tips.hours.indices.contains(hour) ? now.tips.hours[hour] : 0,
                second: now.incidents.hours.indices.contains(hour) ? now.incidents.hours[hour] : 0)
        }
        let codes = Set(now.tips.categories.keys).union(now.incidents.categories.keys)
        let kinds = codes.map { code in
            BarChart.Entry(
                name: words.catalogue.category(code), first: now.tips.categories[code] ?? 0, second: now.incidents.categories[code] ?? 0)
        }.sorted { ($0.second, $0.first, $1.name) > ($1.second, $1.first, $0.name) }
        charts = [
            Chart(id: "hours", title: words(.byHour), heading: words(.hour), chart: .columns(hours, firstName: tips, secondName: incidents)),
            Chart(
                id: "kinds", title: words(.byCategory), heading: words(.category),
                chart: .rows(Array(kinds.prefix(20)), firstName: tips, secondName: incidents)),
        ]
        zoneLines = now.zones.sorted { $0.key < $1.key }.map { zone, figures in
            ZoneLine(
                name: scope.names[zone], tips: "\(figures.tips)", incidents: "\(figures.incidents)",
                median: Self.time(figures.response.median, words), ninetieth: Self.time(figures.response.ninetieth, words),
                share: Self.percent(figures.response.share))
        }
    }

    private static func figures(_ now: DispatchStatistics.Report, _ before: DispatchStatistics.Report?, _ words: Words) -> [Figure] {
        func count(_ name: PageText, _ value: UInt64, _ earlier: UInt64?) -> Figure {
            Figure(
                name: words(name), value: "\(value)", verdict: nil, css: "",
                sub: earlier.map { words(.comparedWith, "\($0)") + change(value, $0) })
        }
        func response(_ name: PageText, _ value: Int64?, _ earlier: Int64?) -> Figure {
            Figure(
                name: words(name), value: time(value, words), verdict: value.map { words($0 <= DispatchStatistics.promise ? .promiseKept : .promiseMissed) },
                css: value.map { $0 <= DispatchStatistics.promise ? "met" : "missed" } ?? "", sub: before == nil ? nil : words(.comparedWith, time(earlier, words)))
        }
        return [
            count(.tips, now.tips.total, before?.tips.total), count(.incidents, now.incidents.total, before?.incidents.total),
            response(.responseHalf, now.response.median, before?.response.median),
            response(.responseNine, now.response.ninetieth, before?.response.ninetieth),
            Figure(
                name: words(.withinPromise), value: percent(now.response.share), verdict: nil, css: "",
                sub: before.map { words(.comparedWith, percent($0.response.share)) } ?? words(.answered, "\(now.response.arrived)")),
        ]
    }

    private static func change(_ value: UInt64, _ earlier: UInt64) -> String {
        guard earlier > 0 else { return "" }
        let percent = ((Double(value) - Double(earlier)) / Double(earlier) * 100).rounded()
        return " (\(percent < 0 ? "−" : "+")\(Int(min(percent.magnitude, 99_999)))%)"
    }

    /// `8:05` minutes and seconds, `1:02:30` with hours; a dash where there is none.
    static func time(_ milliseconds: Int64?, _ words: Words) -> String {
        guard let milliseconds else { return "–" }
        let seconds = max(0, milliseconds) / 1_000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if seconds < 3_600 { return "\(seconds / 60):\(two(seconds % 60))" }
        return "\(seconds / 3_600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    static func percent(_ share: Double?) -> String { share.map { "\(Int(($0 * 100).rounded(.down))) %" } ?? "–" }
}

extension Board {
    func addStatistics(to group: RouterGroup<BoardContext>) {
        group.get("/statistics") { request, context in
            let user = try context.requireUser()
            let period = request.uri.queryParameters.get("period").flatMap { StatisticsPeriod(rawValue: $0) } ?? .week
            let overview = try await answered { () throws(Rejection) in try await ports.overview(user) }
            let clock = LocalClock(now: overview.now, utcOffsetMinutes: overview.utcOffsetMinutes)
            let bounds = period.bounds(clock)
            let until = clock.now.advanced(byMilliseconds: 1)
            let now = try await figures(bounds.from, until, overview, user)
            var before: BoardStatistics?
            if let earlier = bounds.before { before = try await figures(earlier.from, earlier.until, overview, user) }
            return try await still(request, user, title: .statistics, template: "statistics", path: "/statistics?period=\(period.rawValue)") {
                StatisticsPage($0, period: period, now, before: before)
            }
        }
    }

    private func figures(_ from: Timestamp, _ until: Timestamp, _ overview: BoardOverview, _ user: BoardUser) async throws -> BoardStatistics {
        let period = DispatchStatistics.Period(from: from, until: until, utcOffsetMinutes: Int32(clamping: overview.utcOffsetMinutes))
        return try await answered { () throws(Rejection) in try await ports.statistics(period, user) }
    }
}

import DispatchDesk
import Hummingbird
import LocalHTTP
import TipModel

/// `GET /api/v1/statistics`.
struct StatisticsReport: Codable {
    struct Counts: Codable {
        var total: UInt64
        /// By local hour, 24 of them.
        var hours: [UInt64]
        var categories: [String: UInt64]

        init(_ counts: DispatchStatistics.Counts) {
            total = counts.total
            hours = counts.hours
            categories = counts.categories
        }
    }

    struct Response: Codable {
        var arrived: Int
        var medianMs: Int64?
        var ninetiethMs: Int64?
        /// Within 20 minutes, of how many.
        var kept: Int
        var promised: Int
        var endedBefore: Int
        var waiting: Int

        enum CodingKeys: String, CodingKey {
            case arrived
            case medianMs = "median_ms"
            case ninetiethMs = "ninetieth_ms"
            case kept
            case promised
            case endedBefore = "ended_before"
            case waiting
        }

        init(_ response: DispatchStatistics.Response) {
            arrived = response.arrived
            medianMs = response.median
            ninetiethMs = response.ninetieth
            kept = response.kept
            promised = response.promised
            endedBefore = response.endedBefore
            waiting = response.waiting
        }
    }

    struct Zone: Codable {
        var tips: UInt64
        var incidents: UInt64
        var response: Response
    }

    var fromMs: Int64
    var untilMs: Int64
    var tips: Counts
    var incidents: Counts
    var response: Response
    var zones: [String: Zone]
    var dispositions: [String: UInt64]
    var cut: Bool

    enum CodingKeys: String, CodingKey {
        case fromMs = "from_ms"
        case untilMs = "until_ms"
        case tips
        case incidents
        case response
        case zones
        case dispositions
        case cut
    }

    init(_ statistics: BoardStatistics) {
        let report = statistics.report
        fromMs = report.period.from.milliseconds
        untilMs = report.period.until.milliseconds
        tips = Counts(report.tips)
        incidents = Counts(report.incidents)
        response = Response(report.response)
        zones = Dictionary(
            report.zones.map { ($0.key.rawValue, Zone(tips: $0.value.tips, incidents: $0.value.incidents, response: Response($0.value.response))) },
            uniquingKeysWith: { first, _ in first })
        dispositions = Dictionary(report.dispositions.map { ($0.key.name, $0.value) }, uniquingKeysWith: +)
        cut = statistics.isCut
    }
}

extension Board {
    func statistics(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let query = try Query(request, names: ["from", "until"])
        guard let from = try query.milliseconds("from"), let until = try query.milliseconds("until") else {
            throw invalid("from", "from and until are needed: milliseconds since 1970")
        }
        let overview = try await answered { () async throws(Rejection) in try await ports.overview(user) }
        let period = DispatchStatistics.Period(
            from: from, until: until, utcOffsetMinutes: Int32(clamping: overview.utcOffsetMinutes))
        let found = try await answered { () async throws(Rejection) in try await ports.statistics(period, user) }
        return jsonResponse(.ok, StatisticsReport(found))
    }
}

extension Query {
    /// A moment; up to the year 9999, so that nothing that is computed from it overflows.
    fileprivate func milliseconds(_ name: String) throws -> Timestamp? {
        try sequence(name).map { Timestamp(milliseconds: min(Int64(clamping: $0), 253_402_300_799_000)) }
    }
}

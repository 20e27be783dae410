import Administration
import Hummingbird
import LocalHTTP
import NIOCore
import TipModel

/// `GET /api/v1/incidents`.
struct IncidentPage: Codable {
    var incidents: [IncidentReport]
    /// What to send as `cursor` for the next page; nil on the last one.
    var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case incidents
        case nextCursor = "next_cursor"
    }
}

/// `GET /api/v1/overview`.
struct OverviewReport: Codable {
    struct Post: Codable {
        var id: String
        var name: String
        var zone: String
        var condition: String
        var lastHeardMs: Int64?
        var position: PositionReport?

        enum CodingKeys: String, CodingKey {
            case id
            case name
            case zone
            case condition
            case lastHeardMs = "last_heard_ms"
            case position
        }
    }

    struct Unit: Codable {
        var id: String
        var name: String
        var zones: [String]
    }

    var nowMs: Int64
    /// Where live events go on.
    var sequence: UInt64
    var open: [IncidentReport]
    var openTotal: Int
    var cleared: [IncidentReport]
    var posts: [Post]
    var units: [Unit]

    enum CodingKeys: String, CodingKey {
        case nowMs = "now_ms"
        case sequence
        case open
        case openTotal = "open_total"
        case cleared
        case posts
        case units
    }

    init(_ overview: BoardOverview) {
        nowMs = overview.now.milliseconds
        sequence = overview.sequence
        open = overview.open.map { IncidentReport($0) }
        openTotal = overview.openTotal
        cleared = overview.cleared.map { IncidentReport($0) }
        posts = overview.posts.map {
            Post(
                id: $0.post.id.rawValue, name: $0.post.name, zone: $0.post.zone.rawValue, condition: $0.condition.rawValue,
                lastHeardMs: $0.lastHeardAt?.milliseconds, position: $0.post.position.map { PositionReport($0) })
        }
        units = overview.units.map { Unit(id: $0.id.rawValue, name: $0.name, zones: $0.zones.map(\.rawValue)) }
    }
}

extension Board {
    func overview(_ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        return jsonResponse(.ok, OverviewReport(try await answered { () async throws(Rejection) in try await ports.overview(user) }))
    }

    func incidents(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let query = try Self.query(request, more: [])
        let page = try await answered { () async throws(Rejection) in try await ports.list(query, user) }
        return jsonResponse(
            .ok, IncidentPage(incidents: page.incidents, nextCursor: page.more ? page.incidents.last.map { "\($0.id)" } : nil))
    }

    /// The filters of a list.
    static func query(_ request: Request, more names: Set<String>) throws -> IncidentQuery {
        let given = try Query(request, names: names.union(["zone", "category", "level", "phase", "limit", "cursor"]))
        var query = IncidentQuery(limit: try given.integer("limit", in: 1...1_000, default: 100))
        if let zone = given["zone"] {
            guard let id = ZoneID(zone) else { throw invalid("zone", "is no name of a zone") }
            query.zone = id
        }
        if let category = given["category"] {
            guard (1...TipLimits.categoryBytes).contains(category.utf8.count) else { throw invalid("category", "is no code of a category") }
            query.category = category
        }
        if let name = given["level"] { query.level = try level(name, field: "level") }
        if let name = given["phase"] { query.phase = try phase(name) }
        if let cursor = given["cursor"] {
            guard let before = incidentID(cursor) else { throw invalid("cursor", "is none that a page gave") }
            query.before = before
        }
        return query
    }

    private static func phase(_ name: String) throws -> IncidentQuery.PhaseFilter {
        switch name {
        case "active": return .active
        case "all": return .all
        default:
            guard let phase = Phase.allCases.first(where: { $0.name == name }) else {
                throw invalid("phase", "one of active, all, \(Phase.allCases.map(\.name).joined(separator: ", "))")
            }
            return .only(phase)
        }
    }

    func incident(_ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let id = try incidentID(context)
        let dossier = try await answered { () async throws(Rejection) in try await ports.dossier(id, user) }
        return jsonResponse(.ok, dossier.detail)
    }

    func photo(_ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let id = try incidentID(context)
        let hash = context.parameters.get("hash") ?? ""
        guard hash.utf8.count == 64, hash.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
            throw JSONRefusal(.notFound, code: "not_found", message: "there is no such photo")
        }
        let bytes = try await answered { () async throws(Rejection) in try await ports.photo(hash, id, user) }
        // The bytes came from outside: the type is what they begin with, and nothing else is shown.
        let type = bytes.starts(with: [0xFF, 0xD8, 0xFF]) ? "image/jpeg" : bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) ? "image/png" : nil
        guard let type else { throw JSONRefusal(.notFound, code: "not_found", message: "there is no such photo") }
        return Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "private, max-age=3600"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// The table of the HTTP API: every route is in it once, the router is made from it, and a test holds the OpenAPI document
/// against it.
enum APIRoute: CaseIterable {
    case document, openSession, session, closeSession
    case overview, submit, incidents, incident, act, cap, photo
    case events, geoJSON, statistics
    case open311ServicesJSON, open311ServicesXML, open311RequestsJSON, open311RequestsXML, open311RequestJSON, open311RequestXML

    static let base = "/api/v1"

    var method: String {
        switch self {
        case .openSession, .submit, .act: "POST"
        case .closeSession: "DELETE"
        default: "GET"
        }
    }

    /// Below ``base``, with `{name}` for a part that varies.
    var path: String {
        switch self {
        case .document: "/openapi.json"
        case .openSession, .session, .closeSession: "/session"
        case .overview: "/overview"
        case .submit: "/tips"
        case .incidents: "/incidents"
        case .incident: "/incidents/{id}"
        case .act: "/incidents/{id}/{action}"
        case .cap: "/incidents/{id}/cap"
        case .photo: "/incidents/{id}/photos/{hash}"
        case .events: "/events"
        case .geoJSON: "/incidents.geojson"
        case .statistics: "/statistics"
        case .open311ServicesJSON: "/open311/v2/services.json"
        case .open311ServicesXML: "/open311/v2/services.xml"
        case .open311RequestsJSON: "/open311/v2/requests.json"
        case .open311RequestsXML: "/open311/v2/requests.xml"
        case .open311RequestJSON: "/open311/v2/requests/{id}.json"
        case .open311RequestXML: "/open311/v2/requests/{id}.xml"
        }
    }

    /// Possible methods of each path.
    static var methods: [String: Set<String>] {
        Dictionary(grouping: allCases, by: { base + $0.path }).mapValues { Set($0.map(\.method)) }
    }

    static func segments(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
}

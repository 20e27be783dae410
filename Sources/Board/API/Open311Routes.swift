import Administration
import Hummingbird
import LocalHTTP
import Localization
import TipModel

/// Open311 GeoReport v2: the categories as services, the incidents as service requests, to be read only. Drills are left out.
enum Open311Form { case json, xml }

/// A category.
struct Open311Service: Codable {
    var code: String
    var name: String
    var description: String
    /// No further attributes are defined for any.
    var metadata = false
    var type = "realtime"
    var keywords = ""
    var group = "public safety"

    enum CodingKeys: String, CodingKey {
        case code = "service_code"
        case name = "service_name"
        case description
        case metadata
        case type
        case keywords
        case group
    }

    func write(_ out: inout XMLText) {
        out.open("service")
        out.element("service_code", code)
        out.element("service_name", name)
        out.element("description", description)
        out.element("metadata", "\(metadata)")
        out.element("type", type)
        out.element("keywords", keywords)
        out.element("group", group)
        out.close("service")
    }
}

/// An incident.
struct Open311Request: Codable {
    var id: String
    var status: String
    var statusNotes: String
    var serviceName: String
    var serviceCode: String
    var description: String
    var agency: String
    var requested: String
    var updated: String
    var address: String
    var lat: Double?
    var long: Double?

    enum CodingKeys: String, CodingKey {
        case id = "service_request_id"
        case status
        case statusNotes = "status_notes"
        case serviceName = "service_name"
        case serviceCode = "service_code"
        case description
        case agency = "agency_responsible"
        case requested = "requested_datetime"
        case updated = "updated_datetime"
        case address
        case lat
        case long
    }

    init(_ incident: IncidentReport, _ catalogue: Catalogue, offsetMinutes: Int) {
        id = "\(incident.id)"
        status = incident.phase == Phase.cleared.name ? "closed" : "open"
        statusNotes = incident.disposition ?? incident.phase
        serviceName = catalogue.category(incident.category)
        serviceCode = incident.category
        description = incident.headline
        agency = incident.holder ?? ""
        requested = isoTime(milliseconds: incident.openedAtMs, offsetMinutes: offsetMinutes)
        updated = isoTime(milliseconds: max(incident.phaseSinceMs, incident.lastTipAtMs), offsetMinutes: offsetMinutes)
        address = incident.place
        lat = incident.position?.latitude
        long = incident.position?.longitude
    }

    func write(_ out: inout XMLText) {
        out.open("request")
        out.element("service_request_id", id)
        out.element("status", status)
        out.element("status_notes", statusNotes)
        out.element("service_name", serviceName)
        out.element("service_code", serviceCode)
        out.element("description", description)
        out.element("agency_responsible", agency)
        out.element("requested_datetime", requested)
        out.element("updated_datetime", updated)
        out.element("address", address)
        out.element("lat", lat.map { "\($0)" } ?? "")
        out.element("long", long.map { "\($0)" } ?? "")
        out.close("request")
    }
}

extension Board {
    func services(_ context: BoardContext, as form: Open311Form) async throws -> Response {
        let user = try context.requireUser()
        let overview = try await answered { () async throws(Rejection) in try await ports.overview(user) }
        let catalogue = Catalogue(context.language)
        let services = overview.categories.map {
            Open311Service(code: $0, name: catalogue.category($0), description: catalogue.category($0))
        }
        switch form {
        case .json: return jsonResponse(.ok, services)
        case .xml:
            var out = XMLText()
            out.open("services")
            for service in services { service.write(&out) }
            out.close("services")
            return xmlResponse(out.text)
        }
    }

    func requests(_ request: Request, _ context: BoardContext, as form: Open311Form) async throws -> Response {
        let user = try context.requireUser()
        let names: Set<String> = ["jurisdiction_id", "service_request_id", "service_code", "start_date", "end_date", "status"]
        let given = try Query(request, names: names)
        let (start, end) = (try Self.time(given["start_date"], "start_date"), try Self.time(given["end_date"], "end_date"))
        if let ids = given["service_request_id"] {
            // Named ones; the other filters do not apply then.
            let parts = ids.split(separator: ",")
            guard (1...50).contains(parts.count) else { throw invalid("service_request_id", "1…50 numbers, separated by commas") }
            let wanted = try parts.map {
                guard let id = incidentID($0) else { throw invalid("service_request_id", "is no number of a request") }
                return id
            }
            var found: [IncidentReport] = []
            for id in wanted { if let one = try await known(id, user) { found.append(one) } }
            return try await answer(found, context, user, as: form)
        }
        var query = IncidentQuery(category: nil, phase: .all, limit: 1_000)
        switch given["status"] {
        case nil: break
        case "open": query.phase = .active
        case "closed": query.phase = .only(.cleared)
        default: throw invalid("status", "one of open, closed")
        }
        let codes = given["service_code"].map { Set($0.split(separator: ",").map(String.init)) }
        let page = try await answered { () async throws(Rejection) in try await ports.list(query, user) }
        let found = page.incidents.filter { incident in
            codes.map { $0.contains(incident.category) } != false && start.map { incident.openedAtMs >= $0 } != false
                && end.map { incident.openedAtMs <= $0 } != false
        }
        return try await answer(found, context, user, as: form)
    }

    func oneRequest(_ context: BoardContext, as form: Open311Form) async throws -> Response {
        let user = try context.requireUser()
        let id = try incidentID(context)
        guard let incident = try await known(id, user), !incident.drill else {
            throw JSONRefusal(.notFound, code: "not_found", message: "there is no such request")
        }
        return try await answer([incident], context, user, as: form)
    }

    private func known(_ id: IncidentID, _ user: BoardUser) async throws -> IncidentReport? {
        do throws(Rejection) { return try await ports.dossier(id, user).detail.incident } catch {
            guard error.code == .notFound else { throw JSONRefusal(error) }
            return nil
        }
    }

    private func answer(
        _ incidents: [IncidentReport], _ context: BoardContext, _ user: BoardUser, as form: Open311Form
    ) async throws -> Response {
        let overview = try await answered { () async throws(Rejection) in try await ports.overview(user) }
        let catalogue = Catalogue(context.language)
        let requests = incidents.filter { !$0.drill }.map { Open311Request($0, catalogue, offsetMinutes: overview.utcOffsetMinutes) }
        switch form {
        case .json: return jsonResponse(.ok, requests)
        case .xml:
            var out = XMLText()
            out.open("service_requests")
            for request in requests { request.write(&out) }
            out.close("service_requests")
            return xmlResponse(out.text)
        }
    }

    /// RFC 3339, as milliseconds.
    private static func time(_ text: String?, _ field: String) throws -> Int64? {
        guard let text else { return nil }
        guard let time = Timestamp(rfc3339: text) else { throw invalid(field, "is no time such as 2026-03-01T02:00:00Z") }
        return time.milliseconds
    }
}

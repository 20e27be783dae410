import Administration
import Hummingbird
import LocalHTTP
import Localization
import NIOCore
import TipModel

/// An answer in XML.
func xmlResponse(_ text: String, type: String = "application/xml") -> Response {
    Response(status: .ok, headers: [.contentType: "\(type); charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}

extension Board {
    /// `GET /api/v1/incidents/{id}/cap`: one incident in the Common Alerting Protocol 1.2.
    func cap(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let id = try incidentID(context)
        let dossier = try await answered { () async throws(Rejection) in try await ports.dossier(id, user) }
        let overview = try await answered { () async throws(Rejection) in try await ports.overview(user) }
        var report = dossier.detail.incident
        let values = AlertValues(dossier.incident.urgency)
        report.cap = CAPReport(
            urgency: values.urgency.rawValue, severity: values.severity.rawValue, certainty: values.certainty.rawValue)
        let zone = overview.zones.first { $0.id == dossier.incident.zone }
        let words = CAPDocument.Words(
            event: Catalogue(context.language).category(report.category), zone: zone?.name ?? report.zone,
            language: context.language.rawValue)
        let document = CAPDocument(
            report, words: words, nowMs: time.now().milliseconds, offsetMinutes: overview.utcOffsetMinutes)
        return xmlResponse(document.xml, type: "application/cap+xml")
    }

    /// `GET /api/v1/incidents.geojson`: open incidents with the filters of the list.
    func geoJSON(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        var query = try Self.query(request, more: [])
        if try Query(request, names: ["zone", "category", "level", "phase", "limit", "cursor"])["limit"] == nil { query.limit = 1_000 }
        let page = try await answered { () async throws(Rejection) in try await ports.list(query, user) }
        var response = jsonResponse(.ok, GeoJSONDocument(page.incidents))
        response.headers[.contentType] = "application/geo+json"
        return response
    }
}

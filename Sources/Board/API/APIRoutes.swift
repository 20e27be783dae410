import HTTPTypes
import Hummingbird
import LocalHTTP
import NIOCore
import TipModel

extension Board {
    /// The HTTP API, from the table.
    func addAPI(to group: RouterGroup<BoardContext>) {
        for route in APIRoute.allCases {
            guard let method = HTTPRequest.Method(rawValue: route.method) else { continue }
            group.on(RouterPath(APIRoute.base + route.path), method: method) { request, context in
                try await answer(route, request, context)
            }
        }
    }

    private func answer(_ route: APIRoute, _ request: Request, _ context: BoardContext) async throws -> Response {
        switch route {
        case .document: try documentResponse()
        case .openSession: try await openSession(request, context)
        case .session: try await showSession(context)
        case .closeSession: try await closeSession(context)
        case .overview: try await overview(context)
        case .submit: try await submit(request, context)
        case .incidents: try await incidents(request, context)
        case .incident: try await incident(context)
        case .act: try await act(request, context)
        case .cap: try await cap(request, context)
        case .photo: try await photo(context)
        case .events: try await events(request, context)
        case .geoJSON: try await geoJSON(request, context)
        case .statistics: try await statistics(request, context)
        case .open311ServicesJSON: try await services(context, as: .json)
        case .open311ServicesXML: try await services(context, as: .xml)
        case .open311RequestsJSON: try await requests(request, context, as: .json)
        case .open311RequestsXML: try await requests(request, context, as: .xml)
        case .open311RequestJSON: try await oneRequest(context, as: .json)
        case .open311RequestXML: try await oneRequest(context, as: .xml)
        }
    }

    private func documentResponse() throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json)))
    }
}

// MARK: - What comes in

/// A JSON body, said to be one.
/// - Throws: 415 for another type, 400 that names the field.
func apiBody<Body: Decodable>(_ type: Body.Type, _ request: Request) async throws -> Body {
    let given = request.headers[.contentType]?.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() }
    guard given == "application/json" else {
        throw JSONRefusal(.unsupportedMediaType, code: "not_json", message: "send the body as application/json", field: "Content-Type")
    }
    return try await decodeJSON(Body.self, from: request)
}

/// A wrong value in a query, a path or a body.
func invalid(_ field: String, _ message: String) -> JSONRefusal {
    JSONRefusal(.unprocessableContent, code: "invalid_field", message: message, field: field)
}

/// The incident's number in the path. Anything that is none names nothing.
func incidentID(_ context: BoardContext) throws -> IncidentID {
    guard let text = context.parameters.get("id"), let id = incidentID(text) else {
        throw JSONRefusal(.notFound, code: "not_found", message: "there is no such incident")
    }
    return id
}

/// Journals keep numbers as signed 64-bit integers.
func incidentID(_ text: some StringProtocol) -> IncidentID? {
    guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else { return nil }
    return IncidentID(UInt64(number))
}

/// The query, each name at most once, and none that the route does not know: a misspelt filter must not show everything.
struct Query {
    private var values: [String: String] = [:]

    init(_ request: Request, names: Set<String>) throws {
        for (name, value) in request.uri.queryParameters {
            let name = String(name)
            guard names.contains(name) else {
                throw invalid(clipped(name, bytes: 40), "is not a parameter here; there are \(names.sorted().joined(separator: ", "))")
            }
            guard values.updateValue(String(value), forKey: name) == nil else { throw invalid(name, "is given twice") }
        }
    }

    subscript(name: String) -> String? { values[name] }

    func integer(_ name: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
        guard let text = values[name] else { return value }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number) else {
            throw invalid(name, "must be \(range.lowerBound)…\(range.upperBound)")
        }
        return number
    }

    func sequence(_ name: String) throws -> SequenceNumber? {
        guard let text = values[name] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else {
            throw invalid(name, "must be the number of a record")
        }
        return SequenceNumber(number)
    }
}

func level(_ name: String, field: String) throws -> UrgencyLevel {
    guard let level = UrgencyLevel(name: name) else {
        throw invalid(field, "one of \(UrgencyLevel.allCases.map(\.name).joined(separator: ", "))")
    }
    return level
}

func unitID(_ name: String?, field: String) throws -> UnitID {
    guard let name, let unit = UnitID(name) else { throw invalid(field, "names the unit") }
    return unit
}

func tipID(_ text: String?, field: String) throws -> TipID {
    guard let text, let id = TipID(text) else { throw invalid(field, "is no tip id: 26 characters of a ULID") }
    return id
}

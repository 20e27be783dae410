import FoundationEssentials
public import Hummingbird
import NIOCore

/// The error that a local HTTP reply carries, on the wire as `{"error":{"code":…,"message":…,"field":…}}`.
public struct JSONError: Codable, Error, Sendable, Equatable {
    /// A stable word for programs, such as `not_found`.
    public let code: String
    /// A sentence for the person at the keyboard: what is wrong and what to do.
    public let message: String
    /// The input field that is wrong, as a dotted path; nil if no one field is.
    public let field: String?

    /// Makes an error; never put a secret into `message`.
    public init(code: String, message: String, field: String? = nil) {
        self.code = code
        self.message = message
        self.field = field
    }
}

/// The object around a `JSONError` on the wire.
struct JSONErrorEnvelope: Codable {
    let error: JSONError
}

/// A refusal to throw from a handler or a middleware: the peer gets `status` and the error as JSON.
public struct JSONRefusal: HTTPResponseError, Equatable {
    /// The HTTP status of the reply.
    public let status: HTTPResponse.Status
    /// What the body says.
    public let error: JSONError
    /// After how long to try again; nil where that is of no use.
    public var retryAfterSeconds: Int?

    /// A refusal with its status and its error.
    public init(_ status: HTTPResponse.Status, _ error: JSONError) {
        self.status = status
        self.error = error
    }

    /// A refusal with its status and the parts of its error.
    public init(_ status: HTTPResponse.Status, code: String, message: String, field: String? = nil) {
        self.init(status, JSONError(code: code, message: message, field: field))
    }

    /// The reply. Called by hummingbird.
    public func response(from request: Request, context: some RequestContext) -> Response { response }

    /// The reply.
    public var response: Response {
        var response = jsonResponse(status, JSONErrorEnvelope(error: error))
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if let retryAfterSeconds { response.headers[.retryAfter] = "\(retryAfterSeconds)" }
        return response
    }
}

/// The JSON of `value`: keys sorted, dates as ISO 8601 in UTC, slashes not escaped.
///
/// - Throws: `EncodingError`, for instance for a number that is not finite.
public func encodeJSON(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return [UInt8](try encoder.encode(value))
}

/// A reply with `value` as JSON. A value that cannot be encoded becomes a 500 with a JSON error.
public func jsonResponse(_ status: HTTPResponse.Status, _ value: some Encodable) -> Response {
    do {
        return jsonResponse(status, bytes: try encodeJSON(value))
    } catch {
        let text = #"{"error":{"code":"internal","message":"the reply could not be encoded"}}"#
        return jsonResponse(.internalServerError, bytes: Array(text.utf8))
    }
}

/// A reply with JSON that is encoded already.
public func jsonResponse(_ status: HTTPResponse.Status, bytes: [UInt8]) -> Response {
    Response(
        status: status,
        headers: [.contentType: "application/json", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
}

/// Decodes the JSON body of `request`, which `LocalServer` has already read within its limit.
///
/// - Throws: `JSONRefusal` with 400 that names the field at fault; never `DecodingError`.
public func decodeJSON<T: Decodable>(_ type: T.Type = T.self, from request: Request) async throws -> T {
    let body = try await request.body.collect(upTo: LocalServer.Limits.greatestBody)
    return try decodeJSON(type, from: Array(body.readableBytesView))
}

/// Decodes JSON from bytes that came from outside.
///
/// - Throws: `JSONRefusal` with 400 that names the field at fault.
func decodeJSON<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws(JSONRefusal) -> T {
    do {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: Data(bytes))
    } catch let error as DecodingError {
        throw JSONRefusal(decoding: error)
    } catch {
        throw JSONRefusal(.badRequest, code: "bad_json", message: "the body is not JSON")
    }
}

extension JSONRefusal {
    fileprivate init(decoding error: DecodingError) {
        func path(_ keys: [any CodingKey]) -> String? {
            keys.isEmpty ? nil : keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            let field = path(context.codingPath + [key])
            self.init(.badRequest, code: "missing_field", message: "a field is missing: \(field ?? "?")", field: field)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            self.init(.badRequest, code: "wrong_type", message: "a field has the wrong type", field: path(context.codingPath))
        case .dataCorrupted(let context):
            let field = path(context.codingPath)
            self.init(
                .badRequest, code: "bad_json",
                message: field == nil ? "the body is not valid JSON" : "a field has a value that cannot be read", field: field)
        @unknown default:
            self.init(.badRequest, code: "bad_json", message: "the body is not valid JSON")
        }
    }
}

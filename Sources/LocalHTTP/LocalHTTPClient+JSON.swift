import FoundationEssentials

/// The reply of a request that answers with nothing but its status.
public struct EmptyReply: Codable, Sendable, Equatable {
    /// The only value.
    public init() {}
}

extension LocalHTTPClient {
    /// Sends `body` as JSON and decodes the reply. An empty reply reads as `{}`.
    ///
    /// - Throws: `LocalHTTPClientError.refused` for a status outside 200…299, with the server's own error if it sent one; `malformed` if the
    ///   reply is not a `T`.
    public func requestJSON<T: Decodable>(
        _ type: T.Type = T.self, method: String, path: String, headers: [(name: String, value: String)] = [],
        body: (any Encodable & Sendable)? = nil, timeout: Duration = .seconds(10)
    ) async throws(LocalHTTPClientError) -> T {
        var bytes: [UInt8]?
        if let body {
            do { bytes = try encodeJSON(body) } catch { throw .malformed("the request cannot be written as JSON") }
        }
        let reply = try await request(method: method, path: path, headers: headers, body: bytes, timeout: timeout)
        guard (200...299).contains(reply.status) else {
            let envelope = try? JSONDecoder().decode(JSONErrorEnvelope.self, from: Data(reply.body))
            let unsaid = JSONError(code: "http_\(reply.status)", message: "the server answered with status \(reply.status)")
            throw .refused(status: reply.status, envelope?.error ?? unsaid)
        }
        do throws(JSONRefusal) {
            return try decodeJSON(type, from: reply.body.isEmpty ? Array("{}".utf8) : reply.body)
        } catch {
            let field = error.error.field.map { " (\($0))" } ?? ""
            throw .malformed("the reply is not what was asked for" + field)
        }
    }
}

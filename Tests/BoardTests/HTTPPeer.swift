import Foundation
import Glibc
import Testing

/// An answer as it came.
struct Reply: Sendable {
    var status: Int
    var headers: [String: String]
    var body: String

    /// The code of an error.
    var code: String? {
        let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        return (object?["error"] as? [String: Any])?["code"] as? String
    }

    func json() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any], "\(status) \(body)")
    }

    /// The value of the cookie that it sets.
    var cookie: String? { headers["set-cookie"]?.split(separator: ";").first.map(String.init) }

    init?(_ text: String) {
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        self.status = status
        headers = Dictionary(
            lines.dropFirst().compactMap { line in
                line.firstIndex(of: ":").map {
                    (line[..<$0].lowercased(), line[line.index(after: $0)...].trimmingCharacters(in: .whitespaces))
                }
            }, uniquingKeysWith: { first, _ in first })
        body = String(text[end.upperBound...])
    }
}

/// One connection to 127.0.0.1, without an HTTP library: a test says exactly what is sent. Every wait is a poll with a deadline
/// on a thread of its own.
final class HTTPPeer: Sendable {
    private let descriptor: Int32
    private let port: Int

    init(port: Int) throws {
        self.port = port
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let fd = descriptor
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            // The server may have refused already and closed.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads until the server closes, or until the text fits, or the deadline.
    func read(within milliseconds: Int32 = 20_000, until fits: @escaping @Sendable (String) -> Bool = { _ in false }) async -> String {
        let descriptor = descriptor
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while true {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                    guard poll(&waiting, 1, milliseconds) > 0 else { break }
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    guard count > 0 else { break }
                    bytes += buffer[..<count]
                    if fits(String(decoding: bytes, as: UTF8.self)) { break }
                }
                continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    /// One request and its answer.
    static func ask(
        _ port: Int, _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil, json: Bool = true
    ) async throws -> Reply {
        let peer = try HTTPPeer(port: port)
        try peer.send(request(port, method, path, headers, body: body, json: json))
        return try #require(Reply(await peer.read()), "no answer to \(method) \(path)")
    }

    static func request(
        _ port: Int, _ method: String, _ path: String, _ headers: [String: String], body: String?, json: Bool
    ) -> String {
        var fields = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
        if let body {
            fields["Content-Length"] = "\(body.utf8.count)"
            fields["Content-Type"] = json ? "application/json" : "application/x-www-form-urlencoded"
        } else if method != "GET", headers["Transfer-Encoding"] == nil {
            fields["Content-Length"] = "0"
        }
        fields.merge(headers) { _, given in given }
        return "\(method) \(path) HTTP/1.1\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n" + (body ?? "")
    }
}

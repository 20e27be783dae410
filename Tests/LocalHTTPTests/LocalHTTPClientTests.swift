import Foundation
import LocalHTTP
import Testing

@Suite("local client")
struct LocalHTTPClientTests {
    /// Without the deadline this would never end. No tighter limit: other suites may hold all of Swift's threads meanwhile.
    @Test("a server that never answers: the deadline holds", .timeLimit(.minutes(2)))
    func timeout() async throws {
        let scratch = try Scratch()
        let listener = try RawListener(path: scratch.socket)
        defer { listener.close() }
        await #expect(throws: LocalHTTPClientError.timedOut) {
            _ = try await LocalHTTPClient(.unix(scratch.socket)).request(method: "GET", path: "/", timeout: .milliseconds(100))
        }
    }

    @Test("cancelling the caller ends the request")
    func cancellation() async throws {
        let scratch = try Scratch()
        let listener = try RawListener(path: scratch.socket)
        defer { listener.close() }
        let request = Task {
            try await LocalHTTPClient(.unix(scratch.socket)).request(method: "GET", path: "/", timeout: .seconds(600))
        }
        request.cancel()
        await #expect(throws: LocalHTTPClientError.cancelled) { _ = try await request.value }
    }

    @Test("replies that are not a whole HTTP reply", arguments: [
        "", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nContent-Le",
    ])
    func malformed(reply: String) async throws {
        let scratch = try Scratch()
        let listener = try RawListener(path: scratch.socket)
        defer { listener.close() }
        async let answered = onThread { listener.answerOnce(Array(reply.utf8)) }
        do throws(LocalHTTPClientError) {
            _ = try await LocalHTTPClient(.unix(scratch.socket)).request(method: "GET", path: "/", timeout: .seconds(60))
            Issue.record("accepted")
        } catch {
            guard case .malformed = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(await answered)
    }

    @Test("a reply over the limit")
    func tooLarge() async throws {
        let scratch = try Scratch()
        let listener = try RawListener(path: scratch.socket)
        defer { listener.close() }
        let size = LocalHTTPClient.greatestReply + 1
        async let answered = onThread {
            listener.answerOnce(Array("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n".utf8) + [UInt8](repeating: 0x20, count: size))
        }
        await #expect(throws: LocalHTTPClientError.tooLarge) {
            _ = try await LocalHTTPClient(.unix(scratch.socket)).request(method: "GET", path: "/", timeout: .seconds(60))
        }
        #expect(await answered)
    }

    @Test("nobody there")
    func cannotConnect() async throws {
        let scratch = try Scratch()
        try RawListener(path: scratch.socket).close()
        await #expect(throws: LocalHTTPClientError.cannotConnect(path: scratch.socket, reason: "nobody is listening")) {
            _ = try await LocalHTTPClient(.unix(scratch.socket)).request(method: "GET", path: "/")
        }
        await #expect(throws: LocalHTTPClientError.cannotConnect(path: "127.0.0.1:1", reason: "nobody is listening")) {
            _ = try await LocalHTTPClient(.tcp(host: "127.0.0.1", port: 1)).request(method: "GET", path: "/")
        }
        let long = "/" + String(repeating: "x", count: 200)
        await #expect(throws: LocalHTTPClientError.cannotConnect(path: long, reason: "the path is too long")) {
            _ = try await LocalHTTPClient(.unix(long)).request(method: "GET", path: "/")
        }
    }

    @Test("nothing that would write a second request is sent", arguments: [
        ("GET", "who", nil), ("GET", "/a b", nil), ("GET", "/a\r\nX: y", nil), ("GET", "", nil), ("GET\r\n", "/", nil), ("", "/", nil),
        ("GET", "/", "a\r\nb: c"),
    ] as [(String, String, String?)])
    func injection(method: String, path: String, header: String?) async throws {
        let scratch = try Scratch()
        let listener = try RawListener(path: scratch.socket)
        defer { listener.close() }
        let headers = header.map { [(name: "X-Test", value: $0)] } ?? []
        do throws(LocalHTTPClientError) {
            _ = try await LocalHTTPClient(.unix(scratch.socket))
                .request(method: method, path: path, headers: headers, timeout: .seconds(5))
            Issue.record("sent")
        } catch {
            guard case .malformed = error else {
                Issue.record("\(error)")
                return
            }
        }
    }
}

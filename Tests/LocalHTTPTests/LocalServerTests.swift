import Foundation
import Glibc
import Hummingbird
import Logging
import Testing

@testable import LocalHTTP

@Suite("local server")
struct LocalServerTests {
    @Test("the peer is this process, and the socket is 0600 while it runs and gone after")
    func unixSocket() async throws {
        let scratch = try Scratch()
        let client = LocalHTTPClient(.unix(scratch.socket))
        try await withServer(binds: [.unix(path: scratch.socket)]) { addresses in
            #expect(addresses == [.unix(path: scratch.socket)])
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.socket)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(scratch.entries == ["admin.sock"])
            let who: WhoReply = try await client.requestJSON(method: "GET", path: "/who")
            #expect(who == WhoReply(uid: geteuid(), pid: getpid(), transport: "unix"))
        }
        #expect(scratch.entries == [])
        await #expect(throws: LocalHTTPClientError.cannotConnect(path: scratch.socket, reason: "there is no such file or directory")) {
            _ = try await client.request(method: "GET", path: "/who")
        }
    }

    @Test("requests are handled on the connection's event loop where that is asked for", arguments: [
        (LocalServer.Handlers.onLoop, true), (.onPool, false),
    ])
    func handlers(_ handlers: LocalServer.Handlers, onLoop: Bool) async throws {
        let scratch = try Scratch()
        let client = LocalHTTPClient(.unix(scratch.socket))
        try await withServer(binds: [.unix(path: scratch.socket)], handlers: handlers) { _ in
            for _ in 1...3 {
                let reply: [String: String] = try await client.requestJSON(method: "GET", path: "/thread")
                #expect((reply["thread"]?.hasPrefix("NIO") == true) == onLoop, "\(reply)")
                let back: Echo = try await client.reply("POST", "/echo", body: Echo(text: "a body"))
                #expect(back.text == "a body")
            }
        }
    }

    @Test("a socket that listens already is served, and goes on listening after the server for whoever holds it too")
    func inherited() async throws {
        let (descriptor, port) = try listeningSocket()
        defer { close(descriptor) }
        let client = LocalHTTPClient(.tcp(host: "127.0.0.1", port: port), bearerToken: token)
        for _ in 1...2 {
            let copy = dup(descriptor)
            let router = testRouter(
                peers: PeerCredentialMiddleware(onTCP: .leaveToLoopbackGuard), loopback: LoopbackGuard(try LoopbackPolicy(token: token)))
            try await withServer(router, binds: [.tcp(host: "127.0.0.1", port: port)], inherited: [0: copy]) { addresses in
                #expect(addresses == [.tcp(host: "127.0.0.1", port: port)])
                let echo = Echo(text: "over an inherited socket")
                let back: Echo = try await client.reply("POST", "/echo", body: echo)
                #expect(back == echo)
            }
            // The server has closed its own; the kernel still takes connections on ours.
            #expect(fcntl(copy, F_GETFD) == -1)
        }
        let late = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(late) }
        #expect(connectLoopback(late, port: port) == 0)
    }

    private func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(clamping: port).bigEndian
        return address
    }

    private func connectLoopback(_ descriptor: Int32, port: Int) -> Int32 {
        var address = loopback(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// As systemd makes them.
    private func listeningSocket() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        try #require(code == 0)
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    @Test("another user is refused", .enabled(if: geteuid() == 0))
    func otherUser() async throws {
        let scratch = try Scratch()
        chmod(scratch.path, 0o755)
        let output = try await withServer(binds: [.unix(path: scratch.socket, mode: 0o666)]) { _ in
            try await runTool(
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-s", "--unix-socket", scratch.socket,
                "http://localhost/who")
        }
        #expect(output?.contains("user_not_allowed") != false)
    }

    @Test("curl speaks to it")
    func curl() async throws {
        let scratch = try Scratch()
        let output = try await withServer(binds: [.unix(path: scratch.socket)]) { _ in
            try await runTool(
                "curl", "-s", "--unix-socket", scratch.socket, "-H", "Content-Type: application/json", "-d", #"{"text":"a/b"}"#,
                "http://localhost/echo")
        }
        #expect(output == nil || output == #"{"text":"a/b"}"#)
    }

    @Test("errors are JSON, whoever makes them")
    func errors() async throws {
        let scratch = try Scratch()
        let client = LocalHTTPClient(.unix(scratch.socket))
        try await withServer(binds: [.unix(path: scratch.socket)]) { _ in
            func refusal(_ method: String, _ path: String, body: [UInt8]? = nil) async throws -> String {
                let reply = try await client.request(method: method, path: path, body: body)
                return "\(reply.status) " + String(decoding: reply.body, as: UTF8.self)
            }
            #expect(
                try await refusal("GET", "/conflict")
                    == #"409 {"error":{"code":"taken","field":"incident","message":"already claimed"}}"#)
            #expect(try await refusal("GET", "/unknown").hasPrefix(#"404 {"error":{"code":"not_found""#))
            #expect(try await refusal("GET", "/broken") == #"500 {"error":{"code":"internal","message":"the request failed; see the service's log"}}"#)
            #expect(
                try await refusal("POST", "/echo", body: Array(#"{"at":"2026-01-01T00:00:00Z"}"#.utf8))
                    == #"400 {"error":{"code":"missing_field","field":"text","message":"a field is missing: text"}}"#)
            #expect(try await refusal("POST", "/echo", body: Array("{".utf8)).hasPrefix(#"400 {"error":{"code":"bad_json""#))
            #expect(try await refusal("POST", "/echo", body: []).hasPrefix(#"400 {"error":{"code":"bad_json""#))

            await #expect(
                throws: LocalHTTPClientError.refused(
                    status: 409, JSONError(code: "taken", message: "already claimed", field: "incident"))
            ) {
                _ = try await client.requestJSON(EmptyReply.self, method: "GET", path: "/conflict")
            }
            let echo = Echo(text: "Tor 4 ✓", at: Date(timeIntervalSince1970: 1_800_000_000))
            let answer: Echo = try await client.reply("POST", "/echo", body: echo)
            #expect(answer == echo)
            #expect(try await client.reply("GET", "/nothing") == EmptyReply())
        }
    }

    @Test("a body over the limit is 413, at the limit it is read")
    func bodyLimit() async throws {
        let scratch = try Scratch()
        let client = LocalHTTPClient(.unix(scratch.socket))
        try await withServer(binds: [.unix(path: scratch.socket)], limits: .init(bodyBytes: 1_000)) { _ in
            let frame = #"{"text":""}"#.utf8.count
            let fits = try JSONEncoder().encode(Echo(text: String(repeating: "x", count: 1_000 - frame)))
            #expect(fits.count == 1_000)
            #expect(try await client.status("POST", "/echo", body: Array(fits)) == 200)
            let over = try await client.request(method: "POST", path: "/echo", body: Array(fits) + [0x20])
            #expect(over.status == 413)
            #expect(String(decoding: over.body, as: UTF8.self).contains("body_too_large"))
        }
    }

    @Test("what is planned for a body", arguments: [
        (nil, false, "none"), ("0", false, "none"), ("10", false, "read"), ("11", false, "413"), ("-1", false, "400"), ("x", false, "400"),
        ("99999999999999999999", false, "400"), (nil, true, "411"), ("5", true, "411"),
    ] as [(String?, Bool, String)])
    func bodyPlan(length: String?, chunked: Bool, expected: String) {
        let plan =
            switch BodyPlan(length: length, chunked: chunked, limit: 10) {
            case .none: "none"
            case .read: "read"
            case .refuse(let refusal): "\(refusal.status.code)"
            }
        #expect(plan == expected)
    }

    @Test(
        "a peer that holds a connection is cut off",
        arguments: ["", "GET /who HT", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"])
    func stalledPeer(sent: String) async throws {
        let scratch = try Scratch()
        let limits = LocalServer.Limits(bodyTimeout: .milliseconds(100), idleTimeout: .milliseconds(100))
        try await withServer(binds: [.unix(path: scratch.socket)], limits: limits) { _ in
            let peer = try RawPeer(path: scratch.socket)
            try peer.send(sent)
            #expect(await peer.isClosed(withinMilliseconds: 5_000))
        }
    }

    @Test("a peer that asks and never reads is cut off", arguments: [LocalServer.Handlers.onLoop, .onPool])
    func deafPeer(_ handlers: LocalServer.Handlers) async throws {
        let scratch = try Scratch()
        var limits = LocalServer.Limits()
        limits.answerTimeout = .milliseconds(200)
        try await withServer(binds: [.unix(path: scratch.socket)], limits: limits, handlers: handlers) { _ in
            let peer = try RawPeer(path: scratch.socket)
            // Well under the idle timeout of 30 seconds.
            #expect(await peer.isClosed(whileSending: "GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n", withinSeconds: 15))
            #expect(try await LocalHTTPClient(.unix(scratch.socket)).status("GET", "/who") == 200)
        }
    }

    @Test(
        "a peer that goes on sending after a refusal is cut off",
        arguments: ["Content-Length: 9999999", "Transfer-Encoding: chunked"])
    func refusedSender(header: String) async throws {
        let scratch = try Scratch()
        try await withServer(binds: [.unix(path: scratch.socket)]) { _ in
            let peer = try RawPeer(path: scratch.socket)
            try peer.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n\(header)\r\n\r\n5\r\nhello\r\n")
            // Well under the idle timeout of 30 seconds.
            #expect(await peer.isClosed(withinMilliseconds: 10_000))
        }
    }

    @Test("shutdown does not wait for idle connections")
    func shutdownWithIdlePeer() async throws {
        let scratch = try Scratch()
        let peer = try await withServer(binds: [.unix(path: scratch.socket)], limits: .init(idleTimeout: .seconds(600))) { _ in
            let peer = try RawPeer(path: scratch.socket)
            // A request on another connection, so that the server has surely taken the first one.
            _ = try await LocalHTTPClient(.unix(scratch.socket)).status("GET", "/who")
            return peer
        }
        #expect(await peer.isClosed(withinMilliseconds: 1_000))
    }

    @Test("one connection at a time when that is the limit: the next waits and is served")
    func connectionLimit() async throws {
        let scratch = try Scratch()
        let limits = LocalServer.Limits(idleTimeout: .milliseconds(100), connections: 1)
        try await withServer(binds: [.unix(path: scratch.socket)], limits: limits) { _ in
            let holder = try RawPeer(path: scratch.socket)
            let client = LocalHTTPClient(.unix(scratch.socket))
            #expect(try await client.status("GET", "/who") == 200)
            #expect(await holder.isClosed(withinMilliseconds: 1_000))
        }
    }

    @Test("loopback TCP next to the Unix socket, with its rules")
    func loopback() async throws {
        let scratch = try Scratch()
        let router = testRouter(
            peers: PeerCredentialMiddleware(onTCP: .leaveToLoopbackGuard), loopback: LoopbackGuard(try LoopbackPolicy(token: token)))
        try await withServer(router, binds: [.unix(path: scratch.socket), .tcp(host: "127.0.0.1", port: 0)]) { addresses in
            guard addresses.count == 2, case .tcp(_, let port) = addresses[1] else {
                Issue.record("no TCP port: \(addresses)")
                return
            }
            #expect(port > 0)
            let target = LocalHTTPClient.Target.tcp(host: "127.0.0.1", port: port)
            let client = LocalHTTPClient(target, bearerToken: token)
            let who: WhoReply = try await client.requestJSON(method: "GET", path: "/who")
            #expect(who == WhoReply(uid: nil, pid: nil, transport: "tcp"))
            let echo = Echo(text: "over TCP")
            #expect(try await client.reply("POST", "/echo", body: echo) == echo)
            let overUnix: WhoReply = try await LocalHTTPClient(.unix(scratch.socket)).requestJSON(method: "GET", path: "/who")
            #expect(overUnix.transport == "unix")

            #expect(try await LocalHTTPClient(target).status("GET", "/who") == 401)
            #expect(try await client.status("GET", "/who", headers: [("Host", "evil.example")]) == 421)
            #expect(try await client.status("GET", "/who", headers: [("Origin", "http://evil.example")]) == 403)
            #expect(try await client.status("GET", "/who", headers: [("Sec-Fetch-Site", "cross-site")]) == 403)
            let form = try await client.request(method: "POST", path: "/echo", headers: [("Content-Type", "text/plain")], body: [0x7b])
            #expect(form.status == 415)
        }
    }

    @Test("a router for a Unix socket stays closed on TCP, and only loopback is bound")
    func tcpByMistake() async throws {
        try await withServer(binds: [.tcp(host: "127.0.0.1", port: 0)]) { addresses in
            guard case .tcp(_, let port)? = addresses.first else { return }
            let client = LocalHTTPClient(.tcp(host: "127.0.0.1", port: port), bearerToken: token)
            let status = try await client.status("GET", "/who")
            #expect(status == 403)
        }
        await #expect(throws: LocalServerError.notLoopback(host: "0.0.0.0")) {
            try await withServer(binds: [.tcp(host: "0.0.0.0", port: 0)]) { _ in }
        }
    }

    @Test("a stale socket is replaced; a live one and a file are left alone")
    func existingFiles() async throws {
        let scratch = try Scratch()
        try RawListener(path: scratch.socket).close()
        #expect(scratch.entries == ["admin.sock"])
        try await withServer(binds: [.unix(path: scratch.socket)]) { _ in
            let before = try await LocalHTTPClient(.unix(scratch.socket)).status("GET", "/who")
            #expect(before == 200)
            await #expect(throws: LocalServerError.inUse(path: scratch.socket)) {
                try await withServer(binds: [.unix(path: scratch.socket)]) { _ in }
            }
            #expect(try await LocalHTTPClient(.unix(scratch.socket)).status("GET", "/who") == 200)
        }

        let file = scratch.path + "/notes.txt"
        try Data("keep".utf8).write(to: URL(fileURLWithPath: file))
        await #expect(throws: LocalServerError.notASocket(path: file)) {
            try await withServer(binds: [.unix(path: file)]) { _ in }
        }
        #expect(scratch.entries == ["notes.txt"])
    }

    @Test("what cannot be bound is said clearly and leaves nothing behind")
    func cannotBind() async throws {
        let scratch = try Scratch()
        let missing = scratch.path + "/missing/admin.sock"
        await #expect(throws: LocalServerError.cannotBind(address: missing, reason: "there is no such file or directory")) {
            try await withServer(binds: [.unix(path: missing)]) { _ in }
        }
        let long = scratch.path + "/" + String(repeating: "x", count: 108)
        await #expect(throws: LocalServerError.pathTooLong(path: long)) {
            try await withServer(binds: [.unix(path: long)]) { _ in }
        }
        // One bind that fails closes the other.
        try await withServer(binds: [.tcp(host: "127.0.0.1", port: 0)]) { addresses in
            guard case .tcp(_, let port)? = addresses.first else { return }
            await #expect(throws: LocalServerError.cannotBind(address: "127.0.0.1:\(port)", reason: "the address is in use")) {
                try await withServer(binds: [.unix(path: scratch.socket), .tcp(host: "127.0.0.1", port: port)]) { _ in }
            }
        }
        #expect(scratch.entries == [])
    }
}

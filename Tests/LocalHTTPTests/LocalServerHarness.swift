import Foundation
import Hummingbird
import LocalHTTP
import Logging
import ServiceLifecycle
import Synchronization
import Testing

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let token = "0123456789abcdef0123456789abcdef"

/// A directory that is removed with its owner.
final class Scratch: Sendable {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/wp-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var socket: String { path + "/admin.sock" }
    var entries: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
}

struct WhoReply: Codable, Equatable {
    var uid: UInt32?
    var pid: Int32?
    var transport: String
}

struct Echo: Codable, Equatable, Sendable {
    var text: String
    var at: Date?
}

/// A router with a route for each thing the tests ask about.
func testRouter(
    peers: PeerCredentialMiddleware = PeerCredentialMiddleware(), loopback: LoopbackGuard? = nil
) -> Router<PeerRequestContext> {
    let router = Router.local(peers: peers, loopback: loopback)
    router.get("who") { _, context in
        jsonResponse(.ok, WhoReply(uid: context.peer?.uid, pid: context.peer?.pid, transport: context.transport.rawValue))
    }
    router.post("echo") { request, _ in
        jsonResponse(.ok, try await decodeJSON(Echo.self, from: request))
    }
    router.get("conflict") { _, _ -> Response in
        throw JSONRefusal(.conflict, code: "taken", message: "already claimed", field: "incident")
    }
    router.get("broken") { _, _ -> Response in throw CancellationError() }
    router.get("thread") { _, _ in
        jsonResponse(.ok, ["thread": try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)])
    }
    router.get("nothing") { _, _ in Response(status: .noContent) }
    return router
}

/// Runs a server around `body` and shuts it down in order. Returns what `body` returns, after the server has ended.
func withServer<T: Sendable>(
    _ router: Router<PeerRequestContext> = testRouter(), binds: [LocalServer.Bind], limits: LocalServer.Limits = .init(),
    handlers: LocalServer.Handlers = .onPool, inherited: [Int: Int32] = [:], _ body: @escaping @Sendable ([LocalServer.ListeningAddress]) async throws -> T
) async throws -> T {
    let (addresses, arrived) = AsyncThrowingStream<[LocalServer.ListeningAddress], any Error>.makeStream()
    let server = LocalServer(router: router, binds: binds, limits: limits, handlers: handlers, inherited: inherited, logger: quiet) {
        arrived.yield($0)
        arrived.finish()
    }
    let group = ServiceGroup(services: [server], logger: quiet)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            do {
                try await group.run()
            } catch {
                arrived.finish(throwing: error)
                throw error
            }
        }
        var iterator = addresses.makeAsyncIterator()
        let listening = try #require(try await iterator.next())
        let result = try await body(listening)
        await group.triggerGracefulShutdown()
        for try await _ in tasks {}
        return result
    }
}

extension LocalHTTPClient {
    func status(
        _ method: String, _ path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) async throws -> Int {
        try await request(method: method, path: path, headers: headers, body: body).status
    }

    func reply<T: Decodable>(_ method: String, _ path: String, body: (any Encodable & Sendable)? = nil) async throws -> T {
        try await requestJSON(method: method, path: path, body: body)
    }
}

import Administration
import ArgumentParser
import Foundation
import Hummingbird
import LocalHTTP
import Localization
import Logging
import ServiceLifecycle
import Settings
import Synchronization
import Testing
import Workbench

@testable import WatchpostCLI

private let zh = Words(.zh)
private let en = Words(.en)

/// What the daemon was asked, and its admin socket.
private final class FakeStation: Sendable {
    let enrolled = Mutex<[EnrolPost]>([])

    var router: Router<PeerRequestContext> {
        get throws {
            let router = Router.local(peers: PeerCredentialMiddleware())
            router.post("/v1/posts") { [self] request, _ in
                let post = try await decodeJSON(EnrolPost.self, from: request)
                guard post.zone == "dongyuan" else {
                    throw JSONRefusal(.unprocessableContent, code: "invalid_field", message: "no such zone", field: "zone")
                }
                let count = enrolled.withLock {
                    $0.append(post)
                    return $0.count
                }
                return jsonResponse(
                    .created,
                    Enrolled(
                        principal: "post:\(post.id)", sequence: UInt64(count), daemonPublicKey: daemonKey,
                        tipsEndpoint: "tcp://127.0.0.1:7401", feedEndpoint: "tcp://127.0.0.1:7402"))
            }
            router.get("/v1/enrolments") { [self] _, _ in
                let list = enrolled.withLock { $0 }.map {
                    EnrolmentReport(
                        kind: "post", id: $0.id, name: $0.name, zones: [$0.zone], publicKey: $0.publicKey, sequence: 1, revoked: false)
                }
                return jsonResponse(.ok, EnrolmentList(daemonPublicKey: daemonKey, enrolments: list))
            }
            return router
        }
    }
}

private let daemonKey = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

/// Runs the fake station around `body`.
private func withStation(_ body: @Sendable @escaping (FakeStation, String) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let (station, socket) = (FakeStation(), folder.path + "/admin.sock")
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let (ready, isReady) = AsyncStream<Void>.makeStream()
    let server = LocalServer(router: try station.router, binds: [.unix(path: socket)], logger: quiet) { _ in isReady.finish() }
    let group = ServiceGroup(services: [server], logger: quiet)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { isReady.finish() }
            try await group.run()
        }
        for await _ in ready {}
        do {
            try await body(station, socket)
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
    withExtendedLifetime(folder) {}
}

private func run(_ words: [String]) async throws {
    var command = try #require(try Watchpost.parseAsRoot(words) as? any AsyncParsableCommand)
    try await command.run()
}

private func failure(_ words: [String]) async -> CLIFailure? {
    do {
        try await run(words)
        return nil
    } catch {
        return error as? CLIFailure
    }
}

@Suite struct UnreachableTests {
    @Test func daemon() async throws {
        let said = await failure(["status", "--admin", "/nonexistent/admin.sock", "--lang", "zh-CN"])
        #expect(said?.code == 69)
        #expect(said?.message.contains("/nonexistent/admin.sock") == true)
        #expect(said?.message.contains("守护进程没有运行") == true)
        #expect(said?.message.contains("\n") == false)
        let english = await failure(["incidents", "--admin", "/nonexistent/admin.sock", "--lang", "en"])
        #expect(english?.message.contains("systemctl status watchpostd") == true)
    }

    @Test func agent() async throws {
        let said = await failure(["tip", "-c", "fire", "--socket", "/nonexistent/agent.sock", "--lang", "zh-CN", "着火"])
        #expect(said?.code == 69)
        #expect(said?.message.contains("直接打电话") == true)
        #expect(await failure(["spool", "--socket", "/nonexistent/agent.sock"])?.code == 69)
    }

    @Test func configuration() async throws {
        for words in [
            ["agent", "--config", "/nonexistent.yaml"], ["patrol", "--config", "/nonexistent.yaml"],
            ["status", "--config", "/nonexistent.yaml"], ["tip", "-c", "fire", "--config", "/nonexistent.yaml", "x"],
            ["journal", "verify", "--config", "/nonexistent.yaml"],
        ] {
            #expect(await failure(words)?.code == 78, "\(words)")
        }
    }

    @Test func journalThatIsNotThere() async throws {
        #expect(await failure(["journal", "verify", "--data", "/nonexistent"])?.code == 1)
    }

    @Test func whereTheSocketIsFound() throws {
        let named = try #require(try Watchpost.parseAsRoot(["status", "--admin", "a.sock"]) as? StatusShow)
        #expect(try named.admin.socket(en, environment: ["WATCHPOST_ADMIN_SOCKET": "b.sock"]) == "a.sock")
        let unnamed = try #require(try Watchpost.parseAsRoot(["status"]) as? StatusShow)
        #expect(try unnamed.admin.socket(en, environment: ["WATCHPOST_ADMIN_SOCKET": "b.sock"]) == "b.sock")
        let spool = try #require(try Watchpost.parseAsRoot(["spool", "status"]) as? SpoolStatus)
        #expect(try spool.agent.path(en, environment: ["WATCHPOST_AGENT_SOCKET": "c.sock"]) == "c.sock")
    }
}

@Suite struct EnrolmentTests {
    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test func bundleIsPrivateAndNeverOverwritten() async throws {
        try await withStation { station, socket in
            let folder = try TemporaryFolder()
            let file = folder.path + "/gate-1.yaml"
            let words = ["post", "add", "gate-1", "--zone", "dongyuan", "--out", file, "--admin", socket, "--lang", "en"]
            try await run(words)
            #expect(try mode(file) == 0o600)
            let bundle = try KeyBundle.load(path: file)
            #expect(bundle.daemonPublicKey == daemonKey)
            #expect(bundle.endpoints == ["tcp://127.0.0.1:7401"])
            let sent = station.enrolled.withLock { $0 }
            #expect(sent.map(\.publicKey) == [bundle.publicKey])

            // Refused before the daemon is asked, so that no key is enrolled whose secret nobody has.
            let again = await failure(words + ["--replace"])
            #expect(again?.code == 1 && again?.message.contains("never overwritten") == true)
            #expect(station.enrolled.withLock { $0.count } == 1)
            #expect(try KeyBundle.load(path: file) == bundle)
        }
    }

    @Test func refusalLeavesNoFile() async throws {
        try await withStation { _, socket in
            let folder = try TemporaryFolder()
            let file = folder.path + "/gate-1.yaml"
            let said = await failure(["post", "add", "gate-1", "--zone", "elsewhere", "--out", file, "--admin", socket])
            #expect(said?.code == 1 && said?.message.contains("no such zone") == true)
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }

    @Test func manyMayBeRepeated() async throws {
        try await withStation { station, socket in
            let folder = try TemporaryFolder()
            let list = folder.path + "/posts.yaml"
            let yaml = """
                posts:
                  - { id: a, name: A, zone: dongyuan }
                  - { id: b, name: B, zone: elsewhere }
                  - { id: c, name: C, zone: dongyuan }

                """
            try Data(yaml.utf8).write(to: URL(fileURLWithPath: list))
            let keys = folder.path + "/keys"
            let words = ["post", "add", "--from", list, "--out-dir", keys, "--admin", socket, "--json"]
            // One that is refused does not stop the others, and the exit code tells.
            await #expect(throws: ExitCode.self) { try await run(words) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: keys).sorted() == ["a.yaml", "c.yaml"])
            #expect(try mode(keys + "/a.yaml") == 0o600)
            await #expect(throws: ExitCode.self) { try await run(words) }
            #expect(station.enrolled.withLock { $0.map(\.id) } == ["a", "c"])

            // The journal is gone, the bundle is not: the same key is enrolled again.
            let key = try KeyBundle.load(path: keys + "/a.yaml").publicKey
            station.enrolled.withLock { $0.removeAll { $0.id == "a" } }
            await #expect(throws: ExitCode.self) { try await run(words) }
            #expect(station.enrolled.withLock { $0.first { $0.id == "a" }?.publicKey } == key)
        }
    }

    @Test func keyFile() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/daemon.key"
        try await run(["keys", "generate", file])
        #expect(try mode(file) == 0o600)
        #expect(await failure(["keys", "generate", file])?.code == 1)
        #expect(try KeyShow.publicKey(of: file, en).utf8.count == 40)
        let secret = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try KeyShow.publicKey(of: file, en) != secret)
    }
}

@Suite struct ChildProcessTests {
    private func shell(_ script: String) throws -> ChildProcess {
        try ChildProcess("/bin/sh", ["-c", script], errors: "/dev/null")
    }

    @Test func endsAreTold() async throws {
        #expect(await (try shell("exit 3")).waitForExit(within: .seconds(10)) == .code(3))
        #expect(await (try shell("sleep 60")).stop(within: .seconds(10)) == .signal(15))
        #expect(await (try shell("sleep 60")).kill() == .signal(9))
        #expect(await (try shell("sleep 60")).waitForExit(within: .milliseconds(10)) == nil)
    }

    @Test func stopIsBounded() async throws {
        let deaf = try shell("trap '' TERM; echo ready >&2; while :; do sleep 1; done")
        // It may be killed before the trap is set; either way it has ended.
        #expect(await deaf.stop(within: .milliseconds(300)) != nil)
        #expect(deaf.exit != nil)
    }

    @Test func outputIsRead() async throws {
        let folder = try TemporaryFolder()
        let result = try await runTool(
            "/bin/sh", ["-c", "echo out; echo err >&2; exit 7"], scratch: folder.path, within: .seconds(10))
        #expect(result.code == 7 && result.output == "out\n" && result.errors == "err\n")
        #expect(throws: WorkbenchError.self) { try ChildProcess("/nonexistent/program", [], errors: "/dev/null") }
    }
}

import Foundation
import LocalHTTP
import Logging
import ServiceLifecycle
import Settings
import Supervision
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import PostAgent

/// The whole agent, as `watchpost agent` runs it, asked over its sockets.
@Suite(.timeLimit(.minutes(2))) struct DoorTests {
    struct Running: Sendable {
        let settings: AgentSettings
        let unix: LocalHTTPClient
        let port: Int

        func tcp(_ token: String?) -> LocalHTTPClient { LocalHTTPClient(.tcp(host: "127.0.0.1", port: port), bearerToken: token) }
        var token: String {
            get throws { try String(contentsOfFile: settings.tokenFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines) }
        }

        func post(_ body: String, wait: Int? = nil, client: LocalHTTPClient? = nil) async throws -> (status: Int, body: Data) {
            let path = "/v1/tips" + (wait.map { "?wait=\($0)" } ?? "")
            let reply = try await (client ?? unix).request(method: "POST", path: path, body: Array(body.utf8), timeout: .seconds(40))
            return (status: reply.status, body: Data(reply.body))
        }

        func tip(_ body: String, wait: Int? = nil, client: LocalHTTPClient? = nil) async throws -> (status: Int, tip: TipReply) {
            let reply = try await post(body, wait: wait, client: client)
            return (status: reply.status, tip: try JSONDecoder().decode(TipReply.self, from: reply.body))
        }

        func status() async throws -> AgentStatus { try await unix.requestJSON(method: "GET", path: "/v1/status") }
    }

    struct Refused: Decodable {
        var error: JSONError
    }

    /// Runs an agent around `body`; without a daemon nobody answers at its endpoint.
    static func withAgent(
        _ daemon: FakeDaemon? = nil, listening: Int = 2, change: (inout AgentSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (Running) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory()
        var settings = AgentSettings(bundleFile: "bundle.yaml", dataDirectory: folder.file("data"))
        settings.httpListen = ListenAddress(host: "127.0.0.1", port: 0)
        settings.sending.heartbeatInterval = .milliseconds(500)
        change(&settings)
        let pair = try CurveKeyPair.generate()
        let bundle =
            daemon?.bundle(pair)
            ?? KeyBundle(
                holder: .post(PostID(unchecked: "gate-1"), zone: ZoneID(unchecked: "zone-1")), endpoints: ["tcp://127.0.0.1:9"],
                daemonPublicKey: try CurveKeyPair.generate().publicKey.z85, publicKey: pair.publicKey.z85,
                secretKey: SecretText(pair.secretKey.exposedZ85))
        let (addresses, arrived) = AsyncStream<LocalServer.ListeningAddress>.makeStream()
        let agent = try makePostAgent(
            settings: settings, bundle: bundle, notifier: SystemdNotifier(environment: [:], logger: quiet), logger: quiet,
            time: SystemTime()
        ) { arrived.yield($0) }
        let group = ServiceGroup(services: [agent], logger: quiet)
        let task = Task { try await group.run() }
        var port = 0
        var open = 0
        for await address in addresses {
            if case .tcp(_, let found) = address { port = found }
            open += 1
            if open == listening { break }
        }
        let running = Running(settings: settings, unix: LocalHTTPClient(.unix(settings.socketPath)), port: port)
        let result: Result<Void, any Error>
        do { result = .success(try await body(running)) } catch { result = .failure(error) }
        let clock = ContinuousClock()
        let took = try await clock.measure {
            await group.triggerGracefulShutdown()
            try await task.value
        }
        #expect(took < .seconds(5))
        try result.get()
        // What is left can be opened again at once.
        try Spool(directory: settings.dataDirectory, limits: Spool.Limits(settings), logger: quiet).close()
    }

    @Test func offlineATipIsSpooledAndTheReplySaysSo() async throws {
        try await Self.withAgent { agent in
            let (status, tip) = try await agent.tip(
                #"{"category":"suspicious_person","text":"一名男子在围墙外徘徊","place":"3号楼东墙外","reporter":"员工7","position":{"latitude":39.9,"longitude":116.4,"accuracy_m":8},"observed_at":"2026-01-01T02:10:00+08:00","language":"zh-CN"}"#
            )
            #expect(status == 202)
            #expect(tip.state == .spooled && tip.number == 1)
            #expect(tip.link == "connecting" || tip.link == "unreachable")
            let again: TipReply = try await agent.unix.requestJSON(method: "GET", path: "/v1/tips/\(tip.tip)")
            #expect(again.state == .spooled)
            #expect(await soon { (try? await agent.status().link) == "unreachable" })
            let now = try await agent.status()
            #expect(now.spool.depth == 1 && now.nextNumber == 2 && now.lowestUnsent == 1 && now.post == "gate-1")
            #expect(now.linkText.contains("nobody answers at tcp://127.0.0.1:9"))
            #expect(now.series.count == 16)
        }
    }

    @Test func withADaemonAWaitingSubmitterGetsItsReceipt() async throws {
        let daemon = try FakeDaemon()
        defer { daemon.stop() }
        try await Self.withAgent(daemon) { agent in
            let (status, tip) = try await agent.tip(#"{"category":"fire","text":"smoke","panic":true}"#, wait: 20)
            #expect(status == 201)
            #expect(tip.state == .accepted)
            #expect(tip.receipt?.incident == 1 && tip.receipt?.verdict == "new" && tip.receipt?.level == "urgent")
            // Who waits is told before the spool has put it down.
            let isPutDown = await soon {
                let later: TipReply? = try? await agent.unix.requestJSON(method: "GET", path: "/v1/tips/\(tip.tip)")
                return later?.state == .accepted
            }
            #expect(isPutDown)
        }
    }

    /// The guard's machine says why the daemon, which answers, has not taken a tip yet.
    @Test func whyTipsWaitIsToldUntilTheyDoNot() async throws {
        let hasRoom = Mutex(false)
        let daemon = try FakeDaemon { message in
            guard message.header.verb == .submit, !hasRoom.withLock(\.self) else { return FakeDaemon.accepting(message) }
            let refusals = message.tips.filter { !$0.panic }.map {
                TipRejection(tip: $0.id, Rejection(.unavailable, "the station's disk is nearly full", retryAfterMilliseconds: 100))
            }
            return refusals.isEmpty ? FakeDaemon.accepting(message) : [(Header(.rejections, request: message.header.request), RejectionCodec.encode(refusals))]
        }
        defer { daemon.stop() }
        try await Self.withAgent(daemon) { agent in
            let first = try await agent.tip(#"{"category":"theft","text":"a scooter"}"#).tip
            #expect(await soon { (try? await agent.status())?.deferred?.contains("unavailable: the station's disk is nearly full") == true })
            #expect(try await agent.status().link == "connected")
            // An emergency that is taken says nothing of the others.
            #expect(try await agent.tip(#"{"category":"fire","text":"smoke","panic":true}"#, wait: 20).tip.state == .accepted)
            #expect(await soon { (try? await agent.status())?.deferred != nil })
            hasRoom.withLock { $0 = true }
            #expect(await soon { (try? await agent.unix.requestJSON(TipReply.self, method: "GET", path: "/v1/tips/\(first.tip)"))?.state == .accepted })
            #expect(await soon { (try? await agent.status()).map { $0.deferred == nil } == true })
        }
    }

    /// A receipt is put down in a quiet moment; a refusal that came after it is the newer word.
    @Test func anOlderReceiptSaysNothingOfWhyTipsWaitSince() async throws {
        let first = Mutex<FakeDaemon.Received?>(nil)
        let daemon = try FakeDaemon { message in
            guard message.header.verb == .submit else { return FakeDaemon.accepting(message) }
            let earlier = first.withLock { first in
                defer { first = first ?? message }
                return first
            }
            // The first tip's receipt comes with the second one's refusal, just before it.
            guard let earlier else { return [] }
            let refusals = message.tips.map {
                TipRejection(tip: $0.id, Rejection(.unavailable, "the station's disk is nearly full", retryAfterMilliseconds: 30_000))
            }
            return FakeDaemon.accepting(earlier) + [(Header(.rejections, request: message.header.request), RejectionCodec.encode(refusals))]
        }
        defer { daemon.stop() }
        try await Self.withAgent(daemon) { agent in
            let kept = try await agent.tip(#"{"category":"theft","text":"a scooter"}"#).tip
            #expect(await soon { first.withLock { $0 != nil } })
            _ = try await agent.tip(#"{"category":"theft","text":"a bicycle"}"#)
            #expect(await soon { (try? await agent.unix.requestJSON(TipReply.self, method: "GET", path: "/v1/tips/\(kept.tip)"))?.state == .accepted })
            #expect(try await agent.status().deferred?.contains("nearly full") == true)
        }
    }

    @Test func aRejectedTipIsToldWithItsReasonAndCanBeRetriedOrDeleted() async throws {
        let daemon = try FakeDaemon { message in
            guard message.header.verb == .submit else { return FakeDaemon.accepting(message) }
            let refusals = message.tips.map {
                TipRejection(tip: $0.id, Rejection(.unknownCategory, field: "tip.category", "'spaceship' is not configured"))
            }
            return [(Header(.rejections, request: message.header.request), RejectionCodec.encode(refusals))]
        }
        defer { daemon.stop() }
        try await Self.withAgent(daemon) { agent in
            let (status, tip) = try await agent.tip(#"{"category":"spaceship","text":"it landed"}"#, wait: 20)
            #expect(status == 409)
            #expect(tip.state == .rejected && tip.error?.code == "unknown_category" && tip.error?.field == "tip.category")
            let page: DeadLetterPage = try await agent.unix.requestJSON(method: "GET", path: "/v1/dead-letters")
            #expect(page.letters.map(\.text) == ["it landed"])
            let retried = try await agent.unix.request(method: "POST", path: "/v1/dead-letters/1/retry")
            #expect(retried.status == 202)
            // Its number was passed already, and it is sent all the same.
            #expect(await soon { daemon.tips.map(\.number) == [1, 1] })
            #expect(await soon { (try? await agent.status().deadLetters) == 1 })
            #expect(try await agent.unix.request(method: "DELETE", path: "/v1/dead-letters/1").status == 200)
            #expect(try await agent.unix.request(method: "DELETE", path: "/v1/dead-letters/1").status == 404)
            #expect(try await agent.unix.request(method: "GET", path: "/v1/tips/\(tip.tip)").status == 404)
        }
    }

    @Test func errorsNameTheField() async throws {
        try await Self.withAgent { agent in
            let long = String(repeating: "线", count: 1_334)
            let cases: [(body: String, status: Int, code: String, field: String?)] = [
                (#"{"text":"x"}"#, 400, "missing_field", "category"),
                (#"{"category":5}"#, 400, "wrong_type", "category"),
                ("{", 400, "bad_json", nil),
                (#"{"category":""}"#, 422, "invalid_field", "category"),
                (#"{"category":"fire","text":"\#(long)"}"#, 422, "too_large", "text"),
                (#"{"category":"\#(String(repeating: "c", count: 33))"}"#, 422, "too_large", "category"),
                (#"{"category":"fire","reporter":"\#(String(repeating: "r", count: 65))"}"#, 422, "too_large", "reporter"),
                (#"{"category":"fire","pannic":true}"#, 422, "unknown_field", "pannic"),
                (#"{"category":"fire","position":{"latitude":91,"longitude":0}}"#, 422, "invalid_field", "position.latitude"),
                (#"{"category":"fire","position":{"latitude":1,"longitude":0,"accuracy_m":-1}}"#, 422, "invalid_field", "position.accuracy_m"),
                (#"{"category":"fire","observed_at":"yesterday"}"#, 422, "invalid_field", "observed_at"),
                (#"{"category":"fire","id":"not-an-id"}"#, 422, "invalid_field", "id"),
                // A random UUID has no time in it.
                (#"{"category":"fire","id":"f47ac10b-58cc-4372-a567-0e02b2c3d479"}"#, 422, "invalid_field", "id"),
            ]
            for (body, status, code, field) in cases {
                let reply = try await agent.post(body)
                let error = try JSONDecoder().decode(Refused.self, from: reply.body).error
                #expect(reply.status == status, "\(body.prefix(60))")
                #expect(error.code == code && error.field == field, "\(body.prefix(60)): \(error)")
            }
            for wait in ["-1", "31", "x", ""] {
                let reply = try await agent.unix.request(
                    method: "POST", path: "/v1/tips?wait=\(wait)", body: Array(#"{"category":"fire"}"#.utf8))
                #expect(reply.status == 422)
            }
            #expect(try await agent.status().nextNumber == 1)
        }
    }

    @Test func aRepeatedSubmissionIsOneTipAndAnIDUsedTwiceIsRefused() async throws {
        try await Self.withAgent { agent in
            var random = SystemRandomNumberGenerator()
            let id = TipID.make(at: SystemTime().now(), using: &random)
            let body = #"{"category":"theft","text":"a bicycle","id":"\#(id)"}"#
            for _ in 0..<3 {
                let (status, tip) = try await agent.tip(body)
                #expect(status == 202 && tip.number == 1 && tip.tip == id.description)
            }
            let other = try await agent.post(#"{"category":"theft","text":"two bicycles","id":"\#(id)"}"#)
            #expect(other.status == 409)
            #expect(try JSONDecoder().decode(Refused.self, from: other.body).error.code == "conflict")
        }
    }

    @Test func aFullSpoolIsToldAndAnEmergencyStillGetsIn() async throws {
        try await Self.withAgent(change: {
            $0.spool.maxTips = 3
            $0.spool.emergencyReserve = 1
        }) { agent in
            for _ in 0..<2 { #expect(try await agent.post(#"{"category":"theft"}"#).status == 202) }
            let full = try await agent.post(#"{"category":"theft"}"#)
            #expect(full.status == 503)
            #expect(try JSONDecoder().decode(Refused.self, from: full.body).error.code == "spool_full")
            // By its category, from the settings.
            #expect(try await agent.post(#"{"category":"weapon"}"#).status == 202)
        }
    }

    @Test func overTCPTheTokenIsNeededAndAWebPageCannotForgeATip() async throws {
        try await Self.withAgent { agent in
            let body = #"{"category":"theft","text":"by HTTP"}"#
            let token = try agent.token
            #expect(token.utf8.count == 64)
            let mode = try FileManager.default.attributesOfItem(atPath: agent.settings.tokenFile)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try await agent.tip(body, client: agent.tcp(token)).status == 202)
            #expect(try await agent.post(body, client: agent.tcp(nil)).status == 401)
            #expect(try await agent.post(body, client: agent.tcp(String(token.dropLast()) + "x")).status == 401)
            func status(_ headers: [(name: String, value: String)]) async throws -> Int {
                try await agent.tcp(token).request(method: "POST", path: "/v1/tips", headers: headers, body: Array(body.utf8)).status
            }
            #expect(try await status([(name: "Host", value: "evil.example")]) == 421)
            #expect(try await status([(name: "Origin", value: "https://evil.example")]) == 403)
            #expect(try await status([(name: "Sec-Fetch-Site", value: "cross-site")]) == 403)
            #expect(try await status([(name: "Content-Type", value: "text/plain")]) == 415)
            #expect(try await status([(name: "Origin", value: "http://127.0.0.1:\(agent.port)")]) == 202)
            #expect(try await agent.status().nextNumber == 3)
        }
    }

    @Test func theUnixSocketIsPrivateAndATakenPortDoesNotStopIt() async throws {
        try await Self.withAgent { first in
            try await Self.withAgent(listening: 1, change: { $0.httpListen = ListenAddress(host: "127.0.0.1", port: first.port) }) { second in
                #expect(try await second.post(#"{"category":"theft"}"#).status == 202)
                let mode = try FileManager.default.attributesOfItem(atPath: second.settings.socketPath)[.posixPermissions] as? Int
                #expect(mode == 0o600)
            }
            #expect(try await first.status().spool.depth == 0)
        }
    }

    @Test func whoWaitsIsAnsweredWhenTheAgentStops() async throws {
        let answer = AsyncStream<Int>.makeStream()
        try await Self.withAgent { agent in
            Task {
                answer.continuation.yield((try? await agent.tip(#"{"category":"theft"}"#, wait: 30).status) ?? 0)
                answer.continuation.finish()
            }
            #expect(await soon { (try? await agent.status().spool.depth) == 1 })
        }
        for await status in answer.stream { #expect(status == 202) }
    }

    @Test func aUnitsBundleIsRefusedInWords() throws {
        let folder = try TemporaryDirectory()
        let settings = AgentSettings(bundleFile: "b.yaml", dataDirectory: folder.path)
        let pair = try CurveKeyPair.generate()
        let bundle = KeyBundle(
            holder: .unit(UnitID(unchecked: "patrol-1"), zones: []), endpoints: ["tcp://127.0.0.1:9"],
            daemonPublicKey: pair.publicKey.z85, publicKey: pair.publicKey.z85, secretKey: SecretText(pair.secretKey.exposedZ85))
        #expect(throws: PostAgentError.self) {
            try makePostAgent(
                settings: settings, bundle: bundle, notifier: SystemdNotifier(environment: [:], logger: quiet), logger: quiet,
                time: SystemTime())
        }
    }
}

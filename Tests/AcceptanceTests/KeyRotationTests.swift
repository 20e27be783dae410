import Access
import Administration
import FoundationEssentials
import Settings
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench
import ZeroMQ

extension Acceptance {
    /// Keys are changed while tips flow, with the commands that people use, and every tip arrives.
    @Suite struct KeyRotationTests {
        @Test func aPostsKeyIsRotatedAndNoTipIsLost() async throws {
            let station = try await Station()
            let admin = ["--admin", station.daemon.adminSocket]
            let bundle = try await station.enrolPost("gate")
            let agent = try AgentProcess(binaries: station.binaries, directory: station.file("agent"), bundle: bundle)
            try await agent.start()
            var sent: Set<String> = []
            func send(_ text: String) async throws { sent.insert(try await agent.tip(["-c", "theft", text], wait: 1).tip) }
            try await send("before")

            let rotated = try await station.tool(["keys", "rotate", "post", "gate", "--out", station.file("new.yaml")] + admin)
            try #require(rotated.code == 0, "\(rotated)")
            // The old key goes on, on the connection that it has and on a new one.
            try await send("with the old key, connected")
            await agent.kill()
            try await agent.start()
            try await send("with the old key, connected again")

            // Tips wait while the bundle is changed, and go with the new one.
            await station.daemon.kill()
            try await send("while the daemon is away")
            #expect(await agent.stop() == .code(0))
            let next = try KeyBundle.load(path: station.file("new.yaml"))
            #expect(next.publicKey != bundle.publicKey && next.endpoints == bundle.endpoints)
            try SecretFile.replace(agent.directory + "/bundle.yaml", Array(next.render().utf8))
            try await station.daemon.start()
            try await agent.start()
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in try await agent.spoolDepth() == 0 })
            try await send("with the new key")

            // Both at once, over a restart: the window is in the journal.
            let context = try Context()
            _ = try await DirectPost(bundle, context: context).receipt(for: DirectPost.tip(category: "theft", text: "old"))
            let shown = try await station.tool(["keys", "show", "--json"] + admin)
            #expect(shown.output.contains(bundle.publicKey) && shown.output.contains("previous_until_ms"))
            for secret in [bundle.secretKey.revealed, next.secretKey.revealed] { #expect(!shown.output.contains(secret)) }

            // Another rotation that keeps nothing ends it for both at once; two keys are valid at most.
            let last = try await station.tool(["keys", "rotate", "post", "gate", "--out", station.file("last.yaml"), "--keep-days", "0"] + admin)
            try #require(last.code == 0, "\(last)")
            for old in [bundle, next] {
                let late = DirectPost.tip(category: "theft", text: "too late")
                await #expect(throws: WorkbenchError.self) { try await DirectPost(old, context: context).submit([late.bytes], within: .seconds(1)) }
            }
            let journal = try station.journal()
            #expect(journal.accepted == sent.count + 1)
            _ = await agent.stop()
        }

        @Test func theDaemonsKeyIsRotatedAndNoTipIsLost() async throws {
            let station = try await Station()
            let (gate, unit) = (try await station.enrolPost("gate"), try await station.enrolUnit("alpha"))
            let agent = try AgentProcess(binaries: station.binaries, directory: station.file("agent"), bundle: gate)
            try await agent.start()
            var sent = 0
            func send(_ text: String) async throws {
                _ = try await agent.tip(["-c", "theft", text], wait: 1)
                sent += 1
            }
            try await send("before")

            let secret = station.daemon.dataDirectory + "/daemon.key"
            let early = try await station.tool(["keys", "rotate", "daemon", secret, "--finish"])
            #expect(early.code == 1 && early.errors.contains("prepare the rotation first"), "\(early)")
            let prepared = try await station.tool(["keys", "rotate", "daemon", secret, "--json"])
            try #require(prepared.code == 0, "\(prepared)")
            let key = try JSONDecoder().decode(PublicKey.self, from: Data(prepared.output.utf8)).public_key
            #expect(try await station.tool(["keys", "rotate", "daemon", secret, "--json"]).output == prepared.output)
            let path = agent.directory + "/bundle.yaml"
            try SecretFile.create(station.file("alpha.yaml"), Array(unit.render().utf8))
            let trusted = try await station.tool(["keys", "trust", path, station.file("alpha.yaml"), "--key", key])
            try #require(trusted.code == 0, "\(trusted)")
            let other = try await station.tool(["keys", "trust", path, "--key", try CurveKeyPair.generate().publicKey.z85])
            #expect(other.code == 1 && other.errors.contains("--only"), "\(other)")

            // It accepts either key by now, and the daemon still has the old one.
            #expect(await agent.stop() == .code(0))
            try await agent.start()
            let patrol = try DirectPatrol(try KeyBundle.load(path: station.file("alpha.yaml")))
            try await send("with the old key")
            _ = try await patrol.wait(for: "an event with the old key") { $0.events.count >= 2 ? true : nil }

            // The daemon changes while tips come.
            _ = await station.daemon.stop()
            try await send("while it is away")
            let finished = try await station.tool(["keys", "rotate", "daemon", secret, "--finish"])
            try #require(finished.code == 0, "\(finished)")
            let status = try await station.daemon.start()
            #expect(status.sequence > 0)
            #expect(try await station.daemon.admin.enrolments().daemonPublicKey == key)
            try await send("with the new key")
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in try await agent.spoolDepth() == 0 })
            #expect(try station.journal().accepted == sent)
            // The patrol comes back, without a gap and without a repeat.
            let all = sent
            _ = try await patrol.wait(for: "all events", within: .seconds(45)) { $0.events.count >= all ? true : nil }
            #expect(Set(patrol.seen.events.map(\.sequence)).count == patrol.seen.events.count)

            // Afterwards nothing needs the old one.
            let only = try await station.tool(["keys", "trust", path, "--key", key, "--only"])
            #expect(only.code == 0)
            #expect(try KeyBundle.load(path: path).nextDaemonPublicKey == nil)
            #expect(await agent.stop() == .code(0))
            try await agent.start()
            try await send("with the new key only")
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in try await agent.spoolDepth() == 0 })
            #expect(try station.journal().accepted == sent)
            await patrol.stop()
            _ = await agent.stop()
        }

        private struct PublicKey: Decodable {
            var public_key: String
        }
    }
}

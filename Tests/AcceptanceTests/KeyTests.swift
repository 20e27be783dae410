import Administration
import FoundationEssentials
import Patrol
import Settings
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench
import ZeroMQ

extension Acceptance {
    /// Keys that nobody enrolled, and keys that were taken back, with the programs that people use.
    @Suite struct KeyTests {
        @Test func anUnknownKeyIsRefusedAndTheAgentSaysSoUntilItIsEnrolled() async throws {
            let station = try await Station()
            // A bundle as good as any, but for that no station knows its key.
            var bundle = try await station.enrolPost("known")
            let keys = try CurveKeyPair.generate()
            bundle.holder = .post(PostID(unchecked: "newcomer"), zone: east)
            bundle.publicKey = keys.publicKey.z85
            bundle.secretKey = SecretText(keys.secretKey.exposedZ85)
            let agent = try AgentProcess(binaries: station.binaries, directory: station.file("agent"), bundle: bundle)
            try await agent.start()

            let said = try await eventually(deadline: .seconds(10)) { () async throws in
                let (code, output, _) = try await station.tool(["spool", "status", "--socket", agent.socket])
                return code == 0 && output.contains("key not enrolled or revoked: ask the station desk")
            }
            #expect(said, "spool status did not say within seconds that the key is refused")
            let told = try await station.tool(["tip", "-c", "theft", "a bicycle", "--wait", "1", "--socket", agent.socket])
            #expect(told.code == 0 && told.output.contains("kept on this machine") && told.output.contains("enrol"), "\(told)")
            #expect(text(of: agent.log).contains("refused this post's key: it is unknown or was revoked"))
            #expect(text(of: station.daemon.log).contains("refused a key that is not enrolled"))
            let status = try await station.daemon.admin.status()
            #expect(status.ingest.keysRefused > 0 && status.ingest.messages == 0)

            // The station enrols it by its public half, and the tip goes by itself.
            let added = try await station.tool([
                "post", "add", "newcomer", "--zone", "dongyuan", "--public-key", keys.publicKey.z85, "--admin", station.daemon.adminSocket,
            ])
            #expect(added.code == 0, "\(added)")
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in try await agent.spoolDepth() == 0 })
            #expect(try station.journal().accepted == 1)
            #expect(await agent.stop() == .code(0))
        }

        @Test func aRevocationByTheCommandHoldsForConnectionsThatAreOpen() async throws {
            let station = try await Station()
            let admin = station.daemon.adminSocket
            for (kind, id, zone) in [("post", "gate", "dongyuan"), ("patrol-unit", "unit", "dongyuan")] {
                let added = try await station.tool([kind, "add", id, "--zone", zone, "--out", station.file(id + ".yaml"), "--admin", admin])
                #expect(added.code == 0, "\(added)")
            }
            let (gate, unit) = (try KeyBundle.load(path: station.file("gate.yaml")), try KeyBundle.load(path: station.file("unit.yaml")))
            let patrol = try DirectPatrol(unit)
            let context = try Context()
            let stream = try PostStream(gate, context: context, window: 32, random: SplitMix64(seed: 3))
            _ = try await patrol.wait(for: "events") { $0.events.count > 50 ? true : nil }

            // While events flow. Nothing after the record that revokes it may reach it, and it is told without asking.
            let unitRecord = try await revoke(station, "patrol-unit", "unit")
            let told = try await patrol.wait(for: "the word that it is revoked") { $0.refusals.first }
            #expect(told.code == .revoked)
            let before = stream.receiptCount
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in stream.receiptCount > before + 100 })
            #expect(patrol.seen.events.allSatisfy { $0.sequence < unitRecord })
            #expect(try await station.status { $0.patrols.isEmpty && $0.feed.rejected["revoked"] != nil } != nil)

            // While tips are in flight.
            let postRecord = try await revoke(station, "post", "gate")
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in !stream.faults.isEmpty })
            #expect(stream.faults.allSatisfy { $0.contains("revoked") }, "\(stream.faults.first ?? "")")
            let journal = try station.journal()
            #expect(journal.accepted > 100 && journal.tips.values.allSatisfy { $0.sequence < postRecord })
            // What had a receipt is there, as ever.
            #expect(stream.receipts.values.allSatisfy { $0.sequence < postRecord })
            stream.stop()
            // A new connection gets no further than the handshake.
            let late = DirectPost.tip(category: "theft", text: "two")
            await #expect(throws: WorkbenchError.self) { try await DirectPost(gate).submit([late.bytes], within: .seconds(1)) }
            #expect(try await station.daemon.admin.status().posts.first?.state == "revoked")
            #expect(station.daemon.exit == nil)
            await patrol.stop()
        }

        /// - Returns: the record that revokes.
        private func revoke(_ station: Station, _ kind: String, _ id: String) async throws -> SequenceNumber {
            let (code, output, errors) = try await station.tool([
                kind, "revoke", id, "--reason", "lost", "--admin", station.daemon.adminSocket, "--json",
            ])
            try #require(code == 0, "\(errors)")
            return try JSONDecoder().decode(Revocation.self, from: Data(output.utf8)).sequence
        }
    }
}

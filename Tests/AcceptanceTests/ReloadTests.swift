import Administration
import FoundationEssentials
import Glibc
import LocalHTTP
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench

extension Acceptance {
    /// SIGHUP: all of a new configuration or nothing of it.
    @Suite struct ReloadTests {
        @Test func aBadFileIsRefusedWhileItRunsOnAndAGoodOneTakesEffect() async throws {
            let station = try await Station()
            let daemon = station.daemon
            let post = try DirectPost(try await station.enrolPost("gate"))
            func noise() -> (id: TipID, bytes: [UInt8]) { DirectPost.tip(category: "noise", text: "a drum") }
            #expect(try await post.rejection(of: noise()).code == .unknownCategory)

            // Good zones and good categories beside one mistake: none of it may hold.
            let category = "  - { code: noise, zh: 噪声, en: Noise, base: 20, floor: urgent }\n"
            let triage = SampleDistrict.triage().replacing("urgency:\n", with: category + "urgency:\n")
            let zones = SampleDistrict.zones.replacing("neighbours: [dongyuan]\n", with: "neighbours: [dongyuan, beishan]\n") + Self.thirdZone
            try write(station.file("zones.yaml"), zones)
            try write(station.file("triage.yaml"), triage.replacing("base: 30", with: "base: 3000"))
            daemon.signal(SIGHUP)
            try await wait(for: "configuration refused; running on with the old one", in: daemon)
            #expect(text(of: daemon.log).contains("categories[1].base: must be 0…100 points, is 3000"))
            #expect(try await post.rejection(of: noise()).code == .unknownCategory)
            await #expect(throws: LocalHTTPClientError.self) { try await station.enrolPost("hill", ZoneID(unchecked: "beishan")) }

            try write(station.file("triage.yaml"), triage)
            daemon.signal(SIGHUP)
            try await wait(for: "configuration reloaded", in: daemon)
            let receipt = try await post.receipt(for: noise())
            #expect(receipt.level == .urgent)
            _ = try await station.enrolPost("hill", ZoneID(unchecked: "beishan"))

            // The same by the command, which tells what is wrong, and what has to wait for a restart.
            let configuration = text(of: daemon.configuration)
            try write(daemon.configuration, configuration + "bogus: 1\n")
            let refused = try await station.tool(["reload", "--admin", daemon.adminSocket])
            #expect(refused.code != 0 && (refused.output + refused.errors).contains("bogus: unknown key"), "\(refused)")
            try write(daemon.configuration, configuration + "presence:\n  silent_after: 20s\n")
            // It waits for as long as there was no restart, and is said each time.
            for _ in 1...2 {
                let waits = try await station.tool(["reload", "--admin", daemon.adminSocket])
                #expect(waits.code == 0 && (waits.output + waits.errors).contains("presence.silent_after"), "\(waits)")
            }
            #expect(daemon.exit == nil && daemon.processID > 0)
        }

        /// A service manager may say reload at any time.
        @Test func aReloadWhileItStartsDoesNotEndIt() async throws {
            let station = try await Station(start: false)
            let daemon = station.daemon
            let starting = Task { try await daemon.start() }
            // From its first word on until it answers.
            let ready = try await eventually(deadline: .seconds(30)) { () async throws in
                if !text(of: daemon.log).isEmpty { daemon.signal(SIGHUP) }
                return daemon.exit != nil || text(of: daemon.log).contains(" ready ")
            }
            #expect(ready && daemon.exit == nil, "it ended with \(String(describing: daemon.exit))")
            _ = try await starting.value
            daemon.signal(SIGHUP)
            try await wait(for: "configuration reloaded", in: daemon)
        }

        private func wait(for words: String, in daemon: DaemonProcess) async throws {
            let said = try await eventually(deadline: .seconds(20)) { () async throws in text(of: daemon.log).contains(words) }
            try #require(said, "the log does not say '\(words)':\n\(daemon.logTail())")
        }

        private static let thirdZone = """
              - id: beishan
                name: 北山片区 (Beishan)
                party_cell: 北山党支部
                police_grid: 警务网格 07
                community_grid: 北山社区
                officer_role: 北山社区民警
                neighbours: [nanhu]

            """
    }
}

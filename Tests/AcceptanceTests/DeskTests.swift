import Administration
import FoundationEssentials
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench

extension Acceptance {
    /// What the duty officer does by command, over a daemon that is killed.
    @Suite struct DeskTests {
        private func details(_ station: Station, _ ids: [UInt64]) async throws -> [IncidentDetail] {
            var found: [IncidentDetail] = []
            for id in ids {
                var detail = try await station.daemon.admin.incident(id)
                // How long it has waited is the clock's, and no part of what is kept.
                detail.incident.standing = nil
                found.append(detail)
            }
            return found
        }

        @Test func mergesAndSplitsByCommandSurviveAKill() async throws {
            let station = try await Station()
            let bundles = (try await station.enrolPost("gate"), try await station.enrolPost("far", south))
            let gate = try DirectPost(bundles.0, endpoint: station.daemon.tipsEndpoint)
            let far = try DirectPost(bundles.1, endpoint: station.daemon.tipsEndpoint)
            let watch = try DirectPatrol(try await station.enrolUnit("night", [east, south]))
            try await watch.waitUntilCaughtUp()
            let sent = (0..<3).map { _ in DirectPost.tip(category: "theft", text: "a bicycle was stolen at the east gate") }
            var receipts: [Receipt] = []
            for tip in sent { receipts.append(try await gate.receipt(for: tip)) }
            let one = receipts[0].incident.rawValue
            try #require(receipts.allSatisfy { $0.incident.rawValue == one })
            let other = try await far.receipt(for: DirectPost.tip(category: "theft", text: "another place")).incident.rawValue

            let merge = try await station.tool(["incidents", "merge", "#\(other)", "--into", "\(one)", "--reason", "one thief", "--admin", station.daemon.adminSocket])
            #expect(merge.code == 0 && merge.output.hasPrefix("#\(other) was merged into #\(one)"), "\(merge)")
            let split = try await station.tool(
                ["incidents", "split", "\(one)", "\(sent[0].id)", "\(sent[2].id)", "--reason", "two thieves", "--admin", station.daemon.adminSocket, "--json"])
            let told = try JSONDecoder().decode(DeskReport.self, from: Data(split.output.utf8))
            let new = try #require(told.other?.id)
            #expect(split.code == 0 && told.incident.tips == 2 && told.other?.tips == 2 && told.incident.apart == [new])
            let again = try await station.tool(["incidents", "merge", "\(other)", "--into", "\(one)", "--reason", "again", "--admin", station.daemon.adminSocket])
            #expect(again.code != 0 && again.errors.contains("merged into #\(one)"), "\(again)")
            let regrade = try await station.tool(["incidents", "regrade", "\(new)", "urgent", "--reason", "seen running", "--admin", station.daemon.adminSocket])
            #expect(regrade.code == 0, "\(regrade)")
            // Patrols are told of all of it.
            let gone = try await watch.wait(for: .merged, of: IncidentID(other))
            #expect(gone.incident.mergedInto == IncidentID(one) && gone.incident.phase == .cleared)
            #expect(try await watch.wait(for: .split, of: IncidentID(new)).other == IncidentID(one))
            #expect(try await watch.wait(for: .regraded, of: IncidentID(new)).lane == .alert)

            let before = try await details(station, [one, other, new])
            #expect(before[0].tips.map(\.id).contains("\(sent[1].id)") && before[0].tips.count == 2 && before[2].tips.map(\.id) == ["\(sent[0].id)", "\(sent[2].id)"])
            #expect(before[0].history.map(\.event).suffix(2) == ["took_in", "tips_left"] && before[1].history.last?.event == "merged_into")
            #expect(before[2].incident.regrade?.reason == "seen running" && before[2].incident.level == "urgent")
            #expect(before[1].history.last?.by?.isEmpty == false && before[1].incident.mergedInto == one)

            await station.daemon.kill()
            try await station.daemon.start()
            #expect(try await details(station, [one, other, new]) == before)
            // A tip that is sent again is where it was filed first.
            let post = try DirectPost(bundles.0, endpoint: station.daemon.tipsEndpoint)
            let repeated = try await post.receipt(for: sent[0])
            #expect(repeated.verdict == .repeat && repeated.incident.rawValue == one)
            let shown = try await station.tool(["incidents", "show", "\(other)", "--admin", station.daemon.adminSocket])
            #expect(shown.output.contains("merged into #\(one)") && shown.output.contains("one thief"), "\(shown)")
        }
    }
}

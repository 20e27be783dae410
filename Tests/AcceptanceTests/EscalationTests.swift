import Administration
import Journal
import Patrol
import Testing
import TipModel
import TipWire
import Workbench

extension Acceptance {
    /// A ladder in the built programs, over a kill in the middle of it. Exact times are StationTests' business: here it is
    /// that the daemon's own thread asks, that a grant is fed live and from the journal, and that it all survives.
    @Suite struct EscalationTests {
        @Test func nobodyComesAndTheNeighboursHearOfItOverAKill() async throws {
            let station = try await Station(
                dispatch: """
                    levels:
                      emergency: { officer_after: 1s, desk_after: 1s, neighbours_after: 4s, remind_every: 1h, grant_for: 1h }

                    """)
            let post = try DirectPost(try await station.enrolPost("gate"))
            let own = try DirectPatrol(try await station.enrolUnit("own"))
            let bundle = try await station.enrolUnit("neighbour", [south])
            for unit in [own] { try await unit.waitUntilCaughtUp() }
            let tip = DirectPost.tip(category: "fire", text: "三号楼起火", position: SampleDistrict.position(north: 0, east: 0))
            let incident = try await post.receipt(for: tip).incident
            _ = try await own.wait(for: "the desk's rung") { log in
                log.events.contains { $0.rung == .desk && $0.incident.id == incident } ? true : nil
            }
            // The third rung is due on a daemon that has only just come back.
            await station.daemon.kill()
            try await station.daemon.start()
            let neighbour = try DirectPatrol(bundle)
            let granted = try await neighbour.wait(for: .escalated, of: incident, within: .seconds(20))
            #expect(granted.rung == .neighbours && granted.incident.headline == "三号楼起火")
            #expect(granted.incident.grants.map(\.unit.rawValue) == ["neighbour"])
            #expect(neighbour.seen.events.count == 1, "nothing from before the grant")

            guard case .done(let claimed?, _) = try await neighbour.perform(PatrolCommand(.claim, incident)) else {
                Issue.record("the neighbour could not claim")
                return
            }
            #expect(claimed.holder?.rawValue == "neighbour")
            guard case .done = try await own.perform(PatrolCommand(.join, incident)) else {
                Issue.record("the zone's own unit could not join")
                return
            }
            _ = try await neighbour.wait(for: .joined, of: incident)
            // Again from the beginning, by now from another process and the journal: the same events in the same order.
            let live = neighbour.seen.events.map(\.sequence)
            await station.daemon.kill()
            try await station.daemon.start()
            let again = try DirectPatrol(bundle)
            let told = try await again.wait(for: "all of it") { $0.events.count >= live.count ? $0.events.map(\.sequence) : nil }
            #expect(told == live && again.seen.faults == [])

            let shown = try await station.tool(["incidents", "show", "\(incident.rawValue)", "--admin", station.daemon.adminSocket])
            for words in ["unit neighbour (leads)", "unit own", "escalated", "unclaimed: neighbouring patrols told", "joined"] {
                #expect(shown.output.contains(words), "\(shown.output)")
            }
            let cleared = try await station.tool([
                "incidents", "clear", "\(incident.rawValue)", "--disposition", "resolved", "--admin", station.daemon.adminSocket,
            ])
            #expect(cleared.code == 0 && cleared.output.contains("was cleared"))
            _ = try await again.wait(for: .cleared, of: incident)
            #expect(try station.verify() != .stopped(at: 0))
            for unit in [own, neighbour, again] { await unit.stop() }
        }
    }
}

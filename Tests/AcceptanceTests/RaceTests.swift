import Administration
import Glibc
import Patrol
import TestSupport
import Testing
import TipModel
import Workbench
import ZeroMQ

extension Acceptance {
    /// Who is first when several want something at once.
    @Suite struct RaceTests {
        @Test func ofTwoClaimsExactlyOneWinsAndTheOtherHearsWhoHasIt() async throws {
            let station = try await Station()
            let post = try DirectPost(try await station.enrolPost("gate"))
            let units = [
                try DirectPatrol(await station.enrolUnit("unit-1")), try DirectPatrol(await station.enrolUnit("unit-2")),
            ]
            for unit in units { try await unit.waitUntilCaughtUp() }
            var wins: [UnitID: Int] = [:]
            for round in 0..<10 {
                // Far apart, so that each is an incident of its own; all at once, so that claims meet in one commit too.
                let tips = (0..<8).map { number in
                    DirectPost.tip(
                        category: "theft", text: "round \(round), case \(number)",
                        position: SampleDistrict.position(north: Double(number) * 3_000, east: Double(round) * 3_000))
                }
                let answers = try await post.submit(tips.map(\.bytes))
                let incidents = tips.compactMap { answers[$0.id]?.receipt?.incident }
                try #require(Set(incidents).count == 8)
                for unit in units {
                    _ = try await unit.wait(for: "the round's incidents") { log in
                        incidents.allSatisfy { log.incidents[$0] != nil } ? true : nil
                    }
                }
                for race in try await claims(incidents, units) {
                    let winners = race.results.filter { if case .done(_, let sequence) = $0.result { sequence > 0 } else { false } }
                    try #require(winners.count == 1, "\(race.incident): \(race.results)")
                    let winner = winners[0].unit
                    wins[winner, default: 0] += 1
                    let loser = try #require(race.results.first { $0.unit != winner })
                    guard case .refused(let rejection, let now) = loser.result else {
                        Issue.record("\(loser.unit) was told \(loser.result)")
                        continue
                    }
                    #expect(rejection.code == .heldByOther && now?.holder == winner, "\(rejection)")
                    for unit in units { #expect(try await unit.wait(for: .claimed, of: race.incident).unit == winner) }
                }
            }
            let claimed = try station.journal().phases.values
            #expect(claimed.count == 80 && Set(claimed.map(\.incident)).count == 80, "each has one claim on record")
            print("RaceTests: 80 races, won \(wins.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }.joined(separator: ", "))")
            for unit in units {
                #expect(unit.seen.faults == [])
                await unit.stop()
            }
        }

        private struct Race {
            var incident: IncidentID
            var results: [(unit: UnitID, result: ActionOutcome.Result)]
        }

        /// Both units claim every incident, all at the same time.
        private func claims(_ incidents: [IncidentID], _ units: [DirectPatrol]) async throws -> [Race] {
            try await withThrowingTaskGroup(of: (IncidentID, UnitID, ActionOutcome.Result).self) { group in
                for incident in incidents {
                    for unit in units.shuffled() {
                        group.addTask { (incident, unit.unit, try await unit.perform(PatrolCommand(.claim, incident))) }
                    }
                }
                var races: [IncidentID: Race] = [:]
                for try await (incident, unit, result) in group {
                    races[incident, default: Race(incident: incident, results: [])].results.append((unit, result))
                }
                return Array(races.values)
            }
        }

        /// Not a time, which a slow machine would stretch, but a place in the order: how much of the backlog was fed before
        /// the emergency, and how much after.
        @Test func anEmergencyOvertakesTheBacklogOfAnotherPost() async throws {
            let station = try await Station(
                """
                ingest:
                  queue_tips: 8192
                  batch_tips: 64
                """)
            let context = try Context()
            let busy = try PostStream(
                await station.enrolPost("busy"), context: context, window: 9_000, express: 0, random: SplitMix64(seed: 1))
            let witness = Witness(zones: [east, south])
            let patrol = try DirectPatrol(await station.enrolUnit("unit", [east, south]), context: context) { witness.take($0) }
            let post = try DirectPost(await station.enrolPost("gate", south), context: context)
            let filled = try await station.status(within: .seconds(60)) { $0.core.waitingTips >= 4_000 }
            let before = try #require(filled, "the queue did not fill")
            let emergency = DirectPost.tip(category: "fire", text: "smoke from the roof")
            let receipt = try await post.receipt(for: emergency)
            busy.mayMake(0)
            #expect(receipt.level == .emergency)

            // All of the backlog arrives too, so its place can be told.
            let done = try await eventually(deadline: .seconds(120)) { () async throws in busy.unansweredCount == 0 }
            #expect(done)
            #expect(busy.faults == [])
            let first = before.sequence
            let overtaken = busy.receipts.values.count { $0.sequence > receipt.sequence }
            let waitedFor = busy.receipts.values.count { $0.sequence > first && $0.sequence < receipt.sequence }
            print("RaceTests: of \(before.core.waitingTips) that waited, \(waitedFor) went before the emergency; \(overtaken) came after it")
            #expect(waitedFor < before.core.waitingTips / 4)
            #expect(overtaken > before.core.waitingTips / 2)

            // And to the patrol: first of its lane, before the main lane had the backlog.
            let journal = try station.journal()
            let whole = try await eventually(deadline: .seconds(60)) { () async throws in witness.isComplete(journal) }
            #expect(whole)
            #expect(witness.faults(against: journal, through: witness.mark) == [])
            let events = patrol.seen.events
            let place = try #require(events.firstIndex { $0.tip?.id == emergency.id })
            #expect(events.count - place > before.core.waitingTips / 2, "fed as number \(place) of \(events.count)")
            busy.stop()
            await patrol.stop()
        }

        @Test func aPatrolThatDoesNotReadIsBoundedAndCatchesUpWithoutAGap() async throws {
            let station = try await Station(
                """
                feed:
                  ring_events: 64
                  ring_bytes: 64KiB
                  page_events: 32
                  heartbeat_timeout: 2s
                """)
            let context = try Context()
            let witness = Witness(zones: [east])
            let reading = try DirectPatrol(await station.enrolUnit("reading"), context: context) { witness.take($0) }
            let stuck = try PatrolProcess(
                binaries: station.binaries, directory: station.file("stuck"), bundle: try await station.enrolUnit("stuck"), credit: 64)
            let stream = try PostStream(
                await station.enrolPost("gate"), context: context, window: 64, random: SplitMix64(seed: 2))
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in stuck.count() >= 50 })

            stuck.signal(SIGSTOP)
            let before = stream.receiptCount
            #expect(try await eventually(deadline: .seconds(60)) { () async throws in stream.receiptCount >= before + 1_000 })
            // It may take its credit and no more; then it is silent for too long and is let go.
            let ended = try await station.status { !$0.patrols.contains { $0.unit == "stuck" } }
            let status = try #require(ended, "its subscription did not end")
            #expect(status.feed.ringEvents <= 2 * 64 && status.feed.ringBytes <= 2 * 64 << 10)
            #expect(stuck.count() < before + 1_000)
            stream.mayMake(0)
            #expect(try await eventually(deadline: .seconds(60)) { () async throws in stream.unansweredCount == 0 })
            let journal = try station.journal()
            // The one that reads has everything while the other stands still.
            #expect(try await eventually(deadline: .seconds(30)) { () async throws in witness.isComplete(journal) })
            #expect(witness.faults(against: journal, through: witness.mark) == [])

            stuck.signal(SIGCONT)
            let all = journal.feedCount([east])
            #expect(try await eventually(deadline: .seconds(60)) { () async throws in stuck.count() >= all })
            let lines = try stuck.lines()
            for lane in Lane.allCases {
                let own = lines.filter { $0.lane == lane.name }
                let sequences = own.compactMap(\.sequence)
                #expect(sequences == witness.sequences(lane))
                #expect(own.compactMap(\.previous) == [0] + sequences.dropLast(), "each names the one before it")
            }
            print("RaceTests: \(all) events, of which \(stream.receiptCount - before) flowed while a patrol stood still")
            #expect(await stuck.stop() == .code(0))
            stream.stop()
            await reading.stop()
        }
    }
}

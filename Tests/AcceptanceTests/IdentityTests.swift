import Journal
import Patrol
import Settings
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench
import ZeroMQ

extension Acceptance {
    /// Who may say and see what: by the key, and by nothing that a client says of itself.
    @Suite struct IdentityTests {
        @Test func aStolenRoutingIDSpeaksForItsKeyOnly() async throws {
            let station = try await Station()
            let (gate, thief) = (try await station.enrolPost("gate"), try await station.enrolPost("thief", south))
            let ids = try await offPool("raw") { () -> [TipID] in
                let context = try Context()
                func tip(_ text: String) -> (id: TipID, bytes: [UInt8]) { DirectPost.tip(category: "theft", text: text) }
                let tips = ["gate's", "thief's beside it", "gate's again", "thief's after it"].map(tip)
                func isTaken(_ client: RawClient?, _ tip: (id: TipID, bytes: [UInt8]), within deadline: Duration = .seconds(30)) throws -> Bool {
                    try client?.answer(to: tip.bytes, within: deadline)?.get().tip == tip.id
                }
                var owner: RawClient? = try RawClient(context, gate, routingID: "gate")
                try demand(isTaken(owner, tips[0]), "the owner's tip was not taken")
                // While the owner is connected, the second of that name is not heard, and the first notices nothing.
                let beside = try RawClient(context, thief, routingID: "gate")
                try beside.send(.submit, Submit(tips: [tips[1].bytes], sentAt: nil).encoded)
                try demand(isTaken(owner, tips[2]), "the owner was not served any more")
                // When it is gone the name is free, and says nothing about who has it. The daemon learns of its going in its
                // own time; who comes before that is not heard on that connection.
                owner = nil
                let wasTaken = try (1...30).contains { _ in
                    try isTaken(RawClient(context, thief, routingID: "gate"), tips[3], within: .seconds(1))
                }
                try demand(wasTaken, "the other post was not served under that name")
                return tips.map(\.id)
            }
            let journal = try station.journal()
            let (gateID, thiefID) = (PostID(unchecked: "gate"), PostID(unchecked: "thief"))
            #expect(Set(journal.tips.keys.filter { $0.post == gateID }.map(\.tip)) == [ids[0], ids[2]])
            #expect(journal.tips[TipKey(post: thiefID, tip: ids[3])] != nil)
            // Filed under the key's post and zone: it is in the feed of that zone and of no other.
            #expect(journal.feedCount([east]) == 2 && journal.feedCount([south]) == journal.accepted - 2)
        }

        @Test func theSameTipIDIsEachPostsOwn() async throws {
            let station = try await Station()
            let posts = [
                try DirectPost(await station.enrolPost("gate")), try DirectPost(await station.enrolPost("school", south)),
            ]
            let tip = DirectPost.tip(category: "theft", text: "a bicycle")
            var other = try TipCodec.decode(tip.bytes)
            other.text = "another bicycle"
            // The second post's id is not burnt by the first one's, whether with the same words or with others.
            let first = try await posts[0].receipt(for: tip)
            let second = try await posts[1].receipt(for: (tip.id, TipCodec.encode(other)))
            #expect(first.verdict != .repeat && second.verdict != .repeat && first.sequence != second.sequence)
            #expect(try await posts[0].receipt(for: tip).sequence == first.sequence)
            #expect(try await posts[1].rejection(of: tip).code == .conflict)
            #expect(try station.journal().accepted == 2)
        }

        @Test func aPatrolSeesAndMovesOnlyWhatIsInItsZones() async throws {
            let station = try await Station()
            let patrol = try DirectPatrol(await station.enrolUnit("unit-east"))
            let spyKeys = try await station.enrolUnit("unit-spy")
            let far = try await DirectPost(station.enrolPost("lake", south)).receipt(
                for: DirectPost.tip(category: "fire", text: "smoke at the lake"))
            let near = try await DirectPost(station.enrolPost("gate")).receipt(
                for: DirectPost.tip(category: "theft", text: "a bicycle"))
            // What came after it is there, so what came before would be too.
            _ = try await patrol.wait(for: .opened, of: near.incident)
            #expect(patrol.seen.incidents[far.incident] == nil && patrol.seen.events.count == 1)
            for verb in PatrolVerb.allCases {
                let command = PatrolCommand(verb, far.incident, disposition: .resolved)
                let unknown = PatrolCommand(verb, IncidentID(9_999), disposition: .resolved)
                guard case .refused(let rejection, let incident) = try await patrol.perform(command),
                    case .refused(let same, nil) = try await patrol.perform(unknown)
                else {
                    Issue.record("\(verb) was not refused")
                    continue
                }
                // As if it did not exist.
                #expect(rejection.code == .notFound && incident == nil)
                #expect(rejection.message.replacing("\(far.incident)", with: "") == same.message.replacing("#9999", with: ""))
            }
            #expect(try station.journal().phases.isEmpty)
            await patrol.stop()

            // Asking for the zone by its name, alone or beside one's own, gives nothing of what is there to be had.
            for zones in [[south], [east, south]] {
                var plan = SessionPlan()
                plan.zones = zones
                let spy = try DirectPatrol(spyKeys, plan: plan)
                let refusal = try await spy.wait(for: "a refusal") { $0.refusals.first }
                #expect(refusal.code == .forbidden && refusal.field == "subscribe.zones")
                #expect(spy.seen.events.isEmpty && !spy.seen.isSubscribed)
                await spy.stop()
            }
        }

        @Test func eachEndpointServesItsOwnKind() async throws {
            let station = try await Station()
            let (post, unit) = (try await station.enrolPost("gate"), try await station.enrolUnit("unit"))
            let (tips, feed) = (station.daemon.tipsEndpoint, station.daemon.feedEndpoint)
            try await offPool("raw") {
                let context = try Context()
                let asPost = try RawClient(context, unit, endpoint: tips)
                guard case .failure(let refused)? = try asPost.answer(to: DirectPost.tip(category: "fire", text: "x").bytes) else {
                    throw WorkbenchError("a unit's tip was taken")
                }
                try demand(refused.code == .forbidden, "\(refused)")
                let asUnit = try RawClient(context, post, endpoint: feed)
                let none = Credit(events: 10, bytes: 10_000)
                let subscribe = Subscribe(zones: [], leastLevel: .routine, resume: nil, alertCredit: none, mainCredit: none)
                try asUnit.send(.subscribe, subscribe.encoded)
                try demand(asUnit.rejection()?.code == .forbidden, "a post subscribed")
                try asUnit.send(.claim, Action(incident: IncidentID(1)).encoded)
                try demand(asUnit.rejection()?.code == .forbidden, "a post claimed")
            }
            #expect(try station.journal().accepted == 0)
        }
    }
}

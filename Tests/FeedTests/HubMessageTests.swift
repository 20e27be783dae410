import Access
import Testing
import TipModel
import TipWire

@testable import Feed

private let east = unit("unit-1", ["east", "south"])
private let west = unit("unit-2", ["west"])
private let route: RouteID = [1]
private let other: RouteID = [2]

@Suite struct HubMessageTests {
    @Test func subscribeSaysWhereItBegins() throws {
        let bench = HubBench([east], heads: FeedCursor(alert: 3, main: 8))
        bench.receive(route, east, .subscribe, subscribe().encoded, request: 42)
        let reply = try #require(bench.take(route).first)
        #expect(reply.header == Header(.subscribed, request: 42))
        let subscribed = try Subscribed(reply.body)
        #expect(subscribed.zones == [zone("east"), zone("south")])
        #expect(subscribed.begin == FeedCursor(alert: 3, main: 8) && subscribed.heads == subscribed.begin)
        bench.receive(route, east, .subscribe, subscribe(zones: ["south"], after: FeedCursor(alert: 1, main: 2)).encoded)
        let second = try Subscribed(try #require(bench.take(route).first).body)
        #expect(second.zones == [zone("south")] && second.begin == FeedCursor(alert: 1, main: 2))
        #expect(bench.hub.table.slots.count == 1)
    }

    @Test func anotherZoneIsRefusedByName() throws {
        let bench = HubBench([east])
        bench.receive(route, east, .subscribe, subscribe(zones: ["east", "west"]).encoded)
        let rejection = try #require(try bench.takeRejection(route))
        #expect(rejection.code == .forbidden && rejection.field == "subscribe.zones")
        #expect(rejection.message.contains("west"))
        #expect(bench.hub.table.slots.isEmpty)
    }

    @Test func aUnitWithoutZonesIsRefused() throws {
        let empty = unit("unit-3", [])
        let bench = HubBench([empty])
        bench.receive(route, empty, .subscribe, subscribe().encoded)
        #expect(try bench.takeRejection(route)?.code == .forbidden)
    }

    @Test func aCursorFromAnotherJournalIsRefused() throws {
        let bench = HubBench([east], heads: FeedCursor(alert: 3, main: 8))
        for cursor in [FeedCursor(alert: 9, main: 0), FeedCursor(alert: 0, main: .max)] {
            bench.receive(route, east, .subscribe, subscribe(after: cursor).encoded)
            #expect(try bench.takeRejection(route)?.code == .invalidField)
        }
        // Sequences are common to both lanes: the newest of all is no lie in either.
        bench.receive(route, east, .subscribe, subscribe(after: FeedCursor(alert: 8, main: 8)).encoded)
        #expect(bench.take(route).first?.header.verb == .subscribed)
    }

    @Test func aRefusedSubscribeLeavesTheOldOne() throws {
        let bench = HubBench([east])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.receive(route, east, .subscribe, subscribe(zones: ["west"]).encoded)
        _ = bench.take(route)
        bench.publish([publication(1)])
        bench.run()
        #expect(try bench.takeItems(route).map(\.event.sequence) == [1])
    }

    @Test func whatIsNotKnownIsRevoked() throws {
        let bench = HubBench([east])
        for user in [nil, "unit:unit-1#2", "unit:nobody#1", ""] {
            bench.receive(route, user, Header(.patrolHeartbeat, request: 5).encoded, [])
            #expect(try bench.takeRejection(route)?.code == .revoked)
        }
        #expect(bench.hub.counters.rejections[.revoked] == 4)
    }

    @Test func aPostIsForbidden() throws {
        let bench = HubBench([east])
        bench.receive(route, "post:shop#1", Header(.subscribe).encoded, subscribe().encoded)
        #expect(try bench.takeRejection(route)?.code == .forbidden)
    }

    @Test func malformedMessagesAreAnsweredAndCounted() throws {
        let bench = HubBench([east])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        _ = bench.take(route)
        let user = userID(east)
        let good = Header(.patrolHeartbeat, request: 9).encoded
        let garbage: [UInt8] = [0xFF, 0xFF, 0xFF]
        let cases: [(header: [UInt8], body: [UInt8], frames: Int, code: RejectionCode)] = [
            ([], [], 0, .malformed), (good, [], 1, .malformed), (good, [], 3, .malformed),
            ([UInt8](good.dropLast()), [], 2, .malformed), (good + [0], [], 2, .malformed),
            ([0] + good.dropFirst(), [], 2, .malformed), (good, garbage, 2, .malformed),
            (Header(.subscribe).encoded, garbage, 2, .malformed), (Header(.credit).encoded, garbage, 2, .malformed),
            (Header(.acknowledge).encoded, garbage, 2, .malformed), (Header(.claim).encoded, garbage, 2, .malformed),
            ([87, 80, 2, 19, 0, 0, 0, 9], [], 2, .version), ([87, 80, 1, 99, 0, 0, 0, 9], [], 2, .unsupported),
            (Header(.credit).encoded, [], 2, .invalidField),
        ]
        for one in cases {
            bench.receive(route, user, one.header, one.body, frames: one.frames)
            #expect(try bench.takeRejection(route)?.code == one.code, "\(one)")
        }
        #expect(bench.hub.counters.rejections[.malformed] == 11)
        // The request number is answered under wherever it could be read.
        bench.receive(route, user, [87, 80, 2, 19, 0, 0, 0, 9], [])
        #expect(bench.take(route).first?.header.request == 9)
        bench.receive(route, east, .patrolHeartbeat, PatrolHeartbeatCodec.encode(sentAt: bench.time.now()))
        #expect(bench.take(route).first?.header.verb == .heartbeatReply)
    }

    @Test func verbsThatAreNotForTheFeedAreUnsupported() throws {
        let bench = HubBench([east])
        let own: Set<Verb> = [
            .subscribe, .credit, .acknowledge, .patrolHeartbeat, .claim, .join, .enRoute, .onScene, .clear, .release, .handOver, .seen,
        ]
        for verb in Verb.allCases where !own.contains(verb) {
            bench.receive(route, east, verb, [])
            #expect(try bench.takeRejection(route)?.code == .unsupported)
        }
    }

    @Test func withoutASubscriptionAPatrolIsToldToSubscribe() throws {
        let bench = HubBench([east])
        let bodies: [(Verb, [UInt8])] = [
            (.credit, CreditGrant(lane: .main, credit: plenty).encoded),
            (.acknowledge, AcknowledgeCodec.encode(FeedCursor())),
            (.patrolHeartbeat, PatrolHeartbeatCodec.encode(sentAt: bench.time.now())),
        ]
        for (verb, body) in bodies {
            bench.receive(route, east, verb, body)
            let rejection = try #require(try bench.takeRejection(route))
            #expect(rejection.code == .notFound && rejection.field == "subscription")
        }
    }

    @Test func heartbeatsTellTheHeads() throws {
        let bench = HubBench([east], heads: FeedCursor(alert: 2, main: 4))
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.publish([publication(5, zone: "west")])
        _ = bench.take(route)
        bench.receive(route, east, .patrolHeartbeat, PatrolHeartbeatCodec.encode(sentAt: bench.time.now()), request: 3)
        let sent = try #require(bench.take(route).first)
        #expect(sent.header == Header(.heartbeatReply, request: 3))
        let reply = try HeartbeatReply(sent.body)
        #expect(reply.heads == FeedCursor(alert: 2, main: 5) && reply.daemonTime == bench.time.now())
    }

    @Test func actionsGoToTheCoreAndTheResultComesBack() throws {
        let bench = HubBench([east, west])
        // No subscription is needed to act.
        bench.receive(route, east, .clear, Action(incident: IncidentID(7), disposition: .resolved).encoded, request: 8)
        let action = try #require(bench.outlet.actions.first)
        #expect(action.unit == east && action.verb == .clear && action.action.disposition == .resolved)
        let result = ActionResult(incidentID: IncidentID(7), refusal: nil, incident: nil, sequence: 12)
        bench.hub.answer(action.ticket, result)
        let sent = try #require(bench.take(route).first)
        #expect(sent.header == Header(.actionResult, request: 8))
        #expect(try ActionResult(sent.body) == result)

        // The route is another's by now, or the key was revoked: nobody is told.
        bench.receive(route, west, .subscribe, subscribe().encoded)
        _ = bench.take(route)
        bench.hub.answer(action.ticket, result)
        bench.access.replace(with: [])
        bench.hub.answer(action.ticket, result)
        #expect(bench.take(route).isEmpty)
    }

    @Test func aFullCoreIsBusy() throws {
        let bench = HubBench([east])
        bench.outlet.takesActions = false
        bench.receive(route, east, .claim, Action(incident: IncidentID(7)).encoded)
        let rejection = try #require(try bench.takeRejection(route))
        #expect(rejection.code == .busy && rejection.code.isRetriable && rejection.retryAfterMilliseconds > 0)
    }

    @Test func acknowledgementsAreReportedNowAndThenAndAtTheEnd() throws {
        let bench = HubBench([east])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.publish([publication(1), publication(2), publication(3, .alert)])
        bench.run()
        bench.receive(route, east, .acknowledge, AcknowledgeCodec.encode(FeedCursor(alert: 0, main: 1)))
        bench.receive(route, east, .acknowledge, AcknowledgeCodec.encode(FeedCursor(alert: 3, main: 2)))
        #expect(bench.outlet.reports.isEmpty)
        for _ in 0..<3 {
            bench.time.advance(10_000)
            bench.receive(route, east, .acknowledge, AcknowledgeCodec.encode(FeedCursor(alert: 3, main: 2)))
            _ = bench.hub.sweepIfDue(now: bench.time.monotonicMilliseconds())
        }
        #expect(bench.outlet.reports.map(\.1) == [FeedCursor(alert: 3, main: 2)])
        _ = bench.take(route)
        // Beyond what was sent: refused, for both lanes.
        bench.receive(route, east, .acknowledge, AcknowledgeCodec.encode(FeedCursor(alert: 3, main: 9)))
        #expect(try bench.takeRejection(route)?.code == .invalidField)
        bench.publish([publication(4)])
        bench.run()
        bench.receive(route, east, .acknowledge, AcknowledgeCodec.encode(FeedCursor(alert: 3, main: 4)))
        bench.hub.endAll()
        #expect(bench.outlet.reports.map(\.1) == [FeedCursor(alert: 3, main: 2), FeedCursor(alert: 3, main: 4)])
    }

    @Test func subscriptionsAreBounded() throws {
        let bench = HubBench([east, west]) { $0.maxSubscriptions = 3; $0.perUnitSubscriptions = 2 }
        bench.receive([10], east, .subscribe, subscribe().encoded)
        bench.time.advance(1)
        bench.receive([11], east, .subscribe, subscribe().encoded)
        // Both are lively.
        bench.receive([12], east, .subscribe, subscribe().encoded)
        #expect(try bench.takeRejection([12])?.code == .busy)
        // The one that has missed a heartbeat makes room, and is told.
        bench.time.advance(4_999)
        _ = bench.take([10])
        bench.receive([12], east, .subscribe, subscribe().encoded)
        #expect(bench.take([12]).first?.header.verb == .subscribed)
        #expect(try bench.takeRejection([10])?.field == "subscription")
        #expect(bench.hub.table.index(route: [10]) == nil && bench.hub.table.count(of: east.id) == 2)

        bench.receive([20], west, .subscribe, subscribe().encoded)
        bench.receive([21], west, .subscribe, subscribe().encoded)
        #expect(try bench.takeRejection([21])?.code == .busy)
        // Its own is replaced, whatever the limits.
        bench.receive([20], west, .subscribe, subscribe().encoded)
        #expect(bench.take([20]).map(\.header.verb) == [.subscribed, .subscribed])
        #expect(bench.hub.table.slots.count == 3)
    }

    @Test func silenceEndsASubscription() throws {
        let bench = HubBench([east])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.receive(other, east, .subscribe, subscribe().encoded)
        bench.time.advance(14_999)
        bench.receive(other, east, .credit, CreditGrant(lane: .main, credit: plenty).encoded)
        _ = bench.hub.sweepIfDue(now: bench.time.monotonicMilliseconds())
        #expect(bench.hub.table.slots.count == 2)
        bench.time.advance(500)
        _ = bench.take(route)
        #expect(bench.hub.sweepIfDue(now: bench.time.monotonicMilliseconds()))
        #expect(bench.hub.table.slots.map(\.route) == [other] && bench.hub.counters.timedOut == 1)
        #expect(try bench.takeRejection(route)?.field == "subscription")
    }
}

import Access
import Journal
import Testing
import TipModel
import TipWire

@testable import Feed

private let east = unit("unit-1", ["east", "south"])
private let west = unit("unit-2", ["west"])
private let route: RouteID = [1]
private let other: RouteID = [2]

@Suite struct HubSendingTests {
    @Test func eachSeesOnlyItsZonesAndLevels() throws {
        let bench = HubBench([east, west])
        bench.receive(route, east, .subscribe, subscribe(zones: ["east"], least: .priority).encoded)
        bench.receive(other, west, .subscribe, subscribe().encoded)
        bench.publish([
            publication(1, zone: "west"), publication(2, zone: "east"), publication(3, zone: "east", level: .priority),
            publication(4, .alert, zone: "south"), publication(5, .alert, zone: "east"),
            publication(6, .alert, zone: "west"),
        ])
        bench.run()
        #expect(try bench.takeItems(route).map(\.event.sequence) == [5, 3])
        #expect(try bench.takeItems(other).map(\.event.sequence) == [6, 1])
    }

    @Test func alertsOfEverybodyGoBeforeTheMainLaneOfAnybody() throws {
        let bench = HubBench([east]) { $0.eventsPerRound = 2; $0.batchBytes = 1 }
        for number: UInt8 in 1...4 { bench.receive([number], east, .subscribe, subscribe().encoded) }
        bench.outlet.sent.removeAll()
        bench.publish((1...6).map { publication($0) } + (7...12).map { publication($0, .alert) })
        bench.run()
        let lanes = try bench.outlet.sent.map { try FeedCodec.decode($0.body).lane }
        #expect(lanes.count == 48)
        #expect(lanes.prefix(24).allSatisfy { $0 == .alert } && lanes.suffix(24).allSatisfy { $0 == .main })
    }

    @Test func anAlertOvertakesABacklogBetweenRounds() throws {
        let bench = HubBench([east]) { $0.bytesPerRound = 500; $0.batchBytes = 200 }
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.publish((1...200).map { publication($0) })
        #expect(bench.hub.sendRound())
        let before = try bench.takeItems(route).count
        #expect(before < 20)
        bench.publish([publication(201, .alert)])
        #expect(bench.hub.sendRound())
        #expect(try bench.takeItems(route).first?.event.lane == .alert)
        bench.run()
        #expect(try bench.takeItems(route).last?.event.sequence == 200)
    }

    @Test func aRoundGoesOnWhereTheLastEnded() throws {
        let bench = HubBench([east]) { $0.bytesPerRound = 1 }
        for number: UInt8 in 1...3 { bench.receive([number], east, .subscribe, subscribe().encoded) }
        bench.outlet.sent.removeAll()
        bench.publish([publication(1)])
        for _ in 0..<3 { _ = bench.hub.sendRound() }
        #expect(bench.outlet.sent.map(\.route) == [[1], [2], [3]])
    }

    @Test func alertsThatAreReadFromTheJournalComeBeforeTheMainLane() throws {
        let journal = MemoryFeedEvents()
        let bench = HubBench([east]) { $0.ringEvents = 1 }
        let events = [publication(1, .alert), publication(2, .alert), publication(3)]
        journal.append(events)
        bench.publish(events)
        bench.receive(route, east, .subscribe, subscribe(after: FeedCursor()).encoded)
        bench.run()
        #expect(try bench.takeItems(route).isEmpty)
        bench.answerPages(journal)
        #expect(try bench.takeItems(route).map(\.event.sequence) == [1, 2, 3])

        // Without credit for alerts the main lane goes on.
        bench.receive(other, east, .subscribe, subscribe(after: FeedCursor(), alert: nothing).encoded)
        bench.run()
        #expect(try bench.takeItems(other).map(\.event.sequence) == [3])
    }

    @Test func oneWithoutCreditCostsTheOthersNothing() throws {
        let journal = MemoryFeedEvents()
        let bench = HubBench([east]) { $0.ringEvents = 10 }
        bench.receive(route, east, .subscribe, subscribe(alert: nothing, main: Credit(events: 1, bytes: 9_999)).encoded)
        bench.receive(other, east, .subscribe, subscribe().encoded)
        for sequence: SequenceNumber in 1...100 {
            let event = publication(sequence)
            journal.append([event])
            bench.publish([event])
            bench.run()
        }
        #expect(try bench.takeItems(other).count == 100)
        #expect(try bench.takeItems(route).count == 1)
        #expect(bench.outlet.pages.isEmpty && bench.hub.ring.main.count == 10)
        // It comes back and is given what it missed.
        bench.receive(route, east, .credit, CreditGrant(lane: .main, credit: plenty).encoded)
        bench.answerPages(journal)
        let items = try bench.takeItems(route)
        #expect(items.map(\.event.sequence) == Array(2...100))
        #expect(items.map(\.previous) == Array(1...99))
    }

    @Test func oneWhoseQueueIsFullIsTriedAgainLaterAndLater() throws {
        let bench = HubBench([east]) { $0.retryMilliseconds = 1...8 }
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.receive(other, east, .subscribe, subscribe().encoded)
        bench.outlet.room[route] = 0
        bench.publish([publication(1), publication(2), publication(3)])
        bench.run()
        #expect(try bench.takeItems(other).count == 3)
        var now = bench.time.monotonicMilliseconds()
        #expect(bench.hub.sweepIfDue(now: now))
        for wait in [1, 2, 4, 8, 8] {
            #expect(bench.hub.delay(now: now) == wait)
            bench.time.advance(Int64(wait) - 1)
            bench.run()
            let tries = bench.hub.counters.wouldBlock
            bench.time.advance(1)
            bench.run()
            #expect(bench.hub.counters.wouldBlock == tries + 1)
            now = bench.time.monotonicMilliseconds()
        }
        // There is room for one: the first try is one event, and then there is no waiting any more.
        bench.outlet.room[route] = nil
        bench.time.advance(8)
        bench.run()
        let feeds = bench.take(route).filter { $0.header.verb == .feed }
        #expect(try feeds.map { try FeedCodec.decode($0.body).items.count } == [1, 2])
        #expect(bench.hub.delay(now: bench.time.monotonicMilliseconds()) < 500 + 1)
    }

    @Test func aMessageFromABlockedPatrolEndsTheWait() throws {
        let bench = HubBench([east])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.outlet.room[route] = 0
        bench.publish([publication(1)])
        for _ in 0..<12 {
            bench.run()
            bench.time.advance(600)
        }
        bench.outlet.room[route] = nil
        bench.run()
        bench.receive(route, east, .credit, CreditGrant(lane: .main, credit: plenty).encoded)
        bench.run()
        #expect(try bench.takeItems(route).count == 1)
    }

    @Test func repliesWaitInOrderAndEventsBehindThem() throws {
        let bench = HubBench([east]) { $0.outboxMessages = 2 }
        bench.outlet.room[route] = 0
        bench.receive(route, east, .subscribe, subscribe().encoded, request: 1)
        bench.receive(route, east, .notice, [], request: 2)
        bench.receive(route, east, .notice, [], request: 3)
        #expect(bench.hub.counters.repliesDropped == 1)
        bench.publish([publication(1)])
        bench.run()
        bench.outlet.room[route] = nil
        bench.time.advance(10)
        bench.run()
        #expect(bench.take(route).map(\.header.verb) == [.subscribed, .rejections, .feed])
    }

    @Test func aPageForABlockedPatrolIsLetGo() throws {
        let journal = MemoryFeedEvents()
        let bench = HubBench([east]) { $0.ringEvents = 1; $0.pagesInFlight = 1 }
        let events = (1...20).map { publication($0) }
        journal.append(events)
        bench.publish(events)
        bench.receive(route, east, .subscribe, subscribe(after: FeedCursor()).encoded)
        bench.run()
        bench.outlet.room[route] = 0
        bench.answerPages(journal)
        #expect(bench.hub.table.slots[0].main.holdsPage)
        // It holds the only page that may be held, but not for long.
        bench.receive(other, east, .subscribe, subscribe(after: FeedCursor()).encoded)
        bench.run()
        #expect(bench.outlet.pages.isEmpty)
        for _ in 0..<10 {
            bench.time.advance(50)
            bench.run()
        }
        bench.answerPages(journal)
        #expect(try bench.takeItems(other).map(\.event.sequence) == Array(1...20))
        bench.outlet.room[route] = nil
        bench.time.advance(2_000)
        bench.answerPages(journal)
        #expect(try bench.takeItems(route).map(\.event.sequence) == Array(1...20))
    }

    @Test func pagesOfAlertsAreAskedForFirst() throws {
        let bench = HubBench([east]) { $0.ringEvents = 1 }
        bench.publish([
            publication(1, .alert), publication(2, .alert), publication(3), publication(4),
        ])
        bench.receive(route, east, .subscribe, subscribe(after: FeedCursor()).encoded)
        bench.receive(other, east, .subscribe, subscribe(after: FeedCursor(), alert: nothing).encoded)
        bench.run()
        // The first patrol's main lane waits for its alerts; the second has no credit for alerts.
        #expect(bench.outlet.pages.map(\.page.lane) == [.alert, .main])
    }

    @Test func oneThatIsGoneIsDropped() throws {
        let bench = HubBench([east])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.receive(other, east, .subscribe, subscribe().encoded)
        bench.outlet.gone = [route]
        bench.publish([publication(1)])
        bench.run()
        #expect(bench.hub.table.slots.map(\.route) == [other] && bench.hub.counters.unreachable == 1)
        #expect(try bench.takeItems(other).count == 1)
    }

    @Test func aRouteThatIsAnothersNowIsTakenFromTheFirst() throws {
        let bench = HubBench([east, west])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.receive(route, west, .credit, CreditGrant(lane: .main, credit: plenty).encoded)
        #expect(bench.take(route).map(\.header.verb) == [.subscribed, .rejections])
        #expect(bench.hub.table.slots.isEmpty)
        bench.receive(route, east, .subscribe, subscribe().encoded)
        _ = bench.take(route)
        bench.receive(route, west, .subscribe, subscribe().encoded)
        #expect(bench.take(route).map(\.header.verb) == [.subscribed])
        bench.publish([publication(1, zone: "east"), publication(2, zone: "west")])
        bench.run()
        #expect(try bench.takeItems(route).map(\.event.sequence) == [2])
    }

    @Test func revocationStopsTheFeedAtOnce() throws {
        let bench = HubBench([east, west])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        bench.receive(other, west, .subscribe, subscribe().encoded)
        bench.publish([publication(1, zone: "east"), publication(2, zone: "west")])
        _ = bench.take(route)
        _ = bench.take(other)
        bench.access.replace(with: [enrolment(east, isRevoked: true), enrolment(west)])
        bench.run()
        #expect(try bench.takeRejection(route)?.code == .revoked)
        #expect(try bench.takeItems(other).map(\.event.sequence) == [2])
        bench.receive(route, east, .credit, CreditGrant(lane: .main, credit: plenty).encoded)
        #expect(try bench.takeRejection(route)?.code == .revoked)
        // Enrolled again under another key: the old connection stays out.
        bench.access.replace(with: [enrolment(east, generation: 9), enrolment(west)])
        bench.receive(route, east, .subscribe, subscribe().encoded)
        #expect(try bench.takeRejection(route)?.code == .revoked)
        bench.receive(route, east, .subscribe, subscribe().encoded, generation: 9)
        #expect(bench.take(route).first?.header.verb == .subscribed)
    }

    @Test func zonesThatAreTakenAwayAreNotSentNotEvenFromAPage() throws {
        let journal = MemoryFeedEvents()
        let bench = HubBench([east]) { $0.ringEvents = 1 }
        let events = [
            publication(1, zone: "east"), publication(2, zone: "south"), publication(3, zone: "east"),
            publication(4, zone: "south"),
        ]
        journal.append(events)
        bench.publish(events)
        bench.receive(route, east, .subscribe, subscribe(after: FeedCursor()).encoded)
        bench.receive(other, east, .subscribe, subscribe(zones: ["east"], after: FeedCursor()).encoded)
        bench.run()
        #expect(bench.outlet.pages.count == 2)
        _ = bench.take(other)
        // While the journal reads, east is taken away.
        bench.access.replace(with: [enrolment(unit("unit-1", ["south"]))])
        bench.answerPages(journal)
        #expect(try bench.takeItems(route).map(\.event.sequence) == [2, 4])
        #expect(try bench.takeRejection(other)?.code == .forbidden)
    }

    @Test func aJournalThatFailsIsToldOnceAndTriedAgain() throws {
        let journal = MemoryFeedEvents()
        let bench = HubBench([east]) { $0.ringEvents = 1 }
        let events = (1...5).map { publication($0) }
        journal.append(events)
        bench.publish(events)
        journal.fail(true)
        bench.receive(route, east, .subscribe, subscribe(after: FeedCursor()).encoded)
        _ = bench.take(route)
        bench.answerPages(journal)
        let rejection = try #require(try bench.takeRejection(route))
        #expect(rejection.code == .unavailable && rejection.field == "subscription.main")
        for _ in 0..<4 {
            bench.time.advance(Int64(bench.hub.delay(now: bench.time.monotonicMilliseconds())))
            _ = bench.hub.sweepIfDue(now: bench.time.monotonicMilliseconds())
            bench.answerPages(journal)
        }
        #expect(bench.hub.counters.pageFailures >= 2 && bench.take(route).isEmpty)
        journal.fail(false)
        bench.time.advance(10_000)
        bench.answerPages(journal)
        #expect(try bench.takeItems(route).map(\.event.sequence) == Array(1...5))
    }

    @Test func statusShowsWhereEverybodyStands() throws {
        let bench = HubBench([east], heads: FeedCursor(alert: 0, main: 3)) { $0.ringEvents = 2 }
        bench.receive(route, east, .subscribe, subscribe(main: Credit(events: 1, bytes: 9_999)).encoded)
        bench.publish((4...8).map { publication($0) })
        bench.run()
        let status = bench.hub.status
        let one = try #require(status.subscriptions.first)
        #expect(one.unit == east.id && one.zones == east.zones && one.peer == "127.0.0.1")
        #expect(one.main.head == 8 && one.main.acknowledged == 3 && one.main.isCatchingUp && !one.alert.isCatchingUp)
        #expect(status.heads == FeedCursor(alert: 0, main: 8) && status.ringEvents == 2)
    }
}

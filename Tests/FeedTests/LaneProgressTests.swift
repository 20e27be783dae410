import Journal
import Testing
import TipModel
import TipWire

@testable import Feed

/// A ring and a progress in it, for the zone `east`.
private final class LaneBench {
    var numbers = ZoneNumbers()
    var ring: LaneRing
    var progress: LaneProgress
    let filter: ZoneFilter
    let journal = MemoryFeedEvents()

    init(
        head: SequenceNumber = 0, after: SequenceNumber = 0, credit: Credit = plenty, ringEvents: Int = 100
    ) {
        ring = LaneRing(head: head, maxEvents: ringEvents, maxBytes: 1 << 20)
        progress = LaneProgress(lane: .main, after: after, credit: credit)
        filter = numbers.filter(zones: [zone("east")], leastLevel: .routine)
    }

    func publish(_ publications: Publication...) {
        journal.append(publications)
        for one in publications {
            ring.append(
                LaneRing.Entry(
                    sequence: one.sequence, zone: numbers.number(of: one.zone), level: one.level, event: one.event))
        }
    }

    func next(events: Int = 100, bytes: Int = 64 << 10) -> LaneProgress.Batch? {
        progress.nextBatch(from: ring, filter: filter, limits: .init(events: events, bytes: bytes))
    }

    /// Plans and commits one message; its (previous, sequence) pairs.
    func send(events: Int = 100, bytes: Int = 64 << 10) throws -> [[SequenceNumber]] {
        guard let batch = next(events: events, bytes: bytes) else { return [] }
        progress.commit(batch)
        let (lane, items) = try FeedCodec.decode(batch.body)
        #expect(lane == .main && items.count == batch.count)
        return items.map { [$0.previous, $0.event.sequence] }
    }

    func ask(_ token: UInt64 = 1, events: Int = 100, bytes: Int = 1 << 20, now: Int64 = 0) -> FeedPageRequest? {
        progress.askForPage(
            token: token, ring: ring, zones: [zone("east")], leastLevel: .routine,
            limits: .init(events: events, bytes: bytes), now: now)
    }

    func receive(_ page: FeedPage, token: UInt64) -> Bool { progress.receive(page, token: token) }

    func fail(token: UInt64, now: Int64, retry: ClosedRange<Int64>) -> Bool {
        progress.fail(token: token, now: now, retry: retry)
    }
}

@Suite struct LaneProgressTests {
    @Test func eachEventNamesTheOneSentBeforeIt() throws {
        let lane = LaneBench(head: 9, after: 9)
        #expect(lane.next() == nil)
        lane.publish(publication(10), publication(11, zone: "west"), publication(12))
        #expect(try lane.send() == [[9, 10], [10, 12]])
        lane.publish(publication(13, zone: "west"))
        #expect(try lane.send() == [])
        #expect(lane.progress.cursor == 12 && lane.progress.scanned == 13)
        lane.publish(publication(14))
        #expect(try lane.send() == [[12, 14]])
    }

    @Test func nothingChangesUntilItIsSent() throws {
        let lane = LaneBench()
        lane.publish(publication(1), publication(2))
        let credit = lane.progress.credit
        let first = try #require(lane.next())
        let again = try #require(lane.next())
        #expect(first.body == again.body && lane.progress.cursor == 0 && lane.progress.credit == credit)
    }

    @Test func messagesEndAtTheirLimits() throws {
        let lane = LaneBench()
        for sequence: SequenceNumber in 1...6 { lane.publish(publication(sequence, padding: 100)) }
        #expect(try lane.send(events: 2) == [[0, 1], [1, 2]])
        #expect(try lane.send(bytes: 350) == [[2, 3], [3, 4]])
        // One that is larger than a message goes alone.
        #expect(try lane.send(bytes: 10) == [[4, 5]])
    }

    @Test func creditMustCoverEventsAndBytes() throws {
        let size = UInt32(publication(1).event.count)
        let lane = LaneBench(credit: Credit(events: 2, bytes: 10 * size))
        for sequence: SequenceNumber in 1...5 { lane.publish(publication(sequence)) }
        #expect(try lane.send() == [[0, 1], [1, 2]])
        #expect(try lane.send() == [])
        lane.progress.grant(Credit(events: 5, bytes: 0))
        #expect(try lane.send() == [[2, 3], [3, 4], [4, 5]])
        #expect(lane.progress.credit == Credit(events: 2, bytes: 5 * size))
        lane.publish(publication(6, padding: Int(6 * size)))
        #expect(try lane.send() == [])
        lane.progress.grant(Credit(events: 0, bytes: 2 * size + 9))
        #expect(try lane.send() == [[5, 6]])
    }

    @Test func creditIsCutToTheLimit() {
        let lane = LaneBench(credit: Credit(events: .max, bytes: .max))
        #expect(lane.progress.credit == plenty)
        lane.progress.grant(Credit(events: .max, bytes: .max))
        #expect(lane.progress.credit == plenty)
    }

    @Test func anEventLargerThanAllCreditCostsAllOfIt() {
        let huge = [UInt8](repeating: 0, count: Int(WireLimits.creditBytes) + 1)
        #expect(LaneProgress.cost(of: huge) == WireLimits.creditBytes)
        #expect(LaneProgress.cost(of: [1, 2]) == 2)
    }

    @Test func acknowledgementsGoForwardOnlyAndNotBeyondWhatWasSent() throws {
        let lane = LaneBench(head: 5, after: 5)
        lane.publish(publication(6), publication(7))
        _ = try lane.send(events: 1)
        #expect(throws: Rejection.self) { try lane.progress.acknowledge(7) }
        try lane.progress.acknowledge(6)
        try lane.progress.acknowledge(5)
        try lane.progress.acknowledge(0)
        #expect(lane.progress.acknowledged == 6)
    }

    @Test func itReadsTheJournalAndJoinsTheRing() throws {
        let lane = LaneBench(ringEvents: 2)
        for sequence: SequenceNumber in 1...6 { lane.publish(publication(sequence)) }
        #expect(!lane.progress.isLive(in: lane.ring) && lane.progress.isFetching(from: lane.ring))
        #expect(lane.next() == nil)
        var request = try #require(lane.ask(events: 2))
        #expect(request.after == 0 && request.through == 6 && request.limit == 2)
        #expect(lane.ask(2) == nil)
        lane.publish(publication(7))
        #expect(lane.next() == nil)

        #expect(lane.receive(try lane.journal.page(request), token: 1))
        #expect(try lane.send() == [[0, 1], [1, 2]])
        request = try #require(lane.ask(3))
        #expect(request.after == 2 && request.through == 7)
        #expect(lane.receive(try lane.journal.page(request), token: 3))
        #expect(try lane.send(events: 3) == [[2, 3], [3, 4], [4, 5]])
        lane.publish(publication(8))
        #expect(try lane.send() == [[5, 6], [6, 7]])
        #expect(lane.progress.isLive(in: lane.ring))
        #expect(try lane.send() == [[7, 8]])
    }

    @Test func aPageWithoutAnEventForItStillBringsItOn() throws {
        let lane = LaneBench(ringEvents: 1)
        lane.publish(publication(1, zone: "west"), publication(2, zone: "west"), publication(3))
        let request = try #require(lane.ask())
        #expect(lane.receive(FeedPage(items: [], reached: 2), token: 1))
        #expect(request.zones == [zone("east")])
        #expect(try lane.send() == [[0, 3]])
    }

    @Test func noPageIsReadWithoutCredit() throws {
        let size = publication(1).event.count
        let lane = LaneBench(credit: nothing, ringEvents: 1)
        for sequence: SequenceNumber in 1...5 { lane.publish(publication(sequence)) }
        #expect(lane.ask() == nil && !lane.progress.isFetching(from: lane.ring))
        lane.progress.grant(Credit(events: 3, bytes: 1))
        let request = try #require(lane.ask())
        #expect(request.limit == 3 && request.bytes == 1)
        #expect(lane.receive(try lane.journal.page(request), token: 1))
        // Not covered: the page is let go and not read again until the credit covers what is known to come.
        #expect(lane.next() == nil && !lane.progress.holdsPage && lane.ask(2) == nil)
        lane.progress.grant(Credit(events: 0, bytes: UInt32(size - 2)))
        #expect(lane.ask(2) == nil)
        lane.progress.grant(Credit(events: 0, bytes: 1))
        let second = try #require(lane.ask(3))
        #expect(lane.receive(try lane.journal.page(second), token: 3))
        #expect(try lane.send() == [[0, 1]])
    }

    @Test func aRestOfAPageThatCreditDoesNotCoverIsReadAgain() throws {
        let size = UInt32(publication(1).event.count)
        let lane = LaneBench(credit: Credit(events: 9, bytes: 2 * size + 1), ringEvents: 1)
        for sequence: SequenceNumber in 1...5 { lane.publish(publication(sequence)) }
        _ = try #require(lane.ask())
        let whole = FeedPage(
            items: (1...4).map { .init(sequence: $0, event: publication($0).event) }, reached: 5)
        #expect(lane.receive(whole, token: 1))
        #expect(try lane.send() == [[0, 1], [1, 2]])
        #expect(lane.next() == nil && !lane.progress.holdsPage)
        lane.progress.grant(Credit(events: 0, bytes: 9 * size))
        #expect(try #require(lane.ask(2)).after == 2)
    }

    @Test func onlyThePageThatWasAskedForIsTaken() throws {
        let lane = LaneBench(ringEvents: 1)
        for sequence: SequenceNumber in 1...3 { lane.publish(publication(sequence)) }
        let request = try #require(lane.ask(7))
        let page = try lane.journal.page(request)
        #expect(lane.receive(page, token: 6) && !lane.progress.holdsPage)
        lane.progress.forgetPages()
        #expect(lane.receive(page, token: 7) && !lane.progress.holdsPage)
        #expect(lane.ask(8) != nil)
    }

    @Test func failuresAreRetriedLaterAndLater() throws {
        let lane = LaneBench(ringEvents: 1)
        for sequence: SequenceNumber in 1...3 { lane.publish(publication(sequence)) }
        let retry: ClosedRange<Int64> = 100...250
        _ = try #require(lane.ask(1))
        #expect(lane.fail(token: 1, now: 0, retry: retry) == true)
        #expect(lane.progress.retryDue == 100 && lane.ask(2, now: 99) == nil)
        // The other lane is not held up by a journal that fails.
        #expect(!lane.progress.isFetching(from: lane.ring))
        _ = try #require(lane.ask(2, now: 100))
        #expect(lane.fail(token: 2, now: 100, retry: retry) == false)
        #expect(lane.progress.retryDue == 300)
        _ = try #require(lane.ask(3, now: 300))
        #expect(lane.fail(token: 3, now: 300, retry: retry) == false)
        #expect(lane.progress.retryDue == 550)
        let request = try #require(lane.ask(4, now: 550))
        // A page that brings nothing on is a failure too, else it would be asked for for ever.
        #expect(!lane.receive(FeedPage(items: [], reached: 0), token: 4))
        #expect(lane.fail(token: 4, now: 550, retry: retry) == false)
        _ = try #require(lane.ask(5, now: 800))
        #expect(lane.receive(try lane.journal.page(request), token: 5))
        #expect(lane.progress.retryDue == nil)
        #expect(try lane.send() == [[0, 1], [1, 2], [2, 3]])
    }
}

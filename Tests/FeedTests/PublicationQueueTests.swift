import Testing
import TipModel
import ZeroMQ

@testable import Feed

@Suite struct PublicationQueueTests {
    private func queue(events: Int = 4, bytes: Int = 1 << 20) throws -> PublicationQueue {
        PublicationQueue(events: events, bytes: bytes, wake: try WakeSignal())
    }

    @Test func alertsAreTakenFirstAndAllOfThem() throws {
        let queue = try queue(events: 10)
        queue.offer([publication(1), publication(2, .alert), publication(3)])
        queue.offer([publication(4, .alert), publication(5)])
        let first = queue.take(mainLimit: 2)
        #expect(first.items.map(\.sequence) == [2, 4, 1, 3] && first.hasMore && first.lost == FeedCursor())
        let second = queue.take(mainLimit: 2)
        #expect(second.items.map(\.sequence) == [5] && !second.hasMore)
        #expect(queue.take(mainLimit: 2).items.isEmpty)
    }

    @Test func whenItIsFullItRemembersOnlyHowFarItLost() throws {
        let queue = try queue()
        queue.offer([publication(1), publication(2, .alert), publication(3)])
        queue.offer([publication(4), publication(5)])
        queue.offer([publication(6)])
        let taken = queue.take(mainLimit: 10)
        #expect(taken.lost == FeedCursor(alert: 2, main: 5))
        #expect(taken.items.map(\.sequence) == [6])
        #expect(queue.overflows == 1)
        #expect(queue.take(mainLimit: 10).lost == FeedCursor())
    }

    @Test func bytesAreBoundedToo() throws {
        let size = publication(1, padding: 500).event.count
        let queue = try queue(events: 100, bytes: 2 * size)
        queue.offer([publication(1, padding: 500), publication(2, padding: 500)])
        #expect(queue.overflows == 0)
        queue.offer([publication(3)])
        #expect(queue.overflows == 1)
        let taken = queue.take(mainLimit: 10)
        #expect(taken.lost == FeedCursor(alert: 0, main: 3) && taken.items.isEmpty)
        // What was lost does not count against the bound any more.
        queue.offer([publication(4, padding: 500), publication(5, padding: 500)])
        #expect(queue.overflows == 1)
    }

    @Test func oneOfferLargerThanTheQueueIsLostWhole() throws {
        let queue = try queue()
        queue.offer((1...5).map { publication($0) })
        #expect(queue.take(mainLimit: 10).lost.main == 5)
    }
}

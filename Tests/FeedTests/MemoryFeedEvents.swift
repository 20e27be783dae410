import Journal
import Synchronization
import TipModel

@testable import Feed

/// Feed events in memory, read as the journal reads them.
final class MemoryFeedEvents: Sendable {
    private struct State {
        var events: [Publication] = []
        var pages = 0
        var isFailing = false
    }

    private let state = Mutex(State())

    func append(_ publications: [Publication]) { state.withLock { $0.events.append(contentsOf: publications) } }

    /// Whether reads fail from now on.
    func fail(_ isFailing: Bool) { state.withLock { $0.isFailing = isFailing } }

    /// Pages that were read.
    var pages: Int { state.withLock { $0.pages } }

    /// What a subscription must be sent.
    func expected(
        _ lane: Lane, after: SequenceNumber, zones: Set<ZoneID>, guest: UnitID, least: UrgencyLevel
    ) -> [SequenceNumber] {
        state.withLock { state in
            state.events.filter {
                $0.lane == lane && $0.sequence > after && (zones.contains($0.zone) || $0.guests.contains(guest)) && $0.level >= least
            }.map(\.sequence)
        }
    }

    func page(_ request: FeedPageRequest) throws(JournalError) -> FeedPage {
        let page: FeedPage? = state.withLock { state in
            guard !state.isFailing else { return nil }
            state.pages += 1
            var items: [FeedPage.Item] = []
            var bytes = 0
            for event in state.events where event.lane == request.lane && event.sequence > request.after {
                guard event.sequence <= request.through else { break }
                let isWanted = request.zones.contains(event.zone) || request.guest.map(event.guests.contains) ?? false
                guard isWanted, event.level >= request.leastLevel else { continue }
                items.append(FeedPage.Item(sequence: event.sequence, event: event.event))
                bytes += event.event.count
                if items.count >= request.limit || bytes >= request.bytes {
                    return FeedPage(items: items, reached: event.sequence)
                }
            }
            return FeedPage(items: items, reached: request.through)
        }
        guard let page else { throw JournalError(.inputOutput, "the test wants it so") }
        return page
    }

    func makeReader() -> any JournalReader { Reader(journal: self) }

    private final class Reader: JournalReader {
        private let journal: MemoryFeedEvents

        init(journal: MemoryFeedEvents) { self.journal = journal }

        func feedPage(_ request: FeedPageRequest) throws(JournalError) -> FeedPage { try journal.page(request) }

        // The feed uses nothing else.
        func records(after sequence: SequenceNumber, limit: Int, bytes: Int) throws(JournalError) -> [StoredRecord] { [] }
        func records(about incident: IncidentID, limit: Int) throws(JournalError) -> [StoredRecord] { [] }
        func laneHeads() throws(JournalError) -> FeedCursor { FeedCursor() }
        func latestSnapshot() throws(JournalError) -> StoredSnapshot? { nil }
        func lastSequence() throws(JournalError) -> SequenceNumber { 0 }
        func verify(progress: (SequenceNumber, SequenceNumber) -> Bool) throws(JournalError) -> Verification {
            .sound(records: 0)
        }
        func close() {}
    }
}

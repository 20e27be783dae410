import Synchronization
import TipModel

/// Submitters that wait for what becomes of their tip.
///
/// Bound: ``bound`` at a time. Above it a submitter is answered at once that its tip is spooled, because connections
/// that wait must not keep others from submitting while the network is down.
final class OutcomeWaiters: Sendable {
    static let bound = 32

    /// One waiting submitter. Made before the tip is spooled, so that no answer can come too early to be seen.
    final class Ticket: Sendable {
        let tip: TipID
        let answer = OneAnswer<TipRecord>()

        fileprivate init(tip: TipID) { self.tip = tip }

        /// Waits for the outcome; nil when the time ran out, the task was cancelled or the agent stops.
        func outcome(within limit: Duration) async -> TipRecord? { await answer.value(within: limit) }
    }

    private struct Contents {
        var tickets: [TipID: [Ticket]] = [:]
        var count = 0
        var isClosed = false
    }

    private let contents = Mutex(Contents())

    /// Nil when too many wait already or the agent stops. Give it back with ``leave(_:)``.
    func enter(_ tip: TipID) -> Ticket? {
        contents.withLock { contents in
            guard !contents.isClosed, contents.count < Self.bound else { return nil }
            let ticket = Ticket(tip: tip)
            contents.tickets[tip, default: []].append(ticket)
            contents.count += 1
            return ticket
        }
    }

    func leave(_ ticket: Ticket) {
        contents.withLock { contents in
            guard var tickets = contents.tickets[ticket.tip], let index = tickets.firstIndex(where: { $0 === ticket }) else { return }
            tickets.remove(at: index)
            contents.tickets[ticket.tip] = tickets.isEmpty ? nil : tickets
            contents.count -= 1
        }
    }

    /// Tells everybody who waits for this tip.
    func tell(_ tip: TipID, _ record: TipRecord) {
        for ticket in contents.withLock({ $0.tickets[tip] ?? [] }) { ticket.answer.resolve(record) }
    }

    /// Ends all waiting: the agent stops, and what is spooled stays spooled.
    func close() {
        let tickets = contents.withLock { contents in
            contents.isClosed = true
            return contents.tickets.values.flatMap { $0 }
        }
        for ticket in tickets { ticket.answer.resolve(nil) }
    }
}

import TipModel

/// Merges lists of incidents, newest first.
struct RecencyWalk {
    /// Where each of the lists is, in memory that is lent for the walk. What is met next is the last.
    struct Heads {
        private struct Head {
            var handle: RecencyLists.Handle
            var order: RecencyLists.Order
        }

        private let heads: UnsafeMutableBufferPointer<Head>
        private var count = 0
        private let since: Int64
        private let entries: UnsafeBufferPointer<RecencyLists.Entry>

        private init(
            _ heads: UnsafeMutableBufferPointer<Head>, _ entries: UnsafeBufferPointer<RecencyLists.Entry>, since: Timestamp
        ) {
            (self.heads, self.entries, self.since) = (heads, entries, since.milliseconds)
        }

        /// - Parameter count: of lists at most.
        fileprivate static func with<Result>(
            _ count: Int, _ entries: UnsafeBufferPointer<RecencyLists.Entry>, since: Timestamp, _ body: (inout Heads) -> Result
        ) -> Result {
            withUnsafeTemporaryAllocation(of: Head.self, capacity: max(1, count)) { memory in
                var heads = Heads(memory, entries, since: since)
                return body(&heads)
            }
        }

        /// A list by its newest entry that was not met; none where all that is left of it is too old. No more lists than were asked for.
        /// - Parameter handle: of the lists that are walked.
        mutating func add(_ handle: RecencyLists.Handle?) {
            guard let handle, handle != RecencyLists.none, count < heads.count else { return }
            let order = entries[Int(handle)].order
            guard order.milliseconds >= since else { return }
            // At most ten lists: keeping them in order is cheaper than a heap.
            var place = count
            while place > 0, order < heads[place - 1].order {
                heads[place] = heads[place - 1]
                place -= 1
            }
            heads[place] = Head(handle: handle, order: order)
            count += 1
        }

        fileprivate mutating func next() -> RecencyLists.Handle? {
            guard count > 0 else { return nil }
            count -= 1
            return heads[count].handle
        }
    }

    let since: Timestamp
    /// Entries that are met at most.
    let bound: Int
    /// What is out of it counts towards the bound, and only the newest of it is given.
    let reach: SpanReach?

    /// - Parameters:
    ///   - count: of the lists at most.
    ///   - begin: adds them.
    func run(_ lists: RecencyLists, count: Int, _ begin: (inout Heads) -> Void) -> [IncidentView] {
        lists.entries.withUnsafeBufferPointer { entries in
            Heads.with(count, entries, since: since) { heads in
                begin(&heads)
                var views: [IncidentView] = []
                var (met, isPassed) = (0, false)
                while met < bound, let handle = heads.next() {
                    met += 1
                    let isFar = reach?.excludes(entries[Int(handle)].whereabouts) ?? false
                    // Of those out of reach the newest tells why a tip is alone, where no other does.
                    if !isFar || !isPassed, let view = lists.view(of: handle) {
                        if views.isEmpty { views.reserveCapacity(min(bound, 8)) }
                        views.append(view)
                    }
                    isPassed = isPassed || isFar
                    heads.add(entries[Int(handle)].older)
                }
                return views
            }
        }
    }
}

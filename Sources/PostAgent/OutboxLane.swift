import TipModel

/// A tip as it waits to be sent: its bytes were fixed when it was spooled and never change.
struct OutboxTip: Hashable, Sendable {
    var number: UInt64
    var id: TipID
    var isExpress: Bool
    /// The encoded tip, as it lies in the spool.
    var bytes: [UInt8]
    /// Goes in a message of its own, because a message that it was part of was refused as a whole.
    var goesAlone = false
}

/// The tips of one lane that are in memory and wait to be sent, in order of their numbers.
///
/// The spool holds all of them; this holds a page, and what came back from the window.
struct OutboxLane {
    /// Ascending by number from `head` on; what lies before was taken.
    private var tips: [OutboxTip] = []
    private var head = 0
    /// The highest number that was loaded: the next page begins after it.
    private(set) var cursor: UInt64 = 0
    /// Whether the spool may hold tips after `cursor`.
    var mayHaveMore = true
    /// Nothing of this lane is sent before, by the monotonic clock in milliseconds.
    var pausedUntil = Int64.min

    var count: Int { tips.count - head }
    var isEmpty: Bool { head == tips.count }
    var first: OutboxTip? { isEmpty ? nil : tips[head] }

    mutating func takeFirst() -> OutboxTip? {
        guard head < tips.count else { return nil }
        let tip = tips[head]
        head += 1
        // Shifting half of the array once for as many takes keeps a take at constant cost.
        if head >= 64, head * 2 >= tips.count {
            tips.removeFirst(head)
            head = 0
        }
        return tip
    }

    /// Adds a page that the spool gave for `cursor`.
    /// - Parameters:
    ///   - page: ascending by number, all above `cursor`.
    ///   - isHeld: tips that are in the window already, after a rewind.
    mutating func load(_ page: [OutboxTip], limit: Int, isHeld: (TipID) -> Bool) {
        mayHaveMore = page.count >= limit
        guard let last = page.last else { return }
        cursor = max(cursor, last.number)
        putBack(page.filter { !isHeld($0.id) && index(of: $0.number) == nil })
    }

    /// Adds the newest tip of the spool, where all before it are here or were, and a page has room; else it comes with the next page.
    mutating func add(_ tip: OutboxTip, limit: Int) {
        guard !mayHaveMore, count < limit, tip.number > cursor else {
            mayHaveMore = true
            return
        }
        cursor = tip.number
        putBack([tip])
    }

    /// Lets the next page begin at `number`: a dead letter was spooled again under its old number.
    mutating func rewind(to number: UInt64) {
        mayHaveMore = true
        cursor = min(cursor, number &- 1)
    }

    /// Puts tips back in their places.
    mutating func putBack(_ more: [OutboxTip]) {
        guard !more.isEmpty else { return }
        let sorted = more.sorted { $0.number < $1.number }
        if let last = tips.last, head < tips.count, let next = sorted.first, next.number < last.number {
            var merged: [OutboxTip] = []
            merged.reserveCapacity(count + sorted.count)
            var (left, right) = (head, 0)
            while left < tips.count || right < sorted.count {
                if right == sorted.count || (left < tips.count && tips[left].number < sorted[right].number) {
                    merged.append(tips[left])
                    left += 1
                } else {
                    merged.append(sorted[right])
                    right += 1
                }
            }
            tips = merged
            head = 0
        } else {
            tips.append(contentsOf: sorted)
        }
    }

    /// Takes out a tip that was settled while it waited to be sent again.
    mutating func remove(number: UInt64) -> OutboxTip? {
        guard let index = index(of: number) else { return nil }
        return tips.remove(at: index)
    }

    /// Linear: only for answers that come after their tip was put back.
    func find(_ id: TipID) -> OutboxTip? { tips[head...].first { $0.id == id } }

    private func index(of number: UInt64) -> Int? {
        var (low, high) = (head, tips.count)
        while low < high {
            let middle = low + (high - low) / 2
            if tips[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < tips.count && tips[low].number == number ? low : nil
    }
}

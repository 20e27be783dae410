public import TipModel

/// Reads a stretch of time from the journal, in pages, so that memory does not grow with it.
extension JournalReader {
    /// The sequence before the first record at or after `moment`: where reading begins. By halving, as records are in the
    /// order of the daemon's clock; where that was set back, a record may be met a little early or late.
    public func sequence(before moment: Timestamp) throws(JournalError) -> SequenceNumber {
        var (low, high) = (SequenceNumber(0), try lastSequence())
        while low < high {
            let middle = low + (high - low) / 2
            guard let record = try records(after: middle, limit: 1, bytes: 1).first?.record else { return low }
            if record.at < moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Gives every record from `moment` on to `body`, in order, until it says that it wants no more.
    /// - Parameter limit: records at most.
    /// - Returns: false when the limit ended it.
    public func read(
        from moment: Timestamp, limit: Int, _ body: (Record) -> Bool
    ) throws(JournalError) -> Bool {
        var reached = try sequence(before: moment)
        var left = limit
        while left > 0 {
            let page = try records(after: reached, limit: min(left, 2_048), bytes: 4 << 20)
            guard let last = page.last else { return true }
            for stored in page where !body(stored.record) { return true }
            reached = last.record.sequence
            left -= page.count
        }
        return try records(after: reached, limit: 1, bytes: 1).isEmpty
    }
}

public import TipModel
public import TipWire

/// Where a patrol stands in its two lanes, and what an incoming item means for that. Pure: no clock, no socket.
///
/// Each item names the sequence before it in its lane for this subscription. So an item that follows the cursor is
/// the next one, one at or below the cursor was seen before, and anything else means that something between is
/// missing: then nothing more is taken until the daemon was asked to send again from the cursor.
public struct FeedTracker: Hashable, Sendable {
    /// What to do after a batch.
    public enum Action: Hashable, Sendable {
        case carryOn
        /// Something is missing before the item that named `found`: subscribe again from `cursor`.
        case resubscribe(lane: Lane, cursor: FeedCursor, found: SequenceNumber)
    }

    /// The newest sequence taken in each lane.
    public private(set) var cursor: FeedCursor
    /// Items that had been taken before.
    public private(set) var repeats: UInt64 = 0
    /// Gaps found.
    public private(set) var gaps: UInt64 = 0

    public init(cursor: FeedCursor) { self.cursor = cursor }

    /// Takes a batch of one lane.
    /// - Returns: the items that are new, in order, and what to do next. After a gap the rest of the batch is not
    ///   looked at: it will come again.
    public mutating func take(_ items: [FeedItem], lane: Lane) -> (accepted: [FeedItem], action: Action) {
        var accepted: [FeedItem] = []
        accepted.reserveCapacity(items.count)
        for item in items {
            let sequence = item.event.sequence
            if sequence <= cursor[lane] {
                repeats &+= 1
                continue
            }
            guard item.previous == cursor[lane] else {
                gaps &+= 1
                return (accepted, .resubscribe(lane: lane, cursor: cursor, found: item.previous))
            }
            cursor[lane] = sequence
            accepted.append(item)
        }
        return (accepted, .carryOn)
    }

    /// Begins a lane elsewhere, as SUBSCRIBED says.
    public mutating func move(_ lane: Lane, to sequence: SequenceNumber) { cursor[lane] = sequence }
}

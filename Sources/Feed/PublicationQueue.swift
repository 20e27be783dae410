// From the core to the feed thread. Not a Mailbox, because of what happens when it is full: the core must not wait, and
// everything here is in the journal anyway. So the queue is emptied and only remembers how far each lane was lost;
// patrols that were following live see that in the ring's floor and catch up from the journal.

import DequeModule
import Synchronization
import TipModel
import ZeroMQ

/// Published events that the feed thread has not taken yet.
final class PublicationQueue: Sendable {
    /// What the feed thread takes at a time.
    struct Taken {
        /// Events up to here were lost since the last time, for each lane; 0 where none was. They precede `items`.
        var lost = FeedCursor()
        /// In order within each lane, the alert lane first.
        var items: [Publication] = []
        /// Some are left.
        var hasMore = false
    }

    private struct State {
        var alert = Deque<Publication>()
        var main = Deque<Publication>()
        var bytes = 0
        var lost = FeedCursor()
        var overflows: UInt64 = 0
    }

    private let events: Int
    private let bytes: Int
    private let wake: WakeSignal
    private let state = Mutex(State())

    init(events: Int, bytes: Int, wake: WakeSignal) {
        self.events = events
        self.bytes = bytes
        self.wake = wake
    }

    /// Adds all of them, or, when they do not fit, empties the queue. Never waits.
    func offer(_ publications: [Publication]) {
        guard !publications.isEmpty else { return }
        let added = publications.reduce(0) { $0 + $1.event.count }
        state.withLock { state in
            let fits =
                state.alert.count + state.main.count + publications.count <= events && state.bytes + added <= bytes
            if fits {
                for publication in publications {
                    if publication.lane == .alert {
                        state.alert.append(publication)
                    } else {
                        state.main.append(publication)
                    }
                }
                state.bytes += added
                return
            }
            for last in [state.alert.last, state.main.last].compactMap({ $0 }) + publications {
                state.lost[last.lane] = max(state.lost[last.lane], last.sequence)
            }
            state.alert.removeAll()
            state.main.removeAll()
            state.bytes = 0
            state.overflows += 1
        }
        wake.signal()
    }

    /// Takes all alert-lane events and up to `mainLimit` of the main lane.
    func take(mainLimit: Int) -> Taken {
        state.withLock { state in
            var taken = Taken()
            taken.lost = state.lost
            state.lost = FeedCursor()
            let mains = min(max(1, mainLimit), state.main.count)
            taken.items.reserveCapacity(state.alert.count + mains)
            taken.items.append(contentsOf: state.alert)
            taken.items.append(contentsOf: state.main.prefix(mains))
            state.alert.removeAll(keepingCapacity: true)
            state.main.removeFirst(mains)
            state.bytes -= taken.items.reduce(0) { $0 + $1.event.count }
            taken.hasMore = !state.main.isEmpty
            return taken
        }
    }

    /// How often it was emptied because it was full.
    var overflows: UInt64 { state.withLock { $0.overflows } }
}

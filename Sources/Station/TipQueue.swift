internal import Synchronization
internal import ZeroMQ

/// A bounded queue of tips into the core's thread, kept in the portions in which they came: a portion changes hands as it is, and no
/// tip is copied on its way.
///
/// At the bound ``offer(_:)`` says `false` and keeps nothing; the ingest thread then waits for room.
final class TipQueue: Sendable {
    private struct Contents {
        var portions: [[TipCommand]] = []
        /// Of all portions.
        var count = 0
    }

    /// Most tips held.
    let bound: Int
    private let wake: WakeSignal
    private let contents = Mutex(Contents())

    /// - Parameter wake: signalled when tips wait; one signal may serve several queues of the same thread.
    init(bound: Int, wake: WakeSignal) {
        self.bound = bound
        self.wake = wake
    }

    func hasRoom(for more: Int) -> Bool { contents.withLock { $0.count + more <= bound } }

    /// Adds all or, when they do not all fit, none.
    func offer(_ tips: [TipCommand]) -> Bool {
        guard !tips.isEmpty else { return true }
        let wasEmpty = contents.withLock { contents -> Bool? in
            guard contents.count + tips.count <= bound else { return nil }
            contents.portions.append(tips)
            contents.count += tips.count
            return contents.count == tips.count
        }
        guard let wasEmpty else { return false }
        if wasEmpty { wake.signal() }
        return true
    }

    /// Takes up to `limit` tips, in order of arrival; signals again when some are left.
    func drain(limit: Int) -> [[TipCommand]] {
        let (taken, isLeft) = contents.withLock { contents -> ([[TipCommand]], Bool) in
            guard contents.count > limit else {
                var all: [[TipCommand]] = []
                swap(&all, &contents.portions)
                contents.count = 0
                return (all, false)
            }
            var taken: [[TipCommand]] = []
            var room = limit
            for portion in contents.portions {
                guard portion.count <= room else { break }
                taken.append(portion)
                room -= portion.count
            }
            contents.portions.removeFirst(taken.count)
            if room > 0 {
                taken.append(Array(contents.portions[0].prefix(room)))
                contents.portions[0].removeFirst(room)
            }
            contents.count -= limit
            return (taken, true)
        }
        if isLeft { wake.signal() }
        return taken
    }

    var count: Int { contents.withLock { $0.count } }
}

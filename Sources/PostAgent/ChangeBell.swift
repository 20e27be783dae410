import Synchronization

/// Rings when something that a page shows has changed: a tip was kept, receipted or moved on, or the link changed.
///
/// Bound: ``bound`` listeners, then the next is refused. A listener is told that there is news, not what: what comes while
/// it is busy is one ring, so a slow one costs nothing.
final class ChangeBell: Sendable {
    static let bound = 24

    private struct Contents {
        var version: UInt64 = 0
        var next = 0
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var isClosed = false
    }

    /// One listener's place. It ends when nobody has it any more: a client may go before its answer was even begun.
    final class Place: Sendable {
        /// Rings, and `tick`s of the listener's own.
        let rings: AsyncStream<Void>
        /// Wakes the listener though nothing has changed.
        let tick: @Sendable () -> Void
        private let leave: @Sendable () -> Void

        fileprivate init(rings: AsyncStream<Void>, tick: @escaping @Sendable () -> Void, leave: @escaping @Sendable () -> Void) {
            (self.rings, self.tick, self.leave) = (rings, tick, leave)
        }

        deinit { leave() }
    }

    private let contents = Mutex(Contents())

    /// Counts changes.
    var version: UInt64 { contents.withLock { $0.version } }

    func ring() {
        let listeners = contents.withLock { contents in
            contents.version &+= 1
            return Array(contents.listeners.values)
        }
        for listener in listeners { listener.yield() }
    }

    /// Nil when too many listen already or the agent stops.
    func enter() -> Place? {
        let (rings, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        return contents.withLock { contents in
            guard !contents.isClosed, contents.listeners.count < Self.bound else { return nil }
            contents.next += 1
            let number = contents.next
            contents.listeners[number] = continuation
            return Place(rings: rings, tick: { continuation.yield() }, leave: { [self] in leave(number) })
        }
    }

    private func leave(_ number: Int) { contents.withLock { $0.listeners.removeValue(forKey: number) }?.finish() }

    /// Ends all listening: the agent stops.
    func close() {
        let listeners = contents.withLock { contents in
            contents.isClosed = true
            return Array(contents.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}

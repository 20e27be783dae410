import Synchronization

/// A bounded queue into one thread that waits in a poll: any thread offers, the owner drains.
///
/// The policy at the bound is the caller's, because it differs by queue (wait, refuse, fall back to the journal):
/// ``offer(_:)`` says `false` and keeps nothing. docs/design.md lists every mailbox with its bound and policy.
public final class Mailbox<Element: Sendable>: Sendable {
    /// Most elements held.
    public let bound: Int
    /// Signalled when the mailbox becomes non-empty; the owner polls its descriptor and clears it before draining.
    public let wake: WakeSignal
    private let elements = Mutex<[Element]>([])

    /// - Parameter wake: one signal may serve several mailboxes of the same thread.
    public init(bound: Int, wake: WakeSignal) {
        self.bound = bound
        self.wake = wake
    }

    /// Adds one element; false when the mailbox is full.
    public func offer(_ element: sending Element) -> Bool {
        let wasEmpty = elements.withLock { elements -> Bool? in
            guard elements.count < bound else { return nil }
            elements.append(element)
            return elements.count == 1
        }
        guard let wasEmpty else { return false }
        if wasEmpty { wake.signal() }
        return true
    }

    /// Adds all or, when they do not all fit, none.
    public func offer(all more: [Element]) -> Bool {
        guard !more.isEmpty else { return true }
        let wasEmpty = elements.withLock { elements -> Bool? in
            guard elements.count + more.count <= bound else { return nil }
            let wasEmpty = elements.isEmpty
            elements.append(contentsOf: more)
            return wasEmpty
        }
        guard let wasEmpty else { return false }
        if wasEmpty { wake.signal() }
        return true
    }

    /// Takes everything, in order of arrival.
    public func drain() -> [Element] {
        elements.withLock { elements in
            var taken: [Element] = []
            swap(&taken, &elements)
            return taken
        }
    }

    /// Takes up to `limit` elements, in order of arrival; signals again when some are left.
    public func drain(limit: Int) -> [Element] {
        let (taken, left) = elements.withLock { elements -> ([Element], Bool) in
            guard elements.count > limit else {
                var taken: [Element] = []
                swap(&taken, &elements)
                return (taken, false)
            }
            let taken = Array(elements.prefix(limit))
            elements.removeFirst(limit)
            return (taken, true)
        }
        if left { wake.signal() }
        return taken
    }

    public var count: Int { elements.withLock { $0.count } }

    public var isFull: Bool { count >= bound }
}

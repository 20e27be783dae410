public import TipWire

/// One lane's flow control on the patrol's side, in events and in bytes of encoded events.
///
/// At any time: what the daemon may still send + what is held here + what was consumed but not granted again = the
/// window. So whatever the daemon does, at most one window of events waits for the consumer, and a consumer that
/// stops reading stops the daemon. The daemon counts the bytes of each encoded event (``FeedItem/encodedBytes``),
/// not the few bytes around it.
public struct CreditWindow: Hashable, Sendable {
    /// The most that may be under way and held together.
    public let window: Credit
    /// Received and not yet consumed.
    public private(set) var held = Credit(events: 0, bytes: 0)
    /// Consumed and not yet granted again.
    public private(set) var returned = Credit(events: 0, bytes: 0)

    public init(window: Credit) { self.window = window }

    /// Notes what was received.
    /// - Returns: false when it does not fit the window: the daemon does not keep to its credit.
    public mutating func receive(_ amount: Credit) -> Bool {
        let sum = held.adding(amount).adding(returned)
        guard sum.events <= window.events, sum.bytes <= window.bytes else { return false }
        held = held.adding(amount)
        return true
    }

    /// Notes what was consumed.
    /// - Returns: what to grant now: everything returned once that is half a window, so that grants are few and the
    ///   daemon never runs dry between two of them.
    public mutating func consume(_ amount: Credit) -> Credit? {
        held = held.subtracting(amount)
        returned = returned.adding(amount)
        guard returned.events >= (window.events &+ 1) / 2 || returned.bytes >= (window.bytes &+ 1) / 2 else { return nil }
        defer { returned = Credit(events: 0, bytes: 0) }
        return returned
    }

    /// The credit for a new subscription: the window without what still waits here.
    public mutating func restart() -> Credit {
        returned = Credit(events: 0, bytes: 0)
        return window.subtracting(held)
    }
}

extension Credit {
    /// Saturating.
    func adding(_ other: Credit) -> Credit {
        let (events, moreEvents) = events.addingReportingOverflow(other.events)
        let (bytes, moreBytes) = bytes.addingReportingOverflow(other.bytes)
        return Credit(events: moreEvents ? .max : events, bytes: moreBytes ? .max : bytes)
    }

    /// Not below zero.
    func subtracting(_ other: Credit) -> Credit {
        Credit(events: events - min(events, other.events), bytes: bytes - min(bytes, other.bytes))
    }

    /// What `items` take.
    init(of items: some Sequence<FeedItem>) {
        self.init(events: 0, bytes: 0)
        for item in items { self = adding(Credit(events: 1, bytes: UInt32(clamping: item.encodedBytes))) }
    }
}

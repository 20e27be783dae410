import Synchronization
import ZeroMQ

/// From the client's thread to its consumer, bounded without ever dropping an event.
///
/// Events are bounded by the two credit windows: no credit is granted for what was not consumed. Action results are
/// bounded by the actions that may be under way, rewinds by the subscriptions that each takes. Everything else tells a
/// state (of the link, the feed, a clock), and of each kind the newest tells all: beyond ``statusBound`` the oldest
/// goes that a newer one of its kind replaces.
final class OutputQueue: Sendable {
    static let statusBound = 64

    private struct Contents {
        var outputs: [PatrolOutput] = []
        var statuses = 0
    }

    let wake: WakeSignal
    private let contents = Mutex(Contents())

    init(wake: WakeSignal) { self.wake = wake }

    func push(_ output: PatrolOutput) {
        contents.withLock { contents in
            contents.outputs.append(output)
            guard output.status != nil else { return }
            contents.statuses += 1
            // There are fewer kinds than places, so one of them is there twice.
            guard contents.statuses > Self.statusBound, let replaced = Self.oldestReplaced(contents.outputs) else { return }
            contents.outputs.remove(at: replaced)
            contents.statuses -= 1
        }
        wake.signal()
    }

    func takeAll() -> [PatrolOutput] {
        contents.withLock { contents in
            defer { contents = Contents() }
            return contents.outputs
        }
    }

    private static func oldestReplaced(_ outputs: [PatrolOutput]) -> Int? {
        var newer: Set<PatrolOutput.Status> = []
        var oldest: Int?
        for index in outputs.indices.reversed() {
            guard let status = outputs[index].status else { continue }
            if !newer.insert(status).inserted { oldest = index }
        }
        return oldest
    }
}

extension PatrolOutput {
    fileprivate enum Status { case link, subscription, position, freshness, clock, fault, remark }

    /// Which state it tells; nil for what must not be dropped.
    fileprivate var status: Status? {
        switch self {
        case .link: .link
        case .subscribed, .refused: .subscription
        case .caughtUp, .behind: .position
        case .stale, .fresh: .freshness
        case .clock: .clock
        case .fault: .fault
        case .remark: .remark
        case .events, .action, .rewound, .ended: nil
        }
    }
}

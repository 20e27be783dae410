import Synchronization
import ZeroMQ

/// From the client's thread to its consumer, bounded without ever dropping an event.
///
/// Events are bounded by the two credit windows: no credit is granted for what was not consumed. Action results are
/// bounded by the actions that may be under way. Of everything else (states of the link and the feed) the newest
/// tells all, so beyond ``statusBound`` the oldest of these goes.
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
            if output.isStatus {
                if contents.statuses == Self.statusBound, let oldest = contents.outputs.firstIndex(where: \.isStatus) {
                    contents.outputs.remove(at: oldest)
                } else {
                    contents.statuses += 1
                }
            }
            contents.outputs.append(output)
        }
        wake.signal()
    }

    func takeAll() -> [PatrolOutput] {
        contents.withLock { contents in
            defer { contents = Contents() }
            return contents.outputs
        }
    }
}

extension PatrolOutput {
    fileprivate var isStatus: Bool {
        switch self {
        case .events, .action, .ended: false
        default: true
        }
    }
}

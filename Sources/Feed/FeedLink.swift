import TipModel
import TipWire
import ZeroMQ

/// The hub's way out: the feed thread's socket, the core, and the catch-up thread. Made and used on the feed thread.
final class FeedLink: FeedOutlet {
    let socket: Socket
    private let ports: FeedPorts
    private let reader: CatchUpReader
    /// A failure of the socket itself, after which the thread has to end.
    private(set) var fault: ZeroMQError?

    init(socket: consuming Socket, ports: FeedPorts, reader: CatchUpReader) {
        self.socket = socket
        self.ports = ports
        self.reader = reader
    }

    func send(_ route: RouteID, _ header: Header, _ body: [UInt8]) -> SendOutcome {
        guard fault == nil else { return .wouldBlock }
        do throws(ZeroMQError) {
            return try socket.trySend(frames: [route, header.encoded, body])
        } catch {
            fault = error
            return .wouldBlock
        }
    }

    func ask(_ request: PageRequest) -> Bool { reader.offer(request) }

    func act(_ action: UnitAction) -> Bool { ports.onAction(action) }

    func report(_ unit: UnitID, _ cursor: FeedCursor) { ports.onCursor(unit, cursor) }
}

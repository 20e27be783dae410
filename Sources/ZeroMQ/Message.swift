import CZeroMQ
import Glibc

/// One received frame. Its bytes are lent, not copied; letting it go frees them.
public struct Message: ~Copyable {
    // On the heap, because libzmq keeps short bodies inside the zmq_msg_t and does not allow it to be moved.
    private let storage: UnsafeMutablePointer<zmq_msg_t>

    init() {
        storage = .allocate(capacity: 1)
        zmq_msg_init(storage)
    }

    deinit {
        zmq_msg_close(storage)
        storage.deallocate()
    }

    /// Bytes in the frame.
    public var count: Int { zmq_msg_size(storage) }

    /// More frames of the same message follow.
    public var hasMore: Bool { zmq_msg_more(storage) != 0 }

    /// The user id that the ZAP handler gave to the connection it came from; `nil` without CURVE and ZAP. This, and not the routing
    /// id, says who sent it.
    public var userID: String? { text(wp_msg_user_id(storage)) }

    /// The sender's address as TCP saw it, for logs.
    public var peerAddress: String? { text(wp_msg_peer_address(storage)) }

    /// Lends the bytes for the length of the call.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: zmq_msg_data(storage), count: zmq_msg_size(storage)))
    }

    /// A copy of the bytes.
    public var bytes: [UInt8] { withBytes { [UInt8]($0) } }

    func receive(from socket: UnsafeMutableRawPointer?, flags: Int32) -> Int32 {
        zmq_msg_recv(storage, socket, flags) < 0 ? zmq_errno() : 0
    }
}

/// Text of a message's metadata. What is not UTF-8 counts as absent, so that nobody is let in under a mangled name.
func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    guard let pointer else { return nil }
    return String(validatingCString: pointer)
}

extension Socket {
    /// Receives one frame, waiting up to the option `receiveTimeout`. In a loop over `PollSet`, use `tryReceive`.
    /// - Throws: `EAGAIN` when the time ran out, `EINTR`, `ETERM`.
    public func receive() throws(ZeroMQError) -> Message {
        let message = Message()
        let code = message.receive(from: core.checked, flags: 0)
        guard code == 0 else { throw ZeroMQError(code: code, operation: "receive") }
        return message
    }

    /// Receives one frame if one is there. Never blocks.
    /// - Throws: `ETERM`, and `EFSM` on a rep socket that owes a reply.
    public func tryReceive() throws(ZeroMQError) -> Message? {
        let message = Message()
        while true {
            let code = message.receive(from: core.checked, flags: ZMQ_DONTWAIT)
            switch code {
            case 0: return message
            case EINTR: continue
            case EAGAIN: return nil
            default: throw ZeroMQError(code: code, operation: "receive")
            }
        }
    }
}

// The hot path of receiving: one buffer is reused for every message, so that a message costs no Swift allocation.
// A sender decides how many frames it sends; how many are kept is decided here.

import CZeroMQ
import Glibc

/// A reusable buffer for one received multipart message. Frames stay valid until the next receive into it.
public struct Multipart: ~Copyable {
    /// The most frames that are kept of one message.
    public let maxFrames: Int
    /// Frames kept of the message that was last received; 0 after none.
    public private(set) var frameCount = 0
    /// The message had more than `maxFrames` frames; those beyond were read and dropped.
    public private(set) var overflowed = false

    /// `maxFrames` slots and one more into which dropped frames are read. Every slot is always an initialised zmq_msg_t.
    private let slots: UnsafeMutablePointer<zmq_msg_t>

    /// - Parameter maxFrames: at least 1 (less is taken as 1).
    public init(maxFrames: Int = 16) {
        self.maxFrames = max(1, maxFrames)
        slots = .allocate(capacity: self.maxFrames + 1)
        for index in 0...self.maxFrames { zmq_msg_init(slots + index) }
    }

    deinit {
        for index in 0...maxFrames { zmq_msg_close(slots + index) }
        slots.deallocate()
    }

    /// Frees the frames' memory. The next receive does this by itself.
    public mutating func removeAll() {
        // Closing may fail only for an uninitialised slot, which none is; a closed one is initialised again at once.
        for index in 0..<frameCount {
            zmq_msg_close(slots + index)
            zmq_msg_init(slots + index)
        }
        if overflowed {
            zmq_msg_close(slots + maxFrames)
            zmq_msg_init(slots + maxFrames)
        }
        frameCount = 0
        overflowed = false
    }

    /// Lends a frame's bytes for the length of the call. A frame that is not there reads as empty: a peer that sends too
    /// few frames must not be able to trap us. Check `frameCount`.
    public func withFrame<Result: ~Copyable, Failure: Error>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard index >= 0 && index < frameCount else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        let slot = slots + index
        return try body(UnsafeRawBufferPointer(start: zmq_msg_data(slot), count: zmq_msg_size(slot)))
    }

    /// A copy of a frame; empty for a frame that is not there.
    public func bytes(_ index: Int) -> [UInt8] { withFrame(index) { [UInt8]($0) } }

    /// Bytes in a frame; 0 for a frame that is not there.
    public func size(_ index: Int) -> Int { withFrame(index) { $0.count } }

    /// The user id that the ZAP handler gave to the connection this message came from; `nil` without CURVE and ZAP. This,
    /// and not the routing id, says who sent it.
    public var userID: String? { text(property(wp_msg_user_id)) }

    /// Lends the user id's bytes without making a string, for a loop that only looks it up. `nil` as for `userID`, but
    /// not checked to be UTF-8.
    public func withUserID<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let pointer = property(wp_msg_user_id) else { return try body(nil) }
        return try body(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
    }

    /// The sender's address as TCP saw it, for logs.
    public var peerAddress: String? { text(property(wp_msg_peer_address)) }

    /// All frames of a message come from one connection. The last kept one is asked, since a router makes the first itself.
    private func property(
        _ read: (UnsafePointer<zmq_msg_t>?) -> UnsafePointer<CChar>?
    ) -> UnsafePointer<CChar>? {
        frameCount > 0 ? read(slots + (frameCount - 1)) : nil
    }

    /// Receives one whole message: libzmq hands over a message only when all its frames are there, so frames after the
    /// first never wait.
    mutating func receive(from socket: UnsafeMutableRawPointer?, flags: Int32) throws(ZeroMQError) -> Bool {
        removeAll()
        var isFirst = true
        while true {
            // maxFrames is the slot for dropped frames; receiving into a slot frees what it held.
            let slot = slots + frameCount
            let wait = isFirst ? flags : ZMQ_DONTWAIT
            if zmq_msg_recv(slot, socket, wait) < 0 {
                let code = zmq_errno()
                if code == EINTR && wait == ZMQ_DONTWAIT { continue }
                if code == EAGAIN && isFirst { return false }
                removeAll()
                throw ZeroMQError(code: code, operation: "receive")
            }
            isFirst = false
            let hasMore = zmq_msg_more(slot) != 0
            if frameCount < maxFrames { frameCount += 1 } else { overflowed = true }
            if !hasMore { return true }
        }
    }
}

extension Socket {
    /// Receives one whole message if one is there, into a buffer that is reused. Never blocks.
    /// - Returns: false when nothing was there; the buffer is then empty.
    /// - Throws: `ETERM`, and `EFSM` on a rep socket that owes a reply.
    public func tryReceive(into message: inout Multipart) throws(ZeroMQError) -> Bool {
        try message.receive(from: core.checked, flags: ZMQ_DONTWAIT)
    }

    /// Receives one whole message, waiting up to the option `receiveTimeout`.
    /// - Returns: false when the time ran out; the buffer is then empty.
    /// - Throws: `EINTR`, `ETERM`, and `EFSM` on a rep socket that owes a reply.
    public func receive(into message: inout Multipart) throws(ZeroMQError) -> Bool {
        try message.receive(from: core.checked, flags: 0)
    }
}

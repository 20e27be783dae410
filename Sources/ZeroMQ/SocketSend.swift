// A multipart message is delivered whole or not at all. How that holds, per frame:
// - The first frame is where libzmq checks for room and for the peer, so EAGAIN and EHOSTUNREACH of a router or a full
//   queue come there, before anything is written.
// - A later frame can only meet a connection that just ended. A router then drops the rest by itself. A dealer or push
//   says EAGAIN, has rolled the earlier frames back, and swallows frames up to the last: so we hand it the rest, and
//   report "would block".
// - Any other failure in the middle (no memory) would leave libzmq waiting for the rest, so the socket refuses to send
//   from then on.

import CZeroMQ
import Glibc

/// How a send that does not wait ended.
public enum SendOutcome: Sendable, Equatable {
    /// Queued for the peer. Not yet delivered: only an answer proves that.
    case sent
    /// The queue to the peer is full, or a dealer has no connection at all. Nothing was queued; try later.
    case wouldBlock
    /// A router knows no such peer (any more). Nothing was queued.
    case unreachable
}

extension Socket {
    /// Sends one frame.
    /// - Parameters:
    ///   - more: another frame of the same message follows; the caller must then send it. Prefer `send(frames:)`, which
    ///   cannot be left half done.
    ///   - dontWait: fail with `EAGAIN` where it would block; else it waits up to the option `sendTimeout`.
    /// - Throws: `EAGAIN`, `EHOSTUNREACH` (router), `ETERM`.
    public func send(_ frame: [UInt8], more: Bool = false, dontWait: Bool = false) throws(ZeroMQError) {
        let socket = try sendable()
        let flags = (more ? ZMQ_SNDMORE : 0) | (dontWait ? ZMQ_DONTWAIT : 0)
        guard frame.withUnsafeBytes({ zmq_send(socket, $0.baseAddress, $0.count, flags) }) >= 0 else {
            throw ZeroMQError.last("send")
        }
    }

    /// Sends one whole message; see `trySend(frames:)` for what a message must be.
    /// - Parameter dontWait: fail with `EAGAIN` where it would block; else it waits up to the option `sendTimeout`.
    /// - Throws: `EAGAIN`, `EHOSTUNREACH` (router), `ETERM`, `EINTR` (only when it waits), `EINVAL` for too few frames.
    ///   Nothing was sent then.
    public func send(frames: [[UInt8]], dontWait: Bool = false) throws(ZeroMQError) {
        try orThrow(
            transmit(frames.count, dontWait: dontWait) { socket, index, flags in
                frames[index].withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, flags) }
            })
    }

    /// Sends one whole message from memory that stays valid during the call (libzmq copies it).
    /// - Throws: as `send(frames:dontWait:)`.
    public func send(_ frames: [UnsafeRawBufferPointer], dontWait: Bool = false) throws(ZeroMQError) {
        try orThrow(
            transmit(frames.count, dontWait: dontWait) { socket, index, flags in
                zmq_send(socket, frames[index].baseAddress, frames[index].count, flags)
            })
    }

    /// Sends one whole message without waiting. It has at least one frame, and for a router two, the first being the
    /// peer's routing id.
    /// - Throws: `ETERM`, `EINVAL` for too few frames, and faults; not `EAGAIN` and `EHOSTUNREACH`, which are outcomes.
    public func trySend(frames: [[UInt8]]) throws(ZeroMQError) -> SendOutcome {
        try outcome(
            transmit(frames.count, dontWait: true) { socket, index, flags in
                frames[index].withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, flags) }
            })
    }

    /// Sends one whole message without waiting, from memory that stays valid during the call (libzmq copies it).
    /// - Throws: as `trySend(frames:)`.
    public func trySend(_ frames: [UnsafeRawBufferPointer]) throws(ZeroMQError) -> SendOutcome {
        try outcome(
            transmit(frames.count, dontWait: true) { socket, index, flags in
                zmq_send(socket, frames[index].baseAddress, frames[index].count, flags)
            })
    }

    /// The same from a buffer that the caller keeps, so that a sender of millions makes no array for each message.
    /// - Throws: as `trySend(frames:)`.
    public func trySendFrames(_ frames: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(ZeroMQError) -> SendOutcome {
        try outcome(
            transmit(frames.count, dontWait: true) { socket, index, flags in
                zmq_send(socket, frames[index].baseAddress, frames[index].count, flags)
            })
    }

    private func sendable() throws(ZeroMQError) -> UnsafeMutableRawPointer {
        guard let socket = core.checked, !core.isCutShort else {
            throw ZeroMQError(code: ENOTRECOVERABLE, operation: "send")
        }
        return socket
    }

    /// Sends frame after frame; the result is 0 or an errno value.
    private func transmit(
        _ count: Int, dontWait: Bool, _ sendFrame: (UnsafeMutableRawPointer, Int, Int32) -> Int32
    ) throws(ZeroMQError) -> Int32 {
        guard count >= (kind == .router ? 2 : 1) else { throw ZeroMQError(code: EINVAL, operation: "send \(count) frames") }
        let socket = try sendable()
        var rolledBack = false
        var index = 0
        while index < count {
            // Later frames never have to wait: room is counted in whole messages. DONTWAIT makes a dealer report a lost connection.
            let flags = (index + 1 < count ? ZMQ_SNDMORE : 0) | (dontWait || index > 0 ? ZMQ_DONTWAIT : 0)
            if sendFrame(socket, index, flags) < 0 {
                let code = zmq_errno()
                if code == EINTR && (dontWait || index > 0) { continue }
                if index == 0 { return code }
                guard code == EAGAIN else {
                    core.isCutShort = true
                    return code
                }
                // A pair has lost its peer, and a new one must not be given the rest.
                guard kind == .dealer || kind == .push else { return code }
                rolledBack = true
            }
            index += 1
        }
        return rolledBack ? EAGAIN : 0
    }

    private func orThrow(_ code: Int32) throws(ZeroMQError) {
        guard code == 0 else { throw ZeroMQError(code: code, operation: "send") }
    }

    private func outcome(_ code: Int32) throws(ZeroMQError) -> SendOutcome {
        switch code {
        case 0: return .sent
        case EAGAIN: return .wouldBlock
        case EHOSTUNREACH: return .unreachable
        default: throw ZeroMQError(code: code, operation: "send")
        }
    }
}

public import TipModel

/// What a message asks or answers. Below 0x80 from a client, from 0x80 the daemon's.
public enum Verb: UInt8, CaseIterable, Sendable {
    case submit = 0x01
    case postHeartbeat = 0x02
    case photo = 0x22
    case handled = 0x27

    case subscribe = 0x10
    case credit = 0x11
    case acknowledge = 0x12
    case patrolHeartbeat = 0x13
    case claim = 0x14
    case enRoute = 0x15
    case onScene = 0x16
    case clear = 0x17
    case release = 0x18
    case join = 0x19
    case handOver = 0x1A
    /// Acknowledges an incident: somebody has seen it. Not to be mixed up with ``acknowledge``, which is about the feed.
    case seen = 0x1B

    // Reserved: named so that no client takes the number for something else; answered `unsupported` until built.
    case postStatus = 0x20
    case notice = 0x21
    case regrade = 0x23
    case merge = 0x24
    case split = 0x25
    case assign = 0x26

    case receipts = 0x81
    case rejections = 0x82
    case heartbeatReply = 0x83
    case progress = 0x84
    case photoState = 0x85
    case subscribed = 0x90
    case feed = 0x91
    case actionResult = 0x92
}

/// The header frame: eight bytes before every body.
///
///      0       1       2        3      4       5       6       7
///     +-------+-------+--------+------+-------------------------------+
///     |  'W'  |  'P'  |version | verb |  request number, big-endian   |
///     +-------+-------+--------+------+-------------------------------+
///
/// A reply carries the request number of what it answers. Receipts and feed events that answer many requests at
/// once carry 0.
public struct Header: Hashable, Sendable {
    public static let bytes = 8
    public static let version: UInt8 = 1

    public var verb: Verb
    public var request: UInt32

    public init(_ verb: Verb, request: UInt32 = 0) {
        self.verb = verb
        self.request = request
    }

    public var encoded: [UInt8] {
        [
            UInt8(ascii: "W"), UInt8(ascii: "P"), Self.version, verb.rawValue,
            UInt8(truncatingIfNeeded: request >> 24), UInt8(truncatingIfNeeded: request >> 16),
            UInt8(truncatingIfNeeded: request >> 8), UInt8(truncatingIfNeeded: request),
        ]
    }

    /// Reads a header frame.
    /// - Throws: `malformed` for another length or magic, `version` for another version, `unsupported` for an
    ///   unknown verb: each carries the request number where it could be read.
    public init(_ frame: UnsafeRawBufferPointer) throws(HeaderError) {
        guard frame.count == Self.bytes, frame[0] == UInt8(ascii: "W"), frame[1] == UInt8(ascii: "P") else {
            throw HeaderError(
                rejection: Rejection(
                    .malformed, field: "header", "the first frame must be 8 bytes beginning with 'WP', is \(frame.count) bytes"),
                request: 0)
        }
        let request =
            UInt32(frame[4]) << 24 | UInt32(frame[5]) << 16 | UInt32(frame[6]) << 8 | UInt32(frame[7])
        guard frame[2] == Self.version else {
            throw HeaderError(
                rejection: Rejection(
                    .version, field: "header.version", "version \(Self.version) is spoken here, not \(frame[2])"),
                request: request)
        }
        guard let verb = Verb(rawValue: frame[3]) else {
            throw HeaderError(
                rejection: Rejection(.unsupported, field: "header.verb", "unknown verb \(frame[3])"), request: request)
        }
        self.verb = verb
        self.request = request
    }
}

/// A header that could not be used, with the request number to answer under.
public struct HeaderError: Error, Hashable, Sendable {
    public var rejection: Rejection
    public var request: UInt32

    public init(rejection: Rejection, request: UInt32) {
        self.rejection = rejection
        self.request = request
    }
}

/// Limits of messages, both ways. Sockets enforce ``messageBytes`` before anything is decoded.
public enum WireLimits {
    /// Bytes of one frame (ZMQ_MAXMSGSIZE): a full batch of full tips with room for the framing.
    public static let messageBytes = 1 << 20
    /// Tips in one SUBMIT.
    public static let tipsPerSubmit = 512
    /// Zones in one SUBSCRIBE.
    public static let zonesPerSubscribe = 64
    /// UTF-8 bytes of an action's note.
    public static let noteBytes = 1_000
    /// Most credit a lane may hold, in events and bytes; more is cut to it.
    public static let creditEvents: UInt32 = 65_536
    public static let creditBytes: UInt32 = 64 << 20
    /// Bytes of a FEED body that the daemon fills before it begins another.
    public static let feedBatchBytes = 64 << 10
    /// Receipts in one RECEIPTS message.
    public static let receiptsPerMessage = 1_024
    /// Bytes of a photo, and of one part of it.
    public static let photoBytes = 2 << 20
    public static let photoPartBytes = 64 << 10
}


/// Why a message was refused. Each code is counted by the daemon; `retriable` says whether the same bytes may be
/// sent again later with hope.
public enum RejectionCode: UInt8, CaseIterable, Sendable {
    /// Not decodable: frames, header or protobuf.
    case malformed = 1
    /// Larger than the limit that `field` names.
    case tooLarge = 2
    /// A field is missing or out of its range.
    case invalidField = 3
    /// The category is not configured.
    case unknownCategory = 4
    /// The same id was accepted with another body.
    case conflict = 5
    /// The id is older than the window in which repeats are recognised.
    case tooOld = 6
    /// The id was made further ahead of the daemon's clock than allowed.
    case inFuture = 7
    /// This key may not say this.
    case forbidden = 8
    /// The key was revoked while connected.
    case revoked = 9
    /// The verb is reserved or unknown.
    case unsupported = 10
    /// The protocol version is not spoken here.
    case version = 11
    /// A queue is full; try again after the stated time.
    case busy = 12
    /// The journal cannot take more (disk full, failing); try again later.
    case unavailable = 13
    /// No such incident, or not one that this unit may see.
    case notFound = 14
    /// The step is not possible in the incident's state.
    case illegalStep = 15
    /// Another unit has it.
    case heldByOther = 16

    public var name: String {
        switch self {
        case .malformed: "malformed"
        case .tooLarge: "too_large"
        case .invalidField: "invalid_field"
        case .unknownCategory: "unknown_category"
        case .conflict: "conflict"
        case .tooOld: "too_old"
        case .inFuture: "in_future"
        case .forbidden: "forbidden"
        case .revoked: "revoked"
        case .unsupported: "unsupported"
        case .version: "version"
        case .busy: "busy"
        case .unavailable: "unavailable"
        case .notFound: "not_found"
        case .illegalStep: "illegal_step"
        case .heldByOther: "held_by_other"
        }
    }

    /// Whether the same message may succeed later.
    public var isRetriable: Bool {
        switch self {
        // A category may be configured tomorrow and a key enrolled again, but a person has to act first: the
        // tip goes where the guard sees it instead of circling in the spool.
        case .busy, .unavailable: true
        default: false
        }
    }
}

/// A refusal, with words that a user can act on.
public struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    public var code: RejectionCode
    /// The field that is at fault, "" where none is.
    public var field: String
    public var message: String
    /// For `busy` and `unavailable`: wait at least this long, in milliseconds.
    public var retryAfterMilliseconds: UInt32

    public init(_ code: RejectionCode, field: String = "", _ message: String, retryAfterMilliseconds: UInt32 = 0) {
        self.code = code
        self.field = field
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    public var description: String {
        field.isEmpty ? "\(code.name): \(message)" : "\(code.name) (\(field)): \(message)"
    }
}

import GRDB

/// Why a tip was not spooled, or the spool cannot be used.
public struct SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For programs: the code of the door's reply.
    public enum Code: String, Sendable {
        /// The bound on tips or bytes is reached; what waits is kept, what comes is refused.
        case full = "spool_full"
        /// The disk has no room.
        case diskFull = "disk_full"
        /// The id belongs to a tip with other content.
        case conflict
        /// No such dead letter.
        case notFound = "not_found"
        /// A tip names a photo that is not here.
        case photoUnknown = "photo_unknown"
        /// A photo beyond 2 MiB.
        case photoTooLarge = "photo_too_large"
        /// Neither JPEG nor PNG.
        case photoType = "photo_type"
        /// The bound on photos that wait is reached.
        case photoStoreFull = "photo_store_full"
        /// Another agent has it open.
        case inUse = "spool_in_use"
        /// Made by a newer version.
        case newer = "spool_newer"
        /// Cannot be opened, read or written.
        case failed = "spool_failed"
    }

    /// What kind of failure it is.
    public var code: Code
    /// A sentence to act on.
    public var message: String
    /// The message.
    public var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: any Error) {
        switch error {
        case let error as SpoolError: self = error
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            self.init(.diskFull, "the disk of this post is full, so the tip cannot be kept safely: free space, or report by telephone")
        default: self.init(.failed, "the spool cannot be used: \(error)")
        }
    }
}

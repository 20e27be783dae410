import TipModel
import TipWire

/// Where the sending of photos stands, without any I/O: one part is under way at a time, and only while no tip waits.
///
/// The first message of a photo has no data: the answer tells how much the daemon has from an earlier try. A photo that
/// does not get on is left alone for a while, so that it never costs more than a part now and then.
struct PhotoSending {
    enum Answer: Hashable, Sendable {
        case next
        case done(WaitingPhoto)
        case refused(WaitingPhoto, Rejection)
        /// Not an answer to what is under way.
        case ignored
    }

    private struct Current {
        var photo: WaitingPhoto
        var offset: Int
        /// Nil between two parts.
        var request: UInt32?
        var sentAt: Int64 = 0
        var hasAsked = false
        var setbacks = 0
    }

    /// An answer that takes longer is not waited for. Milliseconds.
    static let timeout: Int64 = 10_000
    /// The shortest wait after a refusal that may pass.
    static let shortestPause: Int64 = 5_000
    static let pauseWithoutAnswer: Int64 = 30_000
    /// After the daemon said that it knows nothing of photos.
    static let pauseWhenUnsupported: Int64 = 600_000
    static let mostSetbacks = 4

    private var current: Current?
    private var pausedUntil: Int64 = .min
    /// Nothing waited when last looked.
    private var isIdle = false

    /// Whether a photo may be looked for.
    func wantsPhoto(at now: Int64) -> Bool { current == nil && now >= pausedUntil }

    /// What is to be sent now: the photo and where the part begins; nil while an answer is awaited or nothing waits.
    func part() -> (photo: WaitingPhoto, offset: Int, isQuestion: Bool)? {
        guard let current, current.request == nil else { return nil }
        return (current.photo, current.offset, !current.hasAsked)
    }

    func isAwaiting(_ request: UInt32) -> Bool { current?.request == request }

    mutating func begin(_ photo: WaitingPhoto) { current = Current(photo: photo, offset: 0) }

    mutating func nothingWaits(at now: Int64) {
        pausedUntil = now &+ Self.pauseWithoutAnswer
        isIdle = true
    }

    /// Another look now: a tip was receipted, perhaps one with a photo.
    mutating func wake(at now: Int64) {
        if isIdle { pausedUntil = now }
        isIdle = false
    }

    mutating func sent(_ request: UInt32, at now: Int64) {
        current?.request = request
        current?.sentAt = now
    }

    mutating func linkLost() { current = nil }

    /// Gives up waiting for an answer.
    mutating func recallOverdue(at now: Int64) {
        guard let current, current.request != nil, now &- current.sentAt > Self.timeout else { return }
        pause(Self.pauseWithoutAnswer, at: now)
    }

    /// The file cannot be read: it is left for a while, then tried again.
    mutating func unreadable(at now: Int64) { pause(Self.pauseWithoutAnswer, at: now) }

    mutating func answered(_ state: PhotoState, request: UInt32, at now: Int64) -> Answer {
        guard var current, current.request == request, state.sha256 == current.photo.sha256 else { return .ignored }
        if let refusal = state.refusal { return refused(refusal, at: now) }
        if state.isComplete {
            self.current = nil
            return .done(current.photo)
        }
        guard (0..<current.photo.size).contains(state.nextOffset) else {
            return refused(Rejection(.invalidField, field: "photo_state.next_offset", "beyond the photo's end"), at: now)
        }
        // The daemon may have lost its part, as after a restart, but not over and over.
        if current.hasAsked, state.nextOffset <= current.offset { current.setbacks += 1 }
        current.hasAsked = true
        current.offset = state.nextOffset
        current.request = nil
        self.current = current
        if current.setbacks > Self.mostSetbacks { pause(Self.pauseWithoutAnswer, at: now) }
        return .next
    }

    /// A refusal of the present photo, in a PHOTO_STATE or as a whole message.
    mutating func refused(_ rejection: Rejection, at now: Int64) -> Answer {
        guard let photo = current?.photo else { return .ignored }
        switch rejection.code {
        case _ where rejection.code.isRetriable:
            pause(max(Self.shortestPause, Int64(rejection.retryAfterMilliseconds)), at: now)
            return .next
        // An older daemon, or one that does not take this post's messages now: nothing is wrong with the photo.
        case .unsupported, .version, .revoked, .forbidden:
            pause(Self.pauseWhenUnsupported, at: now)
            return .next
        default:
            current = nil
            return .refused(photo, rejection)
        }
    }

    private mutating func pause(_ milliseconds: Int64, at now: Int64) {
        current = nil
        pausedUntil = now &+ milliseconds
    }
}

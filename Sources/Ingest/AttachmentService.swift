public import Logging
internal import Synchronization
public import TipModel
public import TipWire
public import ZeroMQ

/// Where photos are kept, and how much of them.
public struct AttachmentSettings: Sendable {
    /// Made when it is missing.
    public var directory: String
    /// Bytes of all photos. At the bound a further photo is refused and stays at its post: none that is here is dropped.
    public var maxBytes = 8 << 30
    /// Whether the disk has room for photos at all.
    public var hasRoom: @Sendable () -> Bool = { true }
    /// Parts that may wait for the disk; a post is told `busy` at the bound.
    public var queue = 64

    public init(directory: String) { self.directory = directory }
}

/// Takes photos from posts, on a thread of its own: a slow disk holds up photos and nothing else.
///
/// A photo is taken only where an accepted tip of the same post names its hash. That is looked up once for each, then
/// remembered; ``verifiedBound`` at a time, then all are looked up again.
public final class AttachmentService: Sendable {
    private struct Job: Sendable {
        var post: PostID
        var part: PhotoPart
        var ticket: PostTicket
    }

    private struct Claim: Hashable {
        var post: PostID
        var sha256: [UInt8]
    }

    static let verifiedBound = 1_024

    private let settings: AttachmentSettings
    private let find: @Sendable (TipKey, @escaping @Sendable (Tip?) -> Void) -> Bool
    private let reply: @Sendable (PostReply) -> Void
    private let logger: Logger
    private let wake: WakeSignal
    private let jobs: Mailbox<Job>
    private let verified = Mutex<Set<Claim>>([])
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<ThreadHandle?>(nil)

    /// - Parameters:
    ///   - find: asks for an accepted tip; false when there is no room to ask.
    ///   - reply: sends an answer to a post. Both may be called from any thread.
    public init(
        settings: AttachmentSettings, find: @escaping @Sendable (TipKey, @escaping @Sendable (Tip?) -> Void) -> Bool,
        reply: @escaping @Sendable (PostReply) -> Void, logger: Logger
    ) throws(ZeroMQError) {
        self.settings = settings
        self.find = find
        self.reply = reply
        self.logger = logger
        wake = try WakeSignal()
        jobs = Mailbox(bound: settings.queue, wake: wake)
    }

    /// Takes a part in; false when too many wait.
    public func take(_ post: PostID, _ part: PhotoPart, _ ticket: PostTicket) -> Bool {
        let claim = Claim(post: post, sha256: part.sha256)
        let job = Job(post: post, part: part, ticket: ticket)
        if verified.withLock({ $0.contains(claim) }) { return jobs.offer(job) }
        return find(TipKey(post: post, tip: part.tip)) { [self] tip in
            guard let tip, tip.attachments.contains(part.sha256) else {
                return answer(
                    job, refusal: Rejection(.notFound, field: "photo.tip_id", "no accepted tip of this post names this photo"))
            }
            verified.withLock { verified in
                if verified.count >= Self.verifiedBound { verified.removeAll() }
                verified.insert(claim)
            }
            if !jobs.offer(job) { answer(job, refusal: .noRoom) }
        }
    }

    private func answer(_ job: Job, refusal: Rejection) {
        reply(PostReply(job.ticket, .photo(PhotoState(sha256: job.part.sha256, nextOffset: 0, refusal: refusal))))
    }

    /// Starts the thread.
    public func start() throws(ZeroMQError) {
        let handle = try spawnThread(name: "attachments") { [self] in run() }
        thread.withLock { $0 = handle }
    }

    /// Ends the thread after the part in hand; what is there of a photo is gone on with later.
    public func stop(deadline: Duration) -> Bool {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        guard let handle = thread.withLock({ $0 }) else { return true }
        return handle.join(deadline: deadline)
    }

    private func run() {
        var store = AttachmentStore(directory: settings.directory, maxBytes: settings.maxBytes, hasRoom: settings.hasRoom)
        var polls = PollSet()
        _ = polls.add(fileDescriptor: wake.fileDescriptor)
        while !isStopping.load(ordering: .acquiring) {
            _ = try? polls.poll(timeoutMilliseconds: 10_000)
            wake.clear()
            for job in jobs.drain() {
                let state = store.take(job.part, from: job.post)
                if let refusal = state.refusal {
                    logger.warning(
                        "a photo was not taken", metadata: ["post": "\(job.post)", "tip": "\(job.part.tip)", "reason": "\(refusal)"])
                }
                reply(PostReply(job.ticket, .photo(state)))
            }
        }
    }
}

import Accounts
import HTTPTypes
import Hummingbird
import LocalHTTP
import NIOCore
import Synchronization
import TipModel

/// How many live streams each user has.
final class StreamCount: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func enter(_ name: String, limit: Int) -> Bool {
        counts.withLock { counts in
            guard counts[name, default: 0] < limit else { return false }
            counts[name, default: 0] += 1
            return true
        }
    }

    func leave(_ name: String) {
        counts.withLock { counts in
            let left = (counts[name] ?? 1) - 1
            counts[name] = left > 0 ? left : nil
        }
    }
}

extension Board {
    /// `GET /api/v1/events`: server-sent events from where the client stopped.
    func events(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        guard let token = context.token else { throw JSONRefusal(.unauthorized, code: "no_session", message: "sign in first") }
        let query = try Query(request, names: ["after", "view"])
        let view = query["view"] ?? "each"
        guard ["each", "board"].contains(view) else { throw invalid("view", "one of each, board") }
        let last = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
        // What a browser resumes from is newer than what the page began with. One that is no number is as good as none.
        let after = try last.flatMap { Int64($0) }.flatMap { $0 >= 0 ? SequenceNumber($0) : nil } ?? query.sequence("after")
        guard streams.enter(user.name, limit: settings.streamsPerUser) else { throw Self.full("you have", settings.streamsPerUser) }
        guard let place = live.watch() else {
            streams.leave(user.name)
            throw Self.full("there are", live.watchers)
        }
        let stream = LiveStream(
            board: self, token: token, cursor: after ?? live.head, isBoard: view == "board", watcher: place.id, wake: place.wake,
            name: user.name)
        let peer = context.peer
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await stream.run(user) { bytes in
                    try await peer.within(settings.slowReader) { try await writer.write(ByteBuffer(bytes: bytes)) }
                }
                try await writer.finish(nil)
            })
    }

    private static func full(_ who: String, _ count: Int) -> JSONRefusal {
        var refusal = JSONRefusal(.serviceUnavailable, code: "too_many_streams", message: "\(who) \(count) live streams, the most that are possible")
        refusal.retryAfterSeconds = 5
        return refusal
    }
}

/// One live stream. It keeps a cursor and nothing else: what it has not sent is in the ring or in the journal.
final class LiveStream: Sendable {
    /// Events of one message.
    static let batch = 256
    /// So often a comment, so that everybody on the way knows that the stream lives, and a look at the session.
    private static let heartbeatMilliseconds: Int64 = 15_000

    private let board: Board
    private let token: SessionToken
    private let start: SequenceNumber
    private let isBoard: Bool
    private let watcher: UInt64
    private let wake: AsyncStream<Void>
    private let name: String

    init(
        board: Board, token: SessionToken, cursor: SequenceNumber, isBoard: Bool, watcher: UInt64, wake: AsyncStream<Void>, name: String
    ) {
        self.board = board
        self.token = token
        start = cursor
        self.isBoard = isBoard
        self.watcher = watcher
        self.wake = wake
        self.name = name
    }

    // Also when the answer is never written, because the client has gone.
    deinit {
        board.live.leave(watcher)
        board.streams.leave(name)
    }

    /// Sends until the client goes, the session ends or the daemon stops.
    func run(_ first: BoardUser, send: ([UInt8]) async throws -> Void) async throws {
        var (user, cursor, looked) = (first, start, board.time.monotonicMilliseconds())
        try await send(LiveMessage.retryHint)
        for await _ in wake {
            // Under load there is always something more: so the session and the daemon's end are looked at here, too.
            while !board.live.isFinished {
                let now = board.time.monotonicMilliseconds()
                if now - looked >= Self.heartbeatMilliseconds {
                    looked = now
                    // Whoever was signed out, disabled or given other zones meanwhile finds it out here at the latest.
                    guard let session = board.accounts.session(token) else { return }
                    user = try await board.user(session)
                    try await send(LiveMessage.heartbeat)
                }
                guard let step = try await next(after: cursor, user) else { break }
                cursor = step.cursor
                guard !step.bytes.isEmpty else { continue }
                // Whoever was signed out or disabled hears nothing more, not even until the next heartbeat.
                guard board.accounts.session(token) != nil else { return }
                try await send(step.bytes)
                try await Task.sleep(for: board.settings.pace)
            }
        }
    }

    /// The next message, which may be empty where nothing of it is for this user; nil when all was told.
    private func next(after cursor: SequenceNumber, _ user: BoardUser) async throws -> (bytes: [UInt8], cursor: SequenceNumber)? {
        let head = board.live.head
        if cursor > head { return (LiveMessage.resync(head), head) }
        switch board.live.read(after: cursor, limit: Self.batch) {
        case .nothing: return nil
        case .items(let items): return (message(items, user), items.last?.sequence ?? cursor)
        case .behind(let through):
            guard through - cursor <= board.settings.catchUp else { return (LiveMessage.resync(head), head) }
            let page: (events: [FeedEvent], reached: SequenceNumber)
            do {
                page = try await board.ports.events(cursor, through, Self.batch)
            } catch {
                // The journal is busy: the client comes back by itself.
                throw JSONRefusal(error)
            }
            guard page.reached > cursor else { return (LiveMessage.resync(head), head) }
            return (message(page.events.map { LiveItem($0) }, user), page.reached)
        }
    }

    private func message(_ items: [LiveItem], _ user: BoardUser) -> [UInt8] {
        let now = board.time.now()
        // A unit hears of what it sees, and that it was taken off what it does not see any more.
        let seen = items.filter { item in
            user.sees(item.event.incident, at: now) || user.unit.map { item.event.unit == $0 || item.guests.contains($0) } == true
        }
        return isBoard ? LiveMessage.changes(seen) : LiveMessage.each(seen)
    }
}

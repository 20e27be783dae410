import Hummingbird
import LocalHTTP
import Logging
import Settings
import Synchronization
import TipModel

// The routes of the local server. A handler never blocks its event loop: the spool is written by the sender's thread or on SQLite's own
// queue, and a wait for the receipt is a suspended task with a deadline.
struct Door: Sendable {
    /// Seconds that a submitter may wait for the receipt.
    static let waits = 0...30
    static let deadLettersPerPage = 1...500

    let post: String
    let zone: String
    let settings: AgentSettings
    let spool: Spool
    let clock: PostClock
    let board: AgentBoard
    let waiters: OutcomeWaiters
    let sender: Sender
    /// The ports that the kernel chose.
    let ports = DoorPorts()
    let expressCategories: Set<String>

    init(
        post: String, zone: String, settings: AgentSettings, spool: Spool, clock: PostClock, board: AgentBoard,
        waiters: OutcomeWaiters, sender: Sender
    ) {
        self.post = post
        self.zone = zone
        self.settings = settings
        self.spool = spool
        self.clock = clock
        self.board = board
        self.waiters = waiters
        self.sender = sender
        expressCategories = Set(settings.expressCategories)
    }

    /// - Parameters:
    ///   - token: what requests of programs over TCP must carry.
    ///   - page: its routes have a guard of their own.
    /// - Throws: ``LocalServerError/weakToken``.
    func router(token: String, page: GuardPage) throws(LocalServerError) -> Router<PeerRequestContext> {
        let router = Router.local(
            peers: PeerCredentialMiddleware(onTCP: .leaveToLoopbackGuard), loopback: LoopbackGuard(try LoopbackPolicy(token: token)),
            open: page.add)
        router.post("/v1/tips") { request, context in try await submit(request, context) }
        router.get("/v1/tips") { request, _ in try await recent(request) }
        router.get("/v1/tips/{id}") { _, context in try await state(context) }
        router.get("/v1/events") { _, context in try events(context) }
        router.post("/v1/photos") { request, _ in try await keepPhoto(request) }
        router.post("/v1/page/links") { _, context in try link(page.sessions, context) }
        router.post("/v1/incidents/{incident}/handled") { request, context in try await handled(request, context) }
        router.get("/v1/status") { _, _ in jsonResponse(.ok, status()) }
        router.get("/v1/dead-letters") { request, _ in try await deadLetters(request) }
        router.delete("/v1/dead-letters/{number}") { _, context in try await delete(context) }
        router.post("/v1/dead-letters/{number}/retry") { _, context in try await retry(context) }
        return router
    }

    // MARK: - Tips

    private func submit(_ request: Request, _ context: PeerRequestContext) async throws -> Response {
        let wait = try Self.number(request, "wait", default: 0, in: Self.waits)
        let draft = try draft(of: try await decodeJSON(TipSubmission.self, from: request))
        let submission = Submission(draft, at: clock.idTime, waits: wait > 0)
        if wait > 0, !waiters.enter(submission) { submission.hurry() }
        defer { waiters.leave(submission) }
        let placement =
            wait == 0
            ? try await place(submission)
            : try await context.withAlarm(after: .seconds(wait), submission.hurry) { try await place(submission) }
        return reply(placement.id, placement.record)
    }

    /// Keeps a tip, without a wait for its receipt.
    func place(_ submission: TipSubmission) async throws(JSONRefusal) -> Placement {
        try await place(Submission(try draft(of: submission), at: clock.idTime, waits: false))
    }

    private func draft(of submission: TipSubmission) throws(JSONRefusal) -> TipDraft {
        try submission.draft(newID: newID(), clock: clock, maxAge: settings.spool.maxAge, expressCategories: expressCategories)
    }

    private func place(_ submission: Submission) async throws(JSONRefusal) -> Placement {
        await sender.place(submission)
        do throws(SpoolError) { return try await submission.answer().get() } catch { throw Self.refusal(error) }
    }

    private func state(_ context: PeerRequestContext) async throws -> Response {
        guard let id = context.parameters.get("id").flatMap({ TipID($0) }) else {
            throw JSONRefusal(.badRequest, code: "invalid_field", message: "a tip id is a ULID or a UUID", field: "id")
        }
        let known: (record: TipRecord, progress: ProgressItem?)?
        do throws(SpoolError) { known = try await spool.state(of: id) } catch { throw Self.refusal(error) }
        guard let known else {
            throw JSONRefusal(
                .notFound, code: "not_found",
                message: "this post does not know the tip \(id); only the last \(Spool.receiptBound) receipts are kept")
        }
        return jsonResponse(.ok, TipReply(id, known.record, known.progress, link: board.link))
    }

    private func reply(_ id: TipID, _ record: TipRecord) -> Response {
        let status: HTTPResponse.Status =
            switch record {
            case .accepted: .created
            case .spooled: .accepted
            case .dead: .conflict
            }
        let reply = TipReply(id, record, link: board.link)
        return reply.acceptedJSON.map { jsonResponse(status, bytes: $0) } ?? jsonResponse(status, reply)
    }

    func newID() -> TipID {
        var random = SystemRandomNumberGenerator()
        return TipID.make(at: clock.idTime, using: &random)
    }

    // MARK: - Status and dead letters

    func status() -> AgentStatus {
        let (link, counts) = (board.link, spool.counts)
        let hex = String(counts.series, radix: 16)
        return AgentStatus(
            post: post, zone: zone, link: link.condition.code, linkText: link.condition.words(endpoint: link.endpoint),
            linkSinceMs: link.since?.milliseconds, endpoint: link.endpoint, deferred: link.deferred.map { "\($0)" },
            spool: .init(
                depth: counts.depth, bytes: counts.bytes, maxTips: spool.limits.maxTips, maxBytes: spool.limits.maxBytes,
                emergencyReserve: spool.limits.emergencyReserve, oldestMs: counts.oldest?.milliseconds),
            series: String(repeating: "0", count: max(0, 16 - hex.count)) + hex, nextNumber: counts.nextNumber,
            lowestUnsent: counts.lowest ?? counts.nextNumber, deadLetters: counts.deadLetters, skewMs: link.skew,
            lastHeardMs: link.lastHeard?.milliseconds, lastReceiptMs: link.lastReceipt?.milliseconds)
    }

    private func deadLetters(_ request: Request) async throws -> Response {
        let limit = try Self.number(request, "limit", default: 100, in: Self.deadLettersPerPage)
        let after = try Self.number(request, "after", default: 0, in: 0...Int.max)
        do throws(SpoolError) {
            let letters = try await spool.deadLetters(after: UInt64(after), limit: limit)
            let next = letters.count == limit ? letters.last?.number : nil
            return jsonResponse(.ok, DeadLetterPage(letters: letters.map { .init($0) }, next: next))
        } catch {
            throw Self.refusal(error)
        }
    }

    private func delete(_ context: PeerRequestContext) async throws -> Response {
        let number = try Self.letterNumber(context)
        do throws(SpoolError) { try await spool.deleteDeadLetter(number) } catch { throw Self.refusal(error) }
        return jsonResponse(.ok, EmptyReply())
    }

    private func retry(_ context: PeerRequestContext) async throws -> Response {
        let number = try Self.letterNumber(context)
        do throws(SpoolError) {
            let placement = try await spool.retryDeadLetter(number, newID: newID(), at: clock.idTime)
            // It may have a number that the sender has passed: its old one, or one below that of a tip that came meanwhile.
            if case .spooled(let number, _) = placement.record { sender.spoolRewound(to: number) }
            return reply(placement.id, placement.record)
        } catch {
            throw Self.refusal(error)
        }
    }

    // MARK: - Parameters and errors

    private static func letterNumber(_ context: PeerRequestContext) throws -> UInt64 {
        guard let number = context.parameters.get("number").flatMap({ UInt64($0) }) else {
            throw JSONRefusal(.badRequest, code: "invalid_field", message: "must be a dead letter's number", field: "number")
        }
        return number
    }

    static func number(_ request: Request, _ name: String, default value: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = request.uri.queryParameters[name[...]] else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw TipSubmission.invalid("invalid_field", name, "must be \(range.lowerBound)…\(range.upperBound)")
        }
        return number
    }

    /// The status that a program can act on: 503 and 507 may be tried again later.
    static func refusal(_ error: SpoolError) -> JSONRefusal {
        let status: HTTPResponse.Status =
            switch error.code {
            case .full, .photoStoreFull: .serviceUnavailable
            case .photoUnknown: .unprocessableContent
            case .photoTooLarge: .contentTooLarge
            case .photoType: .unsupportedMediaType
            case .diskFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
            case .conflict: .conflict
            case .notFound: .notFound
            case .inUse, .newer, .failed: .internalServerError
            }
        return JSONRefusal(status, code: error.code.rawValue, message: error.message, field: error.code == .conflict ? "id" : nil)
    }
}

/// The ports that are open, for links to them.
final class DoorPorts: Sendable {
    private let contents = Mutex<(http: Int?, page: Int?)>((nil, nil))

    var http: Int? { contents.withLock { $0.http } }
    var page: Int? { contents.withLock { $0.page } }

    func opened(http port: Int) { contents.withLock { $0.http = port } }
    func opened(page port: Int) { contents.withLock { $0.page = port } }
}

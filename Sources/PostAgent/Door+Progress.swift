import Hummingbird
import LocalHTTP
import NIOCore
import TipModel
import TipWire

// What became of tips: the list, server-sent events, and a post that deals with an incident itself.
extension Door {
    static let recentTips = 1...50
    /// How long the daemon may take to answer a HANDLED.
    static let answerTime = Duration.seconds(5)
    /// A comment is sent this often, so that a listener that has gone is noticed and proxies keep the line.
    static let heartbeatTime = Duration.seconds(15)
    /// How long a listener may take to read.
    static let writeTime = Duration.seconds(20)
    /// The shortest time between two events of one listener.
    static let eventPause = Duration.milliseconds(250)

    func recent(_ request: Request) async throws -> Response {
        let limit = try Self.number(request, "recent", default: Self.recentTips.upperBound, in: Self.recentTips)
        let tips: [RecentTip]
        do throws(SpoolError) { tips = try await spool.recent(limit) } catch { throw Self.refusal(error) }
        let link = board.link
        return jsonResponse(.ok, RecentTips(tips: tips.map { .init($0, link: link) }))
    }

    func handled(_ request: Request, _ context: PeerRequestContext) async throws -> Response {
        guard let number = context.parameters.get("incident").flatMap({ UInt64($0) }), number > 0 else {
            throw JSONRefusal(.badRequest, code: "invalid_field", message: "must be an incident's number", field: "incident")
        }
        let body = try await decodeJSON(HandledSubmission.self, from: request)
        return jsonResponse(.ok, HandledReply(sequence: try await handled(number, note: body.note ?? "")))
    }

    /// - Returns: the record that it made; 0 where it was so already.
    func handled(_ incident: UInt64, note: String) async throws(JSONRefusal) -> UInt64 {
        guard note.utf8.count <= WireLimits.noteBytes else {
            throw TipSubmission.invalid("too_large", "note", "may have at most \(WireLimits.noteBytes) bytes of UTF-8")
        }
        guard case .connected = board.link.condition else {
            throw JSONRefusal(
                .serviceUnavailable, code: "not_connected", message: "the station cannot be reached; telephone it")
        }
        switch await sender.handled(Handled(incident: IncidentID(incident), note: note), within: Self.answerTime) {
        case nil:
            throw JSONRefusal(.gatewayTimeout, code: "no_answer", message: "the station did not answer; look again, or telephone")
        case .failure(let rejection): throw Self.refusal(rejection)
        case .success(let result):
            if let refusal = result.refusal { throw Self.refusal(refusal) }
            return result.sequence
        }
    }

    private static func refusal(_ rejection: Rejection) -> JSONRefusal {
        let status: HTTPResponse.Status =
            switch rejection.code {
            case .notFound: .notFound
            case .busy, .unavailable: .serviceUnavailable
            default: .conflict
            }
        return JSONRefusal(
            status, code: rejection.code.name, message: rejection.message, field: rejection.field.isEmpty ? nil : rejection.field)
    }

    // MARK: - Events

    /// Server-sent events: `change` tells that something is new and how the link stands; what is new is asked for.
    func events(_ context: PeerRequestContext) throws(JSONRefusal) -> Response {
        guard let place = board.bell.enter() else {
            throw JSONRefusal(
                .serviceUnavailable, code: "too_many_listeners", message: "at most \(ChangeBell.bound) may listen; close another page")
        }
        let door = self
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody { writer in
                try await door.write(place, context, to: &writer)
                try await writer.finish(nil)
            })
    }

    private func write(
        _ place: ChangeBell.Place, _ context: PeerRequestContext, to writer: inout any ResponseBodyWriter
    ) async throws {
        let ticks = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.heartbeatTime)
                place.tick()
            }
        }
        defer { ticks.cancel() }
        var told = board.bell.version
        try await send("retry: 2000\n" + event(), context, to: &writer)
        for await _ in place.rings {
            let version = board.bell.version
            if version == told {
                try await send(": still here\n\n", context, to: &writer)
            } else {
                told = version
                try await send(event(), context, to: &writer)
                // What comes meanwhile is one ring.
                try await Task.sleep(for: Self.eventPause)
            }
        }
    }

    /// A listener that does not read is closed: its page comes back by itself.
    private func send(_ text: String, _ context: PeerRequestContext, to writer: inout any ResponseBodyWriter) async throws {
        try await context.within(Self.writeTime) { try await writer.write(ByteBuffer(string: text)) }
    }

    private func event() -> String {
        let (link, counts) = (board.link, spool.counts)
        let state = EventState(
            link: link.condition.code, waiting: counts.depth, oldestMs: counts.oldest?.milliseconds, deadLetters: counts.deadLetters)
        let json = (try? encodeJSON(state)) ?? []
        return "event: change\nid: \(board.bell.version)\ndata: \(String(decoding: json, as: UTF8.self))\n\n"
    }
}

/// The body of `POST /v1/incidents/{incident}/handled`.
struct HandledSubmission: Decodable {
    var note: String?
}

/// The answer.
struct HandledReply: Encodable {
    var sequence: UInt64
}

private struct EventState: Encodable {
    var link: String
    var waiting: Int
    var oldestMs: Int64?
    var deadLetters: Int

    enum CodingKeys: String, CodingKey {
        case link, waiting
        case oldestMs = "oldest_ms"
        case deadLetters = "dead_letters"
    }
}

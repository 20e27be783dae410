internal import Accounts
internal import Administration
internal import HTTPTypes
internal import Settings
internal import TipWire
internal import Hummingbird
internal import Journal
internal import LocalHTTP
internal import Station
internal import TipModel
internal import ZeroMQ

/// The admin socket: what the station's own tools ask and change. Only root and the daemon's own user get here.
func adminRouter(view: StationView, accounts: Accounts, reloader: Reloader) -> Router<PeerRequestContext> {
    let router = Router.local(peers: PeerCredentialMiddleware())
    router.get("/v1/status") { _, _ in jsonResponse(.ok, try await view.status()) }
    router.get("/v1/incidents") { request, _ in jsonResponse(.ok, try await incidents(view, request)) }
    router.get("/v1/incidents/{id}") { _, context in
        let id = IncidentID(try context.parameters.require("id", as: UInt64.self))
        return jsonResponse(.ok, try await incidentDetail(view, id))
    }
    addDeskRoutes(to: router, view: view)
    addUserRoutes(to: router, view: view, accounts: accounts)
    router.get("/v1/enrolments") { _, _ in jsonResponse(.ok, try await enrolments(view)) }
    router.post("/v1/posts") { request, _ in
        jsonResponse(.created, try await enrol(view, post: decodeJSON(EnrolPost.self, from: request)))
    }
    router.post("/v1/units") { request, _ in
        jsonResponse(.created, try await enrol(view, unit: decodeJSON(EnrolUnit.self, from: request)))
    }
    router.post("/v1/rotations") { request, _ in
        jsonResponse(.created, try await rotate(view, decodeJSON(RotateKey.self, from: request)))
    }
    router.post("/v1/revocations") { request, _ in
        jsonResponse(.ok, try await revoke(view, decodeJSON(Revoke.self, from: request)))
    }
    router.post("/v1/reload") { _, _ in
        let result = reloader.reload()
        return jsonResponse(
            .ok, Reloaded(applied: result.applied, needRestart: result.needRestart, issues: result.issues))
    }
    return router
}

// MARK: Incidents

/// Most incidents in one list.
private let listBound = 1_000

private func incidents(_ view: StationView, _ request: Request) async throws -> IncidentList {
    let query = request.uri.queryParameters
    let all = query["state"] == "all"
    let zone = query["zone"].map { ZoneID(unchecked: String($0)) }
    let limit = min(max(query["limit"].flatMap { Int($0) } ?? 100, 1), listBound)
    let name = query["level"].map { String($0) } ?? UrgencyLevel.routine.name
    guard let least = UrgencyLevel(name: name) else {
        throw invalid("level", "one of \(UrgencyLevel.allCases.map(\.name).joined(separator: ", "))")
    }
    return try await view.ask { state, _ in
        let found = state.incidents.values
            .filter { (all || $0.phase != .cleared) && (zone == nil || $0.zone == zone) && $0.urgency.level >= least }
            .sorted { isBefore($0, $1) }
        let assessor = view.assessor
        return IncidentList(incidents: found.prefix(limit).map { assessor.report($0, state) }, total: found.count)
    }
}

/// Records that a detail is told from, of the incident and of those that gave it tips: the oldest.
private let detailBound = 2_000

private func incidentDetail(_ view: StationView, _ id: IncidentID) async throws -> IncidentDetail {
    let path = view.journalPath
    let family = try await onThread("admin-read") { () -> Result<IncidentFamily, JournalError> in
        do throws(JournalError) {
            let reader = try SQLiteJournalReader(path: path)
            defer { reader.close() }
            return .success(try reader.family(of: id, limit: detailBound))
        } catch {
            return .failure(error)
        }
    }.get()
    let assessor = view.assessor
    let known = try await view.ask { state, _ in state.incidents[id].map { assessor.report($0, state) } }
    guard let detail = IncidentHistory(of: id, family: family, known: known)?.detail else {
        throw JSONRefusal(.notFound, code: "not_found", message: "there is no incident \(id)")
    }
    return detail
}

// MARK: Enrolment

private func enrol(_ view: StationView, post body: EnrolPost) async throws -> Enrolled {
    guard let id = PostID(body.id) else { throw invalid("id", nameRule) }
    guard id != .desk else { throw invalid("id", "is the station's own: tips that the desk takes down come from it") }
    let zone = try zone(body.zone, view)
    guard (0...100_000).contains(body.members) else { throw invalid("members", "must be 0…100000") }
    if let position = body.position, position.position == nil { throw invalid("position", "is no place on earth") }
    let post = Post(
        id: id, name: clipped(body.name, bytes: 120), zone: zone, position: body.position?.position,
        kind: clipped(body.kind, bytes: 32), members: body.members)
    let limit = view.live.settings.ingest.maxPosts
    let count = try await view.ask { state, _ in
        state.enrolments.values.filter { enrolment in
            if case .post(let other) = enrolment.subject { !enrolment.isRevoked && other.id != id } else { false }
        }.count
    }
    guard count < limit else {
        throw JSONRefusal(.conflict, code: "too_many", message: "\(limit) posts are enrolled, the most that ingest.max_posts allows")
    }
    return try await enrol(view, .post(post), body.publicKey, replace: body.replace, as: "post:\(id)")
}

private func enrol(_ view: StationView, unit body: EnrolUnit) async throws -> Enrolled {
    guard let id = UnitID(body.id) else { throw invalid("id", nameRule) }
    guard !body.zones.isEmpty else { throw invalid("zones", "must name at least one zone") }
    let zones = try body.zones.map { try zone($0, view) }
    let unit = PatrolUnit(id: id, name: clipped(body.name, bytes: 120), zones: zones)
    return try await enrol(view, .unit(unit), body.publicKey, replace: body.replace, as: "unit:\(id)")
}

private func enrol(
    _ view: StationView, _ subject: Enrolment.Subject, _ publicKey: String, replace: Bool, as principal: String
) async throws -> Enrolled {
    guard let key = CurveKey(z85: publicKey) else { throw invalid("public_key", "must be 40 characters of Z85") }
    let sequence = try await view.command { reply in
        .enrol(EnrolCommand(subject: subject, publicKey: key.bytes, replace: replace, reply: reply))
    }
    return Enrolled(
        principal: principal, sequence: sequence, daemonPublicKey: view.daemonPublicKey,
        tipsEndpoint: view.tipsEndpoint, feedEndpoint: view.feedEndpoint)
}

/// Longest that a replaced key is let in. Whoever has not changed by then has lost the bundle.
private let longestKeep: Int64 = 90 * 86_400_000

private func rotate(_ view: StationView, _ body: RotateKey) async throws -> Enrolled {
    let principal = try principal(body.kind, body.id)
    guard let key = CurveKey(z85: body.publicKey) else { throw invalid("public_key", "must be 40 characters of Z85") }
    guard (0...longestKeep).contains(body.keepPreviousMs) else {
        throw invalid("keep_previous_ms", "must be 0…\(longestKeep), which is 90 days")
    }
    let sequence = try await view.command { reply in
        .rotate(RotateCommand(principal: principal, publicKey: key.bytes, keepMilliseconds: body.keepPreviousMs, reply: reply))
    }
    return Enrolled(
        principal: "\(principal)", sequence: sequence, daemonPublicKey: view.daemonPublicKey, tipsEndpoint: view.tipsEndpoint,
        feedEndpoint: view.feedEndpoint)
}

private func principal(_ kind: String, _ id: String) throws -> PrincipalID {
    switch kind {
    case "post": .post(PostID(unchecked: id))
    case "unit": .unit(UnitID(unchecked: id))
    default: throw invalid("kind", "must be post or unit")
    }
}

private func revoke(_ view: StationView, _ body: Revoke) async throws -> Revocation {
    let principal = try principal(body.kind, body.id)
    let sequence = try await view.command { reply in
        .revoke(principal, reason: clipped(body.reason, bytes: 240), reply: reply)
    }
    return Revocation(principal: "\(principal)", sequence: sequence)
}

private func enrolments(_ view: StationView) async throws -> EnrolmentList {
    let all = try await view.ask { state, _ in Array(state.enrolments.values) }
    let now = view.time.now()
    return EnrolmentList(
        daemonPublicKey: view.daemonPublicKey,
        enrolments: all.map { enrolment in
            let key = CurveKey(bytes: enrolment.publicKey)?.z85 ?? ""
            let previous = enrolment.previous.flatMap { previous in
                previous.until > now ? (key: CurveKey(bytes: previous.publicKey)?.z85, until: previous.until.milliseconds) : nil
            }
            return switch enrolment.subject {
            case .post(let post):
                EnrolmentReport(
                    kind: "post", id: post.id.rawValue, name: post.name, zones: [post.zone.rawValue], publicKey: key,
                    sequence: enrolment.generation, revoked: enrolment.isRevoked,
                    previousPublicKey: previous?.key, previousUntilMs: previous?.until)
            case .unit(let unit):
                EnrolmentReport(
                    kind: "unit", id: unit.id.rawValue, name: unit.name, zones: unit.zones.map(\.rawValue),
                    publicKey: key, sequence: enrolment.generation, revoked: enrolment.isRevoked,
                    previousPublicKey: previous?.key, previousUntilMs: previous?.until)
            }
        }
        .sorted { ($0.kind, $0.id) < ($1.kind, $1.id) })
}

private let nameRule = "must be 1–32 characters of a–z, 0–9 and '-', not beginning or ending with '-'"

private func zone(_ name: String, _ view: StationView) throws -> ZoneID {
    let zones = view.live.settings.zones.map(\.id)
    guard let zone = ZoneID(name), zones.contains(zone) else {
        throw invalid("zone", "'\(clipped(name, bytes: 40))' is not configured; there are \(zones.map(\.rawValue).joined(separator: ", "))")
    }
    return zone
}

func invalid(_ field: String, _ message: String) -> JSONRefusal {
    JSONRefusal(.unprocessableContent, code: "invalid_field", message: message, field: field)
}

extension StationView {
    /// Gives the core a command and waits for its answer.
    /// - Throws: the core's refusal as JSON, or 503 when too many wait.
    func command<Answer: Sendable>(
        _ make: @escaping @Sendable (@escaping @Sendable (Result<Answer, Rejection>) -> Void) -> StationCommand
    ) async throws -> Answer {
        let result = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Result<Answer, Rejection>, any Error>) in
            let taken = station.offer(make { continuation.resume(returning: $0) })
            if !taken { continuation.resume(throwing: Self.busy) }
        }
        switch result {
        case .success(let answer): return answer
        case .failure(let rejection):
            let status: HTTPResponse.Status =
                switch rejection.code {
                case .notFound: .notFound
                case .conflict, .illegalStep: .conflict
                case .unavailable, .busy: .serviceUnavailable
                default: .unprocessableContent
                }
            throw JSONRefusal(
                status, code: rejection.code.name, message: rejection.message,
                field: rejection.field.isEmpty ? nil : rejection.field)
        }
    }
}

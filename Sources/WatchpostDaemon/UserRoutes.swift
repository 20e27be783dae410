internal import Accounts
internal import Administration
internal import HTTPTypes
internal import Hummingbird
internal import LocalHTTP
internal import Settings
internal import TipModel

/// Accounts on the admin socket. Whoever gets here is root or the daemon's own user.
func addUserRoutes(to router: Router<PeerRequestContext>, view: StationView, accounts: Accounts) {
    router.get("/v1/users") { _, _ in jsonResponse(.ok, UserList(users: accounts.list().map { report($0.account, sessions: $0.sessions) })) }
    router.post("/v1/users") { request, context in
        let body = try await decodeJSON(AddUser.self, from: request)
        let new = try await newAccount(body, view)
        let by = try await adminUser(context.peer)
        let account = try await accountAnswer { () async throws(AccountError) in try await accounts.add(new, by: by) }
        return jsonResponse(.created, report(account, sessions: 0))
    }
    router.post("/v1/users/{name}/password") { request, context in
        let body = try await decodeJSON(SetPassword.self, from: request)
        let (name, by) = (try context.parameters.require("name"), try await adminUser(context.peer))
        try await accountAnswer { () async throws(AccountError) in try await accounts.setPassword(name, body.password, by: by) }
        return jsonResponse(.ok, try known(name, accounts))
    }
    for (path, isDisabled) in [("disable", true), ("enable", false)] {
        router.post(RouterPath("/v1/users/{name}/\(path)")) { _, context in
            let (name, by) = (try context.parameters.require("name"), try await adminUser(context.peer))
            try await accountAnswer { () async throws(AccountError) in try await accounts.setDisabled(name, isDisabled, by: by) }
            return jsonResponse(.ok, try known(name, accounts))
        }
    }
    router.get("/v1/users/{name}/sessions") { _, context in
        let name = try context.parameters.require("name")
        _ = try known(name, accounts)
        return jsonResponse(
            .ok,
            SessionList(
                sessions: accounts.sessions(of: name).map {
                    SessionLine(
                        user: $0.account, openedAtMs: $0.openedAt.milliseconds, usedAtMs: $0.usedAt.milliseconds, address: $0.address)
                }))
    }
    router.post("/v1/users/{name}/end-sessions") { _, context in
        let (name, by) = (try context.parameters.require("name"), try await adminUser(context.peer))
        let ended = try await accountAnswer { () async throws(AccountError) in try await accounts.endSessions(of: name, by: by) }
        return jsonResponse(.ok, SessionsEnded(user: name, ended: ended))
    }
    router.post("/v1/first-link") { _, _ in
        guard let address = view.board.address else {
            throw JSONRefusal(.conflict, code: "board_off", message: "the board is turned off: board.listen in the configuration")
        }
        let token = try await accountAnswer { () async throws(AccountError) in try accounts.firstLink() }
        return jsonResponse(.created, FirstLink(url: firstURL(address, token)))
    }
}

/// Where the first admin is made.
func firstURL(_ address: String, _ token: String) -> String { "\(address)/first?token=\(token)" }

private func newAccount(_ body: AddUser, _ view: StationView) async throws -> NewAccount {
    guard let role = Role(rawValue: body.role) else {
        throw invalid("role", "one of \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    let configured = view.live.settings.zones.map(\.id)
    let zones = try (body.zones ?? []).map { name in
        guard let zone = ZoneID(name), configured.contains(zone) else {
            throw invalid("zones", "'\(clipped(name, bytes: 40))' is not configured; there are \(configured.map(\.rawValue).joined(separator: ", "))")
        }
        return zone
    }
    var unit: UnitID?
    if let name = body.unit {
        guard let id = UnitID(name), try await view.ask({ state, _ in state.enrolments[.unit(id)]?.isRevoked == false }) else {
            throw invalid("unit", "'\(clipped(name, bytes: 40))' is not enrolled; watchpost patrol-unit list shows the units")
        }
        unit = id
    }
    return NewAccount(name: body.name, role: role, zones: zones, unit: unit, password: body.password)
}

private func known(_ name: String, _ accounts: Accounts) throws -> UserReport {
    guard let found = accounts.list().first(where: { $0.account.name == name }) else {
        throw JSONRefusal(.notFound, code: "not_found", message: "there is no account '\(clipped(name, bytes: 40))'", field: "name")
    }
    return report(found.account, sessions: found.sessions)
}

private func report(_ account: Account, sessions: Int) -> UserReport {
    UserReport(
        name: account.name, role: account.role.rawValue, zones: account.zones.map(\.rawValue), unit: account.unit?.rawValue,
        disabled: account.isDisabled, createdAtMs: account.createdAt.milliseconds, sessions: sessions)
}

private func accountAnswer<Value>(_ body: () async throws(AccountError) -> Value) async throws -> Value {
    do throws(AccountError) { return try await body() } catch {
        let status: HTTPResponse.Status =
            switch error.code {
            case .notFound: .notFound
            case .conflict, .lastAdmin, .linkInvalid: .conflict
            case .busy, .inputOutput, .lockedOut: .serviceUnavailable
            case .invalidField, .wrongCredentials: .unprocessableContent
            }
        throw JSONRefusal(status, code: error.code.rawValue, message: error.message, field: error.field)
    }
}

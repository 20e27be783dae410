internal import Administration
internal import DispatchDesk
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import LocalHTTP
internal import Station
internal import TipModel

/// The desk's actions on the admin socket.
func addDeskRoutes(to router: Router<PeerRequestContext>, view: StationView) {
    router.post("/v1/incidents/{id}/merge") { request, context in
        let body = try await decodeJSON(MergeIncident.self, from: request)
        let action = DeskCommand.Action.merge(try incidentID(context), into: IncidentID(body.into))
        return jsonResponse(.ok, try await act(view, "merge", action, body.reason, context))
    }
    router.post("/v1/incidents/{id}/split") { request, context in
        let body = try await decodeJSON(SplitIncident.self, from: request)
        let action = DeskCommand.Action.split(try incidentID(context), tips: try body.tips.map { try tipID($0, "tips") })
        return jsonResponse(.ok, try await act(view, "split", action, body.reason, context))
    }
    router.post("/v1/incidents/{id}/detach") { request, context in
        let body = try await decodeJSON(DetachTip.self, from: request)
        let action = DeskCommand.Action.detach(try incidentID(context), tip: try tipID(body.tip, "tip"))
        return jsonResponse(.ok, try await act(view, "detach", action, body.reason, context))
    }
    router.post("/v1/incidents/{id}/regrade") { request, context in
        let body = try await decodeJSON(RegradeIncident.self, from: request)
        let action = DeskCommand.Action.regrade(try incidentID(context), try level(body))
        return jsonResponse(.ok, try await act(view, "regrade", action, body.reason, context))
    }
    for name in ["assign", "recall", "hand-over", "clear", "reopen"] {
        router.post(RouterPath("/v1/incidents/{id}/\(name)")) { request, context in
            let body = try await decodeJSON(StepIncident.self, from: request)
            let action = DeskCommand.Action.step(try incidentID(context), try deskStep(name, body))
            return jsonResponse(.ok, try await act(view, name, action, body.reason ?? "", context))
        }
    }
    router.post("/v1/incidents/{id}/acknowledge") { request, context in
        let body = try await decodeJSON(StepIncident.self, from: request)
        try onlyNeeds([], body)
        let (id, by) = (try incidentID(context), Operator(.desk, try await adminUser(context.peer)))
        let outcome: StepOutcome = try await view.command { reply in
            .acknowledge(
                AcknowledgeCommand(incident: id, by: by, scope: .everything) { outcome in
                    reply(outcome.refusal.map { .failure($0) } ?? .success(outcome))
                })
        }
        guard let incident = outcome.incident else { throw StationView.busy }
        return jsonResponse(
            .ok, DeskReport(action: "acknowledge", sequence: outcome.sequence, incident: IncidentReport(incident)))
    }
}

/// The step that a body asks for.
private func deskStep(_ name: String, _ body: StepIncident) throws -> DeskStep {
    switch name {
    case "assign":
        try onlyNeeds(["unit"], body)
        return .assign(try unitID(body.unit, "unit"))
    case "recall":
        try onlyNeeds(["unit"], body)
        return .recall(try unitID(body.unit, "unit"))
    case "hand-over":
        try onlyNeeds(["to", "from"], body)
        return .handOver(from: try body.from.map { try unitID($0, "from") }, to: try unitID(body.to, "to"))
    case "clear":
        try onlyNeeds(["disposition"], body)
        guard let disposition = body.disposition.flatMap(Disposition.init(name:)) else {
            throw invalid("disposition", "one of \(Disposition.allCases.map(\.name).joined(separator: ", "))")
        }
        return .clear(disposition)
    default:
        try onlyNeeds([], body)
        return .reopen
    }
}

/// Refuses what a step has no use for: somebody means something by it.
private func onlyNeeds(_ needed: Set<String>, _ body: StepIncident) throws {
    let given = [
        ("unit", body.unit), ("to", body.to), ("from", body.from), ("disposition", body.disposition),
    ]
    for (field, value) in given where value != nil && !needed.contains(field) {
        throw invalid(field, "this step takes no \(field)")
    }
}

private func unitID(_ text: String?, _ field: String) throws -> UnitID {
    guard let text else { throw invalid(field, "a unit must be named") }
    guard let id = UnitID(text) else { throw invalid(field, "'\(clipped(text, bytes: 40))' is no unit id: 1–32 of a–z, 0–9 and '-'") }
    return id
}

private func incidentID(_ context: PeerRequestContext) throws -> IncidentID {
    IncidentID(try context.parameters.require("id", as: UInt64.self))
}

private func tipID(_ text: String, _ field: String) throws -> TipID {
    guard let id = TipID(text) else { throw invalid(field, "'\(clipped(text, bytes: 40))' is no tip id: 26 characters of a ULID") }
    return id
}

/// Nil where it is to be lifted. A level that was forgotten must not lift one.
private func level(_ body: RegradeIncident) throws -> UrgencyLevel? {
    guard (body.lift ?? false) == (body.level == nil) else { throw invalid("level", "either a level, or lift: true") }
    guard let name = body.level else { return nil }
    guard let level = UrgencyLevel(name: name) else {
        throw invalid("level", "one of \(UrgencyLevel.allCases.map(\.name).joined(separator: ", "))")
    }
    return level
}

private func act(
    _ view: StationView, _ name: String, _ action: DeskCommand.Action, _ reason: String, _ context: PeerRequestContext
) async throws -> DeskReport {
    let by = try await adminUser(context.peer)
    let outcome: DeskOutcome = try await view.command { reply in
        .desk(DeskCommand(action: action, reason: reason, by: Operator(.desk, by), reply: reply))
    }
    return DeskReport(
        action: name, sequence: outcome.sequence, incident: IncidentReport(outcome.incident),
        other: outcome.other.map { IncidentReport($0) }, unitLeft: outcome.unitLeft?.rawValue)
}

/// Who is at the socket, as the kernel tells: a name where the machine has one for the user.
func adminUser(_ peer: PeerCredentials?) async throws -> String {
    guard let uid = peer?.uid else { return "desk" }
    // A name service may be slow, and nothing blocks the pool.
    return try await onThread("admin-read") {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4_096)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return "uid \(uid)"
        }
        return String(cString: name)
    }
}

/// An incident for the desk. A suggestion about one that was merged since is about its survivor, and about one that is over
/// there is nothing to merge any more.
func report(_ incident: Incident, _ state: StationState) -> IncidentReport {
    var report = IncidentReport(incident)
    report.suggestion = nil
    guard incident.phase != .cleared, var suggested = incident.suggestion.flatMap({ state.incidents[$0] }) else { return report }
    for _ in 0..<8 {
        guard let next = suggested.mergedInto.flatMap({ state.incidents[$0] }) else { break }
        suggested = next
    }
    if suggested.phase != .cleared, suggested.id != incident.id, !incident.apart.contains(suggested.id) {
        report.suggestion = suggested.id.rawValue
    }
    return report
}

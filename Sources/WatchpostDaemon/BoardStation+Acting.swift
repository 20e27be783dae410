internal import Board
internal import DispatchDesk
internal import Journal
internal import Settings
internal import Station
internal import TipModel
internal import TipWire

// What users do: each a command to the core, decided there as if it had come over ZeroMQ or the admin socket.
extension BoardStation {
    func perform(
        _ action: BoardAction, _ id: IncidentID, _ text: String, _ user: BoardUser
    ) async throws(Rejection) -> BoardOutcome {
        guard text.utf8.count <= DeskLimits.reasonBytes else {
            throw Rejection(.tooLarge, field: "reason", "may have at most \(DeskLimits.reasonBytes) bytes, has \(text.utf8.count)")
        }
        if case .acknowledge = action { return try await acknowledge(id, user) }
        switch user.sight {
        case .unit(let name, _):
            return try await step(action, id, text, try unit(name, try await recent()))
        case .zones: throw Rejection(.forbidden, "an officer acknowledges; the desk and patrols do the rest")
        case .all: return try await desk(action, id, text, user)
        }
    }

    private func acknowledge(_ id: IncidentID, _ user: BoardUser) async throws(Rejection) -> BoardOutcome {
        let scope: AcknowledgeCommand.Scope
        switch user.sight {
        case .all: scope = .everything
        case .zones(let zones): scope = .zones(zones)
        case .unit(let name, _): scope = .unit(try unit(name, try await recent()))
        }
        return try outcome(
            try await command { reply in
                .acknowledge(AcknowledgeCommand(incident: id, by: user.acting, scope: scope) { reply(.success($0)) })
            })
    }

    private func outcome(_ answer: StepOutcome) throws(Rejection) -> BoardOutcome {
        if let refusal = answer.refusal { throw refusal }
        guard let incident = answer.incident else { throw notFound(answer.incidentID) }
        return BoardOutcome(sequence: answer.sequence, incident: incident)
    }

    /// What a patrol does, as its unit: the same command as over ZeroMQ.
    private func step(
        _ action: BoardAction, _ id: IncidentID, _ note: String, _ unit: PatrolUnit
    ) async throws(Rejection) -> BoardOutcome {
        var (to, disposition, diverts): (UnitID?, Disposition?, Bool) = (nil, nil, false)
        let step: Step
        switch action {
        case .claim: step = .claim
        case .join: step = .join
        case .enRoute(let divert): (step, diverts) = (.goEnRoute, divert)
        case .onScene: step = .arrive
        case .clear(let given): (step, disposition) = (.clear, given)
        case .release: step = .release
        case .handOver(let from, let taker):
            guard from == nil || from == unit.id else {
                throw Rejection(.forbidden, field: "from", "a patrol hands over what it has itself")
            }
            (step, to) = (.handOver, taker)
        default: throw Rejection(.forbidden, "only the desk may do this")
        }
        return try outcome(
            try await command { reply in
                .step(
                    StepCommand(
                        step: step, unit: unit, incident: id, disposition: disposition, note: note, to: to, diverts: diverts
                    ) { reply(.success($0)) })
            })
    }

    private func desk(
        _ action: BoardAction, _ id: IncidentID, _ reason: String, _ user: BoardUser
    ) async throws(Rejection) -> BoardOutcome {
        let asked: DeskCommand.Action
        switch action {
        case .assign(let unit): asked = .step(id, .assign(unit))
        case .recall(let unit): asked = .step(id, .recall(unit))
        case .handOver(let from, let to): asked = .step(id, .handOver(from: from, to: to))
        case .clear(let disposition): asked = .step(id, .clear(disposition))
        case .reopen: asked = .step(id, .reopen)
        case .merge(let survivor): asked = .merge(id, into: survivor)
        case .split(let tips): asked = .split(id, tips: tips)
        case .detach(let tip): asked = .detach(id, tip: tip)
        case .regrade(let level): asked = .regrade(id, level)
        default: throw Rejection(.forbidden, "only a patrol may do this; the desk assigns a unit")
        }
        let done: DeskOutcome = try await command { reply in
            .desk(DeskCommand(action: asked, reason: reason, by: user.acting, reply: reply))
        }
        return BoardOutcome(sequence: done.sequence, incident: done.incident, other: done.other)
    }

    func reveal(
        _ id: IncidentID, _ tip: TipID, _ reason: String, _ user: BoardUser
    ) async throws(Rejection) -> RevealedReporter {
        guard user.isDesk else { throw Rejection(.forbidden, "only the desk may do this") }
        let bytes = reason.utf8.count
        guard !reason.allSatisfy(\.isWhitespace), bytes <= DeskLimits.reasonBytes else {
            throw Rejection(
                .invalidField, field: "reason", "a reason of 1 to \(DeskLimits.reasonBytes) bytes is needed; it has \(bytes)")
        }
        let family = try await family(id, user).family
        guard let member = family.membership[id].first(where: { $0.accepted.tip.id == tip })?.accepted else {
            throw Rejection(.notFound, field: "tip", "\(id) has no such tip")
        }
        let event = Event.identityRevealed(
            IdentityRevealed(incident: id, post: member.post, tip: tip, reason: reason, by: user.acting.name))
        let sequence = try await command { reply in .record(event, about: id, reply: reply) }
        return RevealedReporter(tip: tip, post: member.post, reporter: member.tip.reporter, sequence: sequence)
    }

    func submit(_ given: DeskTip, _ user: BoardUser) async throws(Rejection) -> Receipt {
        let settings = view.live.settings
        guard settings.zones.contains(where: { $0.id == given.zone }) else {
            throw Rejection(.invalidField, field: "zone", "'\(given.zone)' is not configured")
        }
        // Everything of the tip follows from what was sent, so that the same request again is the same tip.
        let tip = Tip(
            id: given.id, observedAt: given.id.madeAt, category: given.category, text: given.text, position: given.position,
            place: given.place, reporter: user.name, panic: given.panic, drill: given.drill, language: given.language)
        let encoded = TipCodec.encode(tip)
        // The same limits as for a post's tip.
        _ = try TipCodec.decode(encoded)
        guard settings.triage.categories[tip.category] != nil else {
            throw Rejection(.unknownCategory, field: "category", "'\(clipped(tip.category, bytes: 40))' is not one of the configured categories")
        }
        guard let (request, answer) = tips.enter() else { throw busy }
        defer { tips.leave(request) }
        let post = Post(id: .desk, name: "desk", zone: given.zone, position: nil, kind: "desk", members: 0)
        let command = TipCommand(
            ticket: TipTicket(route: [], request: request, index: 0), post: post, tip: tip, encoded: encoded, skewMilliseconds: 0)
        guard view.station.offer([command], express: tip.panic || view.live.isExpress(tip.category)) else { throw busy }
        return try await answer.wait(BoardLimits.deadline)
    }
}

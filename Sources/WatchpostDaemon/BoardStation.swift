internal import Accounts
internal import Administration
internal import Board
internal import DispatchDesk
internal import Glibc
internal import Journal
internal import Settings
internal import Station
internal import TipModel
internal import TipWire

/// The station behind the board's ports: everything goes to the core by the same commands as the ZeroMQ verbs and the admin
/// socket, and everybody is told only what they may see.
struct BoardStation: Sendable {
    let view: StationView
    let accounts: Accounts
    let tips: DeskTips
    let reads: JournalReads
    /// For what takes long: one at a time, so that it takes nothing from the others.
    let figures: JournalReads
    let cache: StateCache
    let attachments: String

    var ports: BoardPorts {
        BoardPorts(
            overview: { user throws(Rejection) in try await overview(user) },
            list: { query, user throws(Rejection) in try await list(query, user) },
            dossier: { id, user throws(Rejection) in try await dossier(id, user) },
            perform: { action, id, text, user throws(Rejection) in try await perform(action, id, text, user) },
            submit: { tip, user throws(Rejection) in try await submit(tip, user) },
            reveal: { id, tip, reason, user throws(Rejection) in try await reveal(id, tip, reason, user) },
            photo: { hash, id, user throws(Rejection) in try await photo(hash, id, user) },
            statistics: { period, user throws(Rejection) in try await statistics(period, user) },
            shift: { from, until, user throws(Rejection) in try await shift(from, until, user) },
            events: { after, through, limit throws(Rejection) in try await events(after, through, limit) },
            sight: { id throws(Rejection) in Set(try unit(id, try await state()).zones) })
    }

    // MARK: Asking

    private func state() async throws(Rejection) -> StationState {
        if let fresh = cache.fresh { return fresh }
        let answer = PendingAnswer<StationState>()
        let taken = view.station.offer(.inspect { state, _ in answer.give(.success(state)) })
        guard taken else { throw busy }
        let state = try await answer.wait(BoardLimits.deadline)
        cache.keep(state)
        return state
    }

    private var busy: Rejection { Rejection(.busy, "the core is busy; try again", retryAfterMilliseconds: 1_000) }

    /// Gives the core a command and waits for its answer.
    private func command<Value: Sendable>(
        _ make: (@escaping @Sendable (Result<Value, Rejection>) -> Void) -> StationCommand
    ) async throws(Rejection) -> Value {
        let answer = PendingAnswer<Value>()
        guard view.station.offer(make { answer.give($0) }) else { throw busy }
        defer { cache.drop() }
        return try await answer.wait(BoardLimits.deadline)
    }

    private func unit(_ id: UnitID, _ state: StationState) throws(Rejection) -> PatrolUnit {
        guard let enrolment = state.enrolments[.unit(id)], !enrolment.isRevoked, case .unit(let unit) = enrolment.subject else {
            throw Rejection(.revoked, "the unit \(id) is not enrolled, or was revoked; ask the station")
        }
        return unit
    }

    // MARK: Looking

    private func overview(_ user: BoardUser) async throws(Rejection) -> BoardOverview {
        let state = try await state()
        let (now, settings) = (view.time.now(), view.live.settings)
        let seen = state.incidents.values.filter { user.sees($0, at: now) }
        let open = seen.filter { $0.phase != .cleared }.sorted { isBefore($0, $1) }
        let cleared = seen.filter { $0.phase == .cleared }.sorted { ($0.phaseSince, $0.id) > ($1.phaseSince, $1.id) }
        func mayKnow(_ zones: [ZoneID]) -> Bool {
            switch user.sight {
            case .all: true
            case .zones(let own), .unit(_, let own): !own.isDisjoint(with: zones)
            }
        }
        var (posts, units): ([BoardPost], [PatrolUnit]) = ([], [])
        for enrolment in state.enrolments.values where !enrolment.isRevoked {
            switch enrolment.subject {
            case .post(let post): if mayKnow([post.zone]) { posts.append(view.boardPost(post, state, now: now)) }
            case .unit(let unit): if mayKnow(unit.zones) { units.append(unit) }
            }
        }
        return BoardOverview(
            now: now, sequence: state.sequence, open: open.prefix(BoardLimits.openIncidents).map { suggesting($0, state) },
            openTotal: open.count, cleared: Array(cleared.prefix(BoardLimits.clearedIncidents)),
            zones: settings.zones.filter { mayKnow([$0.id]) }, posts: posts.sorted { $0.post.id < $1.post.id },
            units: units.sorted { $0.id < $1.id }, waiting: settings.triage.urgency.waiting,
            categories: settings.triage.categories.keys.sorted(), utcOffsetMinutes: settings.triage.urgency.utcOffsetMinutes)
    }

    /// An incident whose suggestion is what there still is to merge with.
    private func suggesting(_ incident: Incident, _ state: StationState) -> Incident {
        var incident = incident
        incident.suggestion = report(incident, state).suggestion.map { IncidentID($0) }
        return incident
    }

    private func list(
        _ query: IncidentQuery, _ user: BoardUser
    ) async throws(Rejection) -> (incidents: [IncidentReport], more: Bool) {
        let state = try await state()
        let assessor = view.assessor
        let found = state.incidents.values.filter { query.matches($0) && user.sees($0, at: assessor.now) }.sorted { $0.id > $1.id }
        return (found.prefix(query.limit).map { assessor.report($0, state) }, found.count > query.limit)
    }

    private func notFound(_ id: IncidentID) -> Rejection { Rejection(.notFound, "there is no incident \(id) that you may see") }

    /// An incident with its records, if the user may see it. One that was cleared long ago is told from its last event.
    private func family(
        _ id: IncidentID, _ user: BoardUser
    ) async throws(Rejection) -> (incident: Incident, family: IncidentFamily, state: StationState) {
        let state = try await state()
        // Whom it is not shown learns nothing, also not from how long the answer takes.
        if let known = state.incidents[id], !user.sees(known, at: view.time.now()) { throw notFound(id) }
        let family = try await reads.read { reader throws(JournalError) in try reader.family(of: id, limit: BoardLimits.dossierRecords) }
        let told = family.own.last { $0.feedEvent != nil }?.feedEvent.flatMap { try? FeedCodec.decodeEvent($0) }?.incident
        guard let incident = state.incidents[id] ?? told, user.sees(incident, at: view.time.now()) else { throw notFound(id) }
        return (incident, family, state)
    }

    private func dossier(_ id: IncidentID, _ user: BoardUser) async throws(Rejection) -> Dossier {
        let (incident, family, state) = try await family(id, user)
        let known = state.incidents[id].map { view.assessor.report($0, state) }
        guard var detail = IncidentHistory(of: id, family: family, known: known)?.detail else { throw notFound(id) }
        detail.tips = detail.tips.map { tip in
            var tip = tip
            tip.reporter = accounts.pseudonym(post: PostID(unchecked: tip.post), reporter: tip.reporter)
            return tip
        }
        let tips = family.membership[id].map { member in
            var hidden = member
            hidden.accepted = withoutReporter(member.accepted)
            return Dossier.MemberTip(
                member: hidden, pseudonym: accounts.pseudonym(post: member.accepted.post, reporter: member.accepted.tip.reporter))
        }
        let records = family.own.map { stored in
            var record = stored.record
            record.events = record.events.map { event in
                if case .tipAccepted(let accepted) = event { .tipAccepted(withoutReporter(accepted)) } else { event }
            }
            return record
        }
        let suggestion = state.incidents[id].flatMap { report($0, state).suggestion }.map { IncidentID($0) }
        return Dossier(
            incident: incident, tips: tips, records: records, isCut: family.isCut, suggestion: suggestion, now: view.time.now(),
            detail: detail)
    }

    private func withoutReporter(_ accepted: TipAccepted) -> TipAccepted {
        var accepted = accepted
        accepted.tip.reporter = ""
        accepted.encoded = []
        return accepted
    }

    private func photo(_ hash: String, _ id: IncidentID, _ user: BoardUser) async throws(Rejection) -> [UInt8] {
        let family = try await family(id, user).family
        let has = family.membership[id].contains { member in
            member.accepted.tip.attachments.contains { bytes in hexadecimal(bytes) == hash }
        }
        let missing = Rejection(.notFound, "there is no such photo")
        guard has else { throw missing }
        let path = "\(attachments)/\(hash.prefix(2))/\(hash)"
        let found: [UInt8]?
        do { found = try await onThread("board-read") { readPhoto(path) } } catch { throw missing }
        guard let found else { throw missing }
        return found
    }

    // MARK: Stretches of time

    private func statistics(
        _ period: DispatchStatistics.Period, _ user: BoardUser
    ) async throws(Rejection) -> BoardStatistics {
        try checkStretch(period.from, period.until, user)
        return try await figures.read { reader throws(JournalError) in
            var figures = DispatchStatistics(period: period)
            let clock = ReadingTime()
            let isWhole = try reader.read(from: period.from, limit: BoardLimits.statisticsRecords) { record in
                figures.apply(record)
                return !figures.isPast(record.at) && !clock.isOver
            }
            return BoardStatistics(report: figures.report, isCut: !isWhole || clock.isOver)
        }
    }

    private func shift(_ from: Timestamp, _ until: Timestamp, _ user: BoardUser) async throws(Rejection) -> ShiftSummary {
        try checkStretch(from, until, user)
        let fold = try await figures.read { reader throws(JournalError) in
            var fold = ShiftFold(from: from, until: until)
            let clock = ReadingTime()
            _ = try reader.read(from: from, limit: BoardLimits.statisticsRecords) { record in
                fold.apply(record)
                return record.at < until && !clock.isOver
            }
            return fold
        }
        return fold.summary(try await state())
    }

    private func checkStretch(_ from: Timestamp, _ until: Timestamp, _ user: BoardUser) throws(Rejection) {
        if case .unit = user.sight { throw Rejection(.forbidden, "the figures are for the desk and the officers") }
        guard from < until, until.milliseconds(since: from) <= BoardLimits.statisticsDays * 86_400_000 else {
            throw Rejection(.invalidField, field: "from", "a stretch of time begins before it ends, and spans at most \(BoardLimits.statisticsDays) days")
        }
    }

    private func events(
        _ after: SequenceNumber, _ through: SequenceNumber, _ limit: Int
    ) async throws(Rejection) -> (events: [FeedEvent], reached: SequenceNumber) {
        try await reads.read { reader throws(JournalError) in
            let records = try reader.records(after: after, limit: limit, bytes: 1 << 20)
            let wanted = records.prefix { $0.record.sequence <= through }
            let events = wanted.compactMap { $0.feedEvent.flatMap { try? FeedCodec.decodeEvent($0) } }
            // Nothing up to there any more: all was read.
            return (events, wanted.last?.record.sequence ?? through)
        }
    }
}

/// How long figures may be read for.
private struct ReadingTime {
    private let end = ContinuousClock.now + BoardLimits.figures

    var isOver: Bool { ContinuousClock.now > end }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// Most bytes of a photo that the board shows; what is stored is smaller.
private let photoBound = 4 << 20

/// The bytes of a file; nil where there is none, or a larger one.
private func readPhoto(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return nil }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
        guard bytes.count <= photoBound else { return nil }
    }
}

extension BoardStation {
    // MARK: Acting

    private func perform(
        _ action: BoardAction, _ id: IncidentID, _ text: String, _ user: BoardUser
    ) async throws(Rejection) -> BoardOutcome {
        guard text.utf8.count <= DeskLimits.reasonBytes else {
            throw Rejection(.tooLarge, field: "reason", "may have at most \(DeskLimits.reasonBytes) bytes, has \(text.utf8.count)")
        }
        if case .acknowledge = action { return try await acknowledge(id, user) }
        switch user.sight {
        case .unit(let name, _):
            return try await step(action, id, text, try unit(name, try await state()))
        case .zones: throw Rejection(.forbidden, "an officer acknowledges; the desk and patrols do the rest")
        case .all: return try await desk(action, id, text, user)
        }
    }

    private func acknowledge(_ id: IncidentID, _ user: BoardUser) async throws(Rejection) -> BoardOutcome {
        let scope: AcknowledgeCommand.Scope
        switch user.sight {
        case .all: scope = .everything
        case .zones(let zones): scope = .zones(zones)
        case .unit(let name, _): scope = .unit(try unit(name, try await state()))
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

    private func reveal(
        _ id: IncidentID, _ tip: TipID, _ reason: String, _ user: BoardUser
    ) async throws(Rejection) -> RevealedReporter {
        guard user.isDesk else { throw Rejection(.forbidden, "only the desk may do this") }
        let family = try await family(id, user).family
        guard let member = family.membership[id].first(where: { $0.accepted.tip.id == tip })?.accepted else {
            throw Rejection(.notFound, field: "tip", "\(id) has no such tip")
        }
        let event = Event.identityRevealed(
            IdentityRevealed(incident: id, post: member.post, tip: tip, reason: reason, by: user.acting.name))
        let sequence = try await command { reply in .record(event, about: id, reply: reply) }
        return RevealedReporter(tip: tip, post: member.post, reporter: member.tip.reporter, sequence: sequence)
    }

    private func submit(_ given: DeskTip, _ user: BoardUser) async throws(Rejection) -> Receipt {
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
        defer { cache.drop() }
        return try await answer.wait(BoardLimits.deadline)
    }
}

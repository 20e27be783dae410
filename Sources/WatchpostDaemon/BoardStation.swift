internal import Accounts
internal import Administration
internal import Board
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
    let states: StateSource
    let live: LiveHub
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
            sight: { id throws(Rejection) in Set(try unit(id, try await recent()).zones) })
    }

    // MARK: Asking

    /// The state with every event that was told.
    func state() async throws(Rejection) -> StationState { try await states.state(with: live.head) }

    /// A state of the last second: for what changes seldom.
    func recent() async throws(Rejection) -> StationState { try await states.state(with: 0) }

    /// Asks the core for its state.
    static func ask(_ station: StationService) async throws(Rejection) -> StationState {
        let answer = PendingAnswer<StationState>()
        let taken = station.offer(.inspect { state, _ in answer.give(.success(state)) })
        guard taken else { throw Rejection(.busy, "the core is busy; try again", retryAfterMilliseconds: 1_000) }
        return try await answer.wait(BoardLimits.deadline)
    }

    var busy: Rejection { Rejection(.busy, "the core is busy; try again", retryAfterMilliseconds: 1_000) }

    /// Gives the core a command and waits for its answer.
    func command<Value: Sendable>(
        _ make: (@escaping @Sendable (Result<Value, Rejection>) -> Void) -> StationCommand
    ) async throws(Rejection) -> Value {
        let answer = PendingAnswer<Value>()
        guard view.station.offer(make { answer.give($0) }) else { throw busy }
        return try await answer.wait(BoardLimits.deadline)
    }

    func unit(_ id: UnitID, _ state: StationState) throws(Rejection) -> PatrolUnit {
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
    func suggesting(_ incident: Incident, _ state: StationState) -> Incident {
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

    func notFound(_ id: IncidentID) -> Rejection { Rejection(.notFound, "there is no incident \(id) that you may see") }

    /// An incident with its records, if the user may see it. One that was cleared long ago is told from its last event.
    func family(
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

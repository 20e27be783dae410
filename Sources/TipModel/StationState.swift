/// Everything the daemon knows, as a fold over the journal.
///
/// `apply` is the only way in: the live path decides, appends to the journal and applies; a restart applies what it
/// reads. It neither asks the clock nor the configuration, so the same records always give the same state. The
/// idempotency index is the one part that is kept elsewhere: the journal's own unique index over (post, tip id),
/// written in the same transaction, so that it costs no memory however many tips there have been.
public struct StationState: Hashable, Sendable {
    /// Cleared incidents that are remembered so that a late step gets a real answer; the oldest goes first.
    public static let clearedBound = 256

    /// The newest record folded in; 0 for none.
    public private(set) var sequence: SequenceNumber = 0
    public private(set) var nextIncident: UInt64 = 1
    /// Open incidents, and the ``clearedBound`` newest cleared ones.
    public private(set) var incidents = IncidentTable()
    /// In the order in which they were last touched: what a snapshot's incidents tell too.
    public private(set) var recentlyCleared: [IncidentID] = []
    public private(set) var enrolments: [PrincipalID: Enrolment] = [:]
    public private(set) var ledgers: [PostID: PostLedger] = [:]
    public private(set) var cursors: [UnitID: FeedCursor] = [:]
    public private(set) var totals = Totals()
    /// How the incidents that witnesses opened ended, and when incidents were opened at places: for the urgency of later tips.
    public private(set) var records = TrackRecord()
    public private(set) var places = PlaceHistory()
    /// What posts hear of the incidents that hold their tips.
    public private(set) var shares = PostShares()
    /// The uncleared incidents in whose crew a unit is; follows from ``incidents``.
    public private(set) var assignments: [UnitID: Set<IncidentID>] = [:]

    public init() {}

    /// A state read back from a snapshot.
    public init(
        sequence: SequenceNumber, nextIncident: UInt64, incidents: [Incident], enrolments: [PrincipalID: Enrolment],
        ledgers: [PostID: PostLedger], cursors: [UnitID: FeedCursor], totals: Totals,
        records: TrackRecord = TrackRecord(), places: PlaceHistory = PlaceHistory(), shares: PostShares = PostShares()
    ) {
        self.sequence = sequence
        self.nextIncident = nextIncident
        self.incidents = IncidentTable(incidents)
        self.recentlyCleared =
            incidents.filter { $0.phase == .cleared }
            .sorted { ($0.lastSequence, $0.id) < ($1.lastSequence, $1.id) }.map(\.id)
        self.enrolments = enrolments
        self.ledgers = ledgers
        self.cursors = cursors
        self.totals = totals
        self.records = records
        self.places = places
        self.shares = shares
        for incident in incidents where incident.phase != .cleared {
            for assignment in incident.crew { assignments[assignment.unit, default: []].insert(incident.id) }
        }
    }

    /// Open incidents, in no particular order.
    public var openIncidents: some Sequence<Incident> { incidents.values.lazy.filter { $0.phase != .cleared } }

    /// What a unit is under way to or at; nil where it is free or only has what waits for it.
    public func active(_ unit: UnitID) -> IncidentID? {
        (assignments[unit] ?? []).filter { id in
            guard let phase = incidents.with(id, { $0.assignment(of: unit)?.phase }) ?? nil else { return false }
            return phase == .enRoute || phase == .onScene
        }.min()
    }

    /// Folds one record in. Records must come in order; an event about something unknown is ignored, because a
    /// fold that could fail would make a damaged record stop the daemon.
    public mutating func apply(_ record: Record) {
        sequence = record.sequence
        var accepted: TipAccepted?
        var isToldAnew = false
        for event in record.events {
            switch event {
            case .tipAccepted(let tip):
                accepted = tip
                accept(tip)
            case .incidentOpened(let opened):
                if let accepted { open(opened, tip: accepted, record) }
            case .tipCorrelated(let correlated):
                if let accepted { attach(correlated, tip: accepted, record) }
            case .urgencyChanged(let change):
                var isCleared = false
                incidents.update(change.incident) { incident in
                    // Of what posts are told only these two can change by it.
                    let (level, rung) = (incident.urgency.level, incident.escalation.rung)
                    incident.rescore(change, at: record.at, sequence: record.sequence)
                    isToldAnew = isToldAnew || level != incident.urgency.level || rung != incident.escalation.rung
                    isCleared = incident.phase == .cleared
                }
                if isCleared { noteCleared(change.incident) }
            case .phaseChanged(let change):
                move(change, record)
            case .postEnrolled(let enrolled):
                enrolments[.post(enrolled.post.id)] = Enrolment(
                    subject: .post(enrolled.post), publicKey: enrolled.publicKey, generation: record.sequence,
                    previous: enrolments[.post(enrolled.post.id)]?.kept(until: enrolled.previousUntil))
                ledgers[enrolled.post.id, default: PostLedger()].silentSince = nil
            case .unitEnrolled(let enrolled):
                enrolments[.unit(enrolled.unit.id)] = Enrolment(
                    subject: .unit(enrolled.unit), publicKey: enrolled.publicKey, generation: record.sequence,
                    previous: enrolments[.unit(enrolled.unit.id)]?.kept(until: enrolled.previousUntil))
            case .revoked(let revoked):
                enrolments[revoked.principal]?.isRevoked = true
                enrolments[revoked.principal]?.previous = nil
            case .postFellSilent(let post, let since):
                ledgers[post, default: PostLedger()].silentSince = since
            case .postHeard(let post, _):
                ledgers[post, default: PostLedger()].silentSince = nil
            case .tipsMissing(let post, let series, let numbers):
                ledgers[post, default: PostLedger()].giveUp(series: series, numbers: numbers)
            case .cursorAdvanced(let unit, let alert, let main):
                cursors[unit] = FeedCursor(alert: alert, main: main)
            case .incidentMerged(let merge):
                close(merge, record)
            case .incidentRestated(let restated):
                restate(restated, record)
            case .incidentRegraded(let change):
                incidents.update(change.incident) { $0.regrade(change, at: record.at, sequence: record.sequence) }
                noteCleared(change.incident)
            case .incidentAcknowledged(let seen):
                incidents.update(seen.incident) { $0.acknowledge(seen, at: record.at, sequence: record.sequence) }
                noteCleared(seen.incident)
            case .incidentEscalated(let step):
                incidents.update(step.incident) { $0.escalate(step, at: record.at, sequence: record.sequence) }
                noteCleared(step.incident)
            case .accountChanged, .identityRevealed: break
            }
        }
        shares.apply(record, incidents: incidents, isToldAnew: isToldAnew)
    }

    private mutating func accept(_ accepted: TipAccepted) {
        ledgers[accepted.post, default: PostLedger()].accept(
            series: accepted.tip.series, number: accepted.tip.number, at: accepted.receivedAt)
        if accepted.tip.drill { totals.drills += 1 } else { totals.tips += 1 }
    }

    private mutating func open(_ opened: IncidentOpened, tip accepted: TipAccepted, _ record: Record) {
        countOpened(opened.incident, drill: accepted.tip.drill)
        let member = MemberTip(sequence: record.sequence, at: record.at, accepted: accepted, urgency: opened.urgency)
        var incident = Incident(
            opening: member, id: opened.incident, zone: accepted.zone, phaseSince: record.at, sequence: record.sequence)
        incident.follows = opened.follows
        incident.suggestion = opened.suggestion
        incidents.set(incident)
        noteCleared(opened.incident)
        if !incident.drill, let place = placeKey(zone: incident.zone, position: incident.position, place: incident.place) {
            places.note(place, opened: record.at, at: record.sequence)
        }
    }

    private mutating func countOpened(_ id: IncidentID, drill: Bool) {
        let (next, overflow) = id.rawValue.addingReportingOverflow(1)
        nextIncident = max(nextIncident, overflow ? .max : next)
        if !drill { totals.incidents += 1 }
    }

    private mutating func attach(_ correlated: TipCorrelated, tip accepted: TipAccepted, _ record: Record) {
        var isCleared = false
        let isKnown = incidents.update(correlated.incident) {
            $0.attach(accepted, urgency: correlated.tipUrgency, sequence: record.sequence)
            isCleared = $0.phase == .cleared
        }
        guard isKnown else { return }
        if !accepted.tip.drill { totals.correlated += 1 }
        // One that is not cleared was not so before.
        if isCleared { noteCleared(correlated.incident) }
    }

    private mutating func move(_ change: PhaseChanged, _ record: Record) {
        guard let before = incidents[change.incident] else { return }
        incidents.update(change.incident) { $0.move(change, at: record.at, sequence: record.sequence) }
        noteCrew(change.incident, before: before)
        if change.phase == .cleared, before.phase != .cleared, !before.drill {
            totals.cleared += 1
            if let disposition = change.disposition, let witness = before.witnesses.first {
                records.note(disposition, of: witness, at: record.sequence)
            }
        }
        noteCleared(change.incident)
    }

    private mutating func close(_ merge: IncidentMerged, _ record: Record) {
        guard let before = incidents[merge.absorbed], merge.absorbed != merge.survivor else { return }
        incidents.update(merge.absorbed) { $0.close(merge, at: record.at, sequence: record.sequence) }
        noteCrew(merge.absorbed, before: before)
        if before.phase != .cleared, !before.drill { totals.cleared += 1 }
        noteCleared(merge.absorbed)
    }

    /// Takes the outcome as it is. One that is not known, and whose number was given before, is no new incident.
    private mutating func restate(_ restated: IncidentRestated, _ record: Record) {
        let id = restated.incident.id
        let before = incidents[id]
        if before == nil {
            guard restated.isNew, id.rawValue >= nextIncident else { return }
            countOpened(id, drill: restated.incident.drill)
        }
        var incident = restated.incident
        incident.lastSequence = record.sequence
        if let before, before.phase != .cleared, incident.phase == .cleared, !before.drill { totals.cleared += 1 }
        incidents.set(incident)
        noteCrew(id, before: before)
        noteCleared(id)
    }

    /// Keeps ``assignments`` true after a crew may have changed.
    private mutating func noteCrew(_ id: IncidentID, before: Incident?) {
        func crew(_ incident: Incident?) -> [UnitID] {
            incident.map { $0.phase == .cleared ? [] : $0.crew.map(\.unit) } ?? []
        }
        for unit in crew(before) {
            assignments[unit]?.remove(id)
            if assignments[unit]?.isEmpty == true { assignments[unit] = nil }
        }
        for unit in crew(incidents[id]) { assignments[unit, default: []].insert(id) }
    }

    /// Keeps ``recentlyCleared`` true after an incident was touched. Steps that no rule of today allows (cleared
    /// twice, opened again) must not make the fold differ from its snapshot or drop an open incident.
    private mutating func noteCleared(_ id: IncidentID) {
        if !recentlyCleared.isEmpty, let index = recentlyCleared.lastIndex(of: id) { recentlyCleared.remove(at: index) }
        guard incidents.phase(of: id) == .cleared else { return }
        recentlyCleared.append(id)
        while recentlyCleared.count > Self.clearedBound {
            incidents.remove(recentlyCleared.removeFirst())
        }
    }
}

extension StationState {
    /// What a post has not heard; nil where there is nothing. One that claims to know what has not happened yet heard it
    /// of another journal: it is told everything.
    public func news(for post: PostID, after: SequenceNumber) -> PostProgress? {
        let known = after > sequence ? 0 : after
        let news = shares.news(for: post, after: known) { unit in
            guard case .unit(let unit)? = enrolments[.unit(unit)]?.subject else { return unit.rawValue }
            return unit.name
        }
        return news ?? (known == after ? nil : PostProgress(items: [], after: 0, through: 0))
    }
}

/// Counts since the journal began. Drills are counted apart and in nothing else.
public struct Totals: Hashable, Sendable {
    public var tips: UInt64 = 0
    public var correlated: UInt64 = 0
    public var drills: UInt64 = 0
    public var incidents: UInt64 = 0
    public var cleared: UInt64 = 0

    public init(tips: UInt64 = 0, correlated: UInt64 = 0, drills: UInt64 = 0, incidents: UInt64 = 0, cleared: UInt64 = 0) {
        self.tips = tips
        self.correlated = correlated
        self.drills = drills
        self.incidents = incidents
        self.cleared = cleared
    }
}

/// How far a patrol has come in each lane.
public struct FeedCursor: Hashable, Sendable {
    public var alert: SequenceNumber
    public var main: SequenceNumber

    public init(alert: SequenceNumber = 0, main: SequenceNumber = 0) {
        self.alert = alert
        self.main = main
    }

    public subscript(lane: Lane) -> SequenceNumber {
        get { lane == .alert ? alert : main }
        set { if lane == .alert { alert = newValue } else { main = newValue } }
    }
}

/// A key on record and what it may speak for.
public struct Enrolment: Hashable, Sendable {
    public enum Subject: Hashable, Sendable {
        case post(Post)
        case unit(PatrolUnit)
    }

    public var subject: Subject
    /// CURVE public key, 32 bytes.
    public var publicKey: [UInt8]
    /// The record that enrolled it: tells a new key from an old one under the same name.
    public var generation: SequenceNumber
    public var isRevoked: Bool
    /// The key before this one, while a rotation lets both in.
    public var previous: PreviousKey?

    public init(
        subject: Subject, publicKey: [UInt8], generation: SequenceNumber, isRevoked: Bool = false, previous: PreviousKey? = nil
    ) {
        self.subject = subject
        self.publicKey = publicKey
        self.generation = generation
        self.isRevoked = isRevoked
        self.previous = previous
    }

    /// A key that was replaced and is let in for a time.
    public struct PreviousKey: Hashable, Sendable {
        public var publicKey: [UInt8]
        public var generation: SequenceNumber
        /// From then on it is refused.
        public var until: Timestamp

        public init(publicKey: [UInt8], generation: SequenceNumber, until: Timestamp) {
            self.publicKey = publicKey
            self.generation = generation
            self.until = until
        }
    }

    /// What stays of this enrolment beside one that replaces it.
    func kept(until: Timestamp?) -> PreviousKey? {
        guard let until, !isRevoked else { return nil }
        return PreviousKey(publicKey: publicKey, generation: generation, until: until)
    }

    /// Whether a key of this generation may speak.
    public func admits(generation: SequenceNumber, at now: Timestamp) -> Bool {
        guard !isRevoked else { return false }
        if generation == self.generation { return true }
        return previous.map { $0.generation == generation && now < $0.until } ?? false
    }

    public var principal: PrincipalID {
        switch subject {
        case .post(let post): .post(post.id)
        case .unit(let unit): .unit(unit.id)
        }
    }
}

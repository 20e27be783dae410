/// Which incidents hold tips of which post, and what the post has yet to hear of them: a fold over the journal.
///
/// Bounds: a post's ``incidentsBound`` newest incidents and ``tipsBound`` newest tips of each; the oldest go. A cleared
/// incident stays here after the station has forgotten it, so that a post that was away still hears how it ended.
public struct PostShares: Hashable, Sendable {
    /// As many as one PROGRESS message carries.
    public static let incidentsBound = 64
    public static let tipsBound = 32

    /// One post's part in one incident.
    public struct Share: Hashable, Sendable {
        public var incident: IncidentID
        /// Oldest first.
        public var tips: [TipID]
        /// The newest change that the post is told; 0 while the receipts say it all.
        public var sequence: SequenceNumber
        /// Nil until the incident is known.
        public var progress: IncidentProgress?

        public init(incident: IncidentID, tips: [TipID], sequence: SequenceNumber = 0, progress: IncidentProgress? = nil) {
            self.incident = incident
            self.tips = tips
            self.sequence = sequence
            self.progress = progress
        }

        /// Its post has heard more than the receipts said.
        var isHeardOf: Bool { sequence > 0 || progress.map { !$0.isFresh } ?? false }

        mutating func add(_ more: some Collection<TipID>) {
            for tip in more where !tips.contains(tip) { tips.append(tip) }
            if tips.count > PostShares.tipsBound { tips.removeFirst(tips.count - PostShares.tipsBound) }
        }
    }

    /// In the order in which the post's first tips came to them.
    private var shares: [PostID: [Share]] = [:]
    private var posts: [IncidentID: [PostID]] = [:]

    public init() {}

    /// Read back from a snapshot, in the order of ``sorted``.
    public init(_ sorted: [(post: PostID, share: Share)]) {
        for (post, share) in sorted {
            shares[post, default: []].append(share)
            posts[share.incident, default: []].append(post)
        }
        for id in posts.keys { posts[id]?.sort() }
    }

    /// Everything, in an order that equal values have in common.
    public var sorted: [(post: PostID, share: Share)] {
        shares.sorted { $0.key < $1.key }.flatMap { post, all in all.map { (post, $0) } }
    }

    /// The posts with tips in an incident.
    public func posts(in incident: IncidentID) -> [PostID] { posts[incident] ?? [] }

    /// Of the newest change that a post is told; 0 for none.
    public func newest(for post: PostID) -> SequenceNumber { shares[post]?.reduce(0) { max($0, $1.sequence) } ?? 0 }

    /// A post's part in an incident.
    public func share(of post: PostID, in incident: IncidentID) -> Share? {
        shares[post]?.first { $0.incident == incident }
    }

    /// What a post has not heard; nil where there is nothing. `name` tells a unit's name.
    ///
    /// `after` of the result is the newest change that is left out. Who has that one has everything up to `through`,
    /// also where an earlier message was lost: what it told of the same incidents is told again here.
    public func news(for post: PostID, after: SequenceNumber, name: (UnitID) -> String) -> PostProgress? {
        var items: [ProgressItem] = []
        var (known, newest): (SequenceNumber, SequenceNumber) = (0, 0)
        for share in shares[post] ?? [] {
            newest = max(newest, share.sequence)
            guard share.sequence > after, let progress = share.progress else {
                if share.sequence <= after { known = max(known, share.sequence) }
                continue
            }
            items.append(
                ProgressItem(
                    incident: share.incident, tips: share.tips, sequence: share.sequence, progress: progress,
                    unitName: progress.unit.map(name) ?? ""))
        }
        guard newest > after else { return nil }
        return PostProgress(items: items.sorted { $0.sequence < $1.sequence }, after: known, through: newest)
    }

    // MARK: The fold

    /// Folds a record in, after the incidents themselves.
    /// - Parameter isToldAnew: whether a change of urgency in it changed anything that posts are told: mostly only the score rises.
    mutating func apply(_ record: Record, incidents: IncidentTable, isToldAnew: Bool = true) {
        var accepted: TipAccepted?
        for event in record.events {
            switch event {
            case .tipAccepted(let tip): accepted = tip
            case .incidentOpened(let opened): if let accepted { add(accepted, to: opened.incident) }
            // A tip that joins an incident changes nothing of what posts are told of it: only its own post may not know it yet.
            case .tipCorrelated(let joined):
                if let accepted { join(accepted, joined.incident, incidents, at: record.sequence) }
                continue
            case .incidentRestated(let restated): move(restated, at: record.sequence)
            case .urgencyChanged where !isToldAnew: continue
            default: break
            }
            for incident in event.incidents {
                for post in posts(in: incident) { refresh(post, incident, incidents, at: record.sequence) }
            }
        }
    }

    private mutating func add(_ accepted: TipAccepted, to incident: IncidentID) {
        add([accepted.tip.id], of: accepted.post, to: incident)
        // The number of an incident that a damaged record opens may be that of one which somebody has already.
        change(accepted.post, incident) { share in if share.isHeardOf { share.sequence = 0 } }
    }

    /// What a tip that joins an incident changes, in one look at the share.
    private mutating func join(_ accepted: TipAccepted, _ id: IncidentID, _ incidents: IncidentTable, at sequence: SequenceNumber) {
        func join(_ share: inout Share) {
            share.add(CollectionOfOne(accepted.tip.id))
            // One that joins an incident which somebody has already hears that at once.
            if share.isHeardOf { share.sequence = sequence }
            Self.refresh(&share, incidents, at: sequence)
        }
        if change(accepted.post, id, join) { return }
        add([accepted.tip.id], of: accepted.post, to: id)
        change(accepted.post, id, join)
    }

    private mutating func add(_ tips: [TipID], of post: PostID, to incident: IncidentID) {
        let isKnown = change(post, incident) { share in
            share.add(tips)
        }
        guard !isKnown else { return }
        Self.insert(post, into: &posts[incident, default: []])
        let gone = Self.append(Share(incident: incident, tips: Array(tips.suffix(Self.tipsBound))), to: &shares[post, default: []])
        if let gone { leave(post, gone) }
    }

    /// Keeps the posts of an incident in order.
    private static func insert(_ post: PostID, into posts: inout [PostID]) {
        posts.insert(post, at: posts.firstIndex { $0 > post } ?? posts.endIndex)
    }

    /// - Returns: the incident that leaves for it, where the post has too many.
    private static func append(_ share: Share, to all: inout [Share]) -> IncidentID? {
        all.append(share)
        guard all.count > incidentsBound else { return nil }
        // One whose end was told goes first; the one just added never.
        let place = all.indices.dropLast().first { all[$0].progress?.phase == .cleared } ?? all.startIndex
        return all.remove(at: place).incident
    }

    private mutating func move(_ restated: IncidentRestated, at sequence: SequenceNumber) {
        let id = restated.incident.id
        switch restated.cause {
        case .merge:
            for post in posts(in: restated.other) {
                guard let tips = share(of: post, in: restated.other)?.tips else { continue }
                add(tips, of: post, to: id)
                change(post, id) { $0.sequence = sequence }
            }
        case .split, .detach:
            // The source's record comes first and moves them; that of the new incident only tells what it is.
            guard !restated.isNew else { return }
            // Also one that the source's share no longer names: of many only the newest are.
            for key in restated.moved {
                change(key.post, id) { share in
                    share.tips.removeAll { $0 == key.tip }
                    share.sequence = sequence
                }
                add([key.tip], of: key.post, to: restated.other)
                change(key.post, restated.other) { $0.sequence = sequence }
            }
        }
    }

    private mutating func refresh(
        _ post: PostID, _ id: IncidentID, _ incidents: IncidentTable, at sequence: SequenceNumber
    ) {
        change(post, id) { Self.refresh(&$0, incidents, at: sequence) }
    }

    private static func refresh(_ share: inout Share, _ incidents: IncidentTable, at sequence: SequenceNumber) {
        let isCurrent = incidents.with(share.incident) { incident in share.progress.map { $0.isTrue(of: incident) } ?? false }
        guard isCurrent == false else { return }
        let before = share.progress
        guard let after = incidents.with(share.incident, { IncidentProgress($0, after: before) }) else { return }
        share.progress = after
        if before != nil || !after.isFresh { share.sequence = sequence }
    }

    @discardableResult
    private mutating func change(_ post: PostID, _ incident: IncidentID, _ body: (inout Share) -> Void) -> Bool {
        guard let place = shares.index(forKey: post) else { return false }
        return Self.change(&shares.values[place], incident, body)
    }

    /// Where it lies: a copy of a share, and of its tips, costs more than most changes.
    private static func change(_ all: inout [Share], _ incident: IncidentID, _ body: (inout Share) -> Void) -> Bool {
        // From the newest: what changes is mostly what came last.
        for index in all.indices.reversed() where all[index].incident == incident {
            body(&all[index])
            return true
        }
        return false
    }

    private mutating func leave(_ post: PostID, _ incident: IncidentID) {
        guard let place = posts.index(forKey: incident) else { return }
        posts.values[place].removeAll { $0 == post }
        if posts.values[place].isEmpty { posts.remove(at: place) }
    }
}

extension Event {
    /// The incidents that it changes.
    public var incidents: [IncidentID] {
        switch self {
        case .incidentOpened(let opened): [opened.incident]
        case .tipCorrelated(let joined): [joined.incident]
        case .urgencyChanged(let change): [change.incident]
        case .phaseChanged(let change): [change.incident]
        case .incidentMerged(let merge): [merge.absorbed]
        case .incidentRestated(let restated): [restated.incident.id]
        case .incidentRegraded(let change): [change.incident]
        case .incidentAcknowledged(let seen): [seen.incident]
        case .incidentEscalated(let step): [step.incident]
        case .tipAccepted, .postEnrolled, .unitEnrolled, .revoked, .postFellSilent, .postHeard, .tipsMissing, .cursorAdvanced,
            .accountChanged, .identityRevealed: []
        }
    }
}

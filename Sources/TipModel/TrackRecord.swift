// What became of a reporter's earlier incidents, and what happened at a place before: bounded folds over the journal,
// for the two small terms of the urgency that rest on experience. Where a bound is reached the oldest goes, so both
// are the same after a replay as they were live.

/// How the incidents that a witness opened ended, for the ``bound`` witnesses heard of last.
public struct TrackRecord: Hashable, Sendable {
    /// Ended incidents of one witness; drills count in none.
    public struct Counts: Hashable, Sendable {
        /// Resolved, handled by the post, or handed over.
        public var real: UInt32
        public var wrong: UInt32

        public init(real: UInt32 = 0, wrong: UInt32 = 0) {
            self.real = real
            self.wrong = wrong
        }
    }

    /// One witness, by ``witnessHash(post:reporter:)``.
    public struct Entry: Hashable, Sendable {
        public var witness: UInt64
        public var counts: Counts
        /// The record that changed it last.
        public var at: SequenceNumber

        public init(witness: UInt64, counts: Counts, at: SequenceNumber) {
            self.witness = witness
            self.counts = counts
            self.at = at
        }
    }

    /// Witnesses remembered; those changed longest ago go first, an eighth at a time.
    public static let bound = 2_048
    /// When a count comes to this, both are halved: a reporter may change, and the posterior forgets.
    public static let forgetAt: UInt32 = 64

    private var entries: [UInt64: Entry] = [:]

    public init() {}

    public init(_ entries: [Entry]) {
        for entry in entries { self.entries[entry.witness] = entry }
    }

    /// In the order of the witnesses' hashes: what a snapshot keeps.
    public var sorted: [Entry] { entries.values.sorted { $0.witness < $1.witness } }

    public func counts(_ witness: UInt64) -> Counts { entries[witness]?.counts ?? Counts() }

    /// Notes how an incident of `witness` ended; `duplicate` says nothing about it.
    mutating func note(_ disposition: Disposition, of witness: UInt64, at sequence: SequenceNumber) {
        var counts = counts(witness)
        switch disposition {
        case .resolved, .handledByPost, .handedOver: counts.real += 1
        case .falseAlarm: counts.wrong += 1
        case .duplicate: return
        }
        if counts.real >= Self.forgetAt || counts.wrong >= Self.forgetAt {
            counts = Counts(real: counts.real / 2, wrong: counts.wrong / 2)
        }
        entries[witness] = Entry(witness: witness, counts: counts, at: sequence)
        if entries.count > Self.bound { forget() }
    }

    /// Drops an eighth at once, those changed longest ago: dropping one at a time would look at all of them for each tip.
    private mutating func forget() {
        let oldest = entries.values.sorted { ($0.at, $0.witness) < ($1.at, $1.witness) }.prefix(entries.count - Self.bound * 7 / 8)
        for entry in oldest { entries.removeValue(forKey: entry.witness) }
    }
}

/// When incidents were opened at each of the ``bound`` places heard of last.
public struct PlaceHistory: Hashable, Sendable {
    /// One place: a zone and a cell of about 100 m, or the place's name where there is no position.
    public struct Entry: Hashable, Sendable {
        public var place: UInt64
        /// When its newest incidents were opened, oldest first; at most ``perPlace``.
        public var opened: [Timestamp]
        /// The record that changed it last.
        public var at: SequenceNumber

        public init(place: UInt64, opened: [Timestamp], at: SequenceNumber) {
            self.place = place
            self.opened = opened
            self.at = at
        }
    }

    /// Places remembered; those changed longest ago go first, an eighth at a time.
    public static let bound = 2_048
    /// Openings remembered at each; the oldest goes first.
    public static let perPlace = 4

    private var entries: [UInt64: Entry] = [:]

    public init() {}

    public init(_ entries: [Entry]) {
        for entry in entries { self.entries[entry.place] = entry }
    }

    /// In the order of the places' keys: what a snapshot keeps.
    public var sorted: [Entry] { entries.values.sorted { $0.place < $1.place } }

    /// Incidents opened at `place` within `days` days before `now`, but not within the hour before it, as those are likely the event
    /// itself; at most ``perPlace``.
    public func count(_ place: UInt64, days: Int32, now: Timestamp) -> Int {
        let span = Int64(max(0, days)) * 86_400_000
        return entries[place]?.opened.count { now.milliseconds(since: $0) >= 3_600_000 && now.milliseconds(since: $0) <= span } ?? 0
    }

    mutating func note(_ place: UInt64, opened time: Timestamp, at sequence: SequenceNumber) {
        entries[place, default: Entry(place: place, opened: [], at: sequence)].note(time, at: sequence)
        if entries.count > Self.bound { forget() }
    }

    /// Drops an eighth at once, those changed longest ago: dropping one at a time would look at all of them for each tip.
    private mutating func forget() {
        let all = entries.values.map { (at: $0.at, place: $0.place) }.sorted { ($0.at, $0.place) < ($1.at, $1.place) }
        for entry in all.prefix(entries.count - Self.bound * 7 / 8) { entries.removeValue(forKey: entry.place) }
    }
}

extension PlaceHistory.Entry {
    fileprivate mutating func note(_ time: Timestamp, at sequence: SequenceNumber) {
        opened.append(time)
        if opened.count > PlaceHistory.perPlace { opened.removeFirst(opened.count - PlaceHistory.perPlace) }
        at = sequence
    }
}

/// A stable key of a place for ``PlaceHistory``: the zone with a cell of 0.001° (about 100 m), or with the place's
/// name; nil where neither is known. FNV-1a, as ``witnessHash(post:reporter:)``.
public func placeKey(zone: ZoneID, position: Position?, place: String) -> UInt64? {
    var hash = StableHash()
    hash.add(zone.rawValue)
    if let position, (-90...90).contains(position.latitude), (-180...180).contains(position.longitude) {
        hash.add("/")
        hash.add(Int((position.latitude * 1_000).rounded(.down)))
        hash.add(" ")
        hash.add(Int((position.longitude * 1_000).rounded(.down)))
    } else if !place.isEmpty {
        hash.add("/@")
        hash.add(place)
    } else {
        return nil
    }
    return hash.value
}

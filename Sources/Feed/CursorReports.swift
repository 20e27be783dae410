import TipModel

/// How far each unit has acknowledged, told on now and then: each telling is a journal record, and only status needs it
/// (a patrol resumes by its own cursor).
struct CursorReports {
    private struct Entry {
        var told = FeedCursor()
        var latest = FeedCursor()
        /// Since when `latest` is ahead of `told`, monotonic milliseconds.
        var pendingSince: Int64?
    }

    private var entries: [UnitID: Entry] = [:]
    private let interval: Int64
    private let bound: Int

    /// - Parameters:
    ///   - interval: milliseconds between two reports for one unit.
    ///   - bound: units remembered; beyond it those with nothing to tell are forgotten, which costs them at most one
    ///     report of what was told before.
    init(interval: Int64, bound: Int) {
        self.interval = interval
        self.bound = bound
    }

    /// A patrol of the unit has acknowledged. A unit's several patrols count together: the furthest of each lane.
    mutating func advance(_ unit: UnitID, to cursor: FeedCursor, now: Int64) {
        if entries.count >= bound, entries[unit] == nil {
            entries = entries.filter { $0.value.pendingSince != nil }
        }
        var entry = entries[unit] ?? Entry()
        entry.latest.alert = max(entry.latest.alert, cursor.alert)
        entry.latest.main = max(entry.latest.main, cursor.main)
        if entry.pendingSince == nil, entry.latest != entry.told { entry.pendingSince = now }
        entries[unit] = entry
    }

    /// What the unit has to tell, which then counts as told.
    mutating func take(_ unit: UnitID) -> FeedCursor? {
        guard let entry = entries[unit], entry.pendingSince != nil else { return nil }
        entries[unit]?.told = entry.latest
        entries[unit]?.pendingSince = nil
        return entry.latest
    }

    /// What is due by the interval.
    mutating func takeDue(now: Int64) -> [(UnitID, FeedCursor)] {
        let due = entries.filter { $0.value.pendingSince.map { now &- $0 >= interval } ?? false }.keys
        return due.compactMap { unit in take(unit).map { (unit, $0) } }
    }
}

import TipModel

/// Small numbers for zone names, so that a filter is a test of one bit: it runs for every event times every patrol.
/// It grows with the zones of the district and of enrolments, both the daemon's own.
struct ZoneNumbers {
    private var numbers: [ZoneID: Int] = [:]

    mutating func number(of zone: ZoneID) -> Int {
        if let known = numbers[zone] { return known }
        let next = numbers.count
        numbers[zone] = next
        return next
    }

    mutating func filter(zones: some Sequence<ZoneID>, leastLevel: UrgencyLevel, unit: UnitID? = nil) -> ZoneFilter {
        var filter = ZoneFilter(leastLevel: leastLevel, unit: unit)
        for zone in zones { filter.insert(number(of: zone)) }
        return filter
    }
}

/// Which events a subscription is for.
struct ZoneFilter {
    private var words: [UInt64] = []
    private let leastLevel: UrgencyLevel
    /// Whose events beyond the zones it admits too.
    private let unit: UnitID?

    init(leastLevel: UrgencyLevel, unit: UnitID? = nil) {
        self.leastLevel = leastLevel
        self.unit = unit
    }

    fileprivate mutating func insert(_ number: Int) {
        while words.count <= number >> 6 { words.append(0) }
        words[number >> 6] |= 1 << UInt64(number & 63)
    }

    func admits(_ entry: LaneRing.Entry) -> Bool {
        guard entry.level >= leastLevel else { return false }
        let word = entry.zone >> 6
        if word < words.count, words[word] & 1 << UInt64(entry.zone & 63) != 0 { return true }
        guard !entry.guests.isEmpty, let unit else { return false }
        return entry.guests.contains(unit)
    }
}

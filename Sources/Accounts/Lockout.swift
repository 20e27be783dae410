/// Slows down who guesses passwords: each failed try doubles the wait, from one second to a quarter of an hour, and a good
/// one ends it. Nobody is locked out for good, since anybody could do that to anybody.
struct Lockout {
    static let firstWait: Int64 = 1_000
    static let longestWait: Int64 = 15 * 60_000
    /// An entry is forgotten this long after its wait ended.
    static let memory: Int64 = 3_600_000

    private struct Entry {
        var failures: Int
        /// On the monotonic clock, milliseconds.
        var until: Int64
    }

    private var entries: [String: Entry] = [:]
    private let bound: Int
    private let longest: Int64
    /// Failures that cost no wait: several people may stand behind one address.
    private let free: Int

    init(bound: Int, free: Int = 0, longest: Int64 = Lockout.longestWait) {
        self.bound = bound
        self.longest = longest
        self.free = free
    }

    /// Milliseconds to wait before the next try; 0 for none.
    func wait(_ key: String, now: Int64) -> Int64 { entries[key].map { max(0, $0.until - now) } ?? 0 }

    /// Counts a failure. Called before the password is looked at, so that tries at the same moment do not get around it.
    mutating func fail(_ key: String, now: Int64) {
        if let known = entries[key], known.until + Self.memory < now { entries[key] = nil }
        if entries[key] == nil, entries.count >= bound { forget(now: now) }
        let failures = (entries[key]?.failures ?? 0) + 1
        entries[key] = Entry(failures: failures, until: now + min(longest, Self.wait(after: failures - free)))
    }

    /// Takes a failure back that was none: nobody looked at the password.
    mutating func undo(_ key: String, now: Int64) {
        guard let known = entries[key] else { return }
        entries[key] = known.failures > 1 ? Entry(failures: known.failures - 1, until: now) : nil
    }

    mutating func succeed(_ key: String) { entries[key] = nil }

    /// 0 s, 1 s, 2 s, 4 s, … for 0, 1, 2, 3 failures.
    static func wait(after failures: Int) -> Int64 {
        guard failures > 0 else { return 0 }
        return failures > 10 ? longestWait : min(longestWait, firstWait << Int64(failures - 1))
    }

    var count: Int { entries.count }

    /// Makes room: what is over goes, else the one with the fewest failures.
    private mutating func forget(now: Int64) {
        entries = entries.filter { $0.value.until + Self.memory >= now }
        guard entries.count >= bound,
            let least = entries.min(by: { ($0.value.failures, $0.value.until) < ($1.value.failures, $1.value.until) })
        else { return }
        entries[least.key] = nil
    }
}

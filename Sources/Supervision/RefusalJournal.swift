/// Says in the log what the sockets refuse: each kind at once when it first occurs, and after that once a minute how many more there were.
/// So a peer that is refused a thousand times a second costs the log one line, and nothing is passed over.
///
/// The first key that is refused is named by the gatekeeper, with its address; here its repeats are counted.
public struct RefusalJournal: Sendable {
    /// Milliseconds between two lines about one kind.
    public static let interval: Int64 = 60_000

    public struct Line: Hashable, Sendable {
        public var kind: String
        /// Since the last line about this kind.
        public var count: UInt64
        public var isFirst: Bool
    }

    private var told: [String: (count: UInt64, at: Int64)] = [:]

    public init() {}

    /// - Parameters:
    ///   - counters: totals by kind; a kind is a socket and a code, so there are few.
    ///   - now: on the monotonic clock, milliseconds.
    /// - Returns: what is to be logged, by kind.
    public mutating func lines(_ counters: [String: UInt64], now: Int64) -> [Line] {
        var lines: [Line] = []
        for (kind, count) in counters.sorted(by: { $0.key < $1.key }) where count > 0 {
            guard let known = told[kind] else {
                told[kind] = (count, now)
                lines.append(Line(kind: kind, count: count, isFirst: true))
                continue
            }
            guard count > known.count, now - known.at >= Self.interval else { continue }
            told[kind] = (count, now)
            lines.append(Line(kind: kind, count: count - known.count, isFirst: false))
        }
        return lines
    }
}

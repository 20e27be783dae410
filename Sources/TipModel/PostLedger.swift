/// What the daemon knows of one post's numbered tips: which arrived, which are outstanding, which never came.
///
/// An agent numbers its tips from 1 in a series of its spool, and its heartbeat tells the lowest number it still
/// holds. Emergencies overtake, so a hole is at first only late; below that lowest number it is lost.
public struct PostLedger: Hashable, Sendable {
    /// Holes that are followed. At the bound the oldest is given up and counted in ``forgotten``.
    public static let gapBound = 256

    public var series: UInt64 = 0
    public var highest: UInt64 = 0
    /// Accepted tips, over all series.
    public var received: UInt64 = 0
    /// Numbers below `highest` that have not arrived, ascending, disjoint.
    public var gaps: [ClosedRange<UInt64>] = []
    /// Numbers reported missing, over all series.
    public var missing: UInt64 = 0
    /// Numbers in holes that were given up at the bound.
    public var forgotten: UInt64 = 0
    /// Nil while the post is heard.
    public var silentSince: Timestamp?
    public var lastTipAt: Timestamp?

    public init() {}

    /// Notes an accepted tip. Number 0 means that the client does not number.
    public mutating func accept(series: UInt64, number: UInt64, at time: Timestamp) {
        received = Self.sum(received, 1)
        lastTipAt = time
        guard number > 0 else { return }
        if series != self.series {
            self.series = series
            highest = 0
            gaps.removeAll()
        }
        if number > highest {
            if number - highest > 1 { gaps.append(highest + 1...number - 1) }
            highest = number
        } else if let index = gaps.firstIndex(where: { $0.contains(number) }) {
            let gap = gaps.remove(at: index)
            if number < gap.upperBound { gaps.insert(number + 1...gap.upperBound, at: index) }
            if number > gap.lowerBound { gaps.insert(gap.lowerBound...number - 1, at: index) }
        } else if missing > 0 {
            // It had been given up for lost and came after all.
            missing -= 1
        }
        // After either: a number in the middle of a hole makes two of it.
        while gaps.count > Self.gapBound { forgotten = Self.sum(forgotten, Self.count(gaps.removeFirst())) }
    }

    /// The outstanding numbers that the post no longer holds, given the lowest that it does.
    public func lost(series: UInt64, lowestUnsent: UInt64) -> [ClosedRange<UInt64>] {
        guard series == self.series, lowestUnsent > 0 else { return [] }
        return gaps.compactMap { gap in
            gap.lowerBound < lowestUnsent ? gap.lowerBound...min(gap.upperBound, lowestUnsent - 1) : nil
        }
    }

    /// Notes that `numbers` were reported missing.
    public mutating func giveUp(series: UInt64, numbers: ClosedRange<UInt64>) {
        missing = Self.sum(missing, Self.count(numbers))
        guard series == self.series else { return }
        gaps = gaps.flatMap { gap -> [ClosedRange<UInt64>] in
            guard gap.overlaps(numbers) else { return [gap] }
            var rest: [ClosedRange<UInt64>] = []
            if gap.lowerBound < numbers.lowerBound { rest.append(gap.lowerBound...numbers.lowerBound - 1) }
            if gap.upperBound > numbers.upperBound { rest.append(numbers.upperBound + 1...gap.upperBound) }
            return rest
        }
    }

    // Numbers come from outside, up to the largest there is: counts saturate.
    private static func count(_ numbers: ClosedRange<UInt64>) -> UInt64 {
        sum(numbers.upperBound - numbers.lowerBound, 1)
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}

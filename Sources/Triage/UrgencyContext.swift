public import TipModel

/// What the station knows besides the tip itself. Injected, so that the score stays a pure function.
public struct UrgencyContext: Hashable, Sendable {
    /// How the reporter's earlier incidents ended.
    public var record: TrackRecord.Counts
    /// Incidents opened at the same place within the configured days.
    public var earlierAtPlace: Int

    public init(record: TrackRecord.Counts = TrackRecord.Counts(), earlierAtPlace: Int = 0) {
        self.record = record
        self.earlierAtPlace = earlierAtPlace
    }

    public static let none = UrgencyContext()
}

extension TrackRecordRules {
    /// The reporter's points, within ±``bound``: how far the mean of the Beta posterior, (prior real + real) over
    /// all, lies from the prior's, as a share of the way to always or to never.
    public func points(_ counts: TrackRecord.Counts) -> Int32 {
        let (real, wrong) = (Int64(max(0, priorReal)), Int64(max(0, priorFalse)))
        let prior = real + wrong
        guard bound > 0, prior > 0, counts.real > 0 || counts.wrong > 0 else { return 0 }
        let good = real + Int64(counts.real)
        let all = prior + Int64(counts.real) + Int64(counts.wrong)
        // mean − prior mean = (good·prior − real·all) / (all·prior); both ends of the scale have the same divisor.
        let ahead = good * prior - real * all
        let way = ahead > 0 ? wrong * all : real * all
        guard way > 0 else { return 0 }
        let doubled = 2 * Int64(bound) * ahead
        let rounded = (doubled + (doubled >= 0 ? way : -way)) / (2 * way)
        return Int32(clamping: min(Int64(bound), max(-Int64(bound), rounded)))
    }
}

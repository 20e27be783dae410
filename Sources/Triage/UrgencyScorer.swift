// The score is a plain sum, so that a guard or an officer can check it by hand: each term is one reason, and
// the reasons are what the journal keeps. Floors raise the level only, never the score.

public import TipModel

/// 紧急程度 of a tip and of an incident, by ``UrgencyRules``. A pure function of its arguments.
public struct UrgencyScorer: Sendable {
    private let categories: [String: Category]
    private let rules: UrgencyRules
    private let finder: WordFinder
    /// `words.<code>` for each word rule.
    private let wordCodes: [String]

    /// Compiles the phrases of `rules`: some milliseconds once, so that a score takes microseconds.
    public init(_ rules: TriageRules) {
        categories = rules.categories
        self.rules = rules.urgency
        finder = WordFinder(rules.urgency)
        wordCodes = rules.urgency.words.map { "words." + $0.code }
    }

    /// The urgency of `tip` alone. Reasons in this order: `category` (detail: its code; 0 points where it is not
    /// configured), `words.<code>` (the phrase as it stands in the text), `night` (local time, "02:10"), `panic`,
    /// and `floor` (0 points, detail: the code of the reason that set it) where the level is above the score's.
    public func score(_ tip: Tip) -> Urgency {
        let category = categories[tip.category]
        var reasons: [Reason] = []
        reasons.reserveCapacity(6)
        reasons.append(Reason(code: Code.category, points: category?.base ?? 0, detail: tip.category))
        var floor = category?.floor ?? .routine
        var floorCode = Code.category
        func raise(to level: UrgencyLevel, by code: String) {
            guard level > floor else { return }
            floor = level
            floorCode = code
        }

        for finding in finder.find(in: tip.text) {
            let rule = rules.words[finding.rule]
            let code = wordCodes[finding.rule]
            reasons.append(Reason(code: code, points: rule.points, detail: finding.phrase))
            if let level = rule.floor { raise(to: level, by: code) }
        }
        let minute = localMinute(tip.observedAt)
        if isNight(hour: minute / 60) {
            reasons.append(Reason(code: Code.night, points: rules.nightPoints, detail: Self.clock(minute)))
        }
        if tip.panic {
            reasons.append(Reason(code: Code.panic, points: rules.panicPoints))
            raise(to: .emergency, by: Code.panic)
        }

        let score = Self.sum(reasons)
        let earned = level(of: score)
        if floor > earned { reasons.append(Reason(code: Code.floor, points: 0, detail: floorCode)) }
        return Urgency(score: score, level: max(earned, floor), reasons: reasons)
    }

    /// The urgency of an incident to which a tip has been attached.
    ///
    /// The more urgent (by level, then score) of the incident without its earlier `corroboration` and the tip, plus
    /// one `corroboration` reason for `witnesses`, the count of distinct (post, reporter) pairs, this tip's included
    /// (detail: that count). The level may rise by this and never falls. Applying the same tip and count to the
    /// result changes nothing.
    public func combine(current: Urgency, tip: Urgency, witnesses: Int) -> Urgency {
        let before = uncorroborated(current)
        let base = (tip.level, tip.score) > (before.level, before.score) ? tip : before
        var reasons = base.reasons
        let points = corroboration(witnesses)
        let score = Self.sum(reasons, plus: points)
        let explained = max(base.level, level(of: score))
        if current.level > explained {
            // Only where rules changed in between, or a floor of a weaker tip took over from corroboration.
            reasons.append(Reason(code: Code.floor, points: 0, detail: Code.earlier))
        }
        if points != 0 {
            reasons.append(Reason(code: Code.corroboration, points: points, detail: "\(witnesses)"))
        }
        return Urgency(score: score, level: max(explained, current.level), reasons: reasons)
    }

    // MARK: - Terms

    private enum Code {
        static let category = "category"
        static let night = "night"
        static let panic = "panic"
        static let floor = "floor"
        static let corroboration = "corroboration"
        static let earlier = "earlier"
    }

    private func corroboration(_ witnesses: Int) -> Int32 {
        let further = Int64(max(1, witnesses) - 1)
        let (product, overflow) = Int64(rules.corroborationPoints).multipliedReportingOverflow(by: further)
        return overflow
            ? rules.corroborationMaximum : Int32(clamping: min(Int64(rules.corroborationMaximum), product))
    }

    /// `urgency` as it was before anybody corroborated it.
    private func uncorroborated(_ urgency: Urgency) -> Urgency {
        guard urgency.reasons.contains(where: { $0.code == Code.corroboration }) else { return urgency }
        let reasons = urgency.reasons.filter { $0.code != Code.corroboration }
        let score = Self.sum(reasons)
        var level = level(of: score)
        for reason in reasons where reason.code == Code.floor {
            level = max(level, floor(setBy: reason.detail, in: reasons, of: urgency))
        }
        return Urgency(score: score, level: min(level, urgency.level), reasons: reasons)
    }

    /// The level behind a `floor` reason: reasons keep what set it, the rules know how high it is.
    private func floor(setBy code: String, in reasons: [Reason], of urgency: Urgency) -> UrgencyLevel {
        switch code {
        case Code.panic: return .emergency
        case Code.earlier: return urgency.level
        case Code.category:
            let category = reasons.first { $0.code == Code.category }?.detail ?? ""
            return categories[category]?.floor ?? .routine
        default:
            return wordCodes.firstIndex(of: code).flatMap { rules.words[$0].floor } ?? .routine
        }
    }

    private func level(of score: Int32) -> UrgencyLevel {
        if score >= rules.emergencyAt { return .emergency }
        if score >= rules.urgentAt { return .urgent }
        return score >= rules.priorityAt ? .priority : .routine
    }

    private static func sum(_ reasons: [Reason], plus further: Int32 = 0) -> Int32 {
        let sum = reasons.reduce(into: Int64(further)) { $0 &+= Int64($1.points) }
        return Int32(max(0, min(100, sum)))
    }

    // MARK: - Night

    /// Minutes since local midnight, 0…1439, for any timestamp and any offset.
    private func localMinute(_ time: Timestamp) -> Int {
        let day: Int64 = 86_400_000
        let utc = Int((time.milliseconds % day + day) % day / 60_000)
        return (utc + rules.utcOffsetMinutes % 1_440 + 1_440) % 1_440
    }

    private func isNight(hour: Int) -> Bool {
        rules.nightFrom <= rules.nightUntil
            ? rules.nightFrom <= hour && hour < rules.nightUntil
            : rules.nightFrom <= hour || hour < rules.nightUntil
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}

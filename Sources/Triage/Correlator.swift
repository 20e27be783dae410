// A merge that nobody asked for hides a real event, and five incidents for one man waste five patrols. So the
// decision is a sum of few terms that a person can check, behind hard vetoes, and it always says why.
//
// The hot path measures in numbers only; words are made for the one candidate that decides.

public import TipModel

/// 并案: whether a tip belongs to an open incident, by ``CorrelationRules``. A pure function of its arguments.
public struct Correlator: Sendable {
    private let rules: CorrelationRules
    /// For each category the others that may describe the same event; if either side says so, both do.
    private let kin: [String: [Category]]

    public init(_ rules: TriageRules) {
        self.rules = rules.correlation
        var compatible: [String: Set<String>] = [:]
        for (code, category) in rules.categories {
            for other in category.compatible {
                compatible[code, default: []].insert(other)
                compatible[other, default: []].insert(code)
            }
        }
        kin = compatible.mapValues { $0.sorted().map { Category($0) } }
    }

    /// A category with its hash, which tells most others apart without looking at the text.
    private struct Category {
        let code: String
        let hash: Int

        init(_ code: String) {
            self.code = code
            hash = code.hashValue
        }

        func isOf(_ incident: IncidentView) -> Bool { hash == incident.categoryHash && code == incident.category }
    }

    /// The category of a tip, and those compatible with it.
    private struct Compatibility {
        let own: Category
        let kin: [Category]
    }

    private func compatibility(_ tip: TipView) -> Compatibility {
        Compatibility(own: Category(tip.category), kin: kin[tip.category] ?? [])
    }

    /// Compares `tip` with `incident`, with every reason spelt out. `now` is the daemon's clock.
    ///
    /// Distance and text are those of the kept evidence that matches best by both together; evidence out of reach
    /// does not compete. Without a position on either side the distance term is 0 and the reason
    /// (`distance.unknown`) says which side lacks it.
    public func compare(_ tip: TipView, with incident: IncidentView, now: Timestamp) -> PairScore {
        let measure = measure(tip, compatibility(tip), incident, now: now)
        return PairScore(
            points: measure.points, reasons: reasons(measure, tip, incident, now: now), veto: measure.veto)
    }

    /// Decides among `candidates`, of which the first ``CorrelationRules/candidateBound`` are compared: give the
    /// most recently reported first, as ``OpenIncidentIndex`` does. The highest score wins; among equals the newer
    /// `lastTipAt`, then the higher id.
    public func decide(
        _ tip: TipView, candidates: [IncidentView], now: Timestamp
    ) -> CorrelationDecision {
        let categories = compatibility(tip)
        var best: (measure: Measure, incident: IncidentView)?
        for incident in candidates.prefix(max(0, rules.candidateBound)) {
            let measure = measure(tip, categories, incident, now: now)
            if let current = best, !measure.beats(current.measure) { continue }
            best = (measure, incident)
        }
        guard let (measure, incident) = best else { return .open(reasons: [Reason(code: "alone", points: 0)]) }
        let reasons = reasons(measure, tip, incident, now: now)
        if measure.veto != nil {
            return .open(reasons: [Reason(code: "vetoed", points: 0, detail: "\(incident.id)")] + reasons)
        }
        if measure.points >= rules.attachAt {
            return .attach(incident.id, score: measure.points, reasons: reasons)
        }
        let detail = "\(incident.id) \(measure.points)/\(rules.attachAt)"
        return .open(reasons: [Reason(code: "below", points: 0, detail: detail)] + reasons)
    }

    // MARK: - Measuring

    /// A comparison in numbers.
    private struct Measure {
        var id: IncidentID
        var lastTipAt: Timestamp
        var veto: Veto?
        /// Milliseconds between the tip and the incident's newest evidence.
        var apart: Int64 = 0
        var sameCategory = false
        /// Metres; nil where one side has no position. Under the distance veto: to the nearest evidence.
        var distance: Double?
        var overlap = 0.0
        var timePoints: Int32 = 0
        var categoryPoints: Int32 = 0
        var distancePoints: Int32 = 0
        var textPoints: Int32 = 0

        var points: Int32 {
            if veto != nil { return 0 }
            return Int32(
                clamping: Int64(timePoints) + Int64(categoryPoints) + Int64(distancePoints) + Int64(textPoints))
        }

        /// A total order over distinct incidents, so that the order of the candidates decides nothing.
        func beats(_ other: Measure) -> Bool {
            if (veto == nil) != (other.veto == nil) { return veto == nil }
            return (points, lastTipAt, id) > (other.points, other.lastTipAt, other.id)
        }
    }

    private func measure(
        _ tip: TipView, _ categories: Compatibility, _ incident: IncidentView, now: Timestamp
    ) -> Measure {
        var measure = Measure(id: incident.id, lastTipAt: incident.lastTipAt)
        func vetoed(_ veto: Veto) -> Measure {
            measure.veto = veto
            return measure
        }
        if incident.isCleared { return vetoed(.cleared) }
        if incident.zone != tip.zone { return vetoed(.zone) }
        if incident.drill != tip.drill { return vetoed(.drill) }

        measure.apart = apart(tip, incident)
        if measure.apart > rules.windowMilliseconds { return vetoed(.window) }
        if now.milliseconds(since: incident.lastTipAt) > rules.windowMilliseconds { return vetoed(.window) }
        let closeness = 1 - Double(measure.apart) / Double(max(1, rules.windowMilliseconds))
        measure.timePoints = Self.share(closeness, of: rules.timePoints)

        measure.sameCategory =
            categories.own.isOf(incident) || incident.categories.contains(tip.category)
        if !measure.sameCategory, !categories.kin.contains(where: { $0.isOf(incident) }) { return vetoed(.category) }
        measure.categoryPoints = measure.sameCategory ? rules.categoryPoints : rules.categoryPoints / 2

        matchEvidence(tip, incident, &measure)
        return measure
    }

    /// Milliseconds between the tip and the newest evidence, by the posts' clocks.
    private func apart(_ tip: TipView, _ incident: IncidentView) -> Int64 {
        tip.observedAt > incident.newest
            ? tip.observedAt.milliseconds(since: incident.newest) : incident.newest.milliseconds(since: tip.observedAt)
    }

    /// Fills in distance and text by the best evidence within reach, or the veto where all of it is too far.
    /// An incident of which no evidence has a position stands where ``Incident/position`` says.
    private func matchEvidence(_ tip: TipView, _ incident: IncidentView, _ measure: inout Measure) {
        let here = tip.position?.known
        var (located, reached, found) = (false, false, false)
        var nearest = Double.infinity

        for evidence in incident.evidence {
            var distance: Double?
            if let here, let there = evidence.position {
                located = true
                let metres = here.distance(to: there)
                nearest = min(nearest, metres)
                guard metres <= reach(here, there) else { continue }
                reached = true
                distance = metres
            }
            take(distance, tip.signature.overlap(with: evidence.signature), &found, &measure)
        }
        if !located, let here, let there = incident.position {
            located = true
            nearest = here.distance(to: there)
            reached = nearest <= reach(here, there)
            measure.distance = nearest
            measure.distancePoints = distancePoints(nearest)
        }
        if located, !reached {
            measure.veto = .distance
            measure.distance = nearest
        }
    }

    /// Keeps this pair of distance and overlap if it is the first or worth more than what `measure` has.
    private func take(_ distance: Double?, _ overlap: Double, _ found: inout Bool, _ measure: inout Measure) {
        let distancePoints = distance.map(distancePoints) ?? 0
        let textPoints = Self.share(overlap, of: rules.textPoints)
        let worth = Int64(distancePoints) + Int64(textPoints)
        if found, worth <= Int64(measure.distancePoints) + Int64(measure.textPoints) { return }
        found = true
        measure.distance = distance
        measure.overlap = overlap
        measure.distancePoints = distancePoints
        measure.textPoints = textPoints
    }

    private func distancePoints(_ metres: Double) -> Int32 {
        Self.share(1 - metres / max(1, rules.maximumDistance), of: rules.distancePoints)
    }

    /// How far apart two positions may be. An accuracy counts for no more than the maximum itself: one of
    /// kilometres says nothing about where, and must not join the whole zone.
    private func reach(_ here: Position, _ there: Position) -> Double {
        rules.maximumDistance + slack(here) + slack(there)
    }

    private func slack(_ position: Position) -> Double {
        position.accuracy > 0 ? min(Double(position.accuracy), rules.maximumDistance) : 0
    }

    private static func share(_ fraction: Double, of points: Int32) -> Int32 {
        Int32((Double(points) * max(0, min(1, fraction))).rounded())
    }

    // MARK: - Saying why

    private func reasons(_ measure: Measure, _ tip: TipView, _ incident: IncidentView, now: Timestamp) -> [Reason] {
        if let veto = measure.veto {
            return [Reason(code: veto.code, points: 0, detail: detail(of: veto, measure, tip, incident, now: now))]
        }
        return [
            distanceReason(measure, tip),
            Reason(code: "time", points: measure.timePoints, detail: Self.minutes(measure.apart)),
            measure.sameCategory
                ? Reason(code: "category", points: measure.categoryPoints, detail: tip.category)
                : Reason(
                    code: "category.compatible", points: measure.categoryPoints,
                    detail: "\(tip.category) ~ \(incident.category)"),
            Reason(code: "text", points: measure.textPoints, detail: "\(Int(measure.overlap * 100)) %"),
        ]
    }

    private func distanceReason(_ measure: Measure, _ tip: TipView) -> Reason {
        if let distance = measure.distance {
            return Reason(code: "distance", points: measure.distancePoints, detail: Self.metres(distance))
        }
        return Reason(code: "distance.unknown", points: 0, detail: tip.position?.known == nil ? "tip" : "incident")
    }

    private func detail(
        of veto: Veto, _ measure: Measure, _ tip: TipView, _ incident: IncidentView, now: Timestamp
    ) -> String {
        switch veto {
        case .cleared: ""
        case .zone: "\(tip.zone) / \(incident.zone)"
        case .drill: tip.drill ? "drill / real" : "real / drill"
        case .window: Self.minutes(max(measure.apart, now.milliseconds(since: incident.lastTipAt)))
        case .category: "\(tip.category) / \(incident.category)"
        case .distance: Self.metres(measure.distance ?? 0)
        }
    }

    private static func minutes(_ milliseconds: Int64) -> String { "\(milliseconds / 60_000) min" }

    private static func metres(_ distance: Double) -> String { "\(Int(distance.rounded())) m" }
}

extension Position {
    /// Self, unless it is no place on earth: positions come from outside, and one NaN spoils every comparison.
    var known: Position? {
        (-90...90).contains(latitude) && (-180...180).contains(longitude) ? self : nil
    }
}

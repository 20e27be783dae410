// A merge that nobody asked for hides a real event, and five incidents for one man waste five patrols. So the
// decision is a sum of few terms that a person can check, behind hard vetoes, and it always says why.
//
// The hot path measures in numbers only (PairMeasure.swift); words are made for the one candidate that decides.

public import TipModel

/// 并案: whether a tip belongs to an incident, by ``CorrelationRules``. A pure function of its arguments.
public final class Correlator: Sendable {
    let rules: CorrelationRules
    let distanceDecay: Decay
    let timeDecay: Decay
    /// For each listed category its row.
    private let rows: [String: Row]

    public init(_ rules: CorrelationRules) {
        self.rules = rules
        distanceDecay = Decay(
            points: rules.points.distance, scale: rules.distanceScale, end: max(1, rules.maximumDistance))
        timeDecay = Decay(
            points: rules.points.time, scale: Double(rules.timeScaleMilliseconds),
            end: Double(max(1, rules.windowMilliseconds)))
        var affinity: [String: [String: Int32]] = [:]
        for (pair, percent) in rules.affinity.pairs {
            affinity[pair.low, default: [:]][pair.high] = percent
            affinity[pair.high, default: [:]][pair.low] = percent
        }
        rows = Dictionary(
            uniqueKeysWithValues: affinity.map { ($0.key, Row(category: $0.key, listed: $0.value, others: rules.affinity.others)) })
    }

    /// What a category has in common with the others: its row of the matrix, as a table with open addressing, a quarter full.
    struct Row: Sendable {
        private struct Slot: Sendable {
            var hash: UInt64 = 0
            var category = ""
            /// −1 where the slot is free.
            var percent: Int32 = -1
        }

        private let slots: [Slot]
        private let others: Int32

        init(category: String, listed: [String: Int32], others: Int32) {
            self.others = others
            var all = listed
            if all[category] == nil { all[category] = 100 }
            var slots = [Slot](repeating: Slot(), count: (all.count * 4).nextPowerOfTwo)
            for (other, percent) in all {
                let hash = stableHash(other)
                var place = Self.home(hash, slots.count)
                while slots[place].percent >= 0 { place = (place + 1) & (slots.count - 1) }
                slots[place] = Slot(hash: hash, category: other, percent: max(0, percent))
            }
            self.slots = slots
        }

        private static func home(_ hash: UInt64, _ count: Int) -> Int { Int(truncatingIfNeeded: hash) & (count - 1) }

        /// - Parameter hash: by `stableHash`, of `category`.
        func percent(with hash: UInt64, _ category: String) -> Int32 {
            var place = Self.home(hash, slots.count)
            while slots[place].percent >= 0 {
                if slots[place].hash == hash, slots[place].category == category { return slots[place].percent }
                place = (place + 1) & (slots.count - 1)
            }
            return others
        }
    }

    func row(_ category: String) -> Row { rows[category] ?? Row(category: category, listed: [:], others: rules.affinity.others) }

    /// Compares `tip` with `incident`, with every reason spelt out. `now` is the daemon's clock.
    ///
    /// Distance, time, text and what is named are those of the kept evidence that matches best by all of them together;
    /// evidence out of reach does not compete. A contradiction with any of the kept evidence rules the incident out.
    public func compare(_ tip: TipView, with incident: IncidentView, now: Timestamp) -> PairScore {
        let asked = question(tip, now: now)
        var measure = measure(asked, incident)
        settle(&measure, asked, incident)
        return PairScore(points: measure.points, reasons: reasons(measure, asked, incident), veto: measure.veto)
    }

    /// Decides among `candidates`, of which the first ``CorrelationRules/candidateBound`` are compared. The highest score
    /// wins; among equals the newer `lastTipAt`, then the higher id.
    ///
    /// Open incidents come first: a cleared one takes a tip only within its grace, only where no open one does, and never
    /// an emergency, which must not be swallowed by what is over.
    public func decide(_ tip: TipView, candidates: Candidates, now: Timestamp) -> CorrelationDecision {
        let asked = question(tip, now: now)
        let open = best(asked, candidates.open.prefix(max(0, rules.candidateBound)))
        if let open, open.measure.veto == nil, open.measure.points >= needed(tip, open.incident) {
            return .attach(open.incident.id, score: open.measure.points, reasons: reasons(open.measure, asked, open.incident))
        }
        if let over = best(asked, candidates.cleared.prefix(max(1, rules.candidateBound / 3))),
            over.measure.veto == nil, over.measure.points >= rules.attachAt, let clearedAt = over.incident.clearedAt
        {
            let reasons = reasons(over.measure, asked, over.incident)
            if !tip.isEmergency, now.milliseconds(since: clearedAt) < rules.clearedGraceMilliseconds {
                let late = Reason(code: "cleared.grace", points: 0, detail: "\(over.incident.id)")
                return .attach(over.incident.id, score: over.measure.points, reasons: [late] + reasons)
            }
            return .open(
                reasons: [Reason(code: "follows", points: 0, detail: "\(over.incident.id)")] + reasons,
                follows: over.incident.id)
        }
        guard let open else { return .open(reasons: [Reason(code: "alone", points: 0)]) }
        return apart(asked, open.measure, open.incident)
    }

    private func apart(_ asked: Question, _ measure: PairMeasure, _ incident: IncidentView) -> CorrelationDecision {
        let reasons = reasons(measure, asked, incident)
        if measure.veto != nil {
            return .open(reasons: [Reason(code: "vetoed", points: 0, detail: "\(incident.id)")] + reasons)
        }
        let detail = incident.id.description + " " + String(measure.points) + "/" + String(needed(asked.tip, incident))
        if measure.points >= rules.suggestAt {
            return .open(
                reasons: [Reason(code: "suggested", points: 0, detail: detail)] + reasons, suggestion: incident.id)
        }
        return .open(reasons: [Reason(code: "below", points: 0, detail: detail)] + reasons)
    }

    /// The points at which these two are one event: more where one is an emergency, and twice that more where the other is none, for
    /// a fire and a loose manhole cover at one gate are two events.
    private func needed(_ tip: TipView, _ incident: IncidentView) -> Int32 {
        switch (tip.isEmergency, incident.isEmergency) {
        case (false, false): rules.attachAt
        case (true, true): rules.attachAt + rules.emergencyMargin
        default: rules.attachAt + 2 * rules.emergencyMargin
        }
    }

    private func best(
        _ asked: Question, _ candidates: ArraySlice<IncidentView>
    ) -> (measure: PairMeasure, incident: IncidentView)? {
        guard let first = candidates.first else { return nil }
        var best = measure(asked, first)
        var place = candidates.startIndex
        for index in candidates.indices.dropFirst() {
            let measure = measure(asked, candidates[index], floor: best.points)
            if measure.beats(best) { (best, place) = (measure, index) }
        }
        settle(&best, asked, candidates[place])
        return (best, candidates[place])
    }
}

extension Correlator {
    /// The points of the open incident that would win, 0 where there is none: for fitting.
    public func bestPoints(_ tip: TipView, candidates: Candidates, now: Timestamp) -> Int32 {
        best(question(tip, now: now), candidates.open.prefix(max(0, rules.candidateBound)))?.measure.points ?? 0
    }
}

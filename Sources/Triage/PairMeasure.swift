import TipModel

/// A comparison of a tip with an incident in numbers. It holds no references: most comparisons lose and are dropped.
struct PairMeasure {
    var id: IncidentID
    var lastTipAt: Timestamp
    var veto: Veto?
    /// Of the evidence that matches best.
    var match = EvidenceMatch()
    /// A second member agrees; see ``CorrelationPoints/agreement``.
    var agreementPoints: Int32 = 0
    /// Metres to the nearest evidence, or to the first under the span veto; nil where one side has no position.
    var nearest: Double?

    var points: Int32 {
        if veto != nil { return 0 }
        return Int32(clamping: max(0, Int64(match.points) + Int64(agreementPoints)))
    }

    /// A total order over distinct incidents, so that the order of the candidates decides nothing.
    func beats(_ other: PairMeasure) -> Bool {
        if (veto == nil) != (other.veto == nil) { return veto == nil }
        return (points, lastTipAt, id) > (other.points, other.lastTipAt, other.id)
    }
}

/// A tip against one member tip.
struct EvidenceMatch {
    /// Metres between the positions as given; nil where one side has none.
    var distance: Double?
    /// Which of the incident's evidence; nil for none.
    var evidence: Int?
    /// Milliseconds between the observations.
    var apart: Int64 = 0
    /// 0…1.
    var similarity = 0.0
    /// Neither shares a script with the other, or one has no words: the text says nothing.
    var textIsSilent = true
    var samePlace = false
    var entities = Entities.Comparison()

    var distancePoints: Int32 = 0
    var categoryPoints: Int32 = 0
    var timePoints: Int32 = 0
    var textPoints: Int32 = 0
    var placePoints: Int32 = 0
    /// Of the same building, unit, floor and room.
    var dwellingPoints: Int32 = 0
    /// Of everything else that is named.
    var entityPoints: Int32 = 0
    /// What ``CorrelationPoints/whereMost`` takes off distance, place and dwelling together; 0 or less.
    var whereCap: Int32 = 0

    var points: Int32 {
        distancePoints &+ timePoints &+ categoryPoints &+ textPoints &+ placePoints &+ dwellingPoints &+ entityPoints &+ whereCap
    }
}

extension Correlator {
    /// - Parameter floor: an incident that certainly stays below it need not be measured to the end; it then has fewer points than that.
    func measure(_ tip: TipView, _ row: Row, _ incident: IncidentView, now: Timestamp, floor: Int32 = 0) -> PairMeasure {
        var measure = PairMeasure(id: incident.id, lastTipAt: incident.lastTipAt)
        measure.veto = veto(tip, incident, now: now, &measure)
        if measure.veto == nil { matchEvidence(tip, row, incident, floor: floor, &measure) }
        return measure
    }

    /// What rules the incident out before anything is compared.
    private func veto(_ tip: TipView, _ incident: IncidentView, now: Timestamp, _ measure: inout PairMeasure) -> Veto? {
        if incident.zone != tip.zone { return .zone }
        if incident.drill != tip.drill { return .drill }
        measure.match.apart = Self.apart(tip.observedAt, incident.newest)
        if measure.match.apart > rules.windowMilliseconds { return .window }
        if incident.clearedAt == nil, now.milliseconds(since: incident.lastTipAt) > rules.windowMilliseconds { return .window }
        if now.milliseconds(since: incident.openedAt) > rules.spanMilliseconds { return .span }
        if let here = tip.position?.known, let first = incident.first {
            let distance = here.distance(to: first)
            if distance > rules.spanMetres + slack(here) + slack(first) {
                measure.nearest = distance
                return .span
            }
        }
        return nil
    }

    /// Fills in the best match within reach, or the veto: all of it too far, or a contradiction with any of it. An incident of which
    /// no evidence has a position stands where ``Incident/position`` says.
    private func matchEvidence(
        _ tip: TipView, _ row: Row, _ incident: IncidentView, floor: Int32, _ measure: inout PairMeasure
    ) {
        // Texts cost most and count little: first all but the texts, then those of which something depends on the text.
        withUnsafeTemporaryAllocation(of: EvidenceMatch.self, capacity: incident.evidence.count) { matches in
            let here = tip.position?.known
            var (located, reached, isKin) = (false, false, false)
            var (drills, count) = (0, 0)
            for (index, trace) in incident.evidence.enumerated() {
                let affinity = row.percent(with: trace.categoryHash, trace.source.category)
                guard affinity > 0 else { continue }
                isKin = true
                var match = EvidenceMatch()
                match.evidence = index
                match.categoryPoints = Int32(Int64(rules.points.category) * Int64(affinity) / 100)
                if let here, let there = trace.position {
                    located = true
                    let metres = here.distance(to: there)
                    measure.nearest = min(measure.nearest ?? .infinity, metres)
                    guard metres <= reach(here, there) else { continue }
                    reached = true
                    place(metres, here, there, &match)
                }
                match.entities = tip.features.entities.compare(trace.features.entities)
                if let kind = match.entities.veto, let veto = Veto(kind) {
                    measure.veto = veto
                    measure.match = match
                    return
                }
                if match.entities.drillDiffers { drills += 1 }
                scoreFacts(tip, trace, &match)
                matches.initializeElement(at: count, to: match)
                count += 1
            }
            if !isKin, !incident.evidence.isEmpty {
                measure.veto = .category
                return
            }
            // What stands where the incident is gets points for that later.
            let mayGain = !located && here != nil && incident.position != nil ? max(0, rules.points.distance) : 0
            if floor > 0, matches[..<count].allSatisfy({ mostPoints($0) + Int64(mayGain) + Int64(rules.points.agreement) < floor }) {
                return
            }
            let alike = matchTexts(tip, incident, matches[..<count], &measure)
            if !located, let here, let there = incident.position {
                located = true
                let metres = here.distance(to: there)
                measure.nearest = metres
                reached = metres <= reach(here, there)
                place(metres, here, there, &measure.match)
            }
            if alike > 1 { measure.agreementPoints = rules.points.agreement }
            // One report without a place must not open the incident to the whole zone.
            if located, !reached { measure.veto = .distance } else if drills > 0, drills == incident.evidence.count { measure.veto = .drill }
        }
    }

    /// Takes the best of `matches`, the first among equals.
    /// - Returns: how many come to ``CorrelationRules/suggestAt``; those beyond the second need not be counted.
    private func matchTexts(
        _ tip: TipView, _ incident: IncidentView, _ matches: Slice<UnsafeMutableBufferPointer<EvidenceMatch>>,
        _ measure: inout PairMeasure
    ) -> Int {
        var (alike, found) = (0, false)
        for var match in matches {
            guard let index = match.evidence else { continue }
            if found, alike > 1 || mostPoints(match) < rules.suggestAt, mostPoints(match) <= measure.match.points { continue }
            scoreText(tip.features.terms, incident.evidence[index].features.terms, &match)
            if match.points >= rules.suggestAt { alike += 1 }
            if !found || match.points > measure.match.points { measure.match = match }
            found = true
        }
        return alike
    }

    /// What a match comes to at most, whatever the text says.
    private func mostPoints(_ match: EvidenceMatch) -> Int64 {
        Int64(match.points) - Int64(match.textPoints) + Int64(max(rules.points.text, rules.points.unknownText))
    }

    /// All that counts but the distance, which is there already, and the text.
    private func scoreFacts(_ tip: TipView, _ trace: IncidentView.Trace, _ match: inout EvidenceMatch) {
        let points = rules.points
        match.apart = Self.apart(tip.observedAt, trace.source.observedAt)
        match.timePoints = timeDecay(Double(match.apart))
        if tip.features.place != 0, tip.features.place == trace.features.place {
            match.samePlace = true
            match.placePoints = points.place
        }
        match.dwellingPoints = Int32(min(2, match.entities.same.intersection(.dwellings).count)) * points.dwelling
        match.entityPoints = entityPoints(match.entities)
        // The same building, and near, and the same words for the place say one thing three times.
        match.whereCap = min(0, points.whereMost - match.distancePoints - match.placePoints - match.dwellingPoints)
    }

    private func scoreText(_ mine: TextTerms, _ theirs: TextTerms, _ match: inout EvidenceMatch) {
        let points = rules.points
        match.textPoints = points.unknownText
        guard let script = mine.isHan, script == theirs.isHan else { return }
        match.textIsSilent = false
        match.similarity = mine.similarity(to: theirs, rules.text)
        // Nothing shared speaks against; a twentieth of what could be shared is chance.
        let unlike = points.unlike == 0 ? 0 : Double(points.unlike) * max(0, 1 - match.similarity * 20)
        match.textPoints = Int32((Double(points.text) * match.similarity - unlike).rounded())
    }

    private func entityPoints(_ entities: Entities.Comparison) -> Int32 {
        if entities.same.isEmpty, entities.against.isEmpty, !entities.pastDiffers { return 0 }
        let identifiers = !entities.same.intersection(.identifiers).isEmpty ? rules.points.identifier : 0
        let looks = Int32(min(2, entities.same.intersection(.appearances).count)) * rules.points.appearance
        let against = Int32(min(2, entities.against.count + (entities.pastDiffers ? 1 : 0))) * rules.points.contradiction
        return identifiers + looks - against
    }

    /// The points of a distance count the accuracies in: two circles that touch are on average as far apart as the root of
    /// the sum of the squares says.
    private func place(_ metres: Double, _ here: Position, _ there: Position, _ match: inout EvidenceMatch) {
        match.distance = metres
        let (one, two) = (slack(here), slack(there))
        let expected = one + two > 0 ? (metres * metres + one * one + two * two).squareRoot() : metres
        match.distancePoints = distanceDecay(expected)
    }

    /// How far apart two positions may be. An accuracy counts for no more than the maximum itself: one of
    /// kilometres says nothing about where, and must not join the whole zone.
    private func reach(_ here: Position, _ there: Position) -> Double {
        rules.maximumDistance + slack(here) + slack(there)
    }

    /// For a search that passes over what ``Veto/span`` rules out.
    func spanReach(of tip: TipView) -> SpanReach? {
        tip.position?.known.flatMap { SpanReach($0, slack: slack($0), rules: rules) }
    }

    private func slack(_ position: Position) -> Double {
        position.accuracy > 0 ? min(Double(position.accuracy), rules.maximumDistance) : 0
    }

    /// Milliseconds between two moments.
    static func apart(_ one: Timestamp, _ other: Timestamp) -> Int64 {
        one > other ? one.milliseconds(since: other) : other.milliseconds(since: one)
    }
}

extension Veto {
    init?(_ kind: Entities.Kind) {
        switch kind {
        case .plate: self = .plate
        case .phone: self = .phone
        case .building: self = .building
        case .unit: self = .unit
        case .room: self = .room
        case .bay: self = .bay
        case .floor: self = .floor
        default: return nil
        }
    }
}

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
    func measure(_ tip: TipView, _ row: Row, _ incident: IncidentView, now: Timestamp) -> PairMeasure {
        var measure = PairMeasure(id: incident.id, lastTipAt: incident.lastTipAt)
        measure.veto = veto(tip, incident, now: now, &measure)
        if measure.veto == nil { matchEvidence(tip, row, incident, &measure) }
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
    private func matchEvidence(_ tip: TipView, _ row: Row, _ incident: IncidentView, _ measure: inout PairMeasure) {
        let here = tip.position?.known
        var (located, reached, found, isKin) = (false, false, false, false)
        var (drills, alike) = (0, 0)
        for index in incident.evidence.indices {
            let affinity = row.percent(with: incident.evidence[index].categoryHash, incident.sources[index].category)
            guard affinity > 0 else { continue }
            isKin = true
            var match = EvidenceMatch()
            match.evidence = index
            match.categoryPoints = Int32(Int64(rules.points.category) * Int64(affinity) / 100)
            if let here, let there = incident.evidence[index].position {
                located = true
                let metres = here.distance(to: there)
                measure.nearest = min(measure.nearest ?? .infinity, metres)
                guard metres <= reach(here, there) else { continue }
                reached = true
                place(metres, here, there, &match)
            }
            let features = incident.evidence[index].features
            match.entities = tip.features.entities.compare(features.entities)
            if let kind = match.entities.veto, let veto = Veto(kind) {
                measure.veto = veto
                measure.match = match
                return
            }
            if match.entities.drillDiffers { drills += 1 }
            score(tip, features, incident.evidence[index].observedAt, &match)
            if match.points >= rules.suggestAt { alike += 1 }
            if !found || match.points > measure.match.points { measure.match = match }
            found = true
        }
        if !isKin, !incident.evidence.isEmpty {
            measure.veto = .category
            return
        }
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

    private func score(_ tip: TipView, _ theirs: TipFeatures, _ observedAt: Timestamp, _ match: inout EvidenceMatch) {
        let points = rules.points
        match.apart = Self.apart(tip.observedAt, observedAt)
        match.timePoints = timeDecay(Double(match.apart))
        let mine = tip.features
        match.textPoints = points.unknownText
        if let script = mine.terms.isHan, script == theirs.terms.isHan {
            match.textIsSilent = false
            match.similarity = mine.terms.similarity(to: theirs.terms, rules.text)
            // Nothing shared speaks against; a twentieth of what could be shared is chance.
            let unlike = points.unlike == 0 ? 0 : Double(points.unlike) * max(0, 1 - match.similarity * 20)
            match.textPoints = Int32((Double(points.text) * match.similarity - unlike).rounded())
        }
        if mine.place != 0, mine.place == theirs.place {
            match.samePlace = true
            match.placePoints = points.place
        }
        match.dwellingPoints = Int32(min(2, match.entities.same.intersection(.dwellings).count)) * points.dwelling
        match.entityPoints = entityPoints(match.entities)
        // The same building, and near, and the same words for the place say one thing three times.
        match.whereCap = min(0, points.whereMost - match.distancePoints - match.placePoints - match.dwellingPoints)
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

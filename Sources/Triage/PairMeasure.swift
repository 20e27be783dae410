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
    func question(_ tip: TipView, now: Timestamp) -> Question {
        let here = tip.position?.known
        return Question(
            tip: tip, row: row(tip.category), now: now, here: here, slack: here.map(slack) ?? 0, rough: here.flatMap { RoughDistance($0) })
    }

    /// - Parameter floor: an incident that certainly stays below it need not be measured to the end; it then has fewer points than that.
    func measure(_ asked: Question, _ incident: IncidentView, floor: Int32 = 0) -> PairMeasure {
        var measure = PairMeasure(id: incident.id, lastTipAt: incident.lastTipAt)
        measure.veto = veto(asked, incident, &measure)
        if measure.veto == nil { matchEvidence(asked, incident, floor: floor, &measure) }
        return measure
    }

    /// What rules the incident out before anything is compared.
    private func veto(_ asked: Question, _ incident: IncidentView, _ measure: inout PairMeasure) -> Veto? {
        if incident.zone != asked.tip.zone { return .zone }
        if incident.drill != asked.tip.drill { return .drill }
        measure.match.apart = Self.apart(asked.tip.observedAt, incident.newest)
        if measure.match.apart > rules.windowMilliseconds { return .window }
        if incident.clearedAt == nil, asked.now.milliseconds(since: incident.lastTipAt) > rules.windowMilliseconds { return .window }
        if asked.now.milliseconds(since: incident.openedAt) > rules.spanMilliseconds { return .span }
        return beyondSpan(asked, incident) == nil ? nil : .span
    }

    /// Metres to the incident's first tip where they are more than the span; nil where it is within, or one side has no position.
    func beyondSpan(_ asked: Question, _ incident: IncidentView) -> Double? {
        guard asked.now.milliseconds(since: incident.openedAt) <= rules.spanMilliseconds, let here = asked.here,
            let first = incident.whereabouts.first
        else { return nil }
        let limit = rules.spanMetres + asked.slack + slack(first)
        if asked.rough?.isWithin(limit, first) ?? false { return nil }
        let distance = here.distance(to: first)
        return distance > limit ? distance : nil
    }

    /// Metres to the nearest that is known of the incident; nil where one side has no position.
    func nearest(_ asked: Question, _ incident: IncidentView) -> Double? {
        guard let here = asked.here else { return nil }
        let places = incident.evidence.filter { asked.affinity($0) > 0 }.compactMap(\.position)
        return (places.isEmpty ? [incident.position].compactMap(\.self) : places).map { here.distance(to: $0) }.min()
    }

    /// Fills in the best match within reach, or the veto: all of it too far, or a contradiction with any of it. An incident of which
    /// no evidence has a position stands where ``Incident/position`` says.
    private func matchEvidence(_ asked: Question, _ incident: IncidentView, floor: Int32, _ measure: inout PairMeasure) {
        // Most evidence is of another kind or far, and texts cost most and count little. So three times over it: what may
        // match at all, then all but the texts, then those texts that something depends on.
        withUnsafeTemporaryAllocation(of: EvidenceMatch.self, capacity: incident.evidence.count) { matches in
            let (near, located) = findNear(asked, incident, matches)
            if near == 0, !incident.evidence.isEmpty {
                // Or none of it is kindred: which, only the one that decides is asked.
                measure.veto = .distance
                return
            }
            var (reached, drills, count) = (false, 0, 0)
            for place in 0..<near {
                guard let index = matches[place].evidence else { continue }
                let trace = incident.evidence[index]
                if let here = asked.here, let there = trace.position {
                    let metres = here.distance(to: there)
                    guard metres <= reach(asked, there) else { continue }
                    reached = true
                    locate(metres, asked, there, &matches[place])
                }
                matches[place].entities = asked.tip.features.entities.compare(trace.features.entities)
                if let kind = matches[place].entities.veto, let veto = Veto(kind) {
                    measure.veto = veto
                    measure.match = matches[place]
                    return
                }
                if matches[place].entities.drillDiffers { drills += 1 }
                scoreFacts(asked.tip, trace, &matches[place])
                if count < place { matches[count] = matches[place] }
                count += 1
            }
            let ownPlace = located ? nil : incident.position
            // What stands where the incident is gets points for that later.
            var gain = Int64(max(0, rules.points.agreement))
            if ownPlace != nil, asked.here != nil { gain += Int64(max(0, rules.points.distance)) }
            if floor > 0, count > 0, matches[..<count].allSatisfy({ mostPoints($0) + gain < floor }) { return }
            let alike = matchTexts(asked.tip, incident, matches[..<count], &measure)
            if let here = asked.here, let there = ownPlace {
                let metres = here.distance(to: there)
                reached = metres <= reach(asked, there)
                locate(metres, asked, there, &measure.match)
            }
            if alike > 1 { measure.agreementPoints = rules.points.agreement }
            // One report without a place must not open the incident to the whole zone.
            if asked.here != nil, located || ownPlace != nil, !reached {
                measure.veto = .distance
            } else if drills > 0, drills == incident.evidence.count {
                measure.veto = .drill
            }
        }
    }

    /// Puts down what is of a kindred category and not certainly out of reach.
    /// - Returns: how many, and whether any evidence of a kindred category and the tip have positions.
    private func findNear(
        _ asked: Question, _ incident: IncidentView, _ matches: UnsafeMutableBufferPointer<EvidenceMatch>
    ) -> (count: Int, located: Bool) {
        var (count, located) = (0, false)
        for (index, trace) in incident.evidence.enumerated() {
            let affinity = asked.affinity(trace)
            guard affinity > 0 else { continue }
            if asked.here != nil, let there = trace.position {
                located = true
                if asked.rough?.isBeyond(reach(asked, there), there) ?? false { continue }
            }
            var match = EvidenceMatch()
            match.evidence = index
            match.categoryPoints = Int32(Int64(rules.points.category) * Int64(affinity) / 100)
            matches.initializeElement(at: count, to: match)
            count += 1
        }
        return (count, located)
    }

    /// Tells what is too far from what is of another kind: both have no points, so only the one that decides is asked.
    func settle(_ measure: inout PairMeasure, _ asked: Question, _ incident: IncidentView) {
        if measure.veto == .distance, !incident.evidence.isEmpty, !incident.evidence.contains(where: { asked.affinity($0) > 0 }) {
            measure.veto = .category
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
        match.apart = Self.apart(tip.observedAt, trace.observedAt)
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
    private func locate(_ metres: Double, _ asked: Question, _ there: Position, _ match: inout EvidenceMatch) {
        match.distance = metres
        let (one, two) = (asked.slack, slack(there))
        let expected = one + two > 0 ? (metres * metres + one * one + two * two).squareRoot() : metres
        match.distancePoints = distanceDecay(expected)
    }

    /// How far apart two positions may be. An accuracy counts for no more than the maximum itself: one of
    /// kilometres says nothing about where, and must not join the whole zone.
    private func reach(_ asked: Question, _ there: Position) -> Double {
        rules.maximumDistance + asked.slack + slack(there)
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

import TipModel

// A comparison in words: what the journal keeps and the desk reads.
extension Correlator {
    /// The terms in this order, those that count nothing left out except distance, time and text: `distance` (or `distance.unknown`),
    /// `time`, `category` (or `category.kin`), `text` (or `text.unknown`), `same.place`, `same.<kind>`, `against.<kind>`. Under a
    /// veto its reason alone.
    func reasons(_ measure: PairMeasure, _ asked: Question, _ incident: IncidentView) -> [Reason] {
        let tip = asked.tip
        if let veto = measure.veto {
            return [Reason(code: veto.code, points: 0, detail: detail(of: veto, measure, asked, incident))]
        }
        let match = measure.match
        let category = match.evidence.map { incident.evidence[$0].category } ?? ""
        var reasons: [Reason] = []
        // Four and, as a rule, some of a cap, an agreement and what is named.
        reasons.reserveCapacity(10)
        reasons.append(distanceReason(measure, tip))
        reasons.append(Reason(code: "time", points: match.timePoints, detail: Self.span(match.apart)))
        reasons.append(
            category == tip.category
                ? Reason(code: "category", points: match.categoryPoints, detail: tip.category)
                : Reason(code: "category.kin", points: match.categoryPoints, detail: tip.category + " ~ " + category))
        reasons.append(
            match.textIsSilent
                ? Reason(code: "text.unknown", points: match.textPoints)
                : Reason(code: "text", points: match.textPoints, detail: String(Int((match.similarity * 100).rounded())) + " %"))
        if match.whereCap != 0 { reasons.append(Reason(code: "where.cap", points: match.whereCap)) }
        if match.samePlace { reasons.append(Reason(code: "same.place", points: match.placePoints)) }
        addEntities(match, to: &reasons)
        if measure.agreementPoints != 0 { reasons.append(Reason(code: "agreement", points: measure.agreementPoints)) }
        return reasons
    }

    /// One reason for each kind; the points as ``CorrelationPoints`` bounds them, so the last of a kind may count nothing.
    private func addEntities(_ match: EvidenceMatch, to reasons: inout [Reason]) {
        var (identifiers, dwellings, looks, against) = (0, 0, 0, 0)
        func points(_ each: Int32, _ count: inout Int, most: Int) -> Int32 {
            count += 1
            return count <= most ? each : 0
        }
        for kind in KindCodes.kinds(of: match.entities.same) {
            let counted: Int32
            if kind.isIdentifier {
                counted = points(rules.points.identifier, &identifiers, most: 1)
            } else if kind.isDwelling {
                counted = points(rules.points.dwelling, &dwellings, most: 2)
            } else if kind.isAppearance {
                counted = points(rules.points.appearance, &looks, most: 2)
            } else {
                continue
            }
            reasons.append(Reason(code: KindCodes.same[Int(kind.rawValue)], points: counted))
        }
        for kind in KindCodes.kinds(of: match.entities.against) {
            let counted = -points(rules.points.contradiction, &against, most: 2)
            reasons.append(Reason(code: KindCodes.against[Int(kind.rawValue)], points: counted))
        }
        if match.entities.pastDiffers {
            reasons.append(Reason(code: "against.past", points: -points(rules.points.contradiction, &against, most: 2)))
        }
    }

    private func distanceReason(_ measure: PairMeasure, _ tip: TipView) -> Reason {
        if let distance = measure.match.distance {
            return Reason(code: "distance", points: measure.match.distancePoints, detail: Self.metres(distance))
        }
        return Reason(code: "distance.unknown", points: 0, detail: tip.position?.known == nil ? "tip" : "incident")
    }

    private func detail(of veto: Veto, _ measure: PairMeasure, _ asked: Question, _ incident: IncidentView) -> String {
        let (tip, now) = (asked.tip, asked.now)
        return switch veto {
        case .zone: "\(tip.zone) / \(incident.zone)"
        case .drill: tip.drill != incident.drill ? (tip.drill ? "drill / real" : "real / drill") : ""
        case .window: Self.span(max(measure.match.apart, now.milliseconds(since: incident.lastTipAt)))
        case .category: "\(tip.category) / \(incident.category)"
        case .distance: Self.metres(nearest(asked, incident) ?? 0)
        case .span: beyondSpan(asked, incident).map { Self.metres($0) } ?? Self.span(now.milliseconds(since: incident.openedAt))
        case .plate, .phone, .building, .unit, .room, .bay, .floor: ""
        }
    }

    /// Whole minutes: "12 min".
    private static func span(_ milliseconds: Int64) -> String { String(milliseconds / 60_000) + " min" }

    private static func metres(_ distance: Double) -> String { String(Int(distance.rounded())) + " m" }
}

/// The codes of what is named, made once: spelling a kind by reflection took longer than comparing.
private enum KindCodes {
    /// By the raw value of the kind.
    static let same = Entities.Kind.allCases.map { "same.\($0)" }
    static let against = Entities.Kind.allCases.map { "against.\($0)" }

    /// In the order of their raw values.
    static func kinds(of set: Entities.Kinds) -> some Sequence<Entities.Kind> {
        Entities.Kind.allCases.lazy.filter { set.bits & 1 << UInt32($0.rawValue) != 0 }
    }
}

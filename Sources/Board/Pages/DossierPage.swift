import Localization
import TipModel

/// One incident with everything that is known of it.
struct DossierPage {
    struct Fact {
        let name: String
        let value: String
    }

    struct ReasonLine {
        let text: String
        let points: String
    }

    struct TipView {
        let id: String
        let key: String
        let postName: String
        let reporterName: String
        let canReveal: Bool
        let revealAddress: String
        let detachAddress: String?
        let at: String
        let observed: String
        let level: LevelView
        let scoreText: String
        let text: String?
        let tipPlace: String?
        let isPanic: Bool
        let becauseTitle: String
        let because: String
        let own: [ReasonLine]
        let photos: [String]
        let correlation: String?
    }

    struct CrewLine {
        let name: String
        let phase: String
        let since: String
        let isLead: Bool
    }

    let row: IncidentRow
    let score: String
    let facts: [Fact]
    let urgencyReasons: [ReasonLine]
    let tipViews: [TipView]
    let timelineLines: [TimelineLine]
    let isCut: Bool
    let crewLines: [CrewLine]
    let offers: [OfferForm]
    let isSplittable: Bool
    let hasOffers: Bool
    let mergedInto: String?
    let followed: String?
    let suggested: String?
    let number: String

    init(_ dossier: Dossier, _ scope: PageScope, active: IncidentID?) {
        let (incident, words) = (dossier.incident, scope.words)
        number = "\(incident.id.rawValue)"
        row = IncidentRow(incident, scope)
        score = words(.score, "\(incident.urgency.score)")
        urgencyReasons = incident.urgency.reasons.map { Self.line($0, scope) }
        facts = Self.facts(incident, scope)
        let offers = Offer.all(for: scope.user, on: incident, active: active, units: scope.overview.units, now: scope.now)
        self.offers = offers.filter { $0 != .split }.map { OfferForm($0, incident, scope) }
        // A split needs the ticks beside the tips, and so its button stands there.
        isSplittable = offers.contains(.split) && dossier.tips.count > 1
        hasOffers = !self.offers.isEmpty
        let isSplittable = isSplittable
        tipViews = dossier.tips.map { Self.tip($0, incident, scope, isSplittable: isSplittable) }
        timelineLines = Timeline(dossier.records, of: incident.id, scope).lines
        isCut = dossier.isCut
        crewLines = incident.crew.map { assignment in
            CrewLine(
                name: scope.names[assignment.unit], phase: words.catalogue.name(assignment.phase),
                since: words(.sinceTime, scope.clock.text(assignment.since)),
                isLead: incident.crew.count > 1 && assignment.unit == incident.holder)
        }
        mergedInto = incident.mergedInto.map { "\($0.rawValue)" }
        followed = incident.follows.map { "\($0.rawValue)" }
        suggested = incident.phase == .cleared ? nil : dossier.suggestion.map { "\($0.rawValue)" }
    }

    private static func facts(_ incident: Incident, _ scope: PageScope) -> [Fact] {
        let (words, names, clock) = (scope.words, scope.names, scope.clock)
        var facts: [Fact] = []
        func add(_ name: PageText, _ value: String?) {
            if let value, !value.isEmpty { facts.append(Fact(name: words(name), value: value)) }
        }
        add(.category, words.catalogue.category(incident.category))
        add(.zone, names[incident.zone])
        add(.place, incident.place)
        add(
            .coordinates,
            incident.position.map { "\(degrees($0.latitude)), \(degrees($0.longitude))" + ($0.accuracy > 0 ? " ±\(Int($0.accuracy.rounded())) m" : "") })
        add(.posts, incident.posts.map { names[$0] }.joined(separator: words.language == .zh ? "、" : "; "))
        add(.firstTip, clock.exact(incident.openedAt))
        if incident.tipCount > 1 { add(.lastTip, clock.exact(incident.lastTipAt)) }
        let seen = incident.acknowledgement.map { "\(names.name($0.by, words)) \(clock.text($0.at))" }
        add(.acknowledged, seen ?? (incident.phase == .open ? words(.notAcknowledged) : nil))
        add(.disposition, incident.disposition.map { words.catalogue.name($0) })
        let granted = incident.grants.filter { scope.now < $0.until }
        add(.grantedUnits, granted.map { "\(names[$0.unit]) → \(clock.text($0.until))" }.joined(separator: "; "))
        add(.takenApart, incident.apart.map { "#\($0.rawValue)" }.joined(separator: " "))
        if let regrade = incident.regrade {
            let parts = [
                scope.level(regrade.level).word, "\(regrade.by) \(clock.text(regrade.at))", regrade.reason,
                regrade.isOverruled ? words(.regradeOverruled) : "",
            ]
            add(.regrade, parts.filter { !$0.isEmpty }.joined(separator: " · "))
        }
        return facts
    }

    private static func tip(_ tip: Dossier.MemberTip, _ incident: Incident, _ scope: PageScope, isSplittable: Bool) -> TipView {
        let (member, words) = (tip.member, scope.words)
        let accepted = member.accepted
        let base = "/incidents/\(incident.id.rawValue)"
        return TipView(
            id: "\(accepted.tip.id)", key: "t\(accepted.tip.id)", postName: scope.names[accepted.post],
            reporterName: tip.pseudonym.isEmpty ? words(.unnamedReporter) : words(.reporter, tip.pseudonym),
            canReveal: scope.user.isDesk && !tip.pseudonym.isEmpty, revealAddress: base + "/reveal",
            detachAddress: isSplittable ? base + "/detach" : nil, at: scope.clock.exact(member.at),
            observed: words(.observedAt, scope.clock.exact(accepted.tip.observedAt)), level: scope.level(member.urgency.level),
            scoreText: words(.score, "\(member.urgency.score)"), text: accepted.tip.text.isEmpty ? nil : accepted.tip.text,
            tipPlace: accepted.tip.place.isEmpty ? nil : accepted.tip.place, isPanic: accepted.tip.panic,
            becauseTitle: words(member.score == nil ? .openedBecause : .joinedBecause),
            because: words.catalogue.reasons(member.reasons), own: member.urgency.reasons.map { line($0, scope) },
            photos: accepted.tip.attachments.map { base + "/photos/" + hexadecimal($0) },
            correlation: member.score.map { words(.correlationScore, "\($0)") })
    }

    private static func line(_ reason: Reason, _ scope: PageScope) -> ReasonLine {
        var bare = reason
        bare.points = 0
        return ReasonLine(
            text: scope.words.catalogue.reason(bare), points: reason.points == 0 ? "" : reason.points > 0 ? "+\(reason.points)" : "−\(reason.points.magnitude)")
    }

    /// Five decimals: a metre.
    private static func degrees(_ value: Double) -> String {
        guard value.magnitude <= 360 else { return "?" }
        let scaled = Int((value * 100_000).rounded())
        let (whole, part) = (scaled.magnitude / 100_000, String(scaled.magnitude % 100_000))
        return (scaled < 0 ? "−" : "") + "\(whole)." + String(repeating: "0", count: 5 - part.count) + part
    }
}

public import TipModel

/// What correlation looks at of a tip.
public struct TipView: Sendable {
    public var post: PostID
    /// The zone of the post.
    public var zone: ZoneID
    /// By the post's clock, as in ``Tip/observedAt``.
    public var observedAt: Timestamp
    public var category: String
    /// The tip's own position, or whatever stands in for it; nil or outside WGS 84 counts as unknown.
    public var position: Position?
    public var drill: Bool
    /// Whether it is an emergency by itself: it then takes more to put it into another incident.
    public var isEmergency: Bool
    public var features: TipFeatures

    public init(
        post: PostID, zone: ZoneID, observedAt: Timestamp, category: String, position: Position?, drill: Bool,
        isEmergency: Bool, features: TipFeatures
    ) {
        self.post = post
        self.zone = zone
        self.observedAt = observedAt
        self.category = category
        self.position = position
        self.drill = drill
        self.isEmergency = isEmergency
        self.features = features
    }

    /// The view of an accepted tip.
    public init(_ accepted: TipAccepted, isEmergency: Bool, features: TipFeatures) {
        self.init(
            post: accepted.post, zone: accepted.zone, observedAt: accepted.tip.observedAt,
            category: accepted.tip.category, position: accepted.position, drill: accepted.tip.drill,
            isEmergency: isEmergency, features: features)
    }
}

/// What a tip's words come to under the rules of the day. Worked out once and shared by reference from then on.
public final class TipFeatures: Sendable {
    let terms: TextTerms
    let entities: Entities
    /// It names a number plate or a telephone number.
    let hasIdentifiers: Bool
    /// A hash of the place in words, letters and digits alone; 0 where there are none.
    let place: UInt32

    /// - Parameters: as they stand in the tip; what ``Evidence`` does not keep does not count.
    public convenience init(text: String, place: String, weights: TermWeights) {
        self.init(kept: clipped(text, bytes: Evidence.textBytes), clipped(place, bytes: Evidence.placeBytes), weights)
    }

    convenience init(_ evidence: Evidence, weights: TermWeights) { self.init(kept: evidence.text, evidence.place, weights) }

    private init(kept text: String, _ place: String, _ weights: TermWeights) {
        terms = TextTerms(text, weights: weights)
        entities = Entities(text: text, place: place)
        hasIdentifiers = entities.all.contains(where: \.kind.isIdentifier)
        self.place = Self.hash(place: place)
    }

    private static func hash(place: String) -> UInt32 {
        var hash = TermHash.basis
        var isEmpty = true
        var place = place
        place.withUTF8 { bytes in
            var index = 0
            while index < bytes.count {
                var value = nextScalar(bytes, &index)
                switch value {
                case 0x41...0x5A: value += 0x20
                case 0x30...0x39, 0x61...0x7A: break
                case ..<0x80, 0x3000...0x303F, 0xFF00...0xFF0F: continue
                default: break
                }
                hash = TermHash.mix(hash, value)
                isEmpty = false
            }
        }
        return isEmpty ? 0 : max(1, hash)
    }
}

/// What correlation looks at of an incident. Made once when the incident changes and shared by reference from then on,
/// because a tip is compared with dozens of incidents and copying each would cost more than comparing it.
public final class IncidentView: Sendable {
    let id: IncidentID
    let zone: ZoneID
    let drill: Bool
    /// When it was cleared; nil while it is open.
    let clearedAt: Timestamp?
    let isEmergency: Bool
    let category: String
    let openedAt: Timestamp
    let lastTipAt: Timestamp
    /// Nil where it is no place on earth.
    let position: Position?
    let whereabouts: Whereabouts
    /// The first tip's first; see ``Incident/Limits/evidence``.
    let evidence: [Trace]
    /// When its newest evidence was observed, by the posts' clocks.
    let newest: Timestamp

    /// Whether it still takes tips as a matter of course.
    public var isOpen: Bool { clearedAt == nil }

    /// What is compared of one member tip. Made once for it, and shared by all views of its incident. They share no array with the
    /// incident, which could else not be changed where it lies.
    final class Trace: Sendable {
        /// As the incident keeps it.
        let source: Evidence
        let observedAt: Timestamp
        let category: String
        /// By `stableHash`.
        let categoryHash: UInt64
        /// Nil where it is no place on earth.
        let position: Position?
        let features: TipFeatures

        init(_ source: Evidence, features: TipFeatures) {
            self.source = source
            observedAt = source.observedAt
            category = source.category
            categoryHash = stableHash(category)
            position = source.position?.known
            self.features = features
        }
    }

    /// - Parameters:
    ///   - previous: the view that this one takes the place of; what both know is not worked out again.
    ///   - newest: the features of the evidence that came last, where they are at hand.
    public init(_ incident: borrowing Incident, weights: TermWeights, previous: IncidentView? = nil, newest known: TipFeatures? = nil) {
        id = incident.id
        zone = incident.zone
        drill = incident.drill
        clearedAt = incident.phase == .cleared ? incident.phaseSince : nil
        isEmergency = incident.urgency.level == .emergency
        openedAt = incident.openedAt
        lastTipAt = incident.lastTipAt
        position = incident.position?.known
        category = incident.category
        let last = incident.evidence.count - 1
        var newest: Timestamp?
        evidence = Array(unsafeUninitializedCapacity: incident.evidence.count) { traces, count in
            for index in incident.evidence.indices {
                let source = incident.evidence[index]
                let trace: Trace
                if index == last, let known {
                    trace = Trace(source, features: known)
                } else {
                    trace = previous?.trace(of: source, near: index) ?? Trace(source, features: TipFeatures(source, weights: weights))
                }
                traces.initializeElement(at: index, to: trace)
                count += 1
                newest = max(newest ?? trace.observedAt, trace.observedAt)
            }
        }
        whereabouts = Whereabouts(first: evidence.first?.position ?? position, positions: evidence.lazy.map(\.position))
        self.newest = newest ?? incident.lastTipAt
    }

    /// That of the same evidence in this view. Evidence keeps its place, or moves down by one when an older one goes.
    private func trace(of wanted: Evidence, near index: Int) -> Trace? {
        if index < evidence.count, evidence[index].source == wanted { return evidence[index] }
        if index + 1 < evidence.count, evidence[index + 1].source == wanted { return evidence[index + 1] }
        return nil
    }
}

/// Why a tip cannot be about an incident, whatever the points.
public enum Veto: String, CaseIterable, Sendable {
    /// It belongs to another zone.
    case zone
    /// One is a drill, or speaks of one, and the other is real.
    case drill
    /// Seen too long before or after the incident's newest tip, or nothing has come in for it too long.
    case window
    /// The categories never describe one event.
    case category
    /// Too far from everything known of the incident.
    case distance
    /// Too far from its first tip, or too long after it: chains of neighbours must not wander.
    case span
    /// They name different plates.
    case plate
    /// They name different telephone numbers, and not as the reporter's own.
    case phone
    /// They name different buildings.
    case building
    /// They name different units.
    case unit
    /// They name different rooms.
    case room
    /// They name different parts of a place, as B1 and B2.
    case bay
    /// They name floors that are not even neighbours.
    case floor

    /// The code of its reason: `veto.zone` and so on.
    public var code: String { "veto." + rawValue }
}

/// One tip against one incident.
public struct PairScore: Hashable, Sendable {
    /// The sum of the reasons' points; 0 under a veto.
    public var points: Int32
    /// One for each term; or the veto's reason alone.
    public var reasons: [Reason]
    public var veto: Veto?

    public init(points: Int32, reasons: [Reason], veto: Veto?) {
        self.points = points
        self.reasons = reasons
        self.veto = veto
    }
}

/// What a tip may be about, as ``OpenIncidentIndex`` finds it: the most recently reported first in each.
public struct Candidates: Sendable {
    public var open: [IncidentView]
    /// Cleared ones, which take late reports for a while and are linked to after it.
    public var cleared: [IncidentView]

    public init(open: [IncidentView] = [], cleared: [IncidentView] = []) {
        self.open = open
        self.cleared = cleared
    }
}

/// What becomes of a tip: the three bands.
public enum CorrelationDecision: Hashable, Sendable {
    /// It belongs to this incident; `score` is the sum of the reasons' points.
    case attach(IncidentID, score: Int32, reasons: [Reason])
    /// It opens an incident of its own, and why. The first reason is one of
    /// - `alone`: nothing open nearby;
    /// - `below`: the best candidate reached too little (detail "#7 48/60"); its terms follow;
    /// - `suggested`: the best candidate came close (same detail): the desk is asked, `suggestion` names it;
    /// - `vetoed`: every candidate was ruled out (detail: the newest, "#7"); its `veto.…` follows;
    /// - `follows`: it would belong to an incident that is over (detail "#7"), `follows` names it; its terms follow.
    case open(reasons: [Reason], suggestion: IncidentID? = nil, follows: IncidentID? = nil)
}

extension Position {
    /// Self, unless it is no place on earth: positions come from outside, and one NaN spoils every comparison.
    var known: Position? {
        (-90...90).contains(latitude) && (-180...180).contains(longitude) ? self : nil
    }
}

extension CorrelationDecision {
    /// Why, whichever it is.
    public var reasons: [Reason] {
        switch self {
        case .attach(_, _, let reasons), .open(let reasons, _, _): reasons
        }
    }
}

public import TipModel

/// What correlation looks at of a tip: where it comes from and what it says, without the text itself.
public struct TipView: Hashable, Sendable {
    public var post: PostID
    /// The zone of the post.
    public var zone: ZoneID
    /// By the post's clock, as in ``Tip/observedAt``.
    public var observedAt: Timestamp
    public var category: String
    /// The tip's own position, or whatever stands in for it; nil or outside WGS 84 counts as unknown.
    public var position: Position?
    public var signature: TextSignature
    public var drill: Bool

    public init(
        post: PostID, zone: ZoneID, observedAt: Timestamp, category: String, position: Position?,
        signature: TextSignature, drill: Bool
    ) {
        self.post = post
        self.zone = zone
        self.observedAt = observedAt
        self.category = category
        self.position = position
        self.signature = signature
        self.drill = drill
    }

    /// The view of `tip` as sent by `post`. Computes the text's signature.
    public init(_ tip: Tip, post: PostID, zone: ZoneID) {
        self.init(
            post: post, zone: zone, observedAt: tip.observedAt, category: tip.category, position: tip.position,
            signature: TextSignature(tip.text), drill: tip.drill)
    }
}

/// What correlation looks at of an incident. Made once when the incident changes and shared by reference from then on,
/// because a tip is compared with dozens of incidents and copying each would cost more than comparing it.
public final class IncidentView: Sendable {
    let id: IncidentID
    let zone: ZoneID
    let drill: Bool
    let isCleared: Bool
    /// Its category's hash, compared first: reading the text itself would be a fetch from memory for each candidate.
    let categoryHash: Int
    let category: String
    /// Further categories of its evidence.
    let categories: [String]
    let lastTipAt: Timestamp
    /// Nil where it is no place on earth.
    let position: Position?
    let evidence: [Trace]
    /// When its newest evidence was observed, by the posts' clocks.
    let newest: Timestamp

    /// What is compared of one member tip.
    struct Trace {
        var position: Position?
        var signature: TextSignature
    }

    public init(_ incident: Incident) {
        id = incident.id
        zone = incident.zone
        drill = incident.drill
        isCleared = incident.phase == .cleared
        categoryHash = incident.category.hashValue
        category = incident.category
        lastTipAt = incident.lastTipAt
        position = incident.position?.known
        var categories: [String] = []
        for evidence in incident.evidence where evidence.category != incident.category {
            if !categories.contains(evidence.category) { categories.append(evidence.category) }
        }
        self.categories = categories
        evidence = incident.evidence.map { Trace(position: $0.position?.known, signature: $0.signature) }
        newest = incident.evidence.map(\.observedAt).max() ?? incident.lastTipAt
    }
}

/// Why a tip cannot be about an incident, whatever the points.
public enum Veto: String, CaseIterable, Sendable {
    /// The incident is cleared: it swallows nothing more.
    case cleared
    /// It belongs to another zone.
    case zone
    /// One is a drill and the other is real.
    case drill
    /// Seen too long before or after the incident's newest tip, or nothing has come in for it too long.
    case window
    /// The categories never describe one event.
    case category
    /// Too far from everything known of the incident.
    case distance

    /// The code of its reason: `veto.zone` and so on.
    public var code: String { "veto." + rawValue }
}

/// One tip against one incident.
public struct PairScore: Hashable, Sendable {
    /// The sum of the reasons' points; 0 under a veto.
    public var points: Int32
    /// `distance`, `time`, `category` (or `category.compatible`) and `text`, one each; or the veto's reason alone.
    public var reasons: [Reason]
    public var veto: Veto?

    public init(points: Int32, reasons: [Reason], veto: Veto?) {
        self.points = points
        self.reasons = reasons
        self.veto = veto
    }
}

/// What becomes of a tip.
public enum CorrelationDecision: Hashable, Sendable {
    /// It belongs to this open incident; `score` is the sum of the reasons' points.
    case attach(IncidentID, score: Int32, reasons: [Reason])
    /// It opens an incident of its own, and why. The first reason is one of
    /// - `alone`: nothing open nearby;
    /// - `below`: the best candidate reached too little (detail "#7 48/60"); its terms follow;
    /// - `vetoed`: every candidate was ruled out (detail: the newest, "#7"); its `veto.…` follows.
    case open(reasons: [Reason])
}

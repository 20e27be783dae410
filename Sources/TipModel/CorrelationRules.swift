/// When a tip is about an open incident. The pair score is a sum of whole points, each a reason that a person can check;
/// at ``attachAt`` the tip attaches, at ``suggestAt`` the desk is asked, below it opens an incident of its own.
public struct CorrelationRules: Hashable, Sendable {
    /// Milliseconds after an incident's newest tip in which another may still attach.
    public var windowMilliseconds: Int64
    /// Milliseconds between two tips at which the time points have fallen noticeably; see ``Decay``.
    public var timeScaleMilliseconds: Int64
    /// Metres beyond which nothing attaches, before the accuracies of both positions are added.
    public var maximumDistance: Double
    /// Metres at which the distance points have fallen noticeably; see ``Decay``.
    public var distanceScale: Double
    /// Metres from an incident's first tip beyond which nothing attaches, so that chains of neighbours do not wander.
    public var spanMetres: Double
    /// Milliseconds after an incident was opened in which it takes tips.
    public var spanMilliseconds: Int64
    /// Radius in metres that stands for "somewhere at this post" where a tip gives no position of its own.
    public var postAccuracy: Float
    public var points: CorrelationPoints
    public var attachAt: Int32
    public var suggestAt: Int32
    /// Points that an emergency needs beyond ``attachAt``, whichever side it is on: hiding one costs most.
    public var emergencyMargin: Int32
    /// Milliseconds after clearing in which late reports of the same event still go to a cleared incident.
    public var clearedGraceMilliseconds: Int64
    /// Milliseconds after clearing in which a new incident is linked to it as a later occurrence.
    public var followMilliseconds: Int64
    /// At most this many open incidents are compared, the most recently reported first; and a third as many cleared ones.
    public var candidateBound: Int
    /// How far two categories may describe one event, in percent of the category points.
    public var affinity: CategoryAffinity
    public var text: TextRules

    public init(
        windowMilliseconds: Int64, timeScaleMilliseconds: Int64, maximumDistance: Double, distanceScale: Double,
        spanMetres: Double, spanMilliseconds: Int64, postAccuracy: Float, points: CorrelationPoints, attachAt: Int32,
        suggestAt: Int32, emergencyMargin: Int32, clearedGraceMilliseconds: Int64, followMilliseconds: Int64,
        candidateBound: Int, affinity: CategoryAffinity, text: TextRules
    ) {
        self.windowMilliseconds = windowMilliseconds
        self.timeScaleMilliseconds = timeScaleMilliseconds
        self.maximumDistance = maximumDistance
        self.distanceScale = distanceScale
        self.spanMetres = spanMetres
        self.spanMilliseconds = spanMilliseconds
        self.postAccuracy = postAccuracy
        self.points = points
        self.attachAt = attachAt
        self.suggestAt = suggestAt
        self.emergencyMargin = emergencyMargin
        self.clearedGraceMilliseconds = clearedGraceMilliseconds
        self.followMilliseconds = followMilliseconds
        self.candidateBound = candidateBound
        self.affinity = affinity
        self.text = text
    }
}

/// What each thing in common, or against, counts for; 0…1,000 each.
public struct CorrelationPoints: Hashable, Sendable {
    /// For no distance at all.
    public var distance: Int32
    /// For no time between.
    public var time: Int32
    /// For the same category at 100 percent affinity.
    public var category: Int32
    /// For the same words; see ``TextRules``.
    public var text: Int32
    /// Where the texts cannot be compared: no words, or a Chinese and a Latin one.
    public var unknownText: Int32
    /// Taken off where two texts in one script share nothing.
    public var unlike: Int32
    /// For the same place in words.
    public var place: Int32
    /// For the same number plate, or telephone number.
    public var identifier: Int32
    /// For the same building, unit, floor or room, each up to twice.
    public var dwelling: Int32
    /// For the same clothing, hair, bag or vehicle colour, each up to twice.
    public var appearance: Int32
    /// For a second member tip that would come to ``CorrelationRules/suggestAt`` by itself.
    public var agreement: Int32
    /// Taken off for each contradiction in appearance, sex, gate, venue or day, up to twice.
    public var contradiction: Int32

    public init(
        distance: Int32, time: Int32, category: Int32, text: Int32, unknownText: Int32 = 0, unlike: Int32 = 0,
        place: Int32 = 0, identifier: Int32 = 0, dwelling: Int32 = 0, appearance: Int32 = 0, agreement: Int32 = 0,
        contradiction: Int32 = 0
    ) {
        self.distance = distance
        self.time = time
        self.category = category
        self.text = text
        self.unknownText = unknownText
        self.unlike = unlike
        self.place = place
        self.identifier = identifier
        self.dwelling = dwelling
        self.appearance = appearance
        self.agreement = agreement
        self.contradiction = contradiction
    }

    /// The most that nearness, the place in words and the dwelling count together: they say one thing.
    public var whereMost: Int32 { distance + place }

    /// The most that any pair can reach.
    public var most: Int32 { whereMost + time + category + max(text, unknownText) + identifier + 2 * appearance + agreement }
}

/// Which categories may describe one event: a symmetric matrix of percentages.
public struct CategoryAffinity: Hashable, Sendable {
    /// Two different categories in either order.
    public struct Pair: Hashable, Sendable {
        public let low: String
        public let high: String

        public init(_ one: String, _ other: String) {
            low = min(one, other)
            high = max(one, other)
        }
    }

    /// Percent, 0…100; a pair of a category with itself says how much two of that kind have in common.
    public var pairs: [Pair: Int32]
    /// For two different categories that ``pairs`` does not list; 0 rules an incident out.
    public var others: Int32

    public init(pairs: [Pair: Int32] = [:], others: Int32 = 0) {
        self.pairs = pairs
        self.others = others
    }

    /// Percent of the category points for these two.
    public subscript(one: String, other: String) -> Int32 {
        pairs[Pair(one, other)] ?? (one == other ? 100 : others)
    }
}

/// How alike two texts are: shared / (shared + smoothing + lesser · least + greater · most), where `shared` is the weight of the
/// terms that both have, and `least` and `most` are the weights of what each alone has, the smaller and the larger.
///
/// The weight of a term is its inverse document frequency, ln((documents + 1) / (frequency + ½)). The smoothing
/// makes short texts, which share much by chance, count for less than long ones.
public struct TextRules: Hashable, Sendable {
    public var smoothing: Double
    public var lesser: Double
    public var greater: Double
    /// Texts that ``frequencies`` were counted in.
    public var documents: UInt32
    /// In how many of them a Chinese character, a pair of them, or a word occurs. Terms that are not listed occur in none.
    public var frequencies: [String: UInt32]

    public init(
        smoothing: Double = 40, lesser: Double = 0.5, greater: Double = 0.5, documents: UInt32 = 1_000,
        frequencies: [String: UInt32] = [:]
    ) {
        self.smoothing = smoothing
        self.lesser = lesser
        self.greater = greater
        self.documents = documents
        self.frequencies = frequencies
    }
}

extension CorrelationRules {
    /// Rules under which nothing attaches.
    public static let none = CorrelationRules(
        windowMilliseconds: 0, timeScaleMilliseconds: 1, maximumDistance: 0, distanceScale: 1, spanMetres: 0,
        spanMilliseconds: 0, postAccuracy: 0, points: CorrelationPoints(distance: 0, time: 0, category: 0, text: 0),
        attachAt: 1, suggestAt: 1, emergencyMargin: 0, clearedGraceMilliseconds: 0, followMilliseconds: 0,
        candidateBound: 1, affinity: CategoryAffinity(), text: TextRules())
}

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
public import TipModel

/// What the wording of a text says as a whole. Made once from the rules, then pure.
struct WordingModel: Sendable {
    /// The verdict on one text.
    struct Verdict {
        /// The level of least expected cost.
        var level: UrgencyLevel
        /// 0…1: where in its level it stands, higher the more speaks for a higher one.
        var leaning: Double
        /// The probability of an emergency.
        var emergency: Double
        /// The terms that spoke most for the level, the strongest first.
        var telling: [String]
    }

    private static let levels = UrgencyLevel.allCases
    /// Terms that a reason names.
    private static let toldTerms = 3

    private let terms: [UInt64: SIMD4<Float>]
    private let bias: SIMD4<Float>
    private let categories: [String: SIMD4<Float>]
    private let night: SIMD4<Float>
    private let marks: [String: SIMD4<Float>]
    private let costs: [[Double]]
    let doubt: Double

    init(_ rules: WordingRules) {
        var terms: [UInt64: SIMD4<Float>] = Dictionary(minimumCapacity: rules.terms.count)
        for (term, weights) in rules.terms { terms[WordingTerms.hash(of: term)] = Self.vector(weights) }
        self.terms = terms
        bias = Self.vector(rules.bias)
        categories = rules.categories.mapValues(Self.vector)
        night = Self.vector(rules.night)
        marks = rules.marks.mapValues(Self.vector)
        let cost = [0, 1, Double(rules.twoLevelsCost), Double(rules.threeLevelsCost)]
        costs = (0..<4).map { expected in (0..<4).map { cost[abs(expected - $0)] } }
        doubt = Double(rules.doubtPercent) / 100
    }

    /// - Parameter lexical: what the lexicon alone makes of the same tip.
    func read(_ text: String, category: String, night isNight: Bool, lexical: Urgency) -> Verdict {
        let found = WordingTerms(text)
        var sum = bias + (categories[category] ?? .zero)
        if isNight { sum += night }
        for mark in WordingMarks.codes(of: lexical) { sum += marks[mark] ?? .zero }
        // In a fixed order: floating-point sums depend on it, and a replay must give the same.
        var known: [(hash: UInt64, weights: SIMD4<Float>)] = []
        for hash in found.hashes { if let weights = terms[hash] { known.append((hash, weights)) } }
        known.sort { $0.hash < $1.hash }
        for term in known { sum += term.weights }
        let shares = Self.softmax(sum)
        let best = cheapest(shares)
        let above = shares[(best + 1)...].reduce(0, +), below = shares[..<best].reduce(0, +)
        return Verdict(
            level: Self.levels[best], leaning: min(1, max(0, 0.5 + (above - below) / 2)), emergency: shares[3],
            telling: tell(known, best, found))
    }

    private func cheapest(_ shares: [Double]) -> Int {
        var best = (level: 0, cost: Double.infinity)
        for level in 0..<4 {
            var cost = 0.0
            for expected in 0..<4 { cost += shares[expected] * costs[expected][level] }
            // Among equals the higher one.
            if cost <= best.cost { best = (level, cost) }
        }
        return best.level
    }

    /// The strongest terms for `level`, none a part of another.
    private func tell(_ known: [(hash: UInt64, weights: SIMD4<Float>)], _ level: Int, _ found: WordingTerms) -> [String] {
        func strength(_ weights: SIMD4<Float>) -> Float { weights[level] - weights.sum() / 4 }
        let strongest = known.filter { strength($0.weights) > 0 }
            .sorted { (strength($0.weights), $1.hash) > (strength($1.weights), $0.hash) }
        var told: [String] = []
        for term in strongest.prefix(4 * Self.toldTerms) where told.count < Self.toldTerms {
            let text = found.text(of: term.hash)
            if !told.contains(where: { $0.contains(text) || text.contains($0) }) { told.append(text) }
        }
        return told
    }

    private static func softmax(_ sum: SIMD4<Float>) -> [Double] {
        let most = Double(sum.max())
        let powers = (0..<4).map { exp(Double(sum[$0]) - most) }
        let all = powers.reduce(0, +)
        return powers.map { $0 / all }
    }

    private static func vector(_ weights: WordingRules.Weights) -> SIMD4<Float> {
        SIMD4(Float(weights.routine), Float(weights.priority), Float(weights.urgent), Float(weights.emergency)) / 100
    }
}

/// What of the lexicon's judgement the wording is weighed by. Fitting and scoring must ask alike.
public enum WordingMarks {
    /// In the order of the reasons, each once; the category and the night are weighed by themselves.
    public static func codes(of lexical: Urgency) -> [String] {
        var codes = ["level." + lexical.level.name]
        for reason in lexical.reasons where reason.code != "category" && reason.code != "night" {
            if !codes.contains(reason.code) { codes.append(reason.code) }
        }
        return codes
    }
}

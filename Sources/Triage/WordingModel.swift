#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
public import TipModel

/// What the wording of a text says as a whole. Made once from the rules, then pure.
///
/// Weights are whole hundredths and their sums exact, so that no order of adding matters and a replay gives the same.
final class WordingModel: Sendable {
    typealias Weights = SIMD4<Int32>

    /// The verdict on one text.
    struct Verdict {
        /// The level of least expected cost.
        var level: UrgencyLevel
        /// 0…1: where in its level it stands, higher the more speaks for a higher one.
        var leaning: Double
        /// The probability of an emergency.
        var emergency: Double
        /// The terms that spoke most for the level, the strongest first: "躺 · 喊 · 血".
        var telling: String
    }

    private static let levels = UrgencyLevel.allCases
    /// Terms that a reason names, and among how many of the strongest they are sought.
    private static let toldTerms = 3
    private static let soughtTerms = 12

    private let terms: WordingTable
    private let bias: Weights
    let categories: [String: Weights]
    private let night: Weights
    /// By level, and by reason code as the scorer numbers them.
    private let levelMarks: [Weights]
    private let marks: [Weights]
    /// By the level that is true: what each answer costs.
    private let costs: [SIMD4<Double>]
    let doubt: Double

    /// - Parameter codes: of reasons, as the scorer numbers them.
    init(_ rules: WordingRules, codes: [String]) {
        terms = WordingTable(rules.terms)
        bias = Weights(rules.bias)
        categories = rules.categories.mapValues { Weights($0) }
        night = Weights(rules.night)
        levelMarks = Self.levels.map { rules.marks[WordingMarks.level + $0.name].map { Weights($0) } ?? .zero }
        marks = codes.map { rules.marks[$0].map { Weights($0) } ?? .zero }
        let cost = [0, 1, Double(rules.twoLevelsCost), Double(rules.threeLevelsCost)]
        costs = (0..<4).map { expected in SIMD4((0..<4).map { cost[abs(expected - $0)] }) }
        doubt = Double(rules.doubtPercent) / 100
    }

    func mark(level: UrgencyLevel) -> Weights { levelMarks[Int(level.rawValue) - 1] }
    func mark(code: Int) -> Weights { marks[code] }

    /// - Parameters:
    ///   - category: by ``categories``.
    ///   - marks: what the lexicon alone makes of the same tip, summed up.
    func read(_ text: UnsafeBufferPointer<UInt8>, category: Weights, night isNight: Bool, marks: Weights) -> Verdict {
        WordingCut.with(text) { cut in
            // No more terms are known than the text or the table has.
            let bound = max(1, min(cut.bound, terms.count))
            return withUnsafeTemporaryAllocation(of: Known.self, capacity: bound) { known in
                terms.withLookup { terms in
                    var sum = bias &+ marks &+ category
                    if isNight { sum &+= night }
                    let count = Self.find(cut, terms, known)
                    for index in 0..<count { sum &+= terms.weights(of: known[index].entry) }
                    let shares = Self.softmax(sum)
                    let best = cheapest(shares)
                    var (above, below) = (0.0, 0.0)
                    for level in best + 1..<max(4, best + 1) { above += shares[level] }
                    for level in 0..<best { below += shares[level] }
                    return Verdict(
                        level: Self.levels[best], leaning: min(1, max(0, 0.5 + (above - below) / 2)), emergency: shares[3],
                        telling: Self.tell(UnsafeMutableBufferPointer(rebasing: known[..<count]), best, cut, terms))
                }
            }
        }
    }

    /// A term of the text that the table has.
    private struct Known {
        var number: Int32
        var place: WordingCut.Place

        var entry: Int { Int(number) }
    }

    /// Notes the terms of the text that are known, each once; gives back how many.
    private static func find(_ cut: WordingCut, _ terms: WordingTable.Lookup, _ known: UnsafeMutableBufferPointer<Known>) -> Int {
        // Where each that was noted stands, from 1, by its number; never full, and as good as empty where a text's terms are mostly
        // unknown. A bit for every term would take longer to clear than most texts do.
        let places = (known.count + 1).nextPowerOfTwo
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: places) { noted in
            noted.initialize(repeating: 0)
            var count = 0
            cut.forEachTerm(known: terms) { entry, place in
                var slot = entry & (places - 1)
                while noted[slot] != 0 {
                    if known[Int(noted[slot]) - 1].entry == entry { return }
                    slot = (slot + 1) & (places - 1)
                }
                known.initializeElement(at: count, to: Known(number: Int32(truncatingIfNeeded: entry), place: place))
                count += 1
                noted[slot] = Int32(truncatingIfNeeded: count)
            }
            return count
        }
    }

    private func cheapest(_ shares: SIMD4<Double>) -> Int {
        var expected = SIMD4<Double>.zero
        for level in 0..<4 { expected += costs[level] * shares[level] }
        var best = (level: 0, cost: Double.infinity)
        // Among equals the higher one.
        for level in 0..<4 where expected[level] <= best.cost { best = (level, expected[level]) }
        return best.level
    }

    /// The strongest of `known` for `level`, none a part of another. Their order is lost.
    private static func tell(
        _ known: UnsafeMutableBufferPointer<Known>, _ level: Int, _ cut: WordingCut, _ terms: WordingTable.Lookup
    ) -> String {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, known.count)) { strengths in
            // Those that speak for it, moved to the front.
            var count = 0
            for index in known.indices {
                let strength = terms.strength(of: known[index].entry, for: level)
                guard strength > 0 else { continue }
                strengths.initializeElement(at: count, to: strength)
                known[count] = known[index]
                count += 1
            }
            return cut.withWriter(places: toldTerms + 1, separator: " · ") { writer in
                for _ in 0..<soughtTerms where writer.count < toldTerms && count > 0 {
                    let strongest = strongest(known, strengths, count, terms)
                    writer.write(known[strongest].place)
                    if writer.repeatsItself { writer.takeBack() }
                    count -= 1
                    (strengths[strongest], known[strongest]) = (strengths[count], known[count])
                }
                return writer.string
            }
        }
    }

    /// The one that speaks most for the level; among equals that of the lower hash.
    private static func strongest(
        _ known: UnsafeMutableBufferPointer<Known>, _ strengths: UnsafeMutableBufferPointer<Float>, _ count: Int,
        _ terms: WordingTable.Lookup
    ) -> Int {
        var best = 0
        for index in 1..<max(1, count) where strengths[index] >= strengths[best] {
            if strengths[index] == strengths[best], terms.hash(of: known[index].entry) > terms.hash(of: known[best].entry) { continue }
            best = index
        }
        return best
    }

    private static func softmax(_ sum: Weights) -> SIMD4<Double> {
        let most = Double(sum.max())
        var powers = SIMD4<Double>.zero
        for level in 0..<4 { powers[level] = exp((Double(sum[level]) - most) / 100) }
        return powers / (powers[0] + powers[1] + powers[2] + powers[3])
    }
}

/// What of the lexicon's judgement the wording is weighed by. Fitting and scoring must ask alike.
public enum WordingMarks {
    static let level = "level."

    /// In the order of the reasons, each once; the category and the night are weighed by themselves.
    public static func codes(of lexical: Urgency) -> [String] {
        var codes = [level + lexical.level.name]
        for reason in lexical.reasons where reason.code != "category" && reason.code != "night" {
            if !codes.contains(reason.code) { codes.append(reason.code) }
        }
        return codes
    }
}

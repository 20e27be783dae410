// Multinomial logistic regression over the terms of labelled tips, with a quadratic penalty: convex, so that the data and the
// two penalties determine the result, not the order of rows or a seed.

internal import Glibc
public import TipModel
internal import Triage

/// Labelled tips, cut into terms.
public struct WordingSample: Sendable {
    struct Row: Sendable {
        var level: Int
        var terms: [UInt64]
        var category: String
        var night: Bool
        var marks: [String]
    }

    var rows: [Row] = []
    /// The text of each term, for the table.
    var names: [UInt64: String] = [:]
    /// How many rows have it.
    var counts: [UInt64: Int] = [:]

    public var count: Int { rows.count }

    public init() {}

    /// All rows of several, in order.
    init(_ samples: [WordingSample]) {
        for sample in samples {
            rows += sample.rows
            names.merge(sample.names) { first, _ in first }
            counts.merge(sample.counts, uniquingKeysWith: +)
        }
    }

    /// - Parameter lexical: what the lexicon alone makes of the tip.
    public mutating func append(_ tip: Tip, expected: UrgencyLevel, night: Bool, lexical: Urgency) {
        let terms = WordingTerms(tip.text)
        let hashes = terms.hashes.sorted()
        for hash in hashes {
            counts[hash, default: 0] += 1
            if names[hash] == nil { names[hash] = terms.text(of: hash) }
        }
        rows.append(
            Row(
                level: Int(expected.rawValue) - 1, terms: hashes, category: tip.category, night: night,
                marks: WordingMarks.codes(of: lexical)))
    }
}

/// How ``fitWording(_:options:)`` fits.
public struct WordingFitOptions: Sendable {
    /// A term must be in so many rows.
    public var leastRows = 2
    /// Factors of the sums of squares of the weights of terms: of one Chinese character, of one Latin word or its beginning, of
    /// two in a row, and of three or of two with a gap. The longer a term, the more of what it seems to say is chance.
    public var characterPenalty = 0.6
    public var wordPenalty = 0.6
    public var pairPenalty = 0.9
    public var longPenalty = 1.6
    /// The same of category and night, of the lexicon's level and of its reasons. The lexicon is held short: it knows some of
    /// the tips that are fitted on, and none of those to come.
    public var sidePenalty = 0.17
    public var levelPenalty = 26.0
    public var reasonPenalty = 100.0
    /// By how much, in logits, the true level must stand above one that is two off before the row counts as learnt; above one
    /// three off by twice that. So what the table learns first is to keep far levels apart.
    public var margin = 1.5
    /// Terms whose weights differ by less, in hundredths of a logit, are left out of the table.
    public var leastSpread: Int32 = 12
    public var iterations = 120

    public init() {}

    /// Of the weights of `term`, as rules write it.
    func penalty(of term: String) -> Double {
        let scalars = term.unicodeScalars
        if let first = scalars.first, first.value >= 0x4E00 {
            return scalars.count == 1 ? characterPenalty : scalars.count == 2 ? pairPenalty : longPenalty
        }
        let words = scalars.count { $0 == " " } + 1
        return words == 1 ? wordPenalty : words == 2 ? pairPenalty : longPenalty
    }
}

/// Fits the weights of terms, category, night and the lexicon's marks.
/// - Returns: a table with the rules' default costs.
public func fitWording(_ sample: WordingSample, options: WordingFitOptions = WordingFitOptions()) -> WordingRules {
    let terms = sample.counts.filter { $0.value >= options.leastRows }.keys.sorted()
    let categories = Set(sample.rows.map(\.category)).sorted()
    var columns: [UInt64: Int32] = Dictionary(minimumCapacity: terms.count)
    for (index, term) in terms.enumerated() { columns[term] = Int32(index) }
    let marks = Set(sample.rows.flatMap(\.marks)).sorted()
    let firstCategory = terms.count, night = firstCategory + categories.count
    let firstMark = night + 1, bias = firstMark + marks.count
    var penalties = terms.map { sample.names[$0].map(options.penalty(of:)) ?? options.longPenalty }
    penalties += [Double](repeating: options.sidePenalty, count: categories.count + 1)
    penalties += marks.map { $0.hasPrefix("level.") ? options.levelPenalty : options.reasonPenalty } + [0]
    var sides: [String: Int32] = [:]
    for (index, category) in categories.enumerated() { sides["category." + category] = Int32(firstCategory + index) }
    for (index, mark) in marks.enumerated() { sides["mark." + mark] = Int32(firstMark + index) }
    let rows = sample.rows.map { row in
        var indices = row.terms.compactMap { columns[$0] }
        indices += (["category." + row.category] + row.marks.map { "mark." + $0 }).compactMap { sides[$0] }
        if row.night { indices.append(Int32(night)) }
        indices.append(Int32(bias))
        return (level: row.level, columns: indices)
    }
    let weights = minimise(columns: bias + 1, iterations: options.iterations) { weights, gradient in
        logLoss(rows, weights: weights, penalties: penalties, margin: options.margin, gradient: &gradient)
    }
    func table(_ column: Int) -> WordingRules.Weights {
        func hundredths(_ level: Int) -> Int32 { Int32((weights[4 * column + level] * 100).rounded()) }
        return WordingRules.Weights(
            routine: hundredths(0), priority: hundredths(1), urgent: hundredths(2), emergency: hundredths(3))
    }
    var rules = WordingRules(bias: table(bias), night: table(night))
    for (index, category) in categories.enumerated() { rules.categories[category] = table(firstCategory + index) }
    for (index, mark) in marks.enumerated() { rules.marks[mark] = table(firstMark + index) }
    for (index, term) in terms.enumerated() {
        let entry = table(index)
        let all = [entry.routine, entry.priority, entry.urgent, entry.emergency]
        let spread = all.reduce(Int32.min, max) - all.reduce(Int32.max, min)
        if spread >= options.leastSpread, let name = sample.names[term] { rules.terms[name] = entry }
    }
    return rules
}

/// The penalised loss of `weights` (four for each column, one a level), and its gradient. Levels far from the true one are given
/// their margin, so that the loss asks for as much more between them (softmax margin, Gimpel and Smith 2010).
private func logLoss(
    _ rows: [(level: Int, columns: [Int32])], weights: [Double], penalties: [Double], margin: Double, gradient: inout [Double]
) -> Double {
    let margins = (0..<4).map { expected in SIMD4((0..<4).map { margin * Double(max(0, abs(expected - $0) - 1)) }) }
    var loss = 0.0
    for column in penalties.indices {
        for level in 0..<4 {
            let weight = weights[4 * column + level]
            loss += penalties[column] * weight * weight
            gradient[4 * column + level] = 2 * penalties[column] * weight
        }
    }
    for row in rows {
        var sum = margins[row.level]
        for column in row.columns {
            let at = 4 * Int(column)
            sum += SIMD4(weights[at], weights[at + 1], weights[at + 2], weights[at + 3])
        }
        let most = sum.max()
        var shares = SIMD4<Double>.zero
        for level in 0..<4 { shares[level] = exp(sum[level] - most) }
        let all = shares.sum()
        loss += most + log(all) - sum[row.level]
        shares /= all
        shares[row.level] -= 1
        for column in row.columns {
            let at = 4 * Int(column)
            for level in 0..<4 { gradient[at + level] += shares[level] }
        }
    }
    return loss
}

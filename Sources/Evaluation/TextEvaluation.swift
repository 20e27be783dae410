// How well the text part of correlation tells pairs that mean the same from pairs that do not, on a file that it has never
// seen. Which words are common is counted in the file itself, without its labels, as the shipped frequencies are in tips.

public import TipModel
internal import Triage

/// What ``evaluateText(_:rules:)`` found.
public struct TextEvaluation: Sendable, Codable, Equatable {
    public var pairs: Int
    /// The best F1 over all thresholds of the similarity.
    public var bestF1: Double
    /// Precision at the highest threshold that finds half of the pairs that mean the same.
    public var precisionAtRecall50: Double
    /// Of comparing alone, both texts from scratch; the machine's, so it says little about another one.
    public var pairsPerSecond: Double

    enum CodingKeys: String, CodingKey {
        case pairs
        case bestF1 = "best_f1"
        case precisionAtRecall50 = "precision_at_recall_50"
        case pairsPerSecond = "pairs_per_second"
    }
}

/// Reads lines of two texts and 1 or 0, separated by tabs, without a header.
/// - Throws: ``EvaluationError`` with the line that is wrong.
public func evaluateText(_ file: String, rules: TextRules) throws -> TextEvaluation {
    var pairs: [(one: String, other: String, same: Bool)] = []
    for (index, line) in try FileChunks(file).lines().enumerated() where !line.isEmpty {
        let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        guard fields.count == 3 else {
            throw EvaluationError(file: file, line: index + 1, "has \(fields.count) fields between tabs, 3 are needed")
        }
        guard let one = String(validating: fields[0], as: UTF8.self), let other = String(validating: fields[1], as: UTF8.self) else {
            throw EvaluationError(file: file, line: index + 1, "is not UTF-8")
        }
        switch String(decoding: fields[2], as: UTF8.self) {
        case "1": pairs.append((one, other, true))
        case "0": pairs.append((one, other, false))
        case let label: throw EvaluationError(file: file, line: index + 1, "the third field must be 0 or 1, is '\(label.prefix(20))'")
        }
    }
    guard pairs.contains(where: \.same) else {
        throw EvaluationError(file: file, line: nil, "has no pair with label 1")
    }
    var counter = TermCounter()
    for text in Set(pairs.flatMap { [$0.one, $0.other] }) { counter.add(text) }
    let comparison = TextComparison(rules, weights: counter.weights)
    let clock = ContinuousClock()
    var scored: [(similarity: Double, same: Bool)] = []
    scored.reserveCapacity(pairs.count)
    let time = clock.measure {
        for pair in pairs { scored.append((comparison.similarity(pair.one, pair.other), pair.same)) }
    }
    let (f1, precision) = retrieval(scored)
    return TextEvaluation(
        pairs: pairs.count, bestF1: f1, precisionAtRecall50: precision, pairsPerSecond: (Double(pairs.count) / seconds(time)).rounded())
}

/// Best F1, and precision at a recall of a half, over all thresholds.
private func retrieval(_ scored: [(similarity: Double, same: Bool)]) -> (f1: Double, precision: Double) {
    let ranked = scored.sorted { $0.similarity > $1.similarity }
    let all = Double(ranked.count(where: \.same))
    var (found, best, precision) = (0.0, 0.0, 0.0)
    for (index, pair) in ranked.enumerated() {
        if pair.same { found += 1 }
        // Equal similarities cannot be told apart by a threshold.
        if index + 1 < ranked.count, ranked[index + 1].similarity == pair.similarity { continue }
        let taken = Double(index + 1)
        best = max(best, 2 * found / (taken + all))
        if precision == 0, found * 2 >= all { precision = found / taken }
    }
    return (best, precision)
}

func seconds(_ duration: Duration) -> Double {
    max(1e-9, Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)
}

internal import Glibc

/// The exact (Clopper–Pearson) upper bound of a share: the largest for which seeing `count` of `all`, or fewer, still
/// has a chance of 1 − `confidence`. One-sided. 1 for an empty sample.
public func upperBound(_ count: Int, of all: Int, confidence: Double = 0.95) -> Double {
    guard all > 0, count < all else { return 1 }
    var (low, high) = (Double(max(0, count)) / Double(all), 1.0)
    for _ in 0..<60 {
        let middle = (low + high) / 2
        if chance(ofAtMost: max(0, count), of: all, share: middle) > 1 - confidence { low = middle } else { high = middle }
    }
    return high
}

private func chance(ofAtMost count: Int, of all: Int, share: Double) -> Double {
    guard share > 0 else { return 1 }
    guard share < 1 else { return count >= all ? 1 : 0 }
    var sum = 0.0
    var term = Double(all) * log1p(-share)  // The logarithm of the chance of exactly 0.
    for k in 0...count {
        if k > 0 { term += log(Double(all - k + 1)) - log(Double(k)) + log(share) - log1p(-share) }
        sum += exp(term)
    }
    return sum
}

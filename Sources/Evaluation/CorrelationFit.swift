internal import TipModel

/// Settings that a search found on some years, in the words of the configuration.
public struct FittedCorrelation: Sendable, Codable, Equatable {
    public var distanceScaleMetres: Int
    public var timeScaleMinutes: Int
    public var distancePoints: Int32
    public var timePoints: Int32
    public var categoryPoints: Int32
    public var affinityOfOthers: Int32
    /// The mean recall over attach rates of 3 to 12 %, of each row against all before it.
    public var objective: Double

    enum CodingKeys: String, CodingKey {
        case distanceScaleMetres = "distance_scale_m"
        case timeScaleMinutes = "time_scale_min"
        case distancePoints = "distance_points"
        case timePoints = "time_points"
        case categoryPoints = "category_points"
        case affinityOfOthers = "affinity_of_others"
        case objective
    }
}

extension CorrelationTrial {
    /// Searches one setting after another over a coarse grid, twice round: few settings and round numbers, so that what is
    /// found is the shape of the data and not its noise.
    public func fit(progress: (FittedCorrelation) -> Void = { _ in }) -> FittedCorrelation {
        var best = FittedCorrelation(
            distanceScaleMetres: 100, timeScaleMinutes: 480, distancePoints: 150, timePoints: 300, categoryPoints: 100,
            affinityOfOthers: 50, objective: 0)
        best.objective = objective(best)
        let grids: [(WritableKeyPath<FittedCorrelation, Int32>, [Int32])] = [
            (\.distancePoints, [50, 75, 100, 125, 150, 200, 250, 300]), (\.categoryPoints, [40, 70, 100, 140, 180]),
            (\.affinityOfOthers, [1, 25, 50, 75, 100]),
        ]
        let scales: [(WritableKeyPath<FittedCorrelation, Int>, [Int])] = [
            (\.distanceScaleMetres, [20, 40, 70, 100, 150, 250]), (\.timeScaleMinutes, [60, 120, 240, 480, 960, 1_920]),
        ]
        for _ in 0..<2 {
            for (key, values) in scales { improve(&best, key, values, progress) }
            for (key, values) in grids { improve(&best, key, values, progress) }
        }
        return best
    }

    private func improve<Value: Equatable>(
        _ best: inout FittedCorrelation, _ key: WritableKeyPath<FittedCorrelation, Value>, _ values: [Value],
        _ progress: (FittedCorrelation) -> Void
    ) {
        for value in values where value != best[keyPath: key] {
            var trial = best
            trial[keyPath: key] = value
            trial.objective = objective(trial)
            if trial.objective > best.objective {
                best = trial
                progress(best)
            }
        }
    }

    private func objective(_ settings: FittedCorrelation) -> Double {
        var rules = rules
        rules.distanceScale = Double(settings.distanceScaleMetres)
        rules.timeScaleMilliseconds = Int64(settings.timeScaleMinutes) * 60_000
        rules.points.distance = settings.distancePoints
        rules.points.time = settings.timePoints
        rules.points.category = settings.categoryPoints
        rules.affinity.others = settings.affinityOfOthers
        let points = bestPoints(under: rules)
        var ranked = zip(points, rows).map { (points: $0, isFlagged: $1.isFlagged) }
        ranked.sort { $0.points > $1.points }
        let flagged = Double(ranked.count(where: \.isFlagged))
        let others = Double(ranked.count) - flagged
        var (taken, found, sum) = (0.0, 0.0, 0.0)
        var rates = stride(from: 0.03, through: 0.1201, by: 0.01).makeIterator()
        var wanted = rates.next()
        var count = 0.0
        for row in ranked {
            if row.isFlagged { found += 1 } else { taken += 1 }
            while let rate = wanted, taken >= rate * others {
                sum += found / flagged
                count += 1
                wanted = rates.next()
            }
        }
        return sum / max(1, count)
    }
}

public import TipModel
internal import Triage

/// Labelled files for the wording, one source each.
public struct WordingTrial {
    /// A file's rows graded by what was fitted on the other files.
    public struct HeldOut: Sendable, Codable, Equatable {
        public var file: String
        public var result: UrgencyEvaluation
    }

    private let files: [String]
    private let rules: TriageRules
    /// Of each file, in order: cut and graded by the lexicon once, however often it teaches.
    private let samples: [WordingSample]

    /// - Parameter rules: for categories, lexicon, night and costs; their wording is replaced.
    /// - Throws: ``EvaluationError`` for a file that cannot be read or used.
    public init(_ files: [String], rules: TriageRules) throws {
        self.files = files
        self.rules = rules
        var lexical = rules
        lexical.urgency.wording = nil
        let scorer = UrgencyScorer(lexical)
        samples = try files.map { file in
            var sample = WordingSample()
            try Self.read(file, rules) { tip, expected, _ in
                sample.append(tip, expected: expected, night: scorer.isNight(tip.observedAt), lexical: scorer.score(tip))
            }
            return sample
        }
    }

    /// The table for all files together.
    public func fit(_ options: WordingFitOptions = WordingFitOptions()) -> (rules: WordingRules, rows: Int) {
        let all = WordingSample(samples)
        return (fitted(all, options), all.count)
    }

    /// Each file, graded by the production scorer with what the others taught: what to expect of wordings nobody has read.
    public func holdingOut(
        _ options: WordingFitOptions = WordingFitOptions(), progress: (HeldOut) -> Void = { _ in }
    ) throws -> (files: [HeldOut], all: UrgencyEvaluation) {
        var results: [HeldOut] = []
        var all = UrgencyTally()
        for (index, file) in files.enumerated() {
            var trial = rules
            let others = samples.enumerated().filter { $0.offset != index }.map(\.element)
            trial.urgency.wording = fitted(WordingSample(others), options)
            let scorer = UrgencyScorer(trial)
            var tally = UrgencyTally()
            try Self.read(file, rules) { tip, expected, _ in
                let level = scorer.score(tip).level
                tally.add(expected: expected, scored: level)
                all.add(expected: expected, scored: level)
            }
            results.append(HeldOut(file: file, result: tally.result))
            progress(results[results.count - 1])
        }
        return (results, all.result)
    }

    private func fitted(_ sample: WordingSample, _ options: WordingFitOptions) -> WordingRules {
        var wording = fitWording(sample, options: options)
        if let now = rules.urgency.wording {
            wording.twoLevelsCost = now.twoLevelsCost
            wording.threeLevelsCost = now.threeLevelsCost
            wording.doubtPercent = now.doubtPercent
        }
        return wording
    }

    private static func read(_ file: String, _ rules: TriageRules, _ body: (Tip, UrgencyLevel, Int) -> Void) throws {
        let chunks = try FileChunks(file)
        var rows = CSVRows(file: file) { try chunks.next() }
        try forEachLabelledTip(&rows, file: file, rules: rules, body)
    }
}

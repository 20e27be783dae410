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

    /// - Parameter rules: for categories, lexicon, night and costs; their wording is replaced.
    /// - Throws: ``EvaluationError`` for a file that cannot be read or used.
    public init(_ files: [String], rules: TriageRules) throws {
        self.files = files
        self.rules = rules
        for file in files { _ = try sample([file]) }
    }

    /// The table for all files together.
    public func fit(_ options: WordingFitOptions = WordingFitOptions()) throws -> (rules: WordingRules, rows: Int) {
        let sample = try sample(files)
        return (fitted(sample, options), sample.count)
    }

    /// Each file, graded by the production scorer with what the others taught: what to expect of wordings nobody has read.
    public func holdingOut(
        _ options: WordingFitOptions = WordingFitOptions(), progress: (HeldOut) -> Void = { _ in }
    ) throws -> (files: [HeldOut], all: UrgencyEvaluation) {
        var results: [HeldOut] = []
        var all = UrgencyTally()
        for file in files {
            var trial = rules
            trial.urgency.wording = fitted(try sample(files.filter { $0 != file }), options)
            let scorer = UrgencyScorer(trial)
            var tally = UrgencyTally()
            try read(file) { tip, expected, _ in
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

    private func sample(_ files: [String]) throws -> WordingSample {
        var lexical = rules
        lexical.urgency.wording = nil
        let scorer = UrgencyScorer(lexical)
        var sample = WordingSample()
        for file in files {
            try read(file) { tip, expected, _ in
                sample.append(
                    tip, expected: expected, night: scorer.isNight(tip.observedAt), lexical: scorer.score(tip))
            }
        }
        return sample
    }

    private func read(_ file: String, _ body: (Tip, UrgencyLevel, Int) -> Void) throws {
        let chunks = try FileChunks(file)
        var rows = CSVRows(file: file) { try chunks.next() }
        try forEachLabelledTip(&rows, file: file, rules: rules, body)
    }
}

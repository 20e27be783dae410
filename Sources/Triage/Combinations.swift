// Rules that rest on other rules: a tool with climbing, a child with "missing", the same at night.

internal import TipModel

/// `needs` and `unless` of the word rules, compiled to indices.
struct Combinations: Sendable {
    private enum Condition {
        case word(Int)
        case night
        case category(String)
    }

    private struct Entry {
        var rule: Int
        /// Each of these, by one of its choices.
        var needs: [[Condition]]
        var unless: [Condition]
        /// Whether the rule has phrases of its own.
        var isSaid: Bool
        /// Whether it rests on the category or the hour alone: then it stands for a text that says nothing.
        var isBare: Bool
    }

    private let entries: [Entry]
    private let ruleCount: Int

    init(_ words: [WordRule]) {
        let index = Dictionary(words.enumerated().map { ($1.code, $0) }, uniquingKeysWith: { first, _ in first })
        func condition(_ code: String) -> Condition? {
            if code == "night" { return .night }
            if code.hasPrefix("category.") { return .category(String(code.dropFirst(9))) }
            return index[code].map { .word($0) }
        }
        ruleCount = words.count
        entries = words.enumerated().compactMap { rule, word in
            guard !word.needs.isEmpty || !word.unless.isEmpty else { return nil }
            return Entry(
                rule: rule, needs: word.needs.map { $0.compactMap(condition) }, unless: word.unless.compactMap(condition),
                isSaid: !word.phrases.isEmpty,
                isBare: word.phrases.isEmpty && !word.needs.joined().contains { index[$0] != nil })
        }
    }

    /// `findings`, in the order of the rules, without those whose conditions fail and with the combinations that hold.
    /// `bare`: whether the text says nothing that any rule knows.
    func apply(
        _ findings: [WordFinder.Finding], category: String, night: Bool, bare: Bool = false
    ) -> [WordFinder.Finding] {
        guard !entries.isEmpty else { return findings }
        return withUnsafeTemporaryAllocation(of: Int16.self, capacity: max(1, ruleCount)) { places in
            // Where each rule's finding stands; −1 where it is not said, or does not count.
            places.initialize(repeating: -1)
            var result = findings
            for (place, finding) in findings.enumerated() where finding.suppression == nil {
                places[finding.rule] = Int16(place)
            }
            var dropped = false
            for entry in entries {
                if entry.isSaid, places[entry.rule] < 0 { continue }
                if entry.isBare, !bare { continue }
                var limit = UrgencyLevel.emergency
                var limitedBy: Int?
                var phrases: [String] = []
                let holds =
                    !entry.unless.contains { met($0, places, category, night) }
                    && entry.needs.allSatisfy { choices in
                        guard let condition = choices.first(where: { met($0, places, category, night) }) else { return false }
                        if case .word(let rule) = condition {
                            let finding = result[Int(places[rule])]
                            if finding.limit < limit { (limit, limitedBy) = (finding.limit, finding.limitedBy) }
                            if !entry.isSaid { phrases.append(finding.phrase) }
                        }
                        return true
                    }
                if entry.isSaid {
                    let place = Int(places[entry.rule])
                    if !holds {
                        places[entry.rule] = -1
                        result[place].rule = -1
                        dropped = true
                    } else if limit < result[place].limit {
                        (result[place].limit, result[place].limitedBy) = (limit, limitedBy)
                    }
                } else if holds {
                    places[entry.rule] = Int16(result.count)
                    result.append(
                        WordFinder.Finding(
                            rule: entry.rule, phrase: phrases.joined(separator: " + "), limit: limit, limitedBy: limitedBy))
                }
            }
            if dropped { result.removeAll { $0.rule < 0 } }
            if result.count > 1 { result.sort { $0.rule < $1.rule } }
            return result
        }
    }

    private func met(
        _ condition: Condition, _ places: UnsafeMutableBufferPointer<Int16>, _ category: String, _ night: Bool
    ) -> Bool {
        switch condition {
        case .word(let rule): places[rule] >= 0
        case .night: night
        case .category(let code): code == category
        }
    }
}

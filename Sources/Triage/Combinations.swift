// Rules that rest on other rules: a tool with climbing, a child with "missing", the same at night.

internal import TipModel

/// `needs` and `unless` of the word rules, compiled to indices.
struct Combinations: Sendable {
    private struct Entry {
        var rule: Int
        /// Indices of ``groups``: each of these, by one of its choices.
        var needs: Range<Int>
        /// Indices of ``conditions``.
        var unless: Range<Int>
        /// Whether the rule has phrases of its own.
        var isSaid: Bool
        /// Whether it rests on the category or the hour alone: then it stands for a text that says nothing.
        var isBare: Bool
    }

    private let entries: [Entry]
    /// Choices, as indices of ``conditions``.
    private let groups: [Range<Int>]
    /// Places of what is known of a tip: the word rules, the night, then ``categories``.
    private let conditions: [Int32]
    private let ruleCount: Int
    /// Those that conditions name.
    private let categories: [String]

    init(_ words: [WordRule]) {
        let index = Dictionary(words.enumerated().map { ($1.code, $0) }, uniquingKeysWith: { first, _ in first })
        var categories: [String] = []
        var conditions: [Int32] = []
        var groups: [Range<Int>] = []
        func condition(_ code: String) -> Int32? {
            if code == "night" { return Int32(words.count) }
            guard code.hasPrefix("category.") else { return index[code].map { Int32($0) } }
            let category = String(code.dropFirst(9))
            let known = categories.firstIndex(of: category) ?? categories.count
            if known == categories.count { categories.append(category) }
            return Int32(words.count + 1 + known)
        }
        func add(_ codes: [String]) -> Range<Int> {
            let start = conditions.count
            conditions += codes.compactMap(condition)
            return start..<conditions.count
        }
        ruleCount = words.count
        entries = words.enumerated().compactMap { rule, word in
            guard !word.needs.isEmpty || !word.unless.isEmpty else { return nil }
            let start = groups.count
            for choices in word.needs { groups.append(add(choices)) }
            return Entry(
                rule: rule, needs: start..<groups.count, unless: add(word.unless), isSaid: !word.phrases.isEmpty,
                isBare: word.phrases.isEmpty && !word.needs.joined().contains { index[$0] != nil })
        }
        (self.conditions, self.groups, self.categories) = (conditions, groups, categories)
    }

    /// Leaves out of `findings`, which stand in the order of the rules, those whose conditions fail, and adds the combinations
    /// that hold.
    /// - Parameters:
    ///   - bare: whether the text says nothing that any rule knows.
    ///   - bytes: the text.
    func apply(
        to findings: inout [WordFinder.Finding], category: String, night: Bool, bare: Bool, bytes: UnsafeBufferPointer<UInt8>
    ) {
        guard !entries.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: ruleCount + 1 + categories.count) { places in
            // Where each rule's finding stands; −1 where it is not said, or does not count. What else holds is 0.
            places.initialize(repeating: -1)
            for (place, finding) in findings.enumerated() where finding.suppression == nil {
                places[finding.rule] = Int32(clamping: place)
            }
            if night { places[ruleCount] = 0 }
            if let known = categories.firstIndex(of: category) { places[ruleCount + 1 + known] = 0 }
            apply(to: &findings, places, bare: bare, bytes: bytes)
        }
    }

    private func apply(
        to findings: inout [WordFinder.Finding], _ places: UnsafeMutableBufferPointer<Int32>, bare: Bool,
        bytes: UnsafeBufferPointer<UInt8>
    ) {
        let said = findings.count
        var dropped = false
        for index in entries.indices {
            let entry = entries[index]
            if entry.isSaid, places[entry.rule] < 0 { continue }
            if entry.isBare, !bare { continue }
            let holds = !entry.unless.contains { met($0, places) } && entry.needs.allSatisfy { first(of: $0, places) != nil }
            if entry.isSaid, !holds {
                findings[Int(places[entry.rule])].rule = -1
                places[entry.rule] = -1
                dropped = true
                continue
            }
            guard holds else { continue }
            var limit = UrgencyLevel.emergency
            var limitedBy: Int?
            var phrases: [String] = []
            for group in entry.needs {
                guard let rule = first(of: group, places), rule < ruleCount else { continue }
                let finding = findings[Int(places[rule])]
                if finding.limit < limit { (limit, limitedBy) = (finding.limit, finding.limitedBy) }
                if !entry.isSaid { phrases.append(finding.text(in: bytes)) }
            }
            if entry.isSaid {
                let place = Int(places[entry.rule])
                if limit < findings[place].limit { (findings[place].limit, findings[place].limitedBy) = (limit, limitedBy) }
            } else {
                places[entry.rule] = Int32(clamping: findings.count)
                findings.append(
                    WordFinder.Finding(
                        rule: entry.rule, phrase: 0..<0, joined: phrases.joined(separator: " + "), limit: limit, limitedBy: limitedBy))
            }
        }
        if dropped { findings.removeAll { $0.rule < 0 } }
        if findings.count > 1, dropped || findings.count > said { findings.sort { $0.rule < $1.rule } }
    }

    private func met(_ condition: Int, _ places: UnsafeMutableBufferPointer<Int32>) -> Bool { places[Int(conditions[condition])] >= 0 }

    /// The first of a group's choices that holds.
    private func first(of group: Int, _ places: UnsafeMutableBufferPointer<Int32>) -> Int? {
        for choice in groups[group] where met(choice, places) { return Int(conditions[choice]) }
        return nil
    }
}

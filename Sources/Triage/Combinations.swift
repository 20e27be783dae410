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
    let categories: [String]
    /// Sets of entries, a bit for each, ``width`` numbers long: first those that are always looked at, then for each place those that it
    /// takes to hold. Most entries need what a text does not say.
    private let wakes: [UInt64]
    private let width: Int

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
        let width = (entries.count + 63) / 64
        var wakes = [UInt64](repeating: 0, count: width * (words.count + 2 + categories.count))
        for (number, entry) in entries.enumerated() {
            // A rule with phrases is looked at where it is said, another where the shortest of its groups may hold.
            var places: [Int] = [0]
            if entry.isSaid {
                places = [entry.rule + 1]
            } else if let group = groups[entry.needs].min(by: { $0.count < $1.count }) {
                places = group.map { Int(conditions[$0]) + 1 }
            }
            for place in places { wakes[place * width + number >> 6] |= 1 << UInt64(number & 63) }
        }
        (self.conditions, self.groups, self.categories, self.wakes, self.width) = (conditions, groups, categories, wakes, width)
    }

    /// Leaves out of the findings of `reading`, which stand in the order of the rules, those whose conditions fail, and adds the
    /// combinations that hold.
    /// - Parameters:
    ///   - category: by index of ``categories``; nil where no rule names it.
    ///   - bare: whether the text says nothing that any rule knows.
    func apply(to reading: inout WordFinder.Reading, category: Int?, night: Bool, bare: Bool) {
        guard !entries.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: ruleCount + 1 + categories.count) { places in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: width) { awake in
                // Where each rule's finding stands; −1 where it is not said, or does not count. What else holds is 0.
                places.initialize(repeating: -1)
                for set in 0..<width { awake.initializeElement(at: set, to: wakes[set]) }
                for place in reading.findings.indices where reading.findings[place].suppression == nil {
                    let rule = reading.findings[place].rule
                    places[rule] = Int32(clamping: place)
                    wake(rule, awake)
                }
                if night {
                    places[ruleCount] = 0
                    wake(ruleCount, awake)
                }
                if let category {
                    places[ruleCount + 1 + category] = 0
                    wake(ruleCount + 1 + category, awake)
                }
                apply(to: &reading, places, awake, bare: bare)
            }
        }
    }

    /// Adds to the set of entries that are looked at those that `place` takes.
    private func wake(_ place: Int, _ awake: UnsafeMutableBufferPointer<UInt64>) {
        for set in 0..<width { awake[set] |= wakes[(place + 1) * width + set] }
    }

    private func apply(
        to reading: inout WordFinder.Reading, _ places: UnsafeMutableBufferPointer<Int32>, _ awake: UnsafeMutableBufferPointer<UInt64>,
        bare: Bool
    ) {
        let said = reading.findings.count
        var dropped = false
        for set in 0..<width {
            // An entry that holds wakes others; those before it were not to be asked again.
            var passed: UInt64 = 0
            while awake[set] & ~passed != 0 {
                let bit = (awake[set] & ~passed).trailingZeroBitCount
                passed |= bit == 63 ? .max : (1 << UInt64(bit + 1)) - 1
                look(at: entries[set << 6 | bit], &reading, places, awake, bare: bare, &dropped)
            }
        }
        if dropped { reading.findings.removeAll { $0.rule < 0 } }
        if reading.findings.count > 1, dropped || reading.findings.count > said { reading.findings.sort { $0.rule < $1.rule } }
    }

    private func look(
        at entry: Entry, _ reading: inout WordFinder.Reading, _ places: UnsafeMutableBufferPointer<Int32>,
        _ awake: UnsafeMutableBufferPointer<UInt64>, bare: Bool, _ dropped: inout Bool
    ) {
        if entry.isSaid, places[entry.rule] < 0 { return }
        if entry.isBare, !bare { return }
        guard holds(entry, places) else {
            if entry.isSaid {
                reading.findings[Int(places[entry.rule])].rule = -1
                places[entry.rule] = -1
                dropped = true
            }
            return
        }
        var limit = UrgencyLevel.emergency
        var limitedBy: Int?
        let firstPiece = reading.pieces.count
        for group in entry.needs {
            guard let rule = first(of: group, places), rule < ruleCount else { continue }
            let finding = reading.findings[Int(places[rule])]
            if finding.limit < limit { (limit, limitedBy) = (finding.limit, finding.limitedBy) }
            if !entry.isSaid { reading.addPieces(of: finding) }
        }
        if entry.isSaid {
            let place = Int(places[entry.rule])
            if limit < reading.findings[place].limit {
                (reading.findings[place].limit, reading.findings[place].limitedBy) = (limit, limitedBy)
            }
        } else {
            places[entry.rule] = Int32(clamping: reading.findings.count)
            reading.findings.append(
                WordFinder.Finding(
                    rule: entry.rule, phrase: 0..<0, pieces: firstPiece..<reading.pieces.count, limit: limit, limitedBy: limitedBy))
            wake(entry.rule, awake)
        }
    }

    private func holds(_ entry: Entry, _ places: UnsafeMutableBufferPointer<Int32>) -> Bool {
        for condition in entry.unless where met(condition, places) { return false }
        for group in entry.needs where first(of: group, places) == nil { return false }
        return true
    }

    private func met(_ condition: Int, _ places: UnsafeMutableBufferPointer<Int32>) -> Bool { places[Int(conditions[condition])] >= 0 }

    /// The first of a group's choices that holds.
    private func first(of group: Int, _ places: UnsafeMutableBufferPointer<Int32>) -> Int? {
        for choice in groups[group] where met(choice, places) { return Int(conditions[choice]) }
        return nil
    }
}

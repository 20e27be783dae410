// What a text says, and how it means it. The phrases give every occurrence; this decides which of them count: not
// one inside an exception ("灭火器" for "火"), not one that the text denies ("没看到刀") or only supposes ("如果着火").
// A text from outside may repeat one phrase a thousand times, so nothing here compares all with all.

internal import TipModel

/// The ``Lexicon``, compiled. Shared by reference: copying its tables for a call would cost more than the call.
final class WordFinder: Sendable {
    /// Why a phrase that stands in the text does not count.
    enum Suppression: Equatable {
        case denied
        /// By index.
        case context(Int)
    }

    /// A rule that a text fires, and the phrase that did it. It holds no references: a text has a dozen.
    struct Finding {
        var rule: Int
        /// The bytes of the phrase in the text; with what denies it, where it is denied.
        var phrase: Range<Int>
        /// Of a combination: which of ``Reading/pieces`` are the phrases of those that it rests on.
        var pieces: Range<Int>?
        /// The most its floor comes to; `emergency` where nothing limits it.
        var limit: UrgencyLevel
        /// Set where it does not count at all.
        var suppression: Suppression?
        /// Index of the context that limits it.
        var limitedBy: Int?
    }

    /// What was found in a text.
    struct Reading {
        /// Each rule at most once, in the order of the rules.
        var findings: [Finding] = []
        /// Contexts said, each once.
        var contexts: [Int] = []
        /// Rules whose phrases stand in the text, but in another meaning only (`exceptions`).
        var excepted: [Int] = []
        /// Whether anything is denied, known to a rule or not.
        var isDenying = false
        /// Phrases of combinations, by their bytes.
        private(set) var pieces: [Range<Int>] = []

        /// Adds the phrases of `finding`, for a combination that rests on it.
        mutating func addPieces(of finding: Finding) {
            guard let known = finding.pieces else { return pieces.append(finding.phrase) }
            for index in known { pieces.append(pieces[index]) }
            // One that rests on no phrase is told as nothing.
            if known.isEmpty { pieces.append(0..<0) }
        }

        /// The phrase as it stands in the text.
        func text(of finding: Finding, in bytes: UnsafeBufferPointer<UInt8>) -> String {
            func text(_ phrase: Range<Int>) -> String { String(decoding: UnsafeBufferPointer(rebasing: bytes[phrase]), as: UTF8.self) }
            guard let known = finding.pieces else { return text(finding.phrase) }
            return pieces[known].map(text).joined(separator: " + ")
        }
    }

    /// One occurrence, packed so that a comparison of numbers sorts by owner, start, and the longest first.
    private struct Hit: Comparable {
        private let key: UInt64

        init(owner: Int, start: Int, end: Int) {
            key = UInt64(truncatingIfNeeded: owner) << 48 | UInt64(truncatingIfNeeded: start) << 24
                | UInt64(truncatingIfNeeded: WordFinder.longest - end)
        }

        var owner: Int { Int(key >> 48) }
        var start: Int { Int(key >> 24) & WordFinder.longest }
        var end: Int { WordFinder.longest - Int(key) & WordFinder.longest }

        static func < (left: Hit, right: Hit) -> Bool { left.key < right.key }
    }

    /// Bytes of a text that are read: 16 MiB, thousands of times the longest tip.
    static let longest = 0xFF_FFFF

    private let lexicon: Lexicon
    private let finder: PhraseFinder
    private let wordCount: Int
    /// Owners after the words: contexts, then these.
    private let negationBefore: Int
    private let negationAdjacent: Int
    private let negationAfter: Int
    private let clauseWord: Int
    /// By context: which words it never touches, and which end it.
    private let spared: [[Bool]]
    private let endedBy: [[Bool]]
    private let isEnder: [Bool]
    /// By word rule.
    private let negatable: [Bool]

    init(_ lexicon: Lexicon) {
        self.lexicon = lexicon
        wordCount = lexicon.words.count
        let contexts = wordCount + lexicon.contexts.count
        (negationBefore, negationAdjacent, negationAfter, clauseWord) = (contexts, contexts + 1, contexts + 2, contexts + 3)
        var phrases: [PhraseFinder.Phrase] = []
        func add(_ texts: [String], _ owner: Int, exception: Bool = false) {
            phrases += texts.map { PhraseFinder.Phrase(owner: owner, isException: exception, text: $0) }
        }
        for (index, rule) in lexicon.words.enumerated() {
            add(rule.phrases, index)
            add(rule.exceptions, index, exception: true)
        }
        for (index, rule) in lexicon.contexts.enumerated() {
            add(rule.phrases, wordCount + index)
            add(rule.exceptions, wordCount + index, exception: true)
        }
        add(lexicon.negations.before, negationBefore)
        add(lexicon.negations.adjacent, negationAdjacent)
        add(lexicon.negations.after, negationAfter)
        for owner in negationBefore...negationAfter { add(lexicon.negations.exceptions, owner, exception: true) }
        add(lexicon.clauseWords, clauseWord)
        finder = PhraseFinder(phrases, gap: lexicon.gap)
        negatable = lexicon.words.map(\.negatable)
        let codes = lexicon.words.map(\.code)
        spared = lexicon.contexts.map { context in codes.map { context.spares.contains($0) } }
        endedBy = lexicon.contexts.map { context in codes.map { context.until.contains($0) } }
        isEnder = codes.map { code in lexicon.contexts.contains { $0.until.contains(code) } }
    }

    /// Occurrences, in memory that is lent as far as it goes, which is for nearly every text.
    private struct Hits {
        private let lent: UnsafeMutableBufferPointer<Hit>
        private var count = 0
        private var others: [Hit] = []

        init(_ lent: UnsafeMutableBufferPointer<Hit>) { self.lent = lent }

        @inline(__always)
        mutating func append(_ hit: Hit) {
            guard count < lent.count else { return others.append(hit) }
            lent.initializeElement(at: count, to: hit)
            count += 1
        }

        mutating func withSorted(_ body: (UnsafeMutableBufferPointer<Hit>) -> Void) {
            let here = UnsafeMutableBufferPointer(rebasing: lent[..<count])
            if others.isEmpty, count <= 32 {
                here.sortBriefly()
                return body(here)
            }
            others += here
            others.sort()
            return others.withUnsafeMutableBufferPointer { body($0) }
        }
    }

    /// As many as few texts have more of.
    private static let usualHits = 64

    /// Adds to `reading`, which is empty, what a text says.
    func read(_ text: UnsafeBufferPointer<UInt8>, _ reading: inout Reading) {
        let bytes = text.count <= Self.longest ? text : UnsafeBufferPointer(rebasing: text[..<Self.longest])
        withUnsafeTemporaryAllocation(of: Hit.self, capacity: Self.usualHits) { memory in
            var hits = Hits(memory)
            var exceptions: [Hit] = []
            var breaks: [Int] = []
            finder.scan(bytes) { hit in
                if hit.owner == clauseWord {
                    breaks.append(hit.start)
                } else if hit.isException {
                    exceptions.append(Hit(owner: hit.owner, start: hit.start, end: hit.end))
                } else {
                    hits.append(Hit(owner: hit.owner, start: hit.start, end: hit.end))
                }
            }
            exceptions.sortBriefly()
            hits.withSorted { read($0, exceptions, breaks, bytes, &reading) }
        }
    }

    private func read(
        _ all: UnsafeMutableBufferPointer<Hit>, _ exceptions: [Hit], _ breaks: [Int], _ bytes: UnsafeBufferPointer<UInt8>,
        _ reading: inout Reading
    ) {
        let hits = UnsafeBufferPointer(rebasing: all[..<(exceptions.isEmpty ? all.count : Self.leaveOut(exceptions, of: all))])
        if let last = hits.last?.owner {
            // Negations and contexts, and clauses for them, are in few texts.
            if last < wordCount {
                findWords(hits, nil, [], bytes, &reading)
            } else {
                interpret(hits, Clauses(bytes, words: breaks.count > 1 ? breaks.sorted() : breaks), bytes, &reading)
                reading.isDenying = last >= negationBefore && last <= negationAfter
            }
        }
        var next = 0
        for exception in exceptions where exception.owner < wordCount && reading.excepted.last != exception.owner {
            while next < hits.count, hits[next].owner < exception.owner { next += 1 }
            if next == hits.count || hits[next].owner != exception.owner { reading.excepted.append(exception.owner) }
        }
    }

    /// Moves to the front the `hits` that overlap no exception of the same owner, and gives back how many; both are sorted.
    private static func leaveOut(_ exceptions: [Hit], of hits: UnsafeMutableBufferPointer<Hit>) -> Int {
        var kept = 0
        var (owner, next) = (-1, 0)
        var spans: Spans?
        for hit in hits {
            if hit.owner != owner {
                owner = hit.owner
                while next < exceptions.count, exceptions[next].owner < owner { next += 1 }
                let first = next
                while next < exceptions.count, exceptions[next].owner == owner { next += 1 }
                spans = first == next ? nil : Spans(exceptions[first..<next].map { $0.start..<$0.end })
            }
            if spans?.overlapping(hit.start, hit.end) == nil {
                hits[kept] = hit
                kept += 1
            }
        }
        return kept
    }

    // MARK: - Interpreting

    private func interpret(_ hits: UnsafeBufferPointer<Hit>, _ clauses: Clauses, _ bytes: UnsafeBufferPointer<UInt8>, _ reading: inout Reading) {
        let firstContext = firstIndex(in: hits.count) { hits[$0].owner >= wordCount }
        let firstNegation = firstIndex(in: hits.count) { hits[$0].owner >= negationBefore }
        let words = UnsafeBufferPointer(rebasing: hits[..<firstContext])
        let denial = Denial(
            hits[firstNegation...].lazy.map { [negationBefore] in ($0.owner - negationBefore, $0.start..<$0.end) }, reach: lexicon.negations.reach,
            clauses)

        // Contexts, with what ends them.
        var covers: [(context: Int, spans: Spans)] = []
        if firstContext < firstNegation {
            let enders = words.filter { isEnder[$0.owner] && denial.denies($0.start, $0.end, in: bytes) == nil }
            var index = firstContext
            while index < firstNegation {
                let context = hits[index].owner - wordCount
                let rule = lexicon.contexts[context]
                let ends = enders.filter { endedBy[context][$0.owner] }.sorted { $0.start < $1.start }
                var ranges: [Range<Int>] = []
                var isSaid = false
                while index < firstNegation, hits[index].owner == wordCount + context {
                    let hit = hits[index]
                    index += 1
                    if rule.negatable, denial.denies(hit.start, hit.end, in: bytes) != nil { continue }
                    isSaid = true
                    if rule.limit != nil { ranges.append(reach(of: rule, hit, ends, clauses, bytes.count)) }
                }
                guard isSaid else { continue }
                reading.contexts.append(context)
                if !ranges.isEmpty { covers.append((context, Spans(ranges))) }
            }
        }

        findWords(words, denial, covers, bytes, &reading)
    }

    /// Of each rule the first phrase that counts most. `words` are sorted.
    private func findWords(
        _ words: UnsafeBufferPointer<Hit>, _ denial: Denial?, _ covers: [(context: Int, spans: Spans)], _ bytes: UnsafeBufferPointer<UInt8>,
        _ reading: inout Reading
    ) {
        reading.findings.reserveCapacity(min(16, words.count))
        if denial == nil, covers.isEmpty {
            // Nothing keeps a word from counting.
            var rule = -1
            for hit in words where hit.owner != rule {
                rule = hit.owner
                reading.findings.append(Finding(rule: rule, phrase: hit.start..<hit.end, limit: .emergency))
            }
            return
        }
        var index = words.startIndex
        while index < words.endIndex {
            let rule = words[index].owner
            var best = finding(words[index], denial, covers, bytes)
            index += 1
            while index < words.endIndex, words[index].owner == rule {
                if best.limit < .emergency {
                    let finding = finding(words[index], denial, covers, bytes)
                    if finding.limit > best.limit { best = finding }
                }
                index += 1
            }
            reading.findings.append(best)
        }
    }

    private func finding(
        _ hit: Hit, _ denial: Denial?, _ covers: [(context: Int, spans: Spans)], _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Finding {
        if let denial, negatable[hit.owner], let by = denial.denies(hit.start, hit.end, in: bytes) {
            let whole = min(by.lowerBound, hit.start)..<max(by.upperBound, hit.end)
            return Finding(rule: hit.owner, phrase: whole, limit: .routine, suppression: .denied)
        }
        var limit = UrgencyLevel.emergency
        var limitedBy: Int?
        for cover in covers {
            let rule = lexicon.contexts[cover.context]
            guard let most = rule.limit, most < limit, !spared[cover.context][hit.owner],
                cover.spans.overlapping(hit.start, hit.end) != nil
            else { continue }
            limit = most
            limitedBy = cover.context
        }
        let suppression = limit == .routine ? limitedBy.map { Suppression.context($0) } : nil
        return Finding(
            rule: hit.owner, phrase: hit.start..<hit.end, limit: limit, suppression: suppression, limitedBy: limitedBy)
    }

    /// Which bytes a context word touches. An ender ("now") cuts it off where the ender's clause begins.
    private func reach(of rule: ContextRule, _ hit: Hit, _ ends: [Hit], _ clauses: Clauses, _ count: Int) -> Range<Int> {
        var whole: Range<Int>
        switch rule.scope {
        case .clause: whole = clauses.clause(hit.start, hit.end)
        case .sentence: whole = clauses.sentence(hit.start, hit.end)
        case .text: whole = 0..<count
        }
        if rule.side == .after { whole = min(hit.start, whole.upperBound)..<whole.upperBound }
        if rule.side == .before { whole = whole.lowerBound..<max(hit.end, whole.lowerBound) }
        let next = firstIndex(in: ends.count) { ends[$0].start >= hit.end }
        if next < ends.count {
            let edge = max(hit.end, clauses.clause(ends[next].start, ends[next].end).lowerBound)
            if edge < whole.upperBound { whole = min(whole.lowerBound, edge)..<edge }
        }
        if next > 0 {
            let edge = min(hit.start, clauses.clause(ends[next - 1].start, ends[next - 1].end).upperBound)
            if edge > whole.lowerBound { whole = min(edge, whole.upperBound)..<whole.upperBound }
        }
        return whole
    }
}

/// Which phrases a text denies.
private struct Denial {
    /// Ends, ascending, with starts: of those that deny what follows.
    private var before: [Range<Int>] = []
    private var adjacent: [Range<Int>] = []
    /// Starts, ascending: of those that deny what precedes.
    private var after: [Range<Int>] = []
    private let reach: Int
    private let clauses: Clauses

    /// - Parameter hits: kind (0 before, 1 adjacent, 2 after) and place.
    init(_ hits: some Sequence<(kind: Int, range: Range<Int>)>, reach: Int, _ clauses: Clauses) {
        self.reach = max(0, reach)
        self.clauses = clauses
        for hit in hits {
            switch hit.kind {
            case 0: before.append(hit.range)
            case 1: adjacent.append(hit.range)
            default: after.append(hit.range)
            }
        }
        if before.count > 1 { before.sort { $0.upperBound < $1.upperBound } }
        if adjacent.count > 1 { adjacent.sort { $0.upperBound < $1.upperBound } }
        if after.count > 1 { after.sort { $0.lowerBound < $1.lowerBound } }
    }

    /// The negation that denies the phrase at `start..<end`, if one does. Only the nearest on each side can: one
    /// farther off has more between.
    func denies(_ start: Int, _ end: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        if let near = last(before, endingBy: start), holds(near.upperBound, start, reach, bytes) { return near }
        if let near = last(adjacent, endingBy: start), holds(near.upperBound, start, 0, bytes) { return near }
        let next = firstIndex(in: after.count) { after[$0].lowerBound >= end }
        if next < after.count, holds(end, after[next].lowerBound, reach, bytes) { return after[next] }
        return nil
    }

    private func last(_ ranges: [Range<Int>], endingBy start: Int) -> Range<Int>? {
        let next = firstIndex(in: ranges.count) { ranges[$0].upperBound > start }
        return next > 0 ? ranges[next - 1] : nil
    }

    private func holds(_ from: Int, _ to: Int, _ reach: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        Clauses.isWithin(reach, from: from, to: to, in: bytes) && !clauses.separates(from, to)
    }
}

// All phrases in one Aho–Corasick automaton over characters: a text is read once, however many phrases there are.
// Characters are numbered first, so that the three bytes of a Chinese one are one step. States are numbered breadth first:
// the children of one stand side by side in the order of their characters.

/// Finds every occurrence of every phrase in one pass.
struct PhraseAutomaton: Sendable {
    private struct Pattern {
        /// In bytes.
        var length: Int32
        /// Latin phrases match whole words: a phrase that begins or ends with a letter or digit needs an edge there.
        var edgeBefore: Bool
        var edgeAfter: Bool
    }

    /// What a step needs, side by side in memory.
    private struct State {
        /// The first child; the others follow.
        var firstChild: UInt32 = 0
        var children: UInt32 = 0
        /// Where to go on where no child fits.
        var fallback: UInt32 = 0
        /// Itself or the nearest of its fallbacks in which a phrase ends, 0 for none.
        var ending: UInt32 = 0
        /// A bit for the lower six bits of each child's character: most characters fit no child, and this tells at once.
        var filter: UInt64 = 0
    }

    /// Characters of phrases by number, from 1, Latin letters and digits first; capital letters have their small one's.
    private let symbols: ScalarTable
    /// The last that is a Latin letter or digit. A phrase that begins with one begins a word, so inside a word none begins: most of
    /// a Latin text is passed over by this.
    private let lastOfWords: UInt32
    private let states: [State]
    /// By state: the character that leads into it.
    private let labels: [UInt32]
    /// The root's children by character, 0 for none.
    private let roots: [UInt32]
    /// Which slice of `outputs` belongs to each state, and the end of the last.
    private let outputStarts: [UInt32]
    private let outputs: [Pattern]
    /// The phrases by index, as matches are numbered: in the order of their states, so that what belongs to a match lies beside
    /// what belongs to its neighbours.
    let phrases: [Int]

    /// Compiles `phrases`. Empty phrases never match. A Latin phrase that ends in `*`
    /// matches the beginning of a word.
    init(_ phrases: [String]) {
        var symbols = ScalarTable()
        var symbolCount: UInt32 = 0
        let open = phrases.map { $0.utf8.count > 1 && $0.hasSuffix("*") }
        let bytes = zip(phrases, open).map { $1 ? $0.utf8.dropLast() : $0.utf8[...] }
        let scalars = bytes.map { Substring($0).unicodeScalars.map { Self.lowercased($0.value) } }
        func number(where isMeant: (UInt32) -> Bool) {
            for scalar in scalars.joined() where isMeant(scalar) && symbols[scalar] == 0 {
                symbolCount += 1
                symbols[scalar] = symbolCount
                if (0x61...0x7A).contains(scalar) { symbols[scalar - 0x20] = symbolCount }
            }
        }
        number { UInt8(exactly: $0).map(Self.isWordByte) ?? false }
        let lastOfWords = symbolCount
        number { _ in true }
        let folded = scalars.map { $0.map { symbols[$0] } }
        // Sorted, the phrases that share a beginning stand together: a state is such a range.
        let sorted = folded.indices.filter { !folded[$0].isEmpty }.sorted {
            folded[$0] == folded[$1] ? $0 < $1 : folded[$0].lexicographicallyPrecedes(folded[$1])
        }
        var labels: [UInt32] = [0]
        var phraseOrder: [Int] = []
        var states: [State] = []
        var outputStarts: [UInt32] = []
        var outputs: [Pattern] = []
        var ranges: [(part: Range<Int>, depth: Int)] = [(sorted.indices, 0)]
        var parents = [0]
        var state = 0
        while state < ranges.count {
            var (part, depth) = ranges[state]
            states.append(State(firstChild: UInt32(ranges.count)))
            outputStarts.append(UInt32(outputs.count))
            while let index = part.first, folded[sorted[index]].count == depth {
                let phrase = sorted[index]
                outputs.append(
                    Pattern(
                        length: Int32(bytes[phrase].count), edgeBefore: bytes[phrase].first.map(Self.isWordByte) ?? false,
                        edgeAfter: !open[phrase] && bytes[phrase].last.map(Self.isWordByte) ?? false))
                phraseOrder.append(phrase)
                part = part.dropFirst()
            }
            var index = part.lowerBound
            while index < part.upperBound {
                let start = index
                let label = folded[sorted[start]][depth]
                while index < part.upperBound, folded[sorted[index]][depth] == label { index += 1 }
                ranges.append((start..<index, depth + 1))
                labels.append(label)
                states[state].children += 1
                states[state].filter |= Self.filter(label)
                parents.append(state)
            }
            state += 1
        }
        outputStarts.append(UInt32(outputs.count))

        var roots = [UInt32](repeating: 0, count: Int(symbolCount) + 1)
        for child in 1..<1 + Int(states[0].children) { roots[Int(labels[child])] = UInt32(child) }
        // A state's fallback is shallower, so it is complete when it is asked.
        for state in ranges.indices.dropFirst() {
            if parents[state] != 0 {
                let from = Int(states[parents[state]].fallback)
                let isInWord = labels[parents[state]] <= lastOfWords && labels[state] <= lastOfWords
                let fallback = states.withUnsafeBufferPointer { states in
                    labels.withUnsafeBufferPointer { labels in
                        roots.withUnsafeBufferPointer { Self.step(from, labels[state], isInWord: isInWord, states, labels, $0) }
                    }
                }
                states[state].fallback = UInt32(fallback)
            }
            let ends = outputStarts[state] < outputStarts[state + 1]
            states[state].ending = ends ? UInt32(state) : states[Int(states[state].fallback)].ending
        }
        self.symbols = symbols
        self.lastOfWords = lastOfWords
        self.phrases = phraseOrder
        self.states = states
        self.labels = labels
        self.roots = roots
        self.outputStarts = outputStarts
        self.outputs = outputs
    }

    /// Where `symbol` leads from `state`; nowhere anew from inside a word.
    @inline(__always)
    private static func step(
        _ state: Int, _ symbol: UInt32, isInWord: Bool, _ states: UnsafeBufferPointer<State>, _ labels: UnsafeBufferPointer<UInt32>,
        _ roots: UnsafeBufferPointer<UInt32>
    ) -> Int {
        var state = state
        let bit = filter(symbol)
        while state != 0 {
            let from = states[state]
            if from.filter & bit != 0 {
                var low = Int(from.firstChild)
                let end = low &+ Int(from.children)
                var high = end
                // Most states have one child or two; a few common characters have dozens.
                while high &- low > 4 {
                    let middle = (low &+ high) >> 1
                    if labels[middle] <= symbol { low = middle } else { high = middle }
                }
                while low < end, labels[low] < symbol { low &+= 1 }
                if low < end, labels[low] == symbol { return low }
            }
            state = Int(from.fallback)
        }
        return isInWord ? 0 : Int(roots[Int(symbol)])
    }

    private static func filter(_ symbol: UInt32) -> UInt64 { 1 &<< UInt64(symbol) }

    /// Calls `body` for each occurrence, in order of its end, of those with one end the longest first: with an index of ``phrases``,
    /// and the bytes where it starts and ends.
    @inline(__always)
    func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (_ output: Int, _ start: Int, _ end: Int) -> Void) {
        // States and symbols are numbered by `init`, and name each other only.
        withTables { symbols, states, labels, roots, outputStarts, outputs in
            var state = 0
            var end = 0
            var wasInWord = false
            while end < bytes.count {
                let symbol = symbols[nextScalar(bytes, &end)]
                // A character of no phrase: everything begins anew behind it.
                if symbol == 0 {
                    state = 0
                    wasInWord = false
                    continue
                }
                let isInWord = symbol <= lastOfWords
                state = Self.step(state, symbol, isInWord: isInWord && wasInWord, states, labels, roots)
                wasInWord = isInWord
                var ender = Int(states[state].ending)
                while ender != 0 {
                    for output in Int(outputStarts[ender])..<Int(outputStarts[ender + 1]) {
                        let pattern = outputs[output]
                        let start = end - Int(pattern.length)
                        if pattern.edgeBefore, Self.wordEnds(before: start, in: bytes) { continue }
                        if pattern.edgeAfter, Self.wordBegins(at: end, in: bytes) { continue }
                        body(output, start, end)
                    }
                    ender = Int(states[Int(states[ender].fallback)].ending)
                }
            }
        }
    }

    /// Lends what a scan reads.
    @inline(__always)
    private func withTables(
        _ body: (
            ScalarTable.Lookup, UnsafeBufferPointer<State>, _ labels: UnsafeBufferPointer<UInt32>, _ roots: UnsafeBufferPointer<UInt32>, _ outputStarts: UnsafeBufferPointer<UInt32>,
            UnsafeBufferPointer<Pattern>
        ) -> Void
    ) {
        symbols.withLookup { symbols in
            states.withUnsafeBufferPointer { states in
                labels.withUnsafeBufferPointer { labels in
                    roots.withUnsafeBufferPointer { roots in
                        outputStarts.withUnsafeBufferPointer { outputStarts in
                            outputs.withUnsafeBufferPointer { body(symbols, states, labels, roots, outputStarts, $0) }
                        }
                    }
                }
            }
        }
    }

    private static func lowercased(_ scalar: UInt32) -> UInt32 { (0x41...0x5A).contains(scalar) ? scalar + 0x20 : scalar }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// First bytes of the Latin letters with marks (U+00C0…U+024F): "caf" is not a word of "café".
    private static func leadsMarkedLatin(_ byte: UInt8) -> Bool { (0xC3...0xC9).contains(byte) }

    private static func wordEnds(before start: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard start > 0 else { return false }
        return isWordByte(bytes[start - 1]) || (start > 1 && leadsMarkedLatin(bytes[start - 2]))
    }

    private static func wordBegins(at end: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard end < bytes.count else { return false }
        return isWordByte(bytes[end]) || leadsMarkedLatin(bytes[end])
    }
}

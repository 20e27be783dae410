// All phrases in one Aho–Corasick automaton over characters: a text is read once, however many phrases there are.
// Characters are numbered first, so that the three bytes of a Chinese one are one step. States are numbered breadth first:
// the children of one stand side by side in the order of their characters.

/// Finds every occurrence of every phrase in one pass.
struct PhraseAutomaton: Sendable {
    /// One occurrence: the phrase's index and its bytes `start..<end`.
    struct Match: Equatable {
        var phrase: Int
        var start: Int
        var end: Int
    }

    private struct Pattern {
        var phrase: Int32
        /// In bytes.
        var length: Int32
        /// Latin phrases match whole words: a phrase that begins or ends with a letter or digit needs an edge there.
        var edgeBefore: Bool
        var edgeAfter: Bool
    }

    /// What a step needs, side by side in memory.
    private struct State {
        /// The first child; the next state's ends its children.
        var firstChild: UInt32 = 0
        /// Where to go on where no child fits.
        var fallback: UInt32 = 0
        /// Itself or the nearest of its fallbacks in which a phrase ends, 0 for none.
        var ending: UInt32 = 0
        /// Where its slice of `outputs` begins; the next state's ends it.
        var outputStart: UInt32 = 0
    }

    /// Characters of phrases by number, from 1; capital letters have their small one's.
    private let symbols: ScalarTable
    /// By state, and one more for the ends.
    private let states: [State]
    /// By state: the character that leads into it.
    private let labels: [UInt32]
    /// The root's children by character, 0 for none.
    private let roots: [UInt32]
    private let outputs: [Pattern]

    /// Compiles `phrases`; matches name them by index. Empty phrases never match. A Latin phrase that ends in `*`
    /// matches the beginning of a word.
    init(_ phrases: [String]) {
        var symbols = ScalarTable()
        var symbolCount: UInt32 = 0
        let open = phrases.map { $0.utf8.count > 1 && $0.hasSuffix("*") }
        let bytes = zip(phrases, open).map { $1 ? $0.utf8.dropLast() : $0.utf8[...] }
        let folded = bytes.map { bytes in
            Substring(bytes).unicodeScalars.map { scalar in
                let scalar = Self.lowercased(scalar.value)
                if symbols[scalar] == 0 {
                    symbolCount += 1
                    symbols[scalar] = symbolCount
                    if (0x61...0x7A).contains(scalar) { symbols[scalar - 0x20] = symbolCount }
                }
                return symbols[scalar]
            }
        }
        // Sorted, the phrases that share a beginning stand together: a state is such a range.
        let sorted = folded.indices.filter { !folded[$0].isEmpty }.sorted {
            folded[$0] == folded[$1] ? $0 < $1 : folded[$0].lexicographicallyPrecedes(folded[$1])
        }
        var labels: [UInt32] = [0]
        var states: [State] = []
        var outputs: [Pattern] = []
        var ranges: [(part: Range<Int>, depth: Int)] = [(sorted.indices, 0)]
        var parents = [0]
        var state = 0
        while state < ranges.count {
            var (part, depth) = ranges[state]
            states.append(State(firstChild: UInt32(ranges.count), outputStart: UInt32(outputs.count)))
            while let index = part.first, folded[sorted[index]].count == depth {
                let phrase = sorted[index]
                outputs.append(
                    Pattern(
                        phrase: Int32(phrase), length: Int32(bytes[phrase].count),
                        edgeBefore: bytes[phrase].first.map(Self.isWordByte) ?? false,
                        edgeAfter: !open[phrase] && bytes[phrase].last.map(Self.isWordByte) ?? false))
                part = part.dropFirst()
            }
            var index = part.lowerBound
            while index < part.upperBound {
                let start = index
                let label = folded[sorted[start]][depth]
                while index < part.upperBound, folded[sorted[index]][depth] == label { index += 1 }
                ranges.append((start..<index, depth + 1))
                labels.append(label)
                parents.append(state)
            }
            state += 1
        }
        states.append(State(firstChild: UInt32(ranges.count), outputStart: UInt32(outputs.count)))

        var roots = [UInt32](repeating: 0, count: Int(symbolCount) + 1)
        for child in Int(states[0].firstChild)..<Int(states[1].firstChild) { roots[Int(labels[child])] = UInt32(child) }
        // A state's fallback is shallower, so it is complete when it is asked.
        for state in ranges.indices.dropFirst() {
            if parents[state] != 0 {
                let from = Int(states[parents[state]].fallback)
                states[state].fallback = UInt32(Self.step(from, labels[state], states, labels, roots))
            }
            let ends = states[state].outputStart < states[state + 1].outputStart
            states[state].ending = ends ? UInt32(state) : states[Int(states[state].fallback)].ending
        }
        self.symbols = symbols
        self.labels = labels
        self.states = states
        self.roots = roots
        self.outputs = outputs
    }

    /// Where `symbol` leads from `state`.
    @inline(__always)
    private static func step(_ state: Int, _ symbol: UInt32, _ states: [State], _ labels: [UInt32], _ roots: [UInt32]) -> Int {
        var state = state
        while state != 0 {
            var low = Int(states[state].firstChild)
            var high = Int(states[state + 1].firstChild)
            let end = high
            // Most states have one child or two; a few common characters have dozens.
            while high - low > 4 {
                let middle = (low + high) / 2
                if labels[middle] <= symbol { low = middle } else { high = middle }
            }
            while low < end, labels[low] < symbol { low += 1 }
            if low < end, labels[low] == symbol { return low }
            state = Int(states[state].fallback)
        }
        return Int(roots[Int(symbol)])
    }

    /// Calls `body` for each occurrence, in order of its end; of those with one end, the longest first.
    @inline(__always)
    func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Match) -> Void) {
        var state = 0
        var end = 0
        while end < bytes.count {
            let symbol = symbols[nextScalar(bytes, &end)]
            // A character of no phrase: everything begins anew behind it.
            if symbol == 0 {
                state = 0
                continue
            }
            state = Self.step(state, symbol, states, labels, roots)
            var ender = Int(states[state].ending)
            while ender != 0 {
                for output in Int(states[ender].outputStart)..<Int(states[ender + 1].outputStart) {
                    let pattern = outputs[output]
                    let start = end - Int(pattern.length)
                    if pattern.edgeBefore, Self.wordEnds(before: start, in: bytes) { continue }
                    if pattern.edgeAfter, Self.wordBegins(at: end, in: bytes) { continue }
                    body(Match(phrase: Int(pattern.phrase), start: start, end: end))
                }
                ender = Int(states[Int(states[ender].fallback)].ending)
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

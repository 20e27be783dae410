// All phrases in one Aho–Corasick automaton over UTF-8 bytes: a text is read once, however many phrases there are.
// Matching bytes is sound because no character's UTF-8 form occurs inside another's. States are numbered breadth first,
// so the children of one stand side by side and an edge is one byte: the shipped 20,000 phrases make 92,000 states of
// 17 bytes (1.5 MiB), where a table with a column for each byte in use took 42 MiB.

/// Finds every occurrence of every phrase in one pass.
struct PhraseAutomaton: Sendable {
    /// One occurrence: the phrase's index and its bytes `start..<end`.
    struct Match: Equatable {
        var phrase: Int
        var start: Int
        var end: Int
    }

    private struct Pattern {
        var phrase: Int
        var length: Int
        /// Latin phrases match whole words: a phrase that begins or ends with a letter or digit needs an edge there.
        var edgeBefore: Bool
        var edgeAfter: Bool
    }

    /// Lower case of each byte, as phrases were folded.
    private static let folding: [UInt8] = (0...255).map { lowercased(UInt8($0)) }

    /// By state: the byte that leads into it; its first child (the next state's ends its children); where to go on
    /// where no child fits; and itself or the nearest of its fallbacks in which a phrase ends, 0 for none.
    private let labels: [UInt8]
    private let firstChild: [UInt32]
    private let fallback: [UInt32]
    private let ending: [UInt32]
    /// The root's children by byte, 0 for none.
    private let roots: [UInt32]
    /// Which slice of `outputs` belongs to each state, and the end of the last.
    private let outputStarts: [UInt32]
    private let outputs: [Pattern]

    /// Compiles `phrases`; matches name them by index. Empty phrases never match. A Latin phrase that ends in `*`
    /// matches the beginning of a word.
    init(_ phrases: [String]) {
        let open = phrases.map { $0.utf8.count > 1 && $0.hasSuffix("*") }
        let folded = zip(phrases, open).map { ($1 ? $0.dropLast() : $0[...]).utf8.map(Self.lowercased) }
        // Sorted, the phrases that share a beginning stand together: a state is such a range.
        let sorted = folded.indices.filter { !folded[$0].isEmpty }.sorted {
            folded[$0] == folded[$1] ? $0 < $1 : folded[$0].lexicographicallyPrecedes(folded[$1])
        }
        var labels: [UInt8] = [0]
        var firstChild: [UInt32] = []
        var outputStarts: [UInt32] = [0]
        var outputs: [Pattern] = []
        var ranges: [(part: Range<Int>, depth: Int)] = [(sorted.indices, 0)]
        var parents = [0]
        var state = 0
        while state < ranges.count {
            var (part, depth) = ranges[state]
            while let index = part.first, folded[sorted[index]].count == depth {
                let phrase = sorted[index]
                let bytes = folded[phrase]
                outputs.append(
                    Pattern(
                        phrase: phrase, length: bytes.count, edgeBefore: Self.isWordByte(bytes[0]),
                        edgeAfter: !open[phrase] && Self.isWordByte(bytes[bytes.count - 1])))
                part = part.dropFirst()
            }
            outputStarts.append(UInt32(outputs.count))
            firstChild.append(UInt32(ranges.count))
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
        firstChild.append(UInt32(ranges.count))

        var roots = [UInt32](repeating: 0, count: 256)
        for child in Int(firstChild[0])..<Int(firstChild[1]) { roots[Int(labels[child])] = UInt32(child) }
        // A state's fallback is shallower, so it is complete when it is asked.
        var fallback = [UInt32](repeating: 0, count: ranges.count)
        var ending = [UInt32](repeating: 0, count: ranges.count)
        for state in ranges.indices.dropFirst() {
            if parents[state] != 0 {
                let from = Int(fallback[parents[state]])
                fallback[state] = UInt32(Self.step(from, labels[state], labels, firstChild, fallback, roots))
            }
            let ends = outputStarts[state] < outputStarts[state + 1]
            ending[state] = ends ? UInt32(state) : ending[Int(fallback[state])]
        }
        self.labels = labels
        self.firstChild = firstChild
        self.fallback = fallback
        self.ending = ending
        self.roots = roots
        self.outputStarts = outputStarts
        self.outputs = outputs
    }

    /// Where `byte` leads from `state`. Few states have more than two children, so they are tried in turn.
    @inline(__always)
    private static func step(
        _ state: Int, _ byte: UInt8, _ labels: [UInt8], _ firstChild: [UInt32], _ fallback: [UInt32], _ roots: [UInt32]
    ) -> Int {
        var state = state
        while state != 0 {
            var child = Int(firstChild[state])
            let end = Int(firstChild[state + 1])
            while child < end {
                if labels[child] == byte { return child }
                child += 1
            }
            state = Int(fallback[state])
        }
        return Int(roots[Int(byte)])
    }

    /// Calls `body` for each occurrence, in order of its end; of those with one end, the longest first.
    @inline(__always)
    func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Match) -> Void) {
        var state = 0
        for index in 0..<bytes.count {
            state = Self.step(state, Self.folding[Int(bytes[index])], labels, firstChild, fallback, roots)
            var ender = Int(ending[state])
            while ender != 0 {
                let end = index + 1
                for pattern in outputs[Int(outputStarts[ender])..<Int(outputStarts[ender + 1])] {
                    let start = end - pattern.length
                    if pattern.edgeBefore, Self.wordEnds(before: start, in: bytes) { continue }
                    if pattern.edgeAfter, Self.wordBegins(at: end, in: bytes) { continue }
                    body(Match(phrase: pattern.phrase, start: start, end: end))
                }
                ender = Int(ending[Int(fallback[ender])])
            }
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

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

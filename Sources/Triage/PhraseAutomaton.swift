// All phrases in one Aho–Corasick automaton over UTF-8 bytes: a text is read once, one table look-up a byte,
// however many phrases there are. Matching bytes is sound because no character's UTF-8 form occurs inside
// another's. Bytes that no phrase uses share one class: the shipped 13,000 phrases of Chinese and English make a table
// of 26 MiB, of which a usual text touches a small part.

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

    private static let matching: UInt32 = 0x8000_0000

    /// Class of each byte; upper-case ASCII has its lower-case letter's.
    private let classes: [UInt16]
    private let classCount: Int
    /// `[state × classCount + class]` → next state; the top bit says that some phrase ends in it.
    private let next: [UInt32]
    /// Which slice of `outputs` belongs to each state, and the end of the last.
    private let outputStarts: [Int]
    private let outputs: [Pattern]

    /// Compiles `phrases`; matches name them by index. Empty phrases never match. A Latin phrase that ends in `*`
    /// matches the beginning of a word.
    init(_ phrases: [String]) {
        let open = phrases.map { $0.utf8.count > 1 && $0.hasSuffix("*") }
        let folded = zip(phrases, open).map { ($1 ? $0.dropLast() : $0[...]).utf8.map(Self.lowercased) }
        var classes = [UInt16](repeating: 0, count: 256)
        var classCount = 1
        for byte in folded.joined() where classes[Int(byte)] == 0 {
            classes[Int(byte)] = UInt16(classCount)
            classCount += 1
        }
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { classes[Int(byte)] = classes[Int(byte | 0x20)] }

        // The trie; 0 means "no edge", which is safe because no edge leads to the root.
        var next = [UInt32](repeating: 0, count: classCount)
        var ending: [[Pattern]] = [[]]
        for (index, bytes) in folded.enumerated() where !bytes.isEmpty {
            var state = 0
            for byte in bytes {
                let edge = state * classCount + Int(classes[Int(byte)])
                if next[edge] == 0 {
                    next[edge] = UInt32(ending.count)
                    ending.append([])
                    next.append(contentsOf: repeatElement(0, count: classCount))
                }
                state = Int(next[edge])
            }
            ending[state].append(
                Pattern(
                    phrase: index, length: bytes.count, edgeBefore: Self.isWordByte(bytes[0]),
                    edgeAfter: !open[index] && Self.isWordByte(bytes[bytes.count - 1])))
        }

        // Breadth first: a state's fallback is shallower, so its row and outputs are complete when copied.
        var fallback = [Int](repeating: 0, count: ending.count)
        var queue = [0]
        var position = 0
        while position < queue.count {
            let state = queue[position]
            position += 1
            for column in 0..<classCount {
                let edge = state * classCount + column
                let through = state == 0 ? 0 : Int(next[fallback[state] * classCount + column])
                if next[edge] == 0 {
                    next[edge] = UInt32(through)
                } else {
                    let child = Int(next[edge])
                    fallback[child] = through
                    ending[child] += ending[through]
                    queue.append(child)
                }
            }
        }

        var outputStarts = [0]
        for patterns in ending { outputStarts.append(outputStarts[outputStarts.count - 1] + patterns.count) }
        self.classes = classes
        self.classCount = classCount
        self.next = next.map { ending[Int($0)].isEmpty ? $0 : $0 | Self.matching }
        self.outputStarts = outputStarts
        self.outputs = ending.flatMap(\.self)
    }

    /// Calls `body` for each occurrence, in order of its end; of those with one end, the longest first.
    @inline(__always)
    func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Match) -> Void) {
        var state = 0
        for index in 0..<bytes.count {
            let entry = next[state * classCount + Int(classes[Int(bytes[index])])]
            state = Int(entry & ~Self.matching)
            guard entry & Self.matching != 0 else { continue }
            let end = index + 1
            for pattern in outputs[outputStarts[state]..<outputStarts[state + 1]] {
                let start = end - pattern.length
                if pattern.edgeBefore, Self.wordEnds(before: start, in: bytes) { continue }
                if pattern.edgeAfter, Self.wordBegins(at: end, in: bytes) { continue }
                body(Match(phrase: pattern.phrase, start: start, end: end))
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

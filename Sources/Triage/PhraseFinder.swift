// Phrases with gaps ("拿~刀") over the automaton, which knows only plain parts. Each part that matches is looked up
// in a table of fixed size, so a text that repeats one part a thousand times costs a thousand steps, not their square.

/// Finds phrases of several parts in one pass.
final class PhraseFinder: Sendable {
    /// One phrase: who owns it, and whether it stands for an exception of the owner's.
    struct Phrase {
        var owner: Int
        var isException: Bool
        var text: String
    }

    /// One occurrence.
    struct Hit {
        var owner: Int
        var isException: Bool
        var start: Int
        var end: Int
    }

    /// A part that ends its phrase or continues it. Where parts begin phrases, ``firstSlots`` says.
    private struct Use {
        var owner: Int32
        /// In the table of prefixes: the place of what must stand before it, −1 for nothing, and its own, −1 where it ends the phrase.
        var before: Int32
        var own: Int32
        var isException: Bool
    }

    /// What has been seen of a phrase up to one of its parts; the one before too, because the newest may overlap.
    private struct Prefix {
        var start: Int32 = -1
        var end: Int32 = -1
        var earlierStart: Int32 = -1
        var earlierEnd: Int32 = -1
    }

    /// What a part means, in one place in memory.
    private struct Part {
        /// Its uses, side by side in ``uses``, by what must stand before.
        var firstUse: Int32
        var endUse: Int32
        /// Its place in the table of prefixes where it begins phrases with gaps, one for all of them; else −1.
        var slot: Int32
        /// The owner of its only use where that is a whole phrase and no exception, as most are; else −1.
        var owner: Int32
    }

    private let automaton: PhraseAutomaton
    /// As the automaton numbers its outputs.
    private let parts: [Part]
    private let uses: [Use]
    private let slots: Int
    private let gap: Int

    /// - Parameter gap: the most that may stand between two parts, as ``Clauses/isWithin(_:from:to:in:)`` counts.
    init(_ phrases: [Phrase], gap: Int) {
        var parts: [String] = []
        var partIndex: [String: Int] = [:]
        var uses: [[Use]] = []
        var firstSlots: [Int32] = []
        var slots: Int32 = 0
        func part(_ piece: String) -> Int {
            if let known = partIndex[piece] { return known }
            partIndex[piece] = parts.count
            parts.append(piece)
            uses.append([])
            firstSlots.append(-1)
            return parts.count - 1
        }
        for phrase in phrases {
            for text in Self.spellings(phrase.text) {
                let pieces = text.split(separator: "~").map { $0.trimmingSpaces() }.filter { !$0.isEmpty }
                var before: Int32 = -1
                for (position, piece) in pieces.enumerated() {
                    let index = part(piece)
                    let isLast = position == pieces.count - 1
                    if position == 0, !isLast {
                        if firstSlots[index] < 0 {
                            firstSlots[index] = slots
                            slots += 1
                        }
                        before = firstSlots[index]
                        continue
                    }
                    uses[index].append(
                        Use(owner: Int32(phrase.owner), before: before, own: isLast ? -1 : slots, isException: phrase.isException))
                    if !isLast {
                        before = slots
                        slots += 1
                    }
                }
            }
        }
        automaton = PhraseAutomaton(parts)
        var flat: [Use] = []
        self.parts = automaton.phrases.map { part in
            let first = Int32(flat.count)
            flat += uses[part].sorted { $0.before < $1.before }
            let only = uses[part].count == 1 ? uses[part].first : nil
            let isWhole = only.map { $0.before < 0 && $0.own < 0 && !$0.isException } ?? false
            return Part(
                firstUse: first, endUse: Int32(flat.count), slot: firstSlots[part], owner: isWhole ? only?.owner ?? -1 : -1)
        }
        self.uses = flat
        self.slots = Int(slots)
        self.gap = max(0, gap)
    }

    /// Calls `body` with each occurrence, in the order of their ends.
    @inline(__always)
    func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Hit) -> Void) {
        parts.withUnsafeBufferPointer { parts in
            uses.withUnsafeBufferPointer { uses in
                Prefixes.with(slots: slots) { seen in
                    automaton.scan(bytes) { output, start, end in
                        // The automaton numbers its outputs as the parts.
                        let part = parts[output]
                        if part.slot >= 0 { seen.note(Int(part.slot), start, end) }
                        if part.owner >= 0 {
                            body(Hit(owner: Int(part.owner), isException: false, start: start, end: end))
                        } else {
                            take(part, uses, start, end, bytes, &seen, body)
                        }
                    }
                }
            }
        }
    }

    /// What has been seen of phrases up to one of their parts, by slot. Slots are numbered by `init`, below the capacities.
    private struct Prefixes {
        let written: UnsafeMutableBufferPointer<UInt64>
        let table: UnsafeMutableBufferPointer<Prefix>
        /// The slots that are written, in the order in which they were.
        let order: UnsafeMutableBufferPointer<Int32>
        var count = 0

        /// Lends one: all its parts lie in one piece of memory.
        @inline(__always)
        static func with(slots: Int, _ body: (inout Prefixes) -> Void) {
            let (words, slots) = (slots / 64 + 1, max(1, slots))
            let (table, order) = (words * 8, words * 8 + slots * MemoryLayout<Prefix>.stride)
            withUnsafeTemporaryAllocation(byteCount: order + slots * 4, alignment: 16) { memory in
                let written = UnsafeMutableRawBufferPointer(rebasing: memory[..<table]).bindMemory(to: UInt64.self)
                // A bit for each slot says whether it is written: clearing all slots would take longer than most texts do.
                written.initialize(repeating: 0)
                var prefixes = Prefixes(
                    written: written, table: UnsafeMutableRawBufferPointer(rebasing: memory[table..<order]).bindMemory(to: Prefix.self),
                    order: UnsafeMutableRawBufferPointer(rebasing: memory[order...]).bindMemory(to: Int32.self))
                body(&prefixes)
            }
        }

        subscript(slot: Int) -> Prefix? { written[slot >> 6] & (1 << UInt64(slot & 63)) != 0 ? table[slot] : nil }

        mutating func note(_ slot: Int, _ start: Int, _ end: Int) {
            var prefix = Prefix()
            if let before = self[slot] {
                (prefix.earlierStart, prefix.earlierEnd) = (before.start, before.end)
            } else {
                written[slot >> 6] |= 1 << UInt64(slot & 63)
                order.initializeElement(at: count, to: Int32(truncatingIfNeeded: slot))
                count += 1
            }
            prefix.start = Int32(clamping: start)
            prefix.end = Int32(clamping: end)
            table.initializeElement(at: slot, to: prefix)
        }
    }

    /// Goes through the uses of a part that stands at `start..<end`.
    private func take(
        _ part: Part, _ uses: UnsafeBufferPointer<Use>, _ start: Int, _ end: Int, _ bytes: UnsafeBufferPointer<UInt8>,
        _ seen: inout Prefixes, _ body: (Hit) -> Void
    ) {
        let (first, last) = (Int(part.firstUse), Int(part.endUse))
        // A common character ends a hundred phrases, and a text has the beginnings of few.
        guard last - first > 4 * (seen.count + 2) else {
            for index in first..<last { take(uses[index], start, end, bytes, &seen, body) }
            return
        }
        for place in -1..<seen.count {
            let before = place < 0 ? -1 : seen.order[place]
            var index = first + firstIndex(in: last - first) { uses[first + $0].before >= before }
            while index < last, uses[index].before == before {
                take(uses[index], start, end, bytes, &seen, body)
                index += 1
            }
        }
    }

    private func take(
        _ use: Use, _ start: Int, _ end: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ seen: inout Prefixes, _ body: (Hit) -> Void
    ) {
        var start = start
        if use.before >= 0 {
            guard let before = seen[Int(use.before)] else { return }
            if joins(Int(before.end), start, bytes) {
                start = Int(before.start)
            } else if joins(Int(before.earlierEnd), start, bytes) {
                start = Int(before.earlierStart)
            } else {
                return
            }
        }
        if use.own < 0 {
            body(Hit(owner: Int(use.owner), isException: use.isException, start: start, end: end))
        } else {
            seen.note(Int(use.own), start, end)
        }
    }

    private func joins(_ end: Int, _ start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard end >= 0, end <= start, start - end <= gap * 16 + 16 else { return false }
        guard Clauses.isWithin(gap, from: end, to: start, in: bytes) else { return false }
        return !Clauses.endsClause(in: bytes, from: end, to: start)
    }

    /// An apostrophe is typed in three ways: can't, can’t, cant.
    private static func spellings(_ text: String) -> [String] {
        guard text.contains("'") else { return [text] }
        return [
            text, String(text.map { $0 == "'" ? "\u{2019}" : $0 }), String(text.filter { $0 != "'" }),
        ]
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

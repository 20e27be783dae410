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
        /// Its uses, side by side in ``uses``.
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
            flat += uses[part]
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
        // A bit for each slot says whether it is written: clearing all slots would take longer than most texts do.
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: slots / 64 + 1) { written in
            written.initialize(repeating: 0)
            withUnsafeTemporaryAllocation(of: Prefix.self, capacity: max(1, slots)) { table in
                // Slots are numbered by `init`, below the capacity.
                func note(_ slot: Int, _ start: Int, _ end: Int) {
                    let isNew = written[slot >> 6] & (1 << UInt64(slot & 63)) == 0
                    var prefix = isNew ? Prefix() : table[slot]
                    prefix.earlierStart = prefix.start
                    prefix.earlierEnd = prefix.end
                    prefix.start = Int32(clamping: start)
                    prefix.end = Int32(clamping: end)
                    table.initializeElement(at: slot, to: prefix)
                    written[slot >> 6] |= 1 << UInt64(slot & 63)
                }
                automaton.scanOutputs(bytes) { output, begin, end in
                    let part = parts[output]
                    if part.slot >= 0 { note(Int(part.slot), begin, end) }
                    if part.owner >= 0 {
                        body(Hit(owner: Int(part.owner), isException: false, start: begin, end: end))
                        return
                    }
                    for index in Int(part.firstUse)..<Int(part.endUse) {
                        let use = uses[index]
                        var start = begin
                        if use.before >= 0 {
                            let slot = Int(use.before)
                            guard written[slot >> 6] & (1 << UInt64(slot & 63)) != 0 else { continue }
                            let before = table[slot]
                            if joins(Int(before.end), begin, bytes) {
                                start = Int(before.start)
                            } else if joins(Int(before.earlierEnd), begin, bytes) {
                                start = Int(before.earlierStart)
                            } else {
                                continue
                            }
                        }
                        if use.own < 0 {
                            body(Hit(owner: Int(use.owner), isException: use.isException, start: start, end: end))
                        } else {
                            note(Int(use.own), start, end)
                        }
                    }
                }
            }
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

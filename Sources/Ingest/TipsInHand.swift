/// Tips between the socket and the core: those of some messages that were read one after the other, since handing each over by
/// itself costs a lock and a wake-up for each. Kept while the core has no room.
struct TipsInHand {
    /// Tips after which they are handed over before the next message is read.
    static let gathered = 64

    /// Each to be taken as a whole: those of one message, or single ones up to ``gathered``.
    private var express: [[AdmittedTip]] = []
    private var ordinary: [[AdmittedTip]] = []
    private var count = 0

    var isEmpty: Bool { count == 0 }

    /// Whether they are handed over before the next message is read: an emergency waits for none.
    var isDue: Bool { count >= Self.gathered || !express.isEmpty }

    mutating func add(express tips: [AdmittedTip]) {
        count += tips.count
        Self.add(tips, to: &express)
    }

    mutating func add(ordinary tips: [AdmittedTip]) {
        count += tips.count
        Self.add(tips, to: &ordinary)
    }

    private static func add(_ tips: [AdmittedTip], to parts: inout [[AdmittedTip]]) {
        guard !tips.isEmpty else { return }
        if let last = parts.indices.last, parts[last].count + tips.count <= gathered {
            parts[last].append(contentsOf: tips)
        } else {
            parts.append(tips)
        }
    }

    /// Hands over what there is room for, emergencies first.
    /// - Returns: whether that was everything.
    mutating func offer(to core: ([AdmittedTip], Bool) -> Bool) -> Bool {
        Self.offer(&express, &count) { core($0, true) }
        // Nothing overtakes an emergency.
        if express.isEmpty { Self.offer(&ordinary, &count) { core($0, false) } }
        return isEmpty
    }

    private static func offer(_ parts: inout [[AdmittedTip]], _ count: inout Int, to core: ([AdmittedTip]) -> Bool) {
        while let first = parts.first, core(first) {
            count -= first.count
            parts.removeFirst()
        }
    }
}

// Which list of the index is meant, as two numbers, and a table by them. A question asks for ten lists; with names of zones
// hashed for each, that took longer than all comparisons.

/// Names a list: an area, and a place or a name in it.
struct ListKey: Equatable, Sendable {
    /// As the index numbers areas.
    var area: UInt32
    var place: UInt64

    /// Spread over all bits (the finaliser of SplitMix64).
    fileprivate var hash: Int {
        var value = place ^ UInt64(area) &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return Int(truncatingIfNeeded: value ^ value >> 31)
    }
}

/// A handle for each key, in one flat table with open addressing that is at most half full.
struct ListHeads: Sendable {
    private struct Slot {
        var key = ListKey(area: 0, place: 0)
        /// −1 where the slot is free.
        var head: Int32 = -1
    }

    private var slots = [Slot](repeating: Slot(), count: 16)
    private var used = 0

    /// The handle under a key, which is never negative; nil takes the key out.
    subscript(key: ListKey) -> Int32? {
        get {
            let slot = slots[find(key)]
            return slot.head < 0 ? nil : slot.head
        }
        set {
            let slot = find(key)
            let isNew = slots[slot].head < 0
            guard let newValue else {
                if !isNew { free(slot) }
                return
            }
            slots[slot] = Slot(key: key, head: newValue)
            guard isNew else { return }
            used += 1
            if used * 2 > slots.count { grow() }
        }
    }

    /// Where the key is, or the free slot where it would be. There always is one: the table is never full.
    private func find(_ key: ListKey) -> Int {
        var slot = key.hash & (slots.count - 1)
        while slots[slot].head >= 0, slots[slot].key != key { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    /// Frees a slot, and moves back what stands behind it for want of a better place: no key is then looked for in vain.
    private mutating func free(_ slot: Int) {
        let mask = slots.count - 1
        var gap = slot
        var next = (gap + 1) & mask
        while slots[next].head >= 0 {
            let home = slots[next].key.hash & mask
            // Whether its home lies outside the stretch from behind the gap to where it stands.
            if (next - home) & mask >= (next - gap) & mask {
                slots[gap] = slots[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        slots[gap] = Slot()
        used -= 1
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        for slot in old where slot.head >= 0 { slots[find(slot.key)] = slot }
    }
}

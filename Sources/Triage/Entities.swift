// What a text names that can be the same or not: 3号楼2单元, a plate, a telephone number, a red jacket. Words may be alike
// by chance; these decide. Two texts contradict each other in a kind only where both name something of it and nothing is
// common to both, for "from building 3 I see smoke in building 5" names two.

/// The entities of one tip: its text and its place together.
public struct Entities: Hashable, Sendable {
    /// What is named. The raw value orders them.
    enum Kind: UInt8, CaseIterable {
        case plate, phone
        case building, unit, room, bay, floor, gate, side, street
        case upper, lower, head, bag, vehicle
        case sex, age, venue

        /// Two tips that name different ones are about different events.
        var rulesOut: Bool { self == .plate || self == .building || self == .unit || self == .room || self == .bay || self == .phone }
        var isIdentifier: Bool { self == .plate || self == .phone }
        var isDwelling: Bool { self == .building || self == .unit || self == .room || self == .bay || self == .floor }
        var isAppearance: Bool { self == .upper || self == .lower || self == .head || self == .bag || self == .vehicle }
    }

    struct Entity: Hashable, Comparable {
        var kind: Kind
        /// A number, or a hash of what is named.
        var value: UInt32

        private var order: UInt64 { UInt64(kind.rawValue) << 32 | UInt64(value) }

        static func < (left: Entity, right: Entity) -> Bool {
            left.order < right.order
        }
    }

    /// Named things beyond this are left out: a text of 300 bytes has few.
    static let bound = 24

    /// Ascending, distinct.
    let all: [Entity]
    /// Whether it speaks of a drill, and does not deny that it is one.
    let namesDrill: Bool
    /// Whether it speaks of a day before.
    let namesPast: Bool

    init(text: String, place: String) {
        (all, namesDrill, namesPast) = EntityScanner.with { scanner in
            scanner.scan(text)
            scanner.scan(place)
            let found = scanner.found
            found.sortBriefly()
            var distinct = 0
            for entity in found where distinct == 0 || found[distinct - 1] != entity {
                found[distinct] = entity
                distinct += 1
            }
            return (Array(UnsafeBufferPointer(rebasing: found[..<distinct])), scanner.namesDrill, scanner.namesPast)
        }
    }

    /// What plates and telephone numbers an index may find an incident by.
    var identifiers: some Sequence<UInt64> {
        all.lazy.filter(\.kind.isIdentifier).map { UInt64($0.kind.rawValue) << 32 | UInt64($0.value) }
    }

    /// A set of kinds, in the order of their raw values.
    struct Kinds: Hashable, Sequence, ExpressibleByArrayLiteral {
        private(set) var bits: UInt32 = 0

        init(arrayLiteral kinds: Kind...) { for kind in kinds { insert(kind) } }
        init(where holds: (Kind) -> Bool) { for kind in Kind.allCases where holds(kind) { insert(kind) } }

        mutating func insert(_ kind: Kind) { bits |= 1 << UInt32(kind.rawValue) }
        var isEmpty: Bool { bits == 0 }
        var count: Int { bits.nonzeroBitCount }
        func intersection(_ other: Kinds) -> Kinds {
            var both = self
            both.bits &= other.bits
            return both
        }

        func makeIterator() -> AnyIterator<Kind> {
            var left = bits
            return AnyIterator {
                guard left != 0 else { return nil }
                defer { left &= left - 1 }
                return Kind(rawValue: UInt8(left.trailingZeroBitCount))
            }
        }

        static let identifiers = Kinds(where: \.isIdentifier)
        static let dwellings = Kinds(where: \.isDwelling)
        static let appearances = Kinds(where: \.isAppearance)
    }

    /// How two tips' entities stand to each other.
    struct Comparison: Hashable {
        /// Kinds of which both name the same.
        var same: Kinds = []
        /// Kinds that speak against each other without ruling out.
        var against: Kinds = []
        /// The first kind that rules out.
        var veto: Kind?
        /// One speaks of a drill and the other does not.
        var drillDiffers = false
        /// One speaks of a day before and the other does not.
        var pastDiffers = false
    }

    func compare(_ other: Entities) -> Comparison {
        var result = Comparison()
        result.drillDiffers = namesDrill != other.namesDrill
        result.pastDiffers = namesPast != other.namesPast
        if all.isEmpty || other.all.isEmpty { return result }
        var (left, right) = (0, 0)
        while left < all.count, right < other.all.count {
            let kind = all[left].kind
            let rival = other.all[right].kind
            if kind != rival {
                if kind.rawValue < rival.rawValue { left += 1 } else { right += 1 }
                continue
            }
            let leftEnd = Self.end(of: kind, in: all, from: left)
            let rightEnd = Self.end(of: kind, in: other.all, from: right)
            judge(kind, all[left..<leftEnd], other.all[right..<rightEnd], &result)
            left = leftEnd
            right = rightEnd
        }
        return result
    }

    private static func end(of kind: Kind, in all: [Entity], from start: Int) -> Int {
        var end = start
        while end < all.count, all[end].kind == kind { end += 1 }
        return end
    }

    private func judge(_ kind: Kind, _ mine: ArraySlice<Entity>, _ theirs: ArraySlice<Entity>, _ result: inout Comparison) {
        // Two crossings of one street share it: both must know each other's streets.
        if kind == .street, mine.count > 1, theirs.count > 1, !mine.elementsEqual(theirs) {
            result.against.insert(kind)
            return
        }
        if mine.contains(where: theirs.contains) {
            result.same.insert(kind)
            return
        }
        switch kind {
        case _ where kind.rulesOut: result.veto = result.veto ?? kind
        // People miscount floors by one.
        case .floor:
            let near = mine.contains { one in theirs.contains { abs(Int64(one.value) - Int64($0.value)) <= 1 } }
            if !near { result.veto = result.veto ?? kind }
        case _ where kind.isAppearance:
            // By night black, blue and grey are one colour.
            let near = mine.contains { one in theirs.contains { Colour.areNear(one.value, $0.value) } }
            if !near { result.against.insert(kind) }
        default: result.against.insert(kind)
        }
    }
}

/// Colours as witnesses tell them apart.
enum Colour: UInt32 {
    case red = 1, orange, yellow, green, blue, purple, black, grey, white, brown, pink

    /// Whether two people may call one thing by these.
    static func areNear(_ one: UInt32, _ other: UInt32) -> Bool {
        guard let one = Colour(rawValue: one), let other = Colour(rawValue: other) else { return one == other }
        switch (min(one.rawValue, other.rawValue), max(one.rawValue, other.rawValue)) {
        case let (low, high) where low == high: return true
        case (red.rawValue, orange.rawValue), (red.rawValue, pink.rawValue), (red.rawValue, purple.rawValue): return true
        case (orange.rawValue, yellow.rawValue), (orange.rawValue, brown.rawValue), (yellow.rawValue, brown.rawValue): return true
        case (blue.rawValue, black.rawValue), (black.rawValue, grey.rawValue), (blue.rawValue, purple.rawValue): return true
        case (grey.rawValue, white.rawValue), (blue.rawValue, green.rawValue), (purple.rawValue, pink.rawValue): return true
        default: return false
        }
    }
}

import Testing
import TipModel

@testable import Feed

private func entry(_ sequence: SequenceNumber, bytes: Int = 1) -> LaneRing.Entry {
    LaneRing.Entry(sequence: sequence, zone: 0, level: .routine, event: [UInt8](repeating: 0, count: bytes))
}

@Suite struct LaneRingTests {
    @Test func theOldestGoAtTheBoundInEvents() {
        var ring = LaneRing(head: 10, maxEvents: 3, maxBytes: 1_000)
        #expect(ring.holdsAll(after: 10) && !ring.holdsAll(after: 9))
        for sequence: SequenceNumber in [12, 13, 20] { ring.append(entry(sequence)) }
        #expect(ring.floor == 10 && ring.newest == 20 && ring.count == 3)
        ring.append(entry(21))
        #expect(ring.floor == 12 && ring.count == 3)
        #expect(ring.holdsAll(after: 12) && !ring.holdsAll(after: 11))
    }

    @Test func theOldestGoAtTheBoundInBytes() {
        var ring = LaneRing(head: 0, maxEvents: 100, maxBytes: 10)
        for sequence: SequenceNumber in 1...4 { ring.append(entry(sequence, bytes: 3)) }
        #expect(ring.count == 3 && ring.bytes == 9 && ring.floor == 1)
        // Larger than the ring: it is only in the journal.
        ring.append(entry(5, bytes: 11))
        #expect(ring.count == 0 && ring.bytes == 0 && ring.floor == 5 && ring.newest == 5)
        ring.append(entry(6))
        #expect(ring.count == 1 && ring.holdsAll(after: 5))
    }

    @Test func whatIsNotNewIsIgnored() {
        var ring = LaneRing(head: 5, maxEvents: 10, maxBytes: 100)
        for sequence: SequenceNumber in [5, 4, 6, 6] { ring.append(entry(sequence)) }
        #expect(ring.count == 1 && ring.newest == 6)
    }

    @Test func aLossEmptiesIt() {
        var ring = LaneRing(head: 0, maxEvents: 10, maxBytes: 100)
        for sequence: SequenceNumber in 1...3 { ring.append(entry(sequence)) }
        ring.lose(through: 0)
        #expect(ring.count == 3)
        ring.lose(through: 7)
        #expect(ring.count == 0 && ring.bytes == 0 && ring.floor == 7 && ring.newest == 7 && ring.end == 3)
        ring.append(entry(8))
        #expect(ring[3].sequence == 8 && ring.position(after: 7, hint: 0) == 3)
    }

    @Test func positionsAreFoundWithAnyHint() {
        var random = SeededGenerator(seed: 3)
        var ring = LaneRing(head: 0, maxEvents: 8, maxBytes: 1_000)
        var sequence: SequenceNumber = 0
        for _ in 0..<200 {
            sequence += UInt64.random(in: 1...4, using: &random)
            ring.append(entry(sequence))
            let after = SequenceNumber.random(in: ring.floor...(sequence + 2), using: &random)
            let hint = UInt64.random(in: 0...(ring.end + 3), using: &random)
            let at = ring.position(after: after, hint: hint)
            #expect(at == ring.end || ring[at].sequence > after)
            #expect(at == ring.end - UInt64(ring.count) || ring[at - 1].sequence <= after)
        }
    }

    @Test func zonesAndLevelsAreFiltered() {
        var numbers = ZoneNumbers()
        let many = (0..<130).map { zone("z\($0)") }
        for one in many { _ = numbers.number(of: one) }
        let filter = numbers.filter(zones: [many[0], many[63], many[64], many[129]], leastLevel: .priority)
        for (index, one) in many.enumerated() {
            let number = numbers.number(of: one)
            let entry = LaneRing.Entry(sequence: 1, zone: number, level: .priority, event: [])
            #expect(filter.admits(entry) == [0, 63, 64, 129].contains(index))
        }
        #expect(!filter.admits(LaneRing.Entry(sequence: 1, zone: 0, level: .routine, event: [])))
        #expect(!filter.admits(LaneRing.Entry(sequence: 1, zone: 4_000, level: .emergency, event: [])))
    }
}

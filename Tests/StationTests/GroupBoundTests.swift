import Testing

@testable import Station

@Suite("How many tips a group may have")
struct GroupBoundTests {
    private func settled(most: Int = 512, microsecondsForTip: Int64, from start: GroupBound? = nil) -> GroupBound {
        var bound = start ?? GroupBound(most: most)
        for _ in 0..<20 { bound.note(tips: bound.tips, milliseconds: Int64(bound.tips) * microsecondsForTip / 1_000) }
        return bound
    }

    @Test("a quick processor decides as many as are configured")
    func quick() {
        #expect(settled(microsecondsForTip: 20).tips == 512)
        #expect(settled(microsecondsForTip: 0).tips == 512)
    }

    @Test("a slow one as many as take the time, and never less than the least", arguments: [(60, 190...210), (200, 64...64), (100_000, 64...64)])
    func slow(microseconds: Int64, tips: ClosedRange<Int>) {
        #expect(tips.contains(settled(microsecondsForTip: microseconds).tips))
    }

    @Test("it finds back when the processor is free again")
    func recovers() {
        let slow = settled(microsecondsForTip: 200)
        #expect(settled(microsecondsForTip: 20, from: slow).tips == 512)
    }

    @Test("one group that is held up does not halve it twice, and a lone tip says nothing")
    func chance() {
        var bound = GroupBound(most: 512)
        bound.note(tips: 512, milliseconds: 10_000)
        #expect(bound.tips == 256)
        bound.note(tips: 1, milliseconds: 1_000)
        #expect(bound.tips == 256)
    }

    @Test("where fewer are configured than the least, those hold")
    func few() {
        #expect(settled(most: 8, microsecondsForTip: 100_000).tips == 8)
        #expect(settled(most: 1, microsecondsForTip: 0).tips == 1)
    }
}

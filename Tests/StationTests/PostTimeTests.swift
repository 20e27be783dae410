import TestSupport
import TipModel
import Testing

@testable import Station

/// What posts are told the time is.
@Suite struct PostTimeTests {
    private let time = ManualTime()
    private static let day: Int64 = 86_400_000
    private static let leaps = [3_653 * day, -3_653 * day, day + 60_000]
    /// A post's own clock, which is a little off.
    private func own(_ now: Timestamp) -> Timestamp { now.advanced(byMilliseconds: 7_000) }

    @Test(arguments: leaps) func aLeapIsNotPassedOn(_ leap: Int64) {
        let clock = PostTime(time)
        let begun = time.now()
        // Before the start nothing is known of it.
        #expect(clock.told(to: own(begun)) == begun)
        clock.begin(at: begun.advanced(byMilliseconds: -time.monotonicMilliseconds()))
        time.setWall(begun.advanced(byMilliseconds: leap))
        #expect(clock.told(to: own(begun)) == begun)
        time.advance(milliseconds: 90_000)
        let later = begun.advanced(byMilliseconds: 90_000)
        #expect(clock.told(to: own(later)) == later)
        // Set right, and set by what setting right explains.
        for offset in [0, 3_600_000, -Self.day] {
            time.setWall(later.advanced(byMilliseconds: offset))
            #expect(clock.told(to: own(later)) == later.advanced(byMilliseconds: offset))
        }
    }

    /// The clock or the journal is wrong: a post that went by either would be cut off where it is the other.
    @Test(arguments: leaps) func afterAStartInAnotherYearAPostGoesByItsOwnClock(_ leap: Int64) {
        let clock = PostTime(time)
        let right = time.now()
        time.setWall(right.advanced(byMilliseconds: leap))
        clock.begin(at: right.advanced(byMilliseconds: -time.monotonicMilliseconds()))
        #expect(clock.told(to: own(right)) == own(right))
        time.setWall(right)
        #expect(clock.told(to: own(right)) == right)
    }

    /// A machine without a battery starts in another year, and its time service sets it right.
    @Test func aClockThatATimeServiceSetsIsRight() {
        let clock = PostTime(time, isSynchronized: { true })
        let right = time.now()
        time.setWall(right.advanced(byMilliseconds: -200 * Self.day))
        clock.begin(at: time.now().advanced(byMilliseconds: -time.monotonicMilliseconds()))
        time.setWall(right)
        #expect(clock.told(to: own(right)) == right)
        // From then on that is where it stands.
        time.advance(milliseconds: 60_000)
        let later = right.advanced(byMilliseconds: 60_000)
        #expect(clock.told(to: later.advanced(byMilliseconds: 3 * Self.day)) == later)
    }
}

import TestSupport
import TipModel
import Testing

@testable import Station

/// What posts are told the time is.
@Suite struct PostTimeTests {
    private let time = ManualTime()
    private let gate = PostID(unchecked: "gate-1")
    private let square = PostID(unchecked: "square")
    private static let day: Int64 = 86_400_000
    private static let leaps = [3_653 * day, -3_653 * day, day + 60_000]
    /// A post's own clock, which is a little off.
    private func own(_ now: Timestamp) -> Timestamp { now.advanced(byMilliseconds: 7_000) }

    @Test(arguments: leaps) func aLeapIsNotPassedOn(_ leap: Int64) {
        let clock = PostTime(time)
        let begun = time.now()
        // Before the start nothing is known of it.
        #expect(clock.told(to: own(begun), by: gate) == begun)
        clock.begin(at: begun.advanced(byMilliseconds: -time.monotonicMilliseconds()))
        time.setWall(begun.advanced(byMilliseconds: leap))
        #expect(clock.told(to: own(begun), by: gate) == begun)
        time.advance(milliseconds: 90_000)
        let later = begun.advanced(byMilliseconds: 90_000)
        #expect(clock.told(to: own(later), by: gate) == later)
        // Set right, and set by what setting right explains.
        for offset in [0, 3_600_000, -Self.day] {
            time.setWall(later.advanced(byMilliseconds: offset))
            #expect(clock.told(to: own(later), by: gate) == later.advanced(byMilliseconds: offset))
        }
    }

    /// The clock or the journal is wrong: a post that went by either would be cut off where it is the other.
    @Test(arguments: leaps) func afterAStartInAnotherYearAPostGoesByItsOwnClock(_ leap: Int64) {
        let clock = PostTime(time)
        let right = time.now()
        time.setWall(right.advanced(byMilliseconds: leap))
        clock.begin(at: right.advanced(byMilliseconds: -time.monotonicMilliseconds()))
        #expect(clock.told(to: own(right), by: gate) == own(right))
        time.setWall(right)
        #expect(clock.told(to: own(right), by: gate) == right)
    }

    /// A machine without a battery starts in another year, and its time service sets it right: a post that knew better all along shows it.
    @Test func aPostThatShowedThisTimeBeforeSaysThatTheClockIsRightNow() {
        let clock = PostTime(time)
        let right = time.now()
        let wrong = right.advanced(byMilliseconds: -200 * Self.day)
        time.setWall(wrong)
        clock.begin(at: wrong.advanced(byMilliseconds: -time.monotonicMilliseconds()))
        #expect(clock.told(to: own(right), by: gate) == wrong)
        time.advance(milliseconds: 60_000)
        let later = right.advanced(byMilliseconds: 60_000)
        time.setWall(later)
        // One that was not heard before says nothing: its clock may have leapt with the daemon's.
        #expect(clock.told(to: own(later), by: square) == wrong.advanced(byMilliseconds: 60_000))
        #expect(clock.told(to: own(later), by: gate) == later)
        // From then on that is where it stands, for all.
        #expect(clock.told(to: own(later), by: square) == later)
        time.setWall(later.advanced(byMilliseconds: 300 * Self.day))
        #expect(clock.told(to: own(later), by: square) == later)
    }

    /// On one machine post and daemon have one clock, and leap together.
    @Test func aPostThatLeaptTooSaysNothing() {
        let clock = PostTime(time)
        let begun = time.now()
        clock.begin(at: begun.advanced(byMilliseconds: -time.monotonicMilliseconds()))
        #expect(clock.told(to: begun, by: gate) == begun)
        let leapt = begun.advanced(byMilliseconds: 3_653 * Self.day)
        time.setWall(leapt)
        for _ in 0..<3 { #expect(clock.told(to: leapt, by: gate) == begun) }
    }
}

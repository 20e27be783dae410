import TestSupport
import TipModel
import Testing

@testable import Station

/// What posts are told the time is.
@Suite struct PostTimeTests {
    private let time = ManualTime()
    private static let day: Int64 = 86_400_000

    @Test(arguments: [3_653 * day, -3_653 * day, day + 60_000])
    func aLeapIsNotPassedOn(_ leap: Int64) {
        let clock = PostTime(time)
        let begun = time.now()
        // Before the start nothing is known of it.
        #expect(clock.now() == begun)
        clock.begin(at: begun.advanced(byMilliseconds: -time.monotonicMilliseconds()))
        time.setWall(begun.advanced(byMilliseconds: leap))
        #expect(clock.now() == begun)
        time.advance(milliseconds: 90_000)
        #expect(clock.now() == begun.advanced(byMilliseconds: 90_000))
        // Set right, and set by what setting right explains.
        for offset in [0, 3_600_000, -Self.day] {
            time.setWall(begun.advanced(byMilliseconds: 90_000 + offset))
            #expect(clock.now() == begun.advanced(byMilliseconds: 90_000 + offset))
        }
    }
}

import Testing
import TipModel
import TipWire

@testable import Workbench

private let posts = (try? benchPosts(41, configuration: "config")) ?? []
private let noon = Timestamp(milliseconds: 1_793_500_000_000)

private func maker(seed: UInt64 = 1, open: Int = 200, duplicates: Double = 0.3) -> BenchTips {
    BenchTips(seed: seed, posts: posts, open: open, duplicates: duplicates)
}

/// What the daemon would read of a load, by number.
private func decoded(_ load: BenchLoad) throws -> [(post: Int, tip: Tip)] {
    var tips: [UInt64: (Int, Tip)] = [:]
    for (post, queue) in load.queues.enumerated() where queue.count > 0 {
        // In messages of seven, each a slice of the arena.
        for begin in stride(from: 0, to: queue.count, by: 7) {
            let end = min(begin + 7, queue.count)
            let submit = try Submit(Array(queue.bytes[queue.begins(begin)..<queue.begins(end)]))
            #expect(submit.tips.count == end - begin)
            for (place, bytes) in submit.tips.enumerated() { tips[queue.indices[begin + place]] = (post, try TipCodec.decode(bytes)) }
        }
    }
    return tips.sorted { $0.key < $1.key }.map { ($0.value.0, $0.value.1) }
}

@Suite struct BenchTipsTests {
    @Test func theDistrictHasPostsOfAllZones() {
        #expect(posts.count == 41)
        #expect(Set(posts.map(\.id)).count == 41)
        #expect(Set(posts.map(\.zone)).count == 6)
    }

    @Test(arguments: [1, 2, 8, 41, 100, 500]) func anyNumberOfPosts(_ count: Int) throws {
        let some = try benchPosts(count, configuration: "config")
        #expect(some.count == count)
        #expect(Set(some.map(\.id)).count == count)
    }

    @Test func theSameSeedMakesTheSameTips() {
        var (one, same, other) = (maker(), maker(), maker(seed: 2))
        let bytes = { (load: BenchLoad) in load.queues.map(\.bytes) }
        let first = bytes(one.make(500, now: noon, perSecond: 1_000))
        #expect(bytes(same.make(500, now: noon, perSecond: 1_000)) == first)
        #expect(bytes(other.make(500, now: noon, perSecond: 1_000)) != first)
    }

    @Test func textsVaryAsPeoplesDo() throws {
        var maker = maker()
        let load = maker.make(100_000, now: noon, perSecond: 100_000)
        #expect(load.distinctTexts >= 20_000, "\(load.distinctTexts)")
        let tips = try decoded(load).map(\.tip)
        #expect(tips.count == 100_000)
        #expect(Set(tips.map(\.text)).count == load.distinctTexts)
        #expect(Set(tips.map(\.category)).count == 16)
        let chinese = tips.count { $0.text.unicodeScalars.contains { $0.value > 0x2E80 } }
        #expect((30_000...90_000).contains(chinese), "\(chinese)")
        #expect(!tips.contains { $0.text.contains("{") || $0.text.contains("}") || $0.text.contains("|") })
    }

    @Test(arguments: [0.0, 0.3, 0.8]) func theShareOfDuplicatesIsAsAsked(_ share: Double) {
        var maker = maker(duplicates: share)
        let load = maker.make(20_000, now: noon, perSecond: 10_000)
        #expect(abs(Double(load.duplicates) / 20_000 - share) < 0.02)
    }

    /// With no other events going on, whatever has the category and place of the one before is its duplicate.
    @Test func aDuplicateComesFromAnotherPostOfTheZoneInOtherWords() throws {
        var maker = maker(open: 0, duplicates: 0.5)
        let told = try decoded(maker.make(4_000, now: noon, perSecond: 10_000))
        var (pairs, sameWords) = (0, 0)
        for (before, after) in zip(told, told.dropFirst()) where before.tip.category == after.tip.category && before.tip.place == after.tip.place {
            pairs += 1
            #expect(before.post != after.post)
            #expect(posts[before.post].zone == posts[after.post].zone)
            if before.tip.text == after.tip.text { sameWords += 1 }
        }
        #expect((1_700...2_300).contains(pairs), "\(pairs)")
        #expect(sameWords * 10 < pairs, "\(sameWords)")
    }

    @Test func idsOfAPostAscendOverAllItsRuns() throws {
        var maker = maker()
        var newest: [Int: TipID] = [:]
        // The clock stands, so the second run's ids must go on from the first's.
        for _ in 0..<3 {
            for (post, tip) in try decoded(maker.make(3_000, now: noon, perSecond: 5_000)) {
                if let before = newest[post] { #expect(before < tip.id) }
                newest[post] = tip.id
            }
        }
        let last = try #require(newest.values.max())
        #expect(last.madeAt.milliseconds(since: noon) < 10_000)
    }

    @Test func numbersOfAPostHaveNoHoles() throws {
        var maker = maker()
        var next: [Int: UInt64] = [:]
        for (post, tip) in try decoded(maker.make(2_000, now: noon, perSecond: 5_000)) {
            #expect(tip.number == next[post, default: 1])
            next[post] = tip.number + 1
        }
    }

    @Test func fewerPostsMayReport() throws {
        var maker = maker()
        maker.use(posts: 10)
        #expect(try decoded(maker.make(500, now: noon, perSecond: 1_000)).allSatisfy { $0.post < 10 })
    }
}

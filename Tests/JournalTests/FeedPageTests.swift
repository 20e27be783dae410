// Pages of the feed against a plain model: whatever is asked for, in whatever steps, comes once and in order.

import Journal
import TestSupport
import Testing
import TipModel

@Suite("Feed pages of every journal") struct FeedPageTests {
    /// What the drafts say, kept apart from any journal.
    private struct Model {
        var rows: [(sequence: SequenceNumber, feed: FeedDraft)] = []

        init(_ drafts: [Draft]) {
            for (index, draft) in drafts.enumerated() {
                if let feed = draft.feed { rows.append((SequenceNumber(index) + 1, feed)) }
            }
        }

        func items(_ request: FeedPageRequest) -> [FeedPage.Item] {
            rows.filter {
                $0.sequence > request.after && $0.sequence <= request.through && $0.feed.lane == request.lane
                    && $0.feed.level >= request.leastLevel
                    && (request.zones.contains($0.feed.zone) || request.guest.map($0.feed.guests.contains) ?? false)
            }
            .map { FeedPage.Item(sequence: $0.sequence, event: $0.feed.event) }
        }
    }

    private static func request(
        _ lane: Lane, after: SequenceNumber = 0, through: SequenceNumber = .max, zones: [ZoneID] = SampleTips.zones,
        least: UrgencyLevel = .routine, limit: Int = .max, bytes: Int = .max
    ) -> FeedPageRequest {
        FeedPageRequest(
            lane: lane, after: after, through: through, zones: Set(zones), leastLevel: least, limit: limit, bytes: bytes)
    }

    /// One history for all cases of an engine: making it costs more than reading it.
    private static func opened(_ engine: Engine, seed: UInt64, count: Int) throws -> (Bench, any JournalReader, [Draft]) {
        let bench = try engine.open()
        var history = SampleHistory(seed: seed)
        let drafts = history.drafts(count)
        try bench.append(drafts, groupsOf: 60, using: &history.tips.random)
        return (bench, try bench.journal.makeReader(), drafts)
    }

    @Test(arguments: Engine.allCases)
    func anyPagesJoinWithoutGapOrRepeat(engine: Engine) async throws {
        let (bench, reader, drafts) = try Self.opened(engine, seed: 21, count: 500)
        defer { withExtendedLifetime(bench) { reader.close() } }
        let model = Model(drafts)
        var random = SplitMix64(seed: 22)
        func below(_ bound: UInt64) -> UInt64 { random.next() % bound }
        var seen = 0
        for _ in 0..<60 {
            let through = random.oneIn(4) ? 500 + below(50) : below(501)
            var ask = Self.request(
                random.oneIn(2) ? .alert : .main, after: below(through + 20), through: through,
                zones: SampleTips.zones.filter { _ in !random.oneIn(3) },
                least: UrgencyLevel.allCases[Int(below(4))], limit: 1 + Int(below(random.oneIn(2) ? 5 : 200)),
                bytes: Int(below(random.oneIn(2) ? 2_000 : 200_000)))
            if random.oneIn(2) { ask.guest = SampleTips.units[Int(below(3))] }
            let expected = model.items(ask)
            seen += expected.count
            var got: [FeedPage.Item] = []
            var pages = 0
            while ask.after < ask.through {
                let page = try reader.feedPage(ask)
                try #require(page.reached > ask.after && page.reached <= ask.through)
                #expect(page.items.count <= ask.limit)
                // It stops as soon as the bytes are used up, with one event at the least.
                #expect(page.items.dropLast().reduce(0) { $0 + $1.event.count } < max(1, ask.bytes))
                #expect(page.items.allSatisfy { $0.sequence > ask.after && $0.sequence <= page.reached })
                // What it says it looked at holds nothing that it left out.
                var looked = ask
                looked.through = page.reached
                #expect(model.items(looked) == page.items)
                got += page.items
                ask.after = page.reached
                pages += 1
                try #require(pages <= expected.count + 1)
            }
            #expect(got == expected)
            await Task.yield()
        }
        // The requests were not all beside the point.
        #expect(seen > 300)
    }

    @Test(arguments: Engine.allCases)
    func eachLaneZoneAndLevelGivesItsOwn(engine: Engine) throws {
        let (bench, reader, drafts) = try Self.opened(engine, seed: 23, count: 400)
        defer { withExtendedLifetime(bench) { reader.close() } }
        let model = Model(drafts)
        for lane in Lane.allCases {
            for least in UrgencyLevel.allCases {
                for zones in SampleTips.zones.map({ [$0] }) + [SampleTips.zones, [ZoneID(unchecked: "elsewhere")], []] {
                    let ask = Self.request(lane, through: 400, zones: zones, least: least)
                    let page = try reader.feedPage(ask)
                    #expect(page == FeedPage(items: model.items(ask), reached: 400))
                }
            }
        }
        #expect(Lane.allCases.allSatisfy { !model.items(Self.request($0)).isEmpty })
    }

    /// A guest is sent what is its own beyond the zones, and what is of the zones too once.
    @Test(arguments: Engine.allCases)
    func aGuestGetsWhatIsForIt(engine: Engine) throws {
        let (bench, reader, drafts) = try Self.opened(engine, seed: 27, count: 400)
        defer { withExtendedLifetime(bench) { reader.close() } }
        let model = Model(drafts)
        for lane in Lane.allCases {
            for unit in SampleTips.units {
                for zones in [[], [SampleTips.zones[0]], SampleTips.zones] {
                    var ask = Self.request(lane, through: 400, zones: zones)
                    ask.guest = unit
                    #expect(try reader.feedPage(ask) == FeedPage(items: model.items(ask), reached: 400))
                    if zones.isEmpty { #expect(!model.items(ask).isEmpty) }
                }
            }
        }
        var stranger = Self.request(.main, through: 400, zones: [])
        stranger.guest = UnitID(unchecked: "stranger")
        #expect(try reader.feedPage(stranger) == FeedPage(items: [], reached: 400))
    }

    @Test(arguments: Engine.allCases)
    func aPageEndsWhereItIsToldSoThatItJoinsWhatComesLive(engine: Engine) throws {
        let (bench, reader, drafts) = try Self.opened(engine, seed: 24, count: 200)
        defer { withExtendedLifetime(bench) { reader.close() } }
        let model = Model(drafts)
        let events = model.items(Self.request(.alert))
        try #require(events.count > 4)
        let third = events[2].sequence
        #expect(try reader.feedPage(Self.request(.alert, through: third)).items == Array(events.prefix(3)))
        #expect(try reader.feedPage(Self.request(.alert, through: third - 1)).items == Array(events.prefix(2)))
        #expect(try reader.feedPage(Self.request(.alert, after: third)).items == Array(events.dropFirst(3)))
        // Cut by its limit it ends at its last event, else where it was told to.
        #expect(try reader.feedPage(Self.request(.alert, through: 200, limit: 3)).reached == third)
        #expect(try reader.feedPage(Self.request(.alert, through: 200, bytes: 1)) == FeedPage(items: [events[0]], reached: events[0].sequence))
        #expect(try reader.feedPage(Self.request(.alert, through: third, limit: 4)).reached == third)
    }

    /// A cursor comes from a client: any number must do.
    @Test(arguments: Engine.allCases)
    func oddRequestsAreAnsweredAndNothingIsSkipped(engine: Engine) throws {
        let (bench, reader, _) = try Self.opened(engine, seed: 25, count: 50)
        defer { withExtendedLifetime(bench) { reader.close() } }
        for after: SequenceNumber in [50, 51, 1 << 62, 1 << 63, .max - 1] {
            #expect(try reader.feedPage(Self.request(.main, after: after)) == FeedPage(items: [], reached: .max))
        }
        // Room for nothing means that nothing was looked at.
        for limit in [0, -1, Int.min] {
            #expect(try reader.feedPage(Self.request(.main, after: 3, through: 50, limit: limit)) == FeedPage(items: [], reached: 3))
        }
        // Asked backwards, the cursor stays.
        for after: SequenceNumber in [20, 21, .max] {
            #expect(try reader.feedPage(Self.request(.main, after: after, through: 20)) == FeedPage(items: [], reached: after))
        }
        #expect(try reader.feedPage(Self.request(.main, after: 3, through: 50, zones: [])) == FeedPage(items: [], reached: 50))
    }

    @Test(arguments: Engine.allCases)
    func theHeadsAreTheNewestOfEachLane(engine: Engine) throws {
        let bench = try engine.open()
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        #expect(try reader.laneHeads() == FeedCursor())
        var history = SampleHistory(seed: 26)
        var drafts: [Draft] = []
        for _ in 0..<40 {
            let group = history.drafts(5)
            drafts += group
            _ = try bench.journal.append(group)
            var expected = FeedCursor()
            for (sequence, feed) in Model(drafts).rows { expected[feed.lane] = sequence }
            #expect(try reader.laneHeads() == expected)
        }
    }
}

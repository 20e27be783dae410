import TestSupport
import Testing
import TipModel

/// What posts hear of their tips, as a fold over records.
@Suite struct PostSharesTests {
    private let first = SampleTips.posts[0]
    private let second = SampleTips.posts[1]
    private let unit = SampleTips.units[0]

    /// Applies records and keeps them, so that a fold of all can be compared.
    private struct History {
        var state = StationState()

        mutating func add(_ events: Event..., minutes: Int64 = 0) {
            state.apply(
                Record(
                    sequence: state.sequence + 1, at: ManualTime.night.advanced(byMilliseconds: Int64(state.sequence) * 60_000),
                    events: events))
        }

        mutating func tip(_ number: UInt64, of post: PostID, opens id: UInt64? = nil, joins other: UInt64? = nil) {
            let tip = Tip(
                id: PostSharesTests.id(number), observedAt: ManualTime.night, category: "burglary", text: "text \(number)",
                reporter: "员工\(number)", series: 1, number: number)
            let accepted = TipAccepted(
                post: post, zone: SampleTips.zone(of: post), tip: tip, encoded: [], position: nil, receivedAt: ManualTime.night,
                skewMilliseconds: 0)
            let urgency = Urgency(score: 50, level: .priority, reasons: [])
            if let id {
                add(.tipAccepted(accepted), .incidentOpened(IncidentOpened(incident: IncidentID(id), urgency: urgency, reasons: [])))
            } else if let other {
                add(
                    .tipAccepted(accepted),
                    .tipCorrelated(TipCorrelated(incident: IncidentID(other), score: 70, reasons: [], tipUrgency: urgency)))
            }
        }

        mutating func move(_ id: UInt64, _ phase: Phase, by unit: UnitID, _ disposition: Disposition? = nil) {
            add(.phaseChanged(PhaseChanged(incident: IncidentID(id), unit: unit, phase: phase, disposition: disposition)))
        }
    }

    static func id(_ number: UInt64) -> TipID { TipID(high: UInt64(ManualTime.night.milliseconds) << 16, low: number) }

    @Test func whatTheReceiptsSayIsNoNews() {
        var history = History()
        history.tip(1, of: first, opens: 1)
        history.tip(2, of: second, joins: 1)
        #expect(history.state.news(for: first, after: 0) == nil && history.state.news(for: second, after: 0) == nil)
        #expect(history.state.shares.posts(in: IncidentID(1)) == [first, second].sorted())
    }

    @Test func eachPostHearsOfItsOwnTipsAndOfNobodyElses() throws {
        var history = History()
        history.tip(1, of: first, opens: 1)
        history.tip(2, of: second, joins: 1)
        history.tip(3, of: second, opens: 2)
        history.move(1, .claimed, by: unit)
        let one = try #require(history.state.news(for: first, after: 0))
        let item = try #require(one.items.first)
        #expect(one.items.count == 1 && item.tips == [Self.id(1)] && item.incident == IncidentID(1))
        #expect(item.sequence == 4 && one.through == 4 && one.after == 0)
        #expect(item.progress.phase == .claimed && item.progress.unit == unit && item.unitName == unit.rawValue)
        #expect(item.progress.claimedAt == ManualTime.night.advanced(byMilliseconds: 180_000))
        #expect(history.state.news(for: second, after: 0)?.items.map(\.tips) == [[Self.id(2)]])
        #expect(history.state.news(for: first, after: 4) == nil)
    }

    @Test func thePhasesKeepTheirTimesAndAReleaseTakesThemBack() throws {
        var history = History()
        history.tip(1, of: first, opens: 1)
        history.move(1, .claimed, by: unit)
        history.move(1, .enRoute, by: unit)
        history.move(1, .onScene, by: unit)
        var progress = try #require(history.state.shares.share(of: first, in: IncidentID(1))?.progress)
        #expect([progress.claimedAt, progress.enRouteAt, progress.onSceneAt].map { $0?.milliseconds(since: ManualTime.night) } == [60_000, 120_000, 180_000])
        history.move(1, .cleared, by: unit, .falseAlarm)
        progress = try #require(history.state.shares.share(of: first, in: IncidentID(1))?.progress)
        #expect(progress.disposition == .falseAlarm && progress.clearedAt != nil && progress.onSceneAt != nil && progress.unit == unit)

        history.tip(2, of: first, opens: 2)
        history.move(2, .claimed, by: unit)
        history.move(2, .open, by: unit)
        progress = try #require(history.state.shares.share(of: first, in: IncidentID(2))?.progress)
        #expect(progress.phase == .open && progress.claimedAt == nil && progress.unit == nil)
    }

    @Test func aTipThatJoinsAClaimedIncidentIsNewsAtOnce() throws {
        var history = History()
        history.tip(1, of: first, opens: 1)
        history.move(1, .claimed, by: unit)
        history.tip(2, of: second, joins: 1)
        let news = try #require(history.state.news(for: second, after: 0))
        #expect(news.items.first?.progress.phase == .claimed && news.through == 3)
        // The other post has no part in that record.
        #expect(history.state.news(for: first, after: 2) == nil)
    }

    /// `after` is what the reader must have, and not more: the same incident's lost change is told again.
    @Test func afterNamesTheNewestChangeThatIsLeftOut() throws {
        var history = History()
        history.tip(1, of: first, opens: 1)
        history.tip(2, of: first, opens: 2)
        history.move(1, .claimed, by: unit)
        history.move(2, .claimed, by: unit)
        history.move(2, .enRoute, by: unit)
        let news = try #require(history.state.news(for: first, after: 4))
        #expect(news.items.map(\.incident) == [IncidentID(2)] && news.after == 3 && news.through == 5)
    }

    @Test func aPostThatKnowsMoreThanHasHappenedStartsAnew() throws {
        var history = History()
        history.tip(1, of: first, opens: 1)
        let empty = try #require(history.state.news(for: first, after: 900))
        #expect(empty == PostProgress(items: [], after: 0, through: 0))
        history.move(1, .claimed, by: unit)
        #expect(history.state.news(for: first, after: 900)?.items.count == 1)
    }

    @Test func mergedTipsAreToldOfTheSurvivorAndSplitOnesOfTheNew() throws {
        var history = History()
        history.tip(1, of: first, opens: 1)
        history.tip(2, of: first, opens: 2)
        history.tip(3, of: first, joins: 2)
        var survivor = try #require(history.state.incidents[IncidentID(1)])
        survivor.tipCount = 3
        history.add(.incidentMerged(IncidentMerged(absorbed: IncidentID(2), survivor: IncidentID(1), reason: "one", by: "duty")))
        history.add(.incidentRestated(IncidentRestated(incident: survivor, cause: .merge, other: IncidentID(2), reason: "one", by: "duty")))
        var items = try #require(history.state.news(for: first, after: 0)).items
        #expect(items.map(\.incident) == [IncidentID(2), IncidentID(1)])
        #expect(items[0].progress.mergedInto == IncidentID(1) && items[1].tips == [1, 2, 3].map(Self.id))

        var fresh = survivor
        fresh.id = IncidentID(3)
        let moved = [TipKey(post: first, tip: Self.id(3))]
        history.add(
            .incidentRestated(IncidentRestated(incident: survivor, cause: .split, other: IncidentID(3), moved: moved, reason: "two", by: "duty")))
        history.add(
            .incidentRestated(IncidentRestated(incident: fresh, cause: .split, other: IncidentID(1), moved: moved, reason: "two", by: "duty")))
        items = try #require(history.state.news(for: first, after: 5)).items
        #expect(items.map(\.incident) == [IncidentID(1), IncidentID(3)] && items.map(\.tips) == [[1, 2].map(Self.id), [Self.id(3)]])
    }

    @Test func bothListsAreBounded() throws {
        var history = History()
        for number in 1...70 { history.tip(UInt64(number), of: first, opens: UInt64(number)) }
        #expect(history.state.shares.sorted.count == PostShares.incidentsBound)
        #expect(history.state.shares.posts(in: IncidentID(1)).isEmpty && history.state.shares.posts(in: IncidentID(7)) == [first])
        for number in 100...140 { history.tip(UInt64(number), of: first, joins: 70) }
        let tips = try #require(history.state.shares.share(of: first, in: IncidentID(70))?.tips)
        #expect(tips.count == PostShares.tipsBound && tips.last == Self.id(140))
    }

    @Test func itIsTheSameWhenReadBack() {
        var history = History()
        history.tip(1, of: first, opens: 1)
        history.tip(2, of: second, joins: 1)
        history.tip(3, of: second, opens: 2)
        history.move(1, .claimed, by: unit)
        #expect(PostShares(history.state.shares.sorted) == history.state.shares)
    }
}

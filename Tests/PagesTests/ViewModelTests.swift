import Accounts
@testable import Board
import DispatchDesk
import Localization
import Testing
import TipModel

/// What pages make of values: order, waiting, filters, times, the map and the charts.
struct ViewModelTests {
    let sample: SampleBoard

    init() throws { sample = try SampleBoard() }

    @Test func theMostUrgentComesFirstAndAtALevelWhatNobodyHas() {
        let order = sample.overview.open.inBoardOrder().map(\.id.rawValue)
        #expect(order == [12, 11, 3, 10, 9, 8, 6, 7, 4, 5])
    }

    @Test func waitingIsToldAgainstWhatTheLevelAllows() {
        let rows = Dictionary(uniqueKeysWithValues: sample.overview.open.map { ($0.id.rawValue, IncidentRow($0, sample.scope())) })
        #expect(rows[12]?.wait?.text == "已等 2 分钟" && rows[12]?.wait?.limit == "1 分钟" && rows[12]?.wait?.isOver == true)
        #expect(rows[11]?.wait == nil && rows[11]?.holder == "学府巡组" && rows[11]?.otherUnits == "另有 1 组")
        #expect(rows[12]?.isUnseen == true && rows[10]?.isUnseen == false)
        #expect(rows[10]?.escalation == "升级 02:06：无人接单，已报社区民警")
    }

    /// An acknowledgement stops the alarm, for as long as its rest lasts; a claim stops it for good.
    @Test func theAlarmFollowsTheState() {
        let now = sample.overview.now
        let post = sample.overview.posts[0].post
        var one = SampleBoard.incident(1, .emergency, "fire", "x", at: post, minutes: 1)
        #expect(IncidentRow.rings(one, now: now))
        one.acknowledgement = Acknowledgement(by: Operator(.desk, "zhang"), at: now)
        one.escalation.restUntil = now.advanced(byMilliseconds: 1_000)
        #expect(!IncidentRow.rings(one, now: now))
        #expect(IncidentRow.rings(one, now: now.advanced(byMilliseconds: 1_000)))
        one.phase = .claimed
        #expect(!IncidentRow.rings(one, now: now.advanced(byMilliseconds: 1_000)))
        #expect(!IncidentRow.rings(SampleBoard.incident(2, .routine, "other", "x", at: post, minutes: 1), now: now))
    }

    @Test func aFilterIsWhatTheAddressSays() {
        func filter(_ pairs: (Substring, Substring)...) -> BoardFilter { BoardFilter(pairs.map { (key: $0.0, value: $0.1) }) }
        let one = filter(("zone", "dongyuan"), ("level", "urgent"), ("phase", "open"), ("category", ""), ("from", "-5"))
        #expect(one.address() == "/?zone=dongyuan&level=urgent&phase=open")
        #expect(filter(("zone", "NOT VALID"), ("level", "worse"), ("phase", "?")) == BoardFilter())
        let page = DeskPage(sample.scope(), filter: filter(("phase", "cleared")))
        #expect(page.rows.map(\.number) == ["2"])
        // What is filtered away rings all the same.
        #expect(page.alarm == "emergency")
        #expect(DeskPage(sample.scope(), filter: filter(("zone", "nowhere"))).emptyText == "没有符合筛选的警情")
    }

    @Test func aPatrolsPageHasMineNewAndNear() {
        let page = PatrolPage(sample.scope(SampleBoard.unit("patrol-xuefu", "xuefu")))
        #expect(page.groups.map { $0.cards.map(\.row.number) } == [["11"], ["12", "3", "8", "6", "4", "5"], ["10", "9", "7"]])
        // It is active on 11, so the others say how far they are from there.
        #expect(page.groups[2].cards.allSatisfy { $0.distance != nil })
        #expect(page.alarmText?.contains("#12") == true)
    }

    // MARK: Times and names

    @Test func localTimes() {
        let clock = LocalClock(now: SampleBoard.now, utcOffsetMinutes: 480)
        #expect(clock.full(SampleBoard.now) == "2026-01-01 02:10")
        #expect(clock.text(SampleBoard.now) == "02:10")
        #expect(clock.text(SampleBoard.ago(180)) == "2025-12-31 23:10")
        #expect(clock.parse("2026-01-01T02:10") == SampleBoard.now)
        #expect(clock.field(SampleBoard.now) == "2026-01-01T02:10")
        for bad in ["", "2026-01-01", "2026-13-01T00:00", "2026-01-01T24:00", "x026-01-01T00:00", "2026-01-01T00:00:00"] {
            #expect(clock.parse(bad) == nil, "\(bad)")
        }
        #expect(clock.full(clock.moment(year: 2024, month: 2, day: 29)) == "2024-02-29 00:00")
        #expect(clock.full(Timestamp(milliseconds: -1)) == "1970-01-01 07:59")
    }

    @Test func theShiftIsTheOneOfTheHour() {
        let night = LocalClock(now: SampleBoard.now, utcOffsetMinutes: 480)
        #expect(night.full(Shift.current(night).from) == "2025-12-31 20:00")
        #expect(night.full(Shift.latest(.day, night).from) == "2025-12-31 08:00")
        let page = HandoverPage(sample.scope(), shift: Shift.current(night))
        #expect(page.cleared.map(\.number) == ["2"])
        #expect(page.holdings.count == 4)
        #expect(page.escalated.map(\.number) == ["10", "8"])
    }

    @Test(arguments: [
        ("东苑片区 (Dongyuan)", "东苑片区", "Dongyuan"), ("银杏小学 (北门)", "银杏小学 (北门)", "银杏小学 (北门)"),
        ("Gate (east)", "Gate (east)", "Gate (east)"), ("学府", "学府", "学府"), ("(x)", "(x)", "(x)"),
    ])
    func namesInTwoLanguages(_ name: String, _ zh: String, _ en: String) {
        #expect(localName(name, .zh) == zh && localName(name, .en) == en)
    }

    @Test func theFirstWantedLanguageThatIsSpoken() {
        #expect(Preferences.accepted("de, en-GB;q=0.8, zh;q=0.5") == .en)
        #expect(Preferences.accepted("zh-CN,zh;q=0.9") == .zh)
        #expect(Preferences.accepted("de") == nil && Preferences.accepted("") == nil)
    }

    // MARK: Drawings

    @Test func hullsAreConvexAndHoldTheirPoints() {
        let points = [(0, 0), (4, 0), (4, 4), (0, 4), (2, 2), (1, 3), (2, 0)].map { MapPoint(x: $0.0, y: $0.1) }
        #expect(Set(convexHull(points)) == Set([(0, 0), (4, 0), (4, 4), (0, 4)].map { MapPoint(x: $0.0, y: $0.1) }))
        #expect(convexHull([points[0], points[1], points[0]]).count == 2)
        #expect(convexHull([]).isEmpty)
    }

    @Test func northIsUpAndEverythingIsInTheDrawing() throws {
        let positions = sample.overview.posts.compactMap(\.post.position)
        let projection = try #require(Projection(positions, width: 420, margin: 34))
        for position in positions {
            let point = projection.point(position)
            #expect((33.9...386.1).contains(point.x) && (33.9...(projection.height - 33.9)).contains(point.y))
        }
        let (south, north) = (Position(latitude: 30.0, longitude: 125), Position(latitude: 30.01, longitude: 125))
        #expect(projection.point(north).y < projection.point(south).y)
        // A metre east is as long as a metre north.
        let east = Position(latitude: 30.0, longitude: 125 + 0.01 / 0.866)
        #expect(abs((projection.point(east).x - projection.point(south).x) / (projection.point(south).y - projection.point(north).y) - 1) < 0.01)
        let far = projection.inside(Position(latitude: 80, longitude: -170))
        #expect(far.x >= 14 && far.x <= 406 && far.y >= 14)
        #expect(Projection([], width: 420, margin: 34) == nil)
    }

    @Test func incidentsAtOneGateStandApart() throws {
        let post = sample.overview.posts[0].post
        let board = try SampleBoard(incidents: (1...5).map { SampleBoard.incident($0, .priority, "theft", "x", at: post, minutes: 1) })
        let map = DistrictMap(board.scope(), incidents: board.overview.open)
        #expect(Set(map.markers.map(\.place)).count == 5)
    }

    @Test(arguments: [(0, 1), (4, 1), (5, 1), (6, 2), (23, 5), (51, 20), (400, 100)] as [(UInt64, UInt64)])
    func scalesHaveRoundSteps(_ most: UInt64, _ step: UInt64) { #expect(BarChart.step(most) == step) }

    /// Seven thefts at two in the morning, each reached some minutes later: at 1, 2, … times `minutes`.
    private func statistics(_ minutes: Int64, reached: Int = 6) -> BoardStatistics {
        let start = SampleBoard.ago(600)
        var fold = DispatchStatistics(
            period: DispatchStatistics.Period(from: start, until: SampleBoard.now.advanced(byMilliseconds: 1), utcOffsetMinutes: 480))
        let post = sample.overview.posts[0].post
        let unit = UnitID(unchecked: "patrol-dongyuan")
        let at = SampleBoard.ago(130)
        for number in 1...7 {
            let tip = Tip(id: TipID(high: 1, low: UInt64(number)), observedAt: at, category: "theft", text: "x")
            let accepted = TipAccepted(
                post: post.id, zone: post.zone, tip: tip, encoded: [], position: nil, receivedAt: at, skewMilliseconds: 0)
            let opened = IncidentOpened(incident: IncidentID(UInt64(number)), urgency: Urgency(score: 1, level: .priority, reasons: []), reasons: [])
            fold.apply(Record(sequence: UInt64(number), at: at, events: [.tipAccepted(accepted), .incidentOpened(opened)]))
        }
        for number in 1...reached {
            let arrived = PhaseChanged(incident: IncidentID(UInt64(number)), unit: unit, phase: .onScene)
            fold.apply(
                Record(sequence: UInt64(10 + number), at: at.advanced(byMilliseconds: Int64(number) * minutes * 60_000), events: [.phaseChanged(arrived)]))
        }
        return BoardStatistics(report: fold.report, isCut: false)
    }

    @Test func statisticsTellThePromise() {
        let page = StatisticsPage(sample.scope(), period: .year, statistics(5), before: statistics(1))
        // Six were reached after 5, 10, … 30 minutes; the seventh is late.
        #expect(page.figures.map(\.value) == ["7", "7", "15:00", "30:00", "57 %"])
        #expect(page.figures[2].css == "met" && page.figures[3].css == "missed")
        #expect(page.figures[0].sub == "去年同期 7 (+0%)")
        #expect(page.zoneLines.map(\.name) == ["东苑片区"])
        #expect(page.charts.first?.chart.bars.count == 2)
        #expect(StatisticsPage.time(3_750_000, Words(.zh)) == "1:02:30")
        #expect(StatisticsPage.time(nil, Words(.zh)) == "–")
    }

    @Test func thisYearIsComparedWithTheSameDaysOfLastYear() throws {
        let clock = LocalClock(now: SampleBoard.now, utcOffsetMinutes: 480)
        let bounds = StatisticsPeriod.year.bounds(clock)
        let before = try #require(bounds.before)
        #expect(clock.full(bounds.from) == "2026-01-01 00:00")
        #expect(clock.full(before.from) == "2025-01-01 00:00" && clock.full(before.until) == "2025-01-01 02:10")
        #expect(clock.full(StatisticsPeriod.week.bounds(clock).from) == "2025-12-26 00:00")
    }
}

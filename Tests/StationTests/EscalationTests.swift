import DispatchDesk
import Journal
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// Ladders on a clock that the test moves, second by second through the core itself.
struct EscalationTests {
    /// One notice: seconds since the tip, the rung, which reminder.
    struct Told: Equatable, CustomStringConvertible {
        var at: Int
        var rung: EscalationRung
        var reminder: UInt32 = 0

        init(_ at: Int, _ rung: EscalationRung, _ reminder: UInt32 = 0) {
            self.at = at
            self.rung = rung
            self.reminder = reminder
        }

        var description: String { "\(at) s \(rung.name)\(reminder > 0 ? " \(reminder)" : "")" }
    }

    static let west = PatrolUnit(id: UnitID(unchecked: "patrol-3"), name: "西巡组", zones: [ZoneID(unchecked: "west")])
    static let far = PatrolUnit(id: UnitID(unchecked: "patrol-4"), name: "北巡组", zones: [ZoneID(unchecked: "north")])

    /// The standard values with fewer reminders, and west beside east.
    static func rules(reminders: UInt32 = 3) -> DispatchRules {
        var rules = DispatchRules.standard
        for level in UrgencyLevel.allCases { rules.levels[level]?.remindersAtMost = reminders }
        rules.neighbours = [ZoneID(unchecked: "east"): [ZoneID(unchecked: "west")]]
        return rules
    }

    let bench: CoreBench

    init() {
        bench = CoreBench(dispatch: Self.rules())
        bench.run([.enrol(bench.enrol(.unit(Self.west), key: 20)), .enrol(bench.enrol(.unit(Self.far), key: 21))])
        bench.replies.clear()
    }

    /// A tip whose level is as asked, and nothing but that.
    private func open(_ level: UrgencyLevel, drill: Bool = false, number: UInt64 = 1) throws -> IncidentID {
        let category = [.routine: "vehicle", .priority: "burglary", .urgent: "fire", .emergency: "medical"][level] ?? "other"
        let tip = Fixture.tip(number, category, text: "情况", at: bench.time.now(), panic: level == .emergency, drill: drill)
        let id = try bench.accept(tip).incident
        try #require(bench.state.incidents[id]?.urgency.level == level)
        return id
    }

    @discardableResult
    private func desk(_ action: DeskCommand.Action, reason: String = "看过现场") throws -> Incident {
        let told: Result<DeskOutcome, Rejection> = try bench.desk(action, reason: reason)
        return try told.get().incident
    }

    /// Lets the seconds pass, and tells what was told.
    private func pass(_ seconds: Int, from start: Int = 0) throws -> [Told] {
        var told: [Told] = []
        for second in 1...seconds {
            bench.time.advance(milliseconds: 1_000)
            #expect(bench.core.isEscalationDue == (bench.core.due.next.map { $0 <= bench.time.now() } ?? false))
            for event in bench.run([.escalate]).committed {
                let decoded = try FeedCodec.decodeEvent(event.event)
                #expect(decoded.kind == .escalated && decoded.reasons.count == 1)
                told.append(Told(start + second, try #require(decoded.rung), decoded.reminder))
            }
        }
        return told
    }

    @Test func everyLevelHasItsTimes() throws {
        let expected: [UrgencyLevel: [Told]] = [
            .emergency: [
                Told(30, .officer), Told(60, .desk), Told(90, .desk, 1), Told(120, .neighbours), Told(150, .neighbours, 2),
                Told(180, .neighbours, 3),
            ],
            .urgent: [
                Told(60, .officer), Told(120, .desk), Told(180, .desk, 1), Told(240, .desk, 2), Told(300, .neighbours),
                Told(360, .neighbours, 3),
            ],
            .priority: [
                Told(300, .officer), Told(600, .desk), Told(900, .desk, 1), Told(1_200, .neighbours), Told(1_500, .neighbours, 2),
                Told(1_800, .neighbours, 3),
            ],
            .routine: [Told(900, .officer), Told(1_800, .desk), Told(3_600, .desk, 1), Told(5_400, .desk, 2), Told(7_200, .desk, 3)],
        ]
        for level in UrgencyLevel.allCases {
            let scene = EscalationTests()
            let id = try scene.open(level)
            #expect(try scene.pass(9_000) == expected[level], "\(level.name)")
            // It was a fold: a replay knows the same, and nothing more is planned.
            #expect(try scene.bench.folded() == scene.bench.state && scene.bench.core.due.next == nil)
            #expect(scene.bench.state.incidents[id]?.escalation.reminders == 3)
        }
    }

    @Test func aClaimEndsTheLadderAndARollBackBeginsIt() throws {
        let id = try open(.emergency)
        #expect(try pass(40) == [Told(30, .officer)])
        _ = try bench.step(.claim, id)
        // Claimed and not under way: the unit, then the desk, and reminders.
        #expect(
            try pass(190, from: 40) == [
                Told(100, .unitIdle), Told(130, .unitIdle, 1), Told(160, .unitIdleDesk), Told(190, .unitIdleDesk, 2),
                Told(220, .unitIdleDesk, 3),
            ])
        _ = try bench.step(.release, id)
        #expect(try pass(60, from: 230) == [Told(260, .officer), Told(290, .desk)])
        try desk(.step(id, .assign(Fixture.east.id)), reason: "")
        _ = try pass(10, from: 290)
        try desk(.step(id, .recall(Fixture.east.id)), reason: "")
        #expect(try pass(30, from: 300) == [Told(330, .officer)])
        try desk(.step(id, .clear(.resolved)), reason: "")
        #expect(try pass(300, from: 330).isEmpty)
        try desk(.step(id, .reopen), reason: "又来了")
        #expect(try pass(30, from: 630) == [Told(660, .officer)])
    }

    @Test func underWayAndOnSceneForTooLong() throws {
        let id = try open(.emergency)
        _ = try bench.step(.claim, id)
        _ = try bench.step(.goEnRoute, id)
        #expect(try pass(1_000) == [Told(900, .enRouteLong)])
        _ = try bench.step(.arrive, id)
        #expect(try pass(4_000, from: 1_000) == [Told(4_600, .onSceneLong)])
        // A hand-over to another unit begins the wait for that one.
        bench.run([.step(StepCommand(
            step: .handOver, unit: Fixture.east, incident: id, disposition: nil, note: "", to: Fixture.both.id) { _ in })])
        #expect(bench.state.incidents[id]?.holder == Fixture.both.id)
        #expect(try pass(70, from: 5_000) == [Told(5_060, .unitIdle)])
    }

    @Test func anAcknowledgementStopsTheAlarmUntilItIsForgotten() throws {
        let id = try open(.emergency)
        #expect(try pass(70) == [Told(30, .officer), Told(60, .desk)])
        let seen = try bench.acknowledge(id, by: Operator(.officer, "wang"), scope: .zones([ZoneID(unchecked: "east")]))
        #expect(seen.refusal == nil && seen.incident?.acknowledgement?.by == Operator(.officer, "wang"))
        #expect(try pass(119, from: 70).isEmpty)
        // Nobody claimed: it goes on where it was, all that is late at once.
        #expect(try pass(31, from: 189) == [Told(190, .neighbours), Told(220, .neighbours, 1)])
        // The first is kept; a further one rests it again.
        _ = try bench.acknowledge(id)
        #expect(try bench.acknowledge(id, by: Operator(.desk, "other")).sequence == 0)
        #expect(bench.state.incidents[id]?.acknowledgement?.by == Operator(.officer, "wang"))
        #expect(try pass(119, from: 220).isEmpty)
        #expect(try pass(1, from: 339) == [Told(340, .neighbours, 2)])
    }

    @Test func onlyWhoMaySeeItAcknowledges() throws {
        let id = try open(.urgent)
        #expect(try bench.acknowledge(id, scope: .zones([ZoneID(unchecked: "west")])).refusal?.code == .notFound)
        #expect(try bench.acknowledge(id, by: .unit(Self.west.id), scope: .unit(Self.west)).refusal?.code == .notFound)
        #expect(try bench.acknowledge(id, by: .unit(Fixture.east.id), scope: .unit(Fixture.east)).refusal == nil)
        #expect(try bench.acknowledge(IncidentID(99)).refusal?.code == .notFound)
    }

    @Test func aHigherLevelBeginsTheLadderAnew() throws {
        let id = try open(.priority)
        #expect(try pass(310) == [Told(300, .officer)])
        // Another tip of the same event, now with a knife.
        let tip = Fixture.tip(2, "burglary", text: "持刀", at: bench.time.now(), reporter: "另一人")
        #expect(try bench.accept(tip).incident == id && bench.state.incidents[id]?.urgency.level == .emergency)
        #expect(try pass(60, from: 310) == [Told(340, .officer), Told(370, .desk)])
        // So does the desk's word; a lower one does not.
        try desk(.regrade(id, .urgent))
        #expect(bench.state.incidents[id]?.escalation.rung == .desk)
        try desk(.regrade(id, nil))
        #expect(bench.state.incidents[id]?.escalation == Escalation(since: bench.time.now()))
    }

    @Test func aTipThatRaisesNothingChangesNothing() throws {
        let id = try open(.urgent)
        _ = try pass(30)
        #expect(try bench.accept(Fixture.tip(2, "fire", text: "情况", at: bench.time.now())).incident == id)
        #expect(try pass(30, from: 30) == [Told(60, .officer)])
    }

    @Test func aZoneHasItsOwnTimes() throws {
        var rules = Self.rules()
        var own = try #require(rules.levels[.urgent])
        (own.officerAfter, own.deskAfter, own.neighboursAfter) = (nil, 10_000, nil)
        rules.zones = [ZoneID(unchecked: "east"): [.urgent: own]]
        bench.run([.rules(Fixture.rules, dispatch: rules)])
        _ = try open(.urgent)
        #expect(try pass(80) == [Told(10, .desk), Told(70, .desk, 1)])
    }

    @Test func quietHoursHoldAllButEmergencies() throws {
        var rules = Self.rules(reminders: 0)
        for level in UrgencyLevel.allCases { rules.levels[level]?.isHeldInQuietHours = true }
        // It is night; they end 20 minutes from now.
        let day = (bench.time.now().milliseconds / 60_000) % 1_440
        rules.quietHours = DispatchRules.QuietHours(
            from: Int32((day + 1_380) % 1_440), until: Int32((day + 20) % 1_440), utcOffsetMinutes: 0)
        let end = 20 * 60 - Int(bench.time.now().milliseconds / 1_000 % 60)
        for level in [UrgencyLevel.urgent, .emergency] {
            let scene = EscalationTests()
            scene.bench.run([.rules(Fixture.rules, dispatch: rules)])
            _ = try scene.open(level)
            let told = try scene.pass(end + 10)
            let expected =
                level == .emergency
                ? [Told(30, .officer), Told(60, .desk), Told(120, .neighbours)]
                : [Told(end, .officer), Told(end, .desk), Told(end, .neighbours)]
            #expect(told == expected, "\(level.name)")
        }
    }

    @Test func aDrillEscalatesAndStaysMarked() throws {
        let id = try open(.emergency, drill: true)
        #expect(try pass(60) == [Told(30, .officer), Told(60, .desk)])
        #expect(bench.state.incidents[id]?.drill == true)
    }

    /// The same data, another process: from the journal alone, and from a snapshot.
    @Test(arguments: [false, true]) func aRestartInTheMiddleGoesOn(snapshot: Bool) throws {
        let id = try open(.emergency)
        #expect(try pass(70) == [Told(30, .officer), Told(60, .desk)])
        if snapshot { bench.saveSnapshot() }
        try bench.restart()
        #expect(try pass(60, from: 70) == [Told(90, .desk, 1), Told(120, .neighbours)])
        #expect(bench.state.incidents[id]?.grants.map(\.unit) == [Self.west.id])
        // One that was down over several rungs tells them late, once each.
        let other = EscalationTests()
        _ = try other.open(.emergency)
        other.bench.time.advance(milliseconds: 3_600_000)
        try other.bench.restart()
        #expect(try other.pass(40) == [Told(1, .officer), Told(1, .desk), Told(1, .neighbours), Told(31, .neighbours, 1)])
    }

    @Test func aFailedCommitTellsNobodyAndIsTriedAgain() throws {
        let id = try open(.emergency)
        bench.journal.memory.failAppends(JournalError(.full, "disk full"))
        bench.time.advance(milliseconds: 30_000)
        #expect(bench.run([.escalate]).committed.isEmpty)
        #expect(bench.state.incidents[id]?.escalation.rung == nil && !bench.core.isEscalationDue)
        bench.journal.memory.failAppends(nil)
        bench.time.advance(milliseconds: 2_000)
        #expect(bench.core.isEscalationDue && bench.run([.escalate]).committed.count == 1)
    }

    // MARK: Grants

    @Test func neighboursSeeItForATime() throws {
        let id = try open(.emergency)
        #expect(try bench.step(.claim, by: Self.west, id).refusal?.code == .notFound)
        bench.time.advance(milliseconds: 120_000)
        let committed = bench.run([.escalate]).committed
        let granting = try #require(committed.last)
        // Only who is near, and has the zone not already.
        #expect(granting.guests == [Self.west.id] && committed.dropLast().allSatisfy { $0.guests.isEmpty })
        let event = try FeedCodec.decodeEvent(granting.event)
        let until = bench.time.now().advanced(byMilliseconds: 3_600_000)
        #expect(event.rung == .neighbours && event.incident.grants == [Grant(unit: Self.west.id, until: until)])
        #expect(event.incident.headline == "情况" && event.incident.posts.count == 1)
        #expect(try bench.step(.claim, by: Self.far, id).refusal?.code == .notFound)
        // It may act, and hears what others do.
        let claimed = bench.run([.step(bench.command(.claim, by: Self.west, id))])
        #expect(bench.replies.steps.last?.refusal == nil && claimed.committed.first?.guests == [Self.west.id])
        let released = bench.run([.step(bench.command(.release, by: Self.west, id))])
        #expect(released.committed.first?.guests == [Self.west.id])
    }

    @Test func aGrantEnds() throws {
        let id = try open(.emergency)
        bench.time.advance(milliseconds: 120_000)
        bench.run([.escalate])
        bench.time.advance(milliseconds: 3_600_000 - 1)
        #expect(try bench.step(.join, by: Self.west, id).refusal?.code == .illegalStep)
        bench.time.advance(milliseconds: 1)
        #expect(try bench.step(.claim, by: Self.west, id).refusal?.code == .notFound)
        #expect(bench.run([.step(bench.command(.claim, by: Fixture.east, id))]).committed.first?.guests == [])
    }

    @Test func whoIsInTheCrewKeepsItsAccess() throws {
        let id = try open(.emergency)
        bench.time.advance(milliseconds: 120_000)
        bench.run([.escalate])
        #expect(try bench.step(.claim, by: Self.west, id).refusal == nil)
        bench.time.advance(milliseconds: 7_200_000)
        #expect(try bench.step(.goEnRoute, by: Self.west, id).refusal == nil)
        let left = bench.run([.step(bench.command(.release, by: Self.west, id))])
        // It hears that it left, and then no more.
        #expect(left.committed.first?.guests == [Self.west.id])
        #expect(try bench.step(.claim, by: Self.west, id).refusal?.code == .notFound)
    }

    @Test func theDeskSendsAUnitFromAnywhere() throws {
        let id = try open(.urgent)
        try desk(.step(id, .assign(Self.far.id)), reason: "")
        #expect(try bench.step(.goEnRoute, by: Self.far, id).refusal == nil)
        #expect(bench.state.active(Self.far.id) == id)
        let refused = #expect(throws: Rejection.self) { try desk(.step(id, .assign(UnitID(unchecked: "nobody"))), reason: "") }
        #expect(refused?.code == .notFound && refused?.field == "unit")
        let recalled = bench.run([.desk(bench.desk(.step(id, .recall(Self.far.id)), reason: "另有任务"))])
        #expect(recalled.committed.first?.guests == [Self.far.id])
        let told = try FeedCodec.decodeEvent(try #require(recalled.committed.first).event)
        #expect(told.kind == .recalled && told.unit == Self.far.id && told.by == Operator(.desk, "duty"))
        #expect(told.reasons == [Reason(code: "recall", points: 0, detail: "另有任务")])
        #expect(try bench.step(.claim, by: Self.far, id).refusal?.code == .notFound)
    }

    // MARK: Cost

    @Test func whatIsNotDueCostsNothing() {
        var index = DueIndex()
        var random = SplitMix64(seed: 5)
        var expected: [IncidentID: Timestamp] = [:]
        for _ in 0..<20_000 {
            let id = IncidentID(random.next() % 500)
            let at = random.oneIn(5) ? nil : Timestamp(milliseconds: Int64(random.next() % 10_000))
            index.set(id, at)
            expected[id] = at
            #expect(index.next == expected.values.min() && index.count == expected.count)
        }
        var last = Timestamp(milliseconds: 0)
        while let id = index.pop(now: Timestamp(milliseconds: 20_000)) {
            let at = expected.removeValue(forKey: id)
            #expect(at.map { $0 >= last } == true)
            last = at ?? last
        }
        #expect(expected.isEmpty && index.next == nil)
    }
}

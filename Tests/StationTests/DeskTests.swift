import DispatchDesk
import Journal
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// What the duty officer puts right, as the core decides it.
struct DeskTests {
    private let bench = CoreBench()
    private let knife = "男子持刀在东墙外"

    private func outcome(_ action: DeskCommand.Action) throws -> DeskOutcome { try bench.desk(action).get() }

    private func refusal(_ action: DeskCommand.Action, reason: String = "r") throws -> Rejection? {
        guard case .failure(let rejection) = try bench.desk(action, reason: reason) else { return nil }
        return rejection
    }

    /// Two incidents that are not correlated: 20 km apart.
    private func two() throws -> (IncidentID, IncidentID) {
        let one = try bench.accept(Fixture.tip(1))
        let other = try bench.accept(Fixture.tip(2, from: Fixture.posts[2], "burglary"))
        try #require(one.incident != other.incident)
        return (one.incident, other.incident)
    }

    /// Tips of one incident.
    private func one(_ count: UInt64 = 3) throws -> (IncidentID, [TipID]) {
        var tips: [TipID] = []
        var incident = IncidentID(0)
        for number in 1...count {
            let command = Fixture.tip(number, from: Fixture.posts[Int(number % 2)], reporter: "r\(number)")
            let receipt = try bench.accept(command)
            if number == 1 { incident = receipt.incident }
            try #require(receipt.incident == incident)
            tips.append(command.tip.id)
        }
        return (incident, tips)
    }

    private func incident(_ id: IncidentID) throws -> Incident { try #require(bench.state.incidents[id]) }

    // MARK: Merge

    @Test func aMergeClosesOneAndGivesTheOtherItsTips() throws {
        let (absorbed, survivor) = try two()
        bench.time.advance(milliseconds: 5_000)
        let cleared = bench.state.totals.cleared
        let run = bench.run([.desk(bench.desk(.merge(absorbed, into: survivor)))])
        let told = try #require(bench.replies.desk.last).get()
        #expect(try told.incident == incident(survivor) && told.other == incident(absorbed) && told.unitLeft == nil)
        #expect(told.other?.phase == .cleared && told.other?.disposition == .duplicate && told.other?.mergedInto == survivor)
        #expect(told.incident.tipCount == 2 && Set(told.incident.posts) == [Fixture.posts[0].id, Fixture.posts[2].id])
        #expect(told.incident.witnesses.count == 2 && told.incident.evidence.count == 2)
        // The words of the more urgent one, and the corroboration of both.
        #expect(told.incident.category == "burglary")
        #expect(told.incident.urgency.reasons.filter { $0.code == "corroboration" }.map(\.detail) == ["2"])
        #expect(bench.state.totals.cleared == cleared + 1)
        // A record and an event for each, in one group.
        let events = try run.committed.map { try FeedCodec.decodeEvent($0.event) }
        #expect(events.map(\.kind) == [.merged, .merged] && events.map(\.incident.id) == [absorbed, survivor])
        #expect(events.map(\.other) == [survivor, absorbed] && events.map(\.incident.mergedInto) == [survivor, nil])
        #expect(events.allSatisfy { $0.reasons == [Reason(code: "merge", points: 0, detail: "同一名男子")] })
        #expect(told.sequence == events[1].sequence && bench.journal.lastSequence == told.sequence)
        // The members of both, and the one that is gone keeps what it was.
        #expect(try bench.members(survivor).count == 2 && bench.members(absorbed).count == 1)
        #expect(try bench.state == bench.folded())
        // A later tip near the absorbed one does not go to it.
        let later = try bench.accept(Fixture.tip(9, at: bench.time.now()))
        #expect(later.incident != absorbed)
    }

    @Test func theUnitAndThePhaseStayOrComeAlong() throws {
        let (absorbed, survivor) = try two()
        _ = try bench.step(.claim, by: Fixture.both, absorbed)
        _ = try bench.step(.goEnRoute, by: Fixture.both, absorbed)
        let taken = try outcome(.merge(absorbed, into: survivor))
        #expect(taken.incident.holder == Fixture.both.id && taken.incident.phase == .enRoute && taken.unitLeft == nil)
        // Two that are held by different units.
        let third = try bench.accept(Fixture.tip(7, from: Fixture.posts[3])).incident
        let held = try bench.accept(Fixture.tip(8, "fire")).incident
        try #require(third != held)
        _ = try bench.step(.claim, by: Fixture.both, third)
        _ = try bench.step(.claim, by: Fixture.east, held)
        let kept = try outcome(.merge(held, into: third))
        #expect(kept.incident.holder == Fixture.both.id && kept.incident.phase == .claimed)
        #expect(kept.unitLeft == Fixture.east.id && kept.incident.zone == Fixture.posts[3].zone)
        // Whoever still acts on the one that is gone is told where it went.
        let late = try bench.step(.goEnRoute, by: Fixture.east, held)
        #expect(late.refusal?.code == .illegalStep && late.refusal?.message.contains("merged into \(third)") == true)
    }

    @Test func aMergeNeverLowersTheLevelWhateverTheDeskSaidBefore() throws {
        for (first, second) in [(UrgencyLevel?.none, UrgencyLevel.routine), (.routine, .emergency), (.emergency, .routine), (.urgent, .priority)] {
            let bench = CoreBench()
            let one = try bench.accept(Fixture.tip(1, "fire")).incident
            let other = try bench.accept(Fixture.tip(2, from: Fixture.posts[2])).incident
            if let first { _ = try bench.desk(.regrade(one, first)).get() }
            _ = try bench.desk(.regrade(other, second)).get()
            let before = [one, other].compactMap { bench.state.incidents[$0]?.urgency.level }.max()
            let merged = try bench.desk(.merge(one, into: other)).get().incident
            #expect(merged.urgency.level >= before!, "\(String(describing: first)) \(second)")
            #expect(merged.computedUrgency.level >= .urgent)
        }
    }

    @Test func whatCannotBeMergedIsRefusedAndChangesNothing() throws {
        let (one, other) = try two()
        let drill = try bench.accept(Fixture.tip(5, drill: true)).incident
        let last = bench.journal.lastSequence
        #expect(try refusal(.merge(one, into: one))?.code == .invalidField)
        #expect(try refusal(.merge(one, into: IncidentID(99)))?.code == .notFound)
        #expect(try refusal(.merge(IncidentID(99), into: one))?.code == .notFound)
        #expect(try refusal(.merge(one, into: drill))?.code == .conflict)
        for reason in ["", "  \n", String(repeating: "长", count: 167)] {
            let refused = try refusal(.merge(one, into: other), reason: reason)
            #expect(refused?.code == .invalidField && refused?.field == "reason")
        }
        #expect(bench.journal.lastSequence == last && bench.core.counters.rejected[.invalidField] == 4)
        _ = try outcome(.merge(one, into: other))
        let again = try refusal(.merge(one, into: other))
        #expect(again?.code == .illegalStep && again?.message.contains("\(other)") == true)
        #expect(try refusal(.merge(other, into: one))?.code == .illegalStep)
        _ = try bench.step(.claim, other)
        _ = try bench.step(.clear, other, .resolved)
        #expect(try refusal(.regrade(other, .urgent))?.code == .illegalStep)
    }

    // MARK: Split and detach

    @Test func aSplitMakesBothFromTheirTipsAndSticks() throws {
        let (source, tips) = try one(4)
        _ = try bench.step(.claim, source)
        bench.time.advance(milliseconds: 60_000)
        let run = bench.run([.desk(bench.desk(.split(source, tips: [tips[0], tips[2]])))])
        let told = try #require(bench.replies.desk.last).get()
        let new = try #require(told.other)
        #expect(told.incident.id == source && told.incident.tipCount == 2 && new.tipCount == 2 && new.id > source)
        #expect(told.incident.holder == Fixture.east.id && told.incident.phase == .claimed)
        #expect(new.holder == nil && new.phase == .open && new.phaseSince == bench.time.now() && new.version == 1)
        #expect(new.openedAt < bench.time.now() && told.incident.apart == [new.id] && new.apart == [source])
        #expect(told.incident.witnesses.count == 2 && told.incident.urgency.reasons.contains { $0.detail == "2" })
        #expect(try bench.members(source).map(\.key.tip) == [tips[1], tips[3]])
        #expect(try bench.members(new.id).map(\.key.tip) == [tips[0], tips[2]])
        let events = try run.committed.map { try FeedCodec.decodeEvent($0.event) }
        #expect(events.map(\.kind) == [.split, .split] && events.map(\.incident.id) == [source, new.id])
        #expect(try bench.state == bench.folded() && bench.state.nextIncident == new.id.rawValue + 1)
        // A tip that is sent again still gets its first receipt.
        let again = try bench.accept(Fixture.tip(1, from: Fixture.posts[1], reporter: "r1"))
        #expect(again.verdict == .repeat && again.incident == source)
        // The desk may bring them together again, and then both have all.
        let merged = try outcome(.merge(new.id, into: source))
        #expect(merged.incident.tipCount == 4 && merged.incident.apart.isEmpty)
        #expect(try bench.members(source).map(\.key.tip) == tips)
    }

    @Test func anEmergencyThatLeavesTakesItsLevelAlongAndIsToldToWhoSawIt() throws {
        let (source, _) = try one(2)
        let armed = Fixture.tip(9, from: Fixture.posts[1], text: knife)
        try #require(try bench.accept(armed).incident == source)
        let run = bench.run([.desk(bench.desk(.detach(source, tip: armed.tip.id)))])
        let told = try #require(bench.replies.desk.last).get()
        #expect(told.incident.urgency.level < .urgent && told.other?.urgency.level == .emergency && told.other?.headline == knife)
        #expect(told.incident.headline == Fixture.lurker)
        #expect(run.committed.map(\.lane) == [.alert, .alert] && run.committed.map(\.level) == [.emergency, .emergency])
    }

    /// What is decided in one group counts, though the journal has nothing of it yet.
    @Test func aGroupMaySplitWhatItHasJustMade() throws {
        let bench = bench
        let tips = (1...3 as ClosedRange<UInt64>).map { Fixture.tip($0, from: Fixture.posts[Int($0 % 2)]) }
        let first = IncidentID(bench.state.nextIncident)
        bench.run(
            tips.map(StationCommand.tip) + [
                .desk(bench.desk(.detach(first, tip: tips[1].tip.id))), .desk(bench.desk(.detach(first, tip: tips[2].tip.id))),
                .desk(bench.desk(.merge(first, into: IncidentID(first.rawValue + 1)))),
            ])
        let told = try bench.replies.desk.map { try $0.get() }
        #expect(told.map { $0.other?.tipCount } == [1, 1, 1] && told[2].incident.tipCount == 2)
        #expect(try bench.members(IncidentID(first.rawValue + 1)).map(\.key.tip) == [tips[0].tip.id, tips[1].tip.id])
        // Whoever the second was taken apart from is remembered by both.
        #expect(try incident(IncidentID(first.rawValue + 2)).apart == [IncidentID(first.rawValue + 1), first])
        #expect(try bench.state == bench.folded())
    }

    @Test func whatCannotBeSplitIsRefused() throws {
        let (source, tips) = try one(2)
        let stranger = Fixture.tip(77, from: Fixture.posts[2])
        _ = try bench.accept(stranger)
        let last = bench.journal.lastSequence
        let unknown = try refusal(.split(source, tips: [tips[0], stranger.tip.id]))
        #expect(unknown?.code == .notFound && unknown?.field == "tips" && unknown?.message.contains("\(stranger.tip.id)") == true)
        #expect(try refusal(.split(source, tips: tips))?.code == .invalidField)
        #expect(try refusal(.split(source, tips: []))?.code == .invalidField)
        #expect(try refusal(.split(IncidentID(99), tips: tips))?.code == .notFound)
        bench.journal.set { $0.read = JournalError(.inputOutput, "the disk fails") }
        #expect(try refusal(.detach(source, tip: tips[0]))?.code == .unavailable)
        bench.journal.set { $0.read = nil }
        #expect(bench.journal.lastSequence == last)
        bench.journal.set { $0.append = diskFull }
        #expect(try refusal(.detach(source, tip: tips[0]))?.code == .unavailable)
        bench.journal.set { $0.append = nil }
        #expect(try bench.state == bench.folded() && incident(source).tipCount == 2)
    }

    // MARK: Regrade

    @Test func aRegradeStandsAgainstLaterTipsAndIsLifted() throws {
        let id = try bench.accept(Fixture.tip(1, "fire")).incident
        let run = bench.run([.desk(bench.desk(.regrade(id, .routine), reason: "烧纸，已核实"))])
        var now = try incident(id)
        #expect(now.urgency.level == .routine && now.urgency.reasons.first == Reason(code: "regrade", points: 0, detail: "烧纸，已核实"))
        #expect(now.urgency.score == now.computedUrgency.score && now.computedUrgency.level == .urgent)
        #expect(now.regrade?.by == "duty" && now.regrade?.at == bench.time.now())
        // In the lane where it was seen.
        #expect(run.committed.map(\.lane) == [.alert] && run.committed.map(\.level) == [.urgent])
        let joined = try bench.accept(Fixture.tip(2, from: Fixture.posts[1], "fire"))
        now = try incident(id)
        #expect(joined.incident == id && joined.level == .routine && now.tipCount == 2)
        #expect(now.computedUrgency.reasons.contains { $0.code == "corroboration" } && now.urgency.level == .routine)
        let lifted = try outcome(.regrade(id, nil)).incident
        #expect(lifted.regrade == nil && lifted.urgency == now.computedUrgency && lifted.urgency.level == .urgent)
        #expect(try refusal(.regrade(id, nil))?.code == .illegalStep)
        #expect(try bench.state == bench.folded())
    }

    @Test func aLifeThreatIsNeverSwallowedByARegrade() throws {
        let id = try bench.accept(Fixture.tip(1, text: knife)).incident
        _ = try outcome(.regrade(id, .routine))
        // The computed urgency is an emergency already, and the tip adds nothing to it but that it came.
        let run = bench.run([.tip(Fixture.tip(1, from: Fixture.posts[0], text: knife)), .tip(Fixture.tip(2, from: Fixture.posts[0], text: knife))])
        #expect(try run.tips.map { try $0.result.get().verdict } == [.repeat, .correlated])
        let event = try FeedCodec.decodeEvent(try #require(run.committed.last).event)
        #expect(event.alarm && event.lane == .alert && event.kind == .correlated && run.committed.last?.level == .emergency)
        var now = try incident(id)
        #expect(now.urgency.level == .emergency && now.urgency.reasons.first?.code == "regrade.overruled")
        // The desk may judge anew, and a lesser tip leaves that alone.
        _ = try outcome(.regrade(id, .priority))
        _ = try bench.accept(Fixture.tip(3, from: Fixture.posts[1]))
        now = try incident(id)
        #expect(now.urgency.level == .priority && now.tipCount == 3 && now.regrade?.isOverruled == false)
        #expect(try bench.state == bench.folded())
        // An emergency rings even where the desk gave emergency itself.
        _ = try outcome(.regrade(id, .emergency))
        let last = bench.run([.tip(Fixture.tip(4, from: Fixture.posts[1], text: knife))])
        #expect(try FeedCodec.decodeEvent(try #require(last.committed.first).event).alarm)
    }

    /// What overruled a regrade may leave, and then the regrade holds again.
    @Test func aRegradeStaysWithTheSourceOfASplit() throws {
        let id = try bench.accept(Fixture.tip(1, "fire")).incident
        _ = try outcome(.regrade(id, .routine))
        let armed = Fixture.tip(2, from: Fixture.posts[1], "fire", text: knife)
        try #require(try bench.accept(armed).incident == id)
        #expect(try incident(id).urgency.level == .emergency)
        let told = try outcome(.detach(id, tip: armed.tip.id))
        #expect(told.incident.urgency.level == .routine && told.incident.computedUrgency.level == .urgent)
        #expect(told.other?.regrade == nil && told.other?.urgency.level == .emergency)
    }
}

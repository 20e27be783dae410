import Journal
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// A tip is accepted exactly once, however often it is sent.
struct TipIdentityTests {
    private let bench = CoreBench()
    private let day: Int64 = 86_400_000

    @Test func aNewTipIsARecordAndAnEvent() throws {
        let before = bench.journal.lastSequence
        let tip = Fixture.tip(1)
        let outcome = bench.run([.tip(tip)])
        let told = try #require(outcome.tips.first)
        let receipt = try told.result.get()
        #expect(told.ticket == tip.ticket && told.tip == tip.tip.id && outcome.failure == nil)
        #expect(receipt.sequence == before + 1 && receipt.incident == IncidentID(1) && receipt.verdict == .new)
        #expect(receipt.level == .routine && receipt.score == 40)
        let stored = try #require(try bench.records().last)
        #expect(stored.record.sequence == receipt.sequence && stored.record.at == ManualTime.night)
        guard case .tipAccepted(let accepted) = stored.record.events[0] else {
            Issue.record("\(stored.record.events)")
            return
        }
        #expect(accepted.post == tip.post.id && accepted.encoded == tip.encoded && accepted.position == tip.post.position)
        // Patrols are sent the bytes that the journal has.
        let event = try #require(outcome.committed.first)
        #expect(event.event == stored.feedEvent && event.sequence == receipt.sequence && event.lane == .main)
        #expect(event.zone == tip.post.zone && event.level == .routine && outcome.committed.count == 1)
        #expect(try FeedCodec.decodeEvent(event.event).incident.id == receipt.incident)
    }

    @Test func aRepeatHasTheFirstAnswerWhateverBecameOfTheIncident() throws {
        let first = try bench.accept(Fixture.tip(1, reporter: "a"))
        // Three more witnesses raise it.
        let others = try (2...4).map { try bench.accept(Fixture.tip($0, from: Fixture.posts[1], reporter: "\($0)")) }
        #expect(others.allSatisfy { $0.incident == first.incident && $0.verdict == .correlated })
        let last = try #require(others.last)
        #expect(last.score > first.score && last.level > first.level)
        let (sequence, syncs, state) = (bench.journal.lastSequence, bench.journal.syncs, bench.state)
        #expect(try bench.accept(Fixture.tip(1, reporter: "a")) == first.repeated)
        #expect(try bench.accept(Fixture.tip(4, from: Fixture.posts[1], reporter: "4")) == last.repeated)
        let outcome = bench.run([.tip(Fixture.tip(1, reporter: "a"))])
        #expect(outcome.committed.isEmpty && bench.core.counters.repeats == 3 && bench.core.counters.accepted == 4)
        #expect(bench.journal.lastSequence == sequence && bench.journal.syncs == syncs && bench.state == state)
    }

    @Test func aRepeatAfterARestartHasTheFirstAnswerToo() throws {
        let tips = (1...30).map { Fixture.tip($0, from: Fixture.posts[Int($0 % 3)], reporter: "\($0 % 5)") }
        let receipts = try bench.run(tips).map { try $0.get() }
        #expect(Set(receipts.map(\.incident)).count > 1 && Set(receipts.map(\.score)).count > 2)
        try bench.restart()
        #expect(try bench.run(tips).map { try $0.get() } == receipts.map(\.repeated))
        bench.saveSnapshot()
        try bench.restart()
        #expect(try bench.run(tips).map { try $0.get() } == receipts.map(\.repeated))
        #expect(bench.journal.appends == 2)
    }

    @Test func aRepeatInTheSameGroupIsOne() throws {
        let results = bench.run([Fixture.tip(1), Fixture.tip(2), Fixture.tip(1), Fixture.tip(1)])
        let receipts = try results.map { try $0.get() }
        #expect(receipts[2] == receipts[0].repeated && receipts[3] == receipts[2])
        #expect(bench.state.totals.tips == 2 && bench.state.sequence == bench.journal.lastSequence)
        #expect(try bench.accept(Fixture.tip(1)) == receipts[0].repeated)
    }

    @Test func anotherBodyIsAConflictAndChangesNothing() throws {
        let first = try bench.accept(Fixture.tip(1))
        let state = bench.state
        let rejection = try #require(bench.refusal(Fixture.tip(1).altered))
        #expect(rejection.code == .conflict && rejection.field == "tip.id")
        #expect(rejection.message.contains("\(first.sequence)"))
        try bench.restart()
        #expect(bench.refusal(Fixture.tip(1).altered)?.code == .conflict)
        #expect(bench.state == state)
        // In one group, the first one counts.
        let results = bench.run([Fixture.tip(2), Fixture.tip(2).altered])
        #expect(try results[0].get().verdict == .correlated && results[1].code == .conflict)
        #expect(try bench.accept(Fixture.tip(1)) == first.repeated)
    }

    /// Two posts cannot collide with each other, and none can block another's tips.
    @Test func anIDBelongsToItsPost() throws {
        let own = try bench.accept(Fixture.tip(1))
        let other = try bench.accept(Fixture.tip(1).sent(by: Fixture.posts[3]))
        #expect(other.verdict == .new && other.sequence == own.sequence + 1 && other.incident != own.incident)
        let results = try bench.run(Fixture.posts.map { Fixture.tip(9).sent(by: $0) }).map { try $0.get() }
        #expect(Set(results.map(\.sequence)).count == Fixture.posts.count)
        #expect(!results.contains { $0.verdict == .repeat })
    }

    @Test func whatIsOlderThanTheWindowIsRefusedToTheMillisecond() throws {
        let window = StationCore.Settings().idWindowMilliseconds
        let oldest = Fixture.tip(1, at: ManualTime.night.advanced(byMilliseconds: -window))
        let older = Fixture.tip(2, at: ManualTime.night.advanced(byMilliseconds: -window - 1))
        #expect(try bench.accept(oldest).verdict == .new)
        let rejection = try #require(bench.refusal(older))
        #expect(rejection.code == .tooOld && rejection.field == "tip.id" && rejection.message.contains("30 days"))
        // What is known is a repeat for as long as the journal has it.
        bench.time.advance(milliseconds: 100 * day)
        #expect(try bench.accept(oldest).verdict == .repeat)
        #expect(bench.refusal(oldest.altered)?.code == .conflict)
    }

    @Test func whatIsFromTheFutureIsRefusedToTheMillisecond() throws {
        let furthest = Fixture.tip(1, at: ManualTime.night.advanced(byMilliseconds: day))
        let further = Fixture.tip(2, at: ManualTime.night.advanced(byMilliseconds: day + 1))
        #expect(try bench.accept(furthest).verdict == .new)
        #expect(bench.refusal(further)?.code == .inFuture)
        bench.time.advance(milliseconds: 1)
        #expect(try bench.accept(further).verdict != .repeat)
    }

    @Test func aCategoryThatIsNotConfiguredIsRefusedAndUsesNoNumber() throws {
        let before = bench.state
        let rejection = try #require(bench.refusal(Fixture.tip(1, "alien_landing")))
        #expect(rejection.code == .unknownCategory && rejection.field == "tip.category")
        #expect(rejection.message.contains("alien_landing"))
        #expect(bench.state == before && bench.journal.lastSequence == before.sequence)
        // Once configured, the same bytes are accepted.
        bench.rules.categories["alien_landing"] = bench.rules.categories["other"]
        let results = bench.run([.rules(bench.rules), .tip(Fixture.tip(1, "alien_landing"))]).tips
        #expect(try results[0].result.get().verdict == .new)
    }

    /// Which zones there are is a matter of enrolment; a tip of any zone is kept, whoever follows it.
    @Test func aZoneThatNobodyFollowsIsAZone() throws {
        let remote = Fixture.post("gate-9", zone: "nowhere", north: 0)
        bench.run([.enrol(bench.enrol(.post(remote), key: 99))])
        let outcome = bench.run([.tip(Fixture.tip(1, from: remote))])
        #expect(try outcome.tips[0].result.get().verdict == .new)
        #expect(outcome.committed.first?.zone == remote.zone)
    }

    @Test func everyRefusalIsCounted() throws {
        _ = try bench.accept(Fixture.tip(1))
        _ = bench.run([
            Fixture.tip(1).altered, Fixture.tip(2, "x"), Fixture.tip(3, "y"),
            Fixture.tip(4, at: Timestamp(milliseconds: 0)), Fixture.tip(5, at: Timestamp(milliseconds: 1 << 47)),
        ])
        #expect(bench.core.counters.rejected == [.conflict: 1, .unknownCategory: 2, .tooOld: 1, .inFuture: 1])
        #expect(bench.core.counters.accepted == 1)
    }

    /// The whole of it, at random: every tip that was ever accepted has its answer for good.
    @Test func inTheEndEverythingIsARepeat() throws {
        var tips = SampleTips(seed: 42)
        var random = SplitMix64(seed: 43)
        var all: [(command: TipCommand, receipt: Receipt)] = []
        for _ in 0..<60 {
            bench.time.advance(milliseconds: 20_000)
            let group = (0..<1 + random.next() % 12).map { number -> TipCommand in
                let post = Fixture.posts.randomElement(using: &random)!
                let tip = tips.tip(from: post.id, at: bench.time.now())
                return TipCommand(
                    ticket: TipTicket(route: [2], request: UInt32(number), index: 0), post: post, tip: tip,
                    encoded: TipCodec.encode(tip), skewMilliseconds: 0)
            }
            for (command, result) in zip(group, bench.run(group)) { all.append((command, try result.get())) }
            if random.oneIn(8) { try bench.restart() }
        }
        all.shuffle(using: &random)
        #expect(try bench.run(all.map(\.command)).map { try $0.get() } == all.map(\.receipt.repeated))
        #expect(bench.state.totals.tips + bench.state.totals.drills == UInt64(all.count))
        #expect(try bench.state == bench.folded())
    }
}

extension Result where Failure == Rejection {
    /// The code of a refusal.
    var code: RejectionCode? {
        if case .failure(let rejection) = self { rejection.code } else { nil }
    }
}

import Journal
import TestSupport
import Testing
import TipModel

@testable import Station

/// Posts that fall silent, tips that never come, and how far patrols have read.
struct PresenceTests {
    private let bench = CoreBench()
    private let gate = Fixture.posts[0].id

    private func newEvents(_ commands: [StationCommand]) throws -> [Event] {
        let before = bench.journal.lastSequence
        bench.run(commands)
        #expect(try bench.state == bench.folded())
        return try bench.records().filter { $0.record.sequence > before }.flatMap(\.record.events)
    }

    private func heartbeat(_ lowest: UInt64, series: UInt64 = 7) -> StationCommand {
        .heartbeat(gate, series: series, lowestUnsent: lowest)
    }

    @Test func aSilenceIsRecordedOnceAndEndsWithAHeartbeat() throws {
        let since = ManualTime.night
        #expect(try newEvents([.silent(gate, since: since)]) == [.postFellSilent(gate, since: since)])
        bench.time.advance(milliseconds: 90_000)
        #expect(try newEvents([.silent(gate, since: bench.time.now()), .silent(gate, since: since)]).isEmpty)
        #expect(bench.state.ledgers[gate]?.silentSince == since)
        #expect(try newEvents([heartbeat(1)]) == [.postHeard(gate, silentSince: since)])
        #expect(try newEvents([heartbeat(1)]).isEmpty)
        #expect(bench.state.ledgers[gate]?.silentSince == nil)
    }

    @Test func ofAPostThatIsNotKnownNothingIsRecorded() throws {
        let stranger = PostID(unchecked: "gate-8")
        #expect(
            try newEvents([.heartbeat(stranger, series: 1, lowestUnsent: 5), .silent(stranger, since: ManualTime.night)]).isEmpty)
        #expect(bench.state.ledgers[stranger] == nil)
    }

    /// Numbers 3 and 5 to 6 have not come. While the post still has them they are late; when it has not, lost.
    @Test func lateIsToldFromLost() throws {
        _ = bench.run([1, 2, 4, 7].map { Fixture.tip($0) })
        #expect(try newEvents([heartbeat(3)]).isEmpty)
        #expect(try newEvents([heartbeat(6)]) == [
            .tipsMissing(gate, series: 7, numbers: 3...3), .tipsMissing(gate, series: 7, numbers: 5...5),
        ])
        #expect(try newEvents([heartbeat(6), heartbeat(6)]).isEmpty)
        // Another series is another store; its numbers say nothing of this one's.
        #expect(try newEvents([heartbeat(100, series: 8)]).isEmpty)
        #expect(try newEvents([heartbeat(.max)]) == [.tipsMissing(gate, series: 7, numbers: 6...6)])
        #expect(bench.state.ledgers[gate]?.missing == 3)
        try bench.restart()
        #expect(try newEvents([heartbeat(.max)]).isEmpty)
        // It came after all.
        _ = try bench.accept(Fixture.tip(5))
        #expect(bench.state.ledgers[gate]?.missing == 2)
    }

    @Test func aSilenceAndALossAreOneRecord() throws {
        _ = bench.run([Fixture.tip(1), Fixture.tip(3)])
        bench.run([.silent(gate, since: ManualTime.night)])
        let before = bench.journal.lastSequence
        #expect(try newEvents([heartbeat(4)]) == [
            .postHeard(gate, silentSince: ManualTime.night), .tipsMissing(gate, series: 7, numbers: 2...2),
        ])
        #expect(bench.journal.lastSequence == before + 1)
    }

    @Test func aCursorIsRecordedWhenItChanged() throws {
        let unit = Fixture.east.id
        #expect(try newEvents([.cursor(unit, FeedCursor(alert: 3, main: 5))]) == [.cursorAdvanced(unit, alert: 3, main: 5)])
        #expect(try newEvents([.cursor(unit, FeedCursor(alert: 3, main: 5))]).isEmpty)
        #expect(try newEvents([.cursor(unit, FeedCursor(alert: 4, main: 5))]).count == 1)
        #expect(bench.state.cursors[unit] == FeedCursor(alert: 4, main: 5))
    }

    @Test func aGroupIsOneSyncAndAGroupWithoutChangesNone() throws {
        let (syncs, commits) = (bench.journal.syncs, bench.core.counters.commits)
        _ = bench.run((1...100).map { Fixture.tip($0) })
        #expect(bench.journal.syncs == syncs + 1 && bench.core.counters.commits == commits + 1)
        #expect(bench.core.counters.largestBatch == 100)
        bench.run([heartbeat(1), .tip(Fixture.tip(1)), .inspect { _, _ in }])
        #expect(bench.journal.syncs == syncs + 1 && bench.core.counters.commits == commits + 1)
        bench.run([StationCommand]())
        #expect(bench.journal.appends == Int(commits) + 1)
    }

    /// What is shown is durable: a question in a group is answered after its commit.
    @Test func aQuestionIsAnsweredFromWhatIsDurable() throws {
        let seen = Seen()
        bench.journal.set { $0.append = diskFull }
        bench.run([.tip(Fixture.tip(1)), .inspect { state, counters in seen.add(state, counters) }])
        bench.journal.set { $0.append = nil }
        bench.time.advance(milliseconds: 2_000)
        bench.run([.inspect { state, counters in seen.add(state, counters) }, .tip(Fixture.tip(1))])
        #expect(seen.tips == [0, 1])
        #expect(seen.accepted == [0, 1])
    }
}

import DispatchDesk
import Journal
import Synchronization
import TestSupport
import Testing
import TipModel
import ZeroMQ

@testable import Station

/// The core's thread: what goes first, what fits in a group, who is told when, and how it ends.
struct StationServiceTests {
    private func tips(_ numbers: ClosedRange<UInt64>, _ category: String = "other") -> [TipCommand] {
        numbers.map { Fixture.tip($0, category) }
    }

    @Test func emergenciesAndStepsOvertakeABacklog() throws {
        let bench = try ServiceBench()
        #expect(bench.service.offer(tips(1...1), express: false) && bench.answered(1))
        let gate = try bench.hold()
        #expect(bench.service.offer(tips(10...200), express: false))
        #expect(bench.service.offer(tips(300...302, "fire"), express: true))
        #expect(bench.service.offer(bench.step(.claim, 1)))
        #expect(bench.service.waiting == (3, 191, 1))
        gate.open()
        #expect(bench.answered(195))
        #expect(bench.told.numbers == [1, 300, 301, 302] + Array(10...200))
        // The claim came before all of them.
        let claim = try #require(bench.told.steps.first)
        #expect(claim.refusal == nil && claim.sequence == ServiceBench.enrolments + 2)
        #expect(bench.service.waiting == (0, 0, 0))
    }

    @Test func groupsKeepTheirBounds() throws {
        let bench = try ServiceBench { $0.batchTips = 10 }
        var gate = try bench.hold()
        #expect(bench.service.offer(tips(1...35), express: false) && bench.service.offer(tips(101...103, "fire"), express: true))
        gate.open()
        #expect(bench.answered(38))
        #expect(bench.told.groups.map(\.count) == [10, 10, 10, 8])
        #expect(bench.told.groups[0].prefix(3).map(\.tip.low) == [101, 102, 103])

        // However many emergencies there are, others are not starved.
        bench.told.clear()
        gate = try bench.hold()
        #expect(bench.service.offer(tips(201...225, "fire"), express: true) && bench.service.offer(tips(301...305), express: false))
        gate.open()
        #expect(bench.answered(30))
        #expect(bench.told.groups.map(\.count) == [11, 11, 8])
        #expect(bench.told.groups.map { $0.filter { $0.tip.low > 300 }.count } == [1, 1, 3])

        // Nor by control commands, of which a group takes 256.
        gate = try bench.hold()
        for number in 1...600 as ClosedRange<UInt64> {
            #expect(bench.service.offer(.cursor(Fixture.east.id, FeedCursor(alert: number, main: 1))))
        }
        #expect(bench.service.offer(tips(401...403), express: false))
        gate.open()
        #expect(bench.answered(33))
        let last = try bench.counters()
        #expect(last.largestBatch == 257 && last.records == 68 + 603)
    }

    @Test func atTheBoundAllOrNoneIsTaken() throws {
        let bench = try ServiceBench { ($0.queueTips, $0.queueExpress, $0.queueControl) = (20, 5, 2) }
        let gate = try bench.hold()
        #expect(bench.service.offer(tips(1...15), express: false))
        #expect(!bench.service.offer(tips(16...21), express: false))
        #expect(bench.service.offer(tips(16...20), express: false))
        #expect(!bench.service.offer(tips(21...21), express: false))
        #expect(bench.service.offer(tips(101...105, "fire"), express: true))
        #expect(!bench.service.offer(tips(106...106, "fire"), express: true))
        #expect(bench.service.offer(bench.step(.claim, 1)) && bench.service.offer(bench.step(.claim, 1)))
        #expect(!bench.service.offer(bench.step(.claim, 1)))
        bench.service.room.clear()
        gate.open()
        // Whoever waits for room is told.
        var polls = PollSet()
        polls.add(fileDescriptor: bench.service.room.fileDescriptor)
        #expect(try polls.poll(timeoutMilliseconds: 20_000) == 1)
        #expect(bench.answered(25))
        #expect(bench.service.offer(tips(21...40), express: false) && bench.answered(45))
        #expect(bench.told.numbers.count == 45 && bench.told.steps.count == 2)
    }

    /// A whole SUBMIT must fit into an empty queue, or ingest would offer it for ever.
    @Test func aWholeMessageFitsByDefault() throws {
        let bench = try ServiceBench()
        let gate = try bench.hold()
        #expect(bench.service.offer(tips(1...512), express: false))
        #expect(bench.service.offer(tips(1_001...1_512, "fire"), express: true))
        gate.open()
        #expect(bench.answered(1_024))
    }

    /// A revocation holds before anybody hears of it; the alarm goes out before the receipt.
    @Test func theTableIsTheFirstToKnowThenPatrolsThenPosts() throws {
        let bench = try ServiceBench()
        #expect(bench.told.all.map(\.name) == ["enrolments"] || eventually { bench.told.all.map(\.name) == ["enrolments"] })
        let gate = try bench.hold()
        bench.told.clear()
        let told = bench.told
        #expect(bench.service.offer(.revoke(.unit(Fixture.both.id), reason: "lost") { told.add(.change($0)) }))
        #expect(bench.service.offer(bench.step(.claim, 1)))
        #expect(bench.service.offer(tips(1...2), express: false))
        gate.open()
        #expect(eventually { bench.told.all.count >= 5 })
        #expect(bench.told.all.map(\.name) == ["enrolments", "published", "tips", "change", "step"])
        guard case .enrolments(let enrolments) = bench.told.all[0], case .published(let events) = bench.told.all[1] else { return }
        #expect(enrolments.filter(\.isRevoked).map(\.principal) == [.unit(Fixture.both.id)])
        #expect(events.map(\.sequence) == [ServiceBench.enrolments + 2, ServiceBench.enrolments + 3])
    }

    @Test func aFailedCommitTellsPatrolsNothing() throws {
        let bench = try ServiceBench()
        bench.journal.set { $0.append = diskFull }
        #expect(bench.service.offer(tips(1...3), express: false) && bench.answered(3))
        #expect(bench.told.tips.map(\.result.code) == [.unavailable, .unavailable, .unavailable])
        #expect(!bench.told.all.contains { $0.name == "published" })
    }

    @Test func theStopCommitsWhatWaitsAndSavesASnapshot() throws {
        let bench = try ServiceBench()
        let gate = try bench.hold()
        #expect(bench.service.offer(tips(1...100), express: false) && bench.service.offer(tips(201...205, "fire"), express: true))
        #expect(!bench.service.stop(deadline: .zero))
        #expect(!bench.journal.isClosed)
        gate.open()
        #expect(bench.service.stop(deadline: patience))
        #expect(bench.told.numbers == Array(201...205) + Array(1...100))
        #expect(bench.journal.isClosed && bench.journal.lastSequence == ServiceBench.enrolments + 105)
        let snapshot = try #require(try bench.journal.memory.makeReader().latestSnapshot())
        let state = try SnapshotCodec.decode(snapshot)
        #expect(try state == Replay.state(from: bench.journal.memory.makeReader(), ignoringSnapshots: true))
        #expect(state.totals.tips == 105)
    }

    @Test func aSnapshotIsMadeBesideTheCoreWhenDue() throws {
        let bench = try ServiceBench { $0.core.snapshotEvery = 50 }
        #expect(bench.service.offer(tips(1...43), express: false) && bench.answered(43))
        #expect(try bench.counters().snapshots == 0)
        #expect(bench.service.offer(tips(44...44), express: false))
        #expect(try eventually { try bench.counters().snapshots == 1 })
        let first = try #require(try bench.journal.memory.makeReader().latestSnapshot())
        #expect(first.sequence == 50)
        #expect(bench.service.offer(tips(45...120), express: false))
        #expect(try eventually { try bench.counters().snapshots == 2 })
        let reader = try bench.journal.memory.makeReader()
        #expect(try Replay.state(from: reader) == Replay.state(from: reader, ignoringSnapshots: true))
    }

    /// Power cuts leave no time for the snapshot of the stop; the next start must not read ever more.
    @Test func aLongTailGetsASnapshotAtTheFirstGroup() throws {
        let journal: FaultyJournal
        do {
            let core = CoreBench()
            _ = core.run(tips(1...60))
            journal = core.journal
        }
        let bench = try ServiceBench(journal) { $0.core.snapshotEvery = 50 }
        #expect(bench.service.offer(tips(100...100), express: false))
        #expect(try eventually { try bench.counters().snapshots == 1 })
        #expect(try journal.memory.makeReader().latestSnapshot()?.sequence == ServiceBench.enrolments + 61)
    }

    /// One that is being made when the stop comes is waited for and stored.
    @Test func theStopWaitsForASnapshotThatIsUnderWay() throws {
        for _ in 0..<10 {
            let bench = try ServiceBench { $0.core.snapshotEvery = 200 }
            let gate = try bench.hold()
            #expect(bench.service.offer(tips(1...300), express: false))
            gate.open()
            #expect(bench.service.stop(deadline: patience))
            let snapshot = try #require(try bench.journal.memory.makeReader().latestSnapshot())
            #expect(snapshot.sequence == ServiceBench.enrolments + 300)
        }
    }
}

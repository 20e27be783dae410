import DispatchDesk
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Station

/// What the core tells posts, and when.
struct PostNewsTests {
    private let bench = CoreBench()
    private let told = Told()

    private final class Told: Sendable {
        private let contents = Mutex<[PostProgress]>([])
        var all: [PostProgress] { contents.withLock { $0 } }
        func add(_ news: PostProgress) { contents.withLock { $0.append(news) } }
    }

    private func ask(_ post: Post = Fixture.posts[0], after: SequenceNumber) -> StationCommand {
        let told = told
        return .progress(ProgressQuery(post: post.id, after: after) { told.add($0) })
    }

    @Test func aClaimIsToldToThePostsWithTipsInItRightAfterTheCommit() throws {
        let receipt = try bench.accept(Fixture.tip(1, "burglary"))
        _ = try bench.accept(Fixture.tip(2, from: Fixture.posts[3], "burglary"))
        let outcome = bench.run([.step(bench.command(.claim, receipt.incident))])
        #expect(outcome.progress.map(\.post) == [Fixture.posts[0].id])
        let item = try #require(outcome.progress.first?.news.items.first)
        #expect(item.progress.phase == .claimed && item.unitName == "东巡组" && item.tips == [receipt.tip])
        #expect(outcome.progress.first?.news.through == bench.state.sequence)
    }

    @Test func aTipThatOnlyItsReceiptTellsIsNotToldTwice() throws {
        let outcome = bench.run([.tip(Fixture.tip(1, "burglary"))])
        #expect(outcome.progress.isEmpty)
        bench.run([ask(after: 0)])
        #expect(told.all.isEmpty)
    }

    @Test func somebodyHasSeenIt() throws {
        let receipt = try bench.accept(Fixture.tip(1, "burglary"))
        try bench.acknowledge(receipt.incident)
        bench.run([ask(after: 0)])
        #expect(told.all.first?.items.first?.progress.acknowledgedAt == bench.time.now())
        bench.run([ask(after: bench.state.sequence)])
        #expect(told.all.count == 1)
    }

    @Test func nothingIsToldOfACommitThatFailed() throws {
        let receipt = try bench.accept(Fixture.tip(1, "burglary"))
        bench.journal.set { $0.append = diskFull }
        let outcome = bench.run([.step(bench.command(.claim, receipt.incident)), ask(after: 0)])
        #expect(outcome.failure != nil && outcome.progress.isEmpty && told.all.isEmpty)
    }

    @Test func aRestartKnowsTheSame() throws {
        let receipt = try bench.accept(Fixture.tip(1, "burglary"))
        _ = try bench.step(.claim, receipt.incident)
        bench.saveSnapshot()
        _ = try bench.step(.goEnRoute, receipt.incident)
        try bench.restart()
        #expect(try bench.state == bench.folded())
        bench.run([ask(after: 0)])
        #expect(told.all.first?.items.first?.progress.phase == .enRoute)
        #expect(told.all.first?.items.first?.progress.claimedAt == bench.time.now())
    }

    @Test func aTipIsFoundByItsPostOnly() throws {
        let tip = Fixture.tip(1, "burglary")
        _ = try bench.accept(tip)
        let found = Mutex<[Bool]>([])
        for post in Fixture.posts.prefix(2) {
            bench.run([.find(TipKey(post: post.id, tip: tip.tip.id)) { one in found.withLock { $0.append(one != nil) } }])
        }
        #expect(found.withLock { $0 } == [true, false])
    }
}

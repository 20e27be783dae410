import Journal
import TestSupport
import Testing
import TipModel

@testable import Station

/// What is put on record without changing anything, and the desk's own tips.
@Suite struct RecordTests {
    @Test func aLookAtAReporterIsOnRecordOfItsIncident() throws {
        let bench = CoreBench()
        let receipt = try bench.accept(Fixture.tip(1))
        let before = bench.state.incidents
        let look = IdentityRevealed(
            incident: receipt.incident, post: Fixture.posts[0].id, tip: receipt.tip, reason: "回访", by: "duty")
        let replies = bench.replies
        bench.run([.record(.identityRevealed(look), about: receipt.incident) { replies.add($0) }])
        #expect(try bench.replies.changes.last?.get() == receipt.sequence + 1)
        #expect(bench.state.incidents == before)
        let about = try bench.journal.memory.makeReader().records(about: receipt.incident, limit: 10)
        #expect(about.last?.record.events == [.identityRevealed(look)])
        #expect(about.last?.feedEvent == nil)
    }

    @Test func whatCannotBeJournalledIsTold() throws {
        let bench = CoreBench()
        bench.journal.set { $0.append = JournalError(.full, "no space") }
        let replies = bench.replies
        let change = AccountChanged(name: "duty", action: .added, role: "desk", by: "root")
        bench.run([.record(.accountChanged(change), about: nil) { replies.add($0) }])
        #expect(bench.replies.codes.last == .unavailable)
    }

    @Test func theDeskNeedsNoEnrolmentAndNobodyElseGoesWithout() throws {
        let bench = CoreBench()
        let desk = Post(id: .desk, name: "desk", zone: ZoneID(unchecked: "west"), position: nil, kind: "desk", members: 0)
        let receipt = try bench.accept(Fixture.tip(1, from: desk))
        #expect(bench.state.incidents[receipt.incident]?.zone == desk.zone)
        #expect(bench.state.incidents[receipt.incident]?.posts == [.desk])
        var stranger = desk
        stranger.id = PostID(unchecked: "desk-2")
        #expect(bench.refusal(Fixture.tip(2, from: stranger))?.code == .revoked)
    }
}

import TestSupport
import Testing
import TipModel

@testable import Station

/// Who may speak, as the journal has it.
struct EnrolmentTests {
    private let bench = CoreBench(enrols: false)
    private let gate = Enrolment.Subject.post(Fixture.posts[0])
    private let patrol = Enrolment.Subject.unit(Fixture.east)
    private let gateID = PrincipalID.post(Fixture.posts[0].id)

    @Test func anEnrolmentIsARecordThatGivesItsGeneration() throws {
        let outcome = bench.run([.enrol(bench.enrol(gate, key: 1)), .enrol(bench.enrol(patrol, key: 2))])
        #expect(try bench.replies.changes.map { try $0.get() } == [1, 2])
        let told = try #require(outcome.enrolments).sorted { $0.generation < $1.generation }
        #expect(told == [
            Enrolment(subject: gate, publicKey: [UInt8](repeating: 1, count: 32), generation: 1),
            Enrolment(subject: patrol, publicKey: [UInt8](repeating: 2, count: 32), generation: 2),
        ])
        // Patrols are not sent it.
        #expect(outcome.committed.isEmpty)
        try bench.restart()
        #expect(bench.state.enrolments.count == 2)
    }

    @Test func aNameIsEnrolledTwiceOnlyWhenReplaced() throws {
        bench.run([.enrol(bench.enrol(gate, key: 1)), .enrol(bench.enrol(gate, key: 2))])
        #expect(bench.replies.codes == [nil, .conflict])
        #expect(bench.state.enrolments[gateID]?.generation == 1)
        let outcome = bench.run([.enrol(bench.enrol(gate, key: 2, replace: true))])
        #expect(bench.state.enrolments[gateID]?.generation == 2)
        #expect(outcome.enrolments?.map(\.publicKey) == [[UInt8](repeating: 2, count: 32)])
    }

    @Test func aKeyBelongsToOneNameAtATime() throws {
        bench.run([.enrol(bench.enrol(gate, key: 1)), .enrol(bench.enrol(patrol, key: 1)), .enrol(bench.enrol(patrol, key: 1, replace: true))])
        #expect(bench.replies.codes == [nil, .conflict, .conflict])
        guard case .failure(let rejection) = bench.replies.changes[1] else { return }
        #expect(rejection.message.contains("post:gate-1"))
        // Of a revoked one it may be used again, and by its own name at any time.
        bench.run([bench.revoke(gateID), .enrol(bench.enrol(patrol, key: 1)), .enrol(bench.enrol(patrol, key: 1, replace: true))])
        #expect(bench.replies.codes.suffix(3) == [nil, nil, nil])
    }

    @Test func aRevokedNameCanBeEnrolledAgain() throws {
        bench.run([.enrol(bench.enrol(gate, key: 1))])
        let outcome = bench.run([bench.revoke(gateID)])
        #expect(try bench.replies.changes.map { try $0.get() } == [1, 2])
        #expect(outcome.enrolments?.map(\.isRevoked) == [true])
        bench.run([bench.revoke(gateID), .enrol(bench.enrol(gate, key: 1)), bench.revoke(.post(PostID(unchecked: "gate-8")))])
        #expect(bench.replies.codes.suffix(3) == [.notFound, nil, .notFound])
        #expect(bench.state.enrolments[gateID]?.isRevoked == false && bench.state.enrolments[gateID]?.generation == 3)
    }

    @Test func whatIsRefusedChangesNothing() throws {
        bench.run([.enrol(bench.enrol(gate, key: 1))])
        let (state, syncs) = (bench.state, bench.journal.syncs)
        let outcome = bench.run([.enrol(bench.enrol(gate, key: 2)), bench.revoke(.unit(Fixture.east.id))])
        #expect(outcome.enrolments == nil && bench.state == state && bench.journal.syncs == syncs)
    }

    /// Control goes before tips that came earlier: one that waited is decided after the revocation.
    @Test func aTipThatWaitedWhileItsPostWasRevokedIsRefused() throws {
        bench.run([.enrol(bench.enrol(gate, key: 1))])
        let known = try bench.accept(Fixture.tip(1))
        let outcome = bench.run([bench.revoke(gateID), .tip(Fixture.tip(2)), .tip(Fixture.tip(1))])
        #expect(outcome.tips.map(\.result.code) == [.revoked, .revoked])
        #expect(outcome.committed.isEmpty && bench.state.totals.tips == 1)
        // Under a new key it sends what it has kept.
        bench.run([.enrol(bench.enrol(gate, key: 3))])
        #expect(try bench.accept(Fixture.tip(2)).verdict == .correlated)
        #expect(try bench.accept(Fixture.tip(1)) == known.repeated)
    }
}

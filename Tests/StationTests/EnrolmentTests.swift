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

    /// A rotation keeps who somebody is and lets two keys in, for as long as was said and over a restart.
    @Test func aRotationLetsTheKeyBeforeInForATime() throws {
        func rotate(_ principal: PrincipalID, key: UInt8, keep: Int64) -> StationCommand {
            let replies = bench.replies
            return .rotate(
                RotateCommand(principal: principal, publicKey: [UInt8](repeating: key, count: 32), keepMilliseconds: keep) { replies.add($0) })
        }
        bench.run([.enrol(bench.enrol(gate, key: 1)), rotate(gateID, key: 2, keep: 1_000)])
        #expect(bench.replies.codes == [nil, nil])
        try bench.restart()
        let now = bench.time.now()
        let enrolment = try #require(bench.state.enrolments[gateID])
        #expect(enrolment.subject == gate && enrolment.generation == 2)
        #expect(enrolment.previous == .init(publicKey: [UInt8](repeating: 1, count: 32), generation: 1, until: now.advanced(byMilliseconds: 1_000)))
        #expect(enrolment.admits(generation: 1, at: now.advanced(byMilliseconds: 999)))
        #expect(!enrolment.admits(generation: 1, at: now.advanced(byMilliseconds: 1_000)) && enrolment.admits(generation: 2, at: now))

        // Nobody else gets either key; a third one leaves two.
        bench.run([.enrol(bench.enrol(patrol, key: 1)), rotate(gateID, key: 1, keep: 0), rotate(gateID, key: 3, keep: 1_000)])
        #expect(bench.replies.codes.suffix(3) == [.conflict, .conflict, nil])
        #expect(bench.state.enrolments[gateID]?.admits(generation: 1, at: now) == false)
        #expect(bench.state.enrolments[gateID]?.admits(generation: 2, at: now) == true)
        // A revocation ends both, and who is not enrolled has nothing to rotate.
        bench.run([bench.revoke(gateID), rotate(gateID, key: 4, keep: 1_000), rotate(.unit(Fixture.east.id), key: 5, keep: 0)])
        #expect(bench.replies.codes.suffix(3) == [nil, .notFound, .notFound])
        #expect(bench.state.enrolments[gateID]?.previous == nil)
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

import Access
import TestSupport
import Testing
import TipModel
import ZeroMQ

/// Which keys may connect and which user ids may speak.
struct AccessTableTests {
    private let table = AccessTable()

    @Test func anEnrolledKeyHasAUserIDThatNamesTheEnrolment() throws {
        table.replace(with: [post("gate-1", key: 1, generation: 7), unit("patrol-1", key: 2, generation: 9)])
        #expect(table.userID(for: key(1)) == "post:gate-1#7")
        #expect(table.userID(for: key(2)) == "unit:patrol-1#9")
        #expect(table.userID(for: key(3)) == nil)
        let one = try #require(table.principal(userID: "post:gate-1#7"))
        #expect(one.id == .post(PostID(unchecked: "gate-1")) && one.generation == 7)
        let other = try #require(table.principal(userID: "unit:patrol-1#9"))
        #expect(other.id == .unit(UnitID(unchecked: "patrol-1")) && other.userID == "unit:patrol-1#9")
    }

    @Test func nobodyIsInAnEmptyTable() {
        #expect(table.userID(for: key(1)) == nil)
        for userID in ["", "post:gate-1", "post:gate-1#0", "#"] { #expect(table.principal(userID: userID) == nil) }
    }

    @Test func aRevokedKeyNeitherConnectsNorSpeaks() {
        table.replace(with: [post("gate-1", key: 1, generation: 7), post("gate-2", key: 2, generation: 8)])
        table.replace(with: [post("gate-1", key: 1, generation: 7, isRevoked: true), post("gate-2", key: 2, generation: 8)])
        #expect(table.userID(for: key(1)) == nil)
        #expect(table.principal(userID: "post:gate-1#7") == nil)
        #expect(table.userID(for: key(2)) == "post:gate-2#8")
    }

    /// An open connection carries the old user id: it must not be taken for the new holder of the name.
    @Test func aReplacedKeyIsNotTakenForTheNewHolder() {
        table.replace(with: [post("gate-1", key: 1, generation: 7)])
        table.replace(with: [post("gate-1", key: 2, generation: 12)])
        #expect(table.userID(for: key(1)) == nil && table.principal(userID: "post:gate-1#7") == nil)
        #expect(table.userID(for: key(2)) == "post:gate-1#12")
        #expect(table.principal(userID: "post:gate-1#12")?.generation == 12)
        // The same key enrolled again: whoever is connected has to come anew all the same.
        table.replace(with: [post("gate-1", key: 2, generation: 15)])
        #expect(table.principal(userID: "post:gate-1#12") == nil)
        #expect(table.userID(for: key(2)) == "post:gate-1#15")
    }

    /// A rotation lets both keys in, to the millisecond.
    @Test func aReplacedKeySpeaksUntilItsTimeIsOver() {
        let time = ManualTime()
        let table = AccessTable(time: time)
        var enrolment = post("gate-1", key: 2, generation: 12)
        enrolment.previous = Enrolment.PreviousKey(
            publicKey: post("gate-1", key: 1, generation: 7).publicKey, generation: 7, until: time.now().advanced(byMilliseconds: 500))
        table.replace(with: [enrolment])
        let version = table.version
        #expect(table.userID(for: key(1)) == "post:gate-1#7" && table.userID(for: key(2)) == "post:gate-1#12")
        #expect(table.principal(userID: "post:gate-1#7")?.id == .post(PostID(unchecked: "gate-1")))
        time.advance(milliseconds: 499)
        #expect(table.principal(userID: "post:gate-1#7") != nil && table.version == version)
        time.advance(milliseconds: 1)
        // Socket threads look at the version: a connection that is open ends, too.
        #expect(table.version != version)
        #expect(table.principal(userID: "post:gate-1#7") == nil && table.userID(for: key(1)) == nil)
        #expect(table.userID(for: key(2)) == "post:gate-1#12")
        // A table that is made anew later does not let it in again.
        table.replace(with: [enrolment])
        #expect(table.userID(for: key(1)) == nil)
        // And a revocation ends both.
        enrolment.isRevoked = true
        table.replace(with: [enrolment])
        #expect(table.userID(for: key(2)) == nil)
    }

    @Test func aPostAndAUnitOfOneNameAreTwo() {
        table.replace(with: [post("north", key: 1, generation: 1), unit("north", key: 2, generation: 2)])
        #expect(table.principal(userID: "post:north#1")?.id == .post(PostID(unchecked: "north")))
        #expect(table.principal(userID: "unit:north#2")?.id == .unit(UnitID(unchecked: "north")))
        #expect(table.principal(userID: "unit:north#1") == nil && table.principal(userID: "post:north#2") == nil)
    }

    /// The core gives the enrolments of a dictionary, in any order.
    @Test func theNewestEnrolmentOfAKeyWinsInAnyOrder() {
        let enrolments = [
            post("gate-1", key: 1, generation: 3), post("gate-2", key: 1, generation: 5),
            post("gate-3", key: 1, generation: 9, isRevoked: true),
        ]
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
            table.replace(with: order.map { enrolments[$0] })
            #expect(table.userID(for: key(1)) == "post:gate-2#5", "order \(order)")
        }
    }

    @Test(arguments: [0, 31, 33]) func whatIsNoKeyLetsNobodyInAndTakesNobodyOut(count: Int) {
        var odd = post("gate-9", key: 9, generation: 2)
        odd.publicKey = [UInt8](repeating: 9, count: count)
        table.replace(with: [odd, post("gate-1", key: 1, generation: 1)])
        #expect(table.principal(userID: "post:gate-9#2") == nil)
        #expect(table.userID(for: key(1)) == "post:gate-1#1")
    }

    /// A socket thread notices a change by one comparison.
    @Test func eachChangeHasAVersionOfItsOwn() {
        var seen: Set<Int> = [table.version]
        for generation in 1...5 as ClosedRange<SequenceNumber> {
            table.replace(with: [post("gate-1", key: 1, generation: generation)])
            seen.insert(table.version)
        }
        table.replace(with: [Enrolment]())
        seen.insert(table.version)
        #expect(seen.count == 7)
        #expect(table.userID(for: key(1)) == nil)
    }
}

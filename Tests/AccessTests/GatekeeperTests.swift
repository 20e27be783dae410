import Testing
import TipModel

@testable import Access
@testable import ZeroMQ

/// The answers to ZAP, and what is remembered of those refused.
struct GatekeeperTests {
    private struct Refused: Hashable {
        var key: CurveKey
        var address: String
    }

    private let table = AccessTable()
    private let told: Told<Refused>
    private let gatekeeper: Gatekeeper

    init() {
        let told = Told<Refused>()
        self.told = told
        gatekeeper = Gatekeeper(table: table) { told.add(Refused(key: $0, address: $1)) }
    }

    @Test func anEnrolledKeyGetsItsUserID() {
        table.replace(with: [post("gate-1", key: 1, generation: 7)])
        #expect(gatekeeper.decide(request(key(1))) == .allow(userID: "post:gate-1#7"))
        #expect(gatekeeper.refused == 0 && told.all.isEmpty)
    }

    @Test func refusalsAreCountedAndEachKeyIsToldOnce() {
        for _ in 0..<3 {
            #expect(gatekeeper.decide(request(key(1), from: "10.0.0.1")) == .deny(reason: "key not enrolled"))
        }
        #expect(gatekeeper.decide(request(key(2), from: "10.0.0.2")) == .deny(reason: "key not enrolled"))
        _ = gatekeeper.decide(request(key(1), from: "10.0.0.9"))
        #expect(gatekeeper.refused == 5)
        #expect(told.all == [Refused(key: key(1), address: "10.0.0.1"), Refused(key: key(2), address: "10.0.0.2")])
    }

    @Test func anEnrolmentHoldsAtTheNextHandshakeAndARevocationToo() {
        #expect(gatekeeper.decide(request(key(1))) != .allow(userID: "post:gate-1#7"))
        table.replace(with: [post("gate-1", key: 1, generation: 7)])
        #expect(gatekeeper.decide(request(key(1))) == .allow(userID: "post:gate-1#7"))
        table.replace(with: [post("gate-1", key: 1, generation: 7, isRevoked: true)])
        #expect(gatekeeper.decide(request(key(1))) == .deny(reason: "key not enrolled"))
        #expect(gatekeeper.refused == 2)
    }

    /// A socket of somebody else in the process is none of ours, whatever the key.
    @Test(arguments: ["", "posts", "watchpost2"]) func anotherDomainIsRefused(domain: String) {
        table.replace(with: [post("gate-1", key: 1, generation: 7)])
        #expect(gatekeeper.decide(request(key(1), domain: domain)) == .deny(reason: "unknown domain"))
        #expect(told.all.isEmpty)
    }

    @Test func atTheBoundTheMemoryStartsAnew() {
        let bound = UInt32(Gatekeeper.rememberedBound)
        for number in 1...bound { _ = gatekeeper.decide(request(key(wide: number))) }
        #expect(told.all.count == Int(bound))
        // As many as fit are remembered, however often they come.
        for number in 1...bound { _ = gatekeeper.decide(request(key(wide: number))) }
        #expect(told.all.count == Int(bound))
        // One more, and all are forgotten: each is told once more.
        _ = gatekeeper.decide(request(key(wide: bound + 1)))
        _ = gatekeeper.decide(request(key(wide: 1)))
        _ = gatekeeper.decide(request(key(wide: 1)))
        #expect(told.all.suffix(2).map(\.key) == [key(wide: bound + 1), key(wide: 1)])
        #expect(told.all.count == Int(bound) + 2)
        #expect(gatekeeper.refused == UInt64(bound) * 2 + 3)
    }

    private func request(_ key: CurveKey, domain: String = Gatekeeper.domain, from address: String = "127.0.0.1") -> ZAPRequest {
        ZAPRequest(
            version: "1.0", requestID: [1], domain: domain, address: address, identity: [], mechanism: "CURVE",
            publicKey: key)
    }
}

import TestSupport
import Testing
import TipModel
import TipWire

@testable import Ingest

/// Who a message is from.
struct IdentityTests {
    private let bench: IngestBench

    init() throws { bench = try IngestBench() }

    @Test func eachTipIsFiledUnderThePostOfItsKey() throws {
        let posts = try ["gate-1", "gate-2", "gate-3"].map { (name: $0, post: try bench.connect(try bench.enrol(post: $0))) }
        for round in 0..<20 as Range<UInt64> {
            for (index, one) in posts.enumerated() {
                try one.post.submit([encoded(tip(round * 3 + UInt64(index)))])
            }
        }
        #expect(eventually { bench.core.tipCount == 60 })
        for admitted in bench.core.tips {
            #expect(admitted.post.id.rawValue == posts[Int(admitted.tip.number % 3)].name)
        }
    }

    /// The routing id is chosen by the client and proves nothing.
    @Test func aPostThatTakesTheRoutingIDOfAnotherStaysItself() throws {
        let (first, second) = (try bench.enrol(post: "gate-1"), try bench.enrol(post: "gate-2"))
        do {
            let post = try bench.connect(first, routingID: Array("post:gate-1#1".utf8))
            try post.submit([encoded(tip(1))])
            #expect(eventually { bench.core.tipCount == 1 })
        }
        // The first has gone; until the router knows it, the second connection under its name is not taken.
        #expect(
            try eventually {
                let post = try bench.connect(second, routingID: Array("post:gate-1#1".utf8))
                try post.submit([encoded(tip(2))])
                return eventually(deadline: .milliseconds(200)) { bench.core.tipCount >= 2 }
            })
        #expect(bench.core.tips.map(\.post.id.rawValue) == ["gate-1", "gate-2"])
        #expect(bench.core.tips[0].route == bench.core.tips[1].route)
    }

    @Test func aRevokedKeyIsToldWhileConnectedAndNothingOfItIsTaken() throws {
        let post = try bench.connect(try bench.enrol(post: "gate-1"))
        try post.submit([encoded(tip(1))])
        #expect(eventually { bench.core.tipCount == 1 })
        bench.revoke(post: "gate-1")
        for message in [(Verb.submit, Submit(tips: [encoded(tip(2))], sentAt: nil).encoded), (.postHeartbeat, heartbeat().encoded)] {
            try post.send(message.0, message.1, request: 9)
            let (request, body) = try #require(try post.receive(.rejections))
            let refused = try RejectionCodec.decode(body)
            #expect(request == 9 && refused.map(\.rejection.code) == [.revoked] && refused[0].tip == nil)
        }
        #expect(bench.core.tipCount == 1 && bench.core.heartbeats.isEmpty)
        #expect(eventually { bench.service.counters.rejected == [.revoked: 2] })
    }

    /// A connection made with a key that was since replaced is not taken for the new holder of the name.
    @Test func theConnectionOfAReplacedKeyIsRevoked() throws {
        let old = try bench.connect(try bench.enrol(post: "gate-1"))
        try old.submit([encoded(tip(1))])
        #expect(eventually { bench.core.tipCount == 1 })
        let new = try bench.connect(try bench.enrol(post: "gate-1"))
        try old.submit([encoded(tip(2))])
        #expect(try old.rejections().map(\.rejection.code) == [.revoked])
        try new.submit([encoded(tip(3))])
        #expect(eventually { bench.core.tipCount == 2 })
        #expect(bench.core.tips.map(\.tip.number) == [1, 3])
    }

    @Test func aPatrolUnitSubmitsNothing() throws {
        let unit = PatrolUnit(id: UnitID(unchecked: "patrol-1"), name: "巡组", zones: [ZoneID(unchecked: "east")])
        let patrol = try bench.connect(try bench.enrol(.unit(unit)))
        try patrol.submit([encoded(tip(1))])
        let refused = try patrol.rejections()
        #expect(refused.map(\.rejection.code) == [.forbidden])
        #expect(refused.first?.rejection.message.contains("unit:patrol-1") == true)
        try patrol.send(.postHeartbeat, heartbeat().encoded)
        #expect(try patrol.rejections().map(\.rejection.code) == [.forbidden])
        #expect(bench.core.tipCount == 0 && bench.core.heartbeats.isEmpty)
    }
}

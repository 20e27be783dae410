import Synchronization
import Testing
import ZeroMQ

/// Who gets in, over real TCP.
@Suite struct CurveTransportTests {
    @Test func eachMessageCarriesTheUserIDBothWaysWork() throws {
        let pair = try CurveKeyPair.generate()
        let station = try Station([pair.publicKey: "post-7"])
        let router = try station.router()
        try router.bind("tcp://127.0.0.1:*")
        let dealer = try station.dealer(pair)
        try dealer.connect(try router.lastEndpoint)

        for number in 0..<3 {
            try dealer.send(frames: [bytes("head"), bytes("body \(number)")])
        }
        var message = Multipart()
        for number in 0..<3 {
            try #require(try waitFor(router, into: &message))
            #expect(message.frameCount == 3)
            #expect(message.bytes(1) == bytes("head"))
            #expect(message.bytes(2) == bytes("body \(number)"))
            #expect(message.userID == "post-7")
            #expect(message.peerAddress == "127.0.0.1")
            let same = message.withUserID { $0.map { [UInt8]($0) } }
            #expect(same == bytes("post-7"))
        }
        let outcome = try router.trySend(frames: [message.bytes(0), bytes("receipt")])
        #expect(outcome == .sent)
        try #require(try waitFor(dealer, into: &message))
        #expect(message.frameCount == 1)
        #expect(message.bytes(0) == bytes("receipt"))
        #expect(station.zap.stop(deadline: patience))
    }

    @Test func twoPostsAreToldApartEvenWhenOneTakesTheOthersRoutingIDLater() throws {
        let first = try CurveKeyPair.generate()
        let second = try CurveKeyPair.generate()
        let station = try Station([first.publicKey: "post-1", second.publicKey: "post-2"])
        let router = try station.router()
        try router.bind("tcp://127.0.0.1:*")
        var message = Multipart()
        for (pair, name) in [(first, "post-1"), (second, "post-2")] {
            let dealer = try station.dealer(pair)
            var options = SocketOptions()
            options.routingID = bytes("the-gate-\(name)")
            try dealer.apply(options)
            try dealer.connect(try router.lastEndpoint)
            try dealer.send(frames: [bytes("I am post-1")])
            try #require(try waitFor(router, into: &message))
            #expect(message.bytes(0) == bytes("the-gate-\(name)"))
            #expect(message.userID == name)
        }
    }

    @Test func anUnknownKeyIsRefusedAndToldSo() throws {
        let stranger = try CurveKeyPair.generate()
        let station = try Station([:])
        let router = try station.router()
        try router.bind("tcp://127.0.0.1:*")
        let dealer = try station.dealer(stranger)
        var monitor = try dealer.monitor()
        try dealer.connect(try router.lastEndpoint)
        try dealer.send(frames: [bytes("let me in")])

        let failure = try waitFor(&monitor) { $0.isHandshakeFailure }
        #expect(failure == .handshakeFailedAuth(code: 400))
        var message = Multipart()
        let received = try router.tryReceive(into: &message)
        #expect(!received)
    }

    @Test func aPlaintextClientIsRefused() throws {
        let station = try Station([:])
        let router = try station.router()
        var monitor = try router.monitor()
        try router.bind("tcp://127.0.0.1:*")
        let dealer = try station.dealer(nil)
        try dealer.connect(try router.lastEndpoint)
        try dealer.send(frames: [bytes("let me in")])

        let failure = try waitFor(&monitor) { $0.isHandshakeFailure || $0 == .handshakeSucceeded }
        #expect(failure?.isHandshakeFailure == true)
        var message = Multipart()
        let received = try router.tryReceive(into: &message)
        #expect(!received)
    }

    @Test func aWrongServerKeyIsNoticedByTheClient() throws {
        let pair = try CurveKeyPair.generate()
        let station = try Station([pair.publicKey: "post-7"])
        let router = try station.router()
        var monitor = try router.monitor()
        try router.bind("tcp://127.0.0.1:*")
        var options = SocketOptions()
        options.curveClient(
            serverKey: try CurveKeyPair.generate().publicKey, publicKey: pair.publicKey, secretKey: pair.secretKey)
        let dealer = try Socket(station.context, .dealer, options: options)
        try dealer.connect(try router.lastEndpoint)
        let failure = try waitFor(&monitor) { $0.isHandshakeFailure || $0 == .handshakeSucceeded }
        #expect(failure?.isHandshakeFailure == true)
    }

    /// libzmq alone would let every key in here.
    @Test(arguments: [false, true])
    func withoutAHandlerNobodyGetsIn(_ wasStoppedLater: Bool) throws {
        let pair = try CurveKeyPair.generate()
        let station = try Station([pair.publicKey: "post-7"], startsHandler: wasStoppedLater)
        if wasStoppedLater { try #require(station.zap.stop(deadline: patience)) }
        let router = try station.router()
        var monitor = try router.monitor()
        try router.bind("tcp://127.0.0.1:*")
        let dealer = try station.dealer(pair)
        try dealer.connect(try router.lastEndpoint)
        try dealer.send(frames: [bytes("let me in")])
        let event = try waitFor(&monitor) { $0.isHandshakeFailure || $0 == .handshakeSucceeded }
        #expect(event?.isHandshakeFailure == true)
        var message = Multipart()
        let received = try router.tryReceive(into: &message)
        #expect(!received)
    }

    @Test func aCurveServerWithoutADomainIsRefusedAsItWouldLetEveryKeyIn() throws {
        let context = try Context()
        for domain in [nil, ""] {
            var options = SocketOptions()
            options.zapDomain = domain
            options.curveServer(secretKey: try CurveKeyPair.generate().secretKey)
            #expect(throws: ZeroMQError.self) { _ = try Socket(context, .router, options: options) }
        }
    }

    @Test func anOversizedFrameClosesItsPeerAndNoOther() throws {
        let greedy = try CurveKeyPair.generate()
        let modest = try CurveKeyPair.generate()
        let station = try Station([greedy.publicKey: "greedy", modest.publicKey: "modest"])
        let router = try station.router { $0.maxMessageSize = 1_024 }
        try router.bind("tcp://127.0.0.1:*")
        let first = try station.dealer(modest)
        var monitorOfFirst = try first.monitor()
        try first.connect(try router.lastEndpoint)
        let second = try station.dealer(greedy)
        var monitor = try second.monitor()
        try second.connect(try router.lastEndpoint)

        var message = Multipart()
        try first.send(frames: [bytes("before")])
        try #require(try waitFor(router, into: &message))
        try #require(try waitFor(&monitor) { $0 == .handshakeSucceeded } != nil)
        try second.send(frames: [[UInt8](repeating: 0, count: 5_000)])
        try #require(try waitFor(&monitor) { $0 == .disconnected } != nil)

        try first.send(frames: [[UInt8](repeating: 1, count: 900)])
        try #require(try waitFor(router, into: &message))
        #expect(message.userID == "modest")
        #expect(message.size(1) == 900)
        var lost = false
        while let report = try monitorOfFirst.tryReceive() {
            if report.event == .disconnected { lost = true }
        }
        #expect(!lost)
    }
}

import Glibc
import Testing
import ZeroMQ

@Suite struct SendReceiveTests {
    /// A router and a dealer that have exchanged a message over TCP; `id` is the dealer's routing id.
    struct Pair: ~Copyable {
        let router: Socket
        let dealer: Socket
        let id: [UInt8]

        init(_ context: Context, _ routerOptions: SocketOptions = .init(), _ dealerOptions: SocketOptions = .init()) throws {
            let router = try Socket(context, .router, options: routerOptions)
            try router.bind("tcp://127.0.0.1:*")
            let dealer = try Socket(context, .dealer, options: dealerOptions)
            try dealer.connect(try router.lastEndpoint)
            try dealer.send(frames: [bytes("hello")])
            var message = Multipart()
            guard try waitFor(router, into: &message) else { throw ZeroMQError(code: ETIMEDOUT, operation: "test set-up") }
            id = message.bytes(0)
            self.router = router
            self.dealer = dealer
        }
    }

    @Test func aRouterReportsAPeerThatItDoesNotKnow() throws {
        let context = try Context()
        let pair = try Pair(context)
        let unknown = try pair.router.trySend(frames: [bytes("nobody"), bytes("x"), bytes("y")])
        #expect(unknown == .unreachable)
        // Nothing of the refused message may stick to the next one.
        let known = try pair.router.trySend(frames: [pair.id, bytes("a"), bytes("b")])
        #expect(known == .sent)
        var message = Multipart()
        try #require(try waitFor(pair.dealer, into: &message))
        #expect(message.frameCount == 2)
        #expect(message.bytes(0) == bytes("a"))
        do {
            try pair.router.send(frames: [bytes("nobody"), bytes("x")])
            Issue.record("an unknown peer was taken")
        } catch {
            #expect(error.code == EHOSTUNREACH)
            #expect(!error.isRetriable)
        }
    }

    @Test func aSocketThatListensAlreadyIsUsed() throws {
        // Taken from another socket, as systemd's would be: it listens before libzmq knows of it, and a client is in its queue.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        try #require(code == 0)
        let endpoint = "tcp://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let context = try Context()
        let dealer = try Socket(context, .dealer)
        try dealer.connect(endpoint)
        try dealer.send(frames: [bytes("early")])

        var options = SocketOptions()
        options.listeningDescriptor = descriptor
        let router = try Socket(context, .router, options: options)
        try router.bind(endpoint)
        #expect(try router.lastEndpoint == endpoint)
        var message = Multipart()
        try #require(try waitFor(router, into: &message))
        #expect(message.bytes(1) == bytes("early"))
    }

    @Test func aFullQueueWouldBlockAndLosesNoPart() throws {
        let context = try Context()
        var few = SocketOptions()
        few.sendHighWaterMark = 4
        few.receiveHighWaterMark = 4
        let pair = try Pair(context, few, few)
        let body = [UInt8](repeating: 7, count: 256 << 10)
        var sent = 0
        var outcome = SendOutcome.sent
        while sent < 2_000 {
            outcome = try pair.router.trySend(frames: [pair.id, Array(String(sent).utf8), body])
            if outcome != .sent { break }
            sent += 1
        }
        #expect(outcome == .wouldBlock)
        var message = Multipart()
        for number in 0..<sent {
            try #require(try waitFor(pair.dealer, into: &message))
            #expect(message.frameCount == 2)
            #expect(message.bytes(0) == Array(String(number).utf8))
            #expect(message.size(1) == body.count)
        }
        let nothingMore = try pair.dealer.tryReceive(into: &message)
        #expect(!nothingMore)
    }

    @Test func aDealerWithoutAConnectionWouldBlock() throws {
        let context = try Context()
        let dealer = try Socket(context, .dealer)
        let outcome = try dealer.trySend(frames: [bytes("a"), bytes("b")])
        #expect(outcome == .wouldBlock)
        do {
            try dealer.send(frames: [bytes("a")], dontWait: true)
            Issue.record("sent to nobody")
        } catch {
            #expect(error.isRetriable)
        }
    }

    @Test func tooFewFramesAreRefused() throws {
        let context = try Context()
        let pair = try Pair(context)
        for frames in [[], [pair.id]] {
            do {
                _ = try pair.router.trySend(frames: frames)
                Issue.record("\(frames.count) frames were taken")
            } catch {
                #expect(error.code == EINVAL)
            }
        }
    }

    @Test func framesBeyondTheBoundAreDroppedAndTheNextMessageIsWhole() throws {
        let context = try Context()
        let pair = try Pair(context)
        try pair.dealer.send(frames: (0..<40).map { [UInt8($0)] })
        try pair.dealer.send(frames: [bytes("next")])
        var message = Multipart(maxFrames: 16)
        try #require(try waitFor(pair.router, into: &message))
        #expect(message.overflowed == true)
        #expect(message.frameCount == 16)
        #expect(message.bytes(15) == [14])
        #expect(message.bytes(16) == [])
        #expect(message.bytes(-1) == [])
        try #require(try waitFor(pair.router, into: &message))
        #expect(message.overflowed == false)
        #expect(message.frameCount == 2)
        #expect(message.bytes(1) == bytes("next"))
        #expect(message.userID == nil)
        message.removeAll()
        #expect(message.frameCount == 0)
    }

    @Test func exactlyTheBoundDoesNotOverflow() throws {
        let context = try Context()
        let pair = try Pair(context)
        try pair.dealer.send(frames: [bytes("1"), bytes("2"), []])
        var message = Multipart(maxFrames: 4)
        try #require(try waitFor(pair.router, into: &message))
        #expect(message.overflowed == false)
        #expect(message.frameCount == 4)
        #expect(message.size(3) == 0)
    }

    @Test func singleFramesAndLentMemory() throws {
        let context = try Context()
        let pair = try Pair(context)
        try pair.router.send(pair.id, more: true)
        try pair.router.send(bytes("one"), more: true)
        try pair.router.send([UInt8]())
        let id = pair.id
        try id.withUnsafeBytes { idBytes in
            try bytes("two").withUnsafeBytes { body in
                try pair.router.send([idBytes, body])
            }
        }
        var polls = PollSet()
        polls.add(pair.dealer.handle)
        try polls.poll(timeoutMilliseconds: 15_000)
        let first = try pair.dealer.receive()
        #expect(first.bytes == bytes("one"))
        #expect(first.hasMore == true)
        let second = try pair.dealer.receive()
        #expect(second.count == 0)
        #expect(second.hasMore == false)
        try polls.poll(timeoutMilliseconds: 15_000)
        guard let third = try pair.dealer.tryReceive() else {
            Issue.record("nothing came")
            return
        }
        #expect(third.bytes == bytes("two"))
        let isEmpty = try pair.dealer.tryReceive() == nil
        #expect(isEmpty)
    }

    @Test func aBlockingReceiveEndsAtItsTimeout() throws {
        let context = try Context()
        var options = SocketOptions()
        options.receiveTimeout = 20
        let pull = try Socket(context, .pull, options: options)
        try pull.bind("tcp://127.0.0.1:*")
        var message = Multipart()
        let received = try pull.receive(into: &message)
        #expect(!received)
        do {
            _ = try pull.receive()
            Issue.record("nothing was sent")
        } catch {
            #expect(error.code == EAGAIN)
        }
    }

    /// A peer that leaves while messages are under way must not leave a torn one for its successor.
    @Test func aDealerThatLosesItsPeerNeverSendsHalfAMessage() throws {
        let context = try Context()
        var options = SocketOptions()
        options.reconnectInterval = 1
        let dealer = try Socket(context, .dealer, options: options)
        let first = try Socket(context, .router)
        try first.bind("tcp://127.0.0.1:*")
        let endpoint = try first.lastEndpoint
        try dealer.connect(endpoint)
        var next = 0
        var message = Multipart()
        for _ in 0..<2_000 {
            if try dealer.trySend(frames: [bytes("head"), Array(String(next).utf8), bytes("tail")]) == .sent { next += 1 }
        }
        try #require(try waitFor(first, into: &message))
        first.close()
        for _ in 0..<2_000 {
            if try dealer.trySend(frames: [bytes("head"), Array(String(next).utf8), bytes("tail")]) == .sent { next += 1 }
        }
        let second = try Socket(context, .router)
        let end = ContinuousClock.now + patience
        var isBound = false
        var polls = PollSet()
        while !isBound && ContinuousClock.now < end {
            do {
                try second.bind(endpoint)
                isBound = true
            } catch {
                // The first router's port is given back by the I/O thread, a moment after close.
                try polls.poll(timeoutMilliseconds: 10)
            }
        }
        try #require(isBound)
        // What is sent before the dealer notices the loss is lost with the connection, so it goes on until one arrives.
        var sawEnd = false
        while !sawEnd && ContinuousClock.now < end {
            _ = try dealer.trySend(frames: [bytes("head"), bytes("end"), bytes("tail")])
            guard try waitFor(second, into: &message, for: .milliseconds(20)) else { continue }
            #expect(message.frameCount == 4)
            #expect(message.bytes(1) == bytes("head"))
            #expect(message.bytes(3) == bytes("tail"))
            sawEnd = message.bytes(2) == bytes("end")
        }
        #expect(sawEnd)
    }

    @Test func badEndpointsAndOptionsSayWhat() throws {
        let context = try Context()
        let router = try Socket(context, .router)
        do {
            try router.bind("tcp://127.0.0.1")
            Issue.record("bound to nonsense")
        } catch {
            #expect(error.description.contains("bind tcp://127.0.0.1"))
        }
        try router.bind("tcp://127.0.0.1:*")
        let other = try Socket(context, .router)
        let endpoint = try router.lastEndpoint
        do {
            try other.bind(endpoint)
            Issue.record("bound twice")
        } catch {
            #expect(error.code == EADDRINUSE)
        }
        try router.unbind(endpoint)
        var options = SocketOptions()
        options.linger = 1 << 40
        do {
            try router.apply(options)
            Issue.record("took a number that does not fit")
        } catch {
            #expect(error == ZeroMQError(code: EINVAL, operation: "set linger"))
        }
    }

    @Test func everyOptionIsTaken() throws {
        let context = try Context()
        var options = SocketOptions()
        options.linger = 100
        options.sendHighWaterMark = 10
        options.receiveHighWaterMark = 10
        options.maxMessageSize = 1 << 20
        options.routerMandatory = true
        options.immediate = true
        options.handshakeInterval = 3_000
        options.reconnectInterval = 100
        options.reconnectIntervalMax = 30_000
        options.routingID = bytes("gate")
        options.tcpKeepalive = true
        options.tcpKeepaliveIdle = 30
        options.tcpKeepaliveInterval = 10
        options.tcpKeepaliveCount = 3
        options.tcpMaxRetransmit = 20_000
        options.receiveTimeout = 10
        options.sendTimeout = 10
        options.backlog = 200
        options.zapDomain = "posts"
        options.connectTimeout = 5_000
        let socket = try Socket(context, .router, options: options)
        try socket.bind("tcp://127.0.0.1:*")
        socket.close()
        #expect(context.terminate())
    }
}

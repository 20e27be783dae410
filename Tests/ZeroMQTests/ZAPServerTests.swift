import Glibc
import Synchronization
import Testing
import ZeroMQ

/// RFC 27 as a client of the handler sees it: a dealer with an empty delimiter stands for libzmq's own REQ.
@Suite struct ZAPServerTests {
    private func ask(
        _ frames: [[UInt8]], handler: @escaping ZAPServer.Handler = { _ in .allow(userID: "post-1") }
    ) throws -> [[UInt8]] {
        let context = try Context()
        let server = try ZAPServer(context, handler: handler)
        try server.start()
        let dealer = try Socket(context, .dealer)
        try dealer.connect("inproc://zeromq.zap.01")
        try dealer.send(frames: [[]] + frames)
        var message = Multipart()
        guard try waitFor(dealer, into: &message) else { return [] }
        let reply = (1..<max(1, message.frameCount)).map { message.bytes($0) }
        #expect(server.stop(deadline: patience))
        return reply
    }

    private func request(
        version: String = "1.0", id: String = "42", mechanism: String = "CURVE",
        credentials: [[UInt8]] = [[UInt8](repeating: 9, count: 32)]
    ) -> [[UInt8]] {
        [bytes(version), bytes(id), bytes("posts"), bytes("127.0.0.1"), [], bytes(mechanism)] + credentials
    }

    @Test func aGoodRequestReachesTheHandlerWhole() throws {
        let reply = try ask(request()) { request in
            let isWhole =
                request.version == "1.0" && request.requestID == bytes("42") && request.domain == "posts"
                && request.address == "127.0.0.1" && request.identity.isEmpty && request.mechanism == "CURVE"
                && request.credentials == [UInt8](repeating: 9, count: 32)
            return isWhole ? .allow(userID: "post-1") : .deny(reason: "mangled")
        }
        #expect(reply == [bytes("1.0"), bytes("42"), bytes("200"), bytes("OK"), bytes("post-1"), []])
    }

    @Test func aDenialHasStatus400AndNoUser() throws {
        let reply = try ask(request()) { _ in .deny(reason: "revoked") }
        #expect(reply == [bytes("1.0"), bytes("42"), bytes("400"), bytes("revoked"), [], []])
    }

    @Test(arguments: ["NULL", "PLAIN", "GSSAPI", "curve", ""])
    func otherMechanismsAreRefusedUnasked(_ mechanism: String) throws {
        let reply = try ask(request(mechanism: mechanism))
        #expect(reply.count == 6)
        #expect(reply[2] == bytes("400"))
        #expect(reply[4] == [])
    }

    @Test func malformedRequestsAreRefused() throws {
        let key = [UInt8](repeating: 9, count: 32)
        let cases: [([[UInt8]], String)] = [
            (request(version: "1.1"), "500"), (request(id: ""), "500"), ([bytes("1.0")], "500"), ([[]], "500"),
            (request(credentials: []), "400"), (request(credentials: [[1, 2, 3]]), "400"),
            (request(credentials: [key, key]), "400"), (request(credentials: [[UInt8]](repeating: key, count: 60)), "400"),
        ]
        for (frames, status) in cases {
            let reply = try ask(frames)
            #expect(reply.count == 6)
            #expect(reply.count == 6 && reply[2] == bytes(status))
        }
    }

    @Test(arguments: ["", String(repeating: "a", count: 256), "a\0b"])
    func aUserIDThatCannotBeCarriedLetsNobodyIn(_ userID: String) throws {
        let reply = try ask(request()) { _ in .allow(userID: userID) }
        #expect(reply.count == 6 && reply[2] == bytes("500") && reply[4] == [])
    }

    @Test func startsOnceAndOnlyOnceInAContext() throws {
        let context = try Context()
        let first = try ZAPServer(context) { _ in .deny(reason: "") }
        try first.start()
        do {
            try first.start()
            Issue.record("started twice")
        } catch {
            #expect(error.code == EALREADY)
        }
        let second = try ZAPServer(context) { _ in .deny(reason: "") }
        do {
            try second.start()
            Issue.record("two servers in a context")
        } catch {
            #expect(error.code == EADDRINUSE)
        }
        #expect(first.stop(deadline: patience))
        #expect(first.stop(deadline: patience))
        #expect(context.terminate(within: patience))
    }

    @Test func theEndOfTheContextEndsTheThread() throws {
        let context = try Context()
        let server = try ZAPServer(context) { _ in .deny(reason: "") }
        try server.start()
        context.shutdown()
        #expect(server.stop(deadline: patience))
        #expect(context.terminate(within: patience))
    }
}

import Access
import Settings
import Testing
import TipModel
import ZeroMQ

/// A client's connection as its user is told of it, against a real ROUTER with CURVE and the real ZAP handler.
struct ClientLinkTests {
    private let door: Door
    private let own: CurveKeyPair

    init() throws {
        door = try Door()
        own = try CurveKeyPair.generate()
    }

    @Test func anEnrolledKeyIsConnectedAndSpeaksAsItsEnrolment() throws {
        door.enrol(own)
        let router = try door.open()
        var link = try door.link(own)
        #expect(link.state == .connecting && link.handshakes == 0)
        #expect(try follow(&link, until: .connected).last == .connected)
        #expect(link.handshakes == 1)
        try link.socket.send(frames: [[1], [2]], dontWait: true)
        var message = Multipart()
        #expect(try receive(router, &message))
        #expect(message.userID == "post:gate-1#1" && message.bytes(1) == [1] && message.bytes(2) == [2])
        link.close()
    }

    /// libzmq says nothing to the sender; the guard has to hear that the key is not known.
    @Test func anUnknownKeyIsToldWithinSeconds() throws {
        let router = try door.open()
        var link = try door.link(own)
        let begun = ContinuousClock.now
        #expect(try follow(&link, until: .refused).last == .refused)
        #expect(ContinuousClock.now - begun < .seconds(5))
        #expect(link.handshakes == 0 && door.gatekeeper.refused > 0)
        // Nothing is queued for a daemon that does not let it in.
        #expect(try link.socket.trySend(frames: [[1]]) == .wouldBlock)
        link.close()
        // Once enrolled, a new link is let in. The old one is not tried again: what its owners rely on.
        #expect(door.gatekeeper.refused == 1)
        door.enrol(own)
        var next = try door.link(own)
        #expect(try follow(&next, until: .connected).last == .connected)
        next.close()
        router.close()
    }

    /// Owners close a refused link at once and open another, in the same context, for as long as it takes.
    @Test func refusedLinksCanBeReplacedAsOftenAsOneLikes() throws {
        let router = try door.open()
        for attempt in 1...300 {
            var link = try door.link(own)
            try #require(try follow(&link, until: .refused).last == .refused, "attempt \(attempt)")
            link.close()
        }
        door.enrol(own)
        var link = try door.link(own)
        #expect(try follow(&link, until: .connected).last == .connected)
        #expect(door.gatekeeper.refused == 300)
        link.close()
        router.close()
    }

    @Test func aDaemonWithAnotherKeyIsNotTrusted() throws {
        door.enrol(own)
        let router = try door.open()
        let imposter = try CurveKeyPair.generate()
        var link = try door.link(own, daemon: imposter.publicKey)
        #expect(try follow(&link, until: .wrongDaemon).last == .wrongDaemon)
        #expect(link.handshakes == 0 && door.gatekeeper.refused == 0)
        #expect(try link.socket.trySend(frames: [[1]]) == .wouldBlock)
        link.close()
        router.close()
    }

    @Test func aDaemonThatDoesNotSpeakCURVEIsNotTrusted() throws {
        let router = try Socket(door.context, .router)
        try router.bind(door.endpoint)
        var link = try door.link(own, endpoint: try router.lastEndpoint)
        #expect(try follow(&link, until: .wrongDaemon).last == .wrongDaemon)
        #expect(link.handshakes == 0)
        link.close()
        router.close()
    }

    @Test func nobodyThereIsUnreachableUntilSomebodyIs() throws {
        door.enrol(own)
        let closed = try door.open()
        try closed.unbind(door.endpoint)
        closed.close()
        var link = try door.link(own)
        #expect(try follow(&link, until: .unreachable).last == .unreachable)
        let router = try door.open()
        #expect(try follow(&link, until: .connected).last == .connected)
        link.close()
        router.close()
    }

    @Test func aLostConnectionIsToldAndCountedWhenItIsMadeAnew() throws {
        door.enrol(own)
        let first = try door.open()
        var link = try door.link(own)
        _ = try follow(&link, until: .connected)
        first.close()
        #expect(try follow(&link, until: .unreachable).first == .connecting)
        let second = try door.open()
        #expect(try follow(&link, until: .connected).last == .connected)
        #expect(link.handshakes == 2)
        link.close()
        second.close()
    }

    /// The daemon forgot what the old connection had asked for, so its reader must hear of the new one.
    @Test func aConnectionLostAndMadeBetweenTwoReadsShowsInTheCountAlone() throws {
        door.enrol(own)
        let first = try door.open()
        var link = try door.link(own)
        _ = try follow(&link, until: .connected)
        first.close()
        let second = try door.open()
        // What the router hears proves that the connection is there again; the monitor was not read meanwhile.
        var message = Multipart()
        let end = ContinuousClock.now + patience
        var heard = false
        while !heard, ContinuousClock.now < end {
            _ = try link.socket.trySend(frames: [[1]])
            heard = try receive(second, &message, for: .milliseconds(20))
        }
        #expect(heard && link.state == .connected && link.handshakes == 1)
        #expect(try link.readMonitor() == nil)
        #expect(link.state == .connected && link.handshakes == 2)
        link.close()
        second.close()
    }

    @Test func aKeyRevokedMeanwhileIsRefusedAtTheNextConnection() throws {
        door.enrol(own)
        let first = try door.open()
        var link = try door.link(own)
        _ = try follow(&link, until: .connected)
        door.enrol(own, isRevoked: true)
        // The connection itself outlives the revocation: its messages are checked one by one.
        #expect(try link.readMonitor() == nil)
        first.close()
        let second = try door.open()
        #expect(try follow(&link, until: .refused).last == .refused)
        #expect(link.handshakes == 1)
        link.close()
        second.close()
    }

    @Test(arguments: ["", "7401", "tcp://", "tcp://127.0.0.1", "nonsense://127.0.0.1:7401"])
    func whatIsNoAddressIsToldAtOnce(endpoint: String) throws {
        #expect(throws: ZeroMQError.self) { try door.link(own, endpoint: endpoint).close() }
    }
}

/// The daemon's side: a ROUTER that can close and open again at its address, behind the gatekeeper.
private final class Door {
    let context: Context
    let table = AccessTable()
    let gatekeeper: Gatekeeper
    private(set) var endpoint = "tcp://127.0.0.1:*"
    private let keys: CurveKeyPair
    private let zap: ZAPServer

    init() throws {
        context = try Context()
        keys = try CurveKeyPair.generate()
        let gatekeeper = Gatekeeper(table: table) { _, _ in }
        self.gatekeeper = gatekeeper
        zap = try ZAPServer(context) { gatekeeper.decide($0) }
        try zap.start()
    }

    deinit { zap.stop(deadline: patience) }

    func enrol(_ pair: CurveKeyPair, isRevoked: Bool = false) {
        table.replace(with: [post("gate-1", pair.publicKey, isRevoked: isRevoked)])
    }

    /// Binds a free port, and later the same one again. Whoever had it may not have let go of it yet.
    func open() throws -> Socket {
        var options = SocketOptions()
        options.zapDomain = Gatekeeper.domain
        options.handshakeInterval = 3_000
        options.curveServer(secretKey: keys.secretKey)
        let end = ContinuousClock.now + patience
        while true {
            let socket = try Socket(context, .router, options: options)
            do {
                try socket.bind(endpoint)
                endpoint = try socket.lastEndpoint
                return socket
            } catch {
                guard ContinuousClock.now < end else { throw error }
            }
        }
    }

    func link(_ own: CurveKeyPair, daemon: CurveKey? = nil, endpoint: String? = nil) throws -> ClientLink {
        let bundle = KeyBundle(
            holder: .post(PostID(unchecked: "gate-1"), zone: ZoneID(unchecked: "east")), endpoints: [self.endpoint],
            daemonPublicKey: (daemon ?? keys.publicKey).z85, publicKey: own.publicKey.z85,
            secretKey: SecretText(own.secretKey.exposedZ85))
        return try ClientLink(
            context, keys: try ClientKeys(bundle), endpoint: endpoint ?? self.endpoint, sendQueue: 10,
            reconnect: 20...100)
    }
}

/// Reads the monitor until it tells `wanted`, or patience runs out.
/// - Returns: the states told on the way.
private func follow(_ link: inout ClientLink, until wanted: LinkState) throws -> [LinkState] {
    var told: [LinkState] = []
    var polls = PollSet()
    polls.add(link.monitorHandle)
    let end = ContinuousClock.now + patience
    while told.last != wanted, ContinuousClock.now < end {
        if let state = try link.readMonitor() { told.append(state) }
        else { try polls.poll(timeoutMilliseconds: 100) }
    }
    return told
}

private func receive(_ socket: borrowing Socket, _ message: inout Multipart, for limit: Duration = patience) throws -> Bool {
    var polls = PollSet()
    polls.add(socket.handle)
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try socket.tryReceive(into: &message) { return true }
        try polls.poll(timeoutMilliseconds: 20)
    }
    return false
}

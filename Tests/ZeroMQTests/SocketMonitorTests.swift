import Testing
import ZeroMQ

@Suite struct SocketMonitorTests {
    @Test func aConnectionIsSeenFromBothSides() throws {
        let context = try Context()
        let router = try Socket(context, .router)
        var atRouter = try router.monitor()
        try router.bind("tcp://127.0.0.1:*")
        let dealer = try Socket(context, .dealer)
        var atDealer = try dealer.monitor()
        let endpoint = try router.lastEndpoint
        try dealer.connect(endpoint)
        let listening = try waitFor(&atRouter) { $0 == .listening }
        #expect(listening != nil)
        let accepted = try waitFor(&atRouter) { $0 == .accepted }
        #expect(accepted != nil)
        let agreed = try waitFor(&atDealer) { $0 == .handshakeSucceeded }
        #expect(agreed != nil)
        dealer.close()
        let gone = try waitFor(&atRouter) { $0 == .disconnected }
        #expect(gone != nil)
    }

    @Test func aRefusedPortIsRetried() throws {
        let context = try Context()
        let endpoint: String
        do {
            let taken = try Socket(context, .router)
            try taken.bind("tcp://127.0.0.1:*")
            endpoint = try taken.lastEndpoint
        }
        var options = SocketOptions()
        options.reconnectInterval = 10
        let dealer = try Socket(context, .dealer, options: options)
        var monitor = try dealer.monitor()
        try dealer.connect(endpoint)
        let retried = try waitFor(&monitor) {
            if case .connectRetried = $0 { true } else { false }
        }
        #expect(retried != nil)
    }

    /// libzmq blocks its I/O thread on a monitor that nobody reads; letting go of one must stop it first.
    @Test func aMonitorMayGoBeforeItsSocket() throws {
        let context = try Context()
        let router = try Socket(context, .router)
        do {
            var monitor = try router.monitor()
            _ = try monitor.tryReceive()
        }
        var monitor = try router.monitor()
        try router.bind("tcp://127.0.0.1:*")
        let listening = try waitFor(&monitor) { $0 == .listening }
        #expect(listening != nil)
        var message = Multipart()
        for _ in 0..<20 {
            let dealer = try Socket(context, .dealer)
            try dealer.connect(try router.lastEndpoint)
            try dealer.send(frames: [bytes("x")])
            try #require(try waitFor(router, into: &message))
        }
    }

    /// The socket is closed in the background, and an event of that time must not wait for a reader that is gone.
    @Test func aMonitorMayOutliveItsSocket() throws {
        let context = try Context()
        let router = try Socket(context, .router)
        var monitor = try router.monitor()
        try router.bind("tcp://127.0.0.1:*")
        router.close()
        // What was told before is there to be read; nothing comes after.
        let listening = try waitFor(&monitor) { $0 == .listening }
        #expect(listening != nil)
        let later = try monitor.tryReceive()
        #expect(later == nil)
        _ = consume monitor
        #expect(context.terminate(within: patience))
    }
}

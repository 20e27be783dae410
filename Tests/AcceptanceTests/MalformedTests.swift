import Administration
import Glibc
import Settings
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench
import ZeroMQ

extension Acceptance {
    /// Whatever a peer sends, the daemon serves on, and `status` counts what was refused.
    @Suite struct MalformedTests {
        @Test func tenThousandBadMessagesAreRefusedAndCountedByCode() async throws {
            let station = try await Station("feed:\n  heartbeat_timeout: 600s")
            let (post, unit) = (try await station.enrolPost("gate"), try await station.enrolUnit("unit"))
            let random = seeded("MalformedTests")
            let pid = station.daemon.processID

            let tips = try await offPool("bad-tips") { () -> Tally in
                var messages = BadMessages(random: random)
                let context = try Context()
                let client = try RawClient(context, post)
                let accepted = DirectPost.tip(category: "theft", text: "a bicycle")
                guard case .success? = try client.answer(to: accepted.bytes) else { throw WorkbenchError("a good tip was not taken") }
                return try Tally.sending(6_000, over: client, window: 64) { messages.forTips($0, accepted: accepted.id) }
            }
            let feed = try await offPool("bad-feed") { () -> Tally in
                var messages = BadMessages(random: random)
                // One at a time: a patrol without a subscription has no queue of replies but libzmq's short one.
                return try Tally.sending(4_000, over: try RawClient(Context(), unit), window: 0) { messages.forFeed($0) }
            }
            for tally in [tips, feed] {
                #expect(tally.toldOfMade == tally.made, "refused as each should be")
                #expect(tally.missing == 0, "more answers than asked for")
            }
            let counted = try await station.status { status in
                status.ingest.rejected == tips.told && status.feed.rejected == feed.told
            }
            if counted == nil {
                let status = try await station.daemon.admin.status()
                Issue.record("tips: counted \(status.ingest.rejected), told \(tips.told); feed: \(status.feed.rejected), \(feed.told)")
            }
            // What the core refused itself it counts too.
            let core = try #require(counted).core.rejected
            for code in [RejectionCode.unknownCategory, .conflict, .tooOld, .inFuture] {
                #expect(core[code.name] == tips.told[code.name].map { $0 }, "\(code)")
            }
            for (code, count) in feed.results { #expect(core[code] == count, "\(code)") }
            #expect(counted?.ingest.messages == 6_001 && counted?.feed.messages == 4_000)
            #expect(counted?.ingest.dropped == 0 && counted?.feed.repliesDropped == 0)
            #expect(station.daemon.processID == pid && station.daemon.exit == nil)
            print("MalformedTests: tips: \(words(tips.told)); feed: \(words(feed.told)); \(tips.receipts) mutated tips were good ones")
            try await stillServes(station, post, unit)

            // Some of it was accepted and is in the journal: a start must survive it, from the records and from a snapshot.
            await station.daemon.kill()
            try await station.daemon.start()
            #expect(await station.daemon.stop() == .code(0))
            try await station.daemon.start()
            try await stillServes(station, post, unit)
        }

        @Test func numbersAtTheirLimitsAreTakenAsTheyAre() async throws {
            let station = try await Station()
            let post = try await station.enrolPost("gate")
            try await offPool("limits") {
                let client = try RawClient(Context(), post)
                let limits: [UInt64] = [0, 1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max]
                var request: UInt32 = 0
                for series in [1, UInt64.max] {
                    for number in limits {
                        let (id, bytes) = DirectPost.tip(category: "theft", text: "")
                        let observed = Proto.varint(2, number == 0 ? 1 : UInt64(Int64.max))
                        let answer = try client.answer(to: bytes + observed + Proto.fixed(12, series) + Proto.varint(13, number))
                        try demand(answer?.get().tip == id, "number \(number) of series \(series): \(String(describing: answer))")
                        for lowest in limits {
                            request += 1
                            let heartbeat = Proto.varint(1, number) + Proto.fixed(2, series) + Proto.varint(3, number)
                                + Proto.varint(4, lowest) + Proto.varint(5, number) + Proto.varint(6, lowest) + Proto.varint(7, number)
                            try client.send(.postHeartbeat, heartbeat, request: request)
                            let header = try client.receive()?.header
                            try demand(header == Header(.heartbeatReply, request: request), "\(number), \(lowest): \(String(describing: header))")
                        }
                    }
                }
            }
            _ = try await station.daemon.admin.status()
            await station.daemon.kill()
            try await station.daemon.start()
            #expect(try await station.daemon.admin.status().totals.tips == 10)
        }

        @Test func whoIsNoPeerAtAllGetsNowhere() async throws {
            let station = try await Station()
            let (post, unit) = (try await station.enrolPost("gate"), try await station.enrolUnit("unit"))
            var random = seeded("whoIsNoPeerAtAllGetsNowhere")
            // No ZeroMQ: bytes, and a greeting that stops in the middle.
            for endpoint in [station.daemon.tipsEndpoint, station.daemon.feedEndpoint] {
                for _ in 0..<30 {
                    let greeting: [UInt8] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8) + Array(repeating: 0, count: 48)
                    let bytes = random.oneIn(2) ? random.bytes(200) : Array(greeting.prefix(Int(random.next() % 65)))
                    try sendOverTCP(bytes, to: endpoint)
                }
            }
            // A frame over the limit ends its connection, unread. A key that nobody knows gets no further than the handshake.
            let strangers = try (0..<5).map { _ in try stranger(post) }
            try await offPool("oversized") {
                let context = try Context()
                let clients = try strangers.map { try RawClient(context, $0) } + [try RawClient(context, post)]
                for client in clients { try client.send(.submit, Array(repeating: 0, count: WireLimits.messageBytes + 1)) }
                // Until that was refused a good one is answered on a connection of its own.
                let good = try RawClient(context, post)
                try demand(good.answer(to: DirectPost.tip(category: "theft", text: "good").bytes)?.get() != nil, "a good tip was not taken")
                let end = ContinuousClock.now + .seconds(20)
                while ContinuousClock.now < end, try clients[5].receive(within: .milliseconds(50)) == nil, !clients[5].isDropped {}
                try demand(clients[5].isDropped, "the connection stands after a frame over the limit")
            }
            let status = try #require(try await station.status { $0.ingest.keysRefused >= 5 })
            #expect(status.ingest.messages == 1 && status.ingest.rejected.isEmpty && status.feed.rejected.isEmpty)
            try await stillServes(station, post, unit)
        }

        private func stranger(_ bundle: KeyBundle) throws -> KeyBundle {
            let keys = try CurveKeyPair.generate()
            var bundle = bundle
            bundle.publicKey = keys.publicKey.z85
            bundle.secretKey = SecretText(keys.secretKey.exposedZ85)
            return bundle
        }

        /// A tip goes all the way to a patrol.
        private func stillServes(_ station: Station, _ post: KeyBundle, _ unit: KeyBundle) async throws {
            let tip = DirectPost.tip(category: "fire", text: "smoke")
            let receipt = try await DirectPost(post, endpoint: station.daemon.tipsEndpoint).receipt(for: tip)
            let patrol = try DirectPatrol(unit, endpoint: station.daemon.feedEndpoint)
            _ = try await patrol.wait(for: "the tip") { log in log.events.contains { $0.sequence == receipt.sequence } ? true : nil }
            #expect(patrol.seen.faults == [])
            await patrol.stop()
        }
    }
}

private func words(_ counts: [String: UInt64]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
}

/// What was sent and what came back.
private struct Tally {
    /// Of the messages made to be refused: what they must be refused with, and what they were.
    var made: [String: UInt64] = [:]
    var toldOfMade: [String: UInt64] = [:]
    /// Every refusal, also of mutated messages.
    var told: [String: UInt64] = [:]
    /// Refusals in an ACTION_RESULT.
    var results: [String: UInt64] = [:]
    var receipts = 0
    var missing = 0

    /// Sends `count` messages, never more than `window` answers behind, and reads every answer.
    static func sending(
        _ count: Int, over client: RawClient, window: Int, _ make: (UInt32) -> BadMessage
    ) throws -> Tally {
        var tally = Tally()
        var mutated: Set<UInt32> = []
        for request in 1...UInt32(count) {
            let message = make(request)
            if message.codes == nil { mutated.insert(request) }
            for code in message.codes ?? [] { tally.made[code.name, default: 0] += 1 }
            tally.missing += message.answers
            try client.send([message.header] + message.rest)
            while tally.missing > window { try tally.receive(client, mutated) }
        }
        while tally.missing > 0 { try tally.receive(client, mutated) }
        return tally
    }

    private mutating func receive(_ client: RawClient, _ mutated: Set<UInt32>) throws {
        guard let (header, body) = try client.receive(within: .seconds(20)) else {
            throw WorkbenchError("\(missing) answers did not come; until then \(told) of \(made)")
        }
        switch header.verb {
        case .rejections:
            let refused = try RejectionCodec.decode(body)
            missing -= refused.count
            for one in refused {
                told[one.rejection.code.name, default: 0] += 1
                if !mutated.contains(header.request) { toldOfMade[one.rejection.code.name, default: 0] += 1 }
            }
        case .receipts:
            let count = try ReceiptCodec.decode(body).count
            missing -= count
            receipts += count
        case .actionResult:
            missing -= 1
            if let refusal = try ActionResult(body).refusal { results[refusal.code.name, default: 0] += 1 }
        default: missing -= 1
        }
    }
}

/// Connects, sends and hangs up.
private func sendOverTCP(_ bytes: [UInt8], to endpoint: String) throws {
    let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    try #require(connected == 0)
    _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
}

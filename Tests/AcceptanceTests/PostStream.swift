import Access
import Settings
import Synchronization
import TestSupport
import TipModel
import TipWire
import Workbench
import ZeroMQ

/// A post that never rests: keeps a window of tips in flight on one connection, sends the same bytes again when the
/// connection was lost, and now and then old ones too. Remembers the first receipt of each tip and compares every later one.
final class PostStream: Sendable {
    private struct Contents {
        var bytes: [TipID: [UInt8]] = [:]
        var unanswered: Set<TipID> = []
        var receipts: [TipID: Receipt] = [:]
        /// In order of their first receipt.
        var receipted: [TipID] = []
        var repeats = 0
        var faults: [String] = []
        /// Tips that it may still make.
        var allowance = Int.max
        /// To be sent once more, and of those that were asked for, the ones without an answer.
        var again: [TipID] = []
        var againOpen: Set<TipID> = []
    }

    let post: PostID
    private let window: Int
    private let contents = Mutex(Contents())
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<ThreadHandle?>(nil)

    /// Connects and begins.
    /// - Parameters:
    ///   - window: tips without a receipt at a time.
    ///   - express: one in so many is of a category that overtakes others; 0 for none.
    init(
        _ bundle: KeyBundle, endpoint: String? = nil, context: Context, window: Int, express: UInt64 = 12, random: SplitMix64
    ) throws {
        guard case .post(let post, _) = bundle.holder, let endpoint = endpoint ?? bundle.endpoints.first else {
            throw WorkbenchError("not a post's bundle")
        }
        self.post = post
        self.window = window
        let keys = try ClientKeys(bundle)
        let handle = try spawnThread(name: "post-stream") { [self] in
            do {
                try run(context, keys, endpoint, StreamTips(random: random, express: express))
            } catch {
                contents.withLock { $0.faults.append("the stream of \(post) ended: \(error)") }
            }
        }
        thread.withLock { $0 = handle }
    }

    var receiptCount: Int { contents.withLock { $0.receipts.count } }
    var repeatCount: Int { contents.withLock { $0.repeats } }
    var unansweredCount: Int { contents.withLock { $0.unanswered.count + $0.againOpen.count } }
    var faults: [String] { contents.withLock { $0.faults } }
    var receipts: [TipID: Receipt] { contents.withLock { $0.receipts } }

    /// Receipts after the first `count`, in order of their coming.
    func receipts(after count: Int) -> [Receipt] {
        contents.withLock { contents in contents.receipted[min(count, contents.receipted.count)...].compactMap { contents.receipts[$0] } }
    }

    /// Makes at most so many tips from now on; what is unanswered is still sent until it is answered. An optimised daemon takes tips
    /// faster than a test compares them, so without a limit a test never comes to an end.
    func mayMake(_ count: Int) { contents.withLock { $0.allowance = count } }

    /// Sends everything that has a receipt once more. Each must be answered as a repeat.
    /// - Returns: how many.
    func sendAllAgain() -> Int {
        contents.withLock { contents in
            contents.again = contents.receipted
            contents.againOpen = Set(contents.again)
            return contents.again.count
        }
    }

    /// Ends the connection and the thread.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        _ = thread.withLock { $0 }?.join(deadline: .seconds(5))
    }

    // MARK: - The thread

    private func run(_ context: Context, _ keys: ClientKeys, _ endpoint: String, _ maker: StreamTips) throws {
        var maker = maker
        var connection = try PostConnection(context, keys: keys, endpoint: endpoint)
        var handshakes = 0
        var quiet = 0
        while !isStopping.load(ordering: .acquiring) {
            if connection.handshakes != handshakes || quiet >= 100 {
                // What was sent on the old connection may be lost; some of what was not lost is sent as well.
                let all = contents.withLock { contents in
                    let old = (0..<min(16, contents.receipted.count)).compactMap { _ in
                        contents.receipted.randomElement(using: &maker.random)
                    }
                    return Array(contents.unanswered) + old
                }
                if try send(all, &connection) {
                    handshakes = connection.handshakes
                    quiet = 0
                }
            }
            try sendNew(&maker, &connection)
            try sendOld(&connection)
            guard let message = try connection.receive(within: .milliseconds(20)) else {
                quiet += 1
                continue
            }
            quiet = 0
            take(message)
        }
    }

    private func sendNew(_ maker: inout StreamTips, _ connection: inout PostConnection) throws {
        while true {
            let batch = contents.withLock { contents -> [TipID] in
                let room = min(window - contents.unanswered.count, contents.allowance)
                let size = min(room, Int.random(in: 1...16, using: &maker.random))
                guard size > 0, connection.state == .connected else { return [] }
                contents.allowance -= size
                return (0..<size).map { _ in
                    let (id, bytes) = maker.next()
                    contents.bytes[id] = bytes
                    contents.unanswered.insert(id)
                    return id
                }
            }
            if batch.isEmpty { return }
            // Not sent: the next handshake sends it.
            guard try send(batch, &connection) else { return }
        }
    }

    private func sendOld(_ connection: inout PostConnection) throws {
        let batch = contents.withLock { contents in Array(contents.again.prefix(256)) }
        guard !batch.isEmpty, try send(batch, &connection) else { return }
        contents.withLock { contents in
            contents.again.removeFirst(min(batch.count, contents.again.count))
        }
    }

    private func send(_ ids: [TipID], _ connection: inout PostConnection) throws -> Bool {
        for start in stride(from: 0, to: ids.count, by: 256) {
            let bytes = contents.withLock { contents in ids[start..<min(start + 256, ids.count)].compactMap { contents.bytes[$0] } }
            guard try connection.submit(bytes) else { return false }
        }
        return true
    }

    private func take(_ message: PostMessage) {
        contents.withLock { contents in
            switch message {
            case .receipts(let receipts): for receipt in receipts { Self.take(receipt, &contents) }
            case .rejections(let refused): contents.faults += refused.map { "refused: \($0.rejection)" }
            case .heartbeat: break
            }
        }
    }

    private static func take(_ receipt: Receipt, _ contents: inout Contents) {
        if receipt.verdict == .repeat { contents.repeats += 1 }
        contents.unanswered.remove(receipt.tip)
        guard let first = contents.receipts[receipt.tip] else {
            contents.receipts[receipt.tip] = receipt
            contents.receipted.append(receipt.tip)
            return
        }
        var expected = first
        expected.verdict = .repeat
        contents.againOpen.remove(receipt.tip)
        if receipt != expected { contents.faults.append("receipt \(first), and later \(receipt)") }
    }
}

/// Tips as posts of a district send them, from a seed: some of one event, some of urgent categories.
struct StreamTips {
    var random: SplitMix64
    let express: UInt64

    mutating func next() -> (id: TipID, bytes: [UInt8]) {
        let now = SystemTime().now()
        let categories =
            express > 0 && random.oneIn(express)
            ? ["fire", "burglary", "medical"] : ["suspicious_person", "vehicle", "disturbance", "service_request"]
        let spot = Int(random.next() % 20)
        let tip = Tip(
            id: .make(at: now, using: &random), observedAt: now, category: categories[Int(random.next() % UInt64(categories.count))],
            text: "report \(random.next() % 1_000) from the wall",
            position: SampleDistrict.position(north: Double(spot % 5) * 400, east: Double(spot / 5) * 400),
            place: "block \(spot)", reporter: "g\(random.next() % 30)")
        return (tip.id, TipCodec.encode(tip))
    }
}

import Access
import Logging
import Settings
import Supervision
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import PostAgent

/// The real sender's thread against a real socket.
@Suite(.timeLimit(.minutes(2))) struct SenderTests {
    /// A post with its spool and sender; the sender runs while `body` does.
    private final class Post: Sendable {
        let folder: TemporaryDirectory
        let spool: Spool
        let board = AgentBoard()
        let waiters = OutcomeWaiters()
        let clock: PostClock
        let sender: Sender
        let log = RecordingLog.Lines()

        init(
            _ bundle: KeyBundle, time: any TimeSource = SystemTime(), change: (inout AgentSettings.Sending) -> Void = { _ in }
        ) throws {
            folder = try TemporaryDirectory()
            spool = try Spool.open(folder, maxTips: 5_000)
            clock = PostClock(time: time, earlier: nil)
            var settings = AgentSettings.Sending()
            settings.receiptTimeout = .milliseconds(300)
            settings.heartbeatInterval = .milliseconds(200)
            settings.failoverAfter = .seconds(1)
            settings.reconnectMin = .milliseconds(20)
            settings.reconnectMax = .milliseconds(100)
            change(&settings)
            let lines = log
            sender = try Sender(
                SenderParts(
                    settings: settings, maxAge: .seconds(86_400), keys: ClientKeys(bundle), endpoints: bundle.endpoints, spool: spool,
                    clock: clock, board: board, waiters: waiters, notifier: SystemdNotifier(environment: [:], logger: quiet),
                    logger: Logger(label: "sender") { _ in RecordingLog(lines: lines) }, software: "test"))
        }

        func put(_ draft: TipDraft) throws {
            sender.spoolRewound(to: try spool.put(draft))
        }

        func running(_ body: () async throws -> Void) async throws {
            let sender = sender
            let task = Task { try await sender.run() }
            // On a busy machine the other suites hold Swift's few threads for seconds; only from here on is it the sender's time.
            _ = await soon(deadline: .seconds(60)) { !board.link.endpoint.isEmpty }
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            task.cancel()
            try await task.value
            spool.close()
            try result.get()
        }
    }

    /// Drafts whose ids are of now, as the sender's real clock has it.
    private static func drafts() -> Drafts {
        var drafts = Drafts()
        drafts.at = SystemTime().now()
        return drafts
    }

    @Test func aReceiptDeletesTheTip() async throws {
        let daemon = try FakeDaemon()
        defer { daemon.stop() }
        let post = try Post(daemon.bundle(.generate()))
        var drafts = Self.drafts()
        let draft = drafts.next()
        try await post.running {
            try post.put(draft)
            #expect(await soon { post.spool.counts.depth == 0 })
            #expect(try await post.spool.record(of: draft.tip.id).map { if case .accepted = $0 { true } else { false } } == true)
            #expect(post.board.link.condition == .connected)
            #expect(post.board.link.lastReceipt != nil)
            #expect(daemon.tips.map(\.id) == [draft.tip.id])
            #expect(daemon.submits.first?.userID == "post:gate-1#1")
            #expect(await soon { post.board.link.skew != nil })
            #expect(await soon { daemon.heartbeats.contains { $0.nextNumber == 2 && $0.lowestUnsent == 2 && $0.spoolDepth == 0 } })
        }
        #expect(post.log.count(containing: "connected to the daemon") == 1)
    }

    /// By the sender's thread, by SQLite's queue, and both at once: each is told once and reaches the daemon once.
    @Test func howeverTipsAreSpooledAllAreSent() async throws {
        let daemon = try FakeDaemon()
        defer { daemon.stop() }
        let post = try Post(daemon.bundle(.generate())) { $0.receiptTimeout = .seconds(30) }
        var drafts = Self.drafts()
        let early = Submission(drafts.next(), at: drafts.at, waits: false)
        // Nobody takes it yet.
        await post.sender.place(early)
        #expect(try await early.answer().get().record == .spooled(number: 1, isExpress: false))
        let all = (0..<240).map { _ in Submission(drafts.next(), at: drafts.at, waits: true) }
        let direct = (0..<60).map { _ in drafts.next() }
        let at = drafts.at
        try await post.running {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in 0..<8 {
                    group.addTask {
                        for submission in all[(part * 30)..<(part * 30 + 30)] {
                            #expect(post.waiters.enter(submission))
                            await post.sender.place(submission)
                            let record = try await submission.answer().get().record
                            post.waiters.leave(submission)
                            #expect(record.isAccepted, "\(record)")
                        }
                    }
                }
                group.addTask {
                    for draft in direct {
                        guard case .spooled(let number, _) = try await post.spool.place(draft, at: at).record else { continue }
                        post.sender.spoolRewound(to: number)
                    }
                }
                try await group.waitForAll()
            }
            #expect(await soon { post.spool.counts.depth == 0 })
            #expect(daemon.tips.map(\.number).sorted() == Array(1...301))
        }
    }

    @Test func aLostReceiptMakesTheSameBytesComeAgain() async throws {
        let dropped = Atomic<Int>(0)
        let daemon = try FakeDaemon { message in
            if message.header.verb == .submit, dropped.wrappingAdd(1, ordering: .relaxed).newValue <= 2 { return [] }
            return FakeDaemon.accepting(message)
        }
        defer { daemon.stop() }
        let post = try Post(daemon.bundle(.generate()))
        var drafts = Self.drafts()
        try await post.running {
            try post.put(drafts.next())
            #expect(await soon { post.spool.counts.depth == 0 })
        }
        let sent = daemon.submits.map(\.bytes)
        #expect(sent.count >= 3)
        #expect(Set(sent).count == 1)
    }

    @Test func anUnknownKeyIsToldInWordsWithinSecondsAndTheTipsWait() async throws {
        let isEnrolled = Atomic<Bool>(false)
        let daemon = try FakeDaemon(knows: { _ in isEnrolled.load(ordering: .relaxed) })
        defer { daemon.stop() }
        let post = try Post(daemon.bundle(.generate()))
        var drafts = Self.drafts()
        try await post.running {
            try post.put(drafts.next())
            #expect(await soon(deadline: .seconds(5)) { post.board.link.condition == .refused })
            #expect(post.log.count(containing: "ask the station to enrol the post again") == 1)
            #expect(post.spool.counts.depth == 1)
            // Enrolled at last: no restart is needed.
            isEnrolled.store(true, ordering: .relaxed)
            #expect(await soon { post.spool.counts.depth == 0 })
            #expect(await soon { post.board.link.condition == .connected })
        }
        #expect(post.log.count(containing: "refused this post's key") == 1)
    }

    @Test func aKeyRevokedWhileConnectedKeepsTheTips() async throws {
        let isRevoked = Atomic<Bool>(true)
        let daemon = try FakeDaemon { message in
            guard isRevoked.load(ordering: .relaxed) else { return FakeDaemon.accepting(message) }
            let refusal = TipRejection(tip: nil, Rejection(.revoked, "this key was revoked"))
            return [(Header(.rejections, request: message.header.request), RejectionCodec.encode([refusal]))]
        }
        defer { daemon.stop() }
        let post = try Post(daemon.bundle(.generate()))
        var drafts = Self.drafts()
        try await post.running {
            try post.put(drafts.next())
            #expect(await soon { post.board.link.condition.code == "refused" })
            #expect(post.spool.counts.depth == 1 && post.spool.counts.deadLetters == 0)
            isRevoked.store(false, ordering: .relaxed)
            #expect(await soon { post.spool.counts.depth == 0 })
        }
        #expect(post.log.count(containing: "refused this post's key") == 1)
    }

    @Test func anotherDaemonsKeyIsToldInWords() async throws {
        let daemon = try FakeDaemon()
        defer { daemon.stop() }
        var bundle = try daemon.bundle(.generate())
        bundle.daemonPublicKey = try CurveKeyPair.generate().publicKey.z85
        let post = try Post(bundle)
        try await post.running {
            #expect(await soon { post.board.link.condition == .wrongDaemon })
        }
        #expect(post.log.count(containing: "does not hold the daemon's key") == 1)
    }

    @Test func whereNobodyAnswersTheNextEndpointIsUsed() async throws {
        let daemon = try FakeDaemon()
        defer { daemon.stop() }
        // Nobody listens on the discard port.
        let bundle = try daemon.bundle(.generate(), endpoints: ["tcp://127.0.0.1:9", daemon.endpoint])
        let post = try Post(bundle)
        var drafts = Self.drafts()
        try await post.running {
            try post.put(drafts.next())
            #expect(await soon { post.spool.counts.depth == 0 })
            #expect(post.board.link.endpoint == daemon.endpoint)
        }
        #expect(post.log.count(containing: "nobody answers at tcp://127.0.0.1:9") == 1)
    }

    @Test func aDaemonThatFallsSilentIsLeftForTheNext() async throws {
        let keys = try CurveKeyPair.generate()
        let silent = try FakeDaemon(keys: keys) { _ in [] }
        let working = try FakeDaemon(keys: keys)
        defer {
            silent.stop()
            working.stop()
        }
        let post = try Post(working.bundle(.generate(), endpoints: [silent.endpoint, working.endpoint]))
        var drafts = Self.drafts()
        try await post.running {
            try post.put(drafts.next())
            #expect(await soon { post.spool.counts.depth == 0 })
        }
        #expect(!silent.submits.isEmpty)
        #expect(post.log.count(containing: "has stopped answering") == 1)
    }

    @Test func afterAnOutageEmergenciesComeFirstAndTheRestInBatches() async throws {
        let daemon = try FakeDaemon()
        defer { daemon.stop() }
        let post = try Post(daemon.bundle(.generate())) {
            $0.receiptTimeout = .seconds(20)
            $0.batchTips = 100
            $0.window = 256
        }
        var drafts = Self.drafts()
        for number in 1...1_000 { try post.spool.put(drafts.next(panic: number % 250 == 0)) }
        try await post.running {
            #expect(await soon(deadline: .seconds(30)) { post.spool.counts.depth == 0 })
        }
        let sent: [[UInt64]] = daemon.submits.map { $0.tips.map(\.number) }
        #expect(Array(sent.prefix(4)) == [[250], [500], [750], [1_000]])
        #expect(sent.count < 40)
        #expect(sent.allSatisfy { $0.count <= 100 })
        #expect(sent.flatMap { $0 }.sorted() == Array(1...1_000))
    }

    @Test func aFinalRejectionIsADeadLetterAndABusyDaemonIsWaitedFor() async throws {
        let busy = Atomic<Int>(0)
        let daemon = try FakeDaemon { message in
            guard message.header.verb == .submit else { return FakeDaemon.accepting(message) }
            var replies: [(Header, [UInt8])] = []
            for tip in message.tips {
                if tip.category == "spaceship" {
                    let refusal = TipRejection(
                        tip: tip.id, Rejection(.unknownCategory, field: "tip.category", "'spaceship' is not configured"))
                    replies.append((Header(.rejections, request: message.header.request), RejectionCodec.encode([refusal])))
                } else if busy.wrappingAdd(1, ordering: .relaxed).newValue == 1 {
                    let refusal = TipRejection(tip: tip.id, Rejection(.busy, "queue full", retryAfterMilliseconds: 250))
                    replies.append((Header(.rejections, request: message.header.request), RejectionCodec.encode([refusal])))
                } else {
                    replies.append((Header(.receipts), ReceiptCodec.encode([receipt(tip.id)])))
                }
            }
            return replies
        }
        defer { daemon.stop() }
        let post = try Post(daemon.bundle(.generate())) { $0.receiptTimeout = .seconds(20) }
        var drafts = Self.drafts()
        let (bad, good) = (drafts.next("spaceship"), drafts.next())
        try await post.running {
            let submission = Submission(bad, at: drafts.at, waits: true)
            #expect(post.waiters.enter(submission))
            await post.sender.place(submission)
            try post.put(good)
            let outcome = try await submission.answer().get().record
            guard case .dead(let letter) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(letter.code == "unknown_category" && letter.field == "tip.category")
            #expect(await soon { post.spool.counts.depth == 0 })
            #expect(post.spool.counts.deadLetters == 1)
            #expect(try await post.spool.record(of: good.tip.id).map { if case .accepted = $0 { true } else { false } } == true)
        }
    }

    @Test func aDaemonThatComesBackGetsWhatWasSpooledMeanwhile() async throws {
        let first = try FakeDaemon()
        let post = try Post(first.bundle(.generate()))
        var drafts = Self.drafts()
        try await post.running {
            try post.put(drafts.next())
            #expect(await soon { post.spool.counts.depth == 0 })
            first.stop()
            #expect(await soon { post.board.link.condition == .unreachable })
            for _ in 0..<3 { try post.put(drafts.next()) }
            #expect(post.spool.counts.depth == 3)
            let second = try FakeDaemon(keys: first.keys, bind: first.endpoint)
            #expect(await soon { post.spool.counts.depth == 0 })
            #expect(second.tips.map(\.number) == [2, 3, 4])
            // Once for each change: it worked, it was away, it worked again. Before the second goes, too.
            #expect(post.log.count(containing: "connected to the daemon") == 2)
            #expect(post.log.count(containing: "nobody answers") == 1)
            second.stop()
        }
    }

    @Test func aWrongClockIsNoticed() async throws {
        let daemon = try FakeDaemon { message in
            guard message.header.verb == .postHeartbeat else { return [] }
            return [FakeDaemon.heartbeatReply(message, at: ManualTime.night)]
        }
        defer { daemon.stop() }
        struct WrongClock: TimeSource {
            func now() -> Timestamp { Timestamp(milliseconds: 946_684_800_000) }
            func monotonicMilliseconds() -> Int64 { SystemTime().monotonicMilliseconds() }
        }
        let post = try Post(daemon.bundle(.generate()), time: WrongClock())
        try await post.running {
            #expect(await soon { post.board.link.skew != nil })
            let ahead = post.clock.idTime.milliseconds(since: ManualTime.night)
            #expect((0...60_000).contains(ahead))
            #expect(await soon { post.spool.earlierDaemonTime == nil && post.log.count(containing: "clock is wrong") == 1 })
        }
    }
}

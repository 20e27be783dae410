import Glibc
import Synchronization
import Testing
import ZeroMQ

@Suite struct ContextAndThreadTests {
    @Test func shutdownEndsABlockedThreadAndTerminateReturns() throws {
        let context = try Context()
        let seen = Mutex<ZeroMQError?>(nil)
        let shared = Shared(seen: seen)
        let ready = try WakeSignal()
        let thread = try spawnThread(name: "blocked") {
            do throws(ZeroMQError) {
                let router = try Socket(context, .router)
                try router.bind("tcp://127.0.0.1:*")
                ready.signal()
                var polls = PollSet()
                polls.add(router.handle)
                while true { try polls.poll(timeoutMilliseconds: 60_000) }
            } catch {
                shared.seen.withLock { $0 = error }
                ready.signal()
            }
        }
        var polls = PollSet()
        polls.add(fileDescriptor: ready.fileDescriptor)
        try polls.poll(timeoutMilliseconds: 15_000)
        context.shutdown()
        #expect(thread.join(deadline: patience))
        #expect(shared.seen.withLock { $0?.isTerminated } == true)
        #expect(context.terminate(within: patience))
        #expect(context.terminate(within: patience))
    }

    final class Shared: Sendable {
        let seen: Mutex<ZeroMQError?>
        init(seen: consuming Mutex<ZeroMQError?>) { self.seen = seen }
    }

    @Test func terminateGivesUpAtItsDeadlineAndEndsOnceTheSocketCloses() throws {
        let context = try Context()
        let socket = try Socket(context, .dealer)
        try socket.connect("tcp://127.0.0.1:9")
        #expect(!context.terminate(within: .milliseconds(20)))
        do {
            _ = try Socket(context, .dealer)
            Issue.record("a socket was made in a context that ends")
        } catch {
            #expect(error.isTerminated)
        }
        socket.close()
        #expect(context.terminate(within: patience))
        context.shutdown()
    }

    @Test func unsentMessagesDoNotHoldUpTheEnd() throws {
        let context = try Context()
        do {
            let dealer = try Socket(context, .dealer)
            try dealer.connect("tcp://127.0.0.1:9")
            for _ in 0..<100 { try dealer.send(frames: [bytes("to nobody")], dontWait: true) }
        }
        #expect(context.terminate(within: patience))
    }

    @Test func nonsenseCountsAreRefused() {
        #expect(throws: ZeroMQError.self) { try Context(ioThreads: -1) }
        #expect(throws: ZeroMQError.self) { try Context(maxSockets: 1 << 40) }
    }

    @Test func joinWaitsNoLongerThanAsked() throws {
        let gate = try WakeSignal()
        let thread = try spawnThread(name: "a name that is too long") {
            var polls = PollSet()
            polls.add(fileDescriptor: gate.fileDescriptor)
            _ = try? polls.poll(timeoutMilliseconds: 60_000)
        }
        #expect(thread.name == "a name that is ")
        #expect(!thread.join(deadline: .milliseconds(10)))
        #expect(!thread.join(deadline: .zero))
        gate.signal()
        #expect(thread.join(deadline: patience))
        #expect(thread.join(deadline: .zero))
    }

    @Test func whatABodyCapturedIsReleasedBeforeJoinReturns() throws {
        for _ in 0..<200 {
            let witness = Witness()
            let thread: ThreadHandle
            do {
                let tracked = Tracked(witness)
                thread = try spawnThread(name: "capture") { tracked.touch() }
            }
            try #require(thread.join(deadline: patience))
            #expect(witness.isReleased.load(ordering: .acquiring) == true)
        }
    }

    final class Witness: Sendable { let isReleased = Atomic<Bool>(false) }

    final class Tracked: Sendable {
        let witness: Witness
        init(_ witness: Witness) { self.witness = witness }
        func touch() {}
        deinit { witness.isReleased.store(true, ordering: .releasing) }
    }

    @Test func aSocketMayBeMadeHereAndUsedThere() throws {
        let context = try Context()
        let made = try Socket(context, .pull)
        try made.bind("tcp://127.0.0.1:*")
        made.detachFromThread()
        let box = Box(made)
        let thread = try spawnThread(name: "owner") { box.use() }
        #expect(thread.join(deadline: patience))
        #expect(context.terminate(within: patience))
    }

    /// Hands a socket to a thread. Safe because the test touches it only before the thread starts.
    final class Box: @unchecked Sendable {
        private var socket: Socket?
        init(_ socket: consuming Socket) { self.socket = consume socket }
        func use() {
            let socket = self.socket.take()
            socket?.close()
        }
    }

    #if DEBUG
        @Test func useOffTheOwningThreadTraps() async {
            await #expect(processExitsWith: .failure) {
                let context = try Context()
                let socket = try Socket(context, .pull)
                try socket.bind("tcp://127.0.0.1:*")
                let box = Box(socket)
                let thread = try spawnThread(name: "thief") { box.use() }
                _ = thread.join(deadline: .seconds(15))
            }
        }
    #endif
}

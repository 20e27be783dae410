import Synchronization
import Testing
import ZeroMQ

@Suite struct PollAndWakeTests {
    @Test func aSignalWakesAPoll() throws {
        let wake = try WakeSignal()
        var polls = PollSet()
        let index = polls.add(fileDescriptor: wake.fileDescriptor)
        try polls.poll(timeoutMilliseconds: 0)
        #expect(polls.isReadable(index) == false)
        let thread = try spawnThread(name: "waker") { wake.signal() }
        let ready = try polls.poll(timeoutMilliseconds: 15_000)
        #expect(ready == 1)
        #expect(polls.isReadable(index) == true)
        #expect(thread.join(deadline: patience))

        wake.signal()
        wake.signal()
        wake.clear()
        let none = try polls.poll(timeoutMilliseconds: 0)
        #expect(none == 0)
        wake.signal()
        let again = try polls.poll(timeoutMilliseconds: 0)
        #expect(again == 1)
    }

    /// Each unit of work is added and then signalled; the owner must never sleep to the limit while work is there.
    @Test func noWakeUpIsLost() throws {
        let wake = try WakeSignal()
        let work = Mutex(0)
        let shared = Shared(work: work)
        let perThread = 50_000
        var threads: [ThreadHandle] = []
        for number in 0..<2 {
            threads.append(
                try spawnThread(name: "producer-\(number)") {
                    for _ in 0..<perThread {
                        shared.work.withLock { $0 += 1 }
                        wake.signal()
                    }
                })
        }
        var polls = PollSet()
        polls.add(fileDescriptor: wake.fileDescriptor)
        var done = 0
        while done < 2 * perThread {
            let ready = try polls.poll(timeoutMilliseconds: 15_000)
            try #require(ready == 1)
            wake.clear()
            shared.work.withLock { work in
                done += work
                work = 0
            }
        }
        #expect(done == 2 * perThread)
        for thread in threads { #expect(thread.join(deadline: patience)) }
    }

    final class Shared: Sendable {
        let work: Mutex<Int>
        init(work: consuming Mutex<Int>) { self.work = work }
    }

    @Test func socketsAndDescriptorsAreToldApartByIndex() throws {
        let context = try Context()
        let pull = try Socket(context, .pull)
        try pull.bind("tcp://127.0.0.1:*")
        let push = try Socket(context, .push)
        try push.connect(try pull.lastEndpoint)
        let wake = try WakeSignal()
        var polls = PollSet()
        let socket = polls.add(pull.handle)
        let descriptor = polls.add(fileDescriptor: wake.fileDescriptor)
        #expect(polls.count == 2)
        try push.send(frames: [bytes("x")])
        try polls.poll(timeoutMilliseconds: 15_000)
        #expect(polls.isReadable(socket) == true)
        #expect(polls.isReadable(descriptor) == false)
        #expect(polls.isWritable(socket) == false)
        #expect(polls.ready(9).isEmpty == true)

        polls.setEvents([], at: socket)
        let left = try polls.poll(timeoutMilliseconds: 0)
        #expect(left == 0)
        wake.signal()
        try polls.poll(timeoutMilliseconds: 0)
        #expect(polls.isReadable(descriptor) == true)
    }
}

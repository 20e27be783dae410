// The thread that reads old events from the journal, so that the feed thread never waits for a disk. Alert-lane pages
// go first. The feed asks for at most `pagesInFlight` in each lane at a time, counted until it has the answer: that
// bounds the requests here and the answers in the feed's mailbox.

import DequeModule
import Journal
import Logging
import Synchronization
import TipModel
import ZeroMQ

/// A page that a subscription needs.
struct PageRequest: Sendable {
    let subscription: UInt64
    let token: UInt64
    let page: FeedPageRequest
}

/// What became of it.
struct PageAnswer: Sendable {
    let subscription: UInt64
    let token: UInt64
    let lane: Lane
    /// Nil when it could not be read.
    let page: FeedPage?
}

final class CatchUpReader: Sendable {
    private struct Waiting {
        var alert = Deque<PageRequest>()
        var main = Deque<PageRequest>()
    }

    private let bound: Int
    private let makeReader: @Sendable () throws -> any JournalReader
    private let answers: Mailbox<PageAnswer>
    private let log: Logger
    private let wake: WakeSignal
    private let waiting = Mutex(Waiting())
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<ThreadHandle?>(nil)

    /// - Parameters:
    ///   - bound: requests that may wait in each lane; one more is refused.
    ///   - answers: must have room for as many answers as requests are open at a time.
    init(
        bound: Int, answers: Mailbox<PageAnswer>, log: Logger,
        makeReader: @escaping @Sendable () throws -> any JournalReader
    ) throws(ZeroMQError) {
        self.bound = bound
        self.answers = answers
        self.log = log
        self.makeReader = makeReader
        wake = try WakeSignal()
    }

    /// False when too many wait.
    func offer(_ request: PageRequest) -> Bool {
        let isTaken = waiting.withLock { waiting in
            if request.page.lane == .alert {
                guard waiting.alert.count < bound else { return false }
                waiting.alert.append(request)
            } else {
                guard waiting.main.count < bound else { return false }
                waiting.main.append(request)
            }
            return true
        }
        if isTaken { wake.signal() }
        return isTaken
    }

    /// - Throws: when the system refuses another thread.
    func start() throws(ZeroMQError) {
        let started = try spawnThread(name: "feed-catchup") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// - Returns: false when it was still reading at the deadline.
    func stop(deadline: Duration) -> Bool {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        return thread.withLock { $0 }?.join(deadline: deadline) ?? true
    }

    private func run() {
        var polls = PollSet()
        polls.add(fileDescriptor: wake.fileDescriptor)
        var reader: (any JournalReader)?
        defer { reader?.close() }
        while !isStopping.load(ordering: .acquiring) {
            guard (try? polls.poll(timeoutMilliseconds: 1_000)) != nil else {
                log.critical("the catch-up thread cannot wait any more and ends")
                return
            }
            wake.clear()
            while !isStopping.load(ordering: .acquiring), let request = next() {
                let page = read(request, &reader)
                let answer = PageAnswer(
                    subscription: request.subscription, token: request.token, lane: request.page.lane, page: page)
                if !answers.offer(answer) { log.error("a page was lost: more were open than the feed has room for") }
            }
        }
    }

    private func next() -> PageRequest? {
        waiting.withLock { $0.alert.popFirst() ?? $0.main.popFirst() }
    }

    private func read(_ request: PageRequest, _ reader: inout (any JournalReader)?) -> FeedPage? {
        do {
            let open = try reader ?? makeReader()
            reader = open
            return try open.feedPage(request.page)
        } catch {
            log.error("the journal gave no page for the feed", metadata: ["reason": "\(error)"])
            // A connection that failed once may be of no use any more.
            reader?.close()
            reader = nil
            return nil
        }
    }
}

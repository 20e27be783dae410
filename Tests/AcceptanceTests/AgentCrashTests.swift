import Administration
import FoundationEssentials
import Journal
import LocalHTTP
import Synchronization
import TestSupport
import Testing
import TipModel
import Workbench

extension Acceptance {
    /// kill -9 of the agent with tips in its spool, of the daemon behind it, and of both.
    @Suite struct AgentCrashTests {
        @Test func whatTheAgentTookReachesTheJournalOnce() async throws {
            let rounds = isLong ? 60 : 6
            var random = seeded("AgentCrashTests")
            let station = try await Station()
            let daemon = station.daemon
            let agent = try AgentProcess(
                binaries: station.binaries, directory: station.file("agent"), bundle: try await station.enrolPost("gate"))
            try await agent.start()
            let guards = Guards(agent.door, seed: random.next())
            var kills = (agent: 0, daemon: 0)
            var spooled = 0
            for round in 1...rounds {
                let daemonToo = round % 3 != 1
                try await guards.progress(Int.random(in: 5...60, using: &random))
                if daemonToo {
                    await daemon.kill()
                    kills.daemon += 1
                    // With the daemon away the spool is all there is.
                    try await guards.progress(Int.random(in: 0...20, using: &random))
                    spooled = max(spooled, try await agent.spoolDepth())
                }
                try await pause(milliseconds: Int.random(in: 0...10, using: &random))
                await agent.kill()
                kills.agent += 1
                let daemonFirst = random.oneIn(2)
                if daemonToo, daemonFirst { try await daemon.start() }
                try await agent.start()
                if daemonToo, !daemonFirst { try await daemon.start() }
            }
            let taken = await guards.stop()
            let isEmpty = try await eventually(deadline: .seconds(60)) { () async throws in try await agent.spoolDepth() == 0 }
            #expect(isEmpty, "tips are still in the spool")
            let journal = try station.journal()
            #expect(journal.faults == [])
            #expect(Set(journal.tips.keys.map(\.tip)) == taken, "the journal has what the agent took, and nothing else")
            #expect(journal.accepted == taken.count)
            #expect(guards.faults == [])
            // The numbers tell the station that nothing of the spool is missing.
            let heard = try await station.status { $0.posts.first?.received == UInt64(taken.count) && $0.posts.first?.spoolDepth == 0 }
            #expect(heard?.posts.first?.missing == 0 && heard?.posts.first?.outstanding == 0)
            print(
                "AgentCrashTests: \(kills.agent) kills of the agent, \(kills.daemon) of the daemon with it, \(taken.count) tips, "
                    + "up to \(spooled) in the spool, \(guards.again) requests without an answer\(ofBuild)")
            #expect(spooled > 0)
            #expect(await agent.stop() == .code(0))
        }
    }
}

extension AgentProcess {
    private struct Status: Decodable {
        struct Spool: Decodable { var depth: Int }
        var spool: Spool
    }

    func spoolDepth() async throws -> Int {
        try await door.requestJSON(Status.self, method: "GET", path: "/v1/status", timeout: .seconds(5)).spool.depth
    }
}

/// Three people at one post who report all the time, and report the same again when the agent did not answer.
private final class Guards: Sendable {
    private struct Contents {
        var random: SplitMix64
        var taken: Set<TipID> = []
        var again = 0
        var faults: [String] = []
        var isStopping = false
    }

    private let door: LocalHTTPClient
    private let contents: Mutex<Contents>
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(_ door: LocalHTTPClient, seed: UInt64) {
        self.door = door
        contents = Mutex(Contents(random: SplitMix64(seed: seed)))
        tasks.withLock { tasks in tasks = (0..<3).map { _ in Task { [self] in await report() } } }
    }

    var again: Int { contents.withLock { $0.again } }
    var faults: [String] { contents.withLock { $0.faults } }

    /// Waits until so many more tips were taken.
    func progress(_ count: Int) async throws {
        let before = contents.withLock { $0.taken.count }
        let went = try await eventually(deadline: .seconds(60)) { () async throws in
            contents.withLock { $0.taken.count } >= before + count
        }
        try #require(went, "the agent took no \(count) tips within a minute")
    }

    /// - Returns: every tip that the agent took.
    func stop() async -> Set<TipID> {
        contents.withLock { $0.isStopping = true }
        for task in tasks.withLock({ $0 }) { await task.value }
        return contents.withLock { $0.taken }
    }

    private func report() async {
        while let id = nextID() {
            let category = id.low % 10 == 0 ? "fire" : "suspicious_person"
            let body = Array(#"{"id":"\#(id)","category":"\#(category)","text":"a man at the wall, \#(id.low % 1_000)"}"#.utf8)
            // Until it is taken: a tip whose answer was lost is submitted again, and there must not be two.
            let taken = try? await eventually(deadline: .seconds(60)) { () async throws in
                let reply = try? await door.request(method: "POST", path: "/v1/tips?wait=0", body: body, timeout: .seconds(5))
                if let reply, ![201, 202].contains(reply.status) { note("\(reply.status): \(String(decoding: reply.body, as: UTF8.self))") }
                if reply == nil { contents.withLock { $0.again += 1 } }
                return reply?.status == 201 || reply?.status == 202
            }
            if taken == true { contents.withLock { _ = $0.taken.insert(id) } } else { note("tip \(id) was never taken") }
        }
    }

    private func note(_ fault: String) { contents.withLock { $0.faults.append(fault) } }

    /// Nil when it is time to go home.
    private func nextID() -> TipID? {
        contents.withLock { contents in
            contents.isStopping ? nil : TipID.make(at: SystemTime().now(), using: &contents.random)
        }
    }
}

import Foundation
import TestSupport
import Testing
import TipModel

@testable import Accounts
@testable import Board

@Suite("Live events")
struct StreamTests {
    private func watch(_ port: Int, _ token: String, _ query: String = "", last: String? = nil) throws -> HTTPPeer {
        let peer = try HTTPPeer(port: port)
        var headers = ["Authorization": "Bearer \(token)"]
        headers["Last-Event-ID"] = last
        try peer.send(HTTPPeer.request(port, "GET", "/api/v1/events" + query, headers, body: nil, json: true))
        return peer
    }

    private func harness(live: LiveHub.Limits = .init()) async throws -> BoardHarness {
        let harness = try BoardHarness(live: live)
        _ = try await harness.accounts.add(NewAccount(name: "duty", role: .desk, password: password), by: "root")
        _ = try await harness.accounts.add(NewAccount(name: "wang", role: .officer, zones: [south], password: password), by: "root")
        _ = try await harness.accounts.add(NewAccount(name: "unit", role: .patrol, unit: UnitID(unchecked: "night-east"), password: password), by: "root")
        return harness
    }

    @Test("events come as they happen, each with its number, and only those of one's zones")
    func filtered() async throws {
        let harness = try await harness()
        let (desk, officer, patrol) = (try await harness.token("duty"), try await harness.token("wang"), try await harness.token("unit"))
        try await harness.serve { port in
            let all = try watch(port, desk)
            let south1 = try watch(port, officer)
            let south2 = try watch(port, patrol)
            try await harness.waitForWatchers(3)
            harness.happen(1, zone: east)
            harness.happen(2, incident: 2, zone: south)
            harness.happen(3, zone: east)
            harness.happen(4, incident: 2, zone: south, kind: .claimed)
            #expect(await all.read { $0.eventIDs == [1, 2, 3, 4] }.eventIDs == [1, 2, 3, 4])
            for peer in [south1, south2] {
                let text = await peer.read { $0.eventIDs == [2, 4] }
                #expect(text.eventIDs == [2, 4])
                #expect(text.contains("event: claimed\n") && text.contains("retry: 2000"))
                #expect(!text.contains("dongyuan"))
            }
        }
    }

    @Test("a unit that was taken off an incident beyond its zones hears so")
    func guests() async throws {
        let harness = try await harness()
        let token = try await harness.token("unit")
        try await harness.serve { port in
            let peer = try watch(port, token)
            try await harness.waitForWatchers(1)
            harness.happen(1, zone: east)
            harness.happen(2, zone: east, guests: [UnitID(unchecked: "night-east")])
            harness.happen(3, zone: south)
            #expect(await peer.read { $0.eventIDs.last == 3 }.eventIDs == [2, 3])
        }
    }

    @Test("a client that comes back after its last event misses nothing and is told nothing twice, from ring and journal")
    func resumes() async throws {
        var limits = LiveHub.Limits()
        limits.ringEvents = 8
        let harness = try await harness(live: limits)
        let token = try await harness.token("duty")
        try await harness.serve { port in
            let first = try watch(port, token)
            try await harness.waitForWatchers(1)
            for sequence in 1...5 { harness.happen(SequenceNumber(sequence)) }
            #expect(await first.read { $0.eventIDs.count >= 5 }.eventIDs == Array(1...5))
            // Far more than the ring holds, while the client is away and another one watches.
            for sequence in 6...600 { harness.happen(SequenceNumber(sequence)) }
            let second = try watch(port, token, last: "3")
            let text = await second.read { $0.eventIDs.last == 600 }
            #expect(text.eventIDs == Array(4...600))
            harness.happen(601)
            #expect(await second.read { $0.eventIDs == [601] }.eventIDs == [601])
        }
    }

    @Test("who comes while events stream in has neither gap nor repeat")
    func joinsInTheMiddle() async throws {
        let harness = try await harness()
        let token = try await harness.token("duty")
        try await harness.serve { port in
            async let feeding: Void = {
                for sequence in 1...2_000 {
                    harness.happen(SequenceNumber(sequence))
                    if sequence % 50 == 0 { await Task.yield() }
                }
            }()
            let peers = try (0..<4).map { _ in try watch(port, token, "?after=0") }
            for peer in peers { #expect(await peer.read { $0.eventIDs.last == 2_000 }.eventIDs == Array(1...2_000)) }
            await feeding
        }
    }

    @Test("the board's view tells the newest of each incident, and says when there is more")
    func coalesced() async throws {
        let harness = try await harness()
        let token = try await harness.token("duty")
        // Told before anybody pumps, so that they make one message.
        for sequence: SequenceNumber in 1...100 {
            harness.recorded.add(
                FeedEvent(
                    sequence: sequence, lane: .main, at: ManualTime.night, kind: .correlated,
                    incident: BoardHarness.incident(sequence % 50, sequence: sequence)))
        }
        harness.live.publish([.init(sequence: 100, event: [])])
        try await harness.serve { port in
            let peer = try watch(port, token, "?after=0&view=board")
            let text = await peer.read { $0.eventIDs == [100] }
            #expect(text.eventIDs == [100])
            #expect(text.contains("\"more\":true") && text.contains("event: changes"))
            #expect(text.components(separatedBy: "\"kind\":\"correlated\"").count - 1 == LiveMessage.boardIncidents)
        }
    }

    @Test("who was away for too long, or knows a number that is not there yet, is told to begin anew")
    func resync() async throws {
        let harness = try await harness()
        let token = try await harness.token("duty")
        var settings = Board.Settings()
        settings.catchUp = 10
        harness.live.publish([.init(sequence: 100, event: [])])
        try await harness.serve(settings: settings) { port in
            for last in ["0", "101"] {
                let text = await (try watch(port, token, last: last)).read { $0.contains("resync") }
                #expect(text.contains("id: 100\nevent: resync\ndata: {\"sequence\":100}"))
            }
        }
    }

    @Test("streams are bounded for each user and in all: the newest is refused with 503 and when to try again")
    func bounded() async throws {
        var limits = LiveHub.Limits()
        limits.streams = 3
        let harness = try await harness(live: limits)
        let (desk, officer) = (try await harness.token("duty"), try await harness.token("wang"))
        var settings = Board.Settings()
        settings.streamsPerUser = 2
        try await harness.serve(settings: settings) { port in
            var open = [try watch(port, desk), try watch(port, desk)]
            try await harness.waitForWatchers(2)
            let third = try #require(Reply(await (try watch(port, desk)).read()))
            #expect(third.status == 503 && third.headers["retry-after"] == "5" && third.code == "too_many_streams")
            open.append(try watch(port, officer))
            try await harness.waitForWatchers(3)
            #expect(Reply(await (try watch(port, officer)).read())?.status == 503)
            // One that goes makes room, as soon as something is sent to it.
            open.removeFirst()
            var sequence: SequenceNumber = 0
            let isFree = await eventually(deadline: .seconds(20)) { () async in
                sequence += 1
                harness.happen(sequence)
                return harness.live.watchers == 2
            }
            #expect(isFree)
            _ = try watch(port, officer)
        }
    }

    @Test("a stream ends when its session does")
    func ends() async throws {
        let harness = try await harness()
        let token = try await harness.token("duty")
        try await harness.serve { port in
            let peer = try watch(port, token)
            try await harness.waitForWatchers(1)
            try await harness.accounts.setDisabled("duty", true, by: "root")
            harness.time.advance(milliseconds: 15_000)
            let text = await peer.read()
            #expect(text.contains("retry: 2000") && !text.contains("still here"))
        }
    }

    @Test("a browser that does not read is let go, and nothing is kept for it")
    func slowReader() async throws {
        let harness = try await harness()
        let token = try await harness.token("duty")
        var settings = Board.Settings()
        settings.slowReader = .milliseconds(300)
        settings.catchUp = .max
        try await harness.serve(settings: settings) { port in
            let slow = try watch(port, token, "?after=0")
            try await harness.waitForWatchers(1)
            // Far more than the kernel's buffers take, so that a write has to wait.
            for sequence in 1...30_000 { harness.happen(SequenceNumber(sequence)) }
            try await harness.waitForWatchers(0)
            withExtendedLifetime(slow) {}
        }
    }

    @Test("a heartbeat says that a quiet stream lives")
    func heartbeat() async throws {
        let harness = try await harness()
        let token = try await harness.token("duty")
        try await harness.serve { port in
            let peer = try watch(port, token)
            try await harness.waitForWatchers(1)
            harness.time.advance(milliseconds: 15_000)
            #expect(await peer.read { $0.contains(": still here") }.contains(": still here"))
        }
    }
}

extension BoardHarness {
    /// Waits until so many streams watch.
    func waitForWatchers(_ count: Int) async throws {
        let reached = await eventually(deadline: .seconds(20)) { () async in self.live.watchers == count }
        try #require(reached, "\(live.watchers) watch")
    }
}

import Administration
import Foundation
import Testing
import TestSupport
import Workbench

/// The API over the built daemon: everything that is done goes the same way as over ZeroMQ and is in the journal.
@Suite("The API and the station", .serialized, .timeLimit(.minutes(5)))
struct StationAPITests {
    @Test("a tip at the desk, seen, claimed, on scene and cleared; each step with who in the history")
    func story() async throws {
        let station = try await DaemonHarness.start()
        let (desk, officer, patrol) = (try await station.token("duty"), try await station.token("wang"), try await station.token("east"))
        let incident = try await station.tip(desk, more: ",\"position\":{\"latitude\":30.25,\"longitude\":120.16}")
        #expect(try await station.act(officer, incident, "acknowledge").status == 200)
        for (action, phase) in [("claim", "claimed"), ("en_route", "en_route"), ("on_scene", "on_scene")] {
            let reply = try await station.act(patrol, incident, action)
            #expect(((try reply.json()["incident"]) as? [String: Any])?["phase"] as? String == phase, "\(reply)")
        }
        // Twice is once.
        #expect(try await station.act(patrol, incident, "on_scene").json()["sequence"] as? Int == 0)
        #expect(try await station.act(patrol, incident, "clear", "{\"disposition\":\"resolved\"}").status == 200)
        let detail = try await station.ask("GET", "/api/v1/incidents/\(incident)", as: desk).json()
        let history = try #require(detail["history"] as? [[String: Any]])
        #expect(history.map { $0["event"] as? String } == ["opened", "acknowledged", "claimed", "en_route", "on_scene", "cleared"])
        #expect(history[1]["by"] as? String == "wang")
        #expect(history[2]["unit"] as? String == "night-east")
        let list = try await station.ask("GET", "/api/v1/incidents?phase=cleared&zone=dongyuan", as: patrol).json()
        #expect((list["incidents"] as? [[String: Any]])?.map { $0["id"] as? Int } == [incident])
        // And in the figures of the day, which are for the desk and the officers.
        let now = Int(Date().timeIntervalSince1970 * 1_000)
        let day = "/api/v1/statistics?from=\(now - 3_600_000)&until=\(now + 60_000)"
        let figures = try await station.ask("GET", day, as: officer).json()
        #expect((figures["response"] as? [String: Any])?["kept"] as? Int == 1)
        #expect((figures["tips"] as? [String: Any])?["total"] as? Int == 1)
        #expect(try await station.ask("GET", day, as: patrol).status == 403)
        #expect(try await station.ask("GET", "/api/v1/statistics?from=5&until=5", as: desk).status == 422)
        // The same over the admin socket.
        #expect(try await station.daemon.admin.incident(UInt64(incident)).incident.phase == "cleared")
        await station.daemon.stop()
    }

    @Test("the reporter is a pseudonym to everybody; the desk's look is in the journal before it is told")
    func reveal() async throws {
        let station = try await DaemonHarness.start()
        let (desk, patrol) = (try await station.token("duty"), try await station.token("east"))
        let incident = try await station.tip(desk)
        let path = "/api/v1/incidents/\(incident)"
        for token in [desk, patrol] {
            let reply = try await station.ask("GET", path, as: token)
            #expect(!reply.body.contains("\"duty\""))
            let tips = try #require(try reply.json()["tips"] as? [[String: Any]])
            #expect((tips[0]["reporter"] as? String)?.hasPrefix("R-") == true)
        }
        let tips = try #require(try await station.ask("GET", path, as: desk).json()["tips"] as? [[String: Any]])
        let tip = try #require(tips[0]["id"] as? String)
        let told = try await station.act(desk, incident, "reveal", "{\"tip\":\"\(tip)\",\"reason\":\"回访报警人\"}")
        #expect(try told.json()["reporter"] as? String == "duty")
        let history = try #require(try await station.ask("GET", path, as: desk).json()["history"] as? [[String: Any]])
        let look = try #require(history.last)
        #expect(look["event"] as? String == "identity_revealed" && look["by"] as? String == "duty" && look["note"] as? String == "回访报警人")
        #expect(look["sequence"] as? Int == (try told.json()["sequence"] as? Int))
        await station.daemon.stop()
    }

    @Test("the same tip sent again is one tip; another text under its id is a conflict")
    func repeats() async throws {
        let station = try await DaemonHarness.start()
        let desk = try await station.token("duty")
        func send(_ text: String) async throws -> Reply {
            let id = TipIDs.now
            return try await station.ask(
                "POST", "/api/v1/tips", as: desk, body: "{\"id\":\"\(id)\",\"zone\":\"dongyuan\",\"category\":\"theft\",\"text\":\"\(text)\"}")
        }
        #expect(try await send("电瓶车被偷").status == 201)
        let again = try await send("电瓶车被偷")
        #expect(try again.json()["verdict"] as? String == "repeat" && again.status == 200)
        #expect(try await send("另一件事").code == "conflict")
        await station.daemon.stop()
    }

    @Test("a session, an account and what was done to it outlive a kill")
    func restart() async throws {
        let station = try await DaemonHarness.start()
        let desk = try await station.token("duty")
        _ = try await station.daemon.admin.setUser("wang", disabled: true)
        await station.daemon.kill()
        try await station.daemon.start()
        var port: Int?
        _ = try await eventually(deadline: .seconds(20)) { () async throws in
            port = try await station.daemon.admin.status().board?.split(separator: ":").last.flatMap { Int($0) }
            return port != nil
        }
        let now = try #require(port)
        let session = try await HTTPPeer.ask(now, "GET", "/api/v1/session", ["Authorization": "Bearer \(desk)"])
        #expect(try session.json()["name"] as? String == "duty")
        let users = try await station.daemon.admin.users().users
        #expect(users.filter(\.disabled).map(\.name) == ["wang"])
        await station.daemon.stop()
    }

    @Test("an event is told within a second, and Last-Event-ID goes on behind a restart")
    func live() async throws {
        let station = try await DaemonHarness.start()
        let desk = try await station.token("duty")
        let stream = try HTTPPeer(port: station.port)
        try stream.send(HTTPPeer.request(station.port, "GET", "/api/v1/events", ["Authorization": "Bearer \(desk)"], body: nil, json: true))
        _ = await stream.read { $0.contains("retry") }
        let begun = ContinuousClock.now
        let incident = try await station.tip(desk)
        let text = await stream.read { $0.contains("event: opened") && $0.hasSuffix("\n\n\r\n") }
        #expect(ContinuousClock.now - begun < .seconds(1))
        let last = try #require(text.eventIDs.last)
        #expect(try await station.act(desk, incident, "acknowledge").status == 200)
        let again = try HTTPPeer(port: station.port)
        try again.send(
            HTTPPeer.request(
                station.port, "GET", "/api/v1/events", ["Authorization": "Bearer \(desk)", "Last-Event-ID": "\(last)"], body: nil, json: true))
        let rest = await again.read { $0.contains("event: acknowledged") }
        #expect(rest.contains("event: acknowledged") && !rest.contains("event: opened"))
        // The daemon stops within its time although streams are open.
        #expect(await station.daemon.stop(within: .seconds(6)) != nil)
        #expect(station.daemon.processID == 0)
    }
}

/// A tip id of this moment.
enum TipIDs {
    static let now: String = {
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        var milliseconds = UInt64(Date().timeIntervalSince1970 * 1_000)
        var text: [Character] = []
        for _ in 0..<10 {
            text.insert(digits[Int(milliseconds % 32)], at: 0)
            milliseconds /= 32
        }
        return String(text) + "0000000000000000"
    }()
}

import Administration
import Foundation
import LocalHTTP
import Settings
import TestSupport
import Testing
import TipModel
import Workbench

/// The built daemon with its board, and one person of each role.
final class DaemonHarness: Sendable {
    let folder: TemporaryFolder
    let daemon: DaemonProcess
    let port: Int

    private init(folder: TemporaryFolder, daemon: DaemonProcess, port: Int) {
        self.folder = folder
        self.daemon = daemon
        self.port = port
    }

    static func start(_ more: String = "") async throws -> DaemonHarness {
        let folder = try TemporaryFolder(keeps: false)
        var plan = DaemonProcess.Plan(binaries: try Binaries(), directory: folder.path)
        plan.more = "board:\n  listen: 127.0.0.1:*\n" + more
        let daemon = try DaemonProcess(plan)
        try await daemon.start()
        var port: Int?
        _ = try await eventually(deadline: .seconds(20)) { () async throws in
            port = try await daemon.admin.status().board?.split(separator: ":").last.flatMap { Int($0) }
            return port != nil
        }
        let harness = DaemonHarness(folder: folder, daemon: daemon, port: try #require(port))
        _ = try await daemon.enrol(.unit(PatrolUnit(id: UnitID(unchecked: "night-east"), name: "night", zones: [east])))
        _ = try await daemon.enrol(.unit(PatrolUnit(id: UnitID(unchecked: "night-south"), name: "night", zones: [south])))
        for user in [
            AddUser(name: "boss", role: "admin", password: password), AddUser(name: "duty", role: "desk", password: password),
            AddUser(name: "wang", role: "officer", zones: ["dongyuan"], password: password),
            AddUser(name: "south", role: "officer", zones: ["nanhu"], password: password),
            AddUser(name: "east", role: "patrol", unit: "night-east", password: password),
        ] { _ = try await daemon.admin.addUser(user) }
        return harness
    }

    func ask(
        _ method: String, _ path: String, as token: String? = nil, _ headers: [String: String] = [:], body: String? = nil, json: Bool = true
    ) async throws -> Reply {
        var headers = headers
        if let token { headers["Authorization"] = "Bearer \(token)" }
        return try await HTTPPeer.ask(port, method, path, headers, body: body, json: json)
    }

    /// Signs in as a script does.
    func token(_ name: String) async throws -> String {
        let reply = try await ask("POST", "/api/v1/session", body: "{\"name\":\"\(name)\",\"password\":\"\(password)\"}")
        return try #require(try reply.json()["token"] as? String, "\(reply)")
    }

    /// Signs in as a browser does.
    func browser(_ name: String) async throws -> (cookie: String, csrf: String) {
        let reply = try await ask("POST", "/login", body: "name=\(name)&password=correct+horse", json: false)
        let cookie = try #require(reply.cookie, "\(reply)")
        let session = try await ask("GET", "/api/v1/session", ["Cookie": cookie])
        return (cookie, try #require(try session.json()["csrf_token"] as? String))
    }

    /// Takes a tip down.
    /// - Returns: its incident.
    func tip(_ token: String, zone: String = "dongyuan", text: String = "3号楼冒烟", more: String = "") async throws -> Int {
        let reply = try await ask(
            "POST", "/api/v1/tips", as: token, body: "{\"zone\":\"\(zone)\",\"category\":\"fire\",\"text\":\"\(text)\"\(more)}")
        #expect(reply.status == 201, "\(reply)")
        return try #require(try reply.json()["incident"] as? Int)
    }

    func act(_ token: String, _ incident: Int, _ action: String, _ body: String = "{}") async throws -> Reply {
        try await ask("POST", "/api/v1/incidents/\(incident)/\(action)", as: token, body: body)
    }
}

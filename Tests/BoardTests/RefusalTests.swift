import Foundation
import LocalHTTP
import TestSupport
import Testing
import TipModel
import Workbench

@testable import Accounts
@testable import Board

/// What is refused, with what: the table of docs/http-api.md, over the built daemon.
@Suite("Refused requests", .serialized, .timeLimit(.minutes(5)))
struct RefusalTests {
    private struct Case {
        var what: String
        var status: Int
        var code: String
        var reply: Reply
    }

    @Test("each refused request has its status and its code")
    func table() async throws {
        let station = try await DaemonHarness.start()
        let (desk, officer, patrol) = (try await station.token("duty"), try await station.token("wang"), try await station.token("east"))
        let elsewhere = try await station.token("south")
        let page = try await station.browser("duty")
        let incident = try await station.tip(desk)
        let far = try await station.tip(desk, zone: "nanhu", text: "车棚起火")
        let path = "/api/v1/incidents/\(incident)"
        let ended = try await station.token("south")
        _ = try await station.ask("DELETE", "/api/v1/session", as: ended)
        let cookie = ["Cookie": page.cookie]
        func with(_ more: [String: String]) -> [String: String] { cookie.merging(more) { $1 } }

        let cases = [
            Case(what: "no session", status: 401, code: "no_session", reply: try await station.ask("GET", "/api/v1/incidents")),
            Case(what: "no session, to change", status: 401, code: "no_session", reply: try await station.ask("POST", path + "/acknowledge", body: "{}")),
            Case(what: "ended session", status: 401, code: "session_ended", reply: try await station.ask("GET", path, as: ended)),
            Case(what: "made-up token", status: 401, code: "session_ended", reply: try await station.ask("GET", path, as: "x")),
            Case(what: "another scheme", status: 401, code: "wrong_scheme", reply: try await station.ask("GET", path, ["Authorization": "Basic eDp5"])),
            Case(what: "cookie beside a wrong token", status: 401, code: "session_ended", reply: try await station.ask("GET", path, as: "x", cookie)),
            Case(what: "other role: desk claims", status: 403, code: "forbidden", reply: try await station.act(desk, incident, "claim")),
            Case(what: "other role: officer claims", status: 403, code: "forbidden", reply: try await station.act(officer, incident, "claim")),
            Case(what: "other role: patrol merges", status: 403, code: "forbidden", reply: try await station.act(patrol, incident, "merge", "{\"into\":\(far),\"reason\":\"r\"}")),
            Case(what: "other role: patrol reveals", status: 403, code: "not_desk", reply: try await station.act(patrol, incident, "reveal", "{\"tip\":\"01KE5Z0000000000000000000A\",\"reason\":\"r\"}")),
            Case(what: "other role: officer takes a tip down", status: 403, code: "not_desk", reply: try await station.ask("POST", "/api/v1/tips", as: officer, body: "{\"zone\":\"dongyuan\",\"category\":\"fire\",\"text\":\"t\"}")),
            Case(what: "other zone: patrol looks", status: 404, code: "not_found", reply: try await station.ask("GET", "/api/v1/incidents/\(far)", as: patrol)),
            Case(what: "other zone: patrol claims", status: 404, code: "not_found", reply: try await station.act(patrol, far, "claim")),
            Case(what: "other zone: officer acknowledges", status: 404, code: "not_found", reply: try await station.act(elsewhere, incident, "acknowledge")),
            Case(what: "other zone: CAP", status: 404, code: "not_found", reply: try await station.ask("GET", "/api/v1/incidents/\(far)/cap", as: officer)),
            Case(what: "no CSRF token", status: 403, code: "csrf_token", reply: try await station.ask("POST", path + "/acknowledge", cookie, body: "{}")),
            Case(what: "wrong CSRF token", status: 403, code: "csrf_token", reply: try await station.ask("POST", path + "/acknowledge", with(["X-CSRF-Token": String(repeating: "0", count: 64)]), body: "{}")),
            Case(what: "foreign Origin", status: 403, code: "foreign_origin", reply: try await station.ask("POST", path + "/acknowledge", with(["X-CSRF-Token": page.csrf, "Origin": "https://evil.example"]), body: "{}")),
            Case(what: "foreign Origin of another port", status: 403, code: "foreign_origin", reply: try await station.ask("POST", path + "/acknowledge", with(["X-CSRF-Token": page.csrf, "Origin": "http://127.0.0.1:1"]), body: "{}")),
            Case(what: "another site", status: 403, code: "cross_site", reply: try await station.ask("POST", path + "/acknowledge", with(["X-CSRF-Token": page.csrf, "Sec-Fetch-Site": "cross-site"]), body: "{}")),
            Case(what: "oversize body", status: 413, code: "body_too_large", reply: try await station.ask("POST", "/api/v1/tips", as: desk, body: String(repeating: " ", count: 64 * 1_024 + 1))),
            Case(what: "body without length", status: 411, code: "length_required", reply: try await station.ask("POST", "/api/v1/tips", as: desk, ["Transfer-Encoding": "chunked", "Content-Type": "application/json"])),
            Case(what: "wrong type", status: 415, code: "not_json", reply: try await station.ask("POST", "/api/v1/tips", as: desk, ["Content-Type": "text/plain"], body: "{}")),
            Case(what: "no JSON", status: 400, code: "bad_json", reply: try await station.ask("POST", "/api/v1/tips", as: desk, body: "{")),
            Case(what: "missing field", status: 400, code: "missing_field", reply: try await station.ask("POST", "/api/v1/tips", as: desk, body: "{\"zone\":\"dongyuan\"}")),
            Case(what: "field of another type", status: 400, code: "wrong_type", reply: try await station.ask("POST", "/api/v1/tips", as: desk, body: "{\"zone\":7,\"category\":\"fire\",\"text\":\"t\"}")),
            Case(what: "text beyond the limit", status: 422, code: "too_large", reply: try await station.ask("POST", "/api/v1/tips", as: desk, body: "{\"zone\":\"dongyuan\",\"category\":\"fire\",\"text\":\"\(String(repeating: "x", count: 4_001))\"}")),
            Case(what: "unknown zone", status: 422, code: "invalid_field", reply: try await station.ask("POST", "/api/v1/tips", as: desk, body: "{\"zone\":\"nowhere\",\"category\":\"fire\",\"text\":\"t\"}")),
            Case(what: "unknown category", status: 422, code: "unknown_category", reply: try await station.ask("POST", "/api/v1/tips", as: desk, body: "{\"zone\":\"dongyuan\",\"category\":\"ufo\",\"text\":\"t\"}")),
            Case(what: "unknown filter", status: 422, code: "invalid_field", reply: try await station.ask("GET", "/api/v1/incidents?zones=dongyuan", as: desk)),
            Case(what: "limit beyond", status: 422, code: "invalid_field", reply: try await station.ask("GET", "/api/v1/incidents?limit=1001", as: desk)),
            Case(what: "unknown action", status: 404, code: "unknown_action", reply: try await station.act(desk, incident, "explode")),
            Case(what: "unknown incident", status: 404, code: "not_found", reply: try await station.ask("GET", "/api/v1/incidents/9223372036854775807", as: desk)),
            Case(what: "no number", status: 404, code: "not_found", reply: try await station.ask("GET", "/api/v1/incidents/99999999999999999999", as: desk)),
            Case(what: "unknown path", status: 404, code: "not_found", reply: try await station.ask("GET", "/api/v1/nothing", as: desk)),
            Case(what: "other method", status: 405, code: "method_not_allowed", reply: try await station.ask("DELETE", path, as: desk)),
            Case(what: "other method of a longer path", status: 405, code: "method_not_allowed", reply: try await station.ask("POST", path + "/cap", as: desk, body: "{}")),
            Case(what: "illegal step", status: 409, code: "illegal_step", reply: try await station.act(desk, incident, "reopen", "{\"reason\":\"r\"}")),
            Case(what: "no reason", status: 422, code: "invalid_field", reply: try await station.act(desk, incident, "regrade", "{\"level\":\"routine\"}")),
            Case(what: "photo that is none", status: 404, code: "not_found", reply: try await station.ask("GET", path + "/photos/..%2F..%2Fdaemon.key", as: desk)),
        ]
        for one in cases {
            #expect(one.reply.status == one.status && one.reply.code == one.code, "\(one.what): \(one.reply.status) \(one.reply.body)")
            #expect(one.reply.headers["x-content-type-options"] == "nosniff", "\(one.what)")
        }
        // None of it did anything.
        let detail = try await station.ask("GET", path, as: desk).json()
        #expect((detail["history"] as? [[String: Any]])?.map { $0["event"] as? String } == ["opened"])
        await station.daemon.stop()
    }

    @Test("failed tries are locked out with when to try again; the right password then works")
    func lockedOut() async throws {
        let harness = try BoardHarness()
        _ = try await harness.accounts.add(NewAccount(name: "duty", role: .desk, password: password), by: "root")
        try await harness.serve { port in
            func signIn(_ secret: String) async throws -> Reply {
                try await HTTPPeer.ask(port, "POST", "/api/v1/session", body: "{\"name\":\"duty\",\"password\":\"\(secret)\"}")
            }
            #expect(try await signIn("wrong password").code == "wrong_credentials")
            harness.time.advance(milliseconds: 1_000)
            #expect(try await signIn("wrong password").status == 401)
            let refused = try await signIn(password)
            #expect(refused.status == 429 && refused.code == "locked_out" && refused.headers["retry-after"] == "2")
            let page = try await HTTPPeer.ask(port, "POST", "/login", body: "name=duty&password=correct+horse", json: false)
            #expect(page.status == 429 && page.headers["set-cookie"] == nil && page.body.contains("请等 2 秒"))
            harness.time.advance(milliseconds: 2_000)
            #expect(try await signIn(password).status == 201)
        }
    }

    @Test("a session that has expired is none: the API says so, a page leads to the login")
    func expired() async throws {
        var limits = AccountLimits()
        limits.idleMilliseconds = 60_000
        let harness = try BoardHarness(limits: limits)
        _ = try await harness.accounts.add(NewAccount(name: "duty", role: .desk, password: password), by: "root")
        try await harness.serve { port in
            let token = try await harness.token("duty")
            #expect(try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Authorization": "Bearer \(token)"]).status == 200)
            harness.time.advance(milliseconds: 60_000)
            #expect(try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Authorization": "Bearer \(token)"]).code == "session_ended")
            let page = try await HTTPPeer.ask(port, "GET", "/password", ["Cookie": "watchpost=\(token)"])
            #expect(page.status == 303 && page.headers["location"] == "/login?next=/password")
        }
    }

    @Test("the login leads only to paths of this site")
    func openRedirect() {
        for text in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", "", "/a\r\nSet-Cookie: x", "/中"] {
            #expect(Board.localPath(text) == "/")
        }
        #expect(Board.localPath("/incidents/7?x=1") == "/incidents/7?x=1")
    }
}

import Foundation
import LocalHTTP
import Settings
import TestSupport
import Testing
import TipModel

@testable import PostAgent

/// The guard's page as a browser sees it: plain requests, without its scripts.
@Suite(.timeLimit(.minutes(2))) struct PageTests {
    /// A browser with cookies, as far as the page needs one.
    final class Browser {
        let port: Int
        var cookies: [String: String] = [:]
        var headers: [String: String] = ["Accept-Language": "zh-CN,zh;q=0.9"]

        init(port: Int) { self.port = port }

        struct Answer {
            var status: Int
            var headers: [String: String]
            var body: String
        }

        func ask(_ method: String, _ path: String, form: [String: String]? = nil, body: Data? = nil, also: [String: String] = [:]) async throws -> Answer {
            var lines = ["\(method) \(path) HTTP/1.1", "Connection: close"]
            var all = headers.merging(also) { $1 }
            if all["Host"] == nil { all["Host"] = "127.0.0.1:\(port)" }
            if !cookies.isEmpty { all["Cookie"] = cookies.map { "\($0)=\($1)" }.joined(separator: "; ") }
            var content = body ?? Data()
            if let form {
                content = Data(form.map { "\($0)=\($1.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")" }.joined(separator: "&").utf8)
                if all["Content-Type"] == nil { all["Content-Type"] = "application/x-www-form-urlencoded" }
            }
            if method == "POST" { all["Content-Length"] = "\(content.count)" }
            lines += all.map { "\($0): \($1)" }
            let raw = try await RawHTTP.exchange(port: port, Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + content)
            let answer = try Self.parse(raw)
            for cookie in answer.cookies {
                let parts = cookie.split(separator: ";")[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                cookies[String(parts[0])] = parts.count > 1 && !parts[1].isEmpty ? String(parts[1]) : nil
            }
            return answer.answer
        }

        private static func parse(_ raw: Data) throws -> (answer: Answer, cookies: [String]) {
            let text = String(decoding: raw, as: UTF8.self)
            let split = try #require(text.range(of: "\r\n\r\n"))
            let head = text[..<split.lowerBound].components(separatedBy: "\r\n")
            var headers: [String: String] = [:]
            var cookies: [String] = []
            for line in head.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                let (name, value) = (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
                if name == "set-cookie" { cookies.append(value) }
                headers[name] = value
            }
            let status = Int(head[0].split(separator: " ")[1]) ?? 0
            return (Answer(status: status, headers: headers, body: String(text[split.upperBound...])), cookies)
        }

        /// The value of a hidden field of the last page's form.
        static func field(_ name: String, in page: String, after mark: String = "id=\"say\"") -> String {
            guard let form = page.range(of: mark), let found = page.range(of: "name=\"\(name)\" value=\"", range: form.upperBound..<page.endIndex),
                let end = page.range(of: "\"", range: found.upperBound..<page.endIndex)
            else { return "" }
            return String(page[found.upperBound..<end.lowerBound])
        }
    }

    static func signedIn(_ agent: DoorTests.Running) async throws -> (Browser, page: String) {
        let link: PageLink = try await agent.unix.requestJSON(method: "POST", path: "/v1/page/links")
        let code = try #require(link.local?.split(separator: "=").last.map(String.init))
        let browser = Browser(port: agent.port)
        let opened = try await browser.ask("POST", "/open", form: ["code": code])
        #expect(opened.status == 303 && opened.headers["location"] == "/")
        let cookie = try #require(opened.headers["set-cookie"])
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/") && !cookie.contains("Secure"))
        return (browser, try await browser.ask("GET", "/").body)
    }

    @Test func aTipByPlainForms() async throws {
        try await DoorTests.withAgent { agent in
            let (browser, page) = try await Self.signedIn(agent)
            #expect(page.contains("可疑人员") && page.contains("一键报警") && page.contains("还没有上报"))
            let chosen = try await browser.ask("GET", "/?category=fire").body
            #expect(Browser.field("category", in: chosen) == "fire" && chosen.contains("冒烟"))
            let fields = [
                "csrf": Browser.field("csrf", in: chosen), "id": Browser.field("id", in: chosen), "category": "fire", "phrase": "冒烟",
                "text": "3楼 <b>&", "place": "3号楼", "drill": "", "latitude": "30.1", "longitude": "125.2", "accuracy": "12",
            ]
            let sent = try await browser.ask("POST", "/page/tips", form: fields)
            #expect(sent.status == 303 && sent.headers["location"]?.hasSuffix("#reports") == true)
            // Pressed twice, the same form is one tip.
            _ = try await browser.ask("POST", "/page/tips", form: fields)
            let after = try await browser.ask("GET", "/").body
            #expect(after.components(separatedBy: "<li class=\"report ").count == 2)
            #expect(after.contains("冒烟，3楼 &lt;b&gt;&amp;") && after.contains("已存在本机") && !after.contains("<b>&"))
            let recent: RecentTips = try await agent.unix.requestJSON(method: "GET", path: "/v1/tips?recent=5")
            #expect(recent.tips.map(\.category) == ["fire"] && recent.tips.first?.text == "冒烟，3楼 <b>&")
        }
    }

    @Test func theLanguageIsTheBrowsersThenTheGuards() async throws {
        try await DoorTests.withAgent { agent in
            let (browser, _) = try await Self.signedIn(agent)
            browser.headers["Accept-Language"] = "en-GB,en"
            #expect(try await browser.ask("GET", "/").body.contains("Suspicious person"))
            #expect(try await browser.ask("GET", "/?lang=zh").body.contains("可疑人员"))
            #expect(try await browser.ask("GET", "/").body.contains("lang=\"zh-CN\""))
        }
    }

    @Test func panicAndDrillByPlainForms() async throws {
        try await DoorTests.withAgent { agent in
            let (browser, _) = try await Self.signedIn(agent)
            let question = try await browser.ask("GET", "/panic").body
            let fields = [
                "csrf": Browser.field("csrf", in: question, after: "<form"), "id": Browser.field("id", in: question, after: "<form"), "drill": "",
            ]
            #expect(try await browser.ask("POST", "/page/panic", form: fields).status == 303)
            let csrf = fields["csrf"] ?? ""
            #expect(try await browser.ask("POST", "/page/drill", form: ["csrf": csrf, "on": "1"]).status == 303)
            let drill = try await browser.ask("GET", "/?category=theft").body
            #expect(drill.contains("class=\"drill\"") && drill.contains("演练中"))
            let until = Browser.field("drill", in: drill)
            #expect(Int64(until) != nil)
            var tip = ["csrf": csrf, "id": Browser.field("id", in: drill), "category": "theft", "drill": until]
            #expect(try await browser.ask("POST", "/page/tips", form: tip).status == 303)
            // A page that was left open past the drill's end sends nothing, and says so.
            tip["drill"] = "1000"
            tip["text"] = "真的"
            let over = try await browser.ask("POST", "/page/tips", form: tip)
            #expect(over.status == 409 && over.body.contains("演练已自动结束") && over.body.contains("真的"))
            let recent: RecentTips = try await agent.unix.requestJSON(method: "GET", path: "/v1/tips?recent=5")
            #expect(recent.tips.map(\.drill) == [true, false] && recent.tips.map(\.panic) == [false, true])
            #expect(recent.tips.last?.category == "other")
        }
    }

    /// What is asked, and what comes of it.
    @Test func refusedRequests() async throws {
        try await DoorTests.withAgent { agent in
            let stranger = Browser(port: agent.port)
            let closed = try await stranger.ask("GET", "/")
            #expect(closed.status == 200 && !closed.body.contains("一键报警") && closed.body.contains("watchpost agent-page"))
            #expect(try await stranger.ask("GET", "/page/reports").status == 401)
            #expect(try await stranger.ask("GET", "/page/events").status == 401)
            #expect(try await stranger.ask("POST", "/page/tips", form: ["category": "fire"]).status == 303)
            #expect(try await stranger.ask("POST", "/page/tips", form: [:], also: ["Accept": "application/json"]).status == 401)
            #expect(try await stranger.ask("POST", "/page/photos", body: Data([0xFF, 0xD8, 0xFF])).status == 401)
            #expect(try await stranger.ask("POST", "/open", form: ["code": "guess"]).status == 403)
            #expect(try await stranger.ask("POST", "/open", form: ["pin": "12345678"]).status == 403)
            // The programs' door keeps its token; a session of the page does not open it.
            #expect(try await stranger.ask("GET", "/v1/status").status == 401)

            let (browser, page) = try await Self.signedIn(agent)
            #expect(try await browser.ask("GET", "/v1/status").status == 401)
            let csrf = Browser.field("csrf", in: page)
            let fields = ["csrf": csrf, "category": "fire", "id": Browser.field("id", in: page)]
            #expect(try await browser.ask("POST", "/page/tips", form: ["category": "fire"]).status == 403)
            #expect(try await browser.ask("POST", "/page/tips", form: fields.merging(["csrf": "0000"]) { $1 }).status == 403)
            #expect(try await browser.ask("POST", "/page/tips", form: fields, also: ["Origin": "http://evil.example"]).status == 403)
            #expect(try await browser.ask("POST", "/page/tips", form: fields, also: ["Sec-Fetch-Site": "cross-site"]).status == 403)
            #expect(try await browser.ask("GET", "/", also: ["Host": "evil.example"]).status == 421)
            #expect(try await browser.ask("POST", "/page/tips", form: fields, also: ["Content-Type": "text/plain"]).status == 415)
            #expect(try await browser.ask("POST", "/page/tips", form: fields.merging(["category": ""]) { $1 }).status == 422)
            let long = try await browser.ask("POST", "/page/tips", form: fields.merging(["text": String(repeating: "长", count: 1_400)]) { $1 })
            #expect(long.status == 422 && long.body.contains("内容太长"))
            let photo = Data([0xFF, 0xD8, 0xFF, 0xE0])
            #expect(try await browser.ask("POST", "/page/photos", body: photo).status == 403)
            #expect(try await browser.ask("POST", "/page/photos", body: photo, also: ["X-CSRF-Token": csrf]).status == 201)
            #expect(try await browser.ask("POST", "/page/photos", body: Data("GIF89a".utf8), also: ["X-CSRF-Token": csrf]).status == 415)
            #expect(try await browser.ask("POST", "/page/handled", form: ["csrf": csrf, "incident": "x"]).status == 422)
            #expect(try await browser.ask("POST", "/page/handled", form: ["csrf": csrf, "incident": "1"]).status == 503)
            #expect(try await browser.ask("GET", "/page/nothing.js").status == 404)

            #expect(try await browser.ask("POST", "/page/close", form: ["csrf": csrf]).status == 303)
            #expect(browser.cookies[GuardPage.sessionCookie] == nil)
            #expect(try await agent.status().spool.depth == 0)
        }
    }

    @Test func everyAnswerKeepsTheBrowserToItself() async throws {
        try await DoorTests.withAgent { agent in
            let (browser, page) = try await Self.signedIn(agent)
            let answer = try await browser.ask("GET", "/")
            #expect(answer.headers["content-security-policy"] == PageGuard.policy && answer.headers["cache-control"] == "no-store")
            #expect(answer.headers["x-content-type-options"] == "nosniff" && answer.headers["referrer-policy"] == "same-origin")
            #expect(!page.contains("<script>") && !page.contains("style=\"") && !page.contains("onclick"))
            for name in PageAssets.files.keys {
                let file = try await browser.ask("GET", PageAssets.url(name))
                #expect(file.status == 200 && file.headers["cache-control"]?.contains("immutable") == true)
            }
        }
    }
}

/// What opens a page, by itself.
@Suite struct PageSessionTests {
    @Test func wrongPinsCostTimeAndNeverLockForGood() {
        var tries = PinTries()
        var now: Int64 = 0
        for _ in 0..<3 { #expect(tries.attempt(isRight: false, at: now) == .wrong) }
        #expect(tries.attempt(isRight: true, at: now) == .wait(1_000))
        now = 1_000
        #expect(tries.attempt(isRight: false, at: now) == .wrong)
        #expect(tries.attempt(isRight: true, at: now + 1_999) == .wait(1))
        for _ in 0..<40 {
            now += PinTries.longest
            #expect(tries.attempt(isRight: false, at: now) == .wrong)
        }
        #expect(tries.attempt(isRight: true, at: now) == .wait(PinTries.longest))
        #expect(tries.attempt(isRight: true, at: now + PinTries.longest) == .right)
        #expect(tries.attempt(isRight: false, at: now + PinTries.longest) == .wrong)
    }

    @Test func sessionsEndAndAreBounded() async throws {
        let folder = try TemporaryDirectory()
        let spool = try Spool.open(folder)
        defer { spool.close() }
        let time = ManualTime()
        let sessions = PageSessions(spool: spool, time: time, pin: "12345678")
        let token = try await sessions.open()
        #expect(try await sessions.session(token) != nil)
        #expect(try await sessions.session("other") == nil)
        #expect(try await sessions.session(nil) == nil)
        time.advance(milliseconds: PageSessions.idleTime - 1)
        #expect(try await sessions.session(token) != nil)
        time.advance(milliseconds: PageSessions.idleTime)
        #expect(try await sessions.session(token) == nil)

        let code = sessions.makeCode()
        time.advance(milliseconds: PageSessions.codeTime)
        #expect(!sessions.take(code: code))
        let other = sessions.makeCode()
        #expect(sessions.take(code: other) && !sessions.take(code: other))

        var first = ""
        for index in 0..<PageSessions.sessionBound + 1 {
            time.advance(milliseconds: 1)
            let token = try await sessions.open()
            if index == 0 { first = token }
        }
        #expect(try await sessions.session(first) == nil)
    }

    @Test func stepsSayWhatHasBeenAndWhatIsNow() {
        let at = ManualTime.night
        var tip = RecentTip(
            id: TipID(high: 1, low: 1), category: "fire", text: "", place: "", panic: false, drill: false, photos: 0, at: at,
            record: .spooled(number: 1, isExpress: false))
        #expect(PageStep.line(tip, .zh).map(\.state) == [.now, .todo, .todo, .todo, .todo, .todo, .todo])
        tip.record = .accepted(number: 1, receipt(tip.id), at: at)
        #expect(PageStep.line(tip, .zh).map(\.state) == [.done, .now, .todo, .todo, .todo, .todo, .todo])
        tip.progress = ProgressTests.item(1, [tip.id], 5, .enRoute)
        tip.progress?.progress.enRouteAt = at
        // Nobody said that it was seen: that step is left out, not claimed.
        #expect(PageStep.line(tip, .zh).map(\.state) == [.done, .done, .todo, .done, .now, .todo, .todo])
        tip.progress?.progress.phase = .cleared
        tip.progress?.progress.clearedAt = at
        #expect(PageStep.line(tip, .zh).last?.state == .done)
    }
}

import Hummingbird
import LocalHTTP
import NIOCore
import Settings
import TipModel

/// The guard's page: HTML from the agent itself, so that it works while the daemon is away. Plain forms do everything;
/// the scripts of Sources/PostAgent/Web make it quicker.
struct GuardPage: Sendable {
    static let sessionCookie = "watchpost_post"
    static let languageCookie = "watchpost_lang"
    static let drillCookie = "watchpost_drill"
    /// A drill ends by itself after this time, in milliseconds.
    static let drillTime: Int64 = 600_000

    let door: Door
    let sessions: PageSessions
    let view: PageView

    /// Adds the page's routes with their own guard: a session instead of the token that programs carry.
    func add(to router: Router<PeerRequestContext>) {
        let pages = router.group()
        pages.add(middleware: PageGuard())
        pages.get("/") { request, context in try await main(request, context) }
        pages.get("/open") { request, context in opening(request, context) }
        pages.post("/open") { request, context in try await open(request, context) }
        pages.get("/panic") { request, context in try await panicQuestion(request, context) }
        pages.post("/page/tips") { request, context in try await acting(request, context) { try await submit($0) } }
        pages.post("/page/panic") { request, context in try await acting(request, context) { try await panic($0) } }
        pages.post("/page/handled") { request, context in try await acting(request, context) { try await handled($0) } }
        pages.post("/page/drill") { request, context in try await acting(request, context) { drill($0) } }
        pages.post("/page/close") { request, context in try await acting(request, context) { try await close($0) } }
        pages.post("/page/photos") { request, _ in try await photo(request) }
        pages.get("/page/reports") { request, _ in try await reports(request) }
        pages.get("/page/events") { request, context in
            _ = try await session(request)
            return try door.events(context)
        }
        pages.get("/page/{file}") { _, context in try asset(context) }
    }

    // MARK: - Pages

    private func main(_ request: Request, _ context: PeerRequestContext) async throws -> Response {
        guard let session = try await known(request) else { return opening(request, context) }
        let say = language(request)
        var draft = PageDraft()
        draft.category = request.uri.queryParameters["category"].map(String.init) ?? ""
        var notice: String?
        if let sent = request.uri.queryParameters["sent"].flatMap({ TipID(String($0)) }) {
            let record = try? await door.spool.record(of: sent)
            if case .accepted? = record {
                notice = say("值班台已收到。", "The station has it.")
            } else if record != nil {
                notice = say("已存在本机，正在送值班台。", "Kept here, on its way to the station.")
            }
        }
        var response = try await main(request, session, draft, notice: notice, isRefusal: false)
        if let chosen = PageLanguage(request.uri.queryParameters["lang"].map(String.init)) {
            response.setCookie(cookie(Self.languageCookie, chosen.rawValue, age: 31_536_000, context))
        }
        return response
    }

    /// - Parameter status: of the answer, where it tells of a refusal.
    func main(
        _ request: Request, _ session: PageSessions.Session, _ draft: PageDraft, notice: String?, isRefusal: Bool,
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let tips = try await recent()
        return html(
            status,
            view.main(
                language(request),
                PageView.Main(
                    csrf: session.csrf, id: door.newID(), panicID: door.newID(), drillUntil: drillUntil(request), draft: draft,
                    notice: notice, isRefusal: isRefusal, tips: tips, link: door.board.link, counts: door.spool.counts,
                    now: door.clock.time.now())))
    }

    private func reports(_ request: Request) async throws -> Response {
        let session = try await session(request)
        return html(
            .ok,
            view.reports(
                language(request), try await recent(), door.board.link, door.spool.counts, door.clock.time.now(), csrf: session.csrf))
    }

    private func recent() async throws(JSONRefusal) -> [RecentTip] {
        do throws(SpoolError) { return try await door.spool.recent(Door.recentTips.upperBound) } catch { throw Door.refusal(error) }
    }

    private func panicQuestion(_ request: Request, _ context: PeerRequestContext) async throws -> Response {
        guard let session = try await known(request) else { return opening(request, context) }
        return html(
            .ok, view.panicQuestion(language(request), csrf: session.csrf, id: door.newID(), drillUntil: drillUntil(request)))
    }

    private func asset(_ context: PeerRequestContext) throws(JSONRefusal) -> Response {
        guard let name = context.parameters.get("file"), let asset = PageAssets.files[name] else {
            throw JSONRefusal(.notFound, code: "not_found", message: "there is no such file")
        }
        return Response(
            status: .ok, headers: [.contentType: asset.type, .cacheControl: "max-age=31536000, immutable"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes)))
    }

    // MARK: - Sessions

    private func opening(_ request: Request, _ context: PeerRequestContext) -> Response {
        let code = request.uri.queryParameters["code"].map(String.init)
        return opening(request, context, .ok, code: code.flatMap { $0.utf8.count <= 64 ? $0 : nil }, notice: nil)
    }

    private func opening(
        _ request: Request, _ context: PeerRequestContext, _ status: HTTPResponse.Status, code: String?, notice: String?
    ) -> Response {
        html(status, view.opening(language(request), isRemote: context.isSecure, code: code, notice: notice))
    }

    private func open(_ request: Request, _ context: PeerRequestContext) async throws -> Response {
        let form = try await FormFields(request)
        let say = language(request)
        func refused(_ status: HTTPResponse.Status, _ code: String) -> Response {
            let words = PageTexts.refusal(code, telephone: view.settings.telephone, say)
            return opening(request, context, status, code: nil, notice: words)
        }
        if context.isSecure, let pin = form["pin"] {
            switch sessions.check(pin: pin) {
            case .right: break
            case .wrong: return refused(.forbidden, "wrong_pin")
            case .wait(let milliseconds):
                var response = refused(.tooManyRequests, "wait")
                response.headers[.retryAfter] = "\(milliseconds / 1_000 + 1)"
                return response
            }
        } else if !sessions.take(code: form["code"] ?? "") {
            return refused(.forbidden, "wrong_code")
        }
        let token: String
        do throws(SpoolError) { token = try await sessions.open() } catch { throw Door.refusal(error) }
        var response = redirect("/")
        response.setCookie(cookie(Self.sessionCookie, token, age: Int(PageSessions.longestTime / 1_000), context))
        return response
    }

    /// - Throws: 401 without a session.
    func session(_ request: Request) async throws(JSONRefusal) -> PageSessions.Session {
        guard let session = try await known(request) else { throw Self.noSession }
        return session
    }

    static let noSession = JSONRefusal(
        .unauthorized, code: "no_session", message: "open the page again: the session has ended")

    /// Nil without a session.
    func known(_ request: Request) async throws(JSONRefusal) -> PageSessions.Session? {
        do throws(SpoolError) {
            return try await sessions.session(request.cookies[Self.sessionCookie]?.value)
        } catch {
            throw Door.refusal(error)
        }
    }

    private func close(_ act: PageAct) async throws -> Response {
        if let token = act.request.cookies[Self.sessionCookie]?.value {
            do throws(SpoolError) { try await sessions.end(token) } catch { throw Door.refusal(error) }
        }
        var response = redirect("/")
        response.setCookie(cookie(Self.sessionCookie, "", age: 0, act.context))
        return response
    }

    // MARK: - Parts

    func language(_ request: Request) -> PageLanguage {
        PageLanguage(request.uri.queryParameters["lang"].map(String.init))
            ?? PageLanguage(request.cookies[Self.languageCookie]?.value)
            ?? PageLanguage(accepted: request.headers[.acceptLanguage])
    }

    /// Until when this browser is in a drill; nil where it is not.
    func drillUntil(_ request: Request) -> Timestamp? {
        guard let until = request.cookies[Self.drillCookie].flatMap({ Int64($0.value) }) else { return nil }
        let left = Timestamp(milliseconds: until).milliseconds(since: door.clock.time.now())
        return left > 0 && left <= Self.drillTime ? Timestamp(milliseconds: until) : nil
    }

    private func drill(_ act: PageAct) -> Response {
        let isOn = act.form["on"] == "1"
        let until = door.clock.time.now().advanced(byMilliseconds: Self.drillTime)
        var response = redirect("/")
        response.setCookie(
            cookie(Self.drillCookie, isOn ? "\(until.milliseconds)" : "", age: isOn ? Int(Self.drillTime / 1_000) : 0, act.context))
        return response
    }

    func cookie(_ name: String, _ value: String, age: Int, _ context: PeerRequestContext) -> Cookie {
        Cookie(name: name, value: value, maxAge: age, path: "/", secure: context.isSecure, httpOnly: true, sameSite: .strict)
    }

    func redirect(_ path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }

    func html(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

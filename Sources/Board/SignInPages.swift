import Accounts
import Hummingbird
import LocalHTTP
import Localization
import TipModel

// The pages of somebody who is not signed in yet, and of one's own password. Plain forms that work without a script; the style
// comes from the pages' style sheet.

extension Board {
    func addSignInPages(to group: RouterGroup<BoardContext>) {
        group.get("/login") { request, context in
            let next = Self.localPath(request.uri.queryParameters["next"].map(String.init))
            return signInPage(.ok, context, next: next, message: nil)
        }
        group.post("/login") { request, context in try await signIn(request, context) }
        group.post("/logout") { _, context in
            if let token = context.token { try await answered { () async throws(AccountError) in try await accounts.signOut(token) } }
            var response = seeOther("/login")
            response.headers[.setCookie] = cookie("", isSecure: context.peer.isSecure, seconds: 0)
            return response
        }
        group.get("/first") { request, context in
            let token = request.uri.queryParameters["token"].map(String.init) ?? ""
            guard try await answered({ () async throws(AccountError) in try await accounts.isFirstLink(token) }) else {
                throw JSONRefusal(.gone, code: "link_invalid", message: "this link was used or has expired")
            }
            return firstPage(.ok, context, token: token, message: nil)
        }
        group.post("/first") { request, context in try await makeFirst(request, context) }
        group.get("/password") { _, context in passwordPage(.ok, context, try context.requireUser(), message: nil) }
        group.post("/password") { request, context in try await changePassword(request, context) }
        group.post("/language") { request, context in
            let form = try await FormFields(request)
            guard let language = form["language"].flatMap({ Language(tag: $0) }) else { throw invalid("language", "one of zh-CN, en") }
            var response = seeOther(Self.localPath(form["next"]))
            response.headers[.setCookie] =
                "\(SessionGuard.languageCookie)=\(language.rawValue); Path=/; Max-Age=31536000; SameSite=Strict" + (context.peer.isSecure ? "; Secure" : "")
            return response
        }
    }

    /// Where to go after a form: a path of this site and nothing else, so that nobody is led away.
    static func localPath(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), text.utf8.count <= 512,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return "/" }
        return text
    }

    private func signIn(_ request: Request, _ context: BoardContext) async throws -> Response {
        let form = try await FormFields(request)
        let next = Self.localPath(form["next"])
        do throws(AccountError) {
            let opened = try await accounts.signIn(
                name: form["name"] ?? "", password: form["password"] ?? "", address: context.peer.remoteAddress)
            return entered(opened, context, next: next == "/" && opened.account.role == .patrol ? "/patrol" : next)
        } catch {
            let refusal = JSONRefusal(error)
            var response = signInPage(refusal.status, context, next: next, message: Self.words(error, context.language))
            if let seconds = refusal.retryAfterSeconds { response.headers[.retryAfter] = "\(seconds)" }
            return response
        }
    }

    private func entered(_ opened: OpenedSession, _ context: BoardContext, next: String) -> Response {
        var response = seeOther(next)
        response.headers[.setCookie] = cookie(
            opened.token.text, isSecure: context.peer.isSecure, seconds: accounts.sessionSeconds)
        return response
    }

    private func makeFirst(_ request: Request, _ context: BoardContext) async throws -> Response {
        let form = try await FormFields(request)
        let token = form["token"] ?? ""
        guard form["password"] == form["again"] else {
            let message = context.language == .zh ? "两次输入的密码不一致" : "the two passwords differ"
            return firstPage(.unprocessableContent, context, token: token, message: message)
        }
        do throws(AccountError) {
            let opened = try await accounts.redeem(
                token, name: form["name"] ?? "", password: form["password"] ?? "", address: context.peer.remoteAddress)
            return entered(opened, context, next: "/")
        } catch {
            guard error.code == .invalidField || error.code == .busy else { throw JSONRefusal(error) }
            return firstPage(JSONRefusal(error).status, context, token: token, message: Self.words(error, context.language))
        }
    }

    private func changePassword(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let form = try await FormFields(request)
        guard form["password"] == form["again"] else {
            let message = context.language == .zh ? "两次输入的密码不一致" : "the two passwords differ"
            return passwordPage(.unprocessableContent, context, user, message: message)
        }
        do throws(AccountError) {
            try await accounts.changePassword(
                user.name, from: form["old_password"] ?? "", to: form["password"] ?? "", address: context.peer.remoteAddress,
                keeping: context.token)
        } catch {
            return passwordPage(JSONRefusal(error).status, context, user, message: Self.words(error, context.language))
        }
        return seeOther("/")
    }

    /// A refusal in the user's language.
    static func words(_ error: AccountError, _ language: Language) -> String {
        guard language == .zh else { return error.message }
        let seconds = (error.retryAfterMilliseconds + 999) / 1_000
        return switch error.code {
        case .wrongCredentials: error.field == nil ? "用户名或密码不对" : "原密码不对"
        case .lockedOut: "尝试次数过多，请等 \(seconds) 秒再试"
        case .busy: "此刻登录的人太多，请稍后再试"
        case .invalidField where error.field == "password": "密码至少 \(PasswordRules.leastCharacters) 个字符，最多 \(PasswordRules.mostBytes) 字节"
        case .invalidField: "用户名为 1–32 个 a–z、0–9 或 -"
        case .linkInvalid: "链接已用过或已过期"
        case .conflict: "已有同名用户"
        case .lastAdmin: "最后一名管理员不能停用"
        case .notFound: "没有这个用户"
        case .inputOutput: "无法读写账户，请看守护进程的日志"
        }
    }
}

// MARK: - The forms

private func field(_ label: String, _ name: String, type: String, autocomplete: String, more: String = "") -> String {
    "<p><label for=\"\(name)\">\(escaped(label))</label> <input id=\"\(name)\" name=\"\(name)\" type=\"\(type)\" autocomplete=\"\(autocomplete)\" required\(more)></p>"
}

private func hidden(_ name: String, _ value: String) -> String { "<input type=\"hidden\" name=\"\(name)\" value=\"\(escaped(value))\">" }

private func alert(_ message: String?) -> String { message.map { "<p role=\"alert\" class=\"alert\">\(escaped($0))</p>" } ?? "" }

/// A page around plain content, for what needs no template of its own.
/// - Parameter path: where it can be loaded again, in another language; "" where it cannot.
func plainPage(
    _ status: HTTPResponse.Status, _ language: Language, title: String, path: String = "", theme: String = "", _ body: String
) -> Response {
    let words = Words(language)
    var frame = Frame(title: title, path: path, words: words, theme: theme, user: nil)
    frame.canSwitch = !path.isEmpty
    return pageResponse(status, Templates.render("plain", frame: frame, page: ["title": title, "content": body], words: words))
}

private let leastPassword = " minlength=\"\(PasswordRules.leastCharacters)\""

private func signInPage(_ status: HTTPResponse.Status, _ context: BoardContext, next: String, message: String?) -> Response {
    let isChinese = context.language == .zh
    return plainPage(
        status, context.language, title: isChinese ? "登录" : "Sign in",
        path: "/login" + (next == "/" ? "" : "?next=" + queryEncoded(next)), theme: context.theme,
        """
        \(alert(message))
        <form method="post" action="/login">
        \(hidden("next", next))
        \(field(isChinese ? "用户名" : "Name", "name", type: "text", autocomplete: "username", more: " autocapitalize=\"none\""))
        \(field(isChinese ? "密码" : "Password", "password", type: "password", autocomplete: "current-password"))
        <p><button type="submit">\(isChinese ? "登录" : "Sign in")</button></p>
        </form>
        """)
}

private func firstPage(_ status: HTTPResponse.Status, _ context: BoardContext, token: String, message: String?) -> Response {
    let isChinese = context.language == .zh
    return plainPage(
        status, context.language, title: isChinese ? "第一名管理员" : "The first admin", theme: context.theme,
        """
        <p>\(isChinese ? "此链接只能用一次。其他用户由管理员添加。" : "This link works once. An admin adds the other users.")</p>
        \(alert(message))
        <form method="post" action="/first">
        \(hidden("token", token))
        \(field(isChinese ? "用户名" : "Name", "name", type: "text", autocomplete: "username", more: " autocapitalize=\"none\""))
        \(field(isChinese ? "密码（至少 10 个字符）" : "Password (10 characters or more)", "password", type: "password", autocomplete: "new-password", more: leastPassword))
        \(field(isChinese ? "再输一次" : "Once more", "again", type: "password", autocomplete: "new-password", more: leastPassword))
        <p><button type="submit">\(isChinese ? "创建并登录" : "Create and sign in")</button></p>
        </form>
        """)
}

private func passwordPage(_ status: HTTPResponse.Status, _ context: BoardContext, _ user: BoardUser, message: String?) -> Response {
    let isChinese = context.language == .zh
    return plainPage(
        status, context.language, title: isChinese ? "修改密码" : "Change the password",
        path: "/password", theme: context.theme,
        """
        <p>\(isChinese ? "修改后，其他设备上的登录即失效。" : "Your sessions on other devices end.")</p>
        \(alert(message))
        <form method="post" action="/password">
        \(hidden("csrf", user.csrfToken))
        <input type="hidden" name="username" value="\(escaped(user.name))" autocomplete="username">
        \(field(isChinese ? "原密码" : "Old password", "old_password", type: "password", autocomplete: "current-password"))
        \(field(isChinese ? "新密码（至少 10 个字符）" : "New password (10 characters or more)", "password", type: "password", autocomplete: "new-password", more: leastPassword))
        \(field(isChinese ? "再输一次" : "Once more", "again", type: "password", autocomplete: "new-password", more: leastPassword))
        <p><button type="submit">\(isChinese ? "修改" : "Change")</button></p>
        </form>
        """)
}

/// What a page shows instead of itself.
func errorPage(_ refusal: JSONRefusal, _ preferences: Preferences) -> Response {
    let isChinese = preferences.language == .zh
    let title =
        switch refusal.status {
        case .notFound: isChinese ? "没有找到" : "Not found"
        case .forbidden: isChinese ? "没有权限" : "Not allowed"
        case .gone: isChinese ? "链接已失效" : "The link is over"
        case .conflict: isChinese ? "现在不能这样做" : "Not possible now"
        case .serviceUnavailable: isChinese ? "暂时不可用，请稍后再试" : "Not available; try again"
        default: isChinese ? "请求有误" : "The request is wrong"
        }
    return plainPage(
        refusal.status, preferences.language, title: title, theme: preferences.theme,
        "<p>\(escaped(refusal.error.message))</p>\n<p><a href=\"/\">\(isChinese ? "返回" : "Back")</a></p>")
}

import HTTPTypes
import Hummingbird
import LocalHTTP
import Localization
import NIOCore
import TipModel

extension Board {
    /// The pages of the people who are signed in. The session is checked before a handler runs, and so is the CSRF token of
    /// every POST.
    func addPages(to group: RouterGroup<BoardContext>) {
        addAssets(to: group)
        addPreferences(to: group)
        addUserPages(to: group)
        addStatistics(to: group)
        group.get("/") { request, context in try await desk(request, context.requireUser()) }
        group.get("/patrol") { request, context in try await patrol(request, context.requireUser()) }
        group.get("/handover") { request, context in try await handover(request, context.requireUser()) }
        group.get("/incidents/{id}") { request, context in try await incident(request, context.requireUser(), context.parameters.get("id")) }
        group.get("/incidents/{id}/photos/{hash}") { _, context in
            try await photo(context.requireUser(), context.parameters.get("id"), context.parameters.get("hash"))
        }
        group.post("/incidents/{id}/{action}") { request, context in
            try await act(
                request, context.requireUser(), context.parameters.get("id"), action: context.parameters.get("action") ?? "")
        }
    }

    // MARK: Showing

    private func desk(_ request: Request, _ user: BoardUser) async throws -> Response {
        // A patrol's own page is made for its phone.
        if user.unit != nil { return seeOther("/patrol") }
        let query = request.uri.queryParameters
        let filter = BoardFilter(query.map { ($0.key, $0.value) })
        if query.get("part") == "live" {
            let words = Words(Preferences(request).language)
            let key = PartCache.Key(sight: user.sight, language: words.language.rawValue, address: filter.address(from: filter.from))
            let part = try await parts.part(key, wanted: query.get("wanted").flatMap { SequenceNumber($0) } ?? 0) {
                let overview = try await answered { () throws(Rejection) in try await ports.overview(user) }
                let scope = PageScope(overview, user: user, words: words)
                // Nothing in it is of one user alone: no token, no name.
                var frame = Frame(title: "", path: key.address, words: words, theme: "", user: nil)
                frame.follow(scope, part: key.address)
                let html = Templates.render("desk-part", frame: frame, page: DeskPage(scope, filter: filter), words: words)
                return PartCache.Part(html: html, sequence: overview.sequence)
            }
            return pageResponse(.ok, part.html)
        }
        return try await live(request, user, title: .board, template: "desk", path: filter.address(from: filter.from)) { scope in
            DeskPage(scope, filter: filter)
        }
    }

    private func patrol(_ request: Request, _ user: BoardUser) async throws -> Response {
        try await live(request, user, title: .patrol, template: "patrol", path: "/patrol", bodyClass: "patrol") { PatrolPage($0) }
    }

    private func handover(_ request: Request, _ user: BoardUser) async throws -> Response {
        try await still(request, user, title: .handover, template: "handover", path: "/handover") { scope in
            HandoverPage(scope, shift: Shift(request.uri.queryParameters.map { ($0.key, $0.value) }, scope.clock))
        }
    }

    private func incident(_ request: Request, _ user: BoardUser, _ text: String?) async throws -> Response {
        let id = try incidentID(text)
        let dossier = try await answered { () throws(Rejection) in try await ports.dossier(id, user) }
        return try await live(
            request, user, title: .incidentWord, detail: "#\(id.rawValue)", template: "incident", path: "/incidents/\(id.rawValue)"
        ) { scope in
            DossierPage(dossier, scope, active: user.unit.flatMap { scope.overview.active($0) })
        }
    }

    /// A page that follows what happens: whole, or with `part=live` only what changes.
    private func live(
        _ request: Request, _ user: BoardUser, title: PageText, detail: String? = nil, template: String, path: String,
        bodyClass: String = "", content: (PageScope) -> Any
    ) async throws -> Response {
        let preferences = Preferences(request)
        let overview = try await answered { () throws(Rejection) in try await ports.overview(user) }
        let words = Words(preferences.language)
        let scope = PageScope(overview, user: user, words: words)
        var frame = Frame(
            title: [words(title), detail].compactMap(\.self).joined(separator: " "), path: path, words: words,
            theme: preferences.theme, user: user)
        frame.bodyClass = bodyClass
        frame.follow(scope, part: path)
        let isPart = request.uri.queryParameters.get("part") == "live"
        return pageResponse(
            .ok, Templates.render(isPart ? template + "-part" : template, frame: frame, page: content(scope), words: words))
    }

    /// A page that stays as it is.
    func still(
        _ request: Request, _ user: BoardUser, title: PageText, template: String, path: String, content: (PageScope) -> Any
    ) async throws -> Response {
        let preferences = Preferences(request)
        let overview = try await answered { () throws(Rejection) in try await ports.overview(user) }
        let words = Words(preferences.language)
        let scope = PageScope(overview, user: user, words: words)
        let frame = Frame(title: words(title), path: path, words: words, theme: preferences.theme, user: user)
        return pageResponse(.ok, Templates.render(template, frame: frame, page: content(scope), words: words))
    }

    private func photo(_ user: BoardUser, _ text: String?, _ hash: String?) async throws -> Response {
        let id = try incidentID(text)
        let bytes = try await answered { () throws(Rejection) in try await ports.photo(hash ?? "", id, user) }
        let type = bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) ? "image/png" : "image/jpeg"
        return Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "private, no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    // MARK: Doing

    /// A script gets one line of words, a browser without it the page that it came from, or what went wrong on a page.
    private func act(_ request: Request, _ user: BoardUser, _ text: String?, action name: String) async throws -> Response {
        let id = try incidentID(text)
        let fields = try await FormFields(request)
        let words = Words(Preferences(request).language)
        let back = Self.localPath(fields["return"] ?? "/incidents/\(id.rawValue)")
        let isScript = request.headers[.requestedWith] == "watchpost"
        do throws(Rejection) {
            if name == "reveal" {
                let told = try await reveal(id, fields, user, words)
                return isScript ? line(.ok, told) : problem(request, user, words, heading: .reveal, told, back: back, status: .ok)
            }
            let action = try BoardAction(name: name, fields: fields)
            let outcome = try await ports.perform(action, id, fields["note"] ?? "", user)
            let done = words(outcome.sequence == 0 ? .doneNothing : .done, "\(id.rawValue)", words(action.label))
            return isScript ? line(.ok, done) : seeOther(back)
        } catch {
            let refusal = JSONRefusal(error)
            let said = words.refusal(error)
            return isScript
                ? line(refusal.status, said) : problem(request, user, words, heading: .refusedTitle, said, back: back, status: refusal.status)
        }
    }

    private func reveal(_ id: IncidentID, _ fields: FormFields, _ user: BoardUser, _ words: Words) async throws(Rejection) -> String {
        guard let tip = fields["tip"].flatMap({ TipID($0) }) else { throw Rejection(.invalidField, field: "tip", "missing, or no tip id") }
        let shown = try await ports.reveal(id, tip, fields["note"] ?? "", user)
        return words(.revealed, shown.reporter.isEmpty ? words(.unnamedReporter) : shown.reporter, shown.post.rawValue)
    }

    private func incidentID(_ text: String?) throws -> IncidentID {
        guard let number = text.flatMap({ UInt64($0) }) else {
            throw JSONRefusal(.notFound, code: "not_found", message: "there is no such incident")
        }
        return IncidentID(number)
    }

    private func line(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    func problem(
        _ request: Request, _ user: BoardUser?, _ words: Words, heading: PageText, _ text: String, back: String,
        status: HTTPResponse.Status
    ) -> Response {
        let frame = Frame(title: words(heading), path: back, words: words, theme: Preferences(request).theme, user: user)
        let page = ProblemPage(heading: words(heading), text: text, address: back, linkText: words(.back))
        return pageResponse(status, Templates.render("problem", frame: frame, page: page, words: words))
    }
}

/// A page that says one thing.
struct ProblemPage {
    let heading: String
    let text: String
    let address: String
    let linkText: String
}

extension HTTPField.Name {
    /// What the pages' script sets, so that it is told apart from a form.
    static let requestedWith = HTTPField.Name("X-Requested-With") ?? .userAgent
}

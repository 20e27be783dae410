import HTTPTypes
import Hummingbird
import LocalHTTP
import Settings
import TipModel
import TipWire

/// A form that somebody with a session sent.
struct PageAct: Sendable {
    var request: Request
    var context: PeerRequestContext
    var session: PageSessions.Session
    var form: FormFields
}

// What the page's forms do. A browser that runs the scripts asks for JSON; any other is sent back to the page.
extension GuardPage {
    /// Checks session and form token. A refusal is shown on the page, in the guard's language.
    func acting(
        _ request: Request, _ context: PeerRequestContext, _ body: (PageAct) async throws -> Response
    ) async throws -> Response {
        let wantsJSON = Self.wantsJSON(request)
        guard let session = try await known(request) else {
            if wantsJSON { throw Self.noSession }
            return redirect("/")
        }
        let form = try await FormFields(request)
        guard PageSessions.isEqual(form["csrf"] ?? "", session.csrf) else { throw Self.wrongToken }
        do {
            return try await body(PageAct(request: request, context: context, session: session, form: form))
        } catch let refusal as JSONRefusal {
            let words = PageTexts.refusal(refusal.error.code, telephone: view.settings.telephone, language(request)) ?? refusal.error.message
            guard !wantsJSON else {
                throw JSONRefusal(refusal.status, code: refusal.error.code, message: words, field: refusal.error.field)
            }
            return try await main(request, session, draft(form), notice: words, isRefusal: true, status: refusal.status)
        }
    }

    static let wrongToken = JSONRefusal(
        .forbidden, code: "wrong_form_token", message: "the form is not of this session; load the page again", field: "csrf")

    static func wantsJSON(_ request: Request) -> Bool { request.headers[.accept]?.contains("application/json") ?? false }

    // MARK: - Tips

    func submit(_ act: PageAct) async throws -> Response {
        let form = act.form
        var words = form.all("phrase").filter { !$0.isEmpty }
        if let text = form["text"], !text.isEmpty { words.append(text) }
        let say = language(act.request)
        return try await place(
            TipSubmission(
                category: form["category"] ?? "", text: words.joined(separator: say("，", ", ")), place: form["place"],
                drill: try isDrill(form) ? true : nil, position: position(form), language: say.tag, id: form["id"],
                photos: form.all("photo").filter { !$0.isEmpty }), act)
    }

    func panic(_ act: PageAct) async throws -> Response {
        let form = act.form
        return try await place(
            TipSubmission(
                category: "other", panic: true, drill: try isDrill(form) ? true : nil, position: position(form),
                language: language(act.request).tag, id: form["id"]), act)
    }

    /// The form's id makes a second press of the same form the same tip. One that does not serve any more, because the page
    /// was open for too long or was gone back to, is replaced: what the guard says goes before how the page was used.
    private func place(_ submission: TipSubmission, _ act: PageAct) async throws -> Response {
        var placement: Placement?
        do throws(JSONRefusal) {
            placement = try await door.place(submission)
        } catch {
            guard error.error.field == "id" else { throw error }
        }
        if placement == nil {
            var again = submission
            again.id = nil
            placement = try await door.place(again)
        }
        guard let placement else { throw TipSubmission.invalid("invalid_field", "id", "does not serve any more; send again") }
        guard Self.wantsJSON(act.request) else { return redirect("/?sent=\(placement.id)#reports") }
        let reply = TipReply(placement.id, placement.record, link: door.board.link)
        return jsonResponse(.created, PageReply(tip: reply, id: "\(door.newID())"))
    }

    /// What the form was shown as counts, not what the browser has become since.
    private func isDrill(_ form: FormFields) throws(JSONRefusal) -> Bool {
        guard let text = form["drill"], !text.isEmpty else { return false }
        guard let until = Int64(text), until > door.clock.time.now().milliseconds else {
            throw JSONRefusal(.conflict, code: "drill_over", message: "the drill has ended; nothing was sent", field: "drill")
        }
        return true
    }

    private func position(_ form: FormFields) -> TipSubmission.Place? {
        guard let latitude = form["latitude"].flatMap(Double.init), let longitude = form["longitude"].flatMap(Double.init) else {
            return nil
        }
        // A browser that guesses by the network may be off by more than a tip can say: then it says nothing.
        let accuracy = form["accuracy"].flatMap(Double.init) ?? 0
        guard (0...100_000).contains(accuracy) else { return nil }
        return TipSubmission.Place(latitude: latitude, longitude: longitude, accuracyM: accuracy)
    }

    private func draft(_ form: FormFields) -> PageDraft {
        PageDraft(
            category: form["category"] ?? "", text: form["text"] ?? "", place: form["place"] ?? "", phrases: Set(form.all("phrase")))
    }

    // MARK: - Others

    func handled(_ act: PageAct) async throws -> Response {
        guard let incident = act.form["incident"].flatMap({ UInt64($0) }), incident > 0 else {
            throw TipSubmission.invalid("invalid_field", "incident", "must be an incident's number")
        }
        let sequence = try await door.handled(incident, note: act.form["note"] ?? "")
        guard Self.wantsJSON(act.request) else { return redirect("/#reports") }
        return jsonResponse(.ok, HandledReply(sequence: sequence))
    }

    /// A photo as the page made it smaller, the raw body. It goes before the tip that names it.
    func photo(_ request: Request) async throws -> Response {
        let session = try await session(request)
        guard PageSessions.isEqual(HTTPField.Name("X-CSRF-Token").flatMap { request.headers[$0] } ?? "", session.csrf) else {
            throw Self.wrongToken
        }
        do {
            return try await door.keepPhoto(request)
        } catch let refusal as JSONRefusal {
            let words = PageTexts.refusal(refusal.error.code, telephone: view.settings.telephone, language(request))
            throw JSONRefusal(refusal.status, code: refusal.error.code, message: words ?? refusal.error.message)
        }
    }
}

/// The answer to a tip, with an id for the next one.
private struct PageReply: Encodable {
    var tip: TipReply
    var id: String
}

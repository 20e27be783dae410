import HTTPTypes
import Hummingbird
import Localization

/// What a browser remembers of how pages look: cookies without a secret, so that the login page has them too.
struct Preferences {
    static let themeCookie = "watchpost_theme"
    static let themes = ["dark", "light"]

    let language: Language
    /// `dark`, `light`, or nothing: what the machine prefers.
    let theme: String

    init(_ request: Request) {
        let named = request.cookies[SessionGuard.languageCookie].flatMap { Language(tag: $0.value) }
        language = named ?? Self.accepted(request.headers[.acceptLanguage] ?? "") ?? .zh
        theme = request.cookies[Self.themeCookie].map(\.value).flatMap { Self.themes.contains($0) ? $0 : nil } ?? ""
    }

    /// The first language of the header that is spoken here. Browsers send the most wanted one first.
    static func accepted(_ header: String) -> Language? {
        header.prefix(200).split(separator: ",").lazy.compactMap { Language(tag: String($0.drop { $0 == " " }.prefix { $0 != ";" })) }.first
    }
}

extension Board {
    /// `GET /preferences?theme=dark&return=/`: sets a cookie and goes back.
    func addPreferences(to group: some RouterMethods<BoardContext>) {
        group.get("/preferences") { request, _ in
            let query = request.uri.queryParameters
            var response = seeOther(Self.localPath(query.get("return")))
            func remember(_ name: String, _ value: String) {
                response.setCookie(Cookie(name: name, value: value, maxAge: 31_536_000, path: "/", httpOnly: true, sameSite: .lax))
            }
            if let language = query.get("language").flatMap({ Language(tag: $0) }) { remember(SessionGuard.languageCookie, language.rawValue) }
            if let theme = query.get("theme"), Preferences.themes.contains(theme) { remember(Preferences.themeCookie, theme) }
            return response
        }
    }
}

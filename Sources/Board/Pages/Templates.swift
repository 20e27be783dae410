import Localization
import Mustache

/// The templates, parsed once from the files in `Web`.
enum Templates {
    private static let files: [String: [UInt8]] = [
        "layout": PackageResources.layout_mustache, "level": PackageResources.level_mustache,
        "desk": PackageResources.desk_mustache, "desk-part": PackageResources.desk_part_mustache,
        "desk-list": PackageResources.desk_list_mustache, "desk-side": PackageResources.desk_side_mustache,
        "row": PackageResources.row_mustache, "offer": PackageResources.offer_mustache,
        "offers": PackageResources.offers_mustache, "incident": PackageResources.incident_mustache,
        "incident-part": PackageResources.incident_part_mustache, "incident-body": PackageResources.incident_body_mustache,
        "patrol": PackageResources.patrol_mustache, "patrol-part": PackageResources.patrol_part_mustache,
        "patrol-body": PackageResources.patrol_body_mustache, "card": PackageResources.card_mustache,
        "problem": PackageResources.problem_mustache, "handover": PackageResources.handover_mustache,
        "sheet-line": PackageResources.sheet_line_mustache, "users": PackageResources.users_mustache,
        "plain": PackageResources.plain_mustache, "statistics": PackageResources.statistics_mustache,
    ]

    /// A template that cannot be parsed is left out, and a test says so.
    static let library: MustacheLibrary = {
        var library = MustacheLibrary()
        for (name, bytes) in files { try? library.register(String(decoding: bytes, as: UTF8.self), named: name) }
        return library
    }()

    static var names: [String] { files.keys.sorted() }

    static func text(_ name: String) -> String { String(decoding: files[name] ?? [], as: UTF8.self) }

    static func render(_ name: String, frame: Frame, page: Any, words: Words) -> String {
        library.render(["frame": frame, "page": page, "t": words] as [String: Any], withTemplate: name) ?? ""
    }
}

/// What stands around a page: title, navigation, who is signed in.
struct Frame {
    struct Link {
        let address: String
        let label: String
        let isCurrent: Bool
    }

    var language: String
    var theme: String
    var title: String
    var bodyClass = ""
    /// It shows how things are, and follows them.
    var isLive = false
    var feed = "/api/v1/events?view=board"
    /// Where a script gets what changes of the page.
    var part = ""
    /// The newest record in it.
    var sequence = "0"
    var at = ""
    var asOf = ""
    var otherLanguage: String
    /// This page's address, for forms and links that come back to it.
    var path: String
    var returnCode: String
    /// It can be loaded again in another language or other colours.
    var canSwitch = true
    var isSignedIn = false
    var links: [Link] = []
    var userText = ""
    var csrf = ""
    var notice: String?
    var homeAddress = "/"

    /// - Parameter path: this page's address with its query.
    init(title: String, path: String, words: Words, theme: String, user: BoardUser?) {
        language = words.language.rawValue
        self.theme = theme
        self.title = title
        otherLanguage = (words.language == .zh ? Language.en : .zh).rawValue
        self.path = path
        returnCode = queryEncoded(path)
        guard let user else { return }
        isSignedIn = true
        csrf = user.csrfToken
        homeAddress = user.unit == nil ? "/" : "/patrol"
        userText = words(.signedInAs, user.name, words(user.role))
        let pages: [(String, PageText)] =
            user.unit == nil ? [("/", .board), ("/statistics", .statistics), ("/handover", .handover)] + (user.isAdmin ? [("/users", .users)] : []) : [("/patrol", .patrol)]
        let current = path.prefix { $0 != "?" }
        links = pages.map { Link(address: $0.0, label: words($0.1), isCurrent: $0.0 == current) }
    }

    /// For a page that follows what happens.
    mutating func follow(_ scope: PageScope, part: String) {
        isLive = true
        self.part = part
        sequence = "\(scope.overview.sequence)"
        at = scope.clock.exact(scope.now)
        asOf = scope.words(.linkPlain, at)
    }
}

/// Text as a part of a query.
func queryEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { encoded, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            encoded.unicodeScalars.append(Unicode.Scalar(byte))
        default: encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }
}

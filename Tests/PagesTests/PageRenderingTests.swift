import Accounts
@testable import Board
import FoundationEssentials
import Localization
import Mustache
import Testing
import TipModel

/// Every page from the sample night, in both languages. With `WATCHPOST_PAGES=folder` the pages and their assets are also
/// written there, to be looked at in a browser.
struct PageRenderingTests {
    let sample: SampleBoard

    init() throws { sample = try SampleBoard() }

    private func page(
        _ template: String, _ language: Language, user: BoardUser = SampleBoard.desk, path: String, css: String = "", theme: String = "",
        _ content: (PageScope) -> Any
    ) -> String {
        let scope = sample.scope(user, language)
        var frame = Frame(title: "page", path: path, words: scope.words, theme: theme, user: user)
        frame.bodyClass = css
        frame.follow(scope, part: path)
        let html = Templates.render(template, frame: frame, page: content(scope), words: scope.words)
        write(html, "\(template)-\(language.rawValue)\(theme.isEmpty ? "" : "-" + theme).html")
        return html
    }

    private func write(_ html: String, _ name: String) {
        guard let folder = ProcessInfo.processInfo.environment["WATCHPOST_PAGES"] else { return }
        let local = html.split(separator: "\"/assets/", omittingEmptySubsequences: false).joined(separator: "\"assets/")
        try? Data(local.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    @Test func everyTemplateCanBeParsed() throws {
        for name in Templates.names {
            #expect(throws: Never.self, "\(name)") { try MustacheTemplate(string: Templates.text(name)) }
        }
    }

    /// A name that is misspelt would be an empty place on a page.
    @Test func templatesNameOnlyTextsThatThereAre() {
        for name in Templates.names {
            for part in Templates.text(name).split(separator: "{{t.").dropFirst() {
                let text = String(part.prefix { $0 != "}" })
                if Templates.text(name).contains("{{t.\(text)}}") { #expect(PageText(rawValue: text) != nil, "\(name): \(text)") }
            }
        }
    }

    @Test(arguments: PageText.allCases)
    func everyTextIsThereInBothLanguages(_ text: PageText) {
        #expect(!text.texts.zh.isEmpty && !text.texts.en.isEmpty, "\(text)")
    }

    @Test(arguments: Language.allCases)
    func theDeskSeesWhoHasWhat(_ language: Language) {
        let html = page("desk", language, path: "/") { DeskPage($0, filter: BoardFilter()) }
        #expect(html.contains(language == .zh ? "未结警情" : "Open incidents"))
        #expect(html.contains(language == .zh ? "学府巡组" : "Xuefu patrol"))
        #expect(html.contains("data-incident=\"12\""))
        #expect(!html.contains("{{"))
        #expect(!html.contains(" style=") && !html.contains("<script>") && !html.contains("onclick"))
        _ = page("desk", language, path: "/", theme: "dark") { DeskPage($0, filter: BoardFilter()) }
    }

    @Test(arguments: Language.allCases)
    func anIncidentTellsItsReasons(_ language: Language) {
        let html = page("incident", language, path: "/incidents/12") { DossierPage(sample.dossier(), $0, active: nil) }
        #expect(html.contains(language == .zh ? "车坏了" : "released"))
        #expect(html.contains("+25"))
        #expect(html.contains(language == .zh ? "查看上报人" : "Reveal the reporter"))
        #expect(html.contains("action=\"/incidents/12/assign\""))
        #expect(!html.contains("action=\"/incidents/12/claim\""))
        _ = page("incident", language, path: "/incidents/12", theme: "dark") { DossierPage(sample.dossier(), $0, active: nil) }
    }

    @Test func aPatrolSeesNoReporterToReveal() {
        let user = SampleBoard.unit("patrol-dongyuan", "dongyuan")
        let html = page("incident-part", .zh, user: user, path: "/incidents/12") { DossierPage(sample.dossier(), $0, active: nil) }
        #expect(!html.contains("/reveal"))
        #expect(html.contains("/claim"))
    }

    @Test(arguments: Language.allCases)
    func aPatrolHasOneTapForEachStep(_ language: Language) {
        let user = SampleBoard.unit("patrol-dongyuan", "dongyuan", "xuefu")
        let html = page("patrol", language, user: user, path: "/patrol", css: "patrol") { PatrolPage($0) }
        #expect(html.contains("action=\"/incidents/7/en_route\""))
        #expect(html.contains("action=\"/incidents/12/claim\""))
        #expect(html.contains("action=\"/incidents/11/join\""))
        #expect(html.contains("data-alarm=\"emergency\""))
        _ = page("patrol", language, user: user, path: "/patrol", css: "patrol", theme: "dark") { PatrolPage($0) }
    }

    @Test(arguments: Language.allCases)
    func theHandoverIsOnOneSheet(_ language: Language) {
        let html = page("handover", language, path: "/handover") { HandoverPage($0, shift: Shift.current($0.clock)) }
        #expect(html.contains("2025-12-31 20:00"))
        #expect(html.contains(language == .zh ? "学府巡组" : "Xuefu patrol"))
    }

    @Test func usersAreListedForAnAdmin() {
        let admin = BoardUser(name: "boss", role: .admin, sight: .all, csrfToken: "token")
        let accounts = [
            Account(name: "boss", role: .admin, createdAt: SampleBoard.ago(9_000)),
            Account(name: "wang", role: .officer, zones: [ZoneID(unchecked: "dongyuan")], isDisabled: true, createdAt: SampleBoard.ago(800)),
        ]
        let html = page("users", .zh, user: admin, path: "/users") { scope in
            UsersPage(scope, accounts: accounts.map { ($0, 0) }, sessions: [])
        }
        #expect(html.contains("/users/wang/enable") && !html.contains("/users/boss/disable"))
    }

    /// What comes from a tip is text, whatever it looks like.
    @Test func tipsCannotWriteHTML() throws {
        let post = sample.overview.posts[0].post
        let bad = SampleBoard.incident(1, .urgent, "other", "<script>alert(1)</script>\" onmouseover=\"x", at: post, minutes: 1)
        let board = try SampleBoard(incidents: [bad])
        let scope = board.scope()
        let frame = Frame(title: "x", path: "/", words: scope.words, theme: "", user: SampleBoard.desk)
        let html = Templates.render("desk", frame: frame, page: DeskPage(scope, filter: BoardFilter()), words: scope.words)
        #expect(!html.contains("<script>alert") && !html.contains("\" onmouseover"))
        #expect(html.contains("&lt;script&gt;"))
    }

    @Test func anEmptyBoardSaysSo() throws {
        let board = try SampleBoard(incidents: [])
        let scope = board.scope()
        let frame = Frame(title: "x", path: "/", words: scope.words, theme: "", user: SampleBoard.desk)
        let html = Templates.render("desk", frame: frame, page: DeskPage(scope, filter: BoardFilter()), words: scope.words)
        #expect(html.contains("没有未结警情"))
    }
}

import Mustache
import Settings
import TipModel

/// What the guard typed, to be shown again after a refusal.
struct PageDraft: Sendable {
    var category = ""
    var text = ""
    var place = ""
    var phrases: Set<String> = []
}

/// Fills the templates. Everything that is shown comes through here, and Mustache escapes it.
struct PageView: Sendable {
    /// Reports that are shown open; the rest is folded away.
    static let open = 5

    let post: String
    let settings: AgentSettings.Page
    private let library: MustacheLibrary

    /// - Throws: where a template cannot be read; a test renders each.
    init(post: String, settings: AgentSettings.Page) throws {
        self.post = post
        self.settings = settings
        library = MustacheLibrary(templates: try PageAssets.templates.mapValues { try MustacheTemplate(string: $0) })
    }

    func render(_ values: [String: Any], _ template: String) -> String { library.render(values, withTemplate: template) ?? "" }

    /// What every page has.
    func common(_ say: PageLanguage, title: String? = nil) -> [String: Any] {
        let texts = PageTexts.all(say, telephone: settings.telephone)
        return [
            "t": texts, "lang": say.tag, "otherLanguage": say.other.rawValue, "otherTag": say.other.tag, "post": post,
            "css": PageAssets.url("page.css"), "scripts": PageAssets.scripts.map { PageAssets.url($0) },
            "title": title ?? texts["title"] ?? "",
        ]
    }

    /// The page that opens a session.
    func opening(_ say: PageLanguage, isRemote: Bool, code: String?, notice: String?) -> String {
        var values = common(say)
        values["isRemote"] = isRemote
        values["code"] = code ?? ""
        values["hasCode"] = code != nil
        values["needsLink"] = !isRemote && code == nil
        values["notice"] = notice ?? ""
        return render(values, "open")
    }

    /// The question before an emergency is sent without JavaScript.
    func panicQuestion(_ say: PageLanguage, csrf: String, id: TipID, drillUntil: Timestamp?) -> String {
        var values = common(say)
        values["csrf"] = csrf
        values["id"] = id.description
        values["drillUntil"] = drillUntil.map { "\($0.milliseconds)" } ?? ""
        values["isDrill"] = drillUntil != nil
        return render(values, "panic")
    }

    struct Main {
        var csrf: String
        var id: TipID
        var panicID: TipID
        var drillUntil: Timestamp?
        var draft: PageDraft
        var notice: String?
        /// The notice tells of a failure.
        var isRefusal: Bool
        var tips: [RecentTip]
        var link: AgentBoard.Link
        var counts: SpoolCounts
        var now: Timestamp
    }

    func main(_ say: PageLanguage, _ main: Main) -> String {
        var values = common(say)
        values["csrf"] = main.csrf
        values["id"] = main.id.description
        values["panicID"] = main.panicID.description
        values["isDrill"] = main.drillUntil != nil
        values["drillUntil"] = main.drillUntil.map { "\($0.milliseconds)" } ?? ""
        values["drillWords"] =
            main.drillUntil.map { PageTexts.all(say, telephone: "")["drillBanner"]?.replacing("{0}", with: PageClock.text($0)) ?? "" } ?? ""
        let shown = settings.categories.prefix(AgentSettings.Page.frequent)
        let rest = settings.categories.dropFirst(AgentSettings.Page.frequent)
        let chosen = settings.categories.first { $0.code == main.draft.category }
        values["frequent"] = shown.map { category($0, say) }
        values["rest"] = rest.map { category($0, say) }
        values["hasRest"] = !rest.isEmpty
        values["isChosen"] = chosen != nil
        values["category"] = chosen?.code ?? ""
        values["categoryName"] = chosen.map { say($0.zh, $0.en) } ?? ""
        values["groups"] = settings.categories.filter { !$0.phrases.isEmpty }.map { group in
            [
                "code": group.code, "isHidden": group.code != chosen?.code,
                "phrases": group.phrases.map { phrase in
                    let words = say(phrase.zh, phrase.en)
                    return ["words": words, "isOn": main.draft.phrases.contains(words) && group.code == chosen?.code] as [String: Any]
                },
            ] as [String: Any]
        }
        values["text"] = main.draft.text
        values["place"] = main.draft.place
        values["notice"] = main.notice ?? ""
        values["isRefusal"] = main.isRefusal
        values.merge(reportValues(say, main.tips, main.link, main.counts, main.now, csrf: main.csrf)) { $1 }
        return render(values, "page")
    }

    /// The part of the page that changes by itself.
    func reports(
        _ say: PageLanguage, _ tips: [RecentTip], _ link: AgentBoard.Link, _ counts: SpoolCounts, _ now: Timestamp, csrf: String
    ) -> String {
        var values = common(say)
        values.merge(reportValues(say, tips, link, counts, now, csrf: csrf)) { $1 }
        return render(values, "reports")
    }

    private func category(_ category: PageCategory, _ say: PageLanguage) -> [String: Any] {
        ["code": category.code, "name": say(category.zh, category.en)]
    }

    private func reportValues(
        _ say: PageLanguage, _ tips: [RecentTip], _ link: AgentBoard.Link, _ counts: SpoolCounts, _ now: Timestamp, csrf: String
    ) -> [String: Any] {
        let lines = tips.map { report($0, say, now, csrf: csrf) }
        let latest = Self.foremost(lines)
        var isConnected = false
        if case .connected = link.condition { isConnected = true }
        // A section is drawn for an empty text too, so that is left out.
        let waiting = PageTexts.waiting(counts.depth, oldest: counts.oldest.map { now.milliseconds(since: $0) }, say)
        return [
            "linkWords": PageTexts.link(link.condition, say), "isConnected": isConnected,
            "waiting": waiting.isEmpty ? [] : [waiting],
            "newest": Array(lines.prefix(Self.open)), "earlier": Array(lines.dropFirst(Self.open)),
            "hasLatest": latest != nil, "latestID": latest?["id"] ?? "", "latestWords": latest?["now"] ?? "",
            "latestName": latest?["name"] ?? "",
            "hasEarlier": lines.count > Self.open, "isEmpty": lines.isEmpty,
        ]
    }

    /// The report that stands above the buttons: one that somebody comes for, else the newest that is not over.
    private static func foremost(_ lines: [[String: Any]]) -> [String: Any]? {
        for phase in [Phase.enRoute, .onScene, .claimed] {
            if let line = lines.first(where: { $0["state"] as? String == phase.name }) { return line }
        }
        return lines.first { $0["state"] as? String != Phase.cleared.name }
    }

    private func report(_ tip: RecentTip, _ say: PageLanguage, _ now: Timestamp, csrf: String) -> [String: Any] {
        let category = settings.categories.first { $0.code == tip.category }
        let steps = PageStep.line(tip, say).map { step in
            [
                "name": step.name, "time": step.time, "state": step.state.rawValue, "isDone": step.state == .done,
                "isNow": step.state == .now, "isFailed": step.state == .failed,
                "words": step.state == .todo
                    ? say("未到", "not yet") : step.state == .failed ? say("失败", "failed") : step.state == .now ? say("现在", "now") : say("完成", "done"),
            ] as [String: Any]
        }
        var values: [String: Any] = [
            "id": tip.id.description, "name": tip.panic ? say("一键报警", "PANIC") : category.map { say($0.zh, $0.en) } ?? tip.category,
            "time": PageClock.text(tip.at, now: now), "text": tip.text, "places": tip.place.isEmpty ? [] : [tip.place], "hasWords": !tip.text.isEmpty || !tip.place.isEmpty,
            "isDrill": tip.drill, "hasPhotos": tip.photos > 0, "steps": steps, "canHandle": false, "csrf": csrf,
        ]
        switch tip.record {
        case .spooled:
            values["now"] = say("已存在本机，连上后自动送出", "Kept here; goes by itself once connected")
            values["state"] = "kept"
        case .dead(let letter):
            values["now"] = say("没有送出，请打 \(settings.telephone)", "Not delivered: dial \(settings.telephone)") + " (\(letter.code))"
            values["state"] = "failed"
        case .accepted(_, let receipt, _):
            let level = tip.progress?.progress.level.name ?? receipt.level.name
            values["level"] = PageTexts.level(level, say)
            values["levelCode"] = level
            values["incident"] = "\(tip.progress?.incident ?? receipt.incident)"
            values["now"] =
                tip.progress.map { PageTexts.phase($0, say) } ?? say("值班台已收到，等待接单", "The station has it; waiting for a patrol")
            values["state"] = tip.progress?.progress.phase.name ?? "open"
            values["incidentNumber"] = "\((tip.progress?.incident ?? receipt.incident).rawValue)"
            values["canHandle"] = tip.progress.map { $0.progress.phase == .open } ?? true
        }
        return values
    }
}

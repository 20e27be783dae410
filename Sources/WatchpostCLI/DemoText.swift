import Localization
import TipModel
import Workbench

/// The demo's timeline in words.
struct DemoText {
    let words: Words

    init(_ words: Words) { self.words = words }

    private var catalogue: Catalogue { words.catalogue }

    /// One line, with the seconds since the start; nil for what is only for programs.
    func line(_ event: DemoEvent) -> String? {
        guard let text = text(event) else { return nil }
        let tenths = Int64(event.at * 10)
        let time = "\(tenths / 10).\(tenths % 10)"
        return String(repeating: " ", count: max(0, 5 - time.count)) + time + " s  " + text
    }

    func summary(_ summary: DemoSummary, passed: Bool) -> String {
        words(
            "\n上报 \(summary.submitted)，受理 \(summary.accepted)，重复上报 \(summary.repeats)，警情 \(summary.incidents)，送达巡组 \(summary.delivered)，丢失 \(summary.lost)。",
            "\n\(summary.submitted) submitted, \(summary.accepted) accepted, \(summary.repeats) repeats, \(summary.incidents) incidents, \(summary.delivered) delivered, \(summary.lost) lost."
        ) + (passed ? words("全部符合预期。", " All as expected.") : words("有不符之处，见上面的 ✗。", " Something differs: see ✗ above."))
    }

    private func text(_ event: DemoEvent) -> String? {
        let (post, unit) = (event.post ?? "", event.unit ?? "")
        let number = event.incident.map { "#\($0)" } ?? ""
        let seen = (event.seen.map { $0 + " " } ?? "") + post + words("：", ": ") + words("“", "\"") + (event.text ?? "") + words("”", "\"")
        switch event.event {
        case .daemonReady: return words("守护进程就绪（\(event.detail ?? "")）", "the daemon is ready (\(event.detail ?? ""))")
        case .enrolled: return words("5 个哨点、3 个巡组已登记，各有密钥", "5 posts and 3 patrol units are enrolled, each with its key")
        case .agentReady: return words("哨点服务就绪：\(post)", "agent ready: \(post)")
        case .patrolReady: return words("巡组在线：\(unit)", "patrol connected: \(unit)")
        case .spooled:
            return words("\(seen)\n         断网，已存本机，等联网自动上报", "\(seen)\n         no network: kept on the post's disk")
        case .receipt: return seen + "\n         → " + outcome(event)
        case .receiptLost:
            return words("\(seen)\n         已落盘，但回执在路上丢了", "\(seen)\n         it is on the daemon's disk, but the receipt is lost on the way")
        case .repeated:
            return words("\(post) 没等到回执，原样再发 → 认出是重复：仍是警情 \(number)，记录第 \(event.sequence ?? 0) 条",
                "\(post) had no receipt and sends the same again → a repeat: still incident \(number), record \(event.sequence ?? 0)")
        case .patrolTold:
            let kind = event.verdict == EventKind.opened.name ? catalogue.name(EventKind.opened) : catalogue.name(EventKind.correlated)
            let lane = Lane.allCases.first { $0.name == event.lane }.map { catalogue.name($0) } ?? ""
            return words(
                "        巡组 \(unit) 收到 \(number) \(kind)（\(lane)，\(urgency(event))，上报后 \(event.milliseconds ?? 0) 毫秒）",
                "        patrol \(unit) is told: \(number) \(kind) (\(lane), \(urgency(event)), \(event.milliseconds ?? 0) ms after the report)")
        case .postDown: return words("\(post) 停电（kill -9）", "\(post) loses its power (kill -9)")
        case .postUp: return words("\(post) 来电、联网，哨点服务重新启动", "\(post) has power and network again; its agent starts")
        case .drained: return words("\(post) 断网时存下的线索自动送达 → ", "the tip that \(post) kept arrives by itself → ") + outcome(event)
        case .claimWon: return words("两个巡组同时接单 \(number)：\(unit) 接到", "two patrols claim \(number) at once: \(unit) has it")
        case .claimLost:
            return words("        \(unit) 被告知：已由 \(event.holder ?? "") 接单", "        \(unit) is told that \(event.holder ?? "") has it")
        case .daemonKilled: return words("守护进程被 kill -9", "the daemon is killed (kill -9)")
        case .daemonBack:
            return words("守护进程重启，\(event.count ?? 0) 条未结警情都在，巡组断点续收", "it is back with its \(event.count ?? 0) open incidents; patrols go on where they were")
        case .step:
            let verb =
                switch event.detail {
                case "claim": catalogue.text(.actionClaim)
                case "en_route": catalogue.text(.actionEnRoute)
                case "on_scene": catalogue.text(.actionOnScene)
                case "clear": catalogue.text(.actionClear)
                default: event.detail ?? ""
                }
            let disposition = event.disposition.flatMap { Disposition(name: $0) }.map { words("：", ": ") + catalogue.name($0) } ?? ""
            return "\(unit) \(verb) \(number)\(disposition)"
        case .daemonStopped: return words("守护进程收到 SIGTERM，正常停止（\(event.detail ?? "")）", "the daemon stops on SIGTERM (\(event.detail ?? ""))")
        case .journalSound: return words("事件日志 \(event.count ?? 0) 条，校验链完好", "the journal has \(event.count ?? 0) records, every checksum follows")
        case .check:
            let name = event.detail ?? ""
            if event.passed == true { return "        ✓ " + sentence(name) }
            return "        ✗ " + sentence(name)
                + words("（应为 \(event.expected ?? "")，实为 \(event.found ?? "")）", " (expected \(event.expected ?? ""), found \(event.found ?? ""))")
        case .failed: return "✗ " + words("演示中断：", "the story broke off: ") + (event.detail ?? "")
        }
    }

    private func outcome(_ event: DemoEvent) -> String {
        let number = event.incident ?? 0
        let what =
            event.verdict == Verdict.new.name
            ? words("警情 #\(number)（新）", "incident #\(number) (new)") : words("并入警情 #\(number)", "joined incident #\(number)")
        return words("已落盘：", "on disk: ") + what + words("，", ", ") + urgency(event)
    }

    private func urgency(_ event: DemoEvent) -> String {
        let level = event.level.flatMap { UrgencyLevel(name: $0) }.map { catalogue.name($0) } ?? ""
        return words("\(level) \(event.score ?? 0) 分", "\(level) \(event.score ?? 0)")
    }

    /// A check's name as a sentence; one without reads as itself.
    private func sentence(_ name: String) -> String {
        if name.hasPrefix("agent-stops-in-order") {
            return words("哨点服务正常停止", "the agent stops in order") + name.dropFirst("agent-stops-in-order".count)
        }
        guard let (zh, en) = Self.sentences[name] else { return name }
        return words(zh, en)
    }

    static let sentences: [String: (String, String)] = [
        "offline-tip-is-spooled": ("断网时线索存在本机", "without a network the tip is kept"),
        "first-tip-opens-an-incident": ("第一条线索立为警情", "the first tip opens an incident"),
        "second-tip-joins-it": ("第二条并入同一警情", "the second joins it"),
        "repeat-is-recognised": ("重复上报被认出", "the repeat is recognised"),
        "repeat-has-the-first-sequence": ("重复上报得到原来的编号", "it gets the first answer's sequence"),
        "three-tips-are-one-incident": ("三条线索是一条警情", "three tips are one incident"),
        "witnesses-raise-the-urgency": ("多人印证，紧急程度提高", "more witnesses raise the urgency"),
        "fire-is-an-emergency": ("火情是特急", "the fire is an emergency"),
        "fire-takes-the-alert-lane": ("火情走警报通道", "the fire takes the alert lane"),
        "other-zone-does-not-see-it": ("别的责任区看不到", "a patrol of another zone does not see it"),
        "exactly-one-claim-wins": ("只有一个巡组接到", "exactly one claim wins"),
        "other-claim-is-refused": ("另一个被拒绝", "the other is refused"),
        "loser-is-told-who-has-it": ("并被告知由谁接单", "and told who has it"),
        "feed-tells-who-has-it": ("推送里写明由谁接单", "the feed tells who has it"),
        "restart-keeps-every-incident": ("重启后警情一条不差", "after the restart every incident is as before"),
        "patrols-come-back": ("巡组自动重连", "the patrols connect again by themselves"),
        "spooled-tip-arrives-by-itself": ("存下的线索自动送达", "the kept tip arrives by itself"),
        "hazard-takes-the-main-lane": ("安全隐患走普通通道", "the hazard takes the main lane"),
        "both-patrols-see-the-end": ("两个巡组都看到处置结果", "both patrols see how it ended"),
        "three-incidents": ("共三条警情", "three incidents in all"),
        "two-tips-were-joined": ("并案两条线索", "two tips were joined"),
        "two-incidents-are-cleared": ("处置完毕两条", "two incidents are cleared"),
        "no-number-is-missing": ("没有缺号", "no number is missing"),
        "each-tip-reached-its-patrols-once": ("每条线索送达应看的巡组，且只一次", "each tip reached its patrols, once"),
        "no-gap-in-any-feed": ("推送没有缺口", "no gap in any feed"),
        "daemon-stops-in-order": ("守护进程正常停止", "the daemon stops in order"),
        "journal-is-sound": ("事件日志校验链完好", "the journal's checksums follow"),
        "each-tip-is-in-the-journal-once": ("每条线索在事件日志里恰好一次", "each tip is in the journal, once"),
        "nothing-is-lost": ("一条不丢", "nothing is lost"),
    ]
}

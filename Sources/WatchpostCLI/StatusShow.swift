import Administration
import ArgumentParser
import LocalHTTP
import Localization
import Patrol
import TipModel
import Workbench

/// `watchpost status`.
struct StatusShow: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "status",
            abstract: tell("守护进程、哨点和巡组的状态。", "How the daemon, the posts and the patrols stand."),
            discussion: tell(
                """
                哨点按失联、从未联系、在线排列；“缺失”是哨点发过但守护进程没有收到的编号。

                示例：
                  watchpost status
                  watchpost status --watch
                  watchpost status --json
                """,
                """
                Posts that are silent come first. MISSING counts numbers that a post gave out and no longer holds, and that
                never arrived.

                Examples:
                  watchpost status
                  watchpost status --watch
                  watchpost status --json
                """))
    }

    @Flag(help: hint("每两秒刷新，Ctrl-C 结束", "Again every two seconds, until Ctrl-C."))
    var watch = false

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        guard watch else {
            let status = try await ask(words)
            return try output.print(status) { StatusText(status, words).lines.joined(separator: "\n") }
        }
        guard !output.json, Output.isTerminal else {
            while true {
                let status = try await ask(words)
                try output.print(status) { StatusText(status, words).lines.joined(separator: "\n") + "\n" }
                try await Task.sleep(for: .seconds(2))
            }
        }
        try await draw(words)
    }

    private func ask(_ words: Words) async throws(CLIFailure) -> StatusReport {
        try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.status() }
    }

    /// Redraws in place. A daemon that does not answer any more leaves its last page, marked as old, until it is back.
    private func draw(_ words: Words) async throws {
        var page = LivePage(words)
        var shown: StatusReport?
        while true {
            do throws(CLIFailure) {
                shown = try await ask(words)
                page.heard(at: Clock.now())
            } catch {
                guard page.hasContent, error.code == ExitStatusCode.unreachable else { throw error }
                page.fail(words("守护进程没有应答", "the daemon does not answer"))
            }
            let (columns, rows) = (Output.columns ?? 80, Output.rows ?? 24)
            let lines = shown.map { StatusText($0, words).lines(within: columns) } ?? []
            Output.write(page.picture(lines, columns: columns, rows: rows, at: Clock.now()), to: 1)
            try await page.rest()
        }
    }
}

/// The status as a page.
struct StatusText {
    let status: StatusReport
    let words: Words

    init(_ status: StatusReport, _ words: Words) {
        self.status = status
        self.words = words
    }

    private var catalogue: Catalogue { words.catalogue }
    private var now: Timestamp { Timestamp(milliseconds: status.nowMs) }

    var lines: [String] { lines(within: Output.columns) }

    /// - Parameter width: of the terminal; nil where there is none.
    func lines(within width: Int?) -> [String] {
        // Patrols before posts: they are few, and a station has forty posts.
        daemon.flatMap { line in width.map { wrapped(line, $0) } ?? [line] }
            + ["", words("巡组", "Patrols")] + patrols(width) + ["", words("哨点", "Posts") + postCounts] + posts(width)
    }

    /// Lines of a label and its values go on under the values.
    private func wrapped(_ line: String, _ width: Int) -> [String] {
        let indent = words.language == .zh ? 10 : 12
        guard TerminalText.width(line) > width, width > indent + 20 else { return [line] }
        let pieces = TerminalText.wrap(line, width - indent)
        return pieces.enumerated().map { $0.offset == 0 ? $0.element : String(repeating: " ", count: indent) + $0.element }
    }

    private var daemon: [String] {
        let (core, totals, feed, ingest) = (status.core, status.totals, status.feed, status.ingest)
        let up = catalogue.span((status.nowMs - status.startedAtMs) / 1_000)
        let levels = UrgencyLevel.allCases.reversed().map { "\(catalogue.name($0)) \(status.openIncidents[$0.name] ?? 0)" }
            .joined(separator: words("，", ", "))
        let open = status.openIncidents.values.reduce(0, +)
        // What the core refuses, ingest answers and counts too.
        let rejected = ingest.rejected.values.reduce(0, +)
        var lines = [
            words(
                "watchpostd \(status.version)，已运行 \(up)，事件日志 \(status.sequence) 条，内存峰值 \(status.memoryPeakKib / 1_024) MiB",
                "watchpostd \(status.version), up \(up), journal at \(status.sequence), peak memory \(status.memoryPeakKib / 1_024) MiB"),
            words("未结警情　", "open        ") + "\(open)" + words("（", " (") + levels + words("），", "), ")
                + words("待接单 \(status.unclaimed)", "\(status.unclaimed) unclaimed")
                + (status.openDrills > 0 ? words("，另有演练 \(status.openDrills)", "; drills apart: \(status.openDrills)") : ""),
            words(
                "累计　　　线索 \(totals.tips)（并案 \(totals.correlated)），警情 \(totals.incidents)，处置完毕 \(totals.cleared)，演练 \(totals.drills)",
                "in all      \(totals.tips) tips (\(totals.correlated) joined), \(totals.incidents) incidents, \(totals.cleared) cleared, \(totals.drills) drills"),
            words(
                "接收　　　每秒 \(rate(core.tipsPerSecond)) 条；本次受理 \(core.accepted)，重复 \(core.repeats)，拒绝 \(rejected)，未登记密钥 \(ingest.keysRefused)",
                "intake      \(rate(core.tipsPerSecond)) tips/s; since the start \(core.accepted) accepted, \(core.repeats) repeats, \(rejected) refused, \(ingest.keysRefused) unknown keys"),
            words(
                "队列　　　特急 \(core.waitingExpress)，线索 \(core.waitingTips)，指令 \(core.waitingControl)；提交 \(core.commits) 次，最大一批 \(core.largestBatch) 条",
                "queues      express \(core.waitingExpress), tips \(core.waitingTips), control \(core.waitingControl); \(core.commits) commits, the largest of \(core.largestBatch)"),
            words(
                "推送　　　警报通道至 \(feed.alertHead)，普通通道至 \(feed.mainHead)；已发 \(feed.events) 条",
                "feed        alert lane at \(feed.alertHead), main lane at \(feed.mainHead); \(feed.events) events sent"),
            words("地址　　　哨点 \(ingest.endpoint)，巡组 \(feed.endpoint)", "addresses   posts \(ingest.endpoint), patrols \(feed.endpoint)"),
        ]
        if let disk = status.disk, disk.state != "enough" {
            let free = sizeText(disk.freeBytes ?? 0)
            lines.append(
                disk.state == "low"
                    ? words("注意：磁盘将满（剩余 \(free)），只接收紧急线索：清理磁盘", "warning: the disk is nearly full (\(free) left), only emergencies are taken: free space")
                    : words("注意：磁盘已满（剩余 \(free)），不再接收线索：立即清理磁盘", "warning: the disk is full (\(free) left), no tip is taken: free space at once"))
        }
        if core.commitFailures > 0 {
            lines.append(
                words("注意：提交失败 \(core.commitFailures) 次，检查磁盘", "warning: \(core.commitFailures) commits failed: look at the disk"))
        }
        return lines
    }

    private func rate(_ perSecond: Double) -> String {
        let tenths = Int64(max(0, min(perSecond, 1e9)) * 10)
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    private static let order = ["silent", "never_heard", "online", "revoked"]

    private func posts(_ width: Int?) -> [String] {
        guard !status.posts.isEmpty else { return [words("没有登记：watchpost post add", "none is enrolled: watchpost post add")] }
        var table = Table([
            .init(catalogue.text(.headingPost)), .init(words("名称", "NAME"), most: 30, narrow: .goes),
            .init(catalogue.text(.headingZone)), .init(catalogue.text(.headingState)),
            .init(catalogue.text(.headingReceived), .right), .init(catalogue.text(.headingSpool), .right),
            .init(catalogue.text(.headingMissing), .right), .init(words("被拒", "REFUSED"), .right),
        ])
        let sorted = status.posts.sorted {
            (Self.order.firstIndex(of: $0.state) ?? 9, $0.id) < (Self.order.firstIndex(of: $1.state) ?? 9, $1.id)
        }
        for post in sorted {
            table.add(
                post.id, post.name, post.zone, state(post),
                "\(post.received)", post.spoolDepth.map { "\($0)" } ?? "–", "\(post.missing)",
                post.deadLetters.map { "\($0)" } ?? "–")
        }
        return table.lines(within: width)
    }

    /// How many are in which state; above the table, where a window that is too short does not cut it off.
    private var postCounts: String {
        let counts = Dictionary(grouping: status.posts, by: \.state).mapValues(\.count)
        guard !counts.isEmpty else { return "" }
        let each = Self.order.compactMap { state in counts[state].map { "\(name(state)) \($0)" } }
        return catalogue.text(.inBrackets, each.joined(separator: words("，", ", ")))
    }

    /// With how long: since when it is silent, or when it was heard last.
    private func state(_ post: PostReport) -> String {
        let heard = post.lastHeardMs.map { " " + catalogue.ago(Timestamp(milliseconds: $0), now: now) } ?? ""
        switch (post.state, post.silentSinceMs) {
        case ("silent", let since?):
            return name(post.state) + " " + catalogue.span(now.milliseconds(since: Timestamp(milliseconds: since)) / 1_000)
        case ("online", _), ("silent", nil): return name(post.state) + heard
        default: return name(post.state)
        }
    }

    private func name(_ state: String) -> String {
        switch state {
        case "online": catalogue.text(.stateHeard)
        case "silent": catalogue.text(.stateSilent)
        case "never_heard": words("从未联系", "never heard")
        case "revoked": catalogue.text(.stateRevoked)
        default: state
        }
    }

    private func patrols(_ width: Int?) -> [String] {
        guard !status.patrols.isEmpty else { return [words("没有巡组在线", "none is connected")] }
        var table = Table([
            .init(catalogue.text(.headingUnit)), .init(catalogue.text(.headingZone), narrow: .shrinks),
            .init(catalogue.text(.headingLevel)), .init(words("来自", "FROM"), narrow: .goes), .init(words("在线", "SINCE")),
            .init(words("警报未收", "ALERT BEHIND"), .right), .init(words("普通未收", "MAIN BEHIND"), .right),
            .init(catalogue.text(.headingState)),
        ])
        for patrol in status.patrols {
            table.add(
                patrol.unit, patrol.zones.joined(separator: " "),
                UrgencyLevel(name: patrol.leastLevel).map { catalogue.name($0) } ?? patrol.leastLevel, patrol.peer,
                catalogue.span(now.milliseconds(since: Timestamp(milliseconds: patrol.sinceMs)) / 1_000),
                "\(patrol.alert.behind)", "\(patrol.main.behind)",
                patrol.blocked
                    ? words("不读取", "not reading")
                    : patrol.alert.catchingUp || patrol.main.catchingUp
                        ? catalogue.text(.linkCatchingUp) : catalogue.text(.linkUpToDate))
        }
        return table.lines(within: width)
    }
}

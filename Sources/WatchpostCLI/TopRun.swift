import Administration
import ArgumentParser
import LocalHTTP
import Localization
import Patrol
import TipModel
import Workbench

/// `watchpost top`.
struct TopRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "top",
            abstract: tell("实时查看：警情、速率、队列、巡组滞后、需要关注的哨点。", "Live: incidents, rates, queues, patrols' lag, posts to look at."),
            discussion: tell(
                """
                每两秒刷新，窗口大小可随时改变，Ctrl-C 结束。速率按两次刷新之间计算。哨点只列需要关注的：失联、积压、缺失、
                被拒、时钟偏差；其余只计数。守护进程没有应答时，保留最后一页并标明是多久以前的。

                示例：
                  watchpost top
                  watchpost top --once
                  watchpost top --json
                """,
                """
                Drawn again every two seconds, also in a window whose size changes, until Ctrl-C. Rates are those between two
                pages. Of the posts only those to look at are listed: silent, with tips that wait, missing or refused, or with
                a wrong clock. When the daemon does not answer, the last page stays, marked with its age.

                Examples:
                  watchpost top
                  watchpost top --once
                  watchpost top --json
                """))
    }

    @Flag(help: hint("只显示一次（先量一秒的速率）", "Show it once, after a second to measure the rates."))
    var once = false

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        var before = try await ask(words)
        if once || output.json || !Output.isTerminal {
            repeat {
                try await Task.sleep(for: once ? .seconds(1) : .seconds(2))
                let now = try await ask(words)
                let text = TopText(now, before: before, words)
                try output.print(text.figures) { text.lines(within: Output.columns).joined(separator: "\n") + (once ? "" : "\n") }
                before = now
            } while !once
            return
        }
        var page = LivePage(words)
        var shown = before
        while true {
            do throws(CLIFailure) {
                shown = try await ask(words)
                page.heard(at: Clock.now())
            } catch {
                guard page.hasContent, error.code == ExitStatusCode.unreachable else { throw error }
                page.fail(words("守护进程没有应答", "the daemon does not answer"))
            }
            // The size is asked for each time: a window that was made smaller would otherwise wrap every line.
            let (columns, rows) = (Output.columns ?? 80, Output.rows ?? 24)
            let lines = TopText(shown, before: before, words).lines(within: columns)
            Output.write(page.picture(lines, columns: columns, rows: rows, at: Clock.now()), to: 1)
            if shown.nowMs != before.nowMs { before = shown }
            try await page.rest()
        }
    }

    private func ask(_ words: Words) async throws(CLIFailure) -> StatusReport {
        try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.status() }
    }
}

/// What `top --json` prints: rates beside the status they are made from.
struct TopFigures: Encodable {
    var tipsPerSecond: Double
    var commitsPerSecond: Double
    var fsyncsPerSecond: Double
    var eventsPerSecond: Double
    var status: StatusReport

    enum CodingKeys: String, CodingKey {
        case tipsPerSecond = "tips_per_second"
        case commitsPerSecond = "commits_per_second"
        case fsyncsPerSecond = "fsyncs_per_second"
        case eventsPerSecond = "events_per_second"
        case status
    }
}

/// The page of `top`.
struct TopText {
    let status: StatusReport
    let before: StatusReport
    let words: Words

    init(_ status: StatusReport, before: StatusReport, _ words: Words) {
        self.status = status
        self.before = before
        self.words = words
    }

    private var catalogue: Catalogue { words.catalogue }

    /// Of a counter that only grows. A restart between the two sets it back: then nothing is known.
    private func rate(_ counter: (StatusReport) -> UInt64) -> Double {
        let milliseconds = status.nowMs - before.nowMs
        let (now, then) = (counter(status), counter(before))
        guard milliseconds > 0, now >= then, status.startedAtMs == before.startedAtMs else { return 0 }
        return Double(now - then) * 1_000 / Double(milliseconds)
    }

    var figures: TopFigures {
        TopFigures(
            tipsPerSecond: rate { $0.core.accepted }, commitsPerSecond: rate { $0.core.commits }, fsyncsPerSecond: rate { $0.core.syncs },
            eventsPerSecond: rate { $0.feed.events }, status: status)
    }

    func lines(within width: Int?) -> [String] {
        head.map { line in width.map { TerminalText.fit(line, $0) } ?? line }
            + ["", words("巡组", "Patrols") + catalogue.text(.inBrackets, "\(status.patrols.count)")] + patrols(width)
            + ["", words("需要关注的哨点", "Posts to look at") + postCounts] + posts(width)
    }

    private var head: [String] {
        let (core, health, figures) = (status.core, status.health, figures)
        let levels = UrgencyLevel.allCases.reversed().map { "\(catalogue.name($0)) \(status.openIncidents[$0.name] ?? 0)" }
            .joined(separator: words("，", ", "))
        var lines = [
            words("watchpost top　已运行 ", "watchpost top  up ") + catalogue.span((status.nowMs - status.startedAtMs) / 1_000)
                + words("，日志 \(status.sequence) 条", ", journal at \(status.sequence)"),
            words("未结警情　", "open      ") + levels + words("；待接单 \(status.unclaimed)", "; \(status.unclaimed) unclaimed")
                + (health.map { words("；升级通知 \($0.escalations)", "; \($0.escalations) escalations") } ?? ""),
            words("每秒　　　线索 ", "a second  tips ") + Self.number(figures.tipsPerSecond)
                + words("，提交 ", ", commits ") + Self.number(figures.commitsPerSecond)
                + words("，落盘 ", ", fsyncs ") + Self.number(figures.fsyncsPerSecond)
                + words("，推送 ", ", events sent ") + Self.number(figures.eventsPerSecond),
            words("队列　　　特急 ", "queues    express ") + Self.bar(core.waitingExpress, of: health?.limitExpress)
                + words("　线索 ", "  tips ") + Self.bar(core.waitingTips, of: health?.limitTips)
                + words("　指令 ", "  control ") + Self.bar(core.waitingControl, of: health?.limitControl),
        ]
        if let health {
            var disk = words("磁盘　　　", "disk      ")
            if let half = health.commitMedianMs, let most = health.commitP99Ms {
                disk += words("提交中位 ", "commit median ") + Self.number(half) + " ms, p99 " + Self.number(most) + " ms"
            } else {
                disk += words("还没有提交", "no commit yet")
            }
            if let free = health.diskFreeBytes { disk += words("；可用 ", "; free ") + Self.bytes(free) }
            disk += words("；描述符 ", "; descriptors ") + "\(health.openDescriptors)/\(health.descriptorLimit)"
            lines.append(disk)
            if health.failing {
                lines.append(words("注意：最近一次提交失败，线索留在各哨点；检查磁盘", "warning: the newest commit failed, tips wait at their posts: look at the disk"))
            }
        }
        return lines
    }

    private func patrols(_ width: Int?) -> [String] {
        guard !status.patrols.isEmpty else { return [words("没有巡组在线", "none is connected")] }
        var table = Table([
            .init(catalogue.text(.headingUnit)), .init(catalogue.text(.headingZone), narrow: .goes),
            .init(words("警报未收", "ALERT BEHIND"), .right), .init(words("普通未收", "MAIN BEHIND"), .right),
            .init(catalogue.text(.headingState)),
        ])
        let furthest = status.patrols.sorted { ($0.alert.behind, $0.main.behind, $1.unit) > ($1.alert.behind, $1.main.behind, $0.unit) }
        for patrol in furthest {
            table.add(
                patrol.unit, patrol.zones.joined(separator: " "), "\(patrol.alert.behind)", "\(patrol.main.behind)",
                patrol.blocked
                    ? words("不读取", "not reading")
                    : patrol.alert.catchingUp || patrol.main.catchingUp ? catalogue.text(.linkCatchingUp) : catalogue.text(.linkUpToDate))
        }
        return table.lines(within: width)
    }

    /// Beyond this a post's clock is told. Milliseconds.
    private static let skewBound: Int64 = 30_000

    private func needsALook(_ post: PostReport) -> Bool {
        post.state == "silent" || (post.spoolDepth ?? 0) > 0 || post.missing > 0 || (post.deadLetters ?? 0) > 0
            || (post.skewMs.map { $0.magnitude > UInt64(Self.skewBound) } ?? false)
    }

    private func posts(_ width: Int?) -> [String] {
        let chosen = status.posts.filter { $0.state != "revoked" && needsALook($0) }
            .sorted { ($0.state == "silent" ? 0 : 1, $0.id) < ($1.state == "silent" ? 0 : 1, $1.id) }
        guard !chosen.isEmpty else { return [words("没有", "none")] }
        var table = Table([
            .init(catalogue.text(.headingPost)), .init(words("名称", "NAME"), most: 30, narrow: .goes),
            .init(words("最近联系", "HEARD")), .init(catalogue.text(.headingSpool), .right), .init(catalogue.text(.headingMissing), .right),
            .init(words("被拒", "REFUSED"), .right), .init(words("时钟", "CLOCK"), .right),
        ])
        let now = Timestamp(milliseconds: status.nowMs)
        for post in chosen {
            table.add(
                post.id, post.name, post.lastHeardMs.map { catalogue.ago(Timestamp(milliseconds: $0), now: now) } ?? "–",
                post.spoolDepth.map { "\($0)" } ?? "–", "\(post.missing)", post.deadLetters.map { "\($0)" } ?? "–",
                post.skewMs.map { Self.number(Double($0) / 1_000) + " s" } ?? "–")
        }
        return table.lines(within: width)
    }

    private var postCounts: String {
        let heard = status.posts.count { $0.state == "online" }
        let enrolled = status.posts.count { $0.state != "revoked" }
        return catalogue.text(.inBrackets, words("在线 \(heard)/\(enrolled)", "\(heard) of \(enrolled) are heard"))
    }

    // MARK: Figures

    /// One decimal below 100, none above.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        let bounded = max(-1e12, min(value, 1e12))
        let tenths = Int64((bounded * 10).rounded())
        guard tenths.magnitude < 1_000, tenths % 10 != 0 else { return "\(Int64(bounded.rounded()))" }
        return (tenths < 0 ? "-" : "") + "\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }

    static func bytes(_ count: UInt64) -> String {
        count >= 10 << 30 ? "\(count >> 30) GiB" : "\(count >> 20) MiB"
    }

    /// How full a queue is, in ten cells.
    static func bar(_ count: Int, of limit: Int?) -> String {
        guard let limit, limit > 0 else { return "\(count)" }
        let share = min(1, max(0, Double(count) / Double(limit)))
        // Something that waits shows.
        let cells = count > 0 ? max(1, Int(share * 10)) : 0
        return "[" + String(repeating: "#", count: cells) + String(repeating: ".", count: 10 - cells) + "] \(count)/\(limit)"
    }
}

extension LaneReport {
    /// How far a patrol is behind. The newest record of a lane may be of a zone that it does not follow: who has confirmed all that
    /// it was sent, and is to be sent no more, is not behind.
    var behind: UInt64 { acknowledged >= sent && !catchingUp && creditEvents > 0 ? 0 : lag }
}

import Administration
import ArgumentParser
import LocalHTTP
import Localization
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
        var isFirst = true
        while isFirst || watch {
            if !isFirst { try await Task.sleep(for: .seconds(2)) }
            isFirst = false
            let status = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.status() }
            if watch, !output.json, Output.isTerminal { Output.write("\u{1B}[H\u{1B}[2J", to: 1) }
            try output.print(status) { StatusText(status, words).lines.joined(separator: "\n") }
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

    var lines: [String] {
        var lines = daemon
        lines += ["", words("哨点", "Posts")] + posts
        lines += ["", words("巡组", "Patrols")] + patrols
        return lines
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
                "watchpostd \(status.version)，已运行 \(up)，台账 \(status.sequence) 条，内存峰值 \(status.memoryPeakKib / 1_024) MiB",
                "watchpostd \(status.version), up \(up), journal at \(status.sequence), peak memory \(status.memoryPeakKib / 1_024) MiB"),
            words("未结警情　", "open        ") + "\(open)" + words("（", " (") + levels + words("），", "), ")
                + words("待接单 \(status.unclaimed)", "\(status.unclaimed) unclaimed")
                + (status.openDrills > 0 ? words("，另有演练 \(status.openDrills)", ", and \(status.openDrills) drills") : ""),
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
                "推送　　　警报道至 \(feed.alertHead)，普通道至 \(feed.mainHead)；已发 \(feed.events) 条",
                "feed        alert lane at \(feed.alertHead), main lane at \(feed.mainHead); \(feed.events) events sent"),
            words("地址　　　哨点 \(ingest.endpoint)，巡组 \(feed.endpoint)", "addresses   posts \(ingest.endpoint), patrols \(feed.endpoint)"),
        ]
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

    private var posts: [String] {
        guard !status.posts.isEmpty else { return [words("没有登记：watchpost post add", "none is enrolled: watchpost post add")] }
        var table = Table([
            .init(catalogue.text(.headingPost)), .init(words("名称", "NAME"), most: 30), .init(catalogue.text(.headingZone)),
            .init(catalogue.text(.headingState)), .init(catalogue.text(.headingLastHeard)),
            .init(catalogue.text(.headingReceived), .right), .init(catalogue.text(.headingSpool), .right),
            .init(catalogue.text(.headingMissing), .right), .init(words("被拒", "REFUSED"), .right),
        ])
        let sorted = status.posts.sorted {
            (Self.order.firstIndex(of: $0.state) ?? 9, $0.id) < (Self.order.firstIndex(of: $1.state) ?? 9, $1.id)
        }
        for post in sorted {
            table.add(
                post.id, post.name, post.zone, state(post),
                post.lastHeardMs.map { catalogue.ago(Timestamp(milliseconds: $0), now: now) } ?? catalogue.text(.never),
                "\(post.received)", post.spoolDepth.map { "\($0)" } ?? "–", "\(post.missing)",
                post.deadLetters.map { "\($0)" } ?? "–")
        }
        var lines = table.lines
        let counts = Dictionary(grouping: status.posts, by: \.state).mapValues(\.count)
        lines.append(
            Self.order.compactMap { state in counts[state].map { "\(name(state)) \($0)" } }.joined(separator: words("，", ", ")))
        return lines
    }

    private func state(_ post: PostReport) -> String {
        guard post.state == "silent", let since = post.silentSinceMs else { return name(post.state) }
        return name(post.state) + " " + catalogue.span(now.milliseconds(since: Timestamp(milliseconds: since)) / 1_000)
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

    private var patrols: [String] {
        guard !status.patrols.isEmpty else { return [words("没有巡组在线", "none is connected")] }
        var table = Table([
            .init(catalogue.text(.headingUnit)), .init(catalogue.text(.headingZone)), .init(catalogue.text(.headingLevel)),
            .init(words("来自", "FROM")), .init(words("在线", "SINCE")), .init(words("警报道未收", "ALERT BEHIND"), .right),
            .init(words("普通道未收", "MAIN BEHIND"), .right), .init(catalogue.text(.headingState)),
        ])
        for patrol in status.patrols {
            table.add(
                patrol.unit, patrol.zones.joined(separator: " "),
                UrgencyLevel(name: patrol.leastLevel).map { catalogue.name($0) } ?? patrol.leastLevel, patrol.peer,
                catalogue.span(now.milliseconds(since: Timestamp(milliseconds: patrol.sinceMs)) / 1_000),
                "\(patrol.alert.lag)", "\(patrol.main.lag)",
                patrol.blocked
                    ? words("不读取", "not reading")
                    : patrol.alert.catchingUp || patrol.main.catchingUp
                        ? catalogue.text(.linkCatchingUp) : catalogue.text(.linkUpToDate))
        }
        return table.lines
    }
}

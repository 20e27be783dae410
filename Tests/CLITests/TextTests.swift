import Administration
import Foundation
import Journal
import LocalHTTP
import Localization
import Patrol
import PostAgent
import Testing
import TipModel
import Workbench

@testable import WatchpostCLI

private let zh = Words(.zh)
private let en = Words(.en)

@Suite struct TableTests {
    @Test func chineseTakesTwoColumns() {
        var table = Table([.init("编号"), .init("数", .right), .init("NAME")])
        table.add("a", "1", "东门")
        table.add("东苑一区", "100", "")
        #expect(
            table.lines == [
                "编号       数  NAME",
                "a           1  东门",
                "东苑一区  100",
            ])
    }

    @Test func fitsTheTerminalByWhatMayGive() {
        var table = Table([.init("ID"), .init("NAME", narrow: .goes), .init("N", .right), .init("TEXT", narrow: .shrinks)])
        table.add("gate-1", "东苑一区东门大门岗亭", "7", "一名男子在墙外徘徊很久了")
        #expect(table.lines(within: nil).last == "gate-1  东苑一区东门大门岗亭  7  一名男子在墙外徘徊很久了")
        #expect(table.lines(within: 60) == table.lines(within: nil))
        for width in 21...60 { #expect(table.lines(within: width).allSatisfy { TerminalText.width($0) <= width }, "\(width)") }
        // Both give alike, then the name goes and the text has its room.
        #expect(table.lines(within: 38).last == "gate-1  东苑一区东…   7  一名男子在墙…")
        #expect(table.lines(within: 32) == ["ID      N  TEXT", "gate-1  7  一名男子在墙外徘徊很…"])
        // What may not give stays whole, even where the line is too long then.
        #expect(table.lines(within: 5).last?.hasPrefix("gate-1  7  ") == true)
    }

    @Test func cutsAndCleans() {
        var table = Table([.init("T", most: 6), .init("U")])
        table.add("东苑一区\u{1B}[2J", "x\ny")
        #expect(table.lines == ["T      U", "东苑…  x y"])
    }
}

@Suite struct ClockTests {
    @Test func latestIsNeverAhead() throws {
        let now = Clock.now()
        for text in ["00:00", "23:59", "12:30:15", "2:05"] {
            let found = try #require(Clock.latest(text, now: now))
            #expect(found <= now)
            #expect(now.milliseconds(since: found) < 26 * 3_600_000)
        }
        for text in ["24:00", "1", "12:60", "aa:bb", "1:2:3:4", "012:00", ""] { #expect(Clock.latest(text, now: now) == nil) }
    }
}

@Suite struct ReceiptTests {
    private func reply(_ json: String) throws -> TipReply { try JSONDecoder().decode(TipReply.self, from: Data(json.utf8)) }

    @Test func words() throws {
        func accepted(_ verdict: String) throws -> TipReply {
            try reply(
                #"{"tip":"T","number":3,"state":"accepted","receipt":{"sequence":9,"incident":12,"verdict":"\#(verdict)","level":"emergency","score":85,"at_ms":1}}"#)
        }
        #expect(TipSend.describe(try accepted("new"), zh) == "值班台已收到：警情 #12（新），特急 85 分")
        #expect(TipSend.describe(try accepted("correlated"), zh) == "值班台已收到：并入警情 #12，特急 85 分")
        #expect(TipSend.describe(try accepted("repeat"), zh).hasPrefix("值班台此前已收到"))
        #expect(TipSend.describe(try accepted("new"), en) == "the station has it: incident #12 (new), EMERGENCY, 85 points")
    }

    @Test func spooledSaysThatItGoesByItself() throws {
        let spooled = try reply(#"{"tip":"T","number":3,"state":"spooled","link":"unreachable","link_text":"nobody answers"}"#)
        let text = TipSend.describe(spooled, zh)
        #expect(text.contains("已存在本机（第 3 号）") && text.contains("连接不上") && text.contains("无需重发"))
        #expect(TipSend.describe(spooled, en).contains("do not send it again"))
    }

    @Test func linkOfAnotherVersion() { #expect(en.link("odd", detail: "something\u{7} new") == "something new") }

    @Test func refusals() {
        let unknown = JSONError(code: "unknown_category", message: "'x' is not configured", field: "tip.category")
        #expect(describe(unknown, zh) == "没有这个类别（类别）：'x' is not configured")
        #expect(describe(unknown, en) == "tip.category: 'x' is not configured")
        #expect(describe(JSONError(code: "not_found", message: "m"), zh, asked: true) == "没有找到：m")
        #expect(describe(JSONError(code: "odd_one", message: "m"), zh) == "odd_one：m")
    }
}

@Suite struct StatusTests {
    private var status: StatusReport {
        let lane = LaneReport(sent: 3, acknowledged: 2, head: 3, lag: 7, creditEvents: 1, creditBytes: 1, catchingUp: true)
        return StatusReport(
            version: "0.1.0", startedAtMs: 1_000_000, nowMs: 1_120_000, sequence: 42,
            openIncidents: ["emergency": 1, "urgent": 2], openDrills: 1, unclaimed: 2,
            totals: .init(tips: 9, correlated: 4, drills: 1, incidents: 5, cleared: 2),
            core: .init(
                accepted: 9, repeats: 1, rejected: [:], commits: 8, syncs: 8, commitFailures: 0, records: 42, largestBatch: 3,
                waitingExpress: 0, waitingTips: 0, waitingControl: 0, tipsPerSecond: 1.25),
            ingest: .init(
                endpoint: "tcp://127.0.0.1:7401", messages: 9, tips: 9, heartbeats: 9, receipts: 9, rejected: ["busy": 2],
                unreachable: 0, blocked: 0, dropped: 0, waits: 0, keysRefused: 3),
            feed: .init(
                endpoint: "tcp://127.0.0.1:7402", alertHead: 40, mainHead: 42, events: 12, batches: 3, rejected: [:],
                queueOverflows: 0, pages: 0, ringEvents: 1, ringBytes: 1),
            posts: [
                PostReport(
                    id: "a", name: "东门", zone: "dongyuan", members: 1, state: "online", lastHeardMs: 1_119_000, received: 5,
                    highestNumber: 5, outstanding: 0, missing: 0, spoolDepth: 0, deadLetters: 0),
                PostReport(
                    id: "b", name: "西门", zone: "dongyuan", members: 1, state: "silent", lastHeardMs: 1_000_000,
                    silentSinceMs: 1_000_000, received: 4, highestNumber: 6, outstanding: 2, missing: 2, spoolDepth: 7),
            ],
            patrols: [
                PatrolReport(
                    unit: "night", zones: ["dongyuan"], leastLevel: "routine", peer: "127.0.0.1:5", sinceMs: 1_060_000, alert: lane,
                    main: lane, blocked: false)
            ], memoryPeakKib: 20_480)
    }

    @Test func page() {
        let text = StatusText(status, zh).lines
        #expect(text[0] == "watchpostd 0.1.0，已运行 2 分钟，事件日志 42 条，内存峰值 20 MiB")
        #expect(text[1] == "未结警情　3（特急 1，紧急 2，优先 0，一般 0），待接单 2，另有演练 1")
        #expect(text.contains { $0.contains("每秒 1.2 条") && $0.contains("拒绝 2") && $0.contains("未登记密钥 3") })
        // The silent post comes first.
        let posts = text.firstIndex { $0.hasPrefix("哨点  ") }.map { text[$0 + 1] } ?? ""
        #expect(posts.hasPrefix("b ") && posts.contains("失联 2 分钟"))
        #expect(text.contains("哨点（失联 1，在线 1）"))
        #expect(text.contains { $0.hasPrefix("night") && $0.contains("正在补收") && $0.contains("7") })
        #expect(StatusText(status, en).lines.contains { $0.hasPrefix("b ") && $0.contains("silent 2 min") })
    }

    @Test func fitsEightyColumns() {
        for words in [zh, en] {
            let lines = StatusText(status, words).lines(within: 80)
            #expect(lines.allSatisfy { TerminalText.width($0) <= 80 }, "\(lines)")
            #expect(lines.contains { $0.contains(words("失联 2 分钟", "silent 2 min")) } && lines.contains { $0.contains(words("在线 刚刚", "heard just now")) })
        }
    }

    /// The head of a lane may be of a zone that a patrol does not follow.
    @Test func whoHasAllThatItWasSentIsNotBehind() {
        var status = status
        let lane = LaneReport(sent: 3, acknowledged: 3, head: 90, lag: 87, creditEvents: 5, creditBytes: 5, catchingUp: false)
        status.patrols[0].alert = lane
        status.patrols[0].main = LaneReport(sent: 3, acknowledged: 2, head: 90, lag: 88, creditEvents: 5, creditBytes: 5, catchingUp: false)
        let row = StatusText(status, en).lines.first { $0.hasPrefix("night") } ?? ""
        #expect(row.split(separator: " ").suffix(5).map(String.init) == ["0", "88", "up", "to", "date"])
    }

    @Test func theWatchedPageIsDrawnInPlaceAndSaysWhenItIsOld() {
        let at = Timestamp(milliseconds: 2_000_000)
        var page = LivePage(zh)
        #expect(!page.hasContent)
        page.heard(at: at)
        let lines = StatusText(status, zh).lines(within: 80)
        let fresh = page.picture(lines, columns: 80, rows: 60, at: at)
        #expect(fresh.hasPrefix("\u{1B}[2J\u{1B}[Hwatchpostd 0.1.0") && fresh.hasSuffix("\u{1B}[J"))
        // Nothing is erased first but in a window of another size.
        #expect(page.picture(lines, columns: 80, rows: 60, at: at) == fresh.dropFirst(4))
        #expect(page.picture(lines, columns: 79, rows: 60, at: at).hasPrefix("\u{1B}[2J\u{1B}[H"))
        _ = page.picture(lines, columns: 80, rows: 60, at: at)
        page.fail("连接不上\u{7}守护进程")
        let stale = page.picture(lines, columns: 80, rows: 60, at: at.advanced(byMilliseconds: 30_000))
        #expect(stale.hasPrefix("\u{1B}[H\u{1B}[1;97;41m 数据截至 30 秒前： 连接不上守护进程"))
        // No more lines than the window has.
        let short = page.picture(lines, columns: 80, rows: 10, at: at)
        #expect(short.count { $0 == "\n" } == 9 && short.contains("还有 "))
        page.heard(at: at)
        #expect(!page.picture(lines, columns: 80, rows: 60, at: at).contains("数据截至"))
    }

    @Test func topShowsRatesLagAndTheFewPostsThatMatter() {
        let before = status
        var after = status
        after.nowMs += 2_000
        after.core.accepted += 25
        after.core.syncs += 4
        let text = TopText(after, before: before, en)
        #expect(text.figures.tipsPerSecond == 12.5 && text.figures.fsyncsPerSecond == 2)
        #expect(text.lines(within: nil).contains { $0.contains("tips 12.5") && $0.contains("fsyncs 2") })
        for width in [40, 80, 120] {
            for words in [zh, en] {
                #expect(TopText(after, before: before, words).lines(within: width).allSatisfy { TerminalText.width($0) <= max(width, 60) })
            }
        }
        // After a restart nothing is known.
        after.startedAtMs += 1
        #expect(TopText(after, before: before, en).figures.tipsPerSecond == 0)
    }

    @Test func topWellPostsAreOnlyCounted() {
        var status = status
        status.posts = [
            PostReport(id: "well", name: "", zone: "z", members: 1, state: "online", received: 9, highestNumber: 9, outstanding: 0, missing: 0, spoolDepth: 0, skewMs: 90),
            PostReport(id: "skewed", name: "", zone: "z", members: 1, state: "online", received: 9, highestNumber: 9, outstanding: 0, missing: 0, skewMs: .min),
            PostReport(id: "gone", name: "", zone: "z", members: 1, state: "silent", received: 9, highestNumber: 9, outstanding: 0, missing: 0),
        ]
        let lines = TopText(status, before: status, en).lines(within: nil)
        #expect(lines.contains { $0.contains("2 of 3 are heard") })
        #expect(lines.last?.hasPrefix("skewed") == true && lines.dropLast().last?.hasPrefix("gone") == true)
        #expect(!lines.contains { $0.hasPrefix("well") })
    }

    @Test func figuresOfTop() {
        #expect([0, 0.04, 12.34, 99.95, 1234.5, -3.25, .infinity].map(TopText.number) == ["0", "0", "12.3", "100", "1235", "-3.3", "–"])
        #expect(TopText.bar(1, of: 1_024) == "[#.........] 1/1024" && TopText.bar(9, of: 4) == "[##########] 9/4" && TopText.bar(3, of: nil) == "3")
    }

    @Test func incident() {
        let reason = ReasonReport(code: "words.stealth", points: 15, detail: "徘徊")
        let incident = IncidentReport(
            id: 12, version: 1, zone: "dongyuan", category: "suspicious_person", level: "urgent", score: 65, reasons: [reason],
            phase: "claimed", holder: "night", phaseSinceMs: 2_000, openedAtMs: 1_000, lastTipAtMs: 2_000, place: "东墙外",
            headline: "有人徘徊\u{1B}[31m", tips: 1, posts: ["a"], drill: false)
        let tip = TipReport(
            sequence: 3, id: "T", post: "a", reporter: "gw-7", observedAtMs: 1_000, receivedAtMs: 1_000, skewMs: 0,
            category: "suspicious_person", text: "有人徘徊", place: "东墙外", panic: false, drill: false, correlationScore: 74,
            reasons: [ReasonReport(code: "distance", points: 30, detail: "82 m")],
            urgency: UrgencyReport(level: "urgent", score: 65, reasons: []))
        let history = HistoryReport(sequence: 4, atMs: 2_000, event: "claimed", unit: "night")
        let text = IncidentText(zh, now: Timestamp(milliseconds: 3_000))
        let shown = text.show(IncidentDetail(incident: incident, tips: [tip], history: [history]))
        #expect(shown[0] == "#12  紧急 65  可疑人员  有人徘徊[31m")
        #expect(shown.contains("  用词「徘徊」 +15"))
        #expect(shown.contains { $0.contains("a（gw-7）") })
        #expect(shown.contains { $0.contains("并入（74 分）：距离 82 米 +30") })
        #expect(shown.contains { $0.hasSuffix("接单  night") })
        let list = text.list(IncidentList(incidents: [incident], total: 3))
        #expect(list.count == 3)
        #expect(text.list(IncidentList(incidents: [], total: 0)) == ["没有未结警情"])
        var doubtful = incident
        doubtful.suggestion = 7
        #expect(text.list(IncidentList(incidents: [doubtful], total: 1)).last?.contains("〔同 #7？〕") == true)
        var over = incident
        (over.id, over.phase) = (13, "cleared")
        #expect(text.list(IncidentList(incidents: [over, incident], total: 2)).dropFirst().map { $0.prefix(4) } == [" #12", " #13"])
    }
}

/// What the desk did, in words.
@Suite struct DeskTextTests {
    private let one = IncidentReport(
        id: 12, version: 1, zone: "dongyuan", category: "theft", level: "urgent", score: 65, reasons: [], phase: "claimed",
        holder: "night", phaseSinceMs: 2_000, openedAtMs: 1_000, lastTipAtMs: 2_000, place: "", headline: "自行车被偷", tips: 3,
        posts: ["a"], drill: false)

    private func changed(_ change: (inout IncidentReport) -> Void) -> IncidentReport {
        var other = one
        change(&other)
        return other
    }

    @Test func linksAreTold() {
        let linked = changed {
            ($0.follows, $0.suggestion, $0.apart) = (3, 7, [15, 16])
            $0.regrade = RegradeReport(
                level: "routine", reason: "已核实", by: "root", atMs: 2_000, overruled: true, computedLevel: "emergency")
        }
        let (chinese, english) = (IncidentText(Words(.zh), now: Timestamp(milliseconds: 3_000)), IncidentText(Words(.en), now: Timestamp(milliseconds: 3_000)))
        #expect(chinese.links(one).isEmpty)
        let text = chinese.links(linked).joined(separator: "\n")
        for part in ["#3 处置完毕后再发", "watchpost incidents merge 12 --into 7", "#15、#16", "值班台定级 一般（root", "已核实", "计算为 特急"] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(english.links(linked).contains("perhaps the same as #7; merge with: watchpost incidents merge 12 --into 7 --reason …"))
        #expect(chinese.links(changed { $0.mergedInto = 9 }) == ["已并入 #9"])
    }

    @Test func outcomesAreTold() {
        let (chinese, english) = (IncidentText(Words(.zh), now: Timestamp(milliseconds: 0)), IncidentText(Words(.en), now: Timestamp(milliseconds: 0)))
        let other = changed { ($0.id, $0.holder, $0.tips) = (15, nil, 1) }
        let merge = DeskReport(action: "merge", sequence: 9, incident: one, other: other, unitLeft: "west")
        #expect(chinese.describe(merge).prefix(2) == ["#15 已并入 #12", "注意：west 原接 #15，#12 仍由 night 负责，请通知 west"])
        #expect(english.describe(merge).count == 4 && english.describe(merge)[0] == "#15 was merged into #12")
        let split = DeskReport(action: "detach", sequence: 9, incident: one, other: other)
        #expect(english.describe(split)[0] == "1 tip left #12 for the new #15")
        #expect(chinese.describe(split)[0] == "从 #12 拆出 1 条线索，另立 #15")
        #expect(english.describe(DeskReport(action: "regrade", sequence: 9, incident: one))[0] == "the desk's level of #12 was lifted")
    }

    @Test func stepsAndCrewsAreTold() {
        let now = Timestamp(milliseconds: 3_000)
        let (chinese, english) = (IncidentText(Words(.zh), now: now), IncidentText(Words(.en), now: now))
        #expect(english.describe(DeskReport(action: "assign", sequence: 9, incident: one))[0] == "the unit was sent to #12")
        #expect(chinese.describe(DeskReport(action: "hand-over", sequence: 9, incident: one))[0] == "#12 已移交")
        #expect(english.describe(DeskReport(action: "acknowledge", sequence: 0, incident: one))[0] == "#12 was so already; nothing changed")
        #expect(english.crew(one).isEmpty)
        let crewed = changed {
            $0.crew = [
                AssignmentReport(unit: "night", phase: "on_scene", sinceMs: 2_000, by: OperatorReport(role: "unit", name: "night")),
                AssignmentReport(unit: "west", phase: "claimed", sinceMs: 2_500, by: OperatorReport(role: "desk", name: "li")),
            ]
            $0.acknowledgement = AcknowledgementReport(by: OperatorReport(role: "officer", name: "wang"), atMs: 1_500)
            $0.escalation = EscalationReport(sinceMs: 1_000, rung: "neighbours", toldAtMs: 1_800, reminders: 2)
            $0.grants = [GrantReport(unit: "far", untilMs: 2_999), GrantReport(unit: "near", untilMs: 9_000)]
        }
        let waiting = changed {
            ($0.phase, $0.holder) = ("open", nil)
            $0.escalation = EscalationReport(sinceMs: 1_000, rung: "desk")
            $0.acknowledgement = AcknowledgementReport(by: OperatorReport(role: "desk", name: "li"), atMs: 1_500)
        }
        let table = english.list(IncidentList(incidents: [crewed, waiting], total: 2)).joined(separator: "\n")
        #expect(table.contains("claimed by night +1") && table.contains("waiting, escalated, seen"), "\(table)")
        let lines = chinese.crew(crewed)
        #expect(lines.count == 5 && lines[0].hasPrefix("巡组 night（领头）  到场") && lines[1].hasSuffix("（值班台 li）"))
        #expect(lines[2].hasPrefix("已阅：社区民警 wang") && lines[3] == "升级：无人接单，已请邻区巡组，提醒 2 次")
        #expect(lines[4].contains("near") && !lines[4].contains("far"))
    }

    /// The core's own sentences, for those who read Chinese.
    @Test func refusalsAreInChinese() {
        for (sentence, chinese) in [
            ("#9 is cleared; possible: reopen", "#9 已处置完毕；可以重新打开"), ("no unit far is enrolled", "没有登记巡组 far"),
            ("far does not have #9; nobody does", "far 没有接 #9，无人接单"),
            ("far does not have #9; a, b does", "far 没有接 #9，现由 a, b 负责"),
            ("#9 has 8 units, the most; possible: recall one first", "#9 已有 8 个巡组，达到上限；先召回一个"),
            ("there is no open incident #9", "没有未结警情 #9"), ("#15 was merged into #12; nothing more is possible", "#15 已并入 #12"),
            ("#5 is a drill and the other one is not", "#5 是演练，另一条不是"),
            ("at least one tip of #12 must stay; it has 2", "#12 至少要留一条线索，现有 2 条"),
        ] {
            #expect(describe(JSONError(code: "illegal_step", message: sentence), Words(.zh), asked: true) == chinese)
        }
    }
}

@Suite struct JSONShapeTests {
    private func object(_ value: some Encodable) throws -> [String: Any] {
        let data = Data(try encodeJSON(value))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func enrolmentOutcome() throws {
        let outcome = EnrolmentOutcome(
            state: "enrolled", principal: "post:a", publicKey: "k", sequence: 3, bundle: "f", daemonPublicKey: "d", endpoints: ["e"])
        #expect(
            Set(try object(outcome).keys) == [
                "state", "principal", "public_key", "sequence", "bundle", "daemon_public_key", "endpoints",
            ])
    }

    @Test func journalReport() throws {
        let sound = try object(JournalVerify.report(.sound(records: 5), "f"))
        #expect(sound["state"] as? String == "sound" && sound["records"] as? Int == 5)
        let damaged = try object(JournalVerify.report(.damaged(at: 7, reason: "r"), "f"))
        #expect(damaged["damaged_at"] as? Int == 7 && damaged["reason"] as? String == "r")
    }

    @Test func demo() throws {
        var summary = DemoSummary()
        summary.submitted = 5
        #expect(
            summary.json
                == #"{"event":"summary","submitted":5,"accepted":0,"repeats":0,"incidents":0,"delivered":0,"lost":0}"#)
        var event = DemoEvent(.patrolTold, at: 1.25)
        event.unit = "night"
        #expect(try object(event)["event"] as? String == "patrol_told")
        #expect(Set(try object(event).keys) == ["event", "at", "unit"])
    }

    @Test func everyDemoEventHasWords() {
        for kind in [DemoEvent.Kind.spooled, .receipt, .claimWon, .daemonBack, .check, .failed, .step] {
            #expect(DemoText(zh).line(DemoEvent(kind, at: 12.34))?.hasPrefix(" 12.3 s  ") == true)
            #expect(DemoText(en).line(DemoEvent(kind))?.isEmpty == false)
        }
    }
}

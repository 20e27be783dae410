import Access
import Localization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

@Suite struct RendererTests {
    private func lines(
        _ screen: FeedScreen, columns: Int = 80, rows: Int = 24, after milliseconds: Int64 = 0, _ language: Language = .en
    ) -> [String] {
        let shown = render(
            screen, size: TerminalSize(columns: columns, rows: rows), now: ManualTime.night.advanced(byMilliseconds: milliseconds),
            language: language)
        #expect(shown.count == rows)
        // So that a row may be asked for by its number, whatever is wrong.
        return shown + Array(repeating: "", count: max(0, rows - shown.count))
    }

    private let story = incident(
        12, level: .urgent, score: 65, headline: "一名男子在墙外徘徊", place: "3号楼东墙外",
        reasons: [Reason(code: "category", points: 30, detail: "suspicious_person"), Reason(code: "night", points: 10, detail: "02:10")])

    @Test func theListInBothLanguages() {
        let screen = screen(story)
        #expect(
            lines(screen, .zh).prefix(5) == [
                "巡组 patrol-east  已是最新  责任区 east",
                "特急 0  紧急 1  优先 0  一般 0  待接单 1  我的 0  未看 1",
                ">1 !!  紧急  #12  待接单  可疑人员  刚刚  east",
                "     gate-1  3号楼东墙外  一名男子在墙外徘徊",
                "     理由：类别 可疑人员 +30，夜间 02:10 +10",
            ])
        #expect(lines(screen)[2] == ">1 !!  URGENT     #12  waiting  suspicious person  just now  east")
        #expect(lines(screen).last == "c claim  e en route  s on scene  x clear  v seen  Enter details  ? help  q quit")
        #expect(lines(screen, .zh).last?.contains("x 处置完毕") == true)
    }

    @Test func whoHasItAndTheMarks() {
        let held = incident(2, level: .emergency, phase: .enRoute, holder: otherUnit)
        let mine = incident(3, level: .emergency, score: 5, phase: .claimed, holder: unitID, drill: true)
        let shown = lines(screen(held, mine), .zh)
        #expect(shown[2].contains("出发 · patrol-west"))
        #expect(shown[5].hasPrefix("*2 ") && shown[5].contains("【演练】") && shown[5].contains("接单 · 本组"))
    }

    @Test func drillsAreCountedApart() {
        let shown = lines(screen(incident(1, level: .emergency), incident(2, level: .emergency, drill: true)))
        #expect(shown[1].hasPrefix("EMERGENCY 1  "))
        #expect(shown[1].contains("waiting 1") && shown[1].contains("drills 1"))
    }

    @Test func anAgeIsByTheDaemonsClock() {
        var screen = screen(incident(1))
        _ = screen.take(.clock(offset: 600_000), words: en)
        #expect(lines(screen)[2].contains("10 min ago"))
    }

    // MARK: Trust

    /// By our own clock, whatever the daemon's says.
    @Test func staleIsABandOverTheWholeWidthInPlaceOfTheCounts() {
        var screen = screen(incident(1))
        _ = screen.take(.clock(offset: 600_000), words: en)
        _ = screen.take(.stale(since: ManualTime.night), words: en)
        let shown = lines(screen, after: 14_000)
        #expect(shown[0].contains("connected, but the station does not answer"))
        #expect(shown[1].hasPrefix(" stale since 14 s ago: newer incidents may be missing"))
        #expect(TerminalText.width(shown[1]) == 80)
        screen.usesColour = true
        #expect(lines(screen)[1].hasPrefix("\u{1B}[1;97;41m"))
        _ = screen.take(.fresh, words: en)
        #expect(lines(screen)[1].contains("ROUTINE"))
    }

    @Test func whatIsWrongWithTheLinkComesBeforeEverythingElse() {
        let cases: [(LinkState, Rejection?, String)] = [
            (.connecting, nil, "正在连接"), (.unreachable, nil, "连接不上"), (.refused, nil, "密钥未登记或已吊销"),
            (.wrongDaemon, nil, "对方不是本站值班台"), (.connected, Rejection(.forbidden, "x"), "订阅未成：本密钥无此权限"),
        ]
        for (link, refusal, words) in cases {
            var screen = screen(incident(1))
            _ = screen.take(.link(link, endpoint: "tcp://one"), words: zh)
            if let refusal { _ = screen.take(.refused(refusal), words: zh) }
            #expect(lines(screen, .zh)[0].contains(words))
            #expect(!lines(screen, .zh)[0].contains("已是最新"))
            #expect((lines(screen, .zh)[1].hasPrefix(" 收不到推送")) == (refusal != nil))
        }
        #expect(lines(screen(caughtUp: false))[0].contains("catching up"))
    }

    @Test func nothingIsSaidToBeThereOnlyWhenThatIsKnown() {
        #expect(lines(screen())[3] == "  no open incidents")
        #expect(lines(screen(caughtUp: false))[3] == "  not known yet whether there are incidents")
        var stale = screen()
        _ = stale.take(.stale(since: ManualTime.night), words: en)
        #expect(lines(stale, .zh)[3] == "  还不知道有没有警情")
        // The zones are the daemon's word.
        #expect(!lines(FeedScreen(unit: unitID))[0].contains("zones"))
    }

    @Test func anOldNoticeTellsItsAge() {
        var screen = screen(incident(1))
        screen.notice = FeedScreen.Notice("claim #1: not sent", .bad)
        screen.settle(for: usual, at: ManualTime.night)
        #expect(lines(screen, after: 9_999)[22] == "claim #1: not sent")
        #expect(lines(screen, after: 40_000)[22] == "claim #1: not sent (40 s ago)")
        screen.notice = nil
        screen.warning = "the disk is full"
        #expect(lines(screen)[22] == "the disk is full")
    }

    // MARK: Details and questions

    @Test func theDetails() {
        var screen = screen()
        _ = screen.happen(event(1, story, tip: tip(1, text: "一名男子在墙外徘徊，还在", panic: true)))
        _ = screen.happen(event(2, incident(12, version: 2, level: .urgent, phase: .claimed, holder: unitID), .claimed, unit: unitID))
        _ = screen.press(.enter, size: usual, words: zh)
        screen.utcOffset = 8 * 3_600
        let shown = lines(screen, .zh)
        for text in [
            "一键报警", "紧急程度  10", "哨点  gate-1", "线索 1", "    一名男子在墙外徘徊，还在", "经过", "接单  patrol-east",
        ] {
            #expect(shown.contains { $0.contains(text) }, "\(text)")
        }
        #expect(shown.contains { $0.hasPrefix("首报  02:10:00 刚刚") })
        // A day later the date is said.
        #expect(lines(screen, after: 86_400_000, .zh).contains { $0.hasPrefix("首报  2026-01-01 02:10:00") })
        #expect(shown.last?.hasPrefix("Esc 返回") == true)
    }

    @Test func detailsSayWhenTheyAreNotAll() {
        var screen = screen(incident(12, level: .urgent))
        _ = screen.press(.enter, size: usual, words: en)
        let earlier = "  earlier ones are not kept here"
        #expect(lines(screen).contains(earlier))
        _ = screen.happen(event(2, incident(12, version: 2, level: .urgent, phase: .claimed, holder: unitID), .claimed, unit: unitID))
        #expect(lines(screen).count { $0 == earlier } == 2)
        _ = screen.happen(event(1, incident(12, level: .urgent), tip: tip(1), at: ManualTime.night.advanced(byMilliseconds: -1)))
        #expect(!lines(screen).contains(earlier))
    }

    @Test func detailsThatDoNotFitCanBePagedThrough() {
        var screen = screen()
        for number in 1...4 as ClosedRange<UInt64> {
            _ = screen.happen(event(number, incident(1, version: UInt32(number)), .correlated, tip: tip(number, text: String(repeating: "很长的话", count: 60))))
        }
        _ = screen.press(.enter, size: usual, words: en)
        var seen = Set<String>()
        var pages = 0
        while pages < 9 {
            pages += 1
            let shown = lines(screen)
            #expect(shown.count == 24)
            seen.formUnion(shown[2..<21])
            guard shown[21].hasPrefix("↓") else { break }
            _ = screen.press(.pageDown, size: usual, words: en)
        }
        #expect(pages > 1 && pages < 9)
        #expect(seen.contains { $0.hasPrefix("history") })
        // Further down there is nothing, and it comes back at once.
        let end = screen.detailTop
        _ = screen.press(.pageDown, size: usual, words: en)
        #expect(screen.detailTop == end)
        for _ in 0..<pages { _ = screen.press(.pageUp, size: usual, words: en) }
        #expect(screen.detailTop == 0)
    }

    @Test func theQuestionHowItEndedNamesTheIncidentAndEveryAnswer() {
        for (columns, rows) in [(80, 24), (40, 12), (40, 9), (30, 10)] {
            var screen = screen(story)
            screen.type("x")
            let shown = lines(screen, columns: columns, rows: rows)
            #expect(shown.contains { $0.contains("#12") })
            for answer in ["1 resolved", "2 handled by the post", "3 false alarm", "4 handed over", "5 duplicate"] {
                #expect(shown.contains { $0.contains(answer) }, "\(answer) at \(columns)x\(rows)")
            }
        }
    }

    @Test func whatIsNotOnScreenIsSaid() {
        var screen = screen()
        for id in 1...9 as ClosedRange<UInt64> { screen.board.apply(incident(id)) }
        screen.settle(for: usual, at: ManualTime.night)
        #expect(lines(screen)[20] == "     ↓ 3 more")
        screen.type("jjjjjjj")
        #expect(lines(screen)[20] == "     ↑ 2 more  ↓ 1 more")
        #expect(lines(screen)[2].contains("#7 "))
        var full = FeedScreen(unit: unitID)
        full.board = IncidentBoard(bound: 1)
        for id in 1...2 as ClosedRange<UInt64> { full.board.apply(incident(id)) }
        #expect(lines(full)[1].contains("not all are shown"))
    }

    @Test func aNarrowWindowKeepsWhatCounts() {
        let shown = lines(screen(incident(1, level: .emergency), incident(2, level: .urgent), incident(3)), columns: 40)
        #expect(shown[1] == "EMERGENCY 1  URGENT 1  waiting 3  mine 0" || shown[1].hasPrefix("EMERGENCY 1  URGENT 1  waiting 3"))
        #expect(shown.last == "c claim  x clear  ? help  q quit")
    }

    // MARK: Whatever is shown

    /// Any content in any window: as many lines as rows, none wider than the window, nothing that a terminal obeys but
    /// our own colours.
    @Test(arguments: 1...3 as ClosedRange<UInt64>) func nothingBreaksTheWindow(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<12 {
            var screen = FeedScreen(unit: unitID)
            screen.usesColour = random.oneIn(2)
            screen.link = [.connected, .refused, .connecting][Int(random.next() % 3)]
            if random.oneIn(3) { screen.staleSince = ManualTime.night }
            for id in 1...8 as ClosedRange<UInt64> {
                let level = UrgencyLevel.allCases[Int(random.next() % 4)]
                var one = incident(id, level: level, headline: Hostile.text(&random, 50), place: Hostile.text(&random, 20))
                one.category = Hostile.text(&random, 8)
                if random.oneIn(2) {
                    let unit = UnitID(unchecked: Hostile.text(&random, 5))
                    one.crew = [Assignment(unit: unit, phase: .claimed, since: one.openedAt, by: .unit(unit))]
                }
                one.phase = one.holder == nil ? .open : .claimed
                one.zone = ZoneID(unchecked: Hostile.text(&random, 6))
                one.posts = [PostID(unchecked: Hostile.text(&random, 6))]
                one.urgency.reasons = [Reason(code: Hostile.text(&random, 6), points: 3, detail: Hostile.text(&random, 9))]
                one.position = Position(latitude: .infinity, longitude: -1e300, accuracy: .nan)
                one.openedAt = Timestamp(milliseconds: random.oneIn(2) ? .min : .max)
                _ = screen.happen(event(id, one, tip: tip(id, text: Hostile.text(&random, 80))))
            }
            screen.notice = FeedScreen.Notice(Hostile.text(&random, 60))
            for mode in [FeedScreen.Mode.list, .detail, .help, .disposition(IncidentID(1), fromDetail: false)] {
                screen.mode = mode
                let size = TerminalSize(columns: 1 + Int(random.next() % 130), rows: 1 + Int(random.next() % 50))
                screen.settle(for: size, at: ManualTime.night)
                for language in Language.allCases {
                    let shown = render(screen, size: size, now: ManualTime.night, language: language)
                    #expect(shown.count == (size.columns < 20 || size.rows < 7 ? 1 : size.rows))
                    for line in shown {
                        let text = withoutColours(line)
                        #expect(isHarmless(text), "\(text.unicodeScalars.map(\.value))")
                        #expect(TerminalText.width(text) <= size.columns)
                        #expect(screen.usesColour || text == line)
                    }
                }
            }
        }
    }

    /// The line without the colours of ``Ink``; anything else with an Escape stays and is found.
    private func withoutColours(_ line: String) -> String {
        var text = line
        for ink in [Ink.emergency, .urgent, .priority, .dim, .bold, .good, .bad, .inverse] {
            text = text.split(separator: "\u{1B}[\(ink.rawValue)m", omittingEmptySubsequences: false).joined()
        }
        return text.split(separator: "\u{1B}[0m", omittingEmptySubsequences: false).joined()
    }

    // MARK: Drawing

    @Test func onlyLinesThatChangedAreSent() {
        let size = TerminalSize(columns: 10, rows: 3)
        #expect(RawTerminal.changes(["a", "b", "c"], over: ["a", "x", "c"], size: size) == "\u{1B}[2;1Hb\u{1B}[0m\u{1B}[K")
        #expect(RawTerminal.changes(["a"], over: ["a"], size: size).isEmpty)
        #expect(RawTerminal.changes(["a"], over: [], size: size).hasPrefix("\u{1B}[2J"))
        #expect(RawTerminal.changes(["a"], over: ["a", "b"], size: size) == "\u{1B}[2;1H\u{1B}[0m\u{1B}[K")
    }

    /// After a full line the cursor stands on its last character: erasing from there would take it away.
    @Test func aFullLineKeepsItsLastCharacter() {
        let size = TerminalSize(columns: 4, rows: 1)
        for line in ["abcd", "东门", "\u{1B}[1m东门\u{1B}[0m"] {
            #expect(RawTerminal.changes([line], over: ["x"], size: size) == "\u{1B}[1;1H\(line)\u{1B}[0m")
        }
        #expect(RawTerminal.changes(["东a"], over: ["x"], size: size).hasSuffix("\u{1B}[K"))
    }
}

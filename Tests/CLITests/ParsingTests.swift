import ArgumentParser
import Localization
import PostAgent
import Testing
import TipModel

@testable import WatchpostCLI

/// The command that these words make.
private func parse<Command: ParsableCommand>(_ type: Command.Type = Command.self, _ words: String...) throws -> Command {
    try #require(try Watchpost.parseAsRoot(words) as? Command)
}

private func code(_ words: String...) -> Int32 { code(words) }

private func code(_ words: [String]) -> Int32 {
    do {
        _ = try Watchpost.parseAsRoot(words)
        return 0
    } catch {
        return Watchpost.exitCode(for: error).rawValue
    }
}

@Suite struct ParsingTests {
    @Test func tip() throws {
        let tip = try parse(
            TipSend.self, "tip", "-c", "theft", "--place", "东门", "--reporter", "gw-7", "--drill", "--position", "30.1,125.2,15",
            "--wait", "0", "--lang", "zh-CN", "车库", "丢车")
        let submission = tip.submission
        #expect(submission.category == "theft")
        #expect(submission.text == "车库 丢车")
        #expect(submission.place == "东门")
        #expect(submission.reporter == "gw-7")
        #expect(submission.drill == true)
        #expect(submission.panic == nil)
        #expect(submission.position == .init(latitude: 30.1, longitude: 125.2, accuracyM: 15))
        #expect(submission.observedAt == nil)
        #expect(tip.output.words.language == .zh)
    }

    @Test func tipNeedsATextOrThePanicButton() throws {
        #expect(code("tip", "-c", "fire") == 64)
        #expect(try parse(TipSend.self, "tip", "-c", "fire", "--panic").submission.panic == true)
        #expect(code("tip", "some text") == 64)
        #expect(code("tip", "-c", "fire", "--wait", "31", "x") == 64)
        #expect(code("tip", "-c", "fire", "--observed-at", "soon", "x") == 64)
        #expect(code("tip", "-c", "fire", "--observed-at", "25:00", "x") == 64)
        #expect(code("tip", "-c", "fire", "--observed-at", "2025-11-24T02:10:00+08:00", "x") == 0)
    }

    @Test(arguments: ["30", "30,125,x", "91,0", "0,181", "30,125,-1", "30,125,1,2", ""])
    func positionsThatAreNone(_ text: String) { #expect(PositionArgument(argument: text) == nil) }

    @Test func agentPatrolAndStation() throws {
        #expect(try parse(AgentRun.self, "agent", "--config", "a.yaml").config == "a.yaml")
        let patrol = try parse(
            PatrolFollow.self, "patrol", "--config", "p.yaml", "--zone", "dongyuan", "--zone", "nanhu", "--level", "urgent", "--once")
        #expect(patrol.zone.map(\.rawValue) == ["dongyuan", "nanhu"])
        #expect(patrol.level == .urgent)
        #expect(patrol.once)
        #expect(code("patrol", "--level", "high") == 64)
        #expect(code("patrol", "--zone", "Not A Zone") == 64)
        #expect(try parse(StatusShow.self, "status", "--admin", "a.sock", "--json").admin.admin == "a.sock")
        let list = try parse(IncidentsList.self, "incidents", "list", "--all", "--zone", "nanhu", "--level", "priority", "--limit", "5")
        #expect(list.all && list.zone?.rawValue == "nanhu" && list.level == .priority && list.limit == 5)
        #expect(code("incidents", "list", "--limit", "0") == 64)
        #expect(try parse(IncidentShow.self, "incidents", "show", "#12").id == 12)
        #expect(code("incidents", "show", "x") == 64)
        _ = try parse(IncidentsList.self, "incidents")
        let tip = "01KB0000000000000000000001"
        let merge = try parse(IncidentMerge.self, "incidents", "merge", "#15", "--into", "12", "--reason", "the same man")
        #expect(merge.id == 15 && merge.into == 12 && merge.why.reason == "the same man")
        #expect(try parse(IncidentSplit.self, "incidents", "split", "12", tip, tip, "--reason", "two").tips.count == 2)
        #expect(try parse(IncidentDetach.self, "incidents", "detach", "12", tip, "--reason", "r").tip.description == tip)
        #expect(try parse(IncidentRegrade.self, "incidents", "regrade", "12", "urgent", "--reason", "r").level == .urgent)
        #expect(try parse(IncidentRegrade.self, "incidents", "regrade", "12", "--lift", "--reason", "r").lift)
        let assign = try parse(IncidentAssign.self, "incidents", "assign", "#12", "--unit", "night-east", "--note", "n")
        #expect(assign.id == 12 && assign.unit.rawValue == "night-east" && assign.why.note == "n")
        #expect(try parse(IncidentRecall.self, "incidents", "recall", "12", "--unit", "night-east").why.note == nil)
        let handOver = try parse(IncidentHandOver.self, "incidents", "hand-over", "12", "--to", "a", "--from", "b")
        #expect(handOver.to.rawValue == "a" && handOver.from?.rawValue == "b")
        #expect(try parse(IncidentClear.self, "incidents", "clear", "12", "--disposition", "false_alarm").disposition == .falseAlarm)
        #expect(try parse(IncidentReopen.self, "incidents", "reopen", "12", "--reason", "r").why.reason == "r")
        #expect(try parse(IncidentAcknowledge.self, "incidents", "acknowledge", "12", "--json").id == 12)
        for wrong in [
            ["assign", "12"], ["assign", "12", "--unit", "No Unit"], ["hand-over", "12"], ["clear", "12"],
            ["clear", "12", "--disposition", "well"], ["reopen", "12"], ["recall", "12", "--unit", "a", "--note", String(repeating: "n", count: 501)],
            ["merge", "15", "--reason", "r"], ["merge", "15", "--into", "12"], ["merge", "15", "--into", "12", "--reason", " "],
            ["split", "12", "--reason", "r"], ["split", "12", "no-tip", "--reason", "r"], ["detach", "12", tip, tip, "--reason", "r"],
            ["regrade", "12", "--reason", "r"], ["regrade", "12", "urgent", "--lift", "--reason", "r"],
            ["regrade", "12", "high", "--reason", "r"],
        ] { #expect(code(["incidents"] + wrong) == 64, "\(wrong)") }
        _ = try parse(ReloadRun.self, "reload")
        _ = try parse(JournalVerify.self, "journal", "verify", "--data", "d")
        _ = try parse(KeyShow.self, "keys", "show")
        #expect(try parse(KeyGenerate.self, "keys", "generate", "k").file == "k")
        #expect(try parse(DemoRun.self, "demo", "--json", "--keep").keep)
        #expect(try parse(BenchThroughputRun.self, "bench", "throughput", "--tips", "10").tips == 10)
        #expect(code("bench", "throughput", "--posts", "0") == 64)
        #expect(try parse(BenchAllCommand.self, "bench", "--json").output.json)
        #expect(try parse(BenchLatencyCommand.self, "bench", "latency", "--direct").direct)
        #expect(code("bench", "latency", "--direct", "--agent") == 64)
        #expect(try parse(BenchOvertakeCommand.self, "bench", "overtake", "--every-ms", "50").everyMs == 50)
        #expect(try parse(BenchFanInCommand.self, "bench", "fanin", "--agents", "10", "100", "--plot", "f.svg").agents == [10, 100])
        #expect(try parse(BenchFanOutCommand.self, "bench", "fanout", "--patrols", "1", "5").patrols == [1, 5])
        #expect(code("bench", "fanout", "--patrols", "0") == 64)
        #expect(try parse(BenchRecoveryCommand.self, "bench", "recovery", "--tips-in-journal", "500").tipsInJournal == [500])
        #expect(try parse(BenchMemoryCommand.self, "bench", "memory", "--incidents", "200").incidents == 200)
        #expect(try parse(BenchTriageCommand.self, "bench", "triage", "--tips", "100").cost.tips == 100)
    }

    @Test func spool() throws {
        _ = try parse(SpoolStatus.self, "spool")
        _ = try parse(SpoolStatus.self, "spool", "status")
        _ = try parse(SpoolDeadLettersList.self, "spool", "dead-letters")
        _ = try parse(SpoolDeadLettersList.self, "spool", "dead-letters", "list")
        #expect(try parse(SpoolRetry.self, "spool", "retry", "17").number == 17)
        #expect(try parse(SpoolDrop.self, "spool", "drop", "17").number == 17)
        #expect(code("spool", "drop") == 64)
    }

    @Test func enrolment() throws {
        let post = try parse(
            PostAdd.self, "post", "add", "gate-1", "--zone", "dongyuan", "--name", "东门", "--kind", "compound", "--members", "13",
            "--out", "-")
        #expect(post.id?.rawValue == "gate-1" && post.zone?.rawValue == "dongyuan" && post.members == 13 && post.options.out == "-")
        _ = try parse(PostAdd.self, "post", "add", "--from", "posts.yaml", "--out-dir", "keys")
        _ = try parse(PostList.self, "post", "list")
        #expect(try parse(PostRevoke.self, "post", "revoke", "gate-1", "--reason", "lost").reason == "lost")
        let unit = try parse(UnitAdd.self, "patrol-unit", "add", "night", "--zone", "a", "--zone", "b")
        #expect(unit.zone.map(\.rawValue) == ["a", "b"])
        _ = try parse(UnitList.self, "patrol-unit", "list")
        _ = try parse(UnitRevoke.self, "patrol-unit", "revoke", "night")
        #expect(code("post", "add") == 64)
        #expect(code("post", "add", "gate-1") == 64)
        #expect(code("post", "add", "Gate_1", "--zone", "a") == 64)
        #expect(code("post", "add", "gate-1", "--zone", "a", "--from", "f") == 64)
        #expect(code("post", "add", "--from", "f") == 64)
        #expect(code("post", "add", "gate-1", "--zone", "a", "--out-dir", "d") == 64)
        #expect(code("post", "add", "gate-1", "--zone", "a", "--public-key", "k", "--out", "f") == 64)
        #expect(code("patrol-unit", "add", "night") == 64)
    }
}

@Suite struct HelpTests {
    /// Every command below the root with the words that lead to it.
    private static let commands: [(path: [String], type: any ParsableCommand.Type)] = {
        func below(_ type: any ParsableCommand.Type, _ path: [String]) -> [(path: [String], type: any ParsableCommand.Type)] {
            let configuration = type.configuration
            let children = configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
            return [(path, type)]
                + children.flatMap { below($0, path + [$0.configuration.commandName ?? ""]) }
        }
        return below(Watchpost.self, ["watchpost"])
    }()

    @Test func teachesWithAnExample() {
        #expect(Self.commands.count > 20)
        for (path, type) in Self.commands {
            let discussion = type.configuration.discussion
            let words = path.joined(separator: " ")
            #expect(discussion.contains("示例") || discussion.contains("Example"), "\(words)")
            #expect(discussion.contains(words), "\(words)")
            #expect(!type.configuration.abstract.isEmpty, "\(words)")
            #expect(Watchpost.helpMessage(for: type).contains("--help"), "\(words)")
        }
    }

    @Test func language() {
        #expect(HelpLanguage.language(arguments: ["watchpost", "tip", "--lang", "zh-CN"], environment: [:]) == .zh)
        #expect(HelpLanguage.language(arguments: ["watchpost", "--lang=en"], environment: ["LANG": "zh_CN.UTF-8"]) == .en)
        #expect(HelpLanguage.language(arguments: ["watchpost"], environment: ["LANG": "zh_CN.UTF-8"]) == .zh)
        #expect(HelpLanguage.language(arguments: ["watchpost", "--lang"], environment: [:]) == .en)
    }
}

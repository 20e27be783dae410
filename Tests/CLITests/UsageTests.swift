import ArgumentParser
import LocalHTTP
import Localization
import Testing
import Workbench

@testable import WatchpostCLI

private let zh = Words(.zh)
private let en = Words(.en)

@Suite struct UsageTests {
    private func said(_ words: [String], _ language: Words) -> [String] {
        do {
            var command = try Watchpost.parseAsRoot(words)
            // Help is a command that ends by telling.
            if !(command is any AsyncParsableCommand) { try command.run() }
            return []
        } catch {
            return UsageText(language).text(Watchpost.fullMessage(for: error)).split(separator: "\n").map(String.init)
        }
    }

    /// What a mistake leads to, in Chinese. It also holds the parser to the words by which its sentences are known.
    @Test(arguments: [
        (["tip", "x"], "缺少 '--category <category>'"), (["tip", "-c"], "'-c <category>' 后面缺少内容"),
        (["status", "now"], "多余的内容 'now'"), (["status", "a", "b"], "多余的内容 'a', 'b'"),
        (["tip", "-c", "fire", "--postion", "1,2", "x"], "没有选项 '--postion'，是不是 '--position'？"),
        (["status", "--frobnicate"], "没有选项 '--frobnicate'"), (["status", "--json=1"], "选项 '--json' 后面不带内容，多了 '1'"),
        (["incidents", "list", "--level", "high"], "'high' 不能用于 '--level <level>'，只能是 'routine'、'priority'、'urgent'、'emergency'"),
        (["bench", "throughput", "--tips", "many"], "'many' 不能用于 '--tips <count>'"),
        (["post", "revoke", "Gate 1"], "'Gate 1' 不能用于 '<id>'"),
    ])
    func mistakesInChinese(_ words: [String], _ sentence: String) {
        let lines = said(words, zh)
        #expect(lines.first?.hasSuffix(sentence) == true, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("用法：watchpost \(words[0])") })
        #expect(lines.last?.hasPrefix("  详见 'watchpost \(words[0])") == true)
    }

    @Test func mistakesInEnglishAreTheParsersOwn() {
        #expect(said(["tip", "x"], en).first == "error: Missing expected argument '--category <category>'")
        #expect(said(["status", "now"], en).contains("  See 'watchpost status --help' for more information."))
    }

    @Test func helpInChineseHasNoEnglishHeadings() {
        let help = said(["--help"], zh)
        for heading in ["用法：watchpost [--lang <language>] <subcommand>", "选项：", "  -h, --help              显示帮助。"] { #expect(help.contains(heading), "\(help)") }
        #expect(!help.contains { $0.contains("SUBCOMMANDS") || $0.contains("OVERVIEW") || $0.contains("OPTIONS") })
        #expect(said(["spool", "--help"], zh).contains("子命令："))
        #expect(said(["tip", "--help"], zh).contains { $0.hasSuffix("（默认 5）") })
        #expect(said(["tip", "--help"], zh).contains { $0.hasSuffix("（可选 zh-CN, en）") })
        #expect(!said(["--help"], en).contains { $0.contains("SUBCOMMANDS") })
    }

    @Test func whatIsNotKnownStaysAsItIs() {
        for text in ["Something new went wrong.", "", "Unknown option 'x", "The value 'a", "a (default: b"] {
            #expect(UsageText(zh).text(text) == text)
            #expect(UsageText(en).text(text) == text)
        }
    }

    @Test func theLanguageMayStandBeforeTheCommand() throws {
        let status = try #require(try Watchpost.parseAsRoot(["--lang", "zh-CN", "status"]) as? StatusShow)
        #expect(status.output.words == zh)
        #expect(HelpLanguage.language(arguments: ["watchpost", "--lang", "zh-CN", "status"], environment: [:]) == .zh)
    }
}

@Suite struct RefusalTextTests {
    private func said(_ code: String, _ message: String, _ field: String? = nil) -> String {
        describe(JSONError(code: code, message: message, field: field), zh, asked: true)
    }

    @Test func whatPeopleMeetMostIsSaidInChinese() {
        #expect(said("not_found", "there is no incident #99") == "没有警情 #99")
        #expect(said("not_found", "there is no dead letter with number 5") == "没有第 5 号被拒线索")
        #expect(said("not_found", "post:nope is not enrolled") == "post:nope 没有登记")
        #expect(said("conflict", "post:a is enrolled already; revoke it or replace it") == "post:a 已登记：先吊销，或用 --replace 换新密钥")
        #expect(said("invalid_field", "'x' is not configured; there are a, b", "zone") == "责任区：没有 'x'，现有 a, b")
        #expect(said("unknown_category", "'x' is not one of the configured categories", "tip.category") == "类别：没有 'x' 这个类别")
        #expect(said("too_large", "text: may have at most 4000 bytes of UTF-8, has 5000", "text") == "内容：最多 4000 字节（约 1333 个汉字），现有 5000 字节")
        #expect(said("invalid_field", "must be 0…100000", "members") == "人数：须在 0–100000 之间")
        #expect(said("too_many", "9 posts are enrolled, the most that ingest.max_posts allows") == "已登记 9 个哨点，达到 ingest.max_posts 的上限")
        #expect(said("invalid_field", "category: must not be empty", "category") == "类别：不能为空")
    }

    @Test func whatIsNotKnownKeepsTheServersWords() {
        #expect(said("odd", "something else\u{1B}[2J", "f\u{7}") == "odd（f）：something else[2J")
        #expect(describe(JSONError(code: "x", message: "m", field: "f"), en) == "f: m")
    }
}

/// The real program, in both languages: every command tells how it is used.
@Suite struct HelpRunTests {
    private static let commands: [[String]] = {
        func below(_ type: any ParsableCommand.Type, _ path: [String]) -> [[String]] {
            let configuration = type.configuration
            let children = configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
            return [path] + children.flatMap { below($0, path + [$0.configuration.commandName ?? ""]) }
        }
        return below(Watchpost.self, [])
    }()

    private func run(_ words: [String], _ environment: [String] = []) async throws -> (code: Int32?, output: String, errors: String) {
        let folder = try TemporaryFolder()
        let result = try await runTool(
            try Binaries().tool, words, environment: ["PATH=/usr/bin:/bin"] + environment, scratch: folder.path, within: .seconds(20))
        return (result.code, result.output, result.errors)
    }

    @Test func everyCommandHasHelp() async throws {
        #expect(Self.commands.count > 25)
        for path in Self.commands {
            let result = try await run(path + ["--help"], ["LC_ALL=zh_CN.UTF-8"])
            let words = (["watchpost"] + path).joined(separator: " ")
            #expect(result.code == 0 && result.errors.isEmpty, "\(words)")
            #expect(result.output.contains("用法：\(words)") && result.output.contains("示例："), "\(words): \(result.output)")
        }
        let english = try await run(["post", "add", "--help"], ["LC_ALL=en_US.UTF-8"])
        #expect(english.code == 0 && english.output.contains("USAGE: watchpost post add") && english.output.contains("Examples:"))
    }

    @Test func theFlagGoesBeforeTheLocaleAndMistakesHaveTheirCode() async throws {
        let chinese = try await run(["--lang", "zh-CN", "status", "--admin", "/nonexistent"], ["LANG=en_US.UTF-8"])
        #expect(chinese.code == 69 && chinese.errors.hasPrefix("错误：连接不上守护进程 /nonexistent"))
        let english = try await run(["status", "--admin", "/nonexistent", "--lang", "en"], ["LANG=zh_CN.UTF-8"])
        #expect(english.code == 69 && english.errors.hasPrefix("error: the daemon at /nonexistent does not answer"))
        let located = try await run(["tip", "-c", "fire", "--lang=en"], ["LANG=zh_CN.UTF-8"])
        #expect(located.code == 64 && located.errors.hasPrefix("error: say what was seen"))
        let mistaken = try await run(["frob"], ["LC_ALL=zh_CN.UTF-8"])
        #expect(mistaken.code == 64 && mistaken.errors.hasPrefix("错误：多余的内容 'frob'"))
        let version = try await run(["--version"])
        #expect(version.code == 0 && version.output == toolVersion + "\n")
    }
}

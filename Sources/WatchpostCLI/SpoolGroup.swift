import ArgumentParser
import LocalHTTP
import Localization
import PostAgent
import TipModel

/// `watchpost spool`: the guard's view of this machine's agent.
struct SpoolGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "spool",
            abstract: tell("本机待送线索：状态、被拒线索的查看、重发和删除。", "Tips on this machine: what waits, what was refused, retry and drop."),
            discussion: tell(
                """
                示例：
                  watchpost spool status
                  watchpost spool dead-letters
                  watchpost spool retry 17
                """,
                """
                Examples:
                  watchpost spool status
                  watchpost spool dead-letters
                  watchpost spool retry 17
                """),
            subcommands: [SpoolStatus.self, SpoolDeadLetters.self, SpoolRetry.self, SpoolDrop.self],
            defaultSubcommand: SpoolStatus.self)
    }
}

/// `watchpost spool status`.
struct SpoolStatus: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "status",
            abstract: tell("本机哨点服务的状态。", "How this machine's agent stands."),
            discussion: tell("示例：watchpost spool status", "Example: watchpost spool status"))
    }

    @OptionGroup var agent: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let status = try await agent.ask(words, "GET", "/v1/status").decode(AgentStatus.self, words)
        try output.print(status) { Self.render(status, words, now: Clock.now()).joined(separator: "\n") }
    }

    static func render(_ status: AgentStatus, _ words: Words, now: Timestamp) -> [String] {
        let catalogue = words.catalogue
        func ago(_ milliseconds: Int64?) -> String {
            milliseconds.map { catalogue.ago(Timestamp(milliseconds: $0), now: now) }
                ?? words("本次启动后还没有", "none since the agent started")
        }
        let spool = status.spool
        var lines = [
            words("哨点　　　\(status.post)（责任区 \(status.zone)）", "post          \(status.post) (zone \(status.zone))"),
            words("连接　　　", "link          ") + words.link(status.link, detail: status.linkText)
                + words("，", ", ") + catalogue.text(.linkEndpoint, clean(status.endpoint)),
            words(
                "待送线索　\(spool.depth) 条（上限 \(spool.maxTips)）", "waiting       \(spool.depth) tips (at most \(spool.maxTips))")
                + (spool.oldestMs.map { _ in words("，最早一条 ", ", the oldest ") + ago(spool.oldestMs) } ?? ""),
        ]
        if let reason = status.deferred { lines.append(words("暂不受理　", "cannot take   ") + clean(reason)) }
        lines += [
            words("最近回执　", "last receipt  ") + ago(status.lastReceiptMs),
            words("最近联系　", "last heard    ") + ago(status.lastHeardMs),
        ]
        if status.deadLetters > 0 {
            lines.append(
                words(
                    "被拒线索　\(status.deadLetters) 条，须人工处理：watchpost spool dead-letters",
                    "refused       \(status.deadLetters) tips that need a person: watchpost spool dead-letters"))
        }
        if let skew = status.skewMs, abs(skew) > 60_000 {
            lines.append(
                words("本机时钟　与值班台相差 \(catalogue.span(abs(skew) / 1_000))，请校时", "clock         \(catalogue.span(abs(skew) / 1_000)) off the station's: set it"))
        }
        return lines
    }
}

/// `watchpost spool dead-letters`.
struct SpoolDeadLetters: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "dead-letters",
            abstract: tell("不会再自动上报的线索。", "Tips that are not sent by themselves any more."),
            discussion: tell("示例：watchpost spool dead-letters list", "Example: watchpost spool dead-letters list"),
            subcommands: [SpoolDeadLettersList.self], defaultSubcommand: SpoolDeadLettersList.self)
    }
}

/// `watchpost spool dead-letters list`.
struct SpoolDeadLettersList: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: tell("列出被拒的线索和原因。", "Lists them with the reason."),
            discussion: tell("示例：watchpost spool dead-letters list --json", "Example: watchpost spool dead-letters list --json"))
    }

    @Option(help: hint("从这个编号之后开始", "Begin after this number.", "number"))
    var after: UInt64 = 0

    @OptionGroup var agent: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let page = try await agent.ask(words, "GET", "/v1/dead-letters?limit=100&after=\(after)")
            .decode(DeadLetterPage.self, words)
        try output.print(page) { Self.render(page, words, now: Clock.now()).joined(separator: "\n") }
    }

    static func render(_ page: DeadLetterPage, _ words: Words, now: Timestamp) -> [String] {
        guard !page.letters.isEmpty else { return [words("没有被拒的线索。", "No tip was refused.")] }
        var lines: [String] = []
        for letter in page.letters {
            let seen = Clock.text(letter.observedAtMs, now: now)
            lines.append(
                "\(letter.number)  \(seen)  \(words.catalogue.category(clean(letter.category)))  "
                    + (letter.panic ? words.catalogue.text(.panic) : "") + clean(letter.text))
            let reason = describe(JSONError(code: letter.code, message: letter.message, field: letter.field), words)
            lines.append("    " + words("原因：", "why: ") + reason)
            if letter.needsNewID {
                lines.append("    " + words("重发时会换新编号", "a retry gives it a new id"))
            }
        }
        lines.append(
            words("重发：watchpost spool retry 编号　删除：watchpost spool drop 编号", "send again: watchpost spool retry N; delete: watchpost spool drop N"))
        if let next = page.next { lines.append(words("还有更多：--after \(next)", "there are more: --after \(next)")) }
        return lines
    }
}

/// `watchpost spool retry`.
struct SpoolRetry: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "retry",
            abstract: tell("重发一条被拒的线索。", "Sends a refused tip again."),
            discussion: tell("示例：watchpost spool retry 17", "Example: watchpost spool retry 17"))
    }

    @Argument(help: hint("编号，见 spool dead-letters", "Its number, as spool dead-letters shows it.", "number"))
    var number: UInt64

    @OptionGroup var agent: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let reply = try await agent.ask(words, "POST", "/v1/dead-letters/\(number)/retry").decode(TipReply.self, words)
        try output.print(reply) { TipSend.describe(reply, words) }
    }
}

/// `watchpost spool drop`.
struct SpoolDrop: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "drop",
            abstract: tell("删除一条被拒的线索（不可恢复）。", "Deletes a refused tip for good."),
            discussion: tell("示例：watchpost spool drop 17", "Example: watchpost spool drop 17"))
    }

    @Argument(help: hint("编号，见 spool dead-letters", "Its number, as spool dead-letters shows it.", "number"))
    var number: UInt64

    @OptionGroup var agent: AgentOptions
    @OptionGroup var output: OutputOptions

    struct Dropped: Encodable { var dropped: UInt64 }

    func run() async throws {
        let words = output.words
        _ = try await agent.ask(words, "DELETE", "/v1/dead-letters/\(number)").decode(EmptyReply.self, words)
        try output.print(Dropped(dropped: number)) { words("已删除第 \(number) 号。", "Number \(number) was deleted.") }
    }
}

import ArgumentParser
import Glibc
import Localization

/// The version that `--version` and the agent's heartbeat tell.
let toolVersion = "0.1.0"

/// `watchpost`: everything that a person or a post runs.
struct Watchpost: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "watchpost",
            abstract: tell("哨点上报线索，值班台和巡组处置警情。", "Posts report tips; the station and its patrols deal with incidents."),
            discussion: tell(
                """
                退出码：0 成功；1 被拒绝或失败；64 用法错误；69 连接不上；78 配置有误。

                示例：
                  watchpost demo                        一分钟看完全过程
                  watchpost tip -c fire "3号楼冒烟"     上报一条线索
                  watchpost status                      守护进程、哨点、巡组的状态
                """,
                """
                Exit codes: 0 done; 1 refused or failed; 64 wrong usage; 69 nobody answers; 78 wrong configuration.

                Examples:
                  watchpost demo                                  all of it in a minute
                  watchpost tip -c fire "smoke from block 3"      report a tip
                  watchpost status                                daemon, posts, patrols
                """),
            version: toolVersion,
            groupedSubcommands: [
                CommandGroup(name: tell("哨点", "At a post"), subcommands: [TipSend.self, AgentRun.self, AgentPage.self, SpoolGroup.self]),
                CommandGroup(name: tell("巡组", "For a patrol unit"), subcommands: [PatrolFollow.self]),
                CommandGroup(
                    name: tell("值班台", "At the station"),
                    subcommands: [
                        StatusShow.self, TopRun.self, DoctorRun.self, IncidentGroup.self, ExplainIncident.self, PostGroup.self, UnitGroup.self, UserGroup.self, KeyGroup.self, JournalGroup.self,
                        BackupRun.self, RestoreRun.self, ReloadRun.self,
                    ]),
                CommandGroup(name: tell("规则", "The rules"), subcommands: [EvaluateGroup.self, TriageGroup.self]),
                CommandGroup(name: tell("试用", "To try it"), subcommands: [DemoRun.self, BenchGroup.self]),
            ])
    }

    @OptionGroup var language: LanguageOption

    /// As ``report(_:)`` has it; ``UsageText`` puts it into Chinese.
    static var _errorPrefix: String { "error: " }
}

/// Runs the command line and ends the process with its exit code. Called by `main.swift` and nothing else.
public func runWatchpost() async -> Never {
    // A reader that goes away (`| head`) is an error of one write, not the end of an agent.
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
        var command = try Watchpost.parseAsRoot(arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
        exit(0)
    } catch let failure as CLIFailure {
        exit(report(failure))
    } catch {
        let text = UsageText(HelpLanguage.words).text(Watchpost.fullMessage(for: error))
        let code = Watchpost.exitCode(for: error)
        // Help and the version were asked for; everything else is a mistake.
        if !text.isEmpty { code.isSuccess ? Output.line(text) : Output.errorLine(text) }
        exit(code.rawValue)
    }
}

/// Prints a failure to standard error, every line with the prefix.
/// - Returns: the exit code.
func report(_ failure: CLIFailure) -> Int32 {
    let words = HelpLanguage.words
    for line in failure.message.split(separator: "\n") {
        Output.errorLine(words.catalogue.text(.errorPrefix, clean(String(line))))
    }
    return failure.code
}

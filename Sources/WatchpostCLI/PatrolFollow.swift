import ArgumentParser
import FoundationEssentials
import Localization
import Logging
import Patrol
import Settings
import Supervision
import TipModel

/// `watchpost patrol`.
struct PatrolFollow: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "patrol",
            abstract: tell("巡组：接收责任区警情，接单、出发、到场、处置完毕。", "Follows a unit's zones: claim, en route, on scene, clear."),
            discussion: tell(
                """
                终端上显示全屏列表（? 看按键）；输出到管道时逐行打印。断线自动重连，断点续收，不漏不重。

                示例：
                  watchpost patrol --config config/patrol.yaml
                  watchpost patrol --config config/patrol.yaml --zone dongyuan --level urgent
                  watchpost patrol --config config/patrol.yaml --once --json    补收完即退出
                """,
                """
                Draws a screen on a terminal (? lists the keys) and prints lines into a pipe. It reconnects by itself and
                goes on where it was: nothing is missed and nothing comes twice.

                Examples:
                  watchpost patrol --config config/patrol.yaml
                  watchpost patrol --config config/patrol.yaml --zone dongyuan --level urgent
                  watchpost patrol --config config/patrol.yaml --once --json    catch up and exit
                """))
    }

    @Option(help: hint("配置文件", "The configuration file.", "file"))
    var config = "/etc/watchpost/patrol.yaml"

    @Option(help: hint("只看这些责任区，可重复", "Only this zone; may be repeated.", "zone"))
    var zone: [ZoneID] = []

    @Option(help: hint("低于此级别的不显示", "Nothing below this level.", "level"))
    var level: UrgencyLevel?

    @Flag(help: hint("补收完即退出", "Print what there is, catch up and exit."))
    var once = false

    @Flag(help: hint("没有断点记录时从现在开始，不看历史", "Skip history when no place in the feed is kept yet."))
    var fromNow = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        try requireFile(config, output.words)
        do {
            var settings = try PatrolSettings.load(path: config)
            if !zone.isEmpty { settings.zones = zone }
            if let level { settings.leastLevel = level }
            JournaldStderrHandler.bootstrap(level: Logger.Level(settings.logLevel), environment: environment)
            var options = PatrolOptions()
            options.json = output.json
            options.once = once
            options.fromNow = fromNow
            options.environment = environment
            options.language =
                output.language.lang?.language ?? Language.choose(flag: settings.language.rawValue, environment: environment)
            let code = try await runPatrol(settings: settings, options: options, logger: Logger(label: "patrol"))
            if code != 0 { throw ExitCode(code) }
        } catch let error as SettingsError {
            throw CLIFailure(error)
        } catch let error as PatrolFailure {
            throw CLIFailure(error.message, code: error.exitCode)
        }
    }
}

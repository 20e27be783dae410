import Access
import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import PostAgent
import ServiceLifecycle
import Settings
import Supervision
import TipModel
import UnixSignals

/// `watchpost agent`.
struct AgentRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "agent",
            abstract: tell("哨点服务：先存本机，再送守护进程。", "The post's service: keeps tips on disk until the daemon has them."),
            discussion: tell(
                """
                前台运行，日志写到标准错误；由 systemd 的 watchpost-agent.service 启动。SIGTERM 或 Ctrl-C 正常停止，
                未送出的线索留在本机，下次启动自动上报。配置有误退出码为 78。

                示例：watchpost agent --config config/agent.yaml
                """,
                """
                Runs in the foreground and logs to standard error; systemd runs it as watchpost-agent.service. SIGTERM and
                Ctrl-C stop it in order; tips that wait stay on disk and are sent after the next start. A wrong
                configuration exits with 78.

                Example: watchpost agent --config config/agent.yaml
                """))
    }

    @Option(help: hint("配置文件，每个键都有说明", "The configuration file; every key is explained in it.", "file"))
    var config = "/etc/watchpost/agent.yaml"

    @Flag(help: hint("只检查配置与密钥包，退出码 0 或 78", "Only check the configuration and the key bundle; exits 0 or 78."))
    var checkConfig = false

    @OptionGroup var language: LanguageOption

    func run() async throws {
        try requireFile(config, language.words)
        let service: PostAgentService
        let logger: Logger
        do {
            let settings = try AgentSettings.load(path: config)
            let environment = ProcessInfo.processInfo.environment
            // A bundle that systemd hands to this service comes before one in a file.
            let credential = Credentials(environment: environment).path(of: "post.bundle", sealed: "post.sealed-bundle")
            let bundle = try KeyBundle.load(path: credential ?? settings.bundleFile, isCredential: credential != nil)
            if checkConfig {
                print(language.words("\(config)：正确", "\(config): good"))
                return
            }
            // Whatever the agent makes is its own user's: spool, socket, token.
            umask(0o077)
            JournaldStderrHandler.bootstrap(level: Logger.Level(settings.logLevel), environment: environment)
            logger = Logger(label: "agent")
            service = try makePostAgent(
                settings: settings, bundle: bundle, notifier: SystemdNotifier(environment: environment, logger: logger),
                logger: logger, time: SystemTime(), software: "watchpost/\(toolVersion)")
        } catch let error as SettingsError {
            throw CLIFailure(error)
        } catch let error as PostAgentError {
            throw CLIFailure(error.message, code: ExitStatusCode.configuration)
        } catch {
            // A spool that another agent has or that cannot be written: systemd tries again.
            throw CLIFailure("\(error)")
        }
        var configuration = ServiceGroupConfiguration(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = PostAgentService.shutdownLimit + .seconds(1)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            throw CLIFailure("\(error)")
        }
        logger.notice("stopped; tips that wait are kept")
    }
}

extension Logger.Level {
    init(_ level: LogLevel) { self = Logger.Level(rawValue: level.rawValue) ?? .info }
}

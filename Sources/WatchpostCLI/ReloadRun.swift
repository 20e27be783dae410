import Administration
import ArgumentParser
import LocalHTTP
import Workbench

/// `watchpost reload`.
struct ReloadRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "reload",
            abstract: tell("让守护进程重读配置（等同 systemctl reload）。", "Makes the daemon read its configuration again, as systemctl reload does."),
            discussion: tell(
                """
                类别、权重、责任区和日志级别立即生效；配置有误则全部不变并退出 1。

                示例：watchpost reload
                """,
                """
                Categories, weights, zones and the log level take effect; a wrong configuration changes nothing and exits 1.

                Example: watchpost reload
                """))
    }

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let reloaded = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.reload() }
        if output.json { try printJSON(reloaded) }
        guard reloaded.applied else {
            throw CLIFailure(
                words("配置有误，未生效：", "the configuration is wrong; nothing was changed:") + "\n"
                    + reloaded.issues.joined(separator: "\n"))
        }
        guard !output.json else { return }
        Output.line(words("已重新加载。", "Reloaded."))
        if !reloaded.needRestart.isEmpty {
            let keys = clean(reloaded.needRestart.joined(separator: ", "))
            Output.line(words("须重启才生效：\(keys)", "These wait for a restart: \(keys)"))
        }
    }
}

import ArgumentParser
import Localization
import Workbench

/// `watchpost demo`.
struct DemoRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "demo",
            abstract: tell("一分钟演一遍：凌晨两点，三个哨点看到同一个人。", "The two o'clock story in a minute, with real programs."),
            discussion: tell(
                """
                在临时目录里启动真实的 watchpostd 和四个哨点服务，逐项核对：同一人只立一条警情，回执丢失不重复，断网断电
                不丢线索，特急先到，两个巡组只有一个接单，守护进程被杀后一切还在。有一项不符即退出 1。

                示例：
                  watchpost demo
                  watchpost demo --json | tail -1
                  watchpost demo --keep            保留目录，供查看
                """,
                """
                Starts a real watchpostd and four agents in a temporary folder and checks: three tips about one man are one
                incident, a lost receipt makes no second one, a post without network and power loses nothing, the alert goes
                first, of two claims one wins, a killed daemon comes back with everything. Exits 1 when anything differs.

                Examples:
                  watchpost demo
                  watchpost demo --json | tail -1
                  watchpost demo --keep            leave the folder for a look
                """))
    }

    @Flag(help: hint("结束后保留目录", "Leave the folder when done."))
    var keep = false

    @Option(help: hint("watchpostd 和 watchpost 所在目录；默认与本程序同目录", "Folder of watchpostd and watchpost. (default: this program's own)", "folder"))
    var binDir: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        exitOnSignals()
        let folder: TemporaryFolder
        let binaries: Binaries
        do {
            binaries = try Binaries(folder: binDir)
            folder = try TemporaryFolder(keeps: keep)
        } catch {
            throw CLIFailure("\(error)")
        }
        var options = Demo.Options(binaries: binaries, directory: folder.path)
        options.texts = words.language == .zh ? .chinese : .english
        let json = output.json
        let demo = Demo(options) { event in
            if json {
                try? printJSON(event)
            } else if let line = DemoText(words).line(event) {
                Output.line(line)
            }
        }
        let (summary, passed) = await demo.run()
        if keep, !json { Output.line(words("目录：\(folder.path)", "folder: \(folder.path)")) }
        Output.line(json ? summary.json : DemoText(words).summary(summary, passed: passed))
        withExtendedLifetime(folder) {}
        if !passed { throw ExitCode(ExitStatusCode.failed) }
    }
}

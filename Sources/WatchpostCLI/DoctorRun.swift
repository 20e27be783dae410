import Administration
import ArgumentParser
import FoundationEssentials
import Glibc
import LocalHTTP
import PostAgent
import Settings
import Workbench

/// `watchpost doctor`.
struct DoctorRun: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "doctor",
            abstract: tell("体检：时钟、磁盘、密钥权限、描述符、libzmq，并说明怎么办。", "Checks clock, disk, keys, descriptors and libzmq, and says what to do."),
            discussion: tell(
                """
                在守护进程的机器上，或在哨点的机器上运行；守护进程没有运行时也能查。磁盘检查在数据目录里写 50 次 4 KiB
                并落盘，用完即删。有一项不通过时退出码为 1；只有提醒时为 0。

                示例：
                  watchpost doctor
                  watchpost doctor --config /etc/watchpost/watchpostd.yaml
                  watchpost doctor --agent-config /etc/watchpost/agent.yaml
                  watchpost doctor --json
                """,
                """
                On the daemon's machine or on a post's, also while nothing runs. The disk is measured in the data directory with 50
                writes of 4 KiB and their fsyncs, and the file is deleted. Exits with 1 when a check fails, with 0 when there are
                only warnings.

                Examples:
                  watchpost doctor
                  watchpost doctor --config /etc/watchpost/watchpostd.yaml
                  watchpost doctor --agent-config /etc/watchpost/agent.yaml
                  watchpost doctor --json
                """))
    }

    @Option(help: hint("守护进程的配置文件", "The daemon's configuration.", "file"))
    var config: String?

    @Option(help: hint("哨点服务的配置文件", "The agent's configuration.", "file"))
    var agentConfig: String?

    @OptionGroup var output: OutputOptions

    static let daemonFiles = ["./config/watchpostd.yaml", "/etc/watchpost/watchpostd.yaml"]
    static let agentFiles = ["./config/agent.yaml", "/etc/watchpost/agent.yaml"]

    /// One line of `--json`.
    struct Report: Encodable {
        var ok: Bool
        var findings: [Finding]
    }

    func run() async throws {
        let words = output.words
        let examination = Examination(words)
        var findings = examination.machine()
        // What is named must be there; what is not is looked for.
        let daemon = config ?? (agentConfig == nil ? Self.found(Self.daemonFiles) : nil)
        let agent = agentConfig ?? (config == nil ? Self.found(Self.agentFiles) : nil)
        for file in [daemon, agent].compactMap(\.self) { try requireFile(file, words) }
        if let daemon { findings += await examineDaemon(daemon, examination, words) }
        if let agent { findings += await examineAgent(agent, examination, words) }
        if daemon == nil, agent == nil {
            findings.append(
                Finding(
                    "configuration", .warning, words("没有找到配置文件", "no configuration was found"),
                    words("用 --config 或 --agent-config 指定", "name it with --config or --agent-config")))
        }
        let ok = !findings.contains { $0.verdict == .failed }
        try output.print(Report(ok: ok, findings: findings)) {
            findings.flatMap { $0.lines(words) }.joined(separator: "\n") + "\n\n"
                + (ok ? words("没有不通过的项目", "nothing fails") : words("有项目不通过", "something fails"))
        }
        if !ok { throw ExitCode(ExitStatusCode.failed) }
    }

    private static func found(_ paths: [String]) -> String? { paths.first { access($0, R_OK) == 0 } }

    private func examineDaemon(_ file: String, _ examination: Examination, _ words: Words) async -> [Finding] {
        let settings: DaemonSettings
        do throws(SettingsError) { settings = try DaemonSettings.load(path: file) } catch {
            return [Finding("configuration", .failed, error.description, words("按提示改正后再查", "correct it and check again"))]
        }
        var findings = [Finding("configuration", .ok, file)]
        let secrets = [settings.secretKeyFile] + [settings.board.tlsKey].compactMap(\.self)
        findings += secrets.flatMap { examination.secret($0, isMade: $0 == settings.secretKeyFile) }
        findings += await examination.disk(settings.dataDirectory)
        let client = AdminClient(socket: settings.adminSocket, timeout: .seconds(5))
        do throws(LocalHTTPClientError) {
            findings += examination.daemon(try await client.status())
        } catch {
            findings.append(
                Finding(
                    "daemon", .warning, words("守护进程没有应答：\(error)", "the daemon does not answer: \(error)"),
                    words("systemctl start watchpostd；须以 root 或其用户运行本命令", "systemctl start watchpostd; run this as root or as its user")))
        }
        return findings
    }

    private func examineAgent(_ file: String, _ examination: Examination, _ words: Words) async -> [Finding] {
        let settings: AgentSettings
        do throws(SettingsError) { settings = try AgentSettings.load(path: file) } catch {
            return [Finding("agent.configuration", .failed, error.description, words("按提示改正后再查", "correct it and check again"))]
        }
        var findings = [Finding("agent.configuration", .ok, file)]
        findings += examination.secret(settings.bundleFile, isMade: false)
        for made in [settings.tokenFile, settings.page.keyFile, settings.page.pinFile] { findings += examination.secret(made, isMade: true) }
        findings += await examination.disk(settings.dataDirectory)
        var status: AgentStatus?
        if let reply = try? await LocalHTTPClient(.unix(settings.socketPath)).request(method: "GET", path: "/v1/status", timeout: .seconds(5)) {
            status = try? JSONDecoder().decode(AgentStatus.self, from: Data(reply.body))
        }
        findings += examination.agent(status)
        return findings
    }
}

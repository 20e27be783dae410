import ArgumentParser
import Glibc
import PostAgent
import Settings
import Workbench

/// `watchpost agent-page`.
struct AgentPage: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "agent-page",
            abstract: tell("打开本哨点的上报页面；给手机用的证书。", "Opens the guard's page of this post; a certificate for the phone."),
            discussion: tell(
                """
                打印一次性链接：五分钟内在本机浏览器打开一次，之后该浏览器三十天内直接可用。同一台机器的其他用户没有链接就打不开。

                给手机用：在 agent.yaml 里设 page.listen（如 192.168.1.20:7443），用 --make-certificate 生成自签证书，
                重启哨点服务，再用手机打开打印出的 https 地址，输入 PIN（在打印出的文件里）。证书用本机的 openssl 生成。

                示例：
                  watchpost agent-page
                  watchpost agent-page --config config/agent.yaml --make-certificate --host 192.168.1.20
                """,
                """
                Prints a one-time link: open it once within five minutes in a browser of this machine; that browser may then use
                the page for thirty days. Other users of the machine cannot open it without a link.

                For a phone: set page.listen in agent.yaml (such as 192.168.1.20:7443), make a self-signed certificate with
                --make-certificate, restart the agent, open the https address that is printed and enter the PIN, which is in the
                file that is printed. The certificate is made by the openssl command of this machine.

                Examples:
                  watchpost agent-page
                  watchpost agent-page --config config/agent.yaml --make-certificate --host 192.168.1.20
                """))
    }

    @Flag(help: hint("生成自签证书和私钥（不覆盖已有的）", "Make a self-signed certificate and its key; never replaces one."))
    var makeCertificate = false

    @Option(help: hint("证书里的地址或名字；默认取 page.listen", "The address or name in the certificate. (default: that of page.listen)", "host"))
    var host: String?

    @OptionGroup var agent: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !makeCertificate || agent.config != nil else {
            throw ValidationError(tell("--make-certificate 需要 --config", "--make-certificate needs --config"))
        }
    }

    func run() async throws {
        let words = output.words
        guard !makeCertificate else { return try await certificate(words) }
        let link = try await agent.ask(words, "POST", "/v1/page/links", body: []).decode(PageLink.self, words)
        try output.print(link) {
            var lines: [String] = []
            if let local = link.local {
                lines.append(words("本机浏览器打开（五分钟内，一次有效）：", "In a browser of this machine, once, within five minutes:"))
                lines.append("  " + clean(local))
            }
            if let remote = link.remote {
                lines.append(words("手机打开：", "On a phone: ") + clean(remote))
                lines.append(words("  PIN 在 \(clean(link.pinFile))", "  the PIN is in \(clean(link.pinFile))"))
            } else {
                lines.append(words("手机不能用：agent.yaml 里没有设 page.listen", "No phone can use it: page.listen is not set in agent.yaml"))
            }
            return lines.joined(separator: "\n")
        }
    }

    private struct Made: Encodable {
        var certificate: String
        var key: String
    }

    private func certificate(_ words: Words) async throws {
        let settings: AgentSettings
        do throws(SettingsError) {
            settings = try AgentSettings.load(path: agent.config ?? "")
        } catch {
            throw CLIFailure(error)
        }
        let page = settings.page
        guard let name = host ?? page.listen?.host else {
            throw CLIFailure(words("请用 --host 给出哨点的地址，如 192.168.1.20", "name the post's address with --host, such as 192.168.1.20"))
        }
        let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
        guard name.utf8.count <= 200, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".-:".contains($0)) }) else {
            throw CLIFailure(words("--host 须为地址或主机名", "--host must be an address or a host name"))
        }
        for file in [page.certificateFile, page.keyFile] where access(file, F_OK) == 0 {
            throw CLIFailure(words("\(file) 已存在：先移走", "\(file) exists already: move it away first"))
        }
        let places: [String] = ["/usr/bin/openssl", "/bin/openssl", "/usr/local/bin/openssl"]
        guard let openssl = places.first(where: { access($0, X_OK) == 0 }) else {
            throw CLIFailure(words("没有 openssl 命令：apt install openssl", "there is no openssl command: apt install openssl"))
        }
        umask(0o077)
        let log = page.certificateFile + ".log"
        // Phones refuse certificates that are valid for longer than 825 days.
        let child = try ChildProcess(
            openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "820", "-keyout", page.keyFile,
                "-out", page.certificateFile, "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(isAddress ? "IP" : "DNS"):\(name)",
                "-addext", "extendedKeyUsage=serverAuth",
            ], output: log, errors: log)
        guard await child.waitForExit(within: .seconds(30)) == .code(0) else {
            throw CLIFailure(words("openssl 失败，见 \(log)", "openssl failed, see \(log)"))
        }
        unlink(log)
        try output.print(Made(certificate: page.certificateFile, key: page.keyFile)) {
            words(
                "已生成 \(page.certificateFile) 和 \(page.keyFile)（820 天有效）。重启哨点服务后生效。",
                "Made \(page.certificateFile) and \(page.keyFile), valid for 820 days. Restart the agent to use them.")
        }
    }
}
